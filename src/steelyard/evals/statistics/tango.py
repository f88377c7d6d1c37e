# SPDX-License-Identifier: Apache-2.0
"""How far apart two shares may lie when only few pairs changed: an interval that is never empty."""

import math

_STEPS = 60  # halvings of the range
_EXACT = 7  # decimal places


def tango(better: float, worse: float, n: float, z: float = 1.959964) -> tuple[float, float]:
    """Return the score interval of the difference of two shares over the same items.

    Args:
        better: Items right in the new one alone; a fraction where items are weighted.
        worse: Items right in the old one alone.
        n: All items, above 0; an effective number where items hang together.
        z: Normal quantile; 1.959964 for 95 %.

    Returns:
        (low, high), both in [-1, 1], rounded to 7 places. Of no change at all, z^2 / (n + z^2)
        either way.

    Raises:
        ValueError: n <= 0, or more items changed than there are.

    Source:
        Tango 1998, Statistics in Medicine 17(8), 891-908, equations 4 to 7.

    Example:
        >>> tango(0, 0, 100)
        (-0.0369935, 0.0369935)
    """
    if n <= 0 or min(better, worse) < 0 or better + worse > n:
        raise ValueError(f"{better} and {worse} of {n} are no changes")
    return -_highest(worse, better, n, z), _highest(better, worse, n, z)


def _highest(better: float, worse: float, n: float, z: float) -> float:
    low, high = (better - worse) / n, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _score(better, worse, n, middle) > -z:
            low = middle
        else:
            high = middle
    return round(low, _EXACT)


def _score(better: float, worse: float, n: float, gap: float) -> float:
    """Return how many standard errors the difference lies from one that is supposed."""
    linear = (2 * n - better + worse) * gap - better - worse
    constant = -worse * gap * (1 - gap)
    lost = (math.sqrt(max(0.0, linear * linear - 8 * n * constant)) - linear) / (4 * n)
    variance = n * (2 * lost + gap * (1 - gap))
    away = better - worse - n * gap
    if variance <= 0:
        return math.copysign(math.inf, away) if away else 0.0
    return away / math.sqrt(variance)
