# SPDX-License-Identifier: Apache-2.0
"""What scoring costs beside lm-evaluation-harness: same weights, same requests, one core, in one run.

python -m benchmarks.eval_cost --lm-eval ENV --model FOLDER --data FOLDER [--gguf FILE]
                               [--slices a,b] [--runs N] [--core N]

ENV is a virtual environment with lm-eval 0.4.13 and torch, FOLDER a model of transformers, the data
folder holds `tasks`. In every round lm-eval runs first, then each engine on the requests that
lm-eval made of the tasks. Compared is processor time from texts to scores: lm-eval's
`loglikelihood`, against planning and scoring here; tokenising counts in both, loading in neither.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from benchmarks.measure import header, save, say

HERE = Path(__file__).parent


class Slice(msgspec.Struct, frozen=True):
    """Tasks that run together.

    Attributes:
        tasks: Names of local tasks.
        limit: Items of each; None for all.
        batch: Batch size of lm-eval: the one it was fastest with.
    """

    tasks: tuple[str, ...]
    limit: int | None
    batch: int


SLICES = {
    "MMLU, 3 subjects x 40": Slice(
        ("local_mmlu_anatomy", "local_mmlu_econometrics", "local_mmlu_professional_medicine"), 40, 8
    ),
    "MMLU, 2 whole subjects": Slice(("local_mmlu_anatomy", "local_mmlu_econometrics"), None, 8),
    "TruthfulQA mc1+mc2, 30 items": Slice(("local_truthfulqa_mc1", "local_truthfulqa_mc2"), 30, 16),
}
ENGINES = ("transformers float32", "transformers bfloat16", "llama")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What one engine spent on one slice; medians over the rounds.

    Attributes:
        tokens: Tokens it fed to the model.
        minimum: The fewest that answer all requests.
        cpu_s: From texts to scores.
        planning_s: What of it was spent before the first score.
        ratio: lm-eval's time over this one, median of the ratios within each round.
        picks: Items whose most probable option is lm-eval's.
        items: Items in all.
        worst: Largest difference of a log-probability to lm-eval's, in nat.
    """

    slice: str
    engine: str
    tokens: int
    minimum: int
    cpu_s: float
    planning_s: float
    ratio: float
    picks: int
    items: int
    worst: float


class Asked(msgspec.Struct, frozen=True):
    """A request of lm-eval with its answer."""

    task: str
    item: int
    option: int
    context: str
    text: str
    logprob: float
    greedy: bool


class Spent(msgspec.Struct, frozen=True):
    """What an engine answered and spent."""

    tokens: int
    minimum: int
    cpu_s: float
    planning_s: float
    logprobs: list[float]


class Reference(msgspec.Struct, frozen=True):
    """What lm-eval spent."""

    cpu_s: float
    scoring_cpu_s: float
    tokens: int
    version: str
    torch: str


def main() -> None:
    """Measure, and write benchmarks/results/eval-cost.json."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lm-eval", type=Path, help="environment with lm-eval 0.4.13")
    parser.add_argument("--model", type=Path, required=True, help="folder of a transformers model")
    parser.add_argument("--gguf", type=Path, help="the same model as GGUF")
    parser.add_argument("--data", type=Path, help="folder with `tasks` and their data")
    parser.add_argument("--slices", default="", help="names, with semicolons (all)")
    parser.add_argument("--runs", type=int, default=3, help="rounds (3)")
    parser.add_argument("--core", type=int, default=0, help="the core everything runs on (0)")
    parser.add_argument("--score", nargs=2, metavar=("ENGINE", "REQUESTS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.score:
        engine, requests = options.score
        sys.stdout.buffer.write(msgspec.json.encode(spent(engine, options, read(Path(requests)))))
        return
    rows: list[Row] = []
    for name in options.slices.split(";") if options.slices else SLICES:
        rows += compared(name, SLICES[name], options)
    command = "python -m benchmarks.eval_cost"
    result = {**header(command), "runs": options.runs, "rows": msgspec.to_builtins(rows)}
    save("eval-cost", result)


def compared(name: str, part: Slice, options: argparse.Namespace) -> Iterator[Row]:
    """Yield lm-eval's row of a slice, then one for each engine."""
    engines = [engine for engine in ENGINES if engine != "llama" or options.gguf]
    references: list[Reference] = []
    found: dict[str, list[Spent]] = {engine: [] for engine in engines}
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch)
        for _ in range(options.runs):
            references.append(reference(part, options, out))
            for engine in engines:
                found[engine].append(run(engine, options, out / "requests.jsonl"))
                ratio = references[-1].scoring_cpu_s / found[engine][-1].cpu_s
                say(f"{name}: {engine} {found[engine][-1].cpu_s:.1f} s, {ratio:.2f} times less")
        asked = read(out / "requests.jsonl")
    items = len({(one.task, one.item) for one in asked})
    yield Row(
        slice=name,
        engine=f"lm-eval {references[0].version} hf float32",
        tokens=references[0].tokens,
        minimum=found[engines[0]][0].minimum,
        cpu_s=statistics.median(one.scoring_cpu_s for one in references),
        planning_s=0.0,
        ratio=1.0,
        picks=items,
        items=items,
        worst=0.0,
    )
    for engine, runs in found.items():
        yield row(name, engine, asked, references, runs)


def row(
    name: str,
    engine: str,
    asked: Sequence[Asked],
    references: Sequence[Reference],
    runs: Sequence[Spent],
) -> Row:
    """Return what an engine spent, and how its answers compare."""
    theirs = [one.logprob for one in asked]
    mine = runs[0].logprobs
    picked, wanted = picks(asked, mine), picks(asked, theirs)
    return Row(
        slice=name,
        engine=engine,
        tokens=runs[0].tokens,
        minimum=runs[0].minimum,
        cpu_s=statistics.median(one.cpu_s for one in runs),
        planning_s=statistics.median(one.planning_s for one in runs),
        ratio=statistics.median(
            reference.scoring_cpu_s / one.cpu_s
            for reference, one in zip(references, runs, strict=True)
        ),
        picks=sum(picked[item] == wanted[item] for item in wanted),
        items=len(wanted),
        worst=max(abs(a - b) for a, b in zip(mine, theirs, strict=True)),
    )


def picks(asked: Sequence[Asked], logprobs: Sequence[float]) -> dict[tuple[str, int], int]:
    """Return the most probable option of each item."""
    best: dict[tuple[str, int], tuple[float, int]] = {}
    for one, logprob in zip(asked, logprobs, strict=True):
        item = (one.task, one.item)
        best[item] = max(best.get(item, (float("-inf"), 0)), (logprob, -one.option))
    return {item: -option for item, (_, option) in best.items()}


def reference(part: Slice, options: argparse.Namespace, out: Path) -> Reference:
    """Run lm-eval on a slice; its requests lie in `out` then."""
    command = [
        *("taskset", "--cpu-list", str(options.core)),
        *(str(options.lm_eval / "bin" / "python"), str(HERE / "lm_eval_run.py")),
        *("--model", str(options.model), "--data", str(options.data), "--out", str(out)),
        *("--batch", str(part.batch)),
        *(("--limit", str(part.limit)) if part.limit else ()),
        *part.tasks,
    ]
    subprocess.run(command, check=True, env=quiet(), stderr=subprocess.DEVNULL)
    return msgspec.json.decode((out / "cost.json").read_bytes(), type=Reference)


def run(engine: str, options: argparse.Namespace, requests: Path) -> Spent:
    """Score requests in a process of its own."""
    command = [
        *("taskset", "--cpu-list", str(options.core)),
        *(sys.executable, "-W", "ignore", "-m", "benchmarks.eval_cost"),
        *("--model", str(options.model), "--score", engine, str(requests)),
        *(("--gguf", str(options.gguf)) if options.gguf else ()),
    ]
    done = subprocess.run(command, check=True, env=quiet(), stdout=subprocess.PIPE)
    return msgspec.json.decode(done.stdout, type=Spent)


def spent(name: str, options: argparse.Namespace, asked: Sequence[Asked]) -> Spent:
    """Score requests here, and return what it cost."""
    from steelyard.engines.llama import Llama
    from steelyard.engines.transformers import Transformers
    from steelyard.evals.answers import carry_out
    from steelyard.evals.planner import Plan, Shape
    from steelyard.evals.requests import Continuation, Likelihood

    kind, _, dtype = name.partition(" ")
    if kind == "llama":
        engine = Llama(options.gguf, threads=1)
    else:
        engine = Transformers(options.model, dtype=dtype, threads=1, device="cpu")
    requests = [Continuation(context=one.context, text=one.text) for one in asked]
    before = time.process_time()
    plan = Plan(requests, engine, Shape())
    planned = time.process_time()
    results, tokens = {}, 0
    for batch in carry_out(plan, engine, {}):
        results.update(batch.results)
        tokens += batch.computed
    answers = plan.answers(results)
    return Spent(
        tokens,
        plan.counts.minimum,
        time.process_time() - before,
        planned - before,
        [answer.logprob for answer in answers if isinstance(answer, Likelihood)],
    )


def read(path: Path) -> list[Asked]:
    """Return the requests of lm-eval."""
    return [msgspec.json.decode(line, type=Asked) for line in path.read_bytes().splitlines()]


def quiet() -> dict[str, str]:
    """Return an environment with one thread and no network."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    off = dict.fromkeys(("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"), "1")
    return {**os.environ, **one, **off, "TOKENIZERS_PARALLELISM": "false"}


if __name__ == "__main__":
    main()
