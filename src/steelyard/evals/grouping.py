# SPDX-License-Identifier: Apache-2.0
"""Tasks that are scored together: a metric over all samples of a group, or over its tasks."""

import math
from collections.abc import Iterator, Sequence

from steelyard.core.digest import digest_of
from steelyard.evals.record import Metric, TaskRecord, merkle_root
from steelyard.evals.scoring import Scored
from steelyard.evals.statistics.intervals import estimate, t_quantile
from steelyard.evals.tasks.group import Group, GroupMetric

_EXACT = 7  # decimal places
_NONE = "none"


def grouped(group: Group, scored: Sequence[Scored]) -> TaskRecord | None:
    """Return the scores of a group from those of its tasks; None for a group that only sorts.

    Weighed by samples, it is the mean over all samples, with their clusters; else the mean over
    tasks, whose standard errors add up as those of independent means.
    """
    members = [one for one in scored if one.record.id in group.tasks]
    if not group.metrics or not members:
        return None
    return TaskRecord(
        id=group.name,
        version=group.version,
        task=digest_of([one.record.task for one in members]),
        data=digest_of([one.record.data for one in members]),
        samples=merkle_root(one.record.samples.encode() for one in members),
        tokens=merkle_root(one.record.tokens.encode() for one in members),
        metrics=tuple(metric for wanted in group.metrics for metric in _metrics(wanted, members)),
        n=sum(one.record.n for one in members),
        rows=sum(one.record.rows for one in members),
        members=tuple(one.record.id for one in members),
    )


def _metrics(wanted: GroupMetric, members: Sequence[Scored]) -> Iterator[Metric]:
    """Yield a metric of a group, once for each filter that it is known behind."""
    found = dict.fromkeys(metric.name for one in members for metric in one.record.metrics)
    for name in found:
        plain, _, filtered = name.partition(",")
        if plain == wanted.metric and (not wanted.filters or (filtered or _NONE) in wanted.filters):
            made = _over_samples(name, members) if wanted.weighted else None
            yield made or _over_tasks(name, members, weighted=wanted.weighted)


def _over_samples(name: str, members: Sequence[Scored]) -> Metric | None:
    """Return the mean over all samples; None where the metric is no mean of theirs."""
    values, clusters = [], []
    for one in members:
        metric = next((m for m in one.record.metrics if m.name == name), None)
        scores = [sample.scores[name] for sample in one.samples if name in sample.scores]
        if metric is None:
            continue
        if not scores or not math.isclose(
            metric.value, math.fsum(scores) / len(scores), abs_tol=1e-6
        ):
            return None
        values += scores
        clusters += [s.cluster or s.sample for s in one.samples if name in s.scores]
    made = estimate(values, clusters)
    return Metric(
        name=name,
        value=made.value,
        low=made.low,
        high=made.high,
        n=made.n,
        error=made.error,
        higher_is_better=_direction(name, members),
    )


def _over_tasks(name: str, members: Sequence[Scored], *, weighted: bool) -> Metric:
    found = [metric for one in members for metric in one.record.metrics if metric.name == name]
    weights = [float(metric.n) if weighted else 1.0 for metric in found]
    total = math.fsum(weights)
    value = math.fsum(w * m.value for w, m in zip(weights, found, strict=True)) / total
    errors = [metric.error for metric in found if metric.error is not None]
    known = len(errors) == len(found)
    error = (
        math.sqrt(math.fsum((w * e) ** 2 for w, e in zip(weights, errors, strict=True))) / total
        if known
        else None
    )
    n = sum(metric.n for metric in found)
    half = t_quantile(0.975, max(1, n - len(found))) * error if error is not None else 0.0
    return Metric(
        name=name,
        value=round(value, _EXACT),
        low=round(value - half, _EXACT),
        high=round(value + half, _EXACT),
        n=n,
        error=None if error is None else round(error, _EXACT),
        higher_is_better=_direction(name, members),
    )


def _direction(name: str, members: Sequence[Scored]) -> bool:
    return all(
        metric.higher_is_better
        for one in members
        for metric in one.record.metrics
        if metric.name == name
    )
