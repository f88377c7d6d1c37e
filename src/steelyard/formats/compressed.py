# SPDX-License-Identifier: Apache-2.0
"""Compressed streams: gzip, bzip2, xz, lzma, zlib, lz4, zstd; joblib writes all but the last.

Each is unpacked under the budget into one member called `content`; streams of the same kind that
follow each other are one, as their readers have it. What lies behind is a member `gap@offset`.

Source: RFC 1952 (gzip), RFC 1950 (zlib), the .xz file format 1.2.0, the LZMA SDK's lzma.txt, RFC 8878
(zstd), the LZ4 frame format 1.6.2.
"""

import lzma
import struct
from bz2 import BZ2Decompressor
from collections.abc import Callable, Iterator

import msgspec

from steelyard.core.errors import LimitError
from steelyard.formats.compressed_extra import lz4_decoder, zstd_decoder
from steelyard.formats.compressed_stream import BROKEN, Decoder, Unpacking, ZlibDecoder
from steelyard.formats.port import Budget, Content, Format, Glimpse, Member
from steelyard.formats.ranges import first_filled, gap_member
from steelyard.formats.source import Source, SpooledSource

_MEMORY = 128 << 20  # bytes that an LZMA decoder may take; `xz -9` asks for 65 MiB
_ZFILE_HEADER = 20  # bytes: joblib before 0.10 writes `ZF` and the size in hexadecimal, then zlib


class Compressed(Content, frozen=True, kw_only=True):
    """A compressed stream.

    Attributes:
        method: Id of its format.
    """

    method: str


class _Codec(msgspec.Struct, frozen=True, kw_only=True):
    """How streams of a kind are unpacked.

    Attributes:
        method: Id of the format.
        make: Makes a decoder for one stream; raises LimitError when its package is missing.
        magic: What each stream begins with; empty where no second one may follow.
        header: Bytes before the stream that its decoder does not take.
    """

    method: str
    make: Callable[[], Decoder]
    magic: bytes = b""
    header: int = 0


class _Streams:
    """The streams of a kind that follow each other from the first byte on."""

    def __init__(self, codec: _Codec, source: Source, budget: Budget) -> None:
        self._codec = codec
        self._source = source
        self._budget = budget
        self.problem = ""
        self.end = 0

    def chunks(self) -> Iterator[bytes]:
        """Yield what they unpack to, up to where they break; `end` tells how far they reach."""
        codec, source, made = self._codec, self._source, 0
        while not self.problem:
            start = self.end + codec.header
            unpacking = Unpacking(codec.make, source, start, source.size, self._budget)
            for chunk in unpacking.chunks():
                made += len(chunk)
                self._budget.check_ratio(start + unpacking.used, made)
                yield chunk
            self.problem = unpacking.problem
            self.end = start + unpacking.used
            if not codec.magic or source.read(self.end, len(codec.magic)) != codec.magic:
                return


def _read(codec: _Codec, source: Source, budget: Budget) -> Compressed:
    del source, budget
    try:
        codec.make()
    except LimitError as error:
        return Compressed(method=codec.method, incomplete=error.message, incomplete_at=0)
    return Compressed(method=codec.method)


def _members(
    codec: _Codec, content: Compressed, source: Source, budget: Budget
) -> Iterator[Member]:
    if content.incomplete:
        return
    streams = _Streams(codec, source, budget)
    unpacked = SpooledSource(streams.chunks())
    yield Member(name="content", source=unpacked, unread=streams.problem)
    if not streams.problem:
        rest = first_filled(source, streams.end, source.size, budget)
        if rest < source.size:
            yield gap_member(source, rest, source.size)


def _is_bzip2(glimpse: Glimpse) -> bool:
    """Tell by the magic and the block's or the end's, which are digits of pi and of its root."""
    head = glimpse.head
    blocks = (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")
    return head[:3] == b"BZh" and head[3:4] in b"123456789" and head[4:10] in blocks


def _is_zlib(glimpse: Glimpse) -> bool:
    head = glimpse.head
    if len(head) < 6 or head[0] & 15 != 8 or head[0] >> 4 > 7 or head[1] & 32:
        return False
    return int.from_bytes(head[:2], "big") % 31 == 0 and _opens(_zlib, glimpse)


def _is_lzma(glimpse: Glimpse) -> bool:
    """Tell by a plausible header, as `xz` does, and by unpacking the beginning."""
    head = glimpse.head
    if len(head) < 14 or head[0] >= 9 * 5 * 5 or head[13]:
        return False
    dictionary, size = struct.unpack_from("<LQ", head, 1)
    plain = dictionary >= 4096 and dictionary.bit_count() in (1, 2, 32)
    return plain and (size == (1 << 64) - 1 or size < 1 << 38) and _opens(_lzma, glimpse)


def _opens(make: Callable[[], Decoder], glimpse: Glimpse) -> bool:
    """Tell whether the beginning unpacks to something, without a contradiction."""
    decoder = make()
    try:
        made = decoder.decompress(glimpse.head, len(glimpse.head))
    except BROKEN:
        return False
    whole = len(glimpse.head) == glimpse.source.size
    return bool(made) and (decoder.eof or not whole or not decoder.needs_input)


def _format(
    codec: _Codec,
    title: str,
    *signs: tuple[int, bytes],
    matches: Callable[[Glimpse], bool] | None = None,
    rank: int = 10,
) -> Format:
    """Return a format that is told by its signs alone where there is nothing else to ask."""

    def shows(glimpse: Glimpse) -> bool:
        return any(glimpse.has(at, sign) for at, sign in signs)

    def read(source: Source, budget: Budget) -> Compressed:
        return _read(codec, source, budget)

    def members(content: Compressed, source: Source, budget: Budget) -> Iterator[Member]:
        return _members(codec, content, source, budget)

    return Format(
        id=codec.method,
        title=title,
        rank=rank,
        signs=signs,
        matches=matches or shows,
        read=read,
        members=members,
    )


def _gzip() -> Decoder:
    return ZlibDecoder(31)


def _zlib() -> Decoder:
    return ZlibDecoder(15)


def _xz() -> Decoder:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)


def _lzma() -> Decoder:
    return lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_MEMORY)


_GZIP_MAGIC = b"\x1f\x8b\x08"
_XZ_MAGIC = b"\xfd7zXZ\0"
_LZ4_MAGIC = b"\x04\x22\x4d\x18"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZFILE_MAGIC = b"ZF0x"

GZIP = _format(
    _Codec(method="gzip", make=_gzip, magic=_GZIP_MAGIC), "gzip stream", (0, _GZIP_MAGIC)
)
BZIP2 = _format(
    _Codec(method="bzip2", make=BZ2Decompressor, magic=b"BZh"),
    "bzip2 stream",
    (0, b"BZh"),
    matches=_is_bzip2,
)
XZ = _format(_Codec(method="xz", make=_xz, magic=_XZ_MAGIC), "xz stream", (0, _XZ_MAGIC))
LZ4 = _format(
    _Codec(method="lz4", make=lz4_decoder, magic=_LZ4_MAGIC), "lz4 stream", (0, _LZ4_MAGIC)
)
ZSTD = _format(
    _Codec(method="zstd", make=zstd_decoder, magic=_ZSTD_MAGIC), "zstd stream", (0, _ZSTD_MAGIC)
)
ZFILE = _format(
    _Codec(method="zfile", make=_zlib, header=_ZFILE_HEADER),
    "joblib file of before 2016, zlib",
    (0, _ZFILE_MAGIC),
)
ZLIB = _format(
    _Codec(method="zlib", make=_zlib),
    "zlib stream",
    *((0, bytes([window << 4 | 8])) for window in range(8)),
    matches=_is_zlib,
    rank=30,
)
LZMA = _format(
    _Codec(method="lzma", make=_lzma), "lzma stream", (13, b"\0"), matches=_is_lzma, rank=30
)
