# SPDX-License-Identifier: Apache-2.0
"""Groups of tasks, and their metrics out of those of their members.

Semantics: `aggregate_metric_list` of lm-eval 0.4.13.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from steelyard.core.errors import MalformedError
from steelyard.evals.tasks.function import Function

_NONE = "none"


class GroupMetric(msgspec.Struct, frozen=True, kw_only=True):
    """How a metric of a group is made.

    Attributes:
        metric: Its name, as in the members.
        filters: Names of filters; empty takes every filter that a member has.
        weighted: Whether members count by their questions, or all alike.
    """

    metric: str
    filters: tuple[str, ...] = ()
    weighted: bool = True


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks that are asked for by one name.

    Attributes:
        name: Of the group.
        alias: What tables call it.
        version: Version in its file, empty where there is none.
        tasks: Ids of all its tasks, those of groups in it included.
        metrics: What is made of theirs; nothing for a group that only sorts.
    """

    name: str
    alias: str
    version: str
    tasks: tuple[str, ...]
    metrics: tuple[GroupMetric, ...]

    def aggregate(
        self, results: Mapping[str, Mapping[str, tuple[float, int]]]
    ) -> Iterator[tuple[str, float, int]]:
        """Yield the group's metrics as (`metric,filter`, value, questions).

        Args:
            results: Value and number of questions, by task and `metric,filter`.
        """
        mine = [results[task] for task in self.tasks if task in results]
        for each in self.metrics:
            filters = each.filters or _filters(each.metric, mine)
            for name in (f"{each.metric},{one}" for one in filters):
                found = [values[name] for values in mine if name in values]
                weights = [count if each.weighted else 1 for _, count in found]
                if sum(weights):
                    total = sum(v * w for (v, _), w in zip(found, weights, strict=True))
                    yield name, total / sum(weights), sum(count for _, count in found)


def _filters(metric: str, results: Sequence[Mapping[str, Any]]) -> list[str]:
    names = (name.partition(",") for values in results for name in values)
    return sorted({filtered for first, _, filtered in names if first == metric})


def group_metrics(said: object, where: str) -> tuple[GroupMetric, ...]:
    """Return the metrics that a group's file names.

    A function in place of `mean` is known and not called, as lm-eval 0.4.13 does not call it.

    Raises:
        MalformedError: An entry names no metric, or another aggregation than the mean.
    """
    if said is None:
        return ()
    entries = [said] if isinstance(said, dict) else said
    if not isinstance(entries, list):
        raise MalformedError(f"'{where}' key 'aggregate_metric_list': must be a list")
    return tuple(_group_metric(entry, where) for entry in entries)


def _group_metric(entry: object, where: str) -> GroupMetric:
    metric = entry.get("metric") if isinstance(entry, dict) else None
    name = metric.attribute if isinstance(metric, Function) else metric
    if not isinstance(entry, dict) or not isinstance(name, str):
        raise MalformedError(f"'{where}' key 'aggregate_metric_list': an entry has no 'metric'")
    how = entry.get("aggregation", "mean")
    if how != "mean" and not isinstance(how, Function):
        raise MalformedError(
            f"'{where}' key 'aggregate_metric_list': only 'mean' is known, not {how!r}"
        )
    filters = entry.get("filter_list") or ()
    return GroupMetric(
        metric=name,
        filters=(filters,) if isinstance(filters, str) else tuple(map(str, filters)),
        weighted=entry.get("weight_by_size", True) is not False,
    )
