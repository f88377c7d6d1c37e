# SPDX-License-Identifier: Apache-2.0
"""The numbers of a sketch, ready to be compared.

Sums that decide anything are of whole numbers, or exactly rounded (`math.fsum`): the same sketches give
the same result on every machine.
"""

import math
from collections.abc import Mapping, Sequence
from operator import mul
from typing import NamedTuple

import msgspec

from steelyard.checks.weights.sketch import RUN, Extremes, Sample, Sketch
from steelyard.core.errors import MalformedError
from steelyard.formats.dequantise import block_of, dequantise

_UNIT = 64  # a standard deviation, in codes
_FAR = 4 * _UNIT  # what lies further out counts as this: a few large weights must not decide
_HUGE = 1e30

Key = tuple[int, str]
"""Layer and role of a tensor."""


class Codes(NamedTuple):
    """Numbers as whole ones, and the sum of their squares."""

    numbers: tuple[int, ...]
    square: int


class Tensor:
    """The sampled numbers of a tensor.

    Args:
        sample: Where they come from.
        rows: Of each sampled row its 32 numbers.
    """

    def __init__(self, sample: Sample, rows: tuple[tuple[float, ...], ...]) -> None:
        self.sample = sample
        self.rows = rows
        self._codes: dict[int, Codes] = {}

    @property
    def key(self) -> Key:
        """Return its layer and role."""
        return self.sample.layer, self.sample.role

    @property
    def matrix(self) -> bool:
        """Tell whether it is a matrix, not a vector such as a norm."""
        return self.sample.rows > 1

    def values(self, count: int) -> tuple[float, ...]:
        """Return the numbers of the first so many rows, one after the other."""
        return tuple(value for row in self.rows[:count] for value in row)

    def codes(self, count: int) -> Codes:
        """Return the codes of the first so many rows, made once."""
        if count not in self._codes:
            self._codes[count] = codes(self.values(count))
        return self._codes[count]


class Values(msgspec.Struct, frozen=True):
    """The sampled numbers of a model.

    Attributes:
        tensors: By layer and role.
        extremes: Largest elements of vectors and mixing rows, by layer and role.
    """

    tensors: Mapping[Key, Tensor]
    extremes: Mapping[Key, Extremes]


def values_of(sketch: Sketch) -> Values:
    """Return the numbers of a sketch.

    Raises:
        MalformedError: It contradicts itself.
    """
    tensors = (Tensor(sample, _rows(sample)) for sample in sketch.samples)
    extremes = {(one.layer, one.role): one for one in sketch.extremes if len(one.data) == 4 * RUN}
    return Values({tensor.key: tensor for tensor in tensors}, extremes)


def _rows(sample: Sample) -> tuple[tuple[float, ...], ...]:
    block = block_of(sample.dtype)
    if block is None or min(sample.rows, sample.columns, sample.count) < 1:
        raise MalformedError(f"no sketch: a sample of the type {sample.dtype[:40]!r}")
    elements, size = block
    length = -(-RUN // elements) * size
    if len(sample.data) != length * sample.count:
        raise MalformedError(f"no sketch: {len(sample.data):,} bytes for {sample.count:,} rows")
    numbers = dequantise(sample.dtype, sample.data)
    step = length // size * elements
    return tuple(
        tuple(value if abs(value) < _HUGE else 0.0 for value in numbers[at : at + RUN])
        for at in range(0, len(numbers), step)
    )


def codes(numbers: Sequence[float]) -> Codes:
    """Return numbers as whole ones: how far each lies from their mean, in 64ths of their deviation.

    Returns:
        No codes where all numbers are the same.
    """
    mean = math.fsum(numbers) / len(numbers)
    variance = math.fsum((value - mean) ** 2 for value in numbers) / len(numbers)
    if variance <= 0:
        return Codes((), 0)
    scale = _UNIT / math.sqrt(variance)
    made = tuple(max(-_FAR, min(_FAR, round((value - mean) * scale))) for value in numbers)
    return Codes(made, sum(map(mul, made, made)))


def correlation(one: Codes, other: Codes) -> float:
    """Return the correlation of two lists of codes, -1 to 1; 0 where either says nothing."""
    square = one.square * other.square
    return sum(map(mul, one.numbers, other.numbers)) / math.sqrt(square) if square else 0.0
