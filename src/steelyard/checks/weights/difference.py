# SPDX-License-Identifier: Apache-2.0
"""How two samples of the same tensor differ: not at all, by a cast, by rounding, or by more."""

import math
from collections.abc import Mapping

import msgspec

from steelyard.checks.weights.pairing import Pair

_MANTISSA: Mapping[str, int] = {
    "f64": 53, "f32": 24, "f16": 11, "bf16": 8,
    "f8_e4m3": 4, "f8_e4m3fnuz": 4, "f8_e5m2": 3, "f8_e5m2fnuz": 3,
}  # fmt: skip
"""Bits of the significand of floating-point types, the hidden one with them."""

_SMALLEST: Mapping[str, float] = {
    "f16": 2.0**-24, "f8_e4m3": 2.0**-9, "f8_e4m3fnuz": 2.0**-10,
    "f8_e5m2": 2.0**-16, "f8_e5m2fnuz": 2.0**-17,
}  # fmt: skip
"""Smallest numbers above zero of the types that reach it where weights lie."""

_ROUNDING: Mapping[str, float] = {
    "i8": 0.02, "iq4_nl": 0.085, "iq4_xs": 0.085, "mxfp4": 0.16, "q2_k": 0.37, "q3_k": 0.19,
    "q4_0": 0.1, "q4_1": 0.09, "q4_k": 0.08, "q5_0": 0.05, "q5_1": 0.045, "q5_k": 0.04,
    "q6_k": 0.022, "q8_0": 0.007, "q8_1": 0.007, "q8_k": 0.007,
}  # fmt: skip
"""What rounding to a type changes, over the size of the weights, both as root mean squares."""


class Difference(msgspec.Struct, frozen=True):
    """How two samples differ.

    Attributes:
        equal: Every number is the same.
        cast: Every number is the same, but for rounding to the coarser of both types.
        size: Root mean square of the differences, over that of the older numbers; at most 9.99.
        rounding: What rounding to block types explains of it; 0 where both are plain.
        zeros_new: Share of zeros of the newer, 0 to 1.
        zeros_old: Share of zeros of the older.
        off_zero: As `size`, where the newer is not zero.
    """

    equal: bool
    cast: bool
    size: float
    rounding: float
    zeros_new: float
    zeros_old: float
    off_zero: float


class Seen(msgspec.Struct, frozen=True):
    """A pair, and how its two sides differ."""

    pair: Pair
    by: Difference


def plain(dtype: str) -> bool:
    """Tell whether a type stores each number by itself."""
    return dtype in _MANTISSA


def significand(dtype: str) -> int:
    """Return the bits of the significand of a plain type."""
    return _MANTISSA.get(dtype, 24)


def difference(pair: Pair) -> Difference:
    """Return how two samples differ."""
    new, old = pair.new.values(pair.count), pair.old.values(pair.count)
    kinds = pair.new.sample.dtype, pair.old.sample.dtype
    changes = [a - b for a, b in zip(new, old, strict=True)]
    kept = [(c, b) for a, b, c in zip(new, old, changes, strict=True) if a]
    return Difference(
        equal=not any(changes),
        cast=all(abs(c) <= _tolerance(b, *kinds) for b, c in zip(old, changes, strict=True)),
        size=_relative(changes, old),
        rounding=math.sqrt(math.fsum(_ROUNDING.get(kind, 0.0) ** 2 for kind in kinds)),
        zeros_new=new.count(0.0) / len(new),
        zeros_old=old.count(0.0) / len(old),
        off_zero=_relative([c for c, _ in kept], [b for _, b in kept]),
    )


def _relative(changes: list[float], numbers: "tuple[float, ...] | list[float]") -> float:
    of = math.fsum(value * value for value in numbers)
    size = math.fsum(value * value for value in changes)
    if not size:
        return 0.0
    return min(9.99, math.sqrt(size / of)) if of else 9.99


def _tolerance(number: float, new: str, old: str) -> float:
    """Return by how much a cast may change a number; 0 between types of equal precision."""
    if not plain(new) or not plain(old) or _MANTISSA[new] == _MANTISSA[old]:
        return 0.0
    coarse, fine = sorted((new, old), key=lambda kind: _MANTISSA[kind])
    step = max(_SMALLEST.get(coarse, 0.0), _SMALLEST.get(fine, 0.0)) / 2
    return max(abs(number) * 2.0 ** -_MANTISSA[coarse] * 1.01, step)
