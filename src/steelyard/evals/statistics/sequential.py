# SPDX-License-Identifier: Apache-2.0
"""Stopping early: evidence that may be looked at after every item without fooling oneself."""

import math
from collections.abc import Iterable


def e_value(better: int, worse: int) -> float:
    """Return the evidence against two models being equally often right, from items that changed.

    It is the likelihood of the changes under a Jeffreys mixture of all odds, over that under even
    odds: whatever the truth and whenever one looks, it exceeds 1/alpha with probability at most
    alpha where the odds are even.

    Args:
        better: Items that only the new model got right.
        worse: Items that only the old model got right.

    Source:
        Ville 1939; the mixture as in Ramdas et al. 2023, Statistical Science 38(4), 576-601,
        section 4, with the prior of Krichevsky and Trofimov 1981.

    Example:
        >>> round(e_value(0, 0), 3), round(e_value(12, 0), 1)
        (1.0, 660.2)
    """
    n = better + worse
    log = (
        math.lgamma(better + 0.5)
        + math.lgamma(worse + 0.5)
        - math.lgamma(n + 1)
        - math.log(math.pi)
        + n * math.log(2)
    )
    return math.exp(min(log, 700.0))


def settled_after(pairs: Iterable[tuple[float, float]], alpha: float = 0.05) -> int | None:
    """Return after how many items the comparison was settled, or None where it never was.

    Args:
        pairs: Scores (old, new) of the items in the order they were looked at, which must not
            depend on the scores.
        alpha: Chance of calling equal models different, at most.
    """
    better = worse = 0
    for number, (old, new) in enumerate(pairs, start=1):
        better += new > old
        worse += new < old
        if e_value(better, worse) >= 1 / alpha:
            return number
    return None
