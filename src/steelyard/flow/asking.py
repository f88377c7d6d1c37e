# SPDX-License-Identifier: Apache-2.0
"""Ask an engine: plan, take what is known, compute the rest, keep each pack as it is done."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from steelyard.core.engine import Engine
from steelyard.core.errors import SteelyardError
from steelyard.core.ports import Pool, Progress
from steelyard.evals.answers import Batch, carry_out
from steelyard.evals.planner import Counts, Key, Plan, Result, Shape
from steelyard.evals.requests import Answer, Request
from steelyard.flow.sharding import Opening, shards, work


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What came of some requests.

    Attributes:
        answers: One a request, in their order.
        keys: For each request, what names its token ids.
        counts: What scoring them costs, were nothing known.
        computed: Tokens of prompts that were computed now.
        written: Tokens that were generated now.
        prompts: Tokens of the prompts of these texts, common beginnings once.
        known: How many results were there already.
        workers_s: Processor seconds of the crew; None where there was none.
    """

    answers: tuple[Answer, ...]
    keys: tuple[tuple[Key, ...], ...]
    counts: Counts
    computed: int
    written: int
    prompts: int
    known: int
    workers_s: float | None = None


class Kept(Protocol):
    """Where results are kept, and found again; see `stores.scores.ScoreStore`."""

    def known(self, keys: Iterable[Key]) -> dict[Key, Result]:
        """Return those of some results that are there."""

    def keep(self, results: Mapping[Key, Result]) -> None:
        """Keep some results, all of them or none."""


class Crew(msgspec.Struct, frozen=True, kw_only=True):
    """Who computes, where it is more than one.

    Attributes:
        pool: Where the work is done.
        workers: How many work at once, at least 1.
        opening: How each opens its engine.
    """

    pool: Pool
    workers: int
    opening: Opening


def ask(
    requests: Sequence[Request],
    engine: Engine,
    scores: Kept | None,
    progress: Progress,
    shape: Shape,
    crew: Crew | None = None,
) -> Asked:
    """Return the answers to some requests.

    Whatever ends the process, what the score store was given stays there: a pack at most is lost.

    Args:
        requests: What is asked.
        engine: Who is asked.
        scores: Where results are kept, and found again; None keeps nothing.
        progress: Is told of tokens, then of texts.
        shape: How the plan is cut.
        crew: Who computes; None leaves all to `engine`.

    Raises:
        EngineError: The engine failed.
        StoreError: Results cannot be kept.
        UsageError: A request cannot be put to this model.
    """
    plan = Plan(requests, engine, shape)
    known = {} if scores is None else scores.known(plan.keys())
    results: dict[Key, Result] = dict(known)
    engine.reserve(plan.longest(known))
    computed = written = 0
    workers = 0.0
    batches = (
        carry_out(plan, engine, known, progress)
        if crew is None
        else _together(plan, known, crew, progress)
    )
    for batch in batches:
        if scores is not None:
            scores.keep(batch.results)
        results.update(batch.results)
        computed += batch.computed
        written += batch.written
        workers += batch.cpu_s
    return Asked(
        answers=tuple(plan.answers(results)),
        keys=tuple(plan.asked()),
        counts=plan.counts,
        computed=computed,
        written=written,
        prompts=plan.prompts(known),
        known=len(known),
        workers_s=None if crew is None else workers,
    )


def _together(
    plan: Plan, known: Mapping[Key, Result], crew: Crew, progress: Progress
) -> Iterator[Batch]:
    """Yield what a crew computes, piece by piece as they come."""
    pieces = list(shards(plan, known, crew.opening, crew.workers))
    progress.begin("computing", len(pieces))
    try:
        for _, found in crew.pool.as_completed(work, pieces):
            if isinstance(found, SteelyardError):
                raise found
            progress.advance(1)
            yield from found
    finally:
        progress.end()
