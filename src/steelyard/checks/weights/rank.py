# SPDX-License-Identifier: Apache-2.0
"""The rank of a difference: adding a trained adapter changes a matrix by one of low rank."""

import math
from operator import mul

from steelyard.checks.weights.difference import difference, plain, significand
from steelyard.checks.weights.pairing import Pair

HIGHEST = 20
"""Ranks beyond cannot be told from full by the 28 rows there are."""

_LEFT = 0.01  # share of a difference that may be left beyond its rank


def rank(pair: Pair) -> int:
    """Return the rank of the difference of two samples.

    Rows are taken out one by one, always the largest, with what the others have of it, until no more is
    left than rounding explains: Gram-Schmidt with pivoting.

    Returns:
        1 to 20; 0 where that cannot be told: there are too few rows, the rank is higher, or the
        difference is hardly larger than the rounding of the stored type.

    Source:
        Golub and Van Loan, Matrix Computations, 4th ed., section 5.4.2.
    """
    kind = pair.new.sample.dtype
    if pair.count <= HIGHEST + 4 or not plain(kind) or not plain(pair.old.sample.dtype):
        return 0
    rows = [
        [a - b for a, b in zip(new, old, strict=True)]
        for new, old in zip(pair.new.rows, pair.old.rows, strict=False)
    ]
    whole = _energy(rows)
    noise = _noise(pair, significand(kind))
    if whole <= 4 * noise or difference(pair).cast:
        return 0
    for taken in range(1, HIGHEST + 1):
        _take_out_largest(rows)
        if _energy(rows) <= 1.5 * noise + _LEFT * whole:
            return taken
    return 0


def _energy(rows: list[list[float]]) -> float:
    return math.fsum(value * value for row in rows for value in row)


def _noise(pair: Pair, bits: int) -> float:
    """Return the expected sum of squares of what rounding the newer numbers changed.

    A number of b significant bits is rounded by at most half a unit of its last place, which is 2^(1-b)
    to 2^-b of the number: on average a variance of (2^(0.5-b) number)^2 / 12.
    """
    numbers = pair.new.values(pair.count)
    return math.fsum(value * value for value in numbers) * 2.0 ** (1 - 2 * bits) / 12


def _take_out_largest(rows: list[list[float]]) -> None:
    sizes = [sum(map(mul, row, row)) for row in rows]
    largest = rows[sizes.index(max(sizes))]
    size = math.fsum(map(mul, largest, largest))
    if size <= 0:
        return
    axis = list(largest)
    for number, row in enumerate(rows):
        share = math.fsum(map(mul, row, axis)) / size
        rows[number] = [value - share * along for value, along in zip(row, axis, strict=True)]
