# SPDX-License-Identifier: Apache-2.0
"""Two models on the same items: the difference, and whether it is more than chance."""

import math
from collections.abc import Hashable, Sequence

import msgspec

from steelyard.evals.statistics.betting import (
    Bounds,
    evidence_above,
    evidence_below,
    interval,
    totals,
)
from steelyard.evals.statistics.intervals import CONFIDENCE, standard_error, t_quantile
from steelyard.evals.statistics.tango import tango

_EXACT = 7  # decimal places
POWER = 0.8


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A mean difference of paired scores, new less old.

    Attributes:
        value: The mean difference.
        low: Lower end of the 95 % interval.
        high: Upper end; of shares the interval is never narrower than Tango's.
        p: Probability of a difference at least as large, either way, were there none.
        n: Pairs.
        clusters: Groups of pairs that hang together.
        error: Cluster-robust standard error.
        detectable: The smallest true difference that would be found 8 times in 10 with so many
            pairs; 0 where it cannot be told.
        better: Pairs in which the new one is better.
        worse: Pairs in which it is worse.
        exact: Two-sided p of McNemar's exact test; None where scores are not right or wrong.
    """

    value: float
    low: float
    high: float
    p: float
    n: int
    clusters: int
    error: float
    detectable: float
    better: int
    worse: int
    exact: float | None = None


def difference(
    old: Sequence[float], new: Sequence[float], clusters: Sequence[Hashable] | None = None
) -> Difference:
    """Return the mean paired difference with its cluster-robust interval.

    Args:
        old: Scores of the old model, one an item; at least one.
        new: Scores of the new model, for the same items in the same order.
        clusters: To which group each item belongs; None where each stands alone.

    Raises:
        ValueError: There are no pairs, or they do not match.

    Source:
        Miller 2024, arXiv 2411.00640, sections 2.2 and 4.2: t with clusters - 1 degrees of freedom.
        Where few pairs changed, t says too much (where none did, that nothing ever will): see `tango`.
    """
    if len(old) != len(new) or not old:
        raise ValueError(f"{len(old)} and {len(new)} scores are no pairs")
    gaps = [b - a for a, b in zip(old, new, strict=True)]
    mean = math.fsum(gaps) / len(gaps)
    residuals = [gap - mean for gap in gaps]
    error = standard_error(residuals, clusters)
    groups = len(gaps) if clusters is None else len(set(clusters))
    freedom = max(groups - 1, 1)
    half = t_quantile(0.5 + CONFIDENCE / 2, freedom) * error
    low, high = round(mean - half, _EXACT), round(mean + half, _EXACT)
    better, worse = sum(gap > 0 for gap in gaps), sum(gap < 0 for gap in gaps)
    binary = all(score in (0, 1) for score in (*old, *new))
    if binary or (better == worse == 0 and all(0 <= score <= 1 for score in old)):
        alone = standard_error(residuals, None)
        like = min(1.0, (alone / error) ** 2) if error else groups / len(gaps)  # design effect
        widest = tango(better * like, worse * like, len(gaps) * like)
        low, high = min(low, widest[0]), max(high, widest[1])
    return Difference(
        value=round(mean, _EXACT),
        low=low,
        high=high,
        p=_two_sided(mean, error, freedom, groups),
        n=len(gaps),
        clusters=groups,
        error=round(error, _EXACT),
        detectable=round(_detectable(error, freedom), _EXACT),
        better=better,
        worse=worse,
        exact=mcnemar(better, worse) if binary else None,
    )


def at_any_time(
    found: Difference,
    old: Sequence[float],
    new: Sequence[float],
    clusters: Sequence[Hashable],
    largest: int,
) -> Difference:
    """Return a difference with interval and p that hold although one stopped when it was clear.

    Args:
        found: The ordinary difference of these pairs.
        old: Scores of the old model, in [0, 1].
        new: Scores of the new one, in [0, 1].
        clusters: To which group each pair belongs; groups are whole, and were drawn at random.
        largest: How many pairs a group has at most, those that were not drawn included.
    """
    seen = totals([b - a for a, b in zip(old, new, strict=True)], clusters)
    bounds = Bounds(low=-1, high=1, largest=max(largest, *(size for _, size in seen), 1))
    low, high = interval(seen, bounds)
    most = max(evidence_above(seen, 0.0, bounds), evidence_below(seen, 0.0, bounds))
    return msgspec.structs.replace(
        found,
        low=low,
        high=high,
        p=min(1.0, round(2 / most, _EXACT)),
        error=0.0,
        detectable=0.0,
        exact=None,
    )


def mcnemar(better: int, worse: int) -> float:
    """Return the two-sided p of McNemar's exact test.

    Args:
        better: Items that only the new model got right.
        worse: Items that only the old model got right.

    Source:
        McNemar 1947, Psychometrika 12(2), 153-157, with the binomial distribution of the items
        that changed instead of its approximation.

    Example:
        >>> mcnemar(1, 9)
        0.0214844
    """
    from scipy.stats import binomtest

    if better + worse == 0:
        return 1.0
    return round(float(binomtest(better, better + worse).pvalue), _EXACT)


def _two_sided(mean: float, error: float, freedom: int, groups: int) -> float:
    from scipy.stats import t

    if groups < 2 or (error == 0 and mean == 0):
        return 1.0  # nothing changed, or nothing can be told
    if error == 0:
        return 0.0
    return round(float(2 * t.sf(abs(mean) / error, freedom)), _EXACT)


def _detectable(error: float, freedom: int) -> float:
    """Return the smallest true difference found with probability `POWER`.

    Source:
        The usual sum of two quantiles, as in Miller 2024, arXiv 2411.00640, section 5.
    """
    if error == 0:
        return 0.0
    return (t_quantile(0.5 + CONFIDENCE / 2, freedom) + t_quantile(POWER, freedom)) * error
