# SPDX-License-Identifier: Apache-2.0
"""Intervals of a single score, over items that may hang together in clusters."""

import math
from collections.abc import Hashable, Sequence

import msgspec

CONFIDENCE = 0.95
_EXACT = 7  # decimal places; what lies behind differs between processors


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A mean with its interval.

    Attributes:
        value: The mean.
        low: Lower end of the 95 % interval.
        high: Upper end.
        n: Items.
        clusters: Groups of items that hang together; `n` where none do.
        error: Standard error of the mean; 0 where it cannot be told.
    """

    value: float
    low: float
    high: float
    n: int
    clusters: int
    error: float


def wilson(k: float, n: float, z: float = 1.959964) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion.

    Args:
        k: Successes, 0 <= k <= n; a fraction where items are weighted.
        n: Trials, above 0; an effective number where items hang together.
        z: Normal quantile; 1.959964 for 95 %.

    Returns:
        (low, high), both in [0, 1], rounded to 7 places.

    Raises:
        ValueError: n <= 0, or k outside 0..n.

    Source:
        Wilson 1927, JASA 22(158), 209-212.

    Example:
        >>> wilson(8, 10)
        (0.4901625, 0.9433178)
    """
    if n <= 0 or not 0 <= k <= n:
        raise ValueError(f"{k} of {n} is no proportion")
    share = k / n
    shrunk = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / shrunk
    half = z / shrunk * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, round(centre - half, _EXACT)), min(1.0, round(centre + half, _EXACT))


def standard_error(residuals: Sequence[float], clusters: Sequence[Hashable] | None) -> float:
    """Return the cluster-robust standard error of a mean whose residuals these are.

    Args:
        residuals: Each value less the mean; at least one.
        clusters: To which group each item belongs; None where each stands alone.

    Returns:
        The square root of g/(g-1) times the sum of the squared cluster totals, over n; 0 for a
        single cluster, of which nothing can be told.

    Source:
        Liang and Zeger 1986, Biometrika 73(1), 13-22; for scores Miller 2024, arXiv 2411.00640,
        section 2.2. The factor g/(g-1) is the usual correction for few clusters.
    """
    n = len(residuals)
    totals: dict[Hashable, float] = {}
    for index, residual in enumerate(residuals):
        key = index if clusters is None else clusters[index]
        totals[key] = totals.get(key, 0.0) + residual
    groups = len(totals)
    if groups < 2:
        return 0.0
    spread = math.fsum(total * total for total in totals.values())
    return math.sqrt(groups / (groups - 1) * spread) / n


def estimate(values: Sequence[float], clusters: Sequence[Hashable] | None = None) -> Estimate:
    """Return the mean of some scores with its 95 % interval.

    A share of right and wrong answers gets Wilson's interval, with the number of items that would
    carry as much alone where they hang together; any other mean gets Student's, which is no interval
    at all where everything hangs together.

    Args:
        values: One score an item; at least one.
        clusters: To which group each item belongs; None where each stands alone.

    Raises:
        ValueError: There are no values.

    Source:
        Wilson 1927; the effective sample size after Korn and Graubard 1998, Survey Methodology
        24(2), 193-201. Normal intervals are too short below a few hundred items: Bowyer et al.
        2025, arXiv 2503.01747.
    """
    n = len(values)
    if not n:
        raise ValueError("no values to take a mean of")
    mean = math.fsum(values) / n
    error = standard_error([value - mean for value in values], clusters)
    groups = n if clusters is None else len(set(clusters))
    if all(value in (0, 1) for value in values) or (
        groups == 1 and 0 <= min(values) <= max(values) <= 1
    ):
        # one group is as good as one item
        like = _effective(n, groups, mean, error) if groups > 1 else 1.0
        low, high = wilson(mean * like, like)
    else:
        half = t_quantile(0.5 + CONFIDENCE / 2, groups - 1) * error if groups > 1 else 0.0
        low, high = mean - half, mean + half
        if 0 <= min(values) <= max(values) <= 1:  # a mean of shares is a share
            low, high = max(0.0, low), min(1.0, high)
    return Estimate(
        value=round(mean, _EXACT),
        low=min(round(low, _EXACT), round(mean, _EXACT)),
        high=max(round(high, _EXACT), round(mean, _EXACT)),
        n=n,
        clusters=groups,
        error=round(error, _EXACT),
    )


def t_quantile(probability: float, freedom: int) -> float:
    """Return the quantile of Student's distribution.

    Args:
        probability: Above 0 and below 1.
        freedom: Degrees of freedom, at least 1.
    """
    from scipy.stats import t

    return float(t.ppf(probability, freedom))


def _effective(n: int, groups: int, share: float, error: float) -> float:
    """Return how many independent items would give this standard error; never more than n.

    That is n where each item stands alone, and the number of groups where all in a group are alike.
    """
    alone = share * (1 - share)
    if alone == 0 or error == 0:
        return float(n)
    return min(float(n), alone / (error * error) * groups / (groups - 1))
