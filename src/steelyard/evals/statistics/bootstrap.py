# SPDX-License-Identifier: Apache-2.0
"""Intervals of scores that are no mean, such as perplexity or F1."""

import math
import random
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from steelyard.evals.statistics.intervals import CONFIDENCE

_SEED = 1927
_WORK = 2_000_000  # values that are aggregated at most, over all replicates
_MOST, _LEAST = 400, 40  # replicates


def bootstrap(
    values: Sequence[Any],
    statistic: Callable[[Sequence[Any]], float],
    clusters: Sequence[Hashable],
) -> tuple[float, float, float] | None:
    """Return the 95 % interval of a statistic and its standard error, drawing whole clusters.

    Args:
        values: What the statistic is taken of, one an item.
        statistic: Of some of the values; what it gives that is no number is left out.
        clusters: To which group each item belongs.

    Returns:
        (low, high, error), the same at every run; None where there are fewer than two groups or
        the statistic is no number.

    Source:
        Efron 1979, Annals of Statistics 7(1), 1-26: the percentile interval. Drawing clusters:
        Davison and Hinkley 1997, section 3.8.
    """
    groups: dict[Hashable, list[Any]] = {}
    for value, cluster in zip(values, clusters, strict=True):
        groups.setdefault(cluster, []).append(value)
    if len(groups) < 2:
        return None
    chance = random.Random(_SEED)  # noqa: S311 - no secret, and the same at every run
    pool = list(groups.values())
    found = []
    for _ in range(max(_LEAST, min(_MOST, _WORK // max(len(values), 1)))):
        drawn = [value for group in chance.choices(pool, k=len(pool)) for value in group]
        made = statistic(drawn)
        if math.isfinite(made):
            found.append(made)
    if len(found) < 2:
        return None
    found.sort()
    tail = (1 - CONFIDENCE) / 2
    low, high = (_quantile(found, share) for share in (tail, 1 - tail))
    mean = math.fsum(found) / len(found)
    error = math.sqrt(math.fsum((one - mean) ** 2 for one in found) / (len(found) - 1))
    return low, high, error


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
