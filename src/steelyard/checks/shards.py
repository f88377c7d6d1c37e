# SPDX-License-Identifier: Apache-2.0
"""Probe `shards`: do the files of a model that was split into several make a whole?"""

import posixpath
from collections.abc import Iterator, Mapping

from steelyard.core.claim import Claim, Fact, Severity
from steelyard.core.probe import Context, Descriptor, place, probe
from steelyard.core.subject import Model
from steelyard.formats.json import JsonDocument
from steelyard.formats.variants import Holding, holdings, variants

_SHOWN = 20  # findings of one kind for one index

OUTSIDE = Descriptor(
    id="shards.outside",
    severity=Severity.HIGH,
    title="An index names a file outside the model's folder",
    page="""
The index of a model that was split into shards names a file by an absolute path, a URL, or a path that
climbs out of the folder with `..`. A loader that follows it opens a file of this machine, which may be
a pickle that something else put there, or fetches one from elsewhere.
""",
    remedy="Do not load the model by this index; get it again from its source",
)
MISSING = Descriptor(
    id="shards.missing",
    severity=Severity.MEDIUM,
    title="A shard is not there",
    page="""
A file that the index names, or that the numbering of the others promises, is not in the folder. Loaders
fail, or fetch the file from a hub at load time, unchecked. What is in it was not examined.
""",
    remedy="Get the missing file and run the check again",
)
ABSENT_TENSOR = Descriptor(
    id="shards.absent-tensor",
    severity=Severity.MEDIUM,
    title="A shard lacks a tensor that the index puts there",
    page="""
The index says that a tensor is in a shard, and the shard does not have it. Some loaders fail; others go
on with random numbers in its place and a warning that is easily overlooked.
""",
    remedy="Get the shards and the index again from one and the same revision",
)
UNLISTED_TENSOR = Descriptor(
    id="shards.unlisted-tensor",
    severity=Severity.LOW,
    title="A shard has a tensor that the index does not name",
    page="""
A shard has a tensor which the index leaves out, or puts into another shard. Loaders that go by the index
never see it; others load it. Which weights are used depends on the loader.
""",
    remedy="Get the shards and the index again from one and the same revision",
)


@probe("shards", version="1", descriptors=(OUTSIDE, MISSING, ABSENT_TENSOR, UNLISTED_TENSOR))
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Compare the shards of a model with its index and with each other.

    ## What it looks at
    Every JSON file with a `weight_map`, such as `model.safetensors.index.json`: the paths it names,
    whether the files are there, and whether each has the tensors it should have. Without an index,
    the numbering of names such as `model-00001-of-00003.gguf`.

    ## Why it matters
    The index decides which files are opened. A path that leaves the folder opens a file nobody
    checked, and a missing or mixed-up shard gives a model that is not the one that was evaluated.

    ## How to read it
    The fact `shards.index` counts the files and tensors of an index. Findings name the shard; no
    model that was uploaded whole has any.

    ## What it cannot see
    Whether shards with the right names and shapes hold the right numbers. Tensors in torch files are
    compared only as far as their names can be read without running them.

    ## Sources
    transformers and huggingface_hub, sharded checkpoints (`*.index.json`); llama.cpp, gguf-split.
    """
    del context
    found = {holding.path: holding for holding in holdings(model.parts())}
    indexed: set[str] = set()
    for part, document in model.contents(JsonDocument):
        weight_map = document.value.get("weight_map") if isinstance(document.value, dict) else None
        if isinstance(weight_map, dict) and "!" not in part.where:
            index = _Index(part.where, weight_map)
            indexed.update(index.shards)
            yield Fact(name="shards.index", value=index.summary(), where=part.where)
            yield from index.paths({artifact.path for artifact in model.artifacts()})
            yield from index.tensors(found)
    for variant in variants(found.values()):
        if variant.missing and not indexed.intersection(h.path for h in variant.holdings):
            total = variant.missing + len(variant.holdings)
            yield MISSING.at(variant.name, f"{variant.missing} of {total} shards are missing")


class _Index:
    """The weight map of an index: which tensor is in which file."""

    def __init__(self, where: str, weight_map: Mapping[str, object]) -> None:
        self._where = where
        folder = posixpath.dirname(where)
        self._named: dict[str, list[str]] = {}
        for tensor, shard in weight_map.items():
            self._named.setdefault(str(shard), []).append(str(tensor))
        self.shards = {
            posixpath.normpath(posixpath.join(folder, name)): name for name in sorted(self._named)
        }

    def summary(self) -> dict[str, int]:
        """Return how many files and tensors there are."""
        return {"files": len(self._named), "tensors": sum(map(len, self._named.values()))}

    def paths(self, present: set[str]) -> Iterator[Claim]:
        """Yield what is wrong with the paths."""
        outside = [name for name in sorted(self._named) if self._leaves(name)]
        for name in outside[:_SHOWN]:
            where = place(self._where, pointer="/weight_map")
            yield OUTSIDE.at(where, f"the index names {name[:200]!r}, outside the model's folder")
        missing = [n for path, n in self.shards.items() if path not in present and n not in outside]
        for name in missing[:_SHOWN]:
            yield MISSING.at(self._where, f"the index names {name[:200]!r}, which is not there")
        if len(missing) > _SHOWN:
            yield MISSING.at(self._where, f"and {len(missing) - _SHOWN:,} more are not there")

    def tensors(self, found: Mapping[str, Holding]) -> Iterator[Claim]:
        """Yield where shards and index differ."""
        for path, name in self.shards.items():
            if path not in found:
                continue
            there = {tensor.name for tensor in found[path].tensors}
            listed = set(self._named[name])
            if absent := sorted(listed - there):
                yield ABSENT_TENSOR.at(path, _some(absent, "of the index not in it"))
            if unlisted := sorted(there - listed):
                yield UNLISTED_TENSOR.at(
                    path, _some(unlisted, "in it that the index does not put there")
                )

    def _leaves(self, name: str) -> bool:
        plain = name.replace("\\", "/")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self._where), plain))
        return plain.startswith("/") or ":" in plain or path == ".." or path.startswith("../")


def _some(tensors: list[str], what: str) -> str:
    noun = "tensor" if len(tensors) == 1 else "tensors"
    return f"{len(tensors):,} {noun} {what}, such as {tensors[0][:80]!r}"
