# SPDX-License-Identifier: Apache-2.0
"""What a dossier says of a model's scores: what was measured of its behaviour, by task and metric."""

from collections.abc import Iterator, Sequence

import msgspec

from steelyard.core.claim import Measurement
from steelyard.core.dossier import Dossier
from steelyard.evals.claims import PROBE
from steelyard.report.summary.amounts import score
from steelyard.report.summary.forest import Forest, Point, forest
from steelyard.report.summary.groups import claims
from steelyard.report.summary.text import shown

_DRAWN = 1e9  # values beyond are told, and not drawn


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """A metric of a task, as it was measured with one engine.

    Attributes:
        task: Id of the task; nothing in it is hidden.
        metric: Name of the metric.
        engine: What ran the model, and how it computes.
        value: The estimate.
        low: Lower end of its 95 % interval.
        high: Upper end.
        n: How many samples.
    """

    task: str
    metric: str
    engine: str
    value: float
    low: float
    high: float
    n: int

    @property
    def interval(self) -> str:
        """Return the interval in words; empty where it has no width."""
        return f"{score(self.low)} to {score(self.high)}" if self.low != self.high else ""

    @property
    def words(self) -> str:
        """Return value, interval and number of samples in one line."""
        rest = ", ".join(filter(None, (self.interval, f"n {self.n:,}")))
        return f"{score(self.value)} ({rest})"

    @property
    def cells(self) -> tuple[str, ...]:
        """Return a row of a table: task, metric, score, interval, samples."""
        return (self.task, self.metric, score(self.value), self.interval, f"{self.n:,}")


COLUMNS = ("Task", "Metric", "Score", "95 % interval", "n")
"""Heads of the cells of a score."""


def scores(dossier: Dossier) -> Iterator[Score]:
    """Yield the scores, in the order they were measured."""
    for item, claim in claims(dossier, Measurement):
        if item.source.probe != PROBE:
            continue
        task, _, metric = claim.metric.rpartition(".")
        yield Score(
            task=shown(task) or "task",
            metric=shown(metric),
            engine=shown(item.source.engine or ""),
            value=claim.value,
            low=claim.low,
            high=claim.high,
            n=claim.n,
        )


def engines(found: Sequence[Score]) -> tuple[str, ...]:
    """Return the engines that scores were measured with, each once."""
    return tuple(dict.fromkeys(one.engine for one in found if one.engine))


def plots(found: Sequence[Score]) -> tuple[Forest, ...]:
    """Return a forest plot for each metric; of several engines each has its row."""
    several = len(engines(found)) > 1
    by_metric: dict[str, list[Point]] = {}
    for one in found:
        if max(abs(one.value), abs(one.low), abs(one.high)) <= _DRAWN:
            label = f"{one.task}, {one.engine}" if several else one.task
            point = Point(
                label=label, written=one.words, value=one.value, low=one.low, high=one.high
            )
            by_metric.setdefault(one.metric, []).append(point)
    return tuple(
        forest(
            f"scores-{number}",
            f"{metric}, with 95 % intervals",
            "; ".join(f"{point.label} {point.written}" for point in points[:10]),
            points,
        )
        for number, (metric, points) in enumerate(by_metric.items())
    )
