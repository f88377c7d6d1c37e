# SPDX-License-Identifier: Apache-2.0
"""What a dossier says of a model's size and memory, where it is said in the shape known here."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import msgspec

from steelyard.core.claim import Fact, Measurement
from steelyard.core.dossier import Dossier
from steelyard.report.summary.groups import claims
from steelyard.report.summary.text import as_shape

TENSORS, MEMORY = "footprint.tensors", "footprint.memory"
PARAMETERS = "footprint.parameters"

Amount = Annotated[float, msgspec.Meta(ge=0, le=1e18)]
"""What can be drawn to scale; a fact that says more is shown as it stands."""


class Stock(msgspec.Struct, frozen=True, kw_only=True):
    """The tensors of one element type.

    Attributes:
        count: How many tensors.
        parameters: How many elements they have together.
        bytes: How many bytes they take.
    """

    count: Amount = 0
    parameters: Amount = 0
    bytes: Amount = 0


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

    context: Amount
    weights: Amount = 0
    kv: Amount = 0
    compute: Amount = 0
    steady: Amount = 0
    worst: Amount = 0

    @property
    def parts(self) -> tuple[tuple[str, float], ...]:
        """Return what the steady figure is made of, by name, in the order of stacking."""
        rest = max(0.0, self.steady - self.weights - self.kv)
        return (("weights", self.weights), ("KV cache", self.kv), ("buffers", rest))

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
        measurements: Figures, in the order they were made.
        notes: What else is said, in the order it was said.
    """

    where: str
    tensors: tuple[tuple[str, Stock], ...]
    needs: tuple[Need, ...]
    measurements: tuple[Measurement, ...]
    notes: tuple[Fact, ...] = ()

    @property
    def total(self) -> Stock:
        """Return the sum over all element types."""
        stocks = [stock for _, stock in self.tensors]
        return Stock(
            count=sum(stock.count for stock in stocks),
            parameters=sum(stock.parameters for stock in stocks),
            bytes=sum(stock.bytes for stock in stocks),
        )

    @property
    def parameters(self) -> float | None:
        """Return how many parameters the weights have, where that was measured."""
        counts = [one.value for one in self.measurements if one.metric == PARAMETERS]
        return counts[0] if counts else None

    @property
    def doubts(self) -> tuple[str, ...]:
        """Return what makes the figures doubtful, in the words of the probe."""
        values = (note.value for note in self.notes)
        found = (value.get("doubt") for value in values if isinstance(value, Mapping))
        return tuple(doubt for doubt in found if doubt and isinstance(doubt, str))

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
        if fact.name.startswith("footprint."):
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
        notes=tuple(c for c in said if isinstance(c, Fact) and not (_stocks(c) or _needs(c))),
    )


def _stocks(fact: Fact) -> dict[str, Stock] | None:
    return as_shape(fact.value, dict[str, Stock]) if fact.name == TENSORS else None


def _needs(fact: Fact) -> tuple[Need, ...] | None:
    return as_shape(fact.value, tuple[Need, ...]) if fact.name == MEMORY else None
