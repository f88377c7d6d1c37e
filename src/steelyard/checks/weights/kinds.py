# SPDX-License-Identifier: Apache-2.0
"""How the weights of one model come from another's, once it is clear that they do."""

from collections.abc import Iterable, Sequence
from typing import Literal

from steelyard.checks.weights.difference import Seen, plain
from steelyard.checks.weights.order import same_extremes
from steelyard.checks.weights.rank import rank
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
_APART = 0.3  # correlation below which a matrix is not like the one in its place


def kind_of(
    seen: Sequence[Seen], new: Values, old: Values, layers: Sequence[tuple[int, int]]
) -> tuple[Kind, str]:
    """Return the kind of a relation and what it rests on.

    Args:
        seen: What was compared, and how it differs.
        new: The model that is examined.
        old: The model it comes from.
        layers: Layers that come from one of another number.
    """
    matrices = [one for one in seen if one.pair.new.matrix]
    if narrower := _narrower(new, old):
        return "pruned", narrower
    same = _share(one.by.equal or one.by.cast for one in seen)
    if same == 1.0:
        return _copied(seen, new, old, layers)
    zeros = _pruned(matrices)
    if zeros:
        return "pruned", zeros
    if order := _reordered(matrices, new, old):
        return "permuted", order
    if _share(not one.by.equal and _is_rounding(one) for one in matrices) >= _MOSTLY / 2 and (
        _share(one.by.equal or one.by.cast or _is_rounding(one) for one in matrices) >= _MOSTLY
    ):
        return "quantised", "the matrices differ by what rounding to their types changes"
    ranks = [rank(one.pair) for one in matrices if not (one.by.equal or one.by.cast)]
    low = [found for found in ranks if found]
    if len(low) >= 2 and len(low) >= _looked_at(matrices) * 0.6:
        return "lora_merged", f"differences of rank {max(low)} in {len(low)} matrices looked at"
    return (
        "fine_tuned",
        f"{same:.0%} of the tensors are unchanged; matrices {_by_how_much(matrices)}",
    )


def _copied(
    seen: Sequence[Seen], new: Values, old: Values, layers: Sequence[tuple[int, int]]
) -> tuple[Kind, str]:
    ours, theirs = _layers_of(new), _layers_of(old)
    if len(ours) < len(theirs) and ours and not any(key not in ours for key, _ in layers):
        return "pruned", f"{len(ours)} of {len(theirs)} layers are there, unchanged"
    types = all(one.pair.new.sample.dtype == one.pair.old.sample.dtype for one in seen)
    whole = len(seen) == len(new.tensors) == len(old.tensors) and not layers
    shapes = all(one.pair.new.sample.rows == one.pair.old.sample.rows for one in seen)
    if whole and types and shapes and all(one.by.equal for one in seen):
        return "identical", "every number that was sampled is the same, and its type"
    if len(ours) > len(theirs) and layers:
        return "copied", f"{len(theirs)} layers, unchanged, stand in for {len(ours)}"
    return "copied", "every number that was sampled is the same, but for casts"


def _by_how_much(matrices: Sequence[Seen]) -> str:
    """Return in words how much matrices differ; in percent of their size, of three digits."""
    sizes = sorted(one.by.size for one in matrices if one.by.size)
    return f"differ by {100 * sizes[len(sizes) // 2]:.3g} %" if sizes else "do not differ"


def _narrower(new: Values, old: Values) -> str:
    """Return words on matrices inside layers that have lost rows or columns."""
    inside = [key for key in new.tensors.keys() & old.tensors.keys() if key[0] >= 0]
    pairs = [(new.tensors[key].sample, old.tensors[key].sample) for key in inside]
    less = [
        (a, b)
        for a, b in pairs
        if a.rows <= b.rows
        and a.columns <= b.columns
        and (a.rows, a.columns) != (b.rows, b.columns)
    ]
    more = [(a, b) for a, b in pairs if a.rows > b.rows or a.columns > b.columns]
    if len(less) < 2 or more:
        return ""
    return f"{len(less)} matrices have fewer rows or columns; the others are related"


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
    apart = {
        one.pair.new.key: one.pair.new.sample.role for one in matrices if abs(one.pair.r) < _APART
    }
    if not any(key in apart for key in same_extremes(new, old)):
        return ""
    return f"{', '.join(sorted(set(apart.values())))} hold the same numbers in another order"
