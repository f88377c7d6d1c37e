# SPDX-License-Identifier: Apache-2.0
"""Carry out a plan on an engine: results come as packs are done, so that each can be kept."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from steelyard.core.engine import Engine, Group, Score, Tokens
from steelyard.core.ports import Progress, Silent
from steelyard.engines.groups import in_common
from steelyard.evals.planner import Key, Plan, Result, Step, Writing
from steelyard.evals.requests import Answer


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one step.

    Attributes:
        results: What is known now and was not before; never empty.
        computed: How many tokens of prompts the engine computed for it.
        written: How many tokens it generated.
        cpu_s: Processor seconds of a worker that were spent on it; 0 where this process did the work.
    """

    results: Mapping[Key, Result]
    computed: int = 0
    written: int = 0
    cpu_s: float = 0.0


def carry_out(
    plan: Plan, engine: Engine, known: Mapping[Key, Result], progress: Progress | None = None
) -> Iterator[Batch]:
    """Yield the results of a plan as they come; whoever stops in between loses the pack in flight.

    Args:
        plan: What to compute.
        engine: The engine it was made for.
        known: Results of earlier runs on the same model and engine; they are not computed again.
        progress: Is told of every token of a prompt and, apart, of every text that is done.

    Raises:
        EngineError: The engine failed; what was yielded before holds.
    """
    progress = progress or Silent()
    progress.begin("scoring", plan.cost(known))
    for batch in scored(engine, plan.groups(known)):
        progress.advance(batch.computed)
        yield batch
    progress.end()
    writings = list(plan.writings(known))
    progress.begin("writing", sum(len(writing.prompts) for writing in writings))
    for batch in wrote(engine, writings):
        progress.advance(len(batch.results))
        yield batch
    progress.end()


def answers(plan: Plan, engine: Engine, progress: Progress | None = None) -> list[Answer]:
    """Return the answers to all requests of a plan, in their order."""
    results: dict[Key, Result] = {}
    for batch in carry_out(plan, engine, {}, progress):
        results.update(batch.results)
    return plan.answers(results)


def scored(engine: Engine, groups: Iterable[tuple[Group, tuple[Step, ...]]]) -> Iterator[Batch]:
    """Yield the scores of each pack of some groups, in their order; raises as `carry_out`."""
    held: Tokens = ()
    for group, steps in groups:
        computed = len(group.prefix) - in_common(group.prefix, held)
        held = group.prefix
        found = engine.score(group)
        for pack, step, scores in zip(group.packs, steps, found, strict=True):
            computed += len(pack.tokens)
            yield Batch(results=_summed(step, scores), computed=computed)
            computed = 0


def wrote(engine: Engine, writings: Iterable[Writing]) -> Iterator[Batch]:
    """Yield each text as it is done; raises as `carry_out`."""
    for writing in writings:
        for index, generated in engine.generate(writing.prompts, writing.sampling):
            yield Batch(results={writing.keys[index]: generated}, written=generated.tokens)


def _summed(step: Step, scores: Sequence[Score]) -> dict[Key, Result]:
    return {
        key: Score(
            math.fsum(scores[index].logprob for index in found),
            all(scores[index].greedy for index in found),
        )
        for key, found in zip(step.keys, step.found, strict=True)
    }
