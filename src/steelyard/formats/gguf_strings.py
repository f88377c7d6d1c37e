# SPDX-License-Identifier: Apache-2.0
"""Arrays of strings in a GGUF header: vocabularies, merges, tags."""

from collections.abc import Iterator
from typing import Literal

from steelyard.formats.flaws import FlawList
from steelyard.formats.gguf_cursor import Cursor

_WHOLE = 64  # arrays up to here are kept whole: languages, tags, base models
_HEAD = 8  # strings that are kept of longer arrays
_LONG = 64  # strings of 128 bytes or more in a block that are still checked all at once


def read_strings(cursor: Cursor, key: str, flaws: FlawList) -> tuple[int, tuple[str, ...]]:
    """Read an array of strings; return how many there are, and all of a few, the first of many.

    Raises:
        MalformedError: A string exceeds the file.
        LimitError: There is more than the limits allow.
    """
    count = cursor.count(f"strings of {key[:80]!r}", cursor.width)
    kept = count if count <= _WHOLE else _HEAD
    begin = cursor.position
    raw = [cursor.string(f"element of {key[:80]!r}") for _ in range(kept)]
    for data in raw:
        _check_string(data, key, begin, flaws)
    for block, offset in cursor.strings(count - kept):
        if not _is_text(block, cursor.width) or _has_odd_byte_token(block, cursor):
            for data, at in _split(block, cursor):
                _check_string(data, key, offset + at, flaws)
    return count, tuple(data.decode("utf-8", "backslashreplace") for data in raw)


def _is_text(block: bytes, width: int) -> bool:
    """Tell whether many strings are surely UTF-8.

    Their lengths lie in between: up to 127 they are ASCII characters, up to 255 a byte that is not
    and zeros; where there is anything else, the strings must be looked at one by one.
    """
    view, at = memoryview(block), 0
    for _ in range(_LONG):
        try:
            str(view[at:], "utf-8")
        except UnicodeDecodeError as error:
            at += error.start
            if block[at + 1 : at + width] != bytes(width - 1):
                return False
            at += width
        else:
            return True
    return False


def _has_odd_byte_token(block: bytes, cursor: Cursor) -> bool:
    """Tell whether a string of many may be six characters that begin like a byte token."""
    begin = (6).to_bytes(cursor.width, _byte_order(cursor)) + b"<0x"
    at = block.find(begin)
    while at >= 0:
        digits = at + len(begin)
        if block[digits + 2 : digits + 3] == b">" and not _is_hex(block[digits : digits + 2]):
            return True
        at = block.find(begin, digits)
    return False


def _byte_order(cursor: Cursor) -> Literal["little", "big"]:
    return "little" if cursor.order == "<" else "big"


def _split(block: bytes, cursor: Cursor) -> Iterator[tuple[bytes, int]]:
    width, byte_order = cursor.width, _byte_order(cursor)
    at = 0
    while at < len(block):
        begin = at + width
        end = begin + int.from_bytes(block[at:begin], byte_order)
        yield block[begin:end], at
        at = end


def _check_string(data: bytes, key: str, at: int, flaws: FlawList) -> None:
    if len(data) == 6 and data[:3] == b"<0x" and data[5:] == b">" and not _is_hex(data[3:5]):
        flaws.add(
            "byte-token", f"{key[:80]!r} has the byte token {data!r}, no hexadecimal number", at
        )
    try:
        data.decode()
    except UnicodeDecodeError:
        flaws.add("vocabulary-not-utf-8", f"{key[:80]!r} has a string that is no UTF-8", at)


def _is_hex(data: bytes) -> bool:
    return all(byte in b"0123456789abcdefABCDEF" for byte in data)
