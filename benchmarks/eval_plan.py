# SPDX-License-Identifier: Apache-2.0
"""What planning a whole MMLU costs: 14,042 questions, 57 subjects, five examples, four options each.

    python -m benchmarks.eval_plan [--gguf FILE] [--data FOLDER] [--runs N]

Planning is tokens of all requests, the trie, its cuts, and every pack as an engine gets it; nothing
is scored. The tokenizer is that of a GGUF file, the demo model unless another one is named. Without
a data folder the questions are made up in MMLU's shape, always the same; with one (which holds
`tasks/mmlu` and its data), its questions are planned as well.
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchmarks.measure import cost, header, save, say

SUBJECTS, QUESTIONS, SHOTS = 57, 14_042, 5
MADE_UP = "made up in MMLU's shape"
_ROOT = Path(__file__).parent.parent
_WORDS = [
    "the",
    "of",
    "a",
    "to",
    "in",
    "and",
    "is",
    "that",
    "for",
    "which",
    "following",
    "what",
    "by",
    "an",
    "with",
    "are",
    "as",
    "best",
    "from",
    "on",
    "be",
    "most",
    "patient",
    "cell",
    "force",
    "market",
    "law",
    "theory",
    "energy",
    "value",
    "state",
    "function",
    "number",
    "blood",
    "system",
    "court",
    "contract",
    "species",
    "equation",
    "temperature",
    "evidence",
    "increase",
    "population",
    "policy",
    "acid",
    "electron",
    "moral",
    "significantly",
    "approximately",
    "characteristic",
    "hypothesis",
    "constitutional",
    "thermodynamic",
]


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What planning some questions took; times are of the processor, without loading the model.

    Attributes:
        questions: How many.
        requests: What they ask of a model, four each.
        encode_cut_s: From texts to a plan.
        fill_s: From a plan to all packs of all groups.
        computed: Tokens that the plan has computed.
        minimum: The fewest that answer all requests.
        naive: Tokens of each different request by itself.
    """

    questions: int
    requests: int
    encode_cut_s: float
    fill_s: float
    computed: int
    minimum: int
    naive: int


def main() -> None:
    """Measure, and write benchmarks/results/eval-plan.json."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--gguf", type=Path, help="model whose tokenizer counts (the demo model)")
    parser.add_argument("--data", type=Path, help="folder with `tasks/mmlu` and its data")
    parser.add_argument("--runs", type=int, default=3, help="rounds (3)")
    parser.add_argument("--plan", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    gguf = options.gguf or next(iter(sorted((_ROOT / "demo" / "model").glob("*.gguf"))), None)
    if gguf is None:
        parser.error("no model: make demo fetches one, --gguf names another")
    if options.plan:
        sys.stdout.buffer.write(msgspec.json.encode(spent(gguf, options.data)))
        return
    rows = [row(gguf, data, options.runs) for data in dict.fromkeys((None, options.data))]
    head = header("python -m benchmarks.eval_plan")
    save("eval-plan", {**head, "runs": options.runs, "tokenizer": gguf.name, "rows": rows})


def row(gguf: Path, data: Path | None, runs: int) -> dict[str, object]:
    """Return what planning took in processes of its own, medians; memory is that of the largest."""
    command = [sys.executable, "-m", "benchmarks.eval_plan", "--plan", "--gguf", str(gguf)]
    command += ["--data", str(data)] if data else []
    what = "MMLU, the subjects at hand" if data else MADE_UP
    found, peaks = [], []
    for _ in range(runs):
        done = cost(command, folder=_ROOT)
        if done.code:
            raise SystemExit(done.output[-4000:])
        found.append(msgspec.json.decode(done.output.splitlines()[-1], type=Spent))
        peaks.append(done.peak_mb)
        say(f"{what}: {found[-1].encode_cut_s:.1f} + {found[-1].fill_s:.1f} s, {peaks[-1]:.0f} MB")
    return {
        "what": what,
        **msgspec.to_builtins(found[0]),
        "encode_cut_s": statistics.median(one.encode_cut_s for one in found),
        "fill_s": statistics.median(one.fill_s for one in found),
        "peak_mb": max(peaks),
    }


def spent(gguf: Path, data: Path | None) -> Spent:
    """Plan here, and return what it took."""
    from steelyard.engines.llama import Llama
    from steelyard.evals.planner import Plan, Shape
    from steelyard.evals.requests import Continuation

    engine = Llama(gguf, threads=1)
    texts = list(of_data(data) if data else made_up())
    before = time.process_time()
    requests = (Continuation(context=context, text=text) for context, text in texts)
    plan = Plan(requests, engine, Shape())
    planned = time.process_time()
    answered = sum(len(step.keys) for _, steps in plan.groups() for step in steps)
    filled = time.process_time()
    assert answered == len(plan.keys())
    return Spent(
        questions=len(texts) // 4,
        requests=len(texts),
        encode_cut_s=planned - before,
        fill_s=filled - planned,
        computed=plan.counts.computed,
        minimum=plan.counts.minimum,
        naive=plan.counts.naive,
    )


def made_up() -> Iterator[tuple[str, str]]:
    """Yield context and option of every request of an MMLU that is made up, always the same.

    Questions are as long as a subject's are: a line for most, a page for the histories and the law.
    """
    rng = random.Random(14_042)
    for subject in range(SUBJECTS):
        length = rng.choice((12, 18, 25, 40, 60, 90)) if subject % 12 else 250
        topic = f"subject {subject}"
        head = f"The following are multiple choice questions (with answers) about {topic}.\n\n"
        shots = "".join(f"{_question(rng, length)} {rng.choice('ABCD')}\n\n" for _ in range(SHOTS))
        for _ in range(QUESTIONS // SUBJECTS + (subject < QUESTIONS % SUBJECTS)):
            context = f"{head}{shots}{_question(rng, length)}"
            yield from ((context, f" {letter}") for letter in "ABCD")


def _question(rng: random.Random, length: int) -> str:
    asked = _text(rng, length)
    options = "\n".join(f"{letter}. {_text(rng, 8)}" for letter in "ABCD")
    return f"{asked}?\n{options}\nAnswer:"


def _text(rng: random.Random, length: int) -> str:
    return " ".join(rng.choices(_WORDS, k=max(1, round(rng.lognormvariate(0, 0.5) * length))))


def of_data(data: Path) -> Iterator[tuple[str, str]]:
    """Yield context and option of every request of the MMLU in a folder."""
    from benchmarks.eval_requests import definitions
    from steelyard.evals.requests import Continuation
    from steelyard.evals.tasks.opening import Surroundings, open_task, refuse
    from steelyard.evals.tasks.sample import Sample

    chosen = [each for each in definitions(data, []) if "mmlu" in each.config.task]
    for each in chosen:
        for sample in open_task(each, Surroundings(data=data.resolve(), call=refuse)).samples():
            if isinstance(sample, Sample):
                for request in sample.requests:
                    assert isinstance(request, Continuation)
                    yield request.context, request.text


if __name__ == "__main__":
    main()
