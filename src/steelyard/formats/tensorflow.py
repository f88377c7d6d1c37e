# SPDX-License-Identifier: Apache-2.0
"""TensorFlow: SavedModel, MetaGraphDef and frozen GraphDef, and what Keras writes beside them."""

import contextlib
import re
from collections.abc import Iterator

from steelyard.core.errors import MalformedError
from steelyard.formats.polyglot import other_views
from steelyard.formats.port import Budget, Content, Format, Glimpse, Member
from steelyard.formats.protobuf import LENGTH, VARINT, Field, Wire
from steelyard.formats.ranges import Range
from steelyard.formats.source import SliceSource, Source
from steelyard.formats.tensorflow_graph import GraphWalk, Operation

__all__ = ["KERAS_METADATA", "TENSORFLOW", "KerasMetadata", "Operation", "TensorFlow"]

_LOOKED_AT = 400  # fields of a message that identification walks
_ENOUGH = 8  # nodes that look like nodes
_MOST = 10_000  # ranges that are read as layers of their own
_NAME = re.compile(rb"[A-Za-z_>.][\w>.]{0,120}")


class TensorFlow(Content, frozen=True, kw_only=True):
    """Graphs of TensorFlow.

    Attributes:
        kind: `SavedModel`, `MetaGraphDef` or `GraphDef`.
        version: Of TensorFlow, as far as it is told.
        tags: Of the graphs.
        operations: In the order in which they occur, by graph or function.
        functions: How many functions there are.
        assets: Files that the model reads, and the offset of each name.
        metadata: Ranges in which Keras describes its layers.
        hidden: Ranges that may hold something else than numbers and texts.
    """

    kind: str
    version: str
    tags: tuple[str, ...]
    operations: tuple[Operation, ...]
    functions: int
    assets: tuple[tuple[str, int], ...]
    metadata: tuple[Range, ...]
    hidden: tuple[Range, ...]


class KerasMetadata(Content, frozen=True, kw_only=True):
    """The file `keras_metadata.pb`.

    Attributes:
        metadata: Ranges in which Keras describes its layers.
    """

    metadata: tuple[Range, ...]


def read(source: Source, budget: Budget) -> TensorFlow:
    """Walk the graphs without reading their constants.

    Raises:
        MalformedError: It is cut off, or no message of this kind.
        LimitError: There is more than the limits allow.
    """
    kinds = _kinds(source)
    if not kinds:
        raise MalformedError("neither a SavedModel nor a MetaGraphDef nor a GraphDef", at=0)
    return read_as(kinds, source, budget)


def read_as(kinds: list[str], source: Source, budget: Budget) -> TensorFlow:
    """Walk the graphs of bytes that are the first of these messages, and perhaps the others as well.

    Raises:
        MalformedError: They are cut off, or not the first message.
        LimitError: There is more than the limits allow.
    """
    walk = GraphWalk(Wire(source, budget))
    steps = {
        "SavedModel": walk.saved_model,
        "MetaGraphDef": walk.meta_graph,
        "GraphDef": walk.graph,
    }
    steps[kinds[0]](0, source.size)
    for other in kinds[1:]:  # bytes that a loader of the other message would make sense of as well
        with contextlib.suppress(MalformedError):
            steps[other](0, source.size)
    hidden = sorted(walk.hidden)
    too_many = len(hidden) > _MOST or len(walk.metadata) > _MOST
    return TensorFlow(
        kind=kinds[0],
        version=walk.version,
        tags=tuple(walk.tags),
        operations=tuple(walk.operations),
        functions=walk.functions,
        assets=tuple(walk.assets),
        metadata=tuple(walk.metadata[:_MOST]),
        hidden=tuple(hidden[:_MOST]),
        flaws=walk.flaws.all(),
        incomplete=f"more than {_MOST:,} things to look into" if too_many else "",
    )


def members(content: TensorFlow, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield what Keras wrote, what may hide, and what other readers would make of the bytes."""
    yield from other_views(source, budget)
    yield from _described(content.metadata, source)
    for hole in content.hidden:
        inner = SliceSource(source, hole.start, hole.end - hole.start)
        yield Member(name=f"{hole.what}@{hole.start}", source=inner)


def read_metadata(source: Source, budget: Budget) -> KerasMetadata:
    """Find the descriptions of layers.

    Raises:
        MalformedError: It is cut off, or no message of this kind.

    Source:
        Keras 2.15, protobuf/saved_metadata.proto.
    """
    wire = Wire(source, budget)
    found = []
    for node in wire.fields(0, source.size):
        if node.number == 1 and node.wire == LENGTH:
            for field in wire.fields(node.start, node.end):
                if field.number == 5 and field.size > 2:
                    found.append(Range(field.start, field.end, "keras"))
    reason = f"more than {_MOST:,} layers" if len(found) > _MOST else ""
    return KerasMetadata(metadata=tuple(found[:_MOST]), incomplete=reason)


def metadata_members(content: KerasMetadata, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield the descriptions of layers, JSON each, called `keras@offset`."""
    del budget
    yield from _described(content.metadata, source)


def _described(ranges: tuple[Range, ...], source: Source) -> Iterator[Member]:
    for each in ranges:
        inner = SliceSource(source, each.start, each.end - each.start)
        yield Member(name=f"keras@{each.start}.json", source=inner)


def _is_tensorflow(glimpse: Glimpse) -> bool:
    if len(glimpse.head) < 8 or glimpse.head[0] & 7 not in (0, 1, 2, 5) or glimpse.head[0] < 8:
        return False
    if _kinds(glimpse.source):
        return True
    named = glimpse.name.lower() in {"saved_model.pb", "frozen_inference_graph.pb"}
    return named and not _is_metadata(glimpse)


def _kinds(source: Source) -> list[str]:
    """Return which messages some bytes may be, the likeliest first; none when none known here."""
    votes: dict[str, int] = {}
    wire = Wire(source, None, most=20 * _LOOKED_AT)
    looked = 0
    try:
        for field in wire.fields(0, source.size):
            looked += 1
            kind = _vote(wire, field)
            if kind:
                votes[kind] = votes.get(kind, 0) + 1
            if looked >= _LOOKED_AT or votes.get("GraphDef", 0) >= _ENOUGH:
                break
    except MalformedError:
        if not looked:
            return []
    return [kind for kind in ("SavedModel", "MetaGraphDef", "GraphDef") if votes.get(kind)]


def _vote(wire: Wire, field: Field) -> str:
    """Tell of which message a field seems to be."""
    if field.wire != LENGTH:
        return ""
    if field.number == 1:
        return "GraphDef" if _is_node(wire, field) else ""
    if field.number == 2:
        if _has_graph(wire, field):
            return "SavedModel"
        if _is_graph(wire, field):
            return "MetaGraphDef"
        return "GraphDef" if _is_library(wire, field) else ""
    return ""


def _has_graph(wire: Wire, message: Field) -> bool:
    return any(
        field.number == 2
        and field.wire == LENGTH
        and (_is_graph(wire, field) or _is_empty_graph(wire, field))
        for field in _few(wire, message)
    )


def _is_empty_graph(wire: Wire, message: Field) -> bool:
    """Tell a graph that says of which version it is, and nothing else."""
    (*others, versions) = _few(wire, message) or [message]
    if others or versions.number != 4 or versions.wire != LENGTH:
        return False
    numbers = [(field.number, field.wire) for field in _few(wire, versions)]
    return bool(numbers) and all(number < 4 and wire == VARINT for number, wire in numbers)


def _is_graph(wire: Wire, message: Field) -> bool:
    for field in _few(wire, message):
        if field.number == 1 and field.wire == LENGTH:
            return _is_node(wire, field)
        if field.number == 2 and field.wire == LENGTH:
            return _is_library(wire, field)
        if field.number < 3 or (field.number == 3 and field.wire != VARINT):
            return False
    return False


def _is_library(wire: Wire, message: Field) -> bool:
    return any(field.number == 1 and _is_function(wire, field) for field in _few(wire, message))


def _is_function(wire: Wire, message: Field) -> bool:
    if message.wire != LENGTH:
        return False
    numbers = {field.number for field in _few(wire, message) if field.wire == LENGTH}
    return 1 in numbers and bool(numbers & {3, 4})


def _is_node(wire: Wire, message: Field) -> bool:
    name = op = False
    for field in _few(wire, message):
        if field.number in (1, 2) and (field.wire != LENGTH or field.size > 1024):
            return False
        if field.number == 1:
            name = field.size > 0
        elif field.number == 2:
            op = _NAME.fullmatch(wire.bytes_of(field)) is not None
    return name and op


def _few(wire: Wire, message: Field) -> list[Field]:
    """Return the first fields of a message, up to where it is none."""
    found: list[Field] = []
    try:
        for field in wire.fields(message.start, message.end):
            found.append(field)
            if len(found) >= _LOOKED_AT // 4:
                break
    except MalformedError:
        return found if found and found[-1].end < message.end and len(found) > 1 else []
    return found


def _is_metadata(glimpse: Glimpse) -> bool:
    if not glimpse.head.startswith(b"\x0a") or b"_tf_keras_" not in glimpse.head:
        return False
    wire = Wire(glimpse.source, None, most=_LOOKED_AT)
    first = next(iter(_few(wire, Field(0, LENGTH, 0, 0, 0, glimpse.source.size))), None)
    if first is None or first.wire != LENGTH:
        return False
    numbers = [field.number for field in _few(wire, first)]
    return 4 in numbers and 5 in numbers


TENSORFLOW = Format(
    id="tensorflow",
    title="TensorFlow graph",
    rank=33,
    matches=_is_tensorflow,
    read=read,
    members=members,
)
KERAS_METADATA = Format(
    id="keras-metadata",
    title="Keras layers of a SavedModel",
    rank=34,
    matches=_is_metadata,
    read=read_metadata,
    members=metadata_members,
)
