# SPDX-License-Identifier: Apache-2.0
"""Walking an ONNX model: every node, in branches, loops and functions as well, and every tensor."""

from steelyard.core.errors import LimitError
from steelyard.formats.flaws import FlawList
from steelyard.formats.onnx_tensor import TensorReading, as_message
from steelyard.formats.onnx_types import External, Operation
from steelyard.formats.protobuf import LENGTH, NESTED, Field, Wire
from steelyard.formats.ranges import Range
from steelyard.formats.tensor import TensorInfo

_MODEL = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26})
_GRAPH = frozenset({1, 2, 5, 10, 11, 12, 13, 14, 15, 16})
_NODE = frozenset(range(1, 11))
_ATTRIBUTE = frozenset(range(1, 16)) | {20, 21, 22, 23}
_FUNCTION = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14})

_SMALL = 16  # bytes of an unknown field that hide nothing
_SHORT = 256  # bytes of an attribute that is kept as a text
_LONG = 512  # bytes of an attribute that may be something else than a text
_OPERATIONS = 20_000  # operations of different names
_TENSORS = 500_000
_NAMES = 1_000_000  # values that nodes take in
_NAMES_BYTES = 64 << 20  # of their names together
_TEXTS = 100_000  # texts of one operation
_CONTROL = bytes(byte for byte in range(32) if byte not in b"\t\n\r\f\x1b")


class ModelWalk:
    """What is being found in a model.

    Args:
        wire: Walks the file.
    """

    def __init__(self, wire: Wire) -> None:
        self.ir_version = 0
        self.producer = ""
        self.opsets: dict[str, int] = {}
        self.functions: set[tuple[str, str]] = set()
        self.tensors: list[TensorInfo] = []
        self.external: list[External] = []
        self.hidden: list[Range] = []
        self.flaws = FlawList()
        self._used: set[bytes] = set()
        self._used_bytes = 0
        self._spare: list[tuple[tuple[bytes, ...], tuple[Range, ...]]] = []
        self._operations: dict[tuple[str, str], list[int]] = {}
        self._texts: dict[tuple[str, str], dict[tuple[str, str], None]] = {}
        self._wire = wire

    def operations(self) -> tuple[Operation, ...]:
        """Return the operations in the order in which they were met."""
        return tuple(
            Operation(*key, count, at, tuple(self._texts[key]))
            for key, (count, at) in self._operations.items()
        )

    def model(self, start: int, end: int) -> None:
        """Walk a ModelProto."""
        self._model(start, end)
        for names, ranges in self._spare:
            if self._used.isdisjoint(names):
                self.hidden += ranges

    def _model(self, start: int, end: int) -> None:
        for field in self._wire.fields(start, end):
            if field.number == 1:
                self.ir_version = field.value
            elif field.number == 2:
                self.producer = self._wire.text_of(field)
            elif field.number == 7:
                self._graph(field, 1)
            elif field.number == 8:
                self._opset(field)
            elif field.number == 20:
                self._training(field)
            elif field.number == 25:
                self._function(field)
            else:
                self._unknown(field, _MODEL, "the model")

    def _graph(self, graph: Field, depth: int) -> None:
        if depth > NESTED:
            raise LimitError(f"graphs nested more than {NESTED} deep", graph.at)
        for field in self._wire.fields(*as_message(graph)):
            if field.number == 1:
                self._node(field, depth)
            elif field.number == 5:
                self._tensor(field)
            elif field.number == 12:
                self._output(field)
            elif field.number == 15:
                self._sparse(field)
            else:
                self._unknown(field, _GRAPH, "a graph")

    def _node(self, node: Field, depth: int) -> None:
        told = {4: "", 7: ""}
        texts: list[tuple[str, str]] = []
        outputs: list[bytes] = []
        spare = len(self._spare)
        for field in self._wire.fields(*as_message(node)):
            if field.number == 1:
                self._use(field)
            elif field.number == 2:
                outputs.append(self._wire.bytes_of(field))
            elif field.number in told:
                told[field.number] = self._wire.text_of(field)
            elif field.number == 5:
                self._attribute(field, texts, depth)
            else:
                self._unknown(field, _NODE, "a node")
        name, domain = told[4], told[7]
        # The tensor of a constant is used where its output is, that of another node by the node.
        held = self._spare[spare:] if name == "Constant" else []
        self._spare[spare:] = [(tuple(outputs), ranges) for _, ranges in held]
        self._count(("" if domain == "ai.onnx" else domain, name), texts, node.at)

    def _count(self, key: tuple[str, str], texts: list[tuple[str, str]], at: int) -> None:
        """Count a node of an operation, and keep what its attributes say."""
        counted = self._operations.setdefault(key, [0, at])
        counted[0] += 1
        if counted[0] == 1:
            self._texts[key] = {}
            if len(self._operations) > _OPERATIONS:
                raise LimitError(f"more than {_OPERATIONS:,} different operations", at)
        if texts and (key[0] or counted[0] == 1):
            self._keep(key, texts, at)

    def _use(self, name: Field) -> None:
        """Note the name of a value that something takes in."""
        taken = self._wire.bytes_of(name)
        if taken in self._used:
            return
        self._used.add(taken)
        self._used_bytes += len(taken)
        if len(self._used) > _NAMES or self._used_bytes > _NAMES_BYTES:
            raise LimitError(f"more than {_NAMES:,} values, or names of great length", name.at)

    def _output(self, output: Field) -> None:
        for field in self._wire.fields(*as_message(output)):
            if field.number == 1:
                self._use(field)

    def _keep(self, key: tuple[str, str], texts: list[tuple[str, str]], at: int) -> None:
        """Keep what the attributes of an operation say, each text once."""
        kept = self._texts[key]
        kept.update(dict.fromkeys(texts))
        if len(kept) > _TEXTS:
            raise LimitError(f"more than {_TEXTS:,} texts of one operation", at)

    def _attribute(self, attribute: Field, texts: list[tuple[str, str]], depth: int) -> None:
        name = ""
        for field in self._wire.fields(*as_message(attribute)):
            number = field.number
            if number == 1:
                name = self._wire.text_of(field)
            elif number == 4:
                self._text(field, name, texts)
            elif number in (5, 10):
                self._tensor(field)
            elif number in (6, 11):
                self._graph(field, depth + 1)
            elif number in (22, 23):
                self._sparse(field)
            else:
                self._unknown(field, _ATTRIBUTE, "an attribute")

    def _text(self, field: Field, name: str, texts: list[tuple[str, str]]) -> None:
        if field.size <= _SHORT:
            texts.append((name, self._wire.text_of(field)))
        elif field.size >= _LONG:
            head = self._wire.source.read(field.start, _LONG)
            if head.translate(None, _CONTROL) != head:
                self.hidden.append(Range(field.start, field.end, "attribute"))

    def _tensor(self, field: Field) -> None:
        tensor = TensorReading(self._wire, *as_message(field))
        if len(self.tensors) >= _TENSORS:
            raise LimitError(f"more than {_TENSORS:,} tensors", field.at)
        self.tensors.append(tensor.info())
        self.external += tensor.external()
        told = tensor.check(self.flaws)
        self.hidden += told
        rest = [each for each in tensor.runs if each.end - each.start > _SMALL]
        rest = [each for each in rest if all(each.start != one.start for one in told)]
        self.hidden += tensor.texts
        if not tensor.opaque:
            self.hidden += rest
        elif rest:
            self._spare.append(((tensor.name_bytes,), tuple(rest)))

    def _sparse(self, sparse: Field) -> None:
        for field in self._wire.fields(*as_message(sparse)):
            if field.number in (1, 2):
                self._tensor(field)

    def _opset(self, opset: Field) -> None:
        domain, version = "", 0
        for field in self._wire.fields(*as_message(opset)):
            if field.number == 1:
                domain = self._wire.text_of(field)
            elif field.number == 2:
                version = field.signed
        if len(self.opsets) < _OPERATIONS:
            self.opsets[domain] = version

    def _training(self, training: Field) -> None:
        for field in self._wire.fields(*as_message(training)):
            if field.number in (1, 2):
                self._graph(field, 1)

    def _function(self, function: Field) -> None:
        name = domain = ""
        for field in self._wire.fields(*as_message(function)):
            if field.number == 1:
                name = self._wire.text_of(field)
            elif field.number == 10:
                domain = self._wire.text_of(field)
            elif field.number == 7:
                self._node(field, 1)
            elif field.number == 11:
                self._attribute(field, [], 1)
            elif field.number == 9:
                self._opset(field)
            else:
                self._unknown(field, _FUNCTION, "a function")
        self.functions.add(("" if domain == "ai.onnx" else domain, name))
        if len(self.functions) > _OPERATIONS:
            raise LimitError(f"more than {_OPERATIONS:,} functions", function.at)

    def _unknown(self, field: Field, known: frozenset[int], what: str) -> None:
        if field.number in known or field.wire != LENGTH or field.size <= _SMALL:
            return
        message = (
            f"field {field.number} of {what}, {field.size:,} bytes, which no version of ONNX has"
        )
        self.flaws.add("unknown-field", message, field.at)
        self.hidden.append(Range(field.start, field.end, "field"))
