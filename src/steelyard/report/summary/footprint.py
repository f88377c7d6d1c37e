# SPDX-License-Identifier: Apache-2.0
"""What a dossier says of a model's size and memory, where it is said in the shape known here."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec

from steelyard.core.claim import Fact, Measurement
from steelyard.core.dossier import Dossier
from steelyard.report.summary.groups import claims

T = TypeVar("T")

TENSORS, MEMORY = "footprint.tensors", "footprint.memory"


class Stock(msgspec.Struct, frozen=True, kw_only=True):
    """The tensors of one element type.

    Attributes:
        count: How many tensors.
        parameters: How many elements they have together.
        bytes: How many bytes they take.
    """

    count: float = 0
    parameters: float = 0
    bytes: float = 0


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """The memory that running the model takes at one context length, in bytes.

    Attributes:
        context: Context length in tokens.
        weights: For the weights.
        kv: For the KV cache.
        compute: For the buffers of a forward pass.
        steady: Altogether, as it settles.
        worst: Altogether, at most.
    """

    context: float
    weights: float = 0
    kv: float = 0
    compute: float = 0
    steady: float = 0
    worst: float = 0

    @property
    def parts(self) -> tuple[tuple[str, float], ...]:
        """Return the parts by name, in the order in which they are stacked."""
        return (("weights", self.weights), ("KV cache", self.kv), ("compute", self.compute))

    @property
    def most(self) -> float:
        """Return the largest figure there is, in bytes."""
        return max(self.worst, self.steady, sum(value for _, value in self.parts))


class Footprint(msgspec.Struct, frozen=True, kw_only=True):
    """Size and memory of one place of the subject.

    Attributes:
        where: Place in the subject; empty for the whole.
        tensors: By element type, the largest first.
        needs: By context length, the shortest first.
        measurements: Every other figure, in the order they were made.
    """

    where: str
    tensors: tuple[tuple[str, Stock], ...]
    needs: tuple[Need, ...]
    measurements: tuple[Measurement, ...]

    @property
    def total(self) -> Stock:
        """Return the sum over all element types."""
        stocks = [stock for _, stock in self.tensors]
        return Stock(
            count=sum(stock.count for stock in stocks),
            parameters=sum(stock.parameters for stock in stocks),
            bytes=sum(stock.bytes for stock in stocks),
        )

    def need(self, context: int) -> Need | None:
        """Return the memory at one context length, where it is known."""
        return next((need for need in self.needs if need.context == context), None)


def footprints(dossier: Dossier) -> tuple[Footprint, ...]:
    """Return what is said of size and memory, place by place, the whole subject first."""
    places: dict[str, list[Fact | Measurement]] = {}
    for claim in _of_footprint(dossier):
        places.setdefault(claim.where, []).append(claim)
    return tuple(_footprint(where, claims) for where, claims in sorted(places.items()))


def _of_footprint(dossier: Dossier) -> Iterator[Fact | Measurement]:
    for _, measurement in claims(dossier, Measurement):
        if measurement.metric.startswith("footprint."):
            yield measurement
    for _, fact in claims(dossier, Fact):
        if is_known(fact):
            yield fact


def _footprint(where: str, said: Sequence[Fact | Measurement]) -> Footprint:
    tensors: dict[str, Stock] = {}
    needs: dict[float, Need] = {}
    for claim in said:
        if isinstance(claim, Fact):
            tensors |= _stocks(claim) or {}
            needs |= {need.context: need for need in _needs(claim) or ()}
    return Footprint(
        where=where,
        tensors=tuple(sorted(tensors.items(), key=lambda entry: (-entry[1].bytes, entry[0]))),
        needs=tuple(need for _, need in sorted(needs.items())),
        measurements=tuple(claim for claim in said if isinstance(claim, Measurement)),
    )


def is_known(fact: Fact) -> bool:
    """Tell whether a fact is one of size or memory, in the shape known here."""
    return bool(_stocks(fact) or _needs(fact))


def _stocks(fact: Fact) -> dict[str, Stock] | None:
    return _as(fact.value, dict[str, Stock]) if fact.name == TENSORS else None


def _needs(fact: Fact) -> tuple[Need, ...] | None:
    return _as(fact.value, tuple[Need, ...]) if fact.name == MEMORY else None


def _as(value: object, kind: type[T]) -> T | None:
    try:
        made: T = msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None
    return made
