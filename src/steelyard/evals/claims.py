# SPDX-License-Identifier: Apache-2.0
"""What a run claims of a model: its scores as measurements, what they rest on, what is missing."""

from collections.abc import Iterator

from steelyard.core.claim import Claim, Fact, Gap, Measurement, exactly
from steelyard.core.digest import Digest
from steelyard.core.evidence import Source
from steelyard.evals.energy import ELSEWHERE
from steelyard.evals.record import Run, Stopping, TaskRecord

PROBE, COST = "eval", "cost"
VERSION = "1"


def claims(run: Run) -> Iterator[tuple[Source, Claim]]:
    """Yield what a run claims, each with where it comes from.

    The scores of the same model on the same tasks, engine and settings give the same claims at
    every run; what a run took is measured anew each time.
    """
    engine = engine_line(run)
    for task in run.tasks:
        yield from (
            (_source(PROBE, engine, (task.task, task.data, task.tokens)), claim)
            for claim in _scores(task)
        )
    if run.stopping is not None:
        asked = tuple(task.tokens for task in run.tasks)
        source = _source(PROBE, engine, (run.stopping.against, *asked))
        yield from ((source, claim) for claim in _settled(run.stopping))
    source = _source(COST, engine, ())
    yield from ((source, claim) for claim in _spent(run))


def engine_line(run: Run) -> str:
    """Return the engine's card as evidence names it, without the model's name."""
    card = run.card
    numerics = ", ".join(f"{key}={value}" for key, value in sorted(card.numerics.items()))
    return (
        f"{card.engine} {card.version} ({numerics})"
        if numerics
        else f"{card.engine} {card.version}"
    )


def _scores(task: TaskRecord) -> Iterator[Claim]:
    for metric in task.metrics:
        yield Measurement(
            metric=f"{task.id}.{metric.name}",
            value=metric.value,
            unit="1",
            low=metric.low,
            high=metric.high,
            n=metric.n,
        )
    value = {
        "data": task.data,
        "examples": task.examples,
        "samples": task.samples,
        "task": task.task,
        "tokens": task.tokens,
        "version": task.version,
    }
    yield Fact(name=f"{task.id}.asked", value=value)
    if task.whole is not None:
        left = f"{task.whole.n - task.n:,} of its {task.whole.n:,} samples"
        why = f"{left} were not asked: the comparison was settled before"
        yield Gap(name=f"{task.id}.stopped", reason=why)
    for why, number in sorted(task.skipped.items()):
        yield Gap(name=f"{task.id}.skipped", reason=f"{number:,} of its samples: {why}")
    if task.strays:
        why = f"{task.strays:,} samples have a right answer that is none of their options"
        yield Gap(name=f"{task.id}.answer", reason=f"{why}: whatever is picked counts as wrong")
    if task.cut:
        why = f"{task.cut:,} requests were longer than the model's context and were cut"
        yield Gap(name=f"{task.id}.cut", reason=why)


def _settled(stopping: Stopping) -> Iterator[Claim]:
    for row in stopping.rows:
        value = {
            "against": stopping.against,
            "alpha": stopping.alpha,
            "asked": row.asked,
            "evidence": row.evidence,
            "high": row.high,
            "low": row.low,
            "margin": stopping.margin,
            "of": row.of,
            "rule": stopping.rule,
            "says": row.says,
            "seed": stopping.seed,
        }
        yield Fact(name=f"{row.name}.{row.metric}.settled", value=value)


def _spent(run: Run) -> Iterator[Claim]:
    spent, cost = run.spent, run.spent.cost
    yield exactly("tokens.computed", spent.computed, "1")
    yield exactly("tokens.minimum", spent.minimum, "1")
    yield exactly("tokens.naive", spent.naive, "1")
    yield exactly("tokens.written", spent.written, "1")
    yield exactly("tokens.prompts", spent.prompts, "1")
    yield exactly("cpu.seconds", cost.cpu_s, "s")
    yield exactly("wall.seconds", cost.wall_s, "s")
    if cost.method == ELSEWHERE:
        why = "the model ran on a server: what that took cannot be seen from here"
        yield Gap(name="energy.joules", reason=why)
        return
    yield Measurement(
        metric="energy.joules", value=cost.joules, unit="J", low=cost.low, high=cost.high
    )
    yield Fact(name="energy.method", value=cost.method)
    tokens = spent.tokens
    if tokens and cost.wall_s:
        yield exactly("tokens.per_second", round(tokens / cost.wall_s, 3), "1/s")
        yield exactly("cpu.seconds_per_1000_tokens", round(1000 * cost.cpu_s / tokens, 6), "s")
        yield Measurement(
            metric="energy.joules_per_1000_tokens",
            value=round(1000 * cost.joules / tokens, 6),
            unit="J",
            low=round(1000 * cost.low / tokens, 6),
            high=round(1000 * cost.high / tokens, 6),
        )


def _source(probe: str, engine: str, inputs: tuple[Digest, ...]) -> Source:
    return Source(probe=probe, version=VERSION, engine=engine, inputs=tuple(sorted(set(inputs))))
