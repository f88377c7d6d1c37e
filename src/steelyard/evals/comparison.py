# SPDX-License-Identifier: Apache-2.0
"""Two runs side by side: may they be compared, what differs, and is it more than chance."""

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from steelyard.core.digest import Digest
from steelyard.core.errors import UsageError
from steelyard.core.policy import Outcome
from steelyard.evals.comparability import (
    Differs,
    Recorded,
    refuse_other_parts,
    refuse_unlike,
    shared_tasks,
)
from steelyard.evals.contests import is_share
from steelyard.evals.partial import is_mean
from steelyard.evals.record import Metric, Run, SampleRecord, TaskRecord, Whole
from steelyard.evals.statistics.families import holm
from steelyard.evals.statistics.paired import Difference, at_any_time, difference
from steelyard.evals.statistics.sequential import e_value, settled_after

SCHEMA: Literal["steelyard.comparison/1"] = "steelyard.comparison/1"

ALPHA = 0.05


class Flip(msgspec.Struct, frozen=True, kw_only=True):
    """A sample that one model got right and the other wrong."""

    index: int
    sample: Digest
    old: float
    new: float


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of one task in both runs.

    Attributes:
        task: Id of the task.
        metric: Name of the metric.
        old: Score of the old model.
        new: Score of the new one.
        difference: New less old, over the same samples, in the metric's own direction.
        higher_is_better: Whether more is better.
        adjusted: p over all rows (Holm): McNemar's exact one where it applies, else Student's.
        evidence: e-value of the samples that changed; 20 and more settles it whenever one looks.
        settled: After how many samples, in the order of their digests, it was settled; None where
            it was not.
        says: `better` | `worse` | `same` (no difference shown).
        outcome: Of the margin: pass, fail or unknown; None where no margin was set.
        flips: Samples that changed, worst first.
        members: Of a group, the tasks and groups it is the mean of; empty for a task.
        of: How many samples there are, where a run stopped early: interval and p are then such as
            hold at any time; None where all were asked.
    """

    task: str
    metric: str
    old: float
    new: float
    difference: Difference
    higher_is_better: bool
    adjusted: float
    evidence: float
    settled: int | None
    says: Literal["better", "worse", "same"]
    outcome: Outcome | None = None
    flips: tuple[Flip, ...] = ()
    members: tuple[str, ...] = ()
    of: int | None = None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two runs.

    Attributes:
        schema: Id of the document's schema.
        old: Name of the old model.
        new: Name of the new one.
        same: Whether both are the same model on the same engine and numerics.
        differs: In what the runs are not alike although they were compared.
        margin: How much worse the new one may be, as a share; None where nothing was asked.
        rows: One for each metric of each task that both runs have.
        missing: Tasks that only one of them has.
        outcome: The worst of the rows; None where no margin was set.
    """

    schema: Literal["steelyard.comparison/1"] = SCHEMA
    old: str
    new: str
    same: bool
    differs: tuple[Differs, ...]
    margin: float | None
    rows: tuple[Row, ...]
    missing: tuple[str, ...]
    outcome: Outcome | None


def compare(
    old: Recorded, new: Recorded, *, margin: float | None = None, despite: Container[str] = ()
) -> Comparison:
    """Return what differs between two runs on the same samples.

    Args:
        old: The run to compare with.
        new: The run that is compared.
        margin: How much worse a score may be, as a share (0.01 is one point); None for no gate.
        despite: Aspects of `MAY_DIFFER` that may differ.

    Raises:
        UsageError: The runs have no task in common, or differ in what they may not.
    """
    differs = refuse_unlike(old[0], new[0].card, new[0].tasks, new[0].settings, despite)
    refuse_other_parts(old, new)
    shared = shared_tasks(old[0], new[0].tasks)
    rows = [*_group_rows(old, new), *_rows(old, new, shared)]
    if not rows:
        raise UsageError("no metric has scores for each sample in both runs")
    rows = _adjusted(rows)
    same = (old[0].subject, old[0].card) == (new[0].subject, new[0].card)
    names = _told_apart(old[0], new[0])
    if margin is not None:
        rows = _gated(rows, margin, same=same)
    outcomes = [row.outcome for row in rows if row.outcome is not None]
    before, after = ({task.id for task in run.tasks} for run in (old[0], new[0]))
    return Comparison(
        old=names[0],
        new=names[1],
        same=same,
        differs=differs,
        margin=margin,
        rows=tuple(rows),
        missing=tuple(sorted(before ^ after)),
        outcome=max(outcomes, key=lambda outcome: outcome.rank) if outcomes else None,
    )


def gate(row: Row, margin: float) -> Outcome:
    """Return whether a score is no worse than by a margin.

    It passes where the whole 95 % interval lies above the margin, fails where the new model is worse
    by more than chance and by more than the margin, and is unknown where too few samples were asked.

    Source:
        Non-inferiority by a confidence interval: ICH E9, section 3.3.2.
    """
    if row.difference.clusters < 2:  # nothing can be told of a single item
        return Outcome.UNKNOWN
    sign = 1 if row.higher_is_better else -1
    low, high = sorted((sign * row.difference.low, sign * row.difference.high))
    if low >= -margin:
        return Outcome.PASS
    if high < -margin or (row.says == "worse" and sign * row.difference.value < -margin):
        return Outcome.FAIL
    return Outcome.UNKNOWN


def _gated(rows: Sequence[Row], margin: float, *, same: bool) -> list[Row]:
    """Return the rows with their outcomes; of what a group is the mean of, only what fails.

    One subject of many has too few samples to pass a margin by itself; that the mean over all of
    them passes is what is asked for. A subject that is worse beyond chance still fails.
    """
    judged = []
    for row in rows:
        alike = same and not row.difference.better and not row.difference.worse
        outcome: Outcome | None = Outcome.PASS if alike else gate(row, margin)
        spoken_for = any(
            row.metric == other.metric and row.task in other.members
            for other in rows
            if row.task != other.task
        )
        if spoken_for and not (outcome is Outcome.FAIL and row.says == "worse"):
            outcome = None
        judged.append(msgspec.structs.replace(row, outcome=outcome))
    return judged


def _told_apart(old: Run, new: Run) -> tuple[str, str]:
    """Return the names of two models, with their digests where they have the same name."""
    if old.name != new.name or old.subject == new.subject:
        return old.name, new.name
    return f"{old.name} ({old.subject[7:19]})", f"{new.name} ({new.subject[7:19]})"


def _rows(
    old: Recorded, new: Recorded, shared: Sequence[tuple[TaskRecord, TaskRecord]]
) -> Iterator[Row]:
    before, after = _by_task(old[1]), _by_task(new[1])
    for one, task in shared:
        pairs = _paired(before.get(task.id, ()), after.get(task.id, ()))
        part = task if task.whole is not None else one
        for metric in task.metrics:
            scored = _scored(pairs, metric.name)
            if scored and (part.whole is None or _shares(scored, metric.name)):
                yield _row(task.id, metric, scored, whole=part.whole)


def _group_rows(old: Recorded, new: Recorded) -> Iterator[Row]:
    """Yield the metrics of groups that are means over all their samples, as of one large task."""
    before, after = _by_task(old[1]), _by_task(new[1])
    for group in new[0].tasks:
        if not group.members or not before.keys() >= set(group.members):
            continue
        pairs = [
            pair for task in group.members for pair in _paired(before[task], after.get(task, ()))
        ]
        for metric in group.metrics:
            scored = _scored(pairs, metric.name)
            whole = _whole_of(group, old[0])
            fit = whole is None or _shares(scored, metric.name)
            if fit and is_mean(metric, [b.scores[metric.name] for _, b in scored]):
                row = _row(group.id, metric, scored, whole=whole)
                # its tasks have the samples that changed
                yield msgspec.structs.replace(row, members=_within(group, new[0]), flips=())


def _whole_of(group: TaskRecord, old: Run) -> Whole | None:
    before = next((task for task in old.tasks if task.id == group.id), None)
    return group.whole or (before.whole if before is not None else None)


def _within(group: TaskRecord, run: Run) -> tuple[str, ...]:
    """Return what a group is made of: its tasks, and groups of fewer of them."""
    mine = frozenset(group.members)
    return (*group.members, *(t.id for t in run.tasks if t.members and mine > set(t.members)))


Pair = tuple[SampleRecord, SampleRecord]


def _paired(old: Sequence[SampleRecord], new: Sequence[SampleRecord]) -> list[Pair]:
    known = {sample.sample: sample for sample in old}
    return [(known[sample.sample], sample) for sample in new if sample.sample in known]


def _scored(pairs: Sequence[Pair], metric: str) -> list[Pair]:
    return [(a, b) for a, b in pairs if metric in a.scores and metric in b.scores]


def _shares(scored: Sequence[Pair], metric: str) -> bool:
    """Tell whether scores are known to lie between 0 and 1, as what holds at any time needs it."""
    scores = [score for pair in scored for score in (one.scores[metric] for one in pair)]
    return is_share(metric) and 0 <= min(scores) <= max(scores) <= 1


def _row(task: str, metric: Metric, pairs: Sequence[Pair], *, whole: Whole | None) -> Row:
    name = metric.name
    old = [before.scores[name] for before, _ in pairs]
    new = [after.scores[name] for _, after in pairs]
    clusters = [after.cluster or after.sample for _, after in pairs]
    found = difference(old, new, clusters)
    if not metric.higher_is_better:
        found = msgspec.structs.replace(found, better=found.worse, worse=found.better)
    in_order = sorted(pairs, key=lambda pair: pair[1].sample)
    if whole is not None:
        bonds = [after.bond for _, after in pairs]
        found = at_any_time(found, old, new, bonds, whole.largest)
    return Row(
        task=task,
        metric=name,
        old=round(sum(old) / len(old), 7),
        new=round(sum(new) / len(new), 7),
        difference=found,
        higher_is_better=metric.higher_is_better,
        adjusted=1.0,
        evidence=round(e_value(found.better, found.worse), 4),
        settled=settled_after((a.scores[name], b.scores[name]) for a, b in in_order),
        says="same",
        flips=tuple(_flips(name, pairs, higher_is_better=metric.higher_is_better)),
        of=None if whole is None else whole.n,
    )


def _flips(metric: str, pairs: Sequence[Pair], *, higher_is_better: bool) -> Iterator[Flip]:
    changed = [
        Flip(index=b.index, sample=b.sample, old=a.scores[metric], new=b.scores[metric])
        for a, b in pairs
        if a.scores[metric] != b.scores[metric]
    ]
    sign = 1 if higher_is_better else -1
    yield from sorted(changed, key=lambda flip: (sign * (flip.new - flip.old), flip.index))


def _adjusted(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with what they say, once all of them are taken together."""
    values = [
        row.difference.p if row.difference.exact is None else _cautious(row.difference)
        for row in rows
    ]
    return [
        msgspec.structs.replace(row, adjusted=p, says=_says(row, p))
        for row, p in zip(rows, holm(values), strict=True)
    ]


def _cautious(found: Difference) -> float:
    """Return McNemar's exact p, or Student's where samples that hang together make it larger."""
    exact = 1.0 if found.exact is None else found.exact
    return max(exact, found.p) if found.clusters < found.n else exact


def _says(row: Row, p: float) -> Literal["better", "worse", "same"]:
    if p >= ALPHA:
        return "same"
    return "better" if (row.difference.value > 0) == row.higher_is_better else "worse"


def _by_task(samples: Sequence[SampleRecord]) -> Mapping[str, list[SampleRecord]]:
    found: dict[str, list[SampleRecord]] = {}
    for sample in samples:
        found.setdefault(sample.task, []).append(sample)
    return found
