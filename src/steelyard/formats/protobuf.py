# SPDX-License-Identifier: Apache-2.0
"""Protocol Buffers on the wire: fields in order, nested ones by their range, none of them decoded.

A message is a range of bytes. Its fields are walked without reading what they hold, so the
gigabytes of a tensor cost as much as a number.
"""

from collections.abc import Iterator
from typing import NamedTuple

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.port import Budget
from steelyard.formats.source import Source

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
NESTED = 64  # messages in each other; the reference implementation reads 100

_WINDOW = 32 << 10  # bytes that are held at a time
_KEY = 20  # bytes; the longest key and length together
_FIELDS = 20_000_000  # fields of one file
_STRIDE = 4096  # fields between two looks at the clock
_TEXT = 16 << 10  # bytes of a name, an operation, a path
_FIXED = {FIXED64: 8, FIXED32: 4}


class Field(NamedTuple):
    """One field of a message.

    Attributes:
        number: Which field of the message.
        wire: `VARINT`, `FIXED64`, `LENGTH` or `FIXED32`.
        value: The number of a varint; else 0.
        at: Offset of its key.
        start: Offset of what it holds.
        end: Offset behind it.
    """

    number: int
    wire: int
    value: int
    at: int
    start: int
    end: int

    @property
    def size(self) -> int:
        """Return how many bytes it holds."""
        return self.end - self.start

    @property
    def signed(self) -> int:
        """Return the number of a varint that stands for a signed one of 64 bits."""
        return self.value - (1 << 64) if self.value >> 63 else self.value


class Wire:
    """Walks messages of one source.

    Args:
        source: The bytes.
        budget: Bounds the time.
        most: How many fields may be walked.
    """

    def __init__(self, source: Source, budget: Budget | None, most: int = _FIELDS) -> None:
        self.source = source
        self._budget = budget
        self._most = most
        self._count = 0
        self._data = b""
        self._base = 0

    def fields(self, start: int, end: int) -> Iterator[Field]:
        """Yield the fields of the message in a range.

        Raises:
            MalformedError: A key or a length makes no sense, or a field ends behind the message.
            LimitError: There are too many fields, or time is up.

        Source:
            Protocol Buffers, Encoding. Groups (wire types 3 and 4) occur in no model format.
        """
        at = start
        while at < end:
            self._spend()
            key, pos = self._varint(at, end)
            number, wire = key >> 3, key & 7
            value = 0
            if wire == LENGTH:
                size, pos = self._varint(pos, end)
                stop = pos + size
            elif wire == VARINT:
                begin = pos
                value, stop = self._varint(pos, end)
                pos = begin
            else:
                stop = pos + _FIXED.get(wire, -1)
            if not number or stop < pos:
                raise MalformedError(f"no protobuf field begins with {key:#x}", at)
            if stop > end:
                raise MalformedError(
                    f"truncated: field {number} of {stop - pos:,} bytes, {end - pos:,} are there",
                    at,
                )
            yield Field(number, wire, value, at, pos, stop)
            at = stop

    def bytes_of(self, field: Field, most: int = _TEXT) -> bytes:
        """Return what a field holds.

        Raises:
            LimitError: It is longer than `most`.
        """
        if field.size > most:
            raise LimitError(f"a text of {field.size:,} bytes where {most:,} are plenty", field.at)
        start = field.start - self._base
        if start >= 0 and field.end - self._base <= len(self._data):
            return self._data[start : field.end - self._base]
        return self.source.read(field.start, field.size)

    def text_of(self, field: Field, most: int = _TEXT) -> str:
        """Return the text that a field holds; bytes that are no UTF-8 as escapes.

        Raises:
            LimitError: It is longer than `most`.
        """
        return self.bytes_of(field, most).decode("utf-8", "backslashreplace")

    def integers(self, field: Field) -> list[int]:
        """Return the signed numbers of a repeated field, of which this is one, or a packed run.

        Raises:
            LimitError: There are thousands.
            MalformedError: The last one is cut off.
        """
        if field.wire != LENGTH:
            return [field.signed]
        if field.size > _TEXT:
            raise LimitError(f"{field.size:,} bytes of numbers where a few are plenty", field.at)
        found = []
        at = field.start
        while at < field.end:
            value, at = self._varint(at, field.end)
            found.append(value - (1 << 64) if value >> 63 else value)
        return found

    def _spend(self) -> None:
        self._count += 1
        if self._count > self._most:
            raise LimitError(f"more than {self._most:,} protobuf fields")
        if self._count % _STRIDE == 0 and self._budget is not None:
            self._budget.check_time()

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        """Return a number and the offset behind it."""
        data, index = self._data, at - self._base
        if index < 0 or index + _KEY > len(data):
            self._base = at
            data = self._data = self.source.read(at, _WINDOW)
            index = 0
        last = min(len(data), end - self._base, index + 10)
        value = shift = 0
        while index < last:
            byte = data[index]
            index += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value & 0xFFFFFFFFFFFFFFFF, self._base + index
            shift += 7
        raise MalformedError("truncated: a number of a protobuf message does not end", at)
