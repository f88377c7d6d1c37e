# SPDX-License-Identifier: Apache-2.0
"""Scores of tasks that were asked in part, because something was settled: intervals that still hold."""

import math
from collections.abc import Iterator, Sequence

import msgspec

from steelyard.core.digest import Digest
from steelyard.evals.contests import bond, is_share, largest_bond
from steelyard.evals.record import Metric, SampleRecord, TaskRecord, Whole, merkle_root
from steelyard.evals.scoring import Asked, Scored
from steelyard.evals.statistics.betting import Bounds, interval, totals

_EXACT = 1e-6


def whole_of(asked: Asked, keys: Iterator[Sequence[Digest]]) -> Whole:
    """Return what a task is as a whole.

    Args:
        asked: The task with all of its samples.
        keys: For each of its requests, in order, what names the token ids; no more of them are
            taken.
    """
    leaves = [
        "".join(key for _ in sample.requests for key in next(keys)).encode()
        for sample in asked.samples
    ]
    return Whole(
        samples=merkle_root(sample.digest.encode() for sample in asked.samples),
        tokens=merkle_root(leaves),
        n=len(asked.samples),
        largest=largest_bond(map(bond, asked.samples)),
    )


def whole_of_group(members: Sequence[tuple[Asked, Whole]]) -> Whole:
    """Return what a group is as a whole, from its tasks."""
    return Whole(
        samples=merkle_root(whole.samples.encode() for _, whole in members),
        tokens=merkle_root(whole.tokens.encode() for _, whole in members),
        n=sum(whole.n for _, whole in members),
        largest=largest_bond(bond(sample) for one, _ in members for sample in one.samples),
    )


def in_part(found: Scored, whole: Whole) -> Scored:
    """Return what came of a part of a task, with intervals that hold although one looked and stopped.

    Args:
        found: What came of the samples that were asked.
        whole: All of the task.
    """
    record = _with_intervals(found.record, found.samples, whole)
    return msgspec.structs.replace(found, record=record)


def group_in_part(record: TaskRecord, members: Sequence[Scored], whole: Whole) -> TaskRecord:
    """Return the scores of a group of which a part was asked; see `in_part`."""
    mine = [one.samples for one in members if one.record.id in record.members]
    return _with_intervals(record, [sample for some in mine for sample in some], whole)


def _with_intervals(
    record: TaskRecord, samples: Sequence[SampleRecord], whole: Whole
) -> TaskRecord:
    metrics = tuple(_anytime(metric, samples, whole.largest) for metric in record.metrics)
    return msgspec.structs.replace(record, metrics=metrics, whole=whole)


def _anytime(metric: Metric, samples: Sequence[SampleRecord], largest: int) -> Metric:
    """Return a metric with the interval that holds at any time; with none where it has no such."""
    having = [sample for sample in samples if metric.name in sample.scores]
    scores = [sample.scores[metric.name] for sample in having]
    low = high = metric.value
    if is_mean(metric, scores) and is_share(metric.name) and 0 <= min(scores) <= max(scores) <= 1:
        seen = totals(scores, [sample.bond for sample in having])
        low, high = interval(seen, Bounds(low=0, high=1, largest=largest))
    return msgspec.structs.replace(
        metric, low=min(low, metric.value), high=max(high, metric.value), error=None
    )


def is_mean(metric: Metric, scores: Sequence[float]) -> bool:
    """Tell whether a metric is the mean of some scores."""
    return bool(scores) and math.isclose(
        metric.value, math.fsum(scores) / len(scores), abs_tol=_EXACT
    )
