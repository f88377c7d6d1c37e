# SPDX-License-Identifier: Apache-2.0
"""May two runs be compared: what has to be the same, and what a person may let differ."""

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from steelyard.core.engine import Card
from steelyard.core.errors import UsageError
from steelyard.evals.record import Run, SampleRecord, TaskRecord

Aspect = Literal["task", "data", "samples", "tokens", "tokenizer", "engine", "numerics"]
MAY_DIFFER: tuple[Aspect, ...] = ("tokens", "tokenizer", "engine", "numerics")
"""What a person may allow to differ; other tasks, data or samples are no comparison at all."""

Recorded = tuple[Run, Sequence[SampleRecord]]


class Differs(msgspec.Struct, frozen=True, kw_only=True):
    """Something in which two runs are not alike.

    Attributes:
        what: In which respect.
        task: Of which task; empty where it is of the whole run.
        old: What it is in the old run.
        new: And in the new.
    """

    what: Aspect
    task: str = ""
    old: str
    new: str


def refuse_unlike(
    old: Run,
    card: Card,
    tasks: Sequence[TaskRecord],
    settings: Mapping[str, str],
    despite: Container[str] = (),
) -> tuple[Differs, ...]:
    """Return in what a run may be unlike another and still be compared with it.

    Of a task that was asked in part it is all of the task that has to be the same.

    Args:
        old: The run to compare with.
        card: Of the engine of the new one.
        tasks: What the new one asks.
        settings: With which settings.
        despite: Aspects of `MAY_DIFFER` that may differ.

    Raises:
        UsageError: They have no task in common, or differ in what they may not.
    """
    differs = tuple(_differs(old.card, card, shared_tasks(old, tasks)))
    refused = [one for one in differs if one.what not in MAY_DIFFER or one.what not in despite]
    if refused:
        raise _refusal(refused, _asked_otherwise(old.settings, settings))
    return differs


def shared_tasks(old: Run, new: Sequence[TaskRecord]) -> list[tuple[TaskRecord, TaskRecord]]:
    """Return the tasks that both runs have, as they stand in either.

    Raises:
        UsageError: There are none.
    """
    known = {task.id: task for task in old.tasks if not task.members}
    shared = [(known[task.id], task) for task in new if task.id in known]
    if not shared:
        raise UsageError(
            "the two runs have no task in common", hint="run the same --task on both models"
        )
    return shared


def _differs(
    old: Card, new: Card, shared: Sequence[tuple[TaskRecord, TaskRecord]]
) -> Iterator[Differs]:
    for one, other in shared:
        aspects: tuple[Aspect, ...] = ("task", "data", "samples", "tokens")
        for what in aspects:
            before, after = _of_all(one, what), _of_all(other, what)
            if before != after:
                yield Differs(what=what, task=one.id, old=before, new=after)
                break  # what follows from it differs as well
    if old.tokenizer != new.tokenizer:
        yield Differs(what="tokenizer", old=old.tokenizer, new=new.tokenizer)
    if old.engine != new.engine:
        yield Differs(what="engine", old=old.engine, new=new.engine)
    elif old.numerics != new.numerics:
        yield Differs(what="numerics", old=_pairs(old, new), new=_pairs(new, old))


def _of_all(task: TaskRecord, what: Aspect) -> str:
    """Return an aspect of a task as a whole, of which a part may have been asked."""
    if task.whole is not None and what in ("samples", "tokens"):
        return task.whole.samples if what == "samples" else task.whole.tokens
    return str(getattr(task, what))


def refuse_other_parts(old: Recorded, new: Recorded) -> None:
    """Refuse parts of tasks that were not drawn from the same samples in the same order.

    Raises:
        UsageError: Both runs stopped early, in other orders; or a part has samples that the other
            run, which asked all, does not have.
    """
    one, other = old[0].stopping, new[0].stopping
    if one is not None and other is not None and one.seed != other.seed:
        raise _refusal([Differs(what="samples", old=f"seed {one.seed}", new=f"seed {other.seed}")])
    for parts, all_of in ((old, new), (new, old)):
        asked = {(sample.task, sample.sample) for sample in all_of[1]}
        whole = {task.id for task in all_of[0].tasks if task.whole is None and not task.members}
        for task in parts[0].tasks:
            mine = [s for s in parts[1] if s.task == task.id] if task.whole is not None else []
            if task.id in whole and any((task.id, s.sample) not in asked for s in mine):
                raise _refusal([Differs(what="samples", task=task.id, old="all", new="others")])


def _pairs(card: Card, other: Card) -> str:
    """Return the numerics of an engine that another has otherwise."""
    theirs = other.numerics
    own = sorted(card.numerics.items())
    return ", ".join(f"{key}={value}" for key, value in own if theirs.get(key) != value) or "none"


def _asked_otherwise(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """Return which settings of two runs are not alike: the usual reason for other samples."""
    return ", ".join(
        f"{name.replace('_', '-')} ({old.get(name, 'no')} against {new.get(name, 'no')})"
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    )


def _refusal(refused: Sequence[Differs], settings: str = "") -> UsageError:
    said = "; ".join(
        f"{one.what} of {one.task}" if one.task else f"{one.what} ({one.old} against {one.new})"
        for one in refused[:4]
    )
    said += f"; and {len(refused) - 4:,} more" if len(refused) > 4 else ""
    said += f"; they were run with other settings: {settings}" if settings else ""
    allowed = sorted({one.what for one in refused if one.what in MAY_DIFFER})
    fixed = sorted({one.what for one in refused if one.what not in MAY_DIFFER})
    hint = (
        f"run both on the same {', '.join(fixed)}: the same task files, data, --limit, examples and --chat"
        if fixed
        else f"if that is what you want to compare: --despite {','.join(allowed)}"
    )
    return UsageError(f"the runs cannot be compared: they differ in {said}", hint=hint)
