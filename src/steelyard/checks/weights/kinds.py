# SPDX-License-Identifier: Apache-2.0
"""How the weights of one model come from another's, once it is clear that they do."""

import struct
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from steelyard.checks.weights.difference import Difference, difference, plain
from steelyard.checks.weights.pairing import Pair
from steelyard.checks.weights.rank import rank
from steelyard.checks.weights.sketch import RUN, Extremes
from steelyard.checks.weights.values import Values

Kind = Literal[
    "identical", "copied", "quantised", "fine_tuned", "lora_merged", "merged", "pruned", "permuted",
    "unrelated", "undecided",
]  # fmt: skip

RELATED: frozenset[Kind] = frozenset(
    {
        "identical",
        "copied",
        "quantised",
        "fine_tuned",
        "lora_merged",
        "merged",
        "pruned",
        "permuted",
    }
)
"""Kinds that say that the weights of one come from the other, or both from the same."""

_PRUNED = 0.1  # more zeros than before, as a share
_NATURAL = 0.25  # zeros that rounding to four bits makes of weights
_COARSE = frozenset({"q2_k", "q3_k", "mxfp4"})  # of which zero is a common level
_EXPLAINED = 1.4  # times what rounding changes on average
_MOSTLY = 0.9
_SAME = RUN - 2  # of the 32 largest elements


class Seen(msgspec.Struct, frozen=True):
    """A pair and how its two sides differ."""

    pair: Pair
    by: Difference


def kind_of(
    pairs: Sequence[Pair], new: Values, old: Values, layers: Sequence[tuple[int, int]]
) -> tuple[Kind, str]:
    """Return the kind of a relation and what it rests on.

    Args:
        pairs: What was compared.
        new: The model that is examined.
        old: The model it comes from.
        layers: Layers that come from one of another number.
    """
    seen = [Seen(pair, difference(pair)) for pair in pairs]
    matrices = [one for one in seen if one.pair.new.matrix]
    same = _share(one.by.equal or one.by.cast for one in seen)
    if same == 1.0:
        return _copied(seen, new, old, layers)
    zeros = _pruned(matrices)
    if zeros:
        return "pruned", zeros
    if permuted_rows := _reordered(matrices, new, old):
        return "permuted", permuted_rows
    if _share(not one.by.equal and _is_rounding(one) for one in matrices) >= _MOSTLY / 2 and (
        _share(one.by.equal or one.by.cast or _is_rounding(one) for one in matrices) >= _MOSTLY
    ):
        return "quantised", "the matrices differ by what rounding to their types changes"
    ranks = [rank(one.pair) for one in matrices if not (one.by.equal or one.by.cast)]
    low = [found for found in ranks if found]
    if len(low) >= 2 and len(low) >= _looked_at(matrices) * 0.6:
        return "lora_merged", f"differences of rank {max(low)} in {len(low)} matrices looked at"
    return "fine_tuned", f"{same:.0%} of the tensors are unchanged, the others differ a little"


def _copied(
    seen: Sequence[Seen], new: Values, old: Values, layers: Sequence[tuple[int, int]]
) -> tuple[Kind, str]:
    ours, theirs = _layers_of(new), _layers_of(old)
    if len(ours) < len(theirs) and ours and not any(key not in ours for key, _ in layers):
        return "pruned", f"{len(ours)} of {len(theirs)} layers are there, unchanged"
    types = all(one.pair.new.sample.dtype == one.pair.old.sample.dtype for one in seen)
    whole = new.tensors.keys() == old.tensors.keys() and not layers
    shapes = all(one.pair.new.sample.rows == one.pair.old.sample.rows for one in seen)
    if whole and types and shapes and all(one.by.equal for one in seen):
        return "identical", "every number that was sampled is the same, and its type"
    if len(ours) > len(theirs) and layers:
        return "copied", f"{len(theirs)} layers, unchanged, stand in for {len(ours)}"
    return "copied", "every number that was sampled is the same, but for casts"


def _layers_of(model: Values) -> set[int]:
    return {layer for layer, _ in model.tensors if layer >= 0}


def _share(those: Iterable[bool]) -> float:
    listed = list(those)
    return sum(listed) / len(listed) if listed else 0.0


def _is_rounding(one: Seen) -> bool:
    return 0 < one.by.size <= _EXPLAINED * one.by.rounding


def _looked_at(matrices: Sequence[Seen]) -> int:
    """Return how many matrices differ and have enough rows sampled to tell a rank."""
    deep = [one for one in matrices if one.pair.count > 24]
    return sum(1 for one in deep if not (one.by.equal or one.by.cast))


def _pruned(matrices: Sequence[Seen]) -> str:
    """Return words on zeros that were not there before."""
    with_more = [
        one
        for one in matrices
        if one.pair.new.sample.dtype not in _COARSE
        and one.by.zeros_new
        >= one.by.zeros_old + (_PRUNED if plain(one.pair.new.sample.dtype) else _NATURAL)
    ]
    if len(with_more) < max(2, len(matrices) / 4):
        return ""
    new = sum(one.by.zeros_new for one in with_more) / len(with_more)
    kept = all(one.by.off_zero <= max(0.01, 1.4 * one.by.rounding) for one in with_more)
    rest = "the rest is unchanged" if kept else "the rest has been trained on"
    return f"{new:.0%} of {len(with_more)} matrices are zeros that were not there; {rest}"


def _reordered(matrices: Sequence[Seen], new: Values, old: Values) -> str:
    """Return words on rows or columns in another order: some matrices alike, some not at all."""
    apart = {one.pair.new.sample.role for one in matrices if abs(one.pair.r) < 0.3}
    if not apart:
        return ""
    rows = [key for key in _same_extremes(new, old) if key[1] in apart]
    if not rows:
        return ""
    return f"{', '.join(sorted(apart))} hold the same numbers in another order"


def permuted(new: Values, old: Values) -> str:
    """Return words on vectors that hold the same numbers in another order; empty without such."""
    keys = _same_extremes(new, old)
    vectors = [key for key in keys if "norm" in key[1]]
    if len(vectors) < 3 or len(keys) < 0.6 * len(new.extremes.keys() & old.extremes.keys()):
        return ""
    return f"{len(vectors)} vectors hold the same numbers in another order"


def _same_extremes(new: Values, old: Values) -> list[tuple[int, str]]:
    both = sorted(new.extremes.keys() & old.extremes.keys())
    return [key for key in both if _same(new.extremes[key], old.extremes[key])]


def _same(new: Extremes, old: Extremes) -> bool:
    """Tell whether two lists of the largest elements are the same beyond chance."""
    ours, theirs = (list(struct.unpack(f"<{RUN}f", one.data)) for one in (new, old))
    if new.size != old.size or len(set(theirs)) < RUN // 2:
        return False
    left = list(theirs)
    hits = 0
    for value in ours:
        if value in left:
            left.remove(value)
            hits += 1
    return hits >= _SAME
