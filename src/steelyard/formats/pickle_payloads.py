# SPDX-License-Identifier: Apache-2.0
"""Pickles that a pickle holds as bytes and hands to an unpickler."""

import msgspec

from steelyard.core.errors import MalformedError
from steelyard.formats.pickle_values import Blob, Call, Global, Value
from steelyard.formats.port import Budget
from steelyard.formats.source import BytesSource, SliceSource, Source


class Payload(msgspec.Struct, frozen=True):
    """Bytes that are handed to an unpickler.

    Attributes:
        at: Byte offset of the call that does so.
        data: The bytes, or the text that stands for them; a `Blob` where they are long.
        encoded: Whether a text stands for them, a character for a byte.
    """

    at: int
    data: bytes | str | Blob
    encoded: bool = False


def payload(call: Call) -> Payload | None:
    """Return what a call unpickles, or None where it is no constant."""
    given = call.args[0] if isinstance(call.args, tuple) and call.args else None
    if isinstance(given, bytes) or (isinstance(given, Blob) and given.kind.startswith("byte")):
        return Payload(call.at, given)
    text = _latin1(given)
    return None if text is None else Payload(call.at, text, encoded=True)


def _latin1(value: Value) -> str | Blob | None:
    """Return the text that protocols 0 to 2 write for bytes, or None."""
    if type(value) is not Call or type(value.callee) is not Global:
        return None
    args = value.args if isinstance(value.args, tuple) else ()
    if value.callee.dotted != "_codecs.encode" or len(args) != 2 or args[1] != "latin1":
        return None
    text = args[0]
    if isinstance(text, str) or (isinstance(text, Blob) and text.kind in ("str", "unicode")):
        return text
    return None


def payload_source(held: Payload, source: Source, budget: Budget) -> Source:
    """Return the bytes, given the layer that holds them.

    Raises:
        LimitError: They are more than may be unpacked.
        MalformedError: The text that stands for them does not.
    """
    data = held.data
    if isinstance(data, Blob):
        if not held.encoded:
            return SliceSource(source, data.at, data.size)
        budget.spend_expanded(2 * data.size)
        codec = "utf-8" if data.kind == "str" else "raw-unicode-escape"
        return _bytes_of(source.read(data.at, data.size), codec)
    return BytesSource(data if isinstance(data, bytes) else _encoded(data))


def _bytes_of(raw: bytes, codec: str) -> BytesSource:
    try:
        return BytesSource(_encoded(raw.decode(codec)))
    except UnicodeDecodeError as error:
        raise MalformedError("a text that stands for bytes cannot be read") from error


def _encoded(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise MalformedError("a text that stands for bytes has other characters") from error
