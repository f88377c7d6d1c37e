# SPDX-License-Identifier: Apache-2.0
"""ONNX: a graph of operations and its tensors, as a protobuf message of type ModelProto.

The bytes of a tensor are opaque where its type and shape need just as many; all else that the format
does not account for is read like any other bytes.

Source: onnx 1.22, onnx/onnx.proto, docs/IR.md and docs/ExternalData.md.
"""

from collections.abc import Iterator

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.onnx_graph import ModelWalk
from steelyard.formats.onnx_types import External, Onnx, Operation
from steelyard.formats.polyglot import other_views
from steelyard.formats.port import Budget, Format, Glimpse, Member
from steelyard.formats.protobuf import LENGTH, VARINT, Field, Wire
from steelyard.formats.ranges import Range
from steelyard.formats.source import SliceSource, Source

__all__ = ["ONNX", "External", "Onnx", "Operation"]

_LOOKED_AT = 20_000  # fields that identification walks
_GRAPH = {1: LENGTH, 2: LENGTH, 5: LENGTH, 10: LENGTH, 11: LENGTH, 12: LENGTH, 13: LENGTH}
_MEANT = {"attribute": "attribute", "elements": "tensor"}
_HIDDEN = 10_000  # ranges that are read as layers of their own


def read(source: Source, budget: Budget) -> Onnx:
    """Walk a model without reading its tensors.

    Raises:
        MalformedError: It is cut off, or no message of this kind.
        LimitError: There is more than the limits allow.
    """
    wire = Wire(source, budget)
    walk = ModelWalk(wire)
    walk.model(0, source.size)
    hidden = tuple(sorted(walk.hidden))
    reason = f"more than {_HIDDEN:,} ranges that nothing accounts for"
    return Onnx(
        ir_version=walk.ir_version,
        producer=walk.producer,
        opsets=tuple(walk.opsets.items()),
        operations=walk.operations(),
        functions=frozenset(walk.functions),
        tensors=tuple(walk.tensors),
        external=tuple(walk.external),
        hidden=hidden[:_HIDDEN],
        flaws=walk.flaws.all(),
        incomplete=reason if len(hidden) > _HIDDEN else "",
        incomplete_at=hidden[_HIDDEN].start if len(hidden) > _HIDDEN else -1,
    )


def members(content: Onnx, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield what nothing accounts for, and what other readers would make of the bytes."""
    yield from other_views(source, budget)
    for hole in content.hidden:
        yield hidden_member(source, hole)


def hidden_member(source: Source, hole: Range) -> Member:
    """Return a range as a layer: by what it should be where it has a meaning, else `gap@offset`."""
    kind = _MEANT.get(hole.what, "gap")
    inner = SliceSource(source, hole.start, hole.end - hole.start)
    return Member(name=f"{kind}@{hole.start}", source=inner)


def _is_onnx(glimpse: Glimpse) -> bool:
    """Tell a ModelProto: an IR version, and a graph that begins like one.

    Fields without end in front of these are read as a model that means to hide.
    """
    if not _may_begin(glimpse.head):
        return False
    wire = Wire(glimpse.source, None, most=_LOOKED_AT)
    version = graph = lengths = False
    try:
        for field in wire.fields(0, glimpse.source.size):
            lengths |= field.wire == LENGTH
            if field.number == 1:
                version = field.wire == VARINT and 0 < field.value < 1000
                if not version:
                    return False
            elif field.number == 7:
                graph = _is_graph(wire, field)
                if not graph:
                    return False
    except LimitError:
        return version or lengths
    except MalformedError as error:
        cut = "truncated" in error.message and version and 0 <= error.at < glimpse.source.size
        return (version and graph) or (cut and _goes_on(glimpse))
    return version and graph


def _may_begin(head: bytes) -> bool:
    """Tell whether the first byte is the key of a field of a known wire type."""
    return len(head) > 8 and head[0] & 7 in (0, 1, 2, 5) and head[0] > 7


def _is_graph(wire: Wire, graph: Field) -> bool:
    if graph.wire != LENGTH:
        return False
    seen = 0
    try:
        for field in wire.fields(graph.start, graph.end):
            if _GRAPH.get(field.number, field.wire) != field.wire:
                return False
            seen += field.number in _GRAPH
            if seen == 3:
                return True
    except LimitError:
        return True
    except MalformedError:
        return False
    return seen > 0


def _goes_on(glimpse: Glimpse) -> bool:
    """Tell a model that was cut off from bytes that begin like one: by what its name says."""
    return (
        glimpse.suffix in {"onnx", "ort"}
        or b"\x0aonnx" in glimpse.head
        or (glimpse.head.startswith(b"\x08") and b"pytorch" in glimpse.head[:64])
    )


ONNX = Format(id="onnx", title="ONNX", rank=32, matches=_is_onnx, read=read, members=members)
