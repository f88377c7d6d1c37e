# SPDX-License-Identifier: Apache-2.0
"""How much of a comparison `steelyard eval --against` asks until it is settled, and how often it errs.

    python -m benchmarks.early_stop [--pair OLD NEW] [--part RUN] [--margin SHARE] [--repeats N]

Made-up pairs of models answer questions, of which a share comes out differently, better or worse; the
same answers are compared as a whole. `--pair` names two whole runs of the same tasks, whose scores
are gone through in other random orders; `--part` a run of the new model that `--against` stopped.
"""

import argparse
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from benchmarks.measure import header, save, say
from steelyard.core.policy import Outcome
from steelyard.evals.comparison import compare
from steelyard.evals.record import Run, SampleRecord
from steelyard.evals.statistics.betting import (
    Bounds,
    Totals,
    evidence_above,
    evidence_below,
    family_bar,
)
from steelyard.evals.statistics.paired import difference
from steelyard.evals.stopping import looks
from steelyard.flow.runs import load

Cluster = tuple[float, int]


class Pair(msgspec.Struct, frozen=True):
    """A made-up pair of models.

    Attributes:
        what: What it is like.
        questions: How many both are asked.
        changed: Share of the questions whose answers come out differently.
        gain: How much better the new one is, as a share; less than `changed` either way.
        margin: How much worse it may be.
    """

    what: str
    questions: int
    changed: float
    gain: float
    margin: float


PAIRS = (
    Pair("another build of the same model", 14_042, 0.005, 0.0, 0.01),
    Pair("other numerics", 14_042, 0.02, 0.0, 0.01),
    Pair("quantised to 8 bits", 14_042, 0.05, 0.0, 0.01),
    Pair("quantised to 4 bits", 14_042, 0.12, 0.0, 0.02),
    Pair("trained on, 2 points better", 14_042, 0.15, 0.02, 0.01),
    Pair("trained on, 4 points worse", 14_042, 0.15, -0.04, 0.01),
    Pair("broken, 10 points worse", 14_042, 0.25, -0.10, 0.01),
    Pair("a small set, the same model", 1_000, 0.01, 0.0, 0.02),
    Pair("a small set, 10 points worse", 1_000, 0.20, -0.10, 0.02),
    Pair("exactly at the margin", 14_042, 0.10, -0.01, 0.01),
    Pair("exactly at the margin, few changes", 2_000, 0.06, -0.05, 0.05),
)


def main() -> None:
    """Measure, and write benchmarks/results/early-stop.json."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pair", nargs=2, type=Path, help="folders of two whole runs")
    parser.add_argument("--part", type=Path, help="folder of a run that was stopped")
    parser.add_argument("--margin", type=float, default=0.02, help="of the pair (0.02)")
    parser.add_argument("--repeats", type=int, default=200, help="of each made-up pair (200)")
    options = parser.parse_args()
    rows = []
    for pair in PAIRS:
        rows.append(simulated(pair, options.repeats))
        say(f"{pair.what}: {rows[-1]['asked']:.0%} asked, {rows[-1]['wrong']:.1%} wrong")
    real = list(replayed(*map(load, options.pair), options.margin)) if options.pair else []
    if options.pair and options.part:
        real[0]["tokens"] = load(options.part)[0].spent.computed
        real[0]["of_tokens"] = load(options.pair[1])[0].spent.minimum
    head = header("python -m benchmarks.early_stop")
    save("early-stop", {**head, "repeats": options.repeats, "rows": rows, "real": real})


def simulated(pair: Pair, repeats: int) -> dict[str, object]:
    """Return what came of a made-up pair, by stopping and by asking everything."""
    asked, wrong, agreed, whole_wrong, settled = 0, 0, 0, 0, 0
    for seed in range(repeats):
        gaps = list(_gaps(pair, random.Random(seed)))
        said, after = _settled([(gap, 1) for gap in gaps], pair.margin, 1)
        whole = _whole(gaps, pair.margin)
        settled += said is not Outcome.UNKNOWN
        ends = whole if said is Outcome.UNKNOWN else said
        asked += after
        agreed += ends is whole
        wrong += _is_wrong(ends, pair)
        whole_wrong += _is_wrong(whole, pair)
    return {
        **msgspec.to_builtins(pair),
        "asked": asked / repeats / pair.questions,
        "settled": settled / repeats,
        "agreed": agreed / repeats,
        "wrong": wrong / repeats,
        "whole_wrong": whole_wrong / repeats,
    }


def replayed(
    old: tuple[Run, Sequence[SampleRecord]],
    new: tuple[Run, Sequence[SampleRecord]],
    margin: float,
    orders: int = 100,
) -> Iterator[dict[str, object]]:
    """Yield what comes of each metric of two whole runs in a hundred random orders."""
    found = compare(old, new, margin=margin, despite={"engine", "numerics", "tokenizer", "tokens"})
    for row in found.rows:
        clusters = _clusters(old[1], new[1], row.task, row.metric)
        largest = max(size for _, size in clusters)
        ends = []
        for seed in range(orders):
            random.Random(seed).shuffle(clusters)
            ends.append(_settled(clusters, margin, largest))
        yield {
            "what": f"{row.task} {row.metric}, {old[0].card.engine} and {new[0].card.engine}",
            "questions": row.difference.n,
            "changed": (row.difference.better + row.difference.worse) / row.difference.n,
            "gain": row.difference.value,
            "margin": margin,
            "asked": sum(after for _, after in ends) / orders / row.difference.n,
            "settled": sum(said is not Outcome.UNKNOWN for said, _ in ends) / orders,
            "agreed": sum(said in (row.outcome, Outcome.UNKNOWN) for said, _ in ends) / orders,
        }


def _gaps(pair: Pair, chance: random.Random) -> Iterator[float]:
    better = (pair.changed + pair.gain) / 2
    for _ in range(pair.questions):
        what = chance.random()
        yield 1.0 if what < better else -1.0 if what < pair.changed else 0.0


def _settled(clusters: Sequence[Cluster], margin: float, largest: int) -> tuple[Outcome, int]:
    """Return what was settled, and after how many questions."""
    seen: Totals = Totals()
    bounds = Bounds(low=-1, high=1, largest=largest)
    done = 0
    for look in looks(len(clusters)):
        seen.update(clusters[done:look])
        done = look
        if evidence_above(seen, -margin, bounds) >= family_bar(1):
            return Outcome.PASS, sum(size for _, size in clusters[:done])
        if evidence_below(seen, -margin, bounds) >= family_bar(1):
            return Outcome.FAIL, sum(size for _, size in clusters[:done])
    return Outcome.UNKNOWN, sum(size for _, size in clusters)


def _whole(gaps: Sequence[float], margin: float) -> Outcome:
    """Return what `compare --margin` says of a single score."""
    found = difference([float(gap < 0) for gap in gaps], [float(gap > 0) for gap in gaps])
    if found.low >= -margin:
        return Outcome.PASS
    worse = found.value < -margin and (found.exact or 0.0) < 0.05
    return Outcome.FAIL if found.high < -margin or worse else Outcome.UNKNOWN


def _is_wrong(said: Outcome, pair: Pair) -> bool:
    """Tell whether it passes what is worse by the margin, or fails what is not."""
    worse = pair.gain <= -pair.margin
    return said is Outcome.PASS if worse else said is Outcome.FAIL


def _clusters(
    old: Sequence[SampleRecord], new: Sequence[SampleRecord], task: str, metric: str
) -> list[Cluster]:
    before = {s.sample: s.scores for s in old if s.task == task}
    found: dict[str, list[float]] = {}
    for sample in new:
        scores = before.get(sample.sample, {})
        if sample.task == task and metric in scores and metric in sample.scores:
            gap = sample.scores[metric] - scores[metric]
            found.setdefault(sample.bond, []).append(gap)
    return [(sum(gaps), len(gaps)) for gaps in found.values()]


if __name__ == "__main__":
    main()
