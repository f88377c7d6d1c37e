# SPDX-License-Identifier: Apache-2.0
"""Which tensors are sampled, and where: decided by names and shapes alone, never by content."""

import math
from collections.abc import Iterable, Sequence

import msgspec

from steelyard.checks.weights.sketch import RUN
from steelyard.formats.tensor import TensorInfo
from steelyard.formats.tensor_names import Place

DEEP = 28
"""Rows sampled of a tensor that is looked at closely: more than the ranks adapters mostly have."""

_SPAN = 16_384  # rows among which samples lie; a vocabulary that grows beyond keeps them
_BLOCK = 256  # elements of the largest block that ggml stores together
_ROWS = 512  # rows sampled of all matrices together, those looked at closely apart
_CLOSE_LAYERS = (1, 5)
_CLOSE = frozenset(
    {"attn_q", "attn_k", "attn_v", "attn_qkv", "attn_output", "ffn_gate", "ffn_down"}
)
_CLOSE_ALONE = frozenset({"token_embd", "output"})
_MOST_VECTORS = 512
_COMPUTED = ("rope_freqs", "inv_freq", "position_ids", "masked_bias", "attn.bias", "position_embd")
"""What is computed, or looks alike in models that have nothing to do with each other."""


class Wanted(msgspec.Struct, frozen=True):
    """A tensor to sample.

    Attributes:
        place: What it is in its model.
        tensor: The tensor.
        rows: Rows of the matrix that it is, or is seen as.
        columns: Elements of a row.
        count: How many rows to sample.
    """

    place: Place
    tensor: TensorInfo
    rows: int
    columns: int
    count: int


def rows_of(rows: int, count: int) -> tuple[int, ...]:
    """Return which rows of a matrix are sampled: the first so many of a sequence.

    The sequence depends on the power of two below the number of rows, so that a matrix with some more
    rows, such as a vocabulary that grew, is sampled in the same places.

    Args:
        rows: Of the matrix, at least 1.
        count: How many.
    """
    span = min(1 << (rows.bit_length() - 1), _SPAN)
    step = span * 5 // 8 | 1
    return tuple((number * step + step // 2) % span for number in range(min(count, span)))


def start_of(columns: int) -> int:
    """Return the column at which the run of every sampled row begins, a multiple of 256."""
    whole = (columns - RUN) // _BLOCK
    return _BLOCK * (whole * 5 // 8 + 1 if whole > 1 else whole)


def matrix_of(shape: Sequence[int]) -> tuple[int, int]:
    """Return rows and columns of the matrix as which a tensor is seen.

    Kernels of convolutions become rows; a vector is one row. A stack of experts is its first one.
    """
    for axis in range(len(shape) - 1, 0, -1):
        columns = math.prod(shape[axis:])
        if columns >= RUN:
            return math.prod(shape[:axis]), columns
    return 1, math.prod(shape)


def wanted(tensors: Iterable[tuple[Place, TensorInfo]]) -> list[Wanted]:
    """Return what to sample of a model, sorted by place.

    Every matrix has a few rows sampled, some have many; of models with more matrices than there are
    rows to spend, every second layer is left out, or three of four, and so on.

    Args:
        tensors: Of the whole model, in any order.
    """
    matrices: dict[Place, Wanted] = {}
    vectors: dict[Place, Wanted] = {}
    for place, tensor in tensors:
        seen = _seen(place, tensor)
        if seen is not None:
            (matrices if seen.rows > 1 else vectors).setdefault(seen.place, seen)
    chosen = _thinned(list(matrices.values()), _ROWS)
    each = max(1, min(DEEP, _ROWS // max(1, len(chosen))))
    found = [msgspec.structs.replace(one, count=_count(one, each)) for one in chosen]
    found += _thinned(list(vectors.values()), _MOST_VECTORS)
    return sorted(found, key=lambda one: one.place)


def _seen(place: Place, tensor: TensorInfo) -> Wanted | None:
    if place.expert > 0 or place.role.endswith(_COMPUTED):
        return None
    stacked = len(tensor.shape) == 3 and place.role.endswith("_exps")
    rows, columns = matrix_of(tensor.shape[1:] if stacked else tensor.shape)
    if columns < RUN or rows < 1:
        return None
    return Wanted(Place(place.layer, place.role), tensor, rows, columns, 1)


def _thinned(found: list[Wanted], most: int) -> list[Wanted]:
    """Return those of every layer, or every second, fourth ... until there are few enough."""
    stride = 1
    while len(found) > most:
        stride *= 2
        kept = [one for one in found if one.place.layer < 0 or one.place.layer % stride == 0]
        found = kept if stride < _SPAN else sorted(kept, key=lambda one: one.place)[:most]
    return found


def _count(one: Wanted, each: int) -> int:
    close = one.place.layer in _CLOSE_LAYERS and one.place.role in _CLOSE
    deep = close or one.place.role in _CLOSE_ALONE
    return len(rows_of(one.rows, DEEP if deep else each))
