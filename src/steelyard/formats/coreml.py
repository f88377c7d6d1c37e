# SPDX-License-Identifier: Apache-2.0
"""Core ML: a protobuf message of type Model, with pipelines of models and neural networks in it.

Source: coremltools 9, mlmodel/format/{Model,NeuralNetwork,CustomModel,LinkedModel}.proto.
"""

from collections.abc import Iterator

import msgspec

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.paths import shown
from steelyard.formats.polyglot import other_views
from steelyard.formats.port import Budget, Content, Format, Glimpse, Member
from steelyard.formats.protobuf import LENGTH, VARINT, Field, Wire
from steelyard.formats.source import Source

_LOOKED_AT = 500  # fields that identification walks
_NESTED = 16  # pipelines in each other
_MOST = 10_000
_PIPELINES = frozenset({200, 201})
_PIPELINE, _NETWORKS = 202, frozenset({303, 403, 500})
_CUSTOM, _LINKED, _CUSTOM_LAYER = 555, 556, 500
_KINDS = frozenset(
    [
        *(200, 201, 202, 300, 301, 302, 303, 400, 401, 402, 403, 404, 500, 501, 502, 555, 556, 560),
        *range(600, 612),
        900,
        *range(2000, 2008),
        3000,
    ]
)
"""Fields of the oneof that says of which type a model is."""


class CustomPart(msgspec.Struct, frozen=True):
    """A part of a model that is implemented elsewhere.

    Attributes:
        kind: `custom-model`, `custom-layer` or `linked-model`.
        name: Of the class, or the path of the other model.
        at: Offset of the message.
    """

    kind: str
    name: str
    at: int


class CoreMl(Content, frozen=True, kw_only=True):
    """A Core ML model.

    Attributes:
        version: Of the specification.
        kinds: Numbers of the types of models in it, the outermost first.
        custom: Parts that are implemented elsewhere.
    """

    version: int
    kinds: tuple[int, ...]
    custom: tuple[CustomPart, ...]


class _Walk:
    """What is being found in a model."""

    def __init__(self, wire: Wire) -> None:
        self.version = 0
        self.kinds: list[int] = []
        self.custom: list[CustomPart] = []
        self._wire = wire

    def model(self, start: int, end: int, depth: int = 0) -> None:
        if depth > _NESTED:
            raise LimitError(f"models nested more than {_NESTED} deep", start)
        for field in self._wire.fields(start, end):
            number = field.number
            if number == 1 and not depth:
                self.version = field.value
            elif number in _KINDS and field.wire == LENGTH:
                self._kind(field, depth)
            if len(self.custom) + len(self.kinds) > _MOST:
                raise LimitError(f"more than {_MOST:,} models and custom parts", field.at)

    def _kind(self, field: Field, depth: int) -> None:
        self.kinds.append(field.number)
        if field.number in _PIPELINES:
            for inner in self._wire.fields(field.start, field.end):
                if inner.number == 1:
                    self._pipeline(inner, depth)
        elif field.number == _PIPELINE:
            self._pipeline(field, depth)
        elif field.number in _NETWORKS:
            self._network(field)
        elif field.number == _CUSTOM:
            self.custom.append(CustomPart("custom-model", self._text(field, (10,)), field.at))
        elif field.number == _LINKED:
            name = self._text(field, (1, 1, 1))
            self.custom.append(CustomPart("linked-model", name, field.at))

    def _pipeline(self, pipeline: Field, depth: int) -> None:
        for field in self._wire.fields(pipeline.start, pipeline.end):
            if field.number == 1:
                self.model(field.start, field.end, depth + 1)

    def _network(self, network: Field) -> None:
        for layer in self._wire.fields(network.start, network.end):
            if layer.number != 1 or layer.wire != LENGTH:
                continue
            for field in self._wire.fields(layer.start, layer.end):
                if field.number == _CUSTOM_LAYER and field.wire == LENGTH:
                    name = self._text(field, (10,))
                    self.custom.append(CustomPart("custom-layer", name, field.at))

    def _text(self, message: Field, path: tuple[int, ...]) -> str:
        """Return the text at a path of field numbers; empty where there is none."""
        for field in self._wire.fields(message.start, message.end):
            if field.number == path[0] and field.wire == LENGTH:
                if len(path) == 1:
                    return shown(self._wire.text_of(field))
                return self._text(field, path[1:])
        return ""


def read(source: Source, budget: Budget) -> CoreMl:
    """Walk a model without reading its weights.

    Raises:
        MalformedError: It is cut off, or no message of this kind.
        LimitError: There is more than the limits allow.
    """
    walk = _Walk(Wire(source, budget))
    walk.model(0, source.size)
    return CoreMl(version=walk.version, kinds=tuple(walk.kinds), custom=tuple(walk.custom))


def members(content: CoreMl, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield what other readers would make of the bytes."""
    del content
    yield from other_views(source, budget)


def _is_coreml(glimpse: Glimpse) -> bool:
    if len(glimpse.head) < 8 or glimpse.head[0] & 7 not in (VARINT, LENGTH):
        return False
    wire = Wire(glimpse.source, None, most=_LOOKED_AT)
    version = description = kind = False
    try:
        for field in wire.fields(0, glimpse.source.size):
            if field.number == 1:
                version = field.wire == VARINT and 0 < field.value < 100
            elif field.number == 2:
                description = field.wire == LENGTH
            kind = kind or (field.number in _KINDS and field.wire == LENGTH)
    except MalformedError:
        return version and description and (kind or glimpse.suffix == "mlmodel")
    return version and description and kind


COREML = Format(
    id="coreml", title="Core ML", rank=33, matches=_is_coreml, read=read, members=members
)
