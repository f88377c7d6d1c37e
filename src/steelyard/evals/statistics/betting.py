# SPDX-License-Identifier: Apache-2.0
"""What may be said of a mean at any time: evidence and intervals that hold whenever one stops.

A gambler bets against a claim about the mean. Were the claim true, the bets would be fair, and
capital would grow to k times what it was with probability at most 1/k, however often one looks:
capital is evidence. What stays after all claims are gone that lost too much is an interval.

Source:
    Waudby-Smith and Ramdas 2024, JRSS-B 86(1), 1-27, sections 3 and 4: capital processes, their
    hedging over both sides, and truncation; here a mixture over fixed bets, which does not depend on
    the order of what was seen. Ville 1939 for the bound.
"""

import math
from collections import Counter
from collections.abc import Hashable, Sequence

import msgspec

from steelyard.evals.statistics.intervals import CONFIDENCE

BETS = tuple(0.95 / 2**step for step in range(8))
"""Shares of the largest bet that leaves a debt to nobody; the best one is within a factor of two."""

ALPHA = round(1 - CONFIDENCE, 7)
_STEPS = 40  # halvings of the range, below what is shown by far
_EXACT = 10**7
_MOST = 700.0  # of a logarithm that can be raised again


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of values before any is seen.

    Attributes:
        low: No value is below.
        high: None is above; more than `low`.
        largest: How many values hang together at most, at least 1.
    """

    low: float
    high: float
    largest: int = 1


Totals = Counter[tuple[float, int]]
"""Clusters by the sum of their values and how many these are; each with how often it was seen."""


def totals(values: Sequence[float], clusters: Sequence[Hashable]) -> Totals:
    """Return values as totals of what hangs together.

    Args:
        values: One an item.
        clusters: To which group each item belongs.
    """
    found: dict[Hashable, list[float]] = {}
    for value, cluster in zip(values, clusters, strict=True):
        found.setdefault(cluster, []).append(value)
    return Counter((math.fsum(group), len(group)) for group in found.values())


def evidence_above(seen: Totals, mean: float, bounds: Bounds) -> float:
    """Return the e-value against the mean of all values being `mean` or less.

    The mean counts each value alike, however large its cluster. Were it `mean` or less, this would
    reach k at any time with probability at most 1/k.

    Args:
        seen: Whole clusters, drawn at random; nothing seen gives 1.
        mean: Above `bounds.low`.
        bounds: Known beforehand.

    Example:
        >>> one_better = Counter({(1.0, 1): 1})
        >>> evidence_above(one_better, 0.0, Bounds(low=-1, high=1)), 1 + sum(BETS) / len(BETS)
        (1.236572265625, 1.236572265625)
    """
    scale = bounds.largest * (mean - bounds.low)
    gains = [
        ((total - mean * size) / scale, times) for (total, size), times in sorted(seen.items())
    ]
    logs = [math.fsum(times * math.log1p(bet * gain) for gain, times in gains) for bet in BETS]
    most = max(logs)
    log = most + math.log(math.fsum(math.exp(one - most) for one in logs) / len(BETS))
    return math.exp(min(log, _MOST))


def evidence_below(seen: Totals, mean: float, bounds: Bounds) -> float:
    """Return the e-value against the mean of all values being `mean` or more; see `evidence_above`."""
    return evidence_above(_turned(seen), -mean, _turned_bounds(bounds))


def interval(seen: Totals, bounds: Bounds, alpha: float = ALPHA) -> tuple[float, float]:
    """Return the interval that holds the mean at all times at once.

    Args:
        seen: Whole clusters, drawn at random.
        bounds: Known beforehand; ends of the interval where nothing better is known.
        alpha: Probability that it ever misses the mean, at most; half of it on either side.

    Returns:
        (low, high), rounded outwards to 7 places.
    """
    low = _lowest(seen, bounds, 2 / alpha)
    high = -_lowest(_turned(seen), _turned_bounds(bounds), 2 / alpha)
    return math.floor(low * _EXACT) / _EXACT, math.ceil(high * _EXACT) / _EXACT


def _lowest(seen: Totals, bounds: Bounds, bar: float) -> float:
    """Return the least mean against which evidence stays below a bar."""
    below, above = bounds.low, bounds.high
    for _ in range(_STEPS):
        middle = (below + above) / 2
        if evidence_above(seen, middle, bounds) >= bar:  # falls as the mean rises
            below = middle
        else:
            above = middle
    return below


def _turned(seen: Totals) -> Totals:
    return Counter({(-total, size): times for (total, size), times in seen.items()})


def _turned_bounds(bounds: Bounds) -> Bounds:
    return Bounds(low=-bounds.high, high=-bounds.low, largest=bounds.largest)


def family_bar(rows: int, alpha: float = ALPHA) -> float:
    """Return what evidence has to reach, either way, where several means are looked at.

    Args:
        rows: How many means, at least 1.
        alpha: Probability that anything is said wrongly of any of them, at most.

    Source:
        Bonferroni's bound over rows and both sides, which holds for e-values however they depend on
        each other. Holm's steps would gain nothing: of the two sides of a row one is always true.
    """
    return 2 * rows / alpha
