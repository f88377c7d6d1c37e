# SPDX-License-Identifier: Apache-2.0
"""safetensors: the header's JSON, and the bounds of every tensor."""

from collections.abc import Iterator

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.flaws import FlawList
from steelyard.formats.polyglot import archive_view
from steelyard.formats.port import Budget, Content, Format, Glimpse, Member
from steelyard.formats.ranges import Range
from steelyard.formats.safetensors_header import decode_header
from steelyard.formats.safetensors_tensors import read_metadata, read_tensors
from steelyard.formats.source import Source
from steelyard.formats.tensor import TensorInfo
from steelyard.formats.tensor_layout import check_places, hidden, hole_members, unclaimed

_PREFIX = 8  # bytes of the header's length
_SECOND = frozenset({b'"', b"}", b" ", b"\n", b"\r", b"\t", b""})  # what may follow the first brace
_LIBRARY_BYTES = 100_000_000  # the longest header that the safetensors library reads


class Safetensors(Content, frozen=True, kw_only=True):
    """A safetensors file.

    Attributes:
        metadata: What `__metadata__` says.
        tensors: In the order of the header; those whose entry is broken are left out.
        data_offset: Byte offset of the first tensor.
        hidden: Bytes that no tensor claims and that are not all zero.
    """

    metadata: dict[str, str]
    tensors: tuple[TensorInfo, ...]
    data_offset: int
    hidden: tuple[Range, ...] = ()


def read(source: Source, budget: Budget) -> Safetensors:
    """Read a header, and look at the bytes that no tensor claims.

    Raises:
        MalformedError: The header's length, UTF-8 or JSON is broken.
        LimitError: There is more than the limits allow.

    Source:
        safetensors 0.7, README ("Format") and the checks of src/tensor.rs.
    """
    begin = _data_offset(source, budget)
    flaws = FlawList()
    raw = source.read(_PREFIX, begin - _PREFIX)
    members = decode_header(raw, budget, flaws)
    del raw
    budget.check_time()
    metadata = read_metadata(members, flaws)
    tensors, places = read_tensors(members, begin, flaws)
    check_places(places, source.size, flaws)
    holes = unclaimed(places, begin, source.size)
    for hole in holes:
        _note_hole(hole, source.size, flaws)
    return Safetensors(
        metadata=metadata,
        tensors=tuple(tensors),
        data_offset=begin,
        hidden=hidden(source, holes, budget),
        flaws=flaws.all(),
    )


def _data_offset(source: Source, budget: Budget) -> int:
    head = source.read(0, _PREFIX)
    if len(head) < _PREFIX:
        raise MalformedError(f"truncated: of the header's length {len(head)} of 8 bytes", 0)
    length = int.from_bytes(head, "little")
    if length > source.size - _PREFIX:
        raise MalformedError(
            f"truncated: header of {length:,} bytes exceeds the file ({source.size:,} bytes)", 0
        )
    if length > min(_LIBRARY_BYTES, budget.limits.header_bytes):
        raise LimitError(f"header of {length:,} bytes, at most {_LIBRARY_BYTES:,} allowed", 0)
    return _PREFIX + length


def _note_hole(hole: Range, size: int, flaws: FlawList) -> None:
    if hole.end == size:
        message = f"{size - hole.start:,} bytes follow the last tensor"
        flaws.add("tail", message, hole.start)
    else:
        message = f"{hole.end - hole.start:,} bytes between tensors that none of them claims"
        flaws.add("hole", message, hole.start)


def _looks_so(glimpse: Glimpse) -> bool:
    """Tell the shape: a length, then a JSON object; what it claims of its length may be a lie."""
    head = glimpse.head
    if head[_PREFIX : _PREFIX + 1] != b"{" or head[_PREFIX + 1 : _PREFIX + 2] not in _SECOND:
        return False
    length = int.from_bytes(head[:_PREFIX], "little")
    return length >= 2 and (length <= glimpse.source.size - _PREFIX or b"\0" in head[:_PREFIX])


def _members(content: Safetensors, source: Source, budget: Budget) -> Iterator[Member]:
    yield from hole_members(source, content.hidden)
    yield from archive_view(source, budget)


SAFETENSORS = Format(
    id="safetensors",
    title="safetensors",
    rank=5,  # before pickle: a length of 1,152 looks like its protocol mark
    matches=_looks_so,
    read=read,
    members=_members,
)
