# SPDX-License-Identifier: Apache-2.0
"""The key-value part of a GGUF header."""

import struct

import msgspec

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.flaws import FlawList
from steelyard.formats.gguf_cursor import Cursor
from steelyard.formats.gguf_strings import read_strings

Scalar = bool | int | float | str

_U32, _BOOL, _STRING, _ARRAY = 4, 7, 8, 9
_NAMES = ("u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "str", "arr", "u64", "i64", "f64")
_CODES = ("B", "b", "H", "h", "I", "i", "f", "B", "", "", "Q", "q", "d")
_SIZES = (1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8)

_KEY_BYTES = 65_535  # the longest key that the specification allows
_WHOLE = 1024  # numeric arrays up to here are kept whole: per-layer settings
_HEAD = 8  # elements that are kept of longer arrays
_ALIGNMENT = "general.alignment"


class ArrayInfo(msgspec.Struct, frozen=True):
    """An array of the metadata.

    Attributes:
        type: GGUF's name of the element type, such as `u32`, `bool` or `str`.
        count: How many elements it has.
        head: The elements of a short array, the first few of a long one.
    """

    type: str
    count: int
    head: tuple[Scalar, ...] = ()

    @property
    def whole(self) -> bool:
        """Tell whether `head` has all elements."""
        return len(self.head) == self.count


Value = Scalar | ArrayInfo


class Metadata(msgspec.Struct, frozen=True):
    """What the key-value part says.

    Attributes:
        values: By key; of several values of one key the first.
        shadowed: Key and value of every further occurrence of a key.
    """

    values: dict[str, Value]
    shadowed: tuple[tuple[str, Value], ...]


def read_metadata(cursor: Cursor, count: int, flaws: FlawList) -> Metadata:
    """Read so many pairs of key and value.

    Raises:
        MalformedError: The structure is broken, so that what follows cannot be found.
        LimitError: There is more than the limits allow.
    """
    values: dict[str, Value] = {}
    shadowed: list[tuple[str, Value]] = []
    for _ in range(count):
        at = cursor.position
        key = _text(cursor.string("metadata key"), "metadata key", at, flaws)
        _check_key(key, at, flaws)
        kind = cursor.number(f"type of {key[:80]!r}")
        value = _value(cursor, key, kind, flaws)
        if key == _ALIGNMENT and kind != _U32:
            message = f"{key} is of type {_NAMES[kind]}, loaders read it as u32"
            flaws.add("alignment", message, at)
        if key in values:
            flaws.add("duplicate-key", f"the key {key[:80]!r} occurs more than once", at)
            shadowed.append((key, value))
        else:
            values[key] = value
    return Metadata(values, tuple(shadowed))


def _value(cursor: Cursor, key: str, kind: int, flaws: FlawList) -> Value:
    at = cursor.position
    if kind == _STRING:
        return _text(cursor.string(f"value of {key[:80]!r}"), f"value of {key[:80]!r}", at, flaws)
    if kind == _ARRAY:
        return _array(cursor, key, flaws)
    number = _numbers(cursor, key, kind, 1)[0]
    if kind == _BOOL:
        if number not in (0, 1):
            flaws.add("bool", f"{key[:80]!r} is a truth value of {number}, not 0 or 1", at)
        return bool(number)
    return number


def _array(cursor: Cursor, key: str, flaws: FlawList) -> ArrayInfo:
    at = cursor.position
    kind = cursor.number(f"element type of {key[:80]!r}")
    if kind == _ARRAY:
        raise MalformedError(f"{key[:80]!r} is an array of arrays, which GGUF does not have", at)
    if kind == _STRING:
        return ArrayInfo("str", *read_strings(cursor, key, flaws))
    size = _size(key, kind, at)
    count = cursor.count(f"elements of {key[:80]!r}", size)
    head = _numbers(cursor, key, kind, count if count <= _WHOLE else _HEAD)
    cursor.skip((count - len(head)) * size)
    return ArrayInfo(_NAMES[kind], count, tuple(map(bool, head)) if kind == _BOOL else head)


def _numbers(cursor: Cursor, key: str, kind: int, count: int) -> tuple[int | float, ...]:
    size = _size(key, kind, cursor.position)
    data = cursor.take(count * size, f"value of {key[:80]!r}")
    return struct.unpack(f"{cursor.order}{count}{_CODES[kind]}", data)


def _size(key: str, kind: int, at: int) -> int:
    if kind >= len(_SIZES) or not _SIZES[kind]:
        raise MalformedError(f"{key[:80]!r} has the unknown type {kind}", at)
    return _SIZES[kind]


def _text(data: bytes, what: str, at: int, flaws: FlawList) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        flaws.add("not-utf-8", f"{what} is no UTF-8", at)
        return data.decode("utf-8", "backslashreplace")


def _check_key(key: str, at: int, flaws: FlawList) -> None:
    if not key or "\0" in key:
        flaws.add("key", f"a metadata key is empty or has a NUL in it: {key[:80]!r}", at)
    if len(key) > _KEY_BYTES:
        raise LimitError(f"metadata key of {len(key):,} bytes, at most {_KEY_BYTES:,} allowed", at)
