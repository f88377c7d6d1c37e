# SPDX-License-Identifier: Apache-2.0
"""Two runs side by side: may they be compared, what differs, and is it more than chance."""

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from steelyard.core.digest import Digest
from steelyard.core.errors import UsageError
from steelyard.core.policy import Outcome
from steelyard.evals.record import Run, SampleRecord, TaskRecord
from steelyard.evals.statistics.families import holm
from steelyard.evals.statistics.paired import Difference, difference
from steelyard.evals.statistics.sequential import e_value, settled_after

SCHEMA: Literal["steelyard.comparison/1"] = "steelyard.comparison/1"

Aspect = Literal["task", "data", "samples", "tokens", "tokenizer", "engine", "numerics"]
MAY_DIFFER: tuple[Aspect, ...] = ("tokens", "tokenizer", "engine", "numerics")
"""What a person may allow to differ; other tasks, data or samples are no comparison at all."""

ALPHA = 0.05


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


Recorded = tuple[Run, Sequence[SampleRecord]]


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
    shared = _shared(old[0], new[0])
    differs = tuple(_differs(old[0], new[0], shared))
    refused = [one for one in differs if one.what not in MAY_DIFFER or one.what not in despite]
    if refused:
        raise _refusal(refused, _asked_otherwise(old[0], new[0]))
    rows = list(_rows(old, new, shared))
    if not rows:
        raise UsageError("no metric has scores for each sample in both runs")
    rows = _adjusted(rows)
    same = (old[0].subject, old[0].card) == (new[0].subject, new[0].card)
    names = _told_apart(old[0], new[0])
    if margin is not None:
        rows = [
            msgspec.structs.replace(
                row, outcome=Outcome.PASS if same and not row.flips else gate(row, margin)
            )
            for row in rows
        ]
    outcomes = [row.outcome for row in rows if row.outcome is not None]
    everything = {task.id for run in (old[0], new[0]) for task in run.tasks}
    return Comparison(
        old=names[0],
        new=names[1],
        same=same,
        differs=differs,
        margin=margin,
        rows=tuple(rows),
        missing=tuple(sorted(everything - {task.id for task, _ in shared})),
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


def _shared(old: Run, new: Run) -> list[tuple[TaskRecord, TaskRecord]]:
    known = {task.id: task for task in old.tasks if not task.members}
    shared = [(known[task.id], task) for task in new.tasks if task.id in known]
    if not shared:
        raise UsageError(
            "the two runs have no task in common", hint="run the same --task on both models"
        )
    return shared


def _differs(
    old: Run, new: Run, shared: Sequence[tuple[TaskRecord, TaskRecord]]
) -> Iterator[Differs]:
    for one, other in shared:
        aspects: tuple[Aspect, ...] = ("task", "data", "samples", "tokens")
        for what in aspects:
            before, after = getattr(one, what), getattr(other, what)
            if before != after:
                yield Differs(what=what, task=one.id, old=before, new=after)
                break  # what follows from it differs as well
    if old.card.tokenizer != new.card.tokenizer:
        yield Differs(what="tokenizer", old=old.card.tokenizer, new=new.card.tokenizer)
    if old.card.engine != new.card.engine:
        yield Differs(what="engine", old=old.card.engine, new=new.card.engine)
    elif old.card.numerics != new.card.numerics:
        yield Differs(what="numerics", old=_pairs(old, new), new=_pairs(new, old))


def _pairs(run: Run, other: Run) -> str:
    """Return the numerics of a run that another has otherwise."""
    theirs = other.card.numerics
    own = sorted(run.card.numerics.items())
    return ", ".join(f"{key}={value}" for key, value in own if theirs.get(key) != value) or "none"


def _told_apart(old: Run, new: Run) -> tuple[str, str]:
    """Return the names of two models, with their digests where they have the same name."""
    if old.name != new.name or old.subject == new.subject:
        return old.name, new.name
    return f"{old.name} ({old.subject[7:19]})", f"{new.name} ({new.subject[7:19]})"


def _asked_otherwise(old: Run, new: Run) -> str:
    """Return which settings of two runs are not alike: the usual reason for other samples."""
    return ", ".join(
        f"{name.replace('_', '-')} ({old.settings.get(name, 'no')} against"
        f" {new.settings.get(name, 'no')})"
        for name in sorted({*old.settings, *new.settings})
        if old.settings.get(name) != new.settings.get(name)
    )


def _refusal(refused: Sequence[Differs], settings: str) -> UsageError:
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


def _rows(
    old: Recorded, new: Recorded, shared: Sequence[tuple[TaskRecord, TaskRecord]]
) -> Iterator[Row]:
    before, after = _by_task(old[1]), _by_task(new[1])
    for task, other in shared:
        known = {sample.sample: sample for sample in before.get(task.id, ())}
        pairs = [
            (known[sample.sample], sample)
            for sample in after.get(task.id, ())
            if sample.sample in known
        ]
        directions = {metric.name: metric.higher_is_better for metric in other.metrics}
        for name, better in directions.items():
            scored = [(a, b) for a, b in pairs if name in a.scores and name in b.scores]
            if scored:
                yield _row(task.id, name, scored, higher_is_better=better)


def _row(
    task: str,
    metric: str,
    pairs: Sequence[tuple[SampleRecord, SampleRecord]],
    *,
    higher_is_better: bool,
) -> Row:
    old = [before.scores[metric] for before, _ in pairs]
    new = [after.scores[metric] for _, after in pairs]
    clusters = [after.cluster or after.sample for _, after in pairs]
    found = difference(old, new, clusters)
    in_order = sorted(pairs, key=lambda pair: pair[1].sample)
    return Row(
        task=task,
        metric=metric,
        old=round(sum(old) / len(old), 7),
        new=round(sum(new) / len(new), 7),
        difference=found,
        higher_is_better=higher_is_better,
        adjusted=1.0,
        evidence=round(e_value(found.better, found.worse), 4),
        settled=settled_after((a.scores[metric], b.scores[metric]) for a, b in in_order),
        says="same",
        flips=tuple(_flips(metric, pairs, higher_is_better=higher_is_better)),
    )


def _flips(
    metric: str, pairs: Sequence[tuple[SampleRecord, SampleRecord]], *, higher_is_better: bool
) -> Iterator[Flip]:
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
