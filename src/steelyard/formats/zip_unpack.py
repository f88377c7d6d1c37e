# SPDX-License-Identifier: Apache-2.0
"""Get at the bytes of a zip member, whatever its flags claim."""

import functools
import lzma
from bz2 import BZ2Decompressor
from collections.abc import Callable

import msgspec

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.compressed_lzma import lzma1_filter, raw_lzma
from steelyard.formats.compressed_stream import Decoder, Unpacking, ZlibDecoder
from steelyard.formats.port import Budget
from steelyard.formats.source import SliceSource, Source, SpooledSource

STORED = 0
LZMA = 14
_MEMORY = 128 << 20  # bytes that an xz decoder may take
_NAMES = {9: "deflate64", 93: "zstd", 97: "WavPack", 98: "PPMd", 99: "AES encryption"}


class Extent(msgspec.Struct, frozen=True, kw_only=True):
    """Where the data of a member lies and how it is packed.

    Attributes:
        method: Compression method.
        start: Offset of the data.
        packed: Bytes it takes.
        unpacked: Bytes it should give.
    """

    method: int
    start: int
    packed: int
    unpacked: int


class Unpacked(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes of a member, or as many as could be had.

    Attributes:
        source: The bytes; None when there are none to be had.
        problem: Why there are none, or not all; empty when all is well.
        crc: CRC-32 of what was unpacked; None when nothing had to be unpacked.
        slack: Bytes of the member's data behind the end of its compressed stream.
    """

    source: Source | None = None
    problem: str = ""
    crc: int | None = None
    slack: int = 0


def unpack(source: Source, extent: Extent, budget: Budget) -> Unpacked:
    """Return the bytes of a member.

    Raises:
        LimitError: They are more than may be spent.
    """
    if extent.start < 0:
        return Unpacked(problem="there is no local header where its data should begin")
    size = max(extent.packed, extent.unpacked) if extent.method == STORED else extent.packed
    room = source.size - extent.start
    cut = "" if size <= room else f"its {size:,} bytes exceed the {room:,} the archive still has"
    size = min(size, room)
    if extent.method == STORED:
        return Unpacked(source=SliceSource(source, extent.start, size), problem=cut)
    make = _decoder(source, extent)
    if make is None:
        name = _NAMES.get(extent.method, "unknown")
        what = f"compression method {extent.method} ({name})"
        return Unpacked(problem=f"{what} cannot be unpacked: unpack it, and check what comes out")
    start = extent.start + (_lzma_header(source, extent.start) if extent.method == LZMA else 0)
    enough = extent.unpacked if extent.method == LZMA else -1
    unpacking = Unpacking(make, source, start, extent.start + size, budget, enough)
    made = SpooledSource(unpacking.chunks())
    return Unpacked(
        source=made,
        problem=unpacking.problem or cut,
        crc=unpacking.crc,
        slack=extent.start + size - (start + unpacking.used),
    )


def beginning(source: Source, extent: Extent, most: int, budget: Budget) -> bytes | None:
    """Return the first bytes of a member, at most so many; None when none are to be had.

    Raises:
        LimitError: They are more than may be spent.
    """
    if extent.start < 0:
        return None
    if extent.method == STORED:
        return source.read(extent.start, min(most, max(extent.packed, extent.unpacked)))
    make = _decoder(source, extent)
    if make is None:
        return None
    start = extent.start + (_lzma_header(source, extent.start) if extent.method == LZMA else 0)
    end = min(extent.start + extent.packed, source.size)
    data = b""
    for chunk in Unpacking(make, source, start, end, budget).chunks():
        data += chunk
        if len(data) >= most:
            break
    return data[:most]


def stream_size(source: Source, extent: Extent, budget: Budget) -> int:
    """Return how many bytes a compressed stream takes that starts at the extent; all, if unknown.

    Raises:
        LimitError: It unpacks to more than may be spent.
    """
    make = _decoder(source, extent)
    if make is None or extent.method == LZMA:
        return extent.packed
    unpacking = Unpacking(make, source, extent.start, extent.start + extent.packed, budget)
    for _ in unpacking.chunks():
        pass
    return extent.packed if unpacking.problem else unpacking.used


def whole(unpacked: Unpacked) -> Source:
    """Return the bytes of a member, all of them.

    Raises:
        LimitError: The method is not known.
        MalformedError: They cannot all be had.
    """
    if unpacked.source is None:
        raise LimitError(unpacked.problem)
    if unpacked.problem:
        raise MalformedError(unpacked.problem)
    return unpacked.source


def _decoder(source: Source, extent: Extent) -> Callable[[], Decoder] | None:
    if extent.method == 8:
        return functools.partial(ZlibDecoder, -15)
    if extent.method == 12:
        return BZ2Decompressor
    if extent.method == LZMA:
        return functools.partial(_lzma_decoder, source, extent)
    if extent.method == 95:
        return functools.partial(lzma.LZMADecompressor, lzma.FORMAT_XZ, memlimit=_MEMORY)
    return None


def _lzma_header(source: Source, start: int) -> int:
    """Return how many bytes of properties come before the stream (APPNOTE 5.8.8)."""
    return 4 + int.from_bytes(source.read(start + 2, 2), "little")


def _lzma_decoder(source: Source, extent: Extent) -> Decoder:
    properties = lzma1_filter(source.read(extent.start + 4, 5))
    return raw_lzma([properties], extent.unpacked)
