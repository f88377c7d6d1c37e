# SPDX-License-Identifier: Apache-2.0
"""Protocol Buffers written as text, brought into the binary form that the readers of messages take.

Source: Protocol Buffers, Text Format Language Specification.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.port import Budget
from steelyard.formats.protobuf import LENGTH, NESTED, VARINT

Schema = Mapping[str, tuple[int, Any]]
"""Number and kind of every field by its name: `TEXT`, `NUMBER`, a mapping of the names of an
enumeration, the schema of a message, or None for what no reader asks for."""

TEXT = "text"
NUMBER = "number"

_TOKEN = re.compile(
    rb"""(?P<skip>(?:\s|\#[^\n]*+)++)
    |(?P<name>[A-Za-z_]\w*+)
    |(?P<text>"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+')
    |(?P<number>-?\s*+(?:0[xX][0-9a-fA-F]++|(?:\d++\.?\d*+|\.\d++)(?:[eE][+-]?\d++)?[fF]?|(?i:inf(?:inity)?|nan)\b))
    |(?P<mark>[{}<>:;,\[\]/.])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(
    rb"\\(?:(?P<octal>[0-7]{1,3})|[xX](?P<hex>[0-9a-fA-F]{1,2})|u(?P<short>[0-9a-fA-F]{4})"
    rb"|U(?P<long>[0-9a-fA-F]{8})|(?P<plain>.))",
    re.DOTALL,
)
_PLAIN = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_CLOSING = {b"{": b"}", b"<": b">"}
_STRIDE = 4096  # tokens between two looks at the clock


class Token(NamedTuple):
    """A token.

    Attributes:
        kind: `name`, `text`, `number`, `mark`, or `end`.
        value: Its characters.
        at: Byte offset.
    """

    kind: str
    value: bytes
    at: int


class Tokens:
    """The tokens of a text, one ahead.

    Args:
        data: The text.
        budget: Bounds the time; None for a short text.

    Raises:
        MalformedError: There is something that is no token.
    """

    def __init__(self, data: bytes, budget: Budget | None) -> None:
        self._data = data
        self._budget = budget
        self._at = 3 if data.startswith(b"\xef\xbb\xbf") else 0
        self._count = 0
        self.ahead = self._next()

    def take(self, *values: bytes) -> Token | None:
        """Return the token ahead and go on, if it is one of these marks; else None."""
        if self.ahead.kind == "mark" and self.ahead.value in values:
            return self.pop()
        return None

    def pop(self) -> Token:
        """Return the token ahead and go on."""
        token, self.ahead = self.ahead, self._next()
        return token

    def _next(self) -> Token:
        self._count += 1
        if self._count % _STRIDE == 0 and self._budget is not None:
            self._budget.check_time()
        while self._at < len(self._data):
            found = _TOKEN.match(self._data, self._at)
            if found is None:
                raise MalformedError("no token of a protobuf text begins here", self._at)
            at, self._at = self._at, found.end()
            if found.lastgroup != "skip":
                return Token(str(found.lastgroup), found[0], at)
        return Token("end", b"", len(self._data))


class _Message:
    """A message while it is being written."""

    def __init__(self, number: int, schema: Schema | None, closing: bytes) -> None:
        self.number = number
        self.schema = schema
        self.closing = closing
        self.listed: tuple[int, Any] | None = None  # field whose list of messages it is within
        self.made = bytearray()


def encoded(data: bytes, schema: Schema, budget: Budget) -> bytes:
    """Return the binary form of a message; fields that no reader asks for are left out.

    Raises:
        MalformedError: It does not follow the grammar, or has a field the message does not have.
        LimitError: Messages are nested too deep, or time is up.
    """
    tokens = Tokens(data, budget)
    stack = [_Message(0, schema, b"")]
    while True:
        top = stack[-1]
        if tokens.take(b";", b","):
            continue
        if tokens.ahead.kind == "end" and len(stack) == 1:
            return bytes(top.made)
        if top.closing and tokens.take(top.closing):
            _close(stack)
            _listed(stack, tokens)
        else:
            _field(stack, tokens)
        if len(stack) > NESTED:
            raise LimitError(f"messages nested more than {NESTED} deep", tokens.ahead.at)


def _close(stack: list[_Message]) -> None:
    done = stack.pop()
    if done.schema is not None:
        stack[-1].made += _lengthy(done.number, bytes(done.made))


def _listed(stack: list[_Message], tokens: Tokens) -> None:
    """Go on with the next message of a list, or leave the list."""
    top = stack[-1]
    if top.listed is None:
        return
    tokens.take(b",")
    if tokens.take(b"]"):
        top.listed = None
    else:
        _open(stack, tokens, *top.listed)


def _open(stack: list[_Message], tokens: Tokens, number: int, kind: object) -> None:
    opening = tokens.take(b"{", b"<")
    if opening is None:
        raise MalformedError("a message should begin here", tokens.ahead.at)
    schema = kind if isinstance(kind, dict) else None
    stack.append(_Message(number, schema, _CLOSING[opening.value]))


def _field(stack: list[_Message], tokens: Tokens) -> None:
    top = stack[-1]
    number, kind = _named(top.schema, tokens)
    tokens.take(b":")
    if tokens.ahead.value in _CLOSING:
        _open(stack, tokens, number, kind)
    elif not tokens.take(b"["):
        top.made += _scalar(number, kind, tokens)
    elif tokens.ahead.value in _CLOSING:
        top.listed = (number, kind)
        _open(stack, tokens, number, kind)
    else:
        while not tokens.take(b"]"):
            top.made += _scalar(number, kind, tokens)
            tokens.take(b",")


def _named(schema: Schema | None, tokens: Tokens) -> tuple[int, Any]:
    """Return number and kind of the field whose name is ahead."""
    if tokens.take(b"["):  # an extension, or the type within an Any; none of our messages has any
        while not tokens.take(b"]"):
            if tokens.pop().kind == "end":
                raise MalformedError("the name of an extension does not end", tokens.ahead.at)
        return 0, None
    name = tokens.pop()
    if name.kind != "name":
        raise MalformedError(f"{_shown(name)} where a field should be named", name.at)
    if schema is None:
        return 0, None
    known = schema.get(name.value.decode())
    if known is None:
        raise MalformedError(f"the message has no field named {name.value.decode()!r}", name.at)
    return known


def _scalar(number: int, kind: object, tokens: Tokens) -> bytes:
    token = tokens.pop()
    if token.kind == "text":
        data = unescaped(token.value)
        while tokens.ahead.kind == "text":
            data += unescaped(tokens.pop().value)
        return _lengthy(number, data) if kind == TEXT else b""
    if token.kind not in ("name", "number"):
        raise MalformedError(f"{_shown(token)} where a value should be", token.at)
    if isinstance(kind, dict) and token.kind == "name":
        return _varint(number << 3 | VARINT) + _varint(kind.get(token.value.decode(), 0))
    if kind is None or kind == TEXT:
        return b""
    value = _integer(token.value)
    return b"" if value is None else _varint(number << 3 | VARINT) + _varint(value)


def unescaped(literal: bytes) -> bytes:
    """Return the bytes that a text between quotation marks stands for."""
    return _ESCAPE.sub(_meant, literal[1:-1])


def _meant(found: re.Match[bytes]) -> bytes:
    if found["octal"]:
        return bytes([int(found["octal"], 8) & 255])
    if found["hex"]:
        return bytes([int(found["hex"], 16)])
    point = found["short"] or found["long"]
    if point:
        return chr(min(int(point, 16), 0x10FFFF)).encode("utf-8", "replace")
    return _PLAIN.get(found["plain"], found["plain"])


def _integer(text: bytes) -> int | None:
    """Return a whole number; None for others, which no reader asks for."""
    if text in (b"true", b"True", b"t"):
        return 1
    plain = text.replace(b" ", b"").lower()
    if len(plain) > 32:
        return None
    try:
        octal = plain.lstrip(b"-").startswith(b"0") and plain.lstrip(b"-0").isdigit()
        return int(plain, 8 if octal else 0)
    except ValueError:
        return None


def _lengthy(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | LENGTH) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    number &= 0xFFFFFFFFFFFFFFFF
    made = bytearray()
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    return bytes([*made, number])


def _shown(token: Token) -> str:
    return f"{token.value[:40].decode('utf-8', 'replace')!r}" if token.value else "the end"
