# SPDX-License-Identifier: Apache-2.0
"""Which tensor of one model answers to which of another: by name, by layer, or by what is in them."""

import math
from collections.abc import Mapping, Sequence

import msgspec

from steelyard.checks.weights.places import rows_of
from steelyard.checks.weights.values import Key, Tensor, Values, correlation

_STRONG = 0.6  # correlation of 64 values by chance: 5 standard deviations
_LEAST = 64  # values


class Pair(msgspec.Struct, frozen=True):
    """Two tensors that were compared.

    Attributes:
        new: Of the model that is examined.
        old: Of the model it is compared with.
        count: How many sampled rows both have.
        r: Their correlation, -1 to 1.
    """

    new: Tensor
    old: Tensor
    count: int
    r: float

    @property
    def n(self) -> int:
        """Return how many values were compared."""
        return self.count * len(self.new.rows[0])

    @property
    def strong(self) -> bool:
        """Tell whether these two alone cannot be alike by chance."""
        return self.new.matrix and self.n >= _LEAST and self.r >= _STRONG


def held(new: Tensor, old: Tensor) -> Pair | None:
    """Return two tensors compared; None where they were not sampled at the same places."""
    if not comparable(new, old):
        return None
    count = min(len(new.rows), len(old.rows))
    return Pair(new, old, count, correlation(new.codes(count), old.codes(count)))


def comparable(new: Tensor, old: Tensor) -> bool:
    """Tell whether two tensors were sampled at the same places: vocabularies may have grown."""
    a, b = new.sample, old.sample
    if a.columns != b.columns:
        return False
    grown = a.layer < 0 and rows_of(a.rows, 1) == rows_of(b.rows, 1)
    return a.rows == b.rows or grown


def by_layer(new: Values, old: Values, layers: Mapping[int, int]) -> list[Pair]:
    """Return the tensors of the same role, with layers of one held against layers of the other.

    Args:
        new: Model that is examined.
        old: Model it is compared with.
        layers: Which layer of the old answers to a layer of the new; one it does not name, to itself.
    """
    pairs = []
    for (layer, role), tensor in new.tensors.items():
        other = old.tensors.get((layers.get(layer, layer), role))
        made = held(tensor, other) if other is not None else None
        if made is not None:
            pairs.append(made)
    return pairs


def layer_map(new: Values, old: Values) -> dict[int, int]:
    """Return for each layer of a model the layer of another that is most like it.

    Only matrices count, and only layers that are clearly like one.
    """
    best: dict[int, tuple[float, int]] = {}
    theirs = _by_layer(old)
    for layer, tensors in _by_layer(new).items():
        for other, candidates in theirs.items():
            mean = _likeness(tensors, candidates)
            if mean >= _STRONG / 2 and mean > best.get(layer, (0.0, 0))[0]:
                best[layer] = (mean, other)
    return {layer: other for layer, (_, other) in best.items()}


def _by_layer(model: Values) -> dict[int, dict[str, Tensor]]:
    layers: dict[int, dict[str, Tensor]] = {}
    for (layer, role), tensor in model.tensors.items():
        if layer >= 0 and tensor.matrix:
            layers.setdefault(layer, {})[role] = tensor
    return layers


def _likeness(new: Mapping[str, Tensor], old: Mapping[str, Tensor]) -> float:
    """Return the mean correlation of two layers; 0 where they share too little to tell."""
    pairs = [held(new[role], old[role]) for role in new if role in old]
    found = [pair for pair in pairs if pair is not None]
    total = sum(pair.n for pair in found)
    return math.fsum(pair.n * pair.r for pair in found) / total if total >= 2 * _LEAST else 0.0


def chance(new: Values, old: Values) -> list[Pair]:
    """Return matrices of the same role out of layers that do not answer to each other.

    What these have in common all models have: it tells how much likeness means nothing. Of three
    layers, the one whose likeness is neither the most nor the least counts, so that layers that were
    moved do not.
    """
    layers = sorted({layer for layer, _ in new.tensors if layer >= 0})
    found: dict[Key, list[Pair]] = {}
    for step in (1, 2, 3):
        shifted = dict(zip(layers, layers[step:] + layers[:step], strict=True))
        for pair in by_layer(new, old, shifted):
            if pair.new.matrix and pair.new.sample.layer != pair.old.sample.layer:
                found.setdefault(pair.new.key, []).append(pair)
    return [sorted(pairs, key=lambda pair: pair.r)[len(pairs) // 2] for pairs in found.values()]


def by_content(new: Values, old: Values) -> list[Pair]:
    """Return matrices of the same shape that are alike whatever they are called, best first."""
    found: list[Pair] = []
    taken: set[Key] = set()
    for tensor in new.tensors.values():
        pairs = [
            made
            for other in old.tensors.values()
            if tensor.matrix
            and other.sample.rows == tensor.sample.rows
            and (made := held(tensor, other)) is not None
            and made.strong
        ]
        best = max(pairs, key=lambda pair: pair.r, default=None)
        if best is not None and best.old.key not in taken:
            taken.add(best.old.key)
            found.append(best)
    return found


def mean_of(pairs: Sequence[Pair]) -> float:
    """Return the mean correlation of matrices, each by its values, none by more than 128."""
    weighed = [(min(pair.n, 2 * _LEAST), pair.r) for pair in pairs if pair.new.matrix]
    total = sum(weight for weight, _ in weighed)
    return math.fsum(weight * r for weight, r in weighed) / total if total else 0.0
