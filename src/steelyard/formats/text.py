# SPDX-License-Identifier: Apache-2.0
"""Plain text: cards, licences, code, templates."""

from collections.abc import Iterator

from steelyard.formats.polyglot import other_views
from steelyard.formats.port import Budget, Content, Format, Glimpse, Member
from steelyard.formats.source import Source

_CONTROL = bytes(byte for byte in range(32) if byte not in b"\t\n\r\f\x1b")


class Text(Content, frozen=True, kw_only=True):
    """A text.

    Attributes:
        text: The characters.
        encoding: `utf-8`, `utf-16`, or `latin-1` where it is neither.
    """

    text: str
    encoding: str


def read(source: Source, budget: Budget) -> Text:
    """Decode a text; only the first `text_bytes` of it, if it is longer."""
    limit = budget.limits.text_bytes
    text, encoding = decode(source.read(0, limit))
    if source.size > limit:
        reason = f"text of {source.size:,} bytes, only the first {limit:,} were read"
        return Text(text=text, encoding=encoding, incomplete=reason, incomplete_at=limit)
    return Text(text=text, encoding=encoding)


def decode(data: bytes) -> tuple[str, str]:
    """Return the characters of a text, and its encoding: `utf-8`, `utf-16`, or `latin-1`."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace"), "utf-16"
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1"


def _is_text(glimpse: Glimpse) -> bool:
    head = glimpse.head
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return bool(head) and head.translate(None, _CONTROL) == head


def members(content: Text, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield what other readers would make of the bytes, such as an archive behind the text."""
    del content
    yield from other_views(source, budget)


TEXT = Format(id="text", title="Text", rank=90, matches=_is_text, read=read, members=members)
