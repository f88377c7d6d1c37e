# SPDX-License-Identifier: Apache-2.0
"""One tensor of an ONNX file: what its type and shape need, and what is there."""

import math

from steelyard.core.errors import MalformedError
from steelyard.formats.flaws import FlawList
from steelyard.formats.onnx_types import BITS, TEXTS, External
from steelyard.formats.paths import shown
from steelyard.formats.protobuf import LENGTH, Field, Wire
from steelyard.formats.ranges import Range
from steelyard.formats.tensor import TensorInfo

_KNOWN = frozenset(range(1, 15)) | {16}
_RAW, _FLOATS, _DOUBLES, _EXTERNAL, _TEXTS = 9, 4, 10, 13, 6
_RUNS = frozenset({4, 5, 7, 9, 10, 11})  # fields that hold elements as one run of bytes
_OCTETS = frozenset({2, 3})  # data types whose elements are bytes, so that they may be anything
_SMALL = 16  # bytes of an unknown field that hide nothing
_LONG = 512  # bytes of a text that may be something else
_CONTROL = bytes(byte for byte in range(32) if byte not in b"\t\n\r\f\x1b")
_HUGE = 1 << 63  # bytes; beyond them the arithmetic of loaders wraps around


class TensorReading:
    """What is being found out about one tensor.

    Args:
        wire: Walks the file.
        start: Offset of the message.
        end: Offset behind it.
    """

    def __init__(self, wire: Wire, start: int, end: int) -> None:
        self.at = start
        self.name = ""
        self.name_bytes = b""
        self.dims: list[int] = []
        self.type = 0
        self.raw: list[Range] = []
        self.typed: dict[int, int] = {}
        self.entries: list[tuple[str, str, int]] = []
        self.runs: list[Range] = []
        self.texts: list[Range] = []
        self.unknown: list[Range] = []
        for field in wire.fields(start, end):
            self._take(wire, field)

    def _take(self, wire: Wire, field: Field) -> None:
        number = field.number
        if field.wire == LENGTH and number in _RUNS:
            self.runs.append(Range(field.start, field.end, "elements"))
        if number == 1:
            self.dims += wire.integers(field)
        elif number == 2:
            self.type = field.value
        elif number == 8:
            self.name = shown(wire.text_of(field))
            self.name_bytes = wire.bytes_of(field)
        elif number == _RAW:
            self.raw.append(Range(field.start, field.end, "raw"))
        elif number in (_FLOATS, _DOUBLES) and field.wire == LENGTH:
            self.typed[number] = self.typed.get(number, 0) + field.size
        elif number == _TEXTS and may_be_no_text(wire, field):
            self.texts.append(Range(field.start, field.end, "elements"))
        elif number == _EXTERNAL:
            self.entries.append((*pair(wire, field), field.at))
        elif number not in _KNOWN and field.size > _SMALL:
            self.unknown.append(Range(field.start, field.end, f"field {number} of a tensor"))

    @property
    def nbytes(self) -> int:
        """Return how many bytes type and shape need; -1 when that cannot be told."""
        known = BITS.get(self.type)
        if known is None or any(extent < 0 for extent in self.dims):
            return -1
        bits = math.prod(self.dims) * known[1]
        return (bits + 7) // 8

    @property
    def opaque(self) -> bool:
        """Tell whether its bytes are the numbers they are said to be, as far as type and shape say.

        A weight has several extents; bytes in a row are how a model carries a file.
        """
        longest = max((abs(extent) for extent in self.dims), default=1)
        return self.type not in _OCTETS or math.prod(self.dims) != longest

    def info(self) -> TensorInfo:
        """Return what every weight format says of a tensor."""
        name = BITS[self.type][0] if self.type in BITS else "string"
        return TensorInfo(self.name, name, tuple(self.dims), max(0, self.nbytes))

    def check(self, flaws: FlawList) -> list[Range]:
        """Note what contradicts what; return the ranges that are no elements."""
        if any(extent < 0 for extent in self.dims) or self.nbytes >= _HUGE:
            flaws.add("shape", f"tensor {self.name!r} has the shape {self.dims[:9]}", self.at)
        if self.type not in BITS and self.type != TEXTS:
            flaws.add("dtype", f"tensor {self.name!r} has the data type {self.type}", self.at)
        self._check_typed(flaws)
        hidden = list(self.unknown)
        for each in hidden:
            flaws.add("unknown-field", f"{each.what}, which no version of ONNX has", each.start)
        if len(self.raw) > 1:
            message = f"tensor {self.name!r} has {len(self.raw)} runs of raw data"
            flaws.add("duplicate-field", message, self.raw[0].start)
        for index, raw in enumerate(self.raw):
            last = index == len(self.raw) - 1
            if not last or raw.end - raw.start != self.nbytes:
                hidden.append(raw)
            if last and self._contradicts(raw) and self.nbytes >= 0:
                flaws.add("tensor-size", self._sizes(raw.end - raw.start), raw.start)
        return [each for each in hidden if each.end > each.start]

    def _contradicts(self, raw: Range) -> bool:
        empty = raw.end == raw.start
        return raw.end - raw.start != self.nbytes and not (empty and (self.entries or self.typed))

    def _check_typed(self, flaws: FlawList) -> None:
        for number, size in self.typed.items():
            if number == _FLOATS and self.type in (1, 14) and size != self.nbytes:
                flaws.add("tensor-size", self._sizes(size), self.at)
            if number == _DOUBLES and self.type in (11, 15) and size != self.nbytes:
                flaws.add("tensor-size", self._sizes(size), self.at)

    def _sizes(self, size: int) -> str:
        dims = "x".join(map(str, self.dims)) or "scalar"
        return f"tensor {self.name!r} ({dims}) needs {self.nbytes:,} bytes and has {size:,}"

    def external(self) -> list[External]:
        """Return where its bytes lie, if in other files; more than one place if it says so twice."""
        last = {key: value for key, value, _ in self.entries}
        return [
            External(
                tensor=self.name,
                location=value,
                offset=last.get("offset", ""),
                length=last.get("length", ""),
                nbytes=self.nbytes,
                at=at,
            )
            for key, value, at in self.entries
            if key == "location"
        ]


def may_be_no_text(wire: Wire, field: Field) -> bool:
    """Tell whether what should be a text may be something else: it is long, or has control bytes."""
    if field.wire != LENGTH or field.size <= _SMALL:
        return False
    head = wire.source.read(field.start, min(field.size, _LONG))
    return field.size >= _LONG or head.translate(None, _CONTROL) != head


def pair(wire: Wire, field: Field) -> tuple[str, str]:
    """Return key and value of a `StringStringEntryProto`."""
    found = {1: "", 2: ""}
    for inner in wire.fields(field.start, field.end):
        if inner.number in found:
            found[inner.number] = wire.text_of(inner, 1 << 20)
    return found[1], found[2]


def as_message(field: Field) -> tuple[int, int]:
    """Return the range of a nested message.

    Raises:
        MalformedError: It is none.
    """
    if field.wire != LENGTH:
        raise MalformedError(f"field {field.number} should be a message", field.at)
    return field.start, field.end
