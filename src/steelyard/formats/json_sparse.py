# SPDX-License-Identifier: Apache-2.0
"""Large JSON documents: what probes care about is kept, vocabularies and merges are left out."""

import json
import re
from collections.abc import Iterator

import msgspec

from steelyard.core.errors import LimitError
from steelyard.core.patterns import late

DEPTH = 200  # levels of nesting; configurations of real models have fewer than 30
_SMALL = 64 << 10  # bytes; a value that is kept whatever it says
_BLOCK = 1 << 18  # bytes
_TOLD = 256 << 10  # bytes; a value that names a key that matters is kept up to here
_MEMBERS = 20_000  # members of an object that is looked into; a vocabulary has more
_CROWD = 300_000  # members, or values of a list, that are looked into each; they cost 150 bytes
_NOT_STRUCTURE = bytes(set(range(256)) - set(b'"[]{}'))

_BRACES = bytes.maketrans(b"[]", b"{}")

_NAMES = (
    b"_component_",
    b"_target_",
    b"auto_map",
    b"chat_template",
    b"class_path",
    b"custom_pipelines",
    b"loader_module",
    b"trust_remote_code",
)
_MATTERS = late(
    b"|".join(_NAMES)
    + rb"|\\u00(?:[46][1-9a-fA-F]|[57][0-9aA]|5[fF])"  # a letter or _ that no serializer escapes
)


class Omitted(msgspec.Struct, frozen=True, kw_only=True):
    """A value that was not kept: no key that matters occurs in it.

    Attributes:
        kind: `object`, `array` or `document`.
        size: Bytes it has in the document.
    """

    kind: str
    size: int


def mentions(data: bytes) -> bool:
    """Tell whether some JSON may have a key that a probe looks for."""
    return _MATTERS.search(data) is not None


def check_depth(data: bytes) -> None:
    r"""Check how deep the brackets of a document nest, before anything recurses into it.

    Everything but brackets outside texts is deleted, then one innermost level after another.

    Raises:
        LimitError: More than `DEPTH` levels.
    """
    bare = b"".join(_brackets(data))
    for _ in range(DEPTH):
        inner = bare.replace(b"{}", b"")
        if len(inner) == len(bare):
            break
        bare = inner
    if b"{}" in bare or bare.count(b"{") > DEPTH:  # deeper still, or opened that often
        raise LimitError(f"JSON nested more than {DEPTH} levels deep", at=0)


def _brackets(data: bytes) -> Iterator[bytes]:
    """Yield the brackets of a document that are inside no text, all as braces, block by block."""
    offset, inside = 0, 0
    while offset < len(data):
        end = re.compile(rb"\\*").match(data, min(offset + _BLOCK, len(data))).end() + 1  # type: ignore[union-attr]
        block = data[offset:end].replace(b"\\\\", b"").replace(b'\\"', b"")
        pieces = block.translate(_BRACES, _NOT_STRUCTURE).split(b'"')
        yield b"".join(pieces[inside::2])
        inside ^= (len(pieces) - 1) % 2
        offset = end


def sparse(data: bytes, decoder: json.JSONDecoder) -> object:
    """Return what is kept of a document, or None when it is not plain JSON.

    Values of up to 64 KiB are kept, texts of any length, objects member by member, and of the
    weight map of a sharded model every entry. Larger arrays and objects are `Omitted` unless a key
    that matters occurs in them.

    Args:
        data: UTF-8.
        decoder: Decodes the values that are kept whole.
    """
    try:
        return _kept(msgspec.json.decode(data, type=msgspec.Raw), decoder, _count(data))
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def told_rows(data: bytes, decoder: json.JSONDecoder) -> list[object] | None:
    """Return, of a document on each line, those in which a key that matters occurs.

    None when the first line is no document, or one of those returned is none.

    Args:
        data: UTF-8.
        decoder: Decodes the rows.
    """
    places = {(data.rfind(b"\n", 0, found.start()) + 1) for found in _MATTERS.finditer(data)}
    rows = [data[at : _line_end(data, at)] for at in sorted(places)]
    try:
        decoder.decode(str(data[: _line_end(data, 0)], "utf-8"))
        return [decoder.decode(str(row, "utf-8", "surrogatepass")) for row in rows]
    except (ValueError, RecursionError):
        return None


def _line_end(data: bytes, at: int) -> int:
    end = data.find(b"\n", at)
    return end if end >= 0 else len(data)


def _kept(raw: msgspec.Raw, decoder: json.JSONDecoder, told: int) -> object:
    """Return what is kept of a value in which `told` mentions of keys that matter occur."""
    data = memoryview(raw)
    first = bytes(data[:1])
    if len(data) <= (_TOLD if told else _SMALL) or first not in (b"{", b"["):
        return decoder.decode(str(data, "utf-8", "surrogatepass"))
    if first == b"[":
        return _array(raw, decoder) if told else Omitted(kind="array", size=len(data))
    members = _tally(data, b'":')
    if not told and members > _MEMBERS:
        return Omitted(kind="object", size=len(data))
    return _object(raw, decoder, told) if members <= _CROWD else _named(raw, decoder, told)


def _array(raw: msgspec.Raw, decoder: json.JSONDecoder) -> list[object]:
    if _tally(memoryview(raw), b",") > _CROWD:
        raise ValueError("a list of too many values to look into each")
    items = msgspec.json.decode(raw, type=list[msgspec.Raw])
    return [_kept(item, decoder, _count(memoryview(item))) for item in items]


def _object(raw: msgspec.Raw, decoder: json.JSONDecoder, told: int) -> dict[str, object]:
    members = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    counts = {key: _count(memoryview(item)) if told else 0 for key, item in members.items()}
    if told != sum(counts.values()) + sum(_count(key.encode()) for key in members):
        raise ValueError("a key that matters is hidden by a later one")
    return {key: _member(key, item, decoder, counts[key]) for key, item in members.items()}


def _named(raw: msgspec.Raw, decoder: json.JSONDecoder, told: int) -> dict[str, object]:
    """Return the members that matter of an object with too many members to look into each."""
    names = [name.decode() for name in _NAMES]
    shape = msgspec.defstruct(
        "Named",
        [(f"x{name}", msgspec.Raw, b"") for name in names],
        rename=dict(zip((f"x{name}" for name in names), names, strict=True)),
    )
    found = msgspec.json.decode(raw, type=shape)
    members = {name: value for name in names if (value := getattr(found, f"x{name}"))}
    counts = {key: _count(memoryview(item)) for key, item in members.items()}
    if told != sum(counts.values()) + len(members):
        raise ValueError("a key that matters is further inside")
    return {key: _kept(item, decoder, counts[key]) for key, item in members.items()}


def _member(key: str, raw: msgspec.Raw, decoder: json.JSONDecoder, told: int) -> object:
    if key == "weight_map" and not told:
        return msgspec.json.decode(raw)
    return _kept(raw, decoder, told)


def _count(data: bytes | memoryview) -> int:
    return len(_MATTERS.findall(data))


def _tally(data: memoryview, what: bytes) -> int:
    blocks = range(0, len(data), _BLOCK)
    return sum(bytes(data[at : at + _BLOCK]).count(what) for at in blocks)
