# SPDX-License-Identifier: Apache-2.0
"""Run a model on tasks until it is settled how it stands against another run, and no longer."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from steelyard.core.digest import digest_of
from steelyard.core.engine import Engine
from steelyard.core.errors import UsageError
from steelyard.core.ports import Progress
from steelyard.evals.comparability import Recorded, refuse_unlike
from steelyard.evals.contests import Rule
from steelyard.evals.energy import reading
from steelyard.evals.grouping import grouped
from steelyard.evals.partial import group_in_part, in_part, whole_of, whole_of_group
from steelyard.evals.planner import Plan, Shape
from steelyard.evals.record import (
    Run,
    SampleRecord,
    Settled,
    Stopping,
    TaskRecord,
    Whole,
)
from steelyard.evals.requests import Answer
from steelyard.evals.scoring import Asked, Scored, asked, sample_scores
from steelyard.evals.stopping import Place, Stopper
from steelyard.evals.tasks.group import Group
from steelyard.evals.tasks.task import Task
from steelyard.flow.asking import Asked as Answered
from steelyard.flow.asking import Crew, Kept, ask
from steelyard.flow.evaluate import Subject, judged, requests_of, spent
from steelyard.flow.examine import written
from steelyard.flow.memory import Memory

Told = Callable[[int, Sequence[Settled]], None]
"""Is told after each look how many samples have been asked, and how every metric stands."""


class Against(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is held against.

    Attributes:
        old: The run, and its samples.
        rule: What is to be settled.
        despite: In what the two may differ, of `comparability.MAY_DIFFER`.
    """

    old: Recorded
    rule: Rule
    despite: Container[str] = ()


def evaluate_until_settled(
    subject: Subject,
    engine: Engine,
    tasks: Sequence[Task],
    groups: Sequence[Group] = (),
    *,
    against: Against,
    settings: Mapping[str, str],
    scores: Kept | None,
    progress: Progress,
    shape: Shape,
    told: Told,
    crew: Crew | None = None,
) -> tuple[Run, tuple[SampleRecord, ...]]:
    """Return the record of a run that asked no more than was needed to settle a comparison.

    Whether the two runs can be compared at all is found out before anything is computed.

    Args:
        subject: Whose model it is.
        engine: Runs it.
        tasks: What is asked, each once.
        groups: Tasks that are scored together as well.
        against: What it is held against, and what is to be settled.
        settings: What was asked for, to be recorded.
        scores: Where results are kept; None keeps nothing.
        progress: Is told of tokens, then of texts, anew in each round.
        shape: How the plan is cut.
        told: Is told after each look how it stands.
        crew: Who computes; None leaves all to `engine`.

    Raises:
        UsageError: There is nothing to ask, or the runs cannot be compared.
        EngineError: The engine failed.
        StoreError: Results cannot be kept.
        MalformedError: A task or its data is wrong.
    """
    begun = reading()
    all_asked = [asked(task) for task in tasks]
    keys = iter(Plan(requests_of(all_asked), engine, shape).asked())
    wholes = [whole_of(one, keys) for one in all_asked]
    old, samples = against.old
    records = _records(all_asked, wholes)
    refuse_unlike(old, engine.card(), records, settings, against.despite)
    _refuse_part(old, wholes)
    stopper = Stopper(all_asked, groups, samples, against.rule)
    memory = Memory(scores)
    done: list[Answered] = []
    places: set[Place] = set()
    for some in stopper.rounds():
        part = _part(all_asked, set(some))
        found = ask(requests_of(part), engine, memory, progress, shape, crew)
        places.update(some)
        stopper.see(dict(_values(all_asked, sorted(some), found)))
        done.append(found)
        told(stopper.looks[-1], stopper.rows)
    part = _part(all_asked, places)
    found = ask(requests_of(part), engine, memory, progress, shape, None)  # all of it is known
    scored = _scored(part, found, wholes)
    run = Run(
        subject=subject.digest,
        name=subject.name,
        card=engine.card(),
        settings=settings,
        tasks=(*(one.record for one in scored), *_grouped(groups, scored, all_asked, wholes)),
        spent=spent(_together(found, done, memory.found), begun, subject),
        at=written(datetime.now(UTC)),
        stopping=_stopping(against, stopper),
    )
    return run, tuple(sample for one in scored for sample in one.samples)


def _stopping(against: Against, stopper: Stopper) -> Stopping:
    return Stopping(
        old=against.old[0].name,
        against=_digest_of(against.old),
        margin=against.rule.margin,
        alpha=against.rule.alpha,
        bar=stopper.bar,
        seed=against.rule.seed,
        looks=tuple(stopper.looks),
        rows=stopper.rows,
        entire=stopper.entire,
    )


def _records(all_asked: Sequence[Asked], wholes: Sequence[Whole]) -> list[TaskRecord]:
    """Return tasks as they will be recorded, before anything is asked."""
    return [
        TaskRecord(
            id=one.task.id,
            version=one.task.version,
            task=one.task.definition.digest,
            data=one.task.data.digest(),
            samples=whole.samples,
            tokens=whole.tokens,
            metrics=(),
            n=0,
        )
        for one, whole in zip(all_asked, wholes, strict=True)
    ]


def _refuse_part(old: Run, wholes: Sequence[Whole]) -> None:
    """Refuse to hold a run against one that stopped early itself.

    Raises:
        UsageError: It did.
    """
    roots = {whole.samples for whole in wholes}
    for task in old.tasks:
        if task.whole is not None and task.whole.samples in roots:
            raise UsageError(
                f"the old run asked {task.n:,} of the {task.whole.n:,} samples of {task.id}",
                hint="run it again without --against: what was computed is kept",
            )


def _part(all_asked: Sequence[Asked], places: Container[Place]) -> list[Asked]:
    return [
        msgspec.structs.replace(
            one,
            samples=tuple(
                sample for place, sample in enumerate(one.samples) if (number, place) in places
            ),
        )
        for number, one in enumerate(all_asked)
    ]


def _values(
    all_asked: Sequence[Asked], places: Iterable[Place], found: Answered
) -> Iterator[tuple[Place, Mapping[str, float]]]:
    answers: Iterator[Answer] = iter(found.answers)
    for number, place in places:
        one = all_asked[number]
        sample = one.samples[place]
        yield (
            (number, place),
            sample_scores(one.task, sample, [next(answers) for _ in sample.requests]),
        )


def _scored(part: Sequence[Asked], found: Answered, wholes: Sequence[Whole]) -> list[Scored]:
    """Return what came of each task; of one that was asked in part, with what holds for it."""
    return [
        one if one.record.n == whole.n else in_part(one, whole)
        for one, whole in zip(judged(part, found), wholes, strict=True)
    ]


def _grouped(
    groups: Sequence[Group],
    scored: Sequence[Scored],
    all_asked: Sequence[Asked],
    wholes: Sequence[Whole],
) -> Iterator[TaskRecord]:
    for group in groups:
        made = grouped(group, [one for one in scored if one.record.n])
        if made is None:
            continue
        mine = [
            (one, whole)
            for one, whole in zip(all_asked, wholes, strict=True)
            if one.task.id in group.tasks
        ]
        if made.n < sum(whole.n for _, whole in mine):
            made = group_in_part(made, scored, whole_of_group(mine))
        yield made


def _together(found: Answered, done: Sequence[Answered], known: int) -> Answered:
    """Return what all rounds took, beside the answers and what they cost at least."""
    workers = [one.workers_s for one in done if one.workers_s is not None]
    return msgspec.structs.replace(
        found,
        computed=sum(one.computed for one in done),
        written=sum(one.written for one in done),
        prompts=sum(one.prompts for one in done),
        known=known,
        workers_s=sum(workers) if workers else None,
    )


def _digest_of(old: Recorded) -> str:
    run, samples = old
    scores = [[sample.task, sample.sample, sample.scores] for sample in samples]
    return digest_of([run.subject, run.card, scores])
