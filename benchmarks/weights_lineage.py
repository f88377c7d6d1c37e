# SPDX-License-Identifier: Apache-2.0
"""How well weights are known again: python -m benchmarks.weights_lineage --models FOLDER.

FOLDER holds `base`, a llama in transformers' form, and what `benchmarks.derived_models` made of it.
Further models are derived from `parent` by merging, pruning, reordering and rounding. Every model of
the family is then held against every other one (true links) and against models that have nothing to
do with it; those among themselves give the false ones. With --quantiser PYTHON, an interpreter that
has the packages gguf and cyllama, llama.cpp's own quantiser makes some of them.
"""

import argparse
import itertools
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchmarks.measure import header, save, say
from steelyard.checks.weights import SKETCH, look
from steelyard.checks.weights.compare import compare
from steelyard.checks.weights.kinds import RELATED
from steelyard.checks.weights.sketch import Extremes, Sample, Sketch, read
from steelyard.checks.weights.values import Values, values_of
from steelyard.core.claim import Fact
from steelyard.core.limits import Limits
from steelyard.core.ports import Silent
from steelyard.core.probe import Context
from steelyard.flow.discover import discover
from steelyard.flow.pools import Threads

QUANTISED = ("Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q4_0", "Q4_1", "Q3_K_M", "Q2_K")
_SOME = 16  # strangers that each of the family is held against
TWINS = 66  # models of other numbers, of which each pair is unrelated: 2,145


class Member(msgspec.Struct, frozen=True):
    """A model of the family.

    Attributes:
        name: What was done.
        group: Row of the table.
        kinds: Relations to its parent that are right.
        values: Its sketch.
        kilobytes: Size of the sketch in the dossier.
        cpu_ms: What taking it cost.
    """

    name: str
    group: str
    kinds: tuple[str, ...]
    values: Values
    kilobytes: float
    cpu_ms: float


def sketched(path: Path, name: str, group: str, *kinds: str) -> Member:
    """Return a model of files."""
    text, spent = _text(path)
    return Member(name, group, kinds, values_of(read(text)), len(text) / 1000, spent)


def sketch_at(path: Path) -> Sketch:
    """Return the sketch of a model of files."""
    return read(_text(path)[0])


def _text(path: Path) -> tuple[str, float]:
    """Return a sketch, and the milliseconds of processor time that it took."""
    model = discover(path, limits=Limits(), pool=Threads(1), progress=Silent())
    started = time.process_time()
    claims = list(look.look(model, Context()))
    spent = 1000 * (time.process_time() - started)
    text = next(c.value["sample"] for c in claims if isinstance(c, Fact) and c.name == SKETCH)
    return text, spent


def twin(sketch: Sketch, seed: int) -> Sketch:
    """Return the sketch of a model of other numbers whose rows and columns are as large.

    Untrained weights are even; trained ones have rows and columns that stand out, at the same places in
    models that have nothing else in common only by chance. Here they do stand out at the same places,
    which makes it harder.
    """
    chance = random.Random(seed)
    samples = [_twin_of(sample, chance) for sample in sketch.samples]
    extremes = [
        Extremes(
            e.layer,
            e.role,
            e.size,
            struct.pack("<32f", *sorted((chance.random() for _ in range(32)), reverse=True)),
        )
        for e in sketch.extremes
    ]
    return Sketch(sketch.layout, tuple(samples), tuple(extremes))


def _twin_of(sample: Sample, chance: random.Random) -> Sample:
    values = values_of(Sketch(1, (sample,))).tensors[sample.layer, sample.role]
    whole = sum(v * v for row in values.rows for v in row) / (32 * len(values.rows)) or 1.0
    rows = [(sum(v * v for v in row) / 32) ** 0.5 for row in values.rows]
    columns = [(sum(v * v for v in c) / len(c)) ** 0.5 for c in zip(*values.rows, strict=True)]
    mean = 1.0 if sample.rows == 1 else 0.0
    numbers = [mean + r * c / whole**0.5 * chance.gauss(0, 1) for r in rows for c in columns]
    data = struct.pack(f"<{len(numbers)}f", *numbers)
    return msgspec.structs.replace(sample, dtype="f32", data=data)


def untrained_family(folder: Path, scratch: Path, quantiser: str) -> Iterator[Member]:
    """Yield what is derived from the parent without training; files are deleted again."""
    import torch

    from benchmarks import changed_weights as cw
    from benchmarks.derived_models import save as write
    from benchmarks.derived_models import state_of

    parent = state_of(folder / "parent")
    other = state_of(folder / "full-2e-4")
    like = folder / "base"

    def made(name: str, group: str, state, *kinds: str, dtype=torch.bfloat16) -> Member:
        place = scratch / "model"
        write(state, place, like, dtype)
        try:
            say(f"  {name}")
            return sketched(place, name, group, *kinds)
        finally:
            shutil.rmtree(place)

    for size in (0.001, 0.01, 0.1, 0.3, 1.0):
        yield made(f"noise {size}", "noise", cw.noisy(parent, size, 1), "fine_tuned", "copied")
    for share in (0.3, 0.5):
        yield made(
            f"mean {share}", "merged", cw.linear(parent, other, share), "fine_tuned", "merged"
        )
        yield made(
            f"slerp {share}", "merged", cw.slerp(parent, other, share), "fine_tuned", "merged"
        )
    for share in (0.2, 0.5, 0.7):
        yield made(f"smallest {share:.0%} zero", "pruned", cw.sparse(parent, share), "pruned")
    yield made("two of four zero", "pruned", cw.half_sparse(parent), "pruned")
    for removed in (False, True):
        state = cw.without_neurons(parent, 0.3, removed=removed)
        yield made(f"neurons out, removed={removed}", "pruned", state, "pruned")
    stack = [0, 1, 2, 5, 6, 7]
    yield made("layers out", "pruned", cw.restacked(parent, stack), "pruned")
    up = [0, 1, 2, 3, 4, 5, 2, 3, 4, 5, 6, 7]
    yield made("stacked up", "restacked", cw.restacked(parent, up), "copied")
    yield made("neurons reordered", "permuted", cw.neurons_reordered(parent, 5), "permuted")
    yield made("heads reordered", "permuted", cw.heads_reordered(parent, 6), "permuted")
    both = cw.heads_reordered(cw.neurons_reordered(parent, 7), 8)
    yield made("neurons and heads reordered", "permuted", both, "permuted")
    yield made("width reordered", "permuted", cw.all_reordered(parent, 9), "permuted")
    broken = cw.neurons_reordered(parent, 10, fitting=False)
    yield made("one matrix reordered", "permuted", broken, "permuted", "fine_tuned")
    yield made("16 bits of half", "cast", parent, "copied", "identical", dtype=torch.float16)
    yield made("32 bits", "cast", parent, "copied", "identical", dtype=torch.float32)
    yield made("8 bits", "cast", parent, "copied", "quantised", dtype=torch.float8_e4m3fn)
    yield made("tokens added", "copied", cw.with_more_tokens(parent, 64), "copied", "identical")
    yield from _forms(parent, scratch, folder)
    for name, state in (
        ("trained, then half zero", cw.sparse(other, 0.5)),
        ("reordered, then noise", cw.noisy(cw.neurons_reordered(parent, 11), 0.05, 2)),
    ):
        yield made(name, "two steps", state, "pruned", "permuted", "fine_tuned")
    if quantiser:
        yield from _quantised(folder, scratch, quantiser)


def _forms(parent, scratch: Path, folder: Path) -> Iterator[Member]:
    """Yield the same numbers in other files."""
    import torch
    from safetensors.torch import save_file

    half = {name: tensor.to(torch.bfloat16) for name, tensor in parent.items()}
    place = scratch / "form"
    place.mkdir()
    torch.save(half, place / "pytorch_model.bin")
    yield sketched(place, "torch archive", "copied", "identical")
    (place / "pytorch_model.bin").unlink()
    names = sorted(half)
    for number, part in enumerate((names[:100], names[100:]), start=1):
        path = place / f"model-{number:05}-of-00002.safetensors"
        save_file({name: half[name] for name in part}, path)
    yield sketched(place, "two shards", "copied", "identical")
    shutil.rmtree(place)
    place.mkdir()
    strange = {f"net.part{i}.w": half[name] for i, name in enumerate(names)}
    save_file(strange, place / "model.safetensors")
    yield sketched(place, "other names", "copied", "copied", "fine_tuned", "identical")
    mixed = {
        name: w.float() if w.dim() == 1 else w.half() if "embed" in name else w
        for name, w in half.items()
    }
    save_file(mixed, place / "model.safetensors")
    yield sketched(place, "types mixed", "cast", "copied")
    shutil.rmtree(place)


def _quantised(folder: Path, scratch: Path, quantiser: str) -> Iterator[Member]:
    for source, kinds in (("parent", ("quantised",)), ("full-2e-4", ("fine_tuned", "quantised"))):
        whole = scratch / f"{source}.gguf"
        helper = Path(__file__).with_name("llama_cpp_quantise.py")
        command = [quantiser, str(helper), str(folder / source), str(whole)]
        types = QUANTISED if source == "parent" else ("Q8_0", "Q4_K_M")
        subprocess.run([*command, *types], check=True, stdout=subprocess.DEVNULL)
        group = "quantised" if source == "parent" else "two steps"
        yield sketched(whole, f"{source} to GGUF", "cast", "copied", *kinds)
        for kind in types:
            path = scratch / f"{source}-{kind}.gguf"
            say(f"  {source} {kind}")
            yield sketched(path, f"{source} to {kind}", group, *kinds)
            path.unlink()
        whole.unlink()


def trained_family(folder: Path) -> Iterator[Member]:
    """Yield the models that were trained."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith("full"):
            yield sketched(path, path.name, "fine-tuned", "fine_tuned")
        elif path.name.startswith("lora"):
            yield sketched(path, path.name, "LoRA merged", "lora_merged")


def strangers(folder: Path) -> list[tuple[str, Values]]:
    """Return models that have nothing to do with the family, or with each other."""
    found = [
        (path.name, sketched(path, path.name, "stranger").values)
        for path in sorted(folder.iterdir())
        if path.name.startswith(("fresh", "scratch"))
    ]
    whole = values_of(sketch_at(folder / "base"))
    for start in (10, 20):  # layers of a real model that are not those of the family
        tensors = {
            (layer - start, role): tensor
            for (layer, role), tensor in whole.tensors.items()
            if start <= layer < start + 10
        }
        found.append((f"layers {start} to {start + 9}", Values(tensors, {})))
    text = sketch_at(folder / "parent")
    return found + [(f"twin {seed}", values_of(twin(text, seed))) for seed in range(TWINS)]


def within(family: list[Member]) -> list[dict[str, object]]:
    """Return of each group how many pairs with any other of the family are known as related."""
    relations: dict[tuple[str, str], str] = {}
    for one, other in itertools.combinations(family, 2):
        relations[one.name, other.name] = compare(one.values, other.values).relation
    rows = []
    for group in (*dict.fromkeys(member.group for member in family), "all"):
        names = {member.name for member in family if group in (member.group, "all")}
        mine = [(pair, r) for pair, r in relations.items() if names.intersection(pair)]
        missed = [pair for pair, r in mine if r not in RELATED]
        linked = len(mine) - len(missed)
        rows.append({"group": group, "pairs": len(mine), "linked": linked, "missed": missed})
    return rows


def apart(family: list[Member], others: list[tuple[str, Values]]) -> list[dict[str, object]]:
    """Return of how many pairs without a relation each answer was given."""
    among = itertools.combinations(others, 2)
    pairs = {
        "strangers with each other": [(a, b) for (_, a), (_, b) in among],
        "the family with strangers": [(m.values, s) for m in family for _, s in others[:_SOME]],
    }
    rows = []
    for what, listed in pairs.items():
        found = [compare(a, b) for a, b in listed]
        answers = [one.relation for one in found]
        rows.append(
            {
                "what": what,
                "pairs": len(listed),
                "linked": sum(answer in RELATED for answer in answers),
                "undecided": answers.count("undecided"),
                "r": max(abs(one.r) for one in found),
                "sigmas": max(one.sigmas for one in found),
            }
        )
    return rows


def main() -> int:
    """Measure, and write benchmarks/results/weights-lineage.json."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--models", type=Path, required=True, help="folder with base and parent")
    parser.add_argument("--quantiser", default="", help="a Python with gguf and cyllama")
    options = parser.parse_args()
    folder = options.models
    parent = sketched(folder / "parent", "parent", "parent")
    with tempfile.TemporaryDirectory() as scratch:
        family = [*trained_family(folder)]
        family.append(sketched(folder / "grandparent", "grandparent", "fine-tuned", "fine_tuned"))
        family += untrained_family(folder, Path(scratch), options.quantiser)
    rows = [_row(parent, member) for member in family]
    say("held against each other")
    document = header("python -m benchmarks.weights_lineage") | {
        "rows": rows,
        "within": within([parent, *family]),
        "apart": apart([parent, *family], strangers(folder)),
    }
    say(f"wrote {save('weights-lineage', document)}")
    return 0


def _row(parent: Member, member: Member) -> dict[str, object]:
    started = time.process_time()
    found = compare(member.values, parent.values)
    return {
        "what": member.name,
        "group": member.group,
        "relation": found.relation,
        "linked": found.relation in RELATED,
        "right": found.relation in member.kinds,
        "why": found.why,
        "r": round(found.r, 3),
        "sigmas": round(found.sigmas, 1),
        "kb": round(member.kilobytes),
        "ms": round(member.cpu_ms, 1),
        "compare_ms": round(1000 * (time.process_time() - started)),
    }


if __name__ == "__main__":
    sys.exit(main())
