# SPDX-License-Identifier: Apache-2.0
"""MessagePack, as Flax writes it: a map of arrays; each array an extension with shape, type and bytes.

Source: MessagePack specification; Flax 0.12, flax/serialization.py (extensions 1 to 3).
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.flaws import FlawList
from steelyard.formats.polyglot import other_views
from steelyard.formats.port import Budget, Content, Format, Glimpse, Member
from steelyard.formats.ranges import Range
from steelyard.formats.source import SliceSource, Source

_ITEMS = 5_000_000
_TRIED = 64  # items that identification walks
_LONG = 256  # bytes of a value that may be something else
_MOST = 10_000  # ranges that are read as layers of their own
_ARRAY, _COMPLEX, _SCALAR = 1, 2, 3
_WINDOW = 16 << 10
_SIZES = {
    "bool": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4, "int64": 8,
    "uint64": 8, "float16": 2, "bfloat16": 2, "float32": 4, "float64": 8, "complex64": 8,
    "complex128": 16, "float8_e4m3fn": 1, "float8_e5m2": 1, "float8_e4m3b11fnuz": 1,
}  # fmt: skip
_FIXED = {0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}
_FIXED |= {0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}


class Item(NamedTuple):
    """One item, without what is nested in it.

    Attributes:
        kind: `number`, `text`, `bytes`, `array`, `map` or `extension`.
        start: Offset of what it holds.
        size: Bytes that it holds; of an array or map, how many items.
        type: Of an extension.
    """

    kind: str
    start: int
    size: int
    type: int = 0


class MsgPack(Content, frozen=True, kw_only=True):
    """A MessagePack document.

    Attributes:
        arrays: How many arrays there are.
        hidden: Ranges that no array accounts for and that may hold anything.
    """

    arrays: int
    hidden: tuple[Range, ...]


class Walk:
    """Walks items in order.

    Args:
        source: The bytes.
        budget: Bounds the time.
        most: How many items may be walked.
    """

    def __init__(self, source: Source, budget: Budget | None, most: int = _ITEMS) -> None:
        self._source = source
        self._budget = budget
        self._left = most
        self._data = b""
        self._base = 0

    def item(self, at: int) -> tuple[Item, int]:
        """Return the item at an offset, and where the next one begins.

        Raises:
            MalformedError: There is none, or it is cut off.
            LimitError: There are too many.
        """
        self._left -= 1
        if self._left < 0:
            raise LimitError("more MessagePack items than may be read", at)
        if self._left % 4096 == 0 and self._budget is not None:
            self._budget.check_time()
        code = self._number(at, 1)
        item = self._short(code, at) or self._long(code, at)
        end = item.start if item.kind in ("array", "map") else item.start + item.size
        if end > self._source.size:
            raise MalformedError("truncated: a MessagePack item exceeds the file", at)
        return item, end

    def _short(self, code: int, at: int) -> Item | None:
        if code < 0x80 or code >= 0xE0:
            return Item("number", at + 1, 0)
        if code < 0x90:
            return Item("map", at + 1, code & 15)
        if code < 0xA0:
            return Item("array", at + 1, code & 15)
        if code < 0xC0:
            return Item("text", at + 1, code & 31)
        if code in _FIXED:
            return Item("number", at + 1, _FIXED[code])
        if 0xD4 <= code <= 0xD8:
            return Item("extension", at + 2, 1 << (code - 0xD4), self._number(at + 1, 1))
        return None

    def _long(self, code: int, at: int) -> Item:
        for first, kind, widths in (
            (0xC4, "bytes", (1, 2, 4)),
            (0xC7, "extension", (1, 2, 4)),
            (0xD9, "text", (1, 2, 4)),
            (0xDC, "array", (2, 4)),
            (0xDE, "map", (2, 4)),
        ):
            if first <= code < first + len(widths):
                width = widths[code - first]
                size = self._number(at + 1, width)
                more = 1 if kind == "extension" else 0
                type_ = self._number(at + 1 + width, 1) if more else 0
                return Item(kind, at + 1 + width + more, size, type_)
        raise MalformedError(f"no MessagePack item begins with {code:#x}", at)

    def _number(self, at: int, width: int) -> int:
        if at < self._base or at + width > self._base + len(self._data):
            self._base, self._data = at, self._source.read(at, _WINDOW)
        data = self._data[at - self._base : at - self._base + width]
        if len(data) < width:
            raise MalformedError("truncated: a MessagePack item is cut off", at)
        return int.from_bytes(data, "big")

    def bytes_of(self, item: Item) -> bytes:
        """Return a short text."""
        return self._source.read(item.start, min(item.size, _LONG))


def read(source: Source, budget: Budget) -> MsgPack:
    """Walk all items, and hold arrays to their shape and type.

    Raises:
        MalformedError: An item makes no sense, or is cut off.
        LimitError: There is more than the limits allow.
    """
    walk = Walk(source, budget)
    flaws, hidden = FlawList(), []
    arrays, at, left = 0, 0, 1
    while left:
        item, at = walk.item(at)
        left += _children(item) - 1
        if item.kind == "extension" and item.type in (_ARRAY, _SCALAR):
            arrays += 1
            hidden += _array(walk, item, flaws)
        elif item.kind == "extension" and item.type != _COMPLEX:
            message = f"an extension of type {item.type}, {item.size:,} bytes"
            flaws.add("extension", message, item.start)
            hidden.append(Range(item.start, item.start + item.size, "extension"))
        elif item.kind in ("bytes", "text") and item.size >= _LONG:
            hidden.append(Range(item.start, item.start + item.size, item.kind))
    if at < source.size:
        flaws.add("tail", f"{source.size - at:,} bytes follow the last item", at)
        hidden.append(Range(at, source.size, "gap"))
    reason = f"more than {_MOST:,} ranges that no array accounts for"
    return MsgPack(
        arrays=arrays,
        hidden=tuple(hidden[:_MOST]),
        flaws=flaws.all(),
        incomplete=reason if len(hidden) > _MOST else "",
    )


def _children(item: Item) -> int:
    return {"map": 2 * item.size, "array": item.size}.get(item.kind, 0)


def _array(walk: Walk, extension: Item, flaws: FlawList) -> list[Range]:
    """Hold an array to its shape and type; return the range of its bytes where they do not fit."""
    whole = [Range(extension.start, extension.start + extension.size, "gap")]
    try:
        outer, at = walk.item(extension.start)
        shape, at = walk.item(at)
        extents = []
        for _ in range(shape.size if shape.kind == "array" and shape.size <= 64 else 0):
            extent, following = walk.item(at)
            extents.append(_extent(walk, extent, at))
            at = following
        name, at = walk.item(at)
        data, at = walk.item(at)
    except MalformedError as error:
        flaws.add("array", f"an array that cannot be read: {error.message}", extension.start)
        return whole
    kind = walk.bytes_of(name).decode("ascii", "replace")
    item = _SIZES.get(kind)
    right = (outer.kind, data.kind) == ("array", "bytes")
    if not right or item is None or min(extents, default=0) < 0:
        flaws.add("array", f"an array of the type {kind[:40]!r}", extension.start)
        return whole
    if math.prod(extents) * item != data.size or at != extension.start + extension.size:
        need = math.prod(extents) * item
        flaws.add("array", f"an array needs {need:,} bytes and has {data.size:,}", data.start)
        return whole
    return []


def _extent(walk: Walk, item: Item, at: int) -> int:
    if item.kind != "number":
        return -1
    if item.size == 0:
        small = walk.bytes_of(Item("text", at, 1))
        return small[0] if small and small[0] < 0x80 else -1
    code, *data = walk.bytes_of(Item("text", at, 1 + item.size))
    unsigned = 0xCC <= code <= 0xCF
    return int.from_bytes(bytes(data), "big", signed=not unsigned)


def members(content: MsgPack, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield what no array accounts for, and what other readers would make of the bytes."""
    yield from other_views(source, budget)
    for hole in content.hidden:
        inner = SliceSource(source, hole.start, hole.end - hole.start)
        yield Member(name=f"{hole.what}@{hole.start}", source=inner)


def _is_msgpack(glimpse: Glimpse) -> bool:
    """Tell a map whose first key is a text, and whose first items can be walked."""
    head = glimpse.head
    if len(head) < 4 or not (0x81 <= head[0] <= 0x8F or head[0] in (0xDE, 0xDF)):
        return False
    walk, at, left = Walk(glimpse.source, None, most=_TRIED), 0, 1
    arrays = 0
    try:
        for index in range(_TRIED):
            item, at = walk.item(at)
            left += _children(item) - 1
            arrays += item.kind == "extension" and item.type == _ARRAY
            if index == 1 and item.kind != "text":
                return False
            if left == 0:
                return at == glimpse.source.size or glimpse.suffix == "msgpack" or arrays > 0
    except MalformedError:
        return glimpse.suffix == "msgpack"
    return arrays > 0 or glimpse.suffix == "msgpack"


MSGPACK = Format(
    id="msgpack",
    title="MessagePack (Flax)",
    rank=34,
    matches=_is_msgpack,
    read=read,
    members=members,
)
