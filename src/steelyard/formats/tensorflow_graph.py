# SPDX-License-Identifier: Apache-2.0
"""Walking TensorFlow's messages: every node of every graph and function, every constant.

Source: TensorFlow 2.20, core/protobuf/{saved_model,meta_graph,saved_object_graph}.proto and
core/framework/{graph,node_def,function,attr_value,tensor,types}.proto.
"""

import math

import msgspec

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.flaws import FlawList
from steelyard.formats.paths import shown
from steelyard.formats.protobuf import LENGTH, Field, Wire
from steelyard.formats.ranges import Range

ITEMS = {
    1: 4, 2: 8, 3: 4, 4: 1, 5: 2, 6: 1, 8: 8, 9: 8, 10: 1, 11: 1, 12: 1, 13: 4, 14: 2, 15: 2,
    16: 2, 17: 2, 18: 16, 19: 2, 22: 4, 23: 8, 24: 1, 25: 1,
}  # fmt: skip
"""Bytes of an element by `DataType`; texts (7), resources (20) and variants (21) have no size."""

_SHORT = 256  # bytes of a text that is kept
_TEXTS = 20_000  # texts of one operation that are kept
_TAGS = 16
_CONSTANTS = 50_000  # texts that are constants of a graph
_OPERATIONS = 200_000
_INPUTS = 3  # inputs of a node that are kept; paths come first
_CONTROL = bytes(byte for byte in range(32) if byte not in b"\t\n\r\f\x1b")


class Operation(msgspec.Struct, frozen=True):
    """All nodes of one operation in one graph or function.

    Attributes:
        name: Of the operation.
        function: The function they are in; empty for the graph itself.
        count: How many nodes there are.
        at: Offset of the first.
        texts: What attributes and constant inputs of these nodes say, by name; of the first few.
    """

    name: str
    function: str
    count: int
    at: int
    texts: tuple[tuple[str, str], ...] = ()


class _Counted:
    """The nodes of one operation while they are being counted."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.count = 0
        self.texts: dict[tuple[str, str], None] = {}
        self.inputs: dict[str, None] = {}


class _Node:
    """One node while it is being walked."""

    def __init__(self) -> None:
        self.name = ""
        self.op = ""
        self.inputs: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.constant = ""


class GraphWalk:
    """What is being found in the graphs of a file.

    Args:
        wire: Walks the file.
    """

    def __init__(self, wire: Wire) -> None:
        self.operations: list[Operation] = []
        self.assets: list[tuple[str, int]] = []
        self.tags: list[str] = []
        self.version = ""
        self.functions = 0
        self.metadata: list[Range] = []
        self.hidden: list[Range] = []
        self.flaws = FlawList()
        self._wire = wire

    def saved_model(self, start: int, end: int) -> None:
        """Walk a SavedModel."""
        for field in self._wire.fields(start, end):
            if field.number == 2:
                self.meta_graph(*_message(field))

    def meta_graph(self, start: int, end: int) -> None:
        """Walk a MetaGraphDef."""
        for field in self._wire.fields(start, end):
            if field.number == 1:
                self._info(field)
            elif field.number == 2:
                self.graph(*_message(field))
            elif field.number == 6:
                self._asset(field)
            elif field.number == 7:
                self._objects(field)

    def graph(self, start: int, end: int) -> None:
        """Walk a GraphDef."""
        nodes = _Nodes(self._wire, self)
        for field in self._wire.fields(start, end):
            if field.number == 1:
                nodes.node(field)
            elif field.number == 2:
                self._library(field)
        self._take(nodes, "")

    def _library(self, library: Field) -> None:
        for field in self._wire.fields(*_message(library)):
            if field.number == 1:
                self._function(field)

    def _function(self, function: Field) -> None:
        nodes, name = _Nodes(self._wire, self), ""
        for field in self._wire.fields(*_message(function)):
            if field.number == 1:
                name = self._signature(field)
            elif field.number == 3:
                nodes.node(field)
        self.functions += 1
        self._take(nodes, name)

    def _signature(self, signature: Field) -> str:
        for field in self._wire.fields(*_message(signature)):
            if field.number == 1:
                return shown(self._wire.text_of(field))
        return ""

    def _take(self, nodes: "_Nodes", function: str) -> None:
        self.operations += nodes.operations(function)
        if len(self.operations) > _OPERATIONS:
            raise LimitError(f"more than {_OPERATIONS:,} operations in functions")

    def _info(self, info: Field) -> None:
        for field in self._wire.fields(*_message(info)):
            if field.number == 4 and len(self.tags) < _TAGS:
                self.tags.append(shown(self._wire.text_of(field)))
            elif field.number == 5:
                self.version = shown(self._wire.text_of(field))

    def _asset(self, asset: Field) -> None:
        for field in self._wire.fields(*_message(asset)):
            if field.number == 2 and len(self.assets) < _CONSTANTS:
                self.assets.append((self._wire.text_of(field), field.at))

    def _objects(self, graph: Field) -> None:
        """Note what Keras wrote about its layers into the objects of a SavedModel."""
        for node in self._wire.fields(*_message(graph)):
            if node.number != 1 or node.wire != LENGTH:
                continue
            for kind in self._wire.fields(node.start, node.end):
                if kind.number != 4 or kind.wire != LENGTH:
                    continue
                for field in self._wire.fields(kind.start, kind.end):
                    if field.number == 3 and field.size > 2:
                        self.metadata.append(Range(field.start, field.end, "keras"))


class _Nodes:
    """The nodes of one graph or function."""

    def __init__(self, wire: Wire, walk: GraphWalk) -> None:
        self._wire = wire
        self._walk = walk
        self._counted: dict[str, _Counted] = {}
        self._constants: dict[str, str] = {}

    def operations(self, function: str) -> list[Operation]:
        """Return what was counted, constant inputs replaced by what they say."""
        return [
            Operation(op, function, counted.count, counted.at, self._texts(counted))
            for op, counted in self._counted.items()
        ]

    def _texts(self, counted: _Counted) -> tuple[tuple[str, str], ...]:
        told = list(counted.texts)
        for name in counted.inputs:
            plain = name.partition(":")[0]
            if plain in self._constants:
                told.append((f"input {shown(plain)}", self._constants[plain]))
        return tuple(dict.fromkeys(told))

    def node(self, message: Field) -> None:
        """Walk a NodeDef."""
        node = _Node()
        for field in self._wire.fields(*_message(message)):
            number = field.number
            if number == 1:
                node.name = self._wire.text_of(field)
            elif number == 2:
                node.op = self._wire.text_of(field)
            elif number == 3 and len(node.inputs) < _INPUTS:
                node.inputs.append(self._wire.text_of(field))
            elif number == 5:
                self._attribute(field, node)
        self._count(node, message.at)

    def _count(self, node: _Node, at: int) -> None:
        if node.constant and len(self._constants) < _CONSTANTS:
            self._constants[node.name] = node.constant
        counted = self._counted.setdefault(shown(node.op), _Counted(at))
        counted.count += 1
        counted.texts.update(dict.fromkeys(node.texts))
        counted.inputs.update(dict.fromkeys(node.inputs))
        if len(counted.texts) > _TEXTS:
            raise LimitError(f"more than {_TEXTS:,} texts of one operation", at)

    def _attribute(self, attribute: Field, node: _Node) -> None:
        key = ""
        for field in self._wire.fields(*_message(attribute)):
            if field.number == 1:
                key = self._wire.text_of(field)
            elif field.number == 2:
                for value in self._wire.fields(*_message(field)):
                    if value.number == 2 and value.wire == LENGTH:
                        self._text(value, key, node)
                    elif value.number == 8:
                        self._tensor(value, node)

    def _text(self, field: Field, key: str, node: _Node) -> None:
        if field.size <= _SHORT:
            text = self._wire.text_of(field)
            if text and key not in ("_output_shapes", "T", "dtype"):
                node.texts.append((shown(key), shown(text)))
            return
        head = self._wire.source.read(field.start, _SHORT)
        if head.translate(None, _CONTROL) != head:
            self._walk.hidden.append(Range(field.start, field.end, "attribute"))

    def _tensor(self, tensor: Field, node: _Node) -> None:
        kind, shape, raw = 0, [1], None
        for field in self._wire.fields(*_message(tensor)):
            if field.number == 1:
                kind = field.value
            elif field.number == 2:
                shape = self._shape(field)
            elif field.number == 4:
                raw = field
            elif field.number == 8 and field.wire == LENGTH and not node.constant:
                node.constant = self._first(field)
        if raw is not None and raw.size:
            self._check_size(raw, kind, shape, node)

    def _first(self, field: Field) -> str:
        if field.size > _SHORT:
            return ""
        return shown(self._wire.text_of(field))

    def _shape(self, shape: Field) -> list[int]:
        extents = []
        for field in self._wire.fields(*_message(shape)):
            if field.number == 2:
                size = 0
                for inner in self._wire.fields(*_message(field)):
                    size = inner.signed if inner.number == 1 else size
                extents.append(size)
        return extents

    def _check_size(self, raw: Field, kind: int, shape: list[int], node: _Node) -> None:
        if kind == 7:  # lengths and texts, as many as the shape says; not bytes of elements
            self._walk.hidden.append(Range(raw.start, raw.end, "attribute"))
            return
        item = ITEMS.get(kind)
        expected = -1 if item is None or min(shape, default=0) < 0 else math.prod(shape) * item
        if raw.size != expected:
            need = f"{expected:,}" if expected >= 0 else "an unknown number of"
            message = f"constant {shown(node.name)!r} needs {need} bytes and has {raw.size:,}"
            self._walk.flaws.add("tensor-size", message, raw.start)
            self._walk.hidden.append(Range(raw.start, raw.end, "gap"))


def _message(field: Field) -> tuple[int, int]:
    if field.wire != LENGTH:
        raise MalformedError(f"field {field.number} should be a message", field.at)
    return field.start, field.end
