# SPDX-License-Identifier: Apache-2.0
"""The metrics of one task, as its `metric_list` names them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from steelyard.core.errors import MalformedError
from steelyard.evals.metrics.aggregate import AGGREGATIONS
from steelyard.evals.metrics.names import DEFAULTS, METRICS
from steelyard.evals.tasks.config import TaskConfig
from steelyard.evals.tasks.function import Function

_NO_ARGUMENTS = frozenset({"metric", "aggregation", "higher_is_better", "hf_evaluate"})


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """A metric of a task.

    Attributes:
        name: As results show it.
        aggregation: Name of how values of samples become one, or a function that does it.
        higher_is_better: Which way is better.
        function: What computes it, where the task names a function.
        arguments: What else the task says of it, such as `ignore_case`.
    """

    name: str
    aggregation: str | Function
    higher_is_better: bool
    function: Function | None = None
    arguments: Mapping[str, Any] = {}


def metrics_of(config: TaskConfig) -> tuple[Metric, ...]:
    """Return the metrics of a task; where it names none, those of its kind of output.

    Raises:
        MalformedError: A metric or an aggregation is unknown.
    """
    if config.metric_list is None:
        return tuple(
            Metric(
                name=name,
                aggregation=METRICS[name].aggregation,
                higher_is_better=METRICS[name].higher_is_better,
            )
            for name in DEFAULTS[config.output_type]
        )
    return tuple(_metric(said, config) for said in config.metric_list)


def _metric(said: Mapping[str, Any], config: TaskConfig) -> Metric:
    named = said["metric"]
    function = named if isinstance(named, Function) else None
    name = function.attribute if function else str(named)
    known = METRICS.get(name)
    if known is None and function is None and config.process_results is None:
        raise MalformedError(
            f"task '{config.task}': there is no metric {name!r}; there are {', '.join(METRICS)}"
        )
    if said.get("hf_evaluate") is True and _computed_by_name(config):
        raise MalformedError(
            f"task '{config.task}': the metric {name!r} is a program on the hub, which is not run"
        )
    aggregation = said.get("aggregation") or (known.aggregation if known else "mean")
    if not isinstance(aggregation, Function) and aggregation not in AGGREGATIONS:
        raise MalformedError(
            f"task '{config.task}': there is no aggregation {aggregation!r};"
            f" there are {', '.join(AGGREGATIONS)}"
        )
    better = said.get("higher_is_better")
    return Metric(
        name=name,
        aggregation=aggregation,
        higher_is_better=(known is None or known.higher_is_better)
        if better is None
        else bool(better),
        function=function,
        arguments={key: value for key, value in said.items() if key not in _NO_ARGUMENTS},
    )


def _computed_by_name(config: TaskConfig) -> bool:
    """Tell whether lm-eval computes a metric with what its name stands for.

    It does for texts that were written. What a choice scores it computes itself, and whatever
    `hf_evaluate` names is fetched there and never called.
    """
    return config.output_type == "generate_until" and config.process_results is None
