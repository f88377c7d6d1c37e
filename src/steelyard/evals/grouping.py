# SPDX-License-Identifier: Apache-2.0
"""Tasks that are scored together: a metric over all samples of a group, or over its tasks."""

import math
from collections.abc import Sequence

import msgspec

from steelyard.core.digest import digest_of
from steelyard.evals.record import Metric, TaskRecord, merkle_root
from steelyard.evals.scoring import Scored
from steelyard.evals.statistics.intervals import estimate, t_quantile

_EXACT = 7  # decimal places


class Grouped(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks that are scored together.

    Attributes:
        id: Name of the group.
        version: Its version.
        members: Names of its tasks.
        metrics: Pairs of a metric's name and whether tasks weigh by their samples (lm-eval's
            `weight_by_size`); none for every metric that all of its tasks have, weighed so.
    """

    id: str
    version: str = ""
    members: tuple[str, ...]
    metrics: tuple[tuple[str, bool], ...] = ()


def grouped(group: Grouped, scored: Sequence[Scored]) -> TaskRecord:
    """Return the scores of a group from those of its tasks.

    Weighed by samples, it is the mean over all samples, with their clusters; else the mean over
    tasks, whose standard errors add up as those of independent means.
    """
    members = [one for one in scored if one.record.id in group.members]
    wanted = group.metrics or tuple((name, True) for name in _common(members))
    return TaskRecord(
        id=group.id,
        version=group.version,
        task=digest_of([one.record.task for one in members]),
        data=digest_of([one.record.data for one in members]),
        samples=merkle_root(one.record.samples.encode() for one in members),
        tokens=merkle_root(one.record.tokens.encode() for one in members),
        metrics=tuple(
            made
            for name, by_size in wanted
            if (made := _over_samples(name, members) if by_size else _over_tasks(name, members))
        ),
        n=sum(one.record.n for one in members),
        rows=sum(one.record.rows for one in members),
        members=tuple(one.record.id for one in members),
    )


def _common(members: Sequence[Scored]) -> list[str]:
    """Return the metrics that all tasks have, as the first one orders them."""
    names = [[metric.name for metric in one.record.metrics] for one in members]
    return [name for name in (names[0] if names else []) if all(name in some for some in names)]


def _over_samples(name: str, members: Sequence[Scored]) -> Metric | None:
    values, clusters = [], []
    for one in members:
        for sample in one.samples:
            if name in sample.scores:
                values.append(sample.scores[name])
                clusters.append(sample.cluster or sample.sample)
    if not values:
        return _over_tasks(name, members)
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


def _over_tasks(name: str, members: Sequence[Scored]) -> Metric | None:
    found = [metric for one in members for metric in one.record.metrics if metric.name == name]
    if not found:
        return None
    value = math.fsum(metric.value for metric in found) / len(found)
    known = all(metric.error is not None for metric in found)
    error = math.sqrt(math.fsum((metric.error or 0.0) ** 2 for metric in found)) / len(found)
    n = sum(metric.n for metric in found)
    half = t_quantile(0.975, max(1, n - len(found))) * error if known else 0.0
    return Metric(
        name=name,
        value=round(value, _EXACT),
        low=round(value - half, _EXACT),
        high=round(value + half, _EXACT),
        n=n,
        error=round(error, _EXACT) if known else None,
        higher_is_better=_direction(name, members),
    )


def _direction(name: str, members: Sequence[Scored]) -> bool:
    return all(
        metric.higher_is_better
        for one in members
        for metric in one.record.metrics
        if metric.name == name
    )
