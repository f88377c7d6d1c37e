# SPDX-License-Identifier: Apache-2.0
"""Tell from two sketches whether one model's weights come from another's."""

import math
from collections.abc import Sequence

import msgspec

from steelyard.checks.weights.difference import Seen, difference
from steelyard.checks.weights.kinds import RELATED, Kind, kind_of
from steelyard.checks.weights.order import permuted
from steelyard.checks.weights.pairing import (
    Pair,
    by_content,
    by_layer,
    chance,
    layer_map,
    mean_of,
)
from steelyard.checks.weights.values import Values

_ALIKE, _UNLIKE = 0.2, 0.1
"""Mean correlation of matrices at and above which models are related; below which they are not."""
_SIGMAS = 6.0
_COMMON = 0.3  # likeness of what does not belong together from which on a role says nothing
_FEW = 3  # matrices, each of them alike beyond chance, that make a relation


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What comparing two models gave.

    Attributes:
        relation: How the newer one comes from the other, as far as can be told.
        why: What that rests on, in words.
        r: Mean correlation of the matrices, -1 to 1.
        chance: The same of matrices that do not answer to each other: what means nothing.
        deviation: Standard deviation of one such correlation.
        pairs: What was compared.
        matrices: How many matrices the newer one's sketch has.
        layers: Which layer of the older one each layer comes from, where not from its own number.
        seen: The pairs with how they differ, where the models are related.
    """

    relation: Kind
    why: str
    r: float
    chance: float = 0.0
    deviation: float = 0.0
    pairs: tuple[Pair, ...] = ()
    matrices: int = 0
    layers: tuple[tuple[int, int], ...] = ()
    seen: tuple[Seen, ...] = ()

    @property
    def rank(self) -> tuple[bool, float]:
        """Return what puts the closer of two comparisons last."""
        return self.relation in RELATED, self.r

    @property
    def sigmas(self) -> float:
        """Return how many standard deviations the likeness lies above what means nothing."""
        count = sum(1 for pair in self.pairs if pair.new.matrix)
        if not count or not self.deviation:
            return 0.0
        return (self.r - self.chance) / (self.deviation / math.sqrt(count))


def compare(new: Values, old: Values) -> Comparison:
    """Return how one model's weights relate to another's.

    Args:
        new: The model that is examined.
        old: The model it may come from.
    """
    matrices = sum(1 for tensor in new.tensors.values() if tensor.matrix)
    null = chance(new, old)
    common = _common(null)
    noise, deviation = _spread([pair for pair in null if pair.new.sample.role not in common])
    paired, layers = _paired(new, old)
    pairs = [pair for pair in paired if pair.new.sample.role not in common]
    found = Comparison(
        relation="unrelated",
        why="",
        r=mean_of(pairs),
        chance=noise,
        deviation=deviation,
        pairs=tuple(pairs),
        matrices=matrices,
        layers=layers,
    )
    if _is_related(found):
        seen = tuple(Seen(pair, difference(pair)) for pair in pairs)
        relation, why = kind_of(seen, new, old, layers)
        return msgspec.structs.replace(found, relation=relation, why=why, seen=seen)
    relation, why = _not_by_place(found, new, old)
    return msgspec.structs.replace(found, relation=relation, why=why)


def _common(null: Sequence[Pair]) -> set[str]:
    """Return the roles whose matrices are alike in layers that do not answer to each other."""
    found: dict[str, list[float]] = {}
    for pair in null:
        found.setdefault(pair.new.sample.role, []).append(pair.r)
    return {role for role, rs in found.items() if math.fsum(rs) >= _COMMON * len(rs)}


def _spread(null: Sequence[Pair]) -> tuple[float, float]:
    """Return mean and deviation of correlations that mean nothing; at least what samples have."""
    if len(null) < 2:
        return 0.0, 0.18  # of 32 values
    mean = math.fsum(pair.r for pair in null) / len(null)
    variance = math.fsum((pair.r - mean) ** 2 for pair in null) / (len(null) - 1)
    least = math.fsum(1 / pair.n for pair in null) / len(null)
    return mean, math.sqrt(max(variance, least))


def _paired(
    new: Values,
    old: Values,
) -> tuple[list[Pair], tuple[tuple[int, int], ...]]:
    """Return the pairs by number of layer; by likeness of layers, or of content, where that is better."""
    plain = by_layer(new, old, {})
    if mean_of(plain) >= 0.9:
        return plain, ()
    layers = layer_map(new, old)
    moved = {layer: other for layer, other in layers.items() if layer != other}
    if moved:
        again = by_layer(new, old, layers)
        if mean_of(again) > mean_of(plain) + 0.1:
            return again, tuple(sorted(moved.items()))
    if sum(1 for pair in plain if pair.strong) >= _FEW:
        return plain, ()
    renamed = by_content(new, old)
    return (renamed if len(renamed) >= _FEW else plain), ()


def _not_by_place(found: Comparison, new: Values, old: Values) -> tuple[Kind, str]:
    """Return what is left where tensors are not alike place by place, and why."""
    vectors = permuted(new, old)
    if vectors:
        return "permuted", vectors
    if not any(pair.new.matrix for pair in found.pairs):
        return "undecided", "no matrix of one has the place and the shape of one of the other"
    if found.r < _UNLIKE:
        return "unrelated", "matrices of the same place and shape have nothing in common"
    return "undecided", "matrices are a little alike, which may have another cause"


def _is_related(found: Comparison) -> bool:
    if found.r >= _ALIKE and found.sigmas >= _SIGMAS:
        return True
    return sum(1 for pair in found.pairs if pair.strong and pair.r > found.chance + 0.3) >= _FEW
