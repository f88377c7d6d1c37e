# SPDX-License-Identifier: Apache-2.0
"""Run a model on tasks: ask, judge, and record it all."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from steelyard.core.claim import Fact
from steelyard.core.digest import Digest
from steelyard.core.dossier import Dossier
from steelyard.core.engine import Engine
from steelyard.core.errors import UsageError
from steelyard.core.evidence import witness
from steelyard.core.policy import Policy
from steelyard.core.ports import Progress
from steelyard.evals.claims import claims
from steelyard.evals.derived import stability
from steelyard.evals.energy import Reading, cost, reading
from steelyard.evals.grouping import grouped
from steelyard.evals.planner import Shape
from steelyard.evals.record import Run, SampleRecord, Spent
from steelyard.evals.requests import Request
from steelyard.evals.scoring import Asked, Scored, asked, score
from steelyard.evals.tasks.group import Group
from steelyard.evals.tasks.task import Task
from steelyard.evals.tasks.variation import varied
from steelyard.flow.asking import Asked as Answered
from steelyard.flow.asking import Crew, ask
from steelyard.flow.examine import COMPLETED, written
from steelyard.flow.suppress import counting
from steelyard.stores.scores import ScoreStore


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Whose model is run.

    Attributes:
        name: For people.
        digest: Of the model.
        elsewhere: Whether it runs on a server, so that its cost cannot be seen from here.
    """

    name: str
    digest: Digest
    elsewhere: bool = False


def evaluate(
    subject: Subject,
    engine: Engine,
    tasks: Sequence[Task],
    groups: Sequence[Group] = (),
    *,
    settings: Mapping[str, str],
    scores: ScoreStore | None,
    progress: Progress,
    shape: Shape,
    crew: Crew | None = None,
) -> tuple[Run, tuple[SampleRecord, ...]]:
    """Return the record of a run.

    All requests of all tasks are planned together, so that what they share is computed once.

    Args:
        subject: Whose model it is.
        engine: Runs it.
        tasks: What is asked, each once.
        groups: Tasks that are scored together as well.
        settings: What was asked for, to be recorded.
        scores: Where results are kept; None keeps nothing.
        progress: Is told of tokens, then of texts.
        shape: How the plan is cut.
        crew: Who computes; None leaves all to `engine`.

    Raises:
        UsageError: There is nothing to ask.
        EngineError: The engine failed.
        StoreError: Results cannot be kept.
        MalformedError: A task or its data is wrong.
    """
    begun = reading()
    all_asked = [asked(task) for task in tasks]
    found = ask(requests_of(all_asked), engine, scores, progress, shape, crew)
    scored = judged(all_asked, found)
    together = [made for group in groups if (made := grouped(group, scored)) is not None]
    run = Run(
        subject=subject.digest,
        name=subject.name,
        card=engine.card(),
        settings=settings,
        tasks=(*(one.record for one in scored), *together),
        spent=spent(found, begun, subject),
        at=written(datetime.now(UTC)),
    )
    return run, tuple(sample for one in scored for sample in one.samples)


def requests_of(all_asked: Sequence[Asked]) -> list[Request]:
    """Return the requests of some tasks, sample by sample.

    Raises:
        UsageError: There are none.
    """
    requests = [
        request for one in all_asked for sample in one.samples for request in sample.requests
    ]
    if not requests:
        raise UsageError(
            "there is nothing to ask", hint=_first_reason(all_asked) or "look at --limit and data"
        )
    return requests


def spent(found: Answered, begun: Reading, subject: Subject) -> Spent:
    """Return what asking took since a reading."""
    return Spent(
        computed=found.computed,
        minimum=found.counts.minimum,
        naive=found.counts.naive,
        written=found.written,
        prompts=found.prompts,
        known=found.known,
        cost=cost(begun, reading(), workers_s=found.workers_s, elsewhere=subject.elsewhere),
    )


def judged(all_asked: Sequence[Asked], found: Answered) -> list[Scored]:
    """Return what came of each task, from the answers to all of its requests in their order.

    Raises:
        MalformedError: A task has no use for an answer.
    """
    return list(_steadied(list(_judged(all_asked, found))))


def _judged(all_asked: Sequence[Asked], found: Answered) -> Iterator[Scored]:
    place = 0
    for one in all_asked:
        answers, keys = [], []
        for sample in one.samples:
            end = place + len(sample.requests)
            answers.append(found.answers[place:end])
            keys.append([key for asked_for in found.keys[place:end] for key in asked_for])
            place = end
        yield score(one, answers, keys)


def _steadied(scored: Sequence[Scored]) -> Iterator[Scored]:
    """Yield what came of each task; of one put another way, with how much that changed."""
    by_task = {one.record.id: one for one in scored}
    for one in scored:
        plain = by_task.get(one.record.id.rpartition("@")[0])
        made = (
            stability(plain.samples, one.samples, moved=varied(one.record.id)[1].moves)
            if plain
            else None
        )
        if made is None:
            yield one
            continue
        record = msgspec.structs.replace(one.record, metrics=(*one.record.metrics, made))
        yield msgspec.structs.replace(one, record=record)


def _first_reason(all_asked: Sequence[Asked]) -> str:
    return next((one.skipped[0].reason for one in all_asked if one.skipped), "")


def testified(dossier: Dossier, run: Run, policy: Policy) -> Dossier:
    """Return a dossier with what a run claims of its subject, judged.

    Args:
        dossier: What is known of the subject.
        run: What came of running it.
        policy: Judges all of the evidence.
    """
    evidence = {item.id: item for item in dossier.evidence}
    found = list(claims(run))
    found += [
        (source, Fact(name=COMPLETED, value=source.probe))
        for source in {source.probe: source for source, _ in found}.values()
    ]
    for source, claim in found:
        item = witness(run.subject, claim, source, run.at)
        evidence.setdefault(item.id, item)
    items = tuple(evidence.values())
    return msgspec.structs.replace(dossier, evidence=items, verdict=policy.judge(counting(items)))
