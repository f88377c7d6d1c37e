# SPDX-License-Identifier: Apache-2.0
"""Handlers of the opcodes that push constants, or say how the pickle is written."""

import re
import struct

from steelyard.formats.pickle_state import INLINE, State
from steelyard.formats.pickle_values import Blob, Unknown, Value

_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_LETTERS = dict(zip(b"abfnrtv", b"\a\b\f\n\r\t\v", strict=True))
_BOOLEANS: dict[object, bool] = {b"00": False, b"01": True}
_DIGITS = 100  # digits of a decimal integer that are read


def proto(state: State, data: bytes, pos: int) -> int:
    """PROTO."""
    state.protocol = max(state.protocol, data[pos])
    return pos + 1


def frame(state: State, data: bytes, pos: int) -> int:
    """FRAME: frames change nothing but how the file is buffered."""
    return pos + 8


def none(state: State, data: bytes, pos: int) -> int:
    """NONE."""
    state.stack.append(None)
    return pos


def true(state: State, data: bytes, pos: int) -> int:
    """NEWTRUE."""
    state.stack.append(True)
    return pos


def false(state: State, data: bytes, pos: int) -> int:
    """NEWFALSE."""
    state.stack.append(False)
    return pos


def integer(state: State, data: bytes, pos: int) -> int:
    """INT: decimal, and the booleans of protocol 0 and 1."""
    digits = state.short_line(pos)
    if digits is not None and digits not in _BOOLEANS and digits.isdigit():
        state.stack.append(int(digits) if len(digits) <= _DIGITS else Unknown("a long integer"))
        return pos + len(digits) + 1
    text, pos = state.line("int", pos)
    state.stack.append(_BOOLEANS[text] if text in _BOOLEANS else _int(text))
    return pos


def long(state: State, data: bytes, pos: int) -> int:
    """LONG."""
    text, pos = state.line("int", pos)
    state.stack.append(_int(text.removesuffix(b"L") if isinstance(text, bytes) else text))
    return pos


def _int(text: bytes | Blob) -> int | Blob | Unknown:
    if isinstance(text, Blob):
        return text
    return parsed(text) if len(text) <= _DIGITS else Unknown("a long integer")


def parsed(text: bytes) -> int:
    """Return the integer a text stands for: up to a NUL, where C strings end, in any notation.

    Raises:
        ValueError: It stands for none.
    """
    digits = text.partition(b"\0")[0]
    try:
        return int(digits)
    except ValueError:
        return int(digits, 0)


def floating(state: State, data: bytes, pos: int) -> int:
    """FLOAT."""
    text, pos = state.line("float", pos)
    state.stack.append(text if isinstance(text, Blob) else float(text.partition(b"\0")[0]))
    return pos


def binint(state: State, data: bytes, pos: int) -> int:
    """BININT."""
    end = pos + 4
    state.stack.append(int.from_bytes(data[pos:end], "little", signed=True))
    return end


def long1(state: State, data: bytes, pos: int) -> int:
    """LONG1."""
    raw, pos = state.counted("int", data[pos], pos + 1)
    state.stack.append(_from_bytes(raw))
    return pos


def long4(state: State, data: bytes, pos: int) -> int:
    """LONG4."""
    size = int.from_bytes(data[pos : pos + 4], "little", signed=True)
    raw, pos = state.counted("int", size, pos + 4)
    state.stack.append(_from_bytes(raw))
    return pos


def _from_bytes(raw: bytes | Blob) -> int | Blob:
    return raw if isinstance(raw, Blob) else int.from_bytes(raw, "little", signed=True)


def binfloat(state: State, data: bytes, pos: int) -> int:
    """BINFLOAT."""
    state.stack.append(struct.unpack_from(">d", data, pos)[0])
    return pos + 8


def string(state: State, data: bytes, pos: int) -> int:
    """STRING: a quoted literal of Python 2."""
    text, pos = state.line("str", pos)
    if isinstance(text, bytes):
        if len(text) < 2 or text[:1] != text[-1:] or text[:1] not in (b"'", b'"'):
            raise state.broken("STRING without quotes")
        state.stack.append(_ESCAPE.sub(_unescape, text[1:-1]).decode("latin-1"))
    else:
        state.stack.append(text)
    return pos


def _unescape(match: re.Match[bytes]) -> bytes:
    octal, hexadecimal, letter = match.groups()
    if octal:
        return bytes([int(octal, 8) & 255])
    if hexadecimal:
        return bytes([int(hexadecimal, 16)])
    if letter == b"\n":
        return b""
    if letter in b"\\'\"":
        return bytes(letter)
    return bytes([_LETTERS[letter[0]]]) if letter[0] in _LETTERS else match.group()


def unicode(state: State, data: bytes, pos: int) -> int:
    """UNICODE: a raw-unicode-escape line."""
    short = state.short_line(pos)
    if short is not None and b"\\" not in short:
        state.stack.append(short.decode("latin-1"))
        return pos + len(short) + 1
    text, pos = state.line("unicode", pos)
    state.stack.append(text if isinstance(text, Blob) else text.decode("raw-unicode-escape"))
    return pos


def short_binstring(state: State, data: bytes, pos: int) -> int:
    """SHORT_BINSTRING: text or bytes of Python 2."""
    return _binstring(state, data[pos], pos + 1)


def binstring(state: State, data: bytes, pos: int) -> int:
    """BINSTRING: text or bytes of Python 2."""
    size = int.from_bytes(data[pos : pos + 4], "little", signed=True)
    return _binstring(state, size, pos + 4)


def _binstring(state: State, size: int, pos: int) -> int:
    raw, pos = state.counted("str", size, pos)
    state.stack.append(raw if isinstance(raw, Blob) else raw.decode("latin-1"))
    return pos


def binunicode(state: State, data: bytes, pos: int) -> int:
    """BINUNICODE."""
    start = pos + 4
    size = int.from_bytes(data[pos:start], "little")
    end = start + size
    if size <= INLINE and end <= len(data):
        state.stack.append(data[start:end].decode("utf-8", "surrogatepass"))
        return end
    return _text(state, size, start)


def binunicode8(state: State, data: bytes, pos: int) -> int:
    """BINUNICODE8."""
    size = int.from_bytes(data[pos : pos + 8], "little")
    return _text(state, size, pos + 8)


def _text(state: State, size: int, pos: int) -> int:
    raw, pos = state.counted("str", size, pos)
    state.stack.append(raw if isinstance(raw, Blob) else raw.decode("utf-8", "surrogatepass"))
    return pos


def short_binbytes(state: State, data: bytes, pos: int) -> int:
    """SHORT_BINBYTES."""
    return _push(state, *state.counted("bytes", data[pos], pos + 1))


def binbytes(state: State, data: bytes, pos: int) -> int:
    """BINBYTES."""
    size = int.from_bytes(data[pos : pos + 4], "little")
    return _push(state, *state.counted("bytes", size, pos + 4))


def binbytes8(state: State, data: bytes, pos: int) -> int:
    """BINBYTES8."""
    size = int.from_bytes(data[pos : pos + 8], "little")
    return _push(state, *state.counted("bytes", size, pos + 8))


def bytearray8(state: State, data: bytes, pos: int) -> int:
    """BYTEARRAY8."""
    size = int.from_bytes(data[pos : pos + 8], "little")
    return _push(state, *state.counted("bytearray", size, pos + 8))


def _push(state: State, value: Value, pos: int) -> int:
    state.stack.append(value)
    return pos


def next_buffer(state: State, data: bytes, pos: int) -> int:
    """NEXT_BUFFER: bytes that the loader brings beside the pickle."""
    state.stack.append(Unknown("a buffer from outside the file", state.at))
    return pos


def readonly_buffer(state: State, data: bytes, pos: int) -> int:
    """READONLY_BUFFER."""
    state.stack[-1]
    return pos
