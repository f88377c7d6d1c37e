# SPDX-License-Identifier: Apache-2.0
"""Whether two models hold the same numbers in another order."""

import struct

from steelyard.checks.weights.sketch import RUN, Extremes
from steelyard.checks.weights.values import Key, Values

_SAME = RUN - 2  # of the 32 largest elements
_NEAR = 0.02  # of the distance between the largest and the least of them
_VECTORS = 3
_MOSTLY = 0.9


def permuted(new: Values, old: Values) -> str:
    """Return words on vectors that hold the same numbers in another order; empty without such."""
    keys = same_extremes(new, old)
    vectors = [key for key in keys if "norm" in key[1]]
    both = [key for key in new.extremes.keys() & old.extremes.keys() if "norm" in key[1]]
    if len(vectors) < _VECTORS or len(vectors) < _MOSTLY * len(both):
        return ""
    return f"{len(vectors)} vectors hold the same numbers in another order"


def same_extremes(new: Values, old: Values) -> list[Key]:
    """Return the vectors and rows whose largest elements are the same in both models."""
    both = sorted(new.extremes.keys() & old.extremes.keys())
    return [key for key in both if _same(new.extremes[key], old.extremes[key])]


def _same(new: Extremes, old: Extremes) -> bool:
    """Tell whether two lists of the largest elements are the same beyond chance."""
    ours, theirs = (struct.unpack(f"<{RUN}f", one.data) for one in (new, old))
    if new.size != old.size or len(set(theirs)) < RUN // 2:
        return False
    bound = _NEAR * (max(theirs) - min(theirs))
    near = [abs(a - b) <= bound for a, b in zip(ours, theirs, strict=True)]
    return near.count(True) >= _SAME
