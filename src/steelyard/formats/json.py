# SPDX-License-Identifier: Apache-2.0
"""JSON documents: configurations, tokenizers, indexes; one document or one on each line."""

import json
import re
from collections.abc import Iterator
from typing import Any

from steelyard.core.patterns import late
from steelyard.formats.json_sparse import Omitted, check_depth, mentions, sparse, told_rows
from steelyard.formats.polyglot import other_views
from steelyard.formats.port import Budget, Content, Flaw, Format, Glimpse, Member
from steelyard.formats.source import Source

WHOLE_BYTES = 1 << 20  # larger documents are kept in part, see `formats.json_sparse`
SPARSE_BYTES = 64 << 20  # larger still, and they are only searched for keys that matter
_RETRIED_BYTES = 4 << 20  # larger documents that are not plain JSON are not decoded whole
_BLOCK = 1 << 20
_OVERLAP = 64  # bytes; longer than any key that is searched for
_SHADOWED = 10_000  # duplicate keys that are kept; one such document is hostile enough

_TOKENS = late(
    rb"""(?=\{\s*+["}]|\[)(?:[\s\[\]{},:]++|"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|-?(?:\d[\d.eE+-]*+|Infinity)|true|false|null
    |NaN)*+[a-zA-Z-]*\Z""",
    re.VERBOSE | re.DOTALL,
)


class JsonDocument(Content, frozen=True, kw_only=True):
    """What a JSON document says.

    Attributes:
        value: Dictionaries (in the order of the document), lists, texts, numbers, truth values and
            None, nested at most `json_sparse.DEPTH` deep; `Omitted` where a large document was
            not kept; a list of the rows where there is a document on each line (of many rows, those that
            matter). None when `text` is
            set.
        shadowed: Key and value of every member that a later member of the same name hides; a loader
            that takes the first instead of the last sees these.
        lines: There is one document on each line.
        text: The characters, where they are no JSON after all; else empty.
    """

    value: Any = None
    shadowed: tuple[tuple[str, Any], ...] = ()
    lines: bool = False
    text: str = ""


def members_of(value: object, pointer: str = "") -> Iterator[tuple[str, str, Any]]:
    """Yield JSON pointer, key and value of every member of every object below a value.

    The order is that of the document; nothing recurses, whatever the depth.

    Source:
        RFC 6901 (JSON Pointer).
    """
    stack: list[tuple[str, str | None, object]] = [(pointer, None, value)]
    while stack:
        pointer, key, value = stack.pop()
        if key is not None:
            yield pointer, key, value
        if isinstance(value, dict):
            stack += [
                (f"{pointer}/{escaped(str(name))}", str(name), value[name])
                for name in reversed(value)
            ]
        elif isinstance(value, list):
            last = len(value) - 1
            stack += [
                (f"{pointer}/{last - index}", None, item)
                for index, item in enumerate(reversed(value))
                if isinstance(item, dict | list)
            ]


def objects_of(value: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield JSON pointer and object of every object of a value, outer before inner."""
    stack: list[tuple[str, object]] = [("", value)]
    while stack:
        pointer, value = stack.pop()
        if isinstance(value, dict):
            yield pointer, value
            stack += [(f"{pointer}/{escaped(str(key))}", value[key]) for key in reversed(value)]
        elif isinstance(value, list):
            last = len(value) - 1
            stack += [(f"{pointer}/{last - at}", item) for at, item in enumerate(reversed(value))]


def read(source: Source, budget: Budget) -> JsonDocument:
    """Read a document.

    Up to `WHOLE_BYTES` all of it is kept; up to `SPARSE_BYTES` what probes care about; beyond that
    it is searched for keys that matter and is incomplete if there are any.

    Raises:
        LimitError: It is nested more than `json_sparse.DEPTH` deep.
    """
    if source.size > SPARSE_BYTES:
        return _searched(source, budget)
    data = source.read(0, source.size)
    flaws: list[Flaw] = []
    encoding = json.detect_encoding(data)
    if encoding != "utf-8":
        data = data.decode(encoding, "replace").encode("utf-8", "replace")
    data = data.removeprefix(b"\xef\xbb\xbf")
    check_depth(data)
    budget.check_time()
    shadowed: list[tuple[str, Any]] = []
    decoder = _decoder(shadowed)
    if len(data) > WHOLE_BYTES:
        value = sparse(data, decoder)
        if value is not None:
            return _document(value, shadowed, flaws)
        shadowed.clear()
    if len(data) > _RETRIED_BYTES:
        return _unusual(data, decoder, shadowed, flaws)
    text = _text(data, flaws)
    value, lines, reason = _decoded(text, decoder)
    if not reason:
        return _document(value, shadowed, flaws, lines=lines)
    flaws.append(Flaw(code="not-json", message=reason))
    missing = reason if mentions(data) else ""
    return JsonDocument(
        text=text, flaws=tuple(flaws), incomplete=missing, incomplete_at=0 if missing else -1
    )


def _unusual(
    data: bytes,
    decoder: json.JSONDecoder,
    shadowed: list[tuple[str, Any]],
    flaws: list[Flaw],
) -> JsonDocument:
    """Return what is kept of a large document that is not one plain value."""
    rows = told_rows(data, decoder)
    if rows is not None:
        return _document(rows, shadowed, flaws, lines=True)
    reason = f"JSON of {len(data):,} bytes that is broken, or has keys in unusual places"
    missing = reason if mentions(data) else ""
    flaws.append(Flaw(code="not-json", message=reason))
    return JsonDocument(flaws=tuple(flaws), incomplete=missing, incomplete_at=0 if missing else -1)


def _document(
    value: object, shadowed: list[tuple[str, Any]], flaws: list[Flaw], *, lines: bool = False
) -> JsonDocument:
    doubled = [
        Flaw(code="duplicate-key", message=f"an object has two members named {key!r}")
        for key in dict.fromkeys(key for key, _ in shadowed[:100])
    ]
    return JsonDocument(
        value=value, shadowed=tuple(shadowed), lines=lines, flaws=(*flaws, *doubled)
    )


def _decoder(shadowed: list[tuple[str, Any]]) -> json.JSONDecoder:
    """Return a decoder that keeps the members hidden by later ones of the same name."""

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) != len(items):
            last = {key: index for index, (key, _) in enumerate(items)}
            hidden = [item for index, item in enumerate(items) if last[item[0]] != index]
            shadowed.extend(hidden[: _SHADOWED - len(shadowed)])
        return found

    return json.JSONDecoder(object_pairs_hook=pairs, strict=False)


def _decoded(text: str, decoder: json.JSONDecoder) -> tuple[object, bool, str]:
    """Return the value, whether it is one document a line, and why it could not be decoded."""
    try:
        return decoder.decode(text), False, ""
    except json.JSONDecodeError as error:
        reason = f"no JSON from line {error.lineno} column {error.colno} on"
    except (ValueError, RecursionError):
        reason = "a number of thousands of digits, or brackets that are never closed"
    rows = [line for line in text.splitlines() if line.strip()]
    if len(rows) > 1:
        try:
            return [decoder.decode(row) for row in rows], True, ""
        except (ValueError, RecursionError):
            pass
    return None, False, reason


def _searched(source: Source, budget: Budget) -> JsonDocument:
    """Search a document that is too large to decode."""
    omitted = Omitted(kind="document", size=source.size)
    for offset in range(0, source.size, _BLOCK):
        budget.check_time()
        if mentions(source.read(offset, _BLOCK + _OVERLAP)):
            reason = f"JSON of {source.size:,} bytes, more than {SPARSE_BYTES:,}"
            return JsonDocument(value=omitted, incomplete=reason, incomplete_at=offset)
    return JsonDocument(value=omitted)


def _text(data: bytes, flaws: list[Flaw]) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        message = f"a byte that is no UTF-8: {data[error.start]:#04x}"
        flaws.append(Flaw(code="not-utf-8", message=message, at=error.start))
        return data.decode("utf-8", "replace")


def escaped(key: str) -> str:
    """Return a key as a part of a JSON pointer (RFC 6901, section 3)."""
    return key.replace("~", "~0").replace("/", "~1")


def members(content: JsonDocument, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield what other readers would make of bytes that are no JSON after all, whatever their name.

    Raises:
        LimitError: It is more than may be read.
        MalformedError: An archive is none after all.
    """
    if isinstance(content.value, Omitted) or any(flaw.code == "not-json" for flaw in content.flaws):
        yield from other_views(source, budget)


def _is_json(glimpse: Glimpse) -> bool:
    head = glimpse.head
    encoding = json.detect_encoding(head) if head else "utf-8"
    if encoding != "utf-8":
        head = head.decode(encoding, "replace").encode("utf-8", "replace")
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _TOKENS.match(head):
        return True
    named = glimpse.suffix in {"json", "jsonl", "ndjson"}
    return named and bool(head) and b"\0" not in head and not glimpse.head.startswith(b"\x80")


JSON = Format(id="json", title="JSON", rank=30, matches=_is_json, read=read, members=members)

__all__ = ["JSON", "JsonDocument", "Omitted", "members", "members_of", "objects_of", "read"]
