# SPDX-License-Identifier: Apache-2.0
"""GGUF: metadata, tensor table, and the bounds of every tensor."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.flaws import FlawList
from steelyard.formats.gguf_cursor import Cursor
from steelyard.formats.gguf_metadata import ArrayInfo, Metadata, Value, read_metadata
from steelyard.formats.gguf_tensors import Entry, least_entry, place_tensors, read_entries
from steelyard.formats.polyglot import archive_view
from steelyard.formats.port import Budget, Content, Format, Member
from steelyard.formats.ranges import Range
from steelyard.formats.source import Source, exactly
from steelyard.formats.tensor import TensorInfo
from steelyard.formats.tensor_layout import check_places, hidden, hole_members, unclaimed

_MAGIC = b"GGUF"
_VERSIONS = (1, 2, 3)
_ALIGNMENT = "general.alignment"
_DEFAULT_ALIGNMENT = 32
_MAX_ALIGNMENT = 1 << 20  # beyond, a loader's arithmetic on padding has been seen to wrap
_LEAST_KEY = 6  # bytes of the smallest value with its type, and one character of a key


class Gguf(Content, frozen=True, kw_only=True):
    """A GGUF file.

    Attributes:
        version: 1, 2 or 3.
        endian: `little` or `big`.
        metadata: By key; strings whole, arrays as `ArrayInfo`.
        shadowed: Key and value of every further occurrence of a metadata key.
        tensors: In the order of the file; those whose shape is impossible are left out.
        alignment: Of the tensors, in bytes.
        data_offset: Byte offset of the data section.
        hidden: Bytes that no tensor claims and that are not all zero.
    """

    version: int
    endian: str
    metadata: dict[str, Value]
    shadowed: tuple[tuple[str, Value], ...] = ()
    tensors: tuple[TensorInfo, ...] = ()
    alignment: int = _DEFAULT_ALIGNMENT
    data_offset: int = 0
    hidden: tuple[Range, ...] = ()


class _Header(NamedTuple):
    version: int
    order: str
    metadata: Metadata
    entries: list[Entry]
    end: int


def read(source: Source, budget: Budget) -> Gguf:
    """Read a header, and look at the bytes that no tensor claims.

    Raises:
        MalformedError: The structure is broken, so that what follows cannot be found.
        LimitError: There is more than the limits allow.

    Source:
        ggml, docs/gguf.md; the checks of llama.cpp b10605, ggml/src/gguf.cpp.
    """
    flaws = FlawList()
    header = _header(source, budget, flaws)
    alignment = _alignment(header.metadata, flaws)
    padding = -header.end % alignment if header.entries else 0
    begin = min(header.end + padding, source.size)
    tensors, places = place_tensors(header.entries, begin, source.size, alignment, flaws)
    check_places(places, source.size, flaws)
    holes = hidden(source, unclaimed(places, header.end, source.size), budget)
    for hole in holes:
        message = f"{hole.end - hole.start:,} bytes that no tensor claims are not all zero"
        flaws.add("hidden-bytes", message, hole.start)
    _check_vocabulary(header.metadata, flaws)
    unknown = [tensor for tensor in tensors if tensor.dtype.startswith("ggml-")]
    return Gguf(
        version=header.version,
        endian="little" if header.order == "<" else "big",
        metadata=header.metadata.values,
        shadowed=header.metadata.shadowed,
        tensors=tuple(tensors),
        alignment=alignment,
        data_offset=begin,
        hidden=holes,
        flaws=flaws.all(),
        incomplete=f"tensors of the unknown type {unknown[0].dtype}" if unknown else "",
        incomplete_at=begin if unknown else -1,
    )


def _header(source: Source, budget: Budget, flaws: FlawList) -> _Header:
    version, order = _version(source)
    cursor = Cursor(source, budget, 8, order, wide=version > 1)
    tensors = _count(cursor, budget, "tensors", least_entry(cursor.width))
    keys = _count(cursor, budget, "metadata keys", cursor.width + _LEAST_KEY)
    metadata = read_metadata(cursor, keys, flaws)
    entries = read_entries(cursor, tensors, flaws)
    return _Header(version, order, metadata, entries, cursor.position)


def _version(source: Source) -> tuple[int, str]:
    """Return the version and the byte order, which the version tells."""
    head = exactly(source, 0, 8, "GGUF header")
    if head[:4] != _MAGIC:
        raise MalformedError(f"no GGUF: it begins with {head[:4]!r}", 0)
    for order in "<>":
        version = struct.unpack_from(f"{order}I", head, 4)[0]
        if version in _VERSIONS:
            return version, order
    version = struct.unpack_from("<I", head, 4)[0]
    raise MalformedError(f"GGUF version {version:,}, only 1 to 3 are known", 4)


def _count(cursor: Cursor, budget: Budget, what: str, least: int) -> int:
    at = cursor.position
    count = cursor.count(what, least)
    if count > budget.limits.members:
        raise LimitError(f"{count:,} {what}, at most {budget.limits.members:,} are read", at)
    return count


def _alignment(metadata: Metadata, flaws: FlawList) -> int:
    value = metadata.values.get(_ALIGNMENT, _DEFAULT_ALIGNMENT)
    if not isinstance(value, int):
        return _DEFAULT_ALIGNMENT  # of a wrong type, which the metadata reader noted
    if 0 < value <= _MAX_ALIGNMENT and value & (value - 1) == 0:
        return value
    flaws.add("alignment", f"{_ALIGNMENT} is {value:,}, no power of two up to {_MAX_ALIGNMENT:,}")
    return _DEFAULT_ALIGNMENT


def _check_vocabulary(metadata: Metadata, flaws: FlawList) -> None:
    """Compare the lengths of the arrays that a loader walks side by side."""
    tokens = metadata.values.get("tokenizer.ggml.tokens")
    if not isinstance(tokens, ArrayInfo):
        return
    for key in ("tokenizer.ggml.scores", "tokenizer.ggml.token_type"):
        other = metadata.values.get(key)
        if isinstance(other, ArrayInfo) and other.count < tokens.count:
            message = f"{key} has {other.count:,} elements for {tokens.count:,} tokens"
            flaws.add("vocabulary-length", message)


def _members(content: Gguf, source: Source, budget: Budget) -> Iterator[Member]:
    yield from hole_members(source, content.hidden)
    yield from archive_view(source, budget)


GGUF = Format(
    id="gguf",
    title="GGUF",
    rank=10,
    signs=((0, _MAGIC),),
    matches=lambda glimpse: glimpse.head.startswith(_MAGIC),
    read=read,
    members=_members,
)
