# SPDX-License-Identifier: Apache-2.0
"""The tensor table of a GGUF header, and where the tensors lie."""

import bisect
import math
from typing import NamedTuple

from steelyard.core.errors import MalformedError
from steelyard.formats.flaws import FlawList
from steelyard.formats.ggml import GGML_TYPES, GgmlType
from steelyard.formats.gguf_cursor import Cursor
from steelyard.formats.ranges import Range
from steelyard.formats.tensor import TensorInfo

_MAX_DIMENSIONS = 4  # GGML_MAX_DIMS
_NAME_BYTES = 64  # the specification's bound; GGML_MAX_NAME with the NUL
_MAX_ELEMENTS = (1 << 63) - 1  # ggml counts in signed 64-bit numbers


class Entry(NamedTuple):
    """An entry of the tensor table.

    Attributes:
        name: As the file has it.
        extents: As the file has them, innermost first.
        kind: Number of the ggml type.
        offset: From the beginning of the data section, in bytes.
        at: Byte offset of the entry in the file.
    """

    name: str
    extents: tuple[int, ...]
    kind: int
    offset: int
    at: int


def least_entry(width: int) -> int:
    """Return the bytes of the smallest possible entry: no name, no extents."""
    return width + 4 + 4 + 8


def read_entries(cursor: Cursor, count: int, flaws: FlawList) -> list[Entry]:
    """Read so many entries.

    Raises:
        MalformedError: The structure is broken, so that what follows cannot be found.
        LimitError: There is more than the limits allow.
    """
    entries: list[Entry] = []
    names: set[str] = set()
    for _ in range(count):
        entry = _entry(cursor, flaws)
        if entry.name in names:
            flaws.add(
                "duplicate-tensor", f"there are two tensors named {entry.name[:80]!r}", entry.at
            )
        names.add(entry.name)
        entries.append(entry)
    return entries


def _entry(cursor: Cursor, flaws: FlawList) -> Entry:
    at = cursor.position
    raw = cursor.string("tensor name")
    name = raw.decode("utf-8", "backslashreplace")
    if len(raw) > _NAME_BYTES:
        flaws.add("long-name", f"tensor name of {len(raw):,} bytes: {name[:80]!r}", at)
    if not raw.isascii() or b"\0" in raw or not raw:
        flaws.add(
            "name", f"a tensor name is empty, no ASCII, or has a NUL in it: {name[:80]!r}", at
        )
    dimensions = cursor.number("number of dimensions")
    if dimensions > _MAX_DIMENSIONS:
        raise MalformedError(
            f"tensor {name[:80]!r} has {dimensions:,} dimensions, at most {_MAX_DIMENSIONS} allowed",
            at,
        )
    extents = tuple(cursor.length("extent of a tensor") for _ in range(dimensions))
    kind = cursor.number("type of a tensor")
    low, high = cursor.number("offset of a tensor"), cursor.number("offset of a tensor")
    if cursor.order == ">":
        low, high = high, low
    return Entry(name, extents, kind, high << 32 | low, at)


def place_tensors(
    entries: list[Entry], begin: int, size: int, alignment: int, flaws: FlawList
) -> tuple[list[TensorInfo], list[Range]]:
    """Return the tensors and where they lie; note impossible shapes and places.

    A tensor of an unknown type is taken to end where the next one begins.

    Args:
        entries: The tensor table.
        begin: Byte offset of the data section.
        size: Of the file in bytes.
        alignment: Of every tensor, in bytes.
        flaws: Takes the flaws.
    """
    tensors, places = [], []
    expected = 0
    ends = _Ends(entries, max(0, size - begin))
    for entry in entries:
        if entry.offset % alignment:
            message = (
                f"tensor {entry.name[:80]!r} at {entry.offset:,} is not aligned to {alignment}"
            )
            flaws.add("misaligned", message, entry.at)
        tensor = _tensor(entry, begin, ends, flaws)
        if tensor is None:
            continue
        if expected >= 0 and entry.offset != expected and tensor.nbytes:
            message = f"tensor {entry.name[:80]!r} lies at {entry.offset:,}, not at {expected:,}"
            flaws.add("order", message, entry.at)
            expected = -1
        elif expected >= 0:
            expected += -(-tensor.nbytes // alignment) * alignment
        start = begin + entry.offset
        tensors.append(tensor)
        places.append(Range(start, start + tensor.nbytes, entry.name))
    return tensors, places


class _Ends:
    """Where tensors end whose type does not say it."""

    def __init__(self, entries: list[Entry], size: int) -> None:
        self._offsets = sorted(entry.offset for entry in entries)
        self._size = size

    def of(self, entry: Entry) -> int:
        """Return the offset of the next tensor, or of the end of the data section."""
        index = bisect.bisect_right(self._offsets, entry.offset)
        following = self._offsets[index] if index < len(self._offsets) else self._size
        return max(entry.offset, min(following, self._size))


def _tensor(entry: Entry, begin: int, ends: _Ends, flaws: FlawList) -> TensorInfo | None:
    """Return the tensor of an entry; None when its shape is impossible."""
    shape = tuple(reversed(entry.extents))
    elements = math.prod(shape)
    name = entry.name[:80]
    if elements > _MAX_ELEMENTS:
        message = f"tensor {name!r} of shape {_shown(shape)} has more than 2^63 elements"
        flaws.add("shape-overflow", message, entry.at)
        return None
    if elements == 0:
        flaws.add("empty-tensor", f"tensor {name!r} of shape {_shown(shape)} is empty", entry.at)
    start = begin + entry.offset
    kind = GGML_TYPES.get(entry.kind)
    if kind is None:
        flaws.add("unknown-type", f"tensor {name!r} has the unknown type {entry.kind}", entry.at)
        nbytes = ends.of(entry) - entry.offset
        return TensorInfo(entry.name, f"ggml-{entry.kind}", shape, nbytes, at=start)
    _check_type(entry, kind, flaws)
    nbytes = -(-elements // kind.block) * kind.size
    return TensorInfo(entry.name, kind.name, shape, nbytes, at=start)


def _check_type(entry: Entry, kind: GgmlType, flaws: FlawList) -> None:
    if kind.removed:
        message = f"tensor {entry.name[:80]!r} has the type {kind.name}, which was removed"
        flaws.add("removed-type", message, entry.at)
    row = entry.extents[0] if entry.extents else 1
    if row % kind.block:
        message = (
            f"rows of tensor {entry.name[:80]!r} have {row:,} elements, "
            f"no multiple of the {kind.block} of a {kind.name} block"
        )
        flaws.add("row", message, entry.at)


def _shown(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "()"
