# SPDX-License-Identifier: Apache-2.0
"""7z: every file that is stored, or packed with LZMA, LZMA2, bzip2 or deflate.

Source: 7-Zip's DOC/7zFormat.txt and DOC/Methods.txt, 26.00.
"""

import functools
import lzma
import stat
import struct
import zlib
from bz2 import BZ2Decompressor
from collections.abc import Callable, Iterator
from typing import Any

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.compressed_extra import zstd_decoder
from steelyard.formats.compressed_lzma import lzma1_filter, lzma2_filter, raw_lzma
from steelyard.formats.compressed_stream import Decoder, Unpacking, ZlibDecoder
from steelyard.formats.flaws import FlawList
from steelyard.formats.paths import escapes
from steelyard.formats.port import Budget, Content, Format, Glimpse, Member
from steelyard.formats.ranges import Range, first_filled, gap_member, gaps
from steelyard.formats.sevenzip_cursor import Cursor
from steelyard.formats.sevenzip_header import SevenEntry, read_header
from steelyard.formats.sevenzip_streams import Coder, Folder, read_streams
from steelyard.formats.source import SliceSource, Source, SpooledSource, exactly

_MAGIC = b"7z\xbc\xaf\x27\x1c"
_START = 32  # bytes of the signature header
_PLAIN, _ENCODED = 0x01, 0x17
_HEADER = 32 << 20  # bytes a packed header may unpack to
_CHECKED = 1 << 20  # bytes; larger files do not have their CRC-32 checked

_COPY, _LZMA1, _LZMA2 = b"\0", b"\x03\x01\x01", b"\x21"
_BY_HAND = "unpack it with 7z, and check what comes out"
_NAMES = {
    bytes.fromhex("030401"): "PPMd",
    bytes.fromhex("040109"): "deflate64",
    bytes.fromhex("04f71101"): "Zstandard",
    bytes.fromhex("04f71102"): "Brotli",
    bytes.fromhex("04f71104"): "LZ4",
}
_AES = b"\x06\xf1\x07\x01"
_SIMPLE: dict[bytes, Callable[[], Decoder]] = {
    b"\x04\x01\x08": functools.partial(ZlibDecoder, -15),
    b"\x04\x02\x02": BZ2Decompressor,
    b"\x04\xf7\x11\x01": zstd_decoder,
}
_FILTERS = {
    b"\x03": lzma.FILTER_DELTA,
    b"\x04": lzma.FILTER_X86,
    b"\x03\x03\x01\x03": lzma.FILTER_X86,
    b"\x03\x03\x02\x05": lzma.FILTER_POWERPC,
    b"\x03\x03\x04\x01": lzma.FILTER_IA64,
    b"\x03\x03\x05\x01": lzma.FILTER_ARM,
    b"\x03\x03\x07\x01": lzma.FILTER_ARMTHUMB,
    b"\x03\x03\x08\x05": lzma.FILTER_SPARC,
}


class SevenZip(Content, frozen=True, kw_only=True):
    """A 7z archive.

    Attributes:
        entries: Its files that have bytes.
        folders: What they are packed in.
        unclaimed: Ranges (start, end) that nothing claims and that are not all zeros.
    """

    entries: tuple[SevenEntry, ...]
    folders: tuple[Folder, ...]
    unclaimed: tuple[tuple[int, int], ...] = ()


def read(source: Source, budget: Budget) -> SevenZip:
    """Read the header of a 7z archive.

    Raises:
        LimitError: It has more than may be read.
        MalformedError: It contradicts itself.
    """
    start = exactly(source, 0, _START, "7z signature header")
    offset, size, crc = struct.unpack_from("<QQL", start, 12)
    flaws = FlawList()
    if zlib.crc32(start[12:]) != struct.unpack_from("<L", start, 8)[0]:
        flaws.add("crc", "the signature header does not have its CRC-32", 8)
    claims = [
        Range(0, _START, "signature header"),
        Range(_START + offset, _START + offset + size, ""),
    ]
    if size > budget.limits.header_bytes:
        raise LimitError(f"a header of {size:,} bytes, over {budget.limits.header_bytes:,}", at=12)
    data = exactly(source, _START + offset, size, "7z header")
    if zlib.crc32(data) != crc:
        flaws.add("crc", "the header does not have its CRC-32", _START + offset)
    for _ in range(budget.limits.depth):
        if data[:1] != bytes([_ENCODED]):
            break
        folders = read_streams(Cursor(data[1:], budget.limits.members), _START).folders
        claims += _claims(folders)
        data = _header(source, folders, budget)
    if data and data[0] != _PLAIN:
        raise MalformedError(f"a header of kind {data[0]:#x}", at=_START + offset)
    cursor = Cursor(data[1:] if data else b"\0", budget.limits.members)
    streams, names, entries = read_header(cursor, _START)
    claims += [Range(at, at + length, "packed stream") for at, length in streams.packed]
    _judge(names, entries, flaws)
    return SevenZip(
        entries=tuple(entries),
        folders=tuple(streams.folders),
        unclaimed=tuple(_unclaimed(source, claims, budget)),
        flaws=flaws.all(),
    )


def members(content: SevenZip, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield every file, folder by folder, then the ranges that nothing claims.

    Raises:
        LimitError: They unpack to more than may be spent.
    """
    names: set[str] = set()
    made: tuple[int, Source | None, str] = (-1, None, "")
    for index, entry in enumerate(content.entries):
        if made[0] != entry.folder:
            made = (entry.folder, *_unpack(source, content.folders[entry.folder], budget))
        name = entry.name if entry.name not in names else f"{entry.name}@{index}"
        names.add(name)
        yield _member(name, entry, made[1], made[2])
    for start, end in content.unclaimed:
        yield gap_member(source, start, end)


def _member(name: str, entry: SevenEntry, folder: Source | None, problem: str) -> Member:
    if folder is None:
        return Member(name=name, unread=problem)
    there = max(0, min(entry.size, folder.size - entry.start))
    data = SliceSource(folder, min(entry.start, folder.size), there)
    if there < entry.size:
        return Member(name=name, source=data, unread=problem or "cut off")
    if entry.crc is not None and there <= _CHECKED and zlib.crc32(data.read(0, there)) != entry.crc:
        problem = f"it does not have the CRC-32 {entry.crc:08x} it should have"
        return Member(name=name, source=data, unread=problem)
    return Member(name=name, source=data)


def _unpack(source: Source, folder: Folder, budget: Budget) -> tuple[Source | None, str]:
    """Return what a folder unpacks to, as far as it does, and why no further."""
    methods = [coder.method for coder in folder.coders]
    if _AES in methods:
        return None, "it is encrypted: unpack it with its password, and check what comes out"
    if len(folder.packed) != 1:
        return None, f"packed in several streams (BCJ2), which are not put together: {_BY_HAND}"
    start, size = folder.packed[0]
    if start > source.size:
        return None, "its packed stream lies behind the end of the archive"
    end = min(start + size, source.size)
    if methods == [_COPY]:
        return SliceSource(source, start, end - start), ""
    make = _decoder(folder)
    if make is None:
        ids = ", ".join(_NAMES.get(method, method.hex()) for method in methods)
        return None, f"method {ids} cannot be unpacked: {_BY_HAND}"
    enough = folder.size if _LZMA1 in methods else -1
    unpacking = Unpacking(make, source, start, end, budget, enough)
    return SpooledSource(unpacking.chunks()), unpacking.problem


def _decoder(folder: Folder) -> Callable[[], Decoder] | None:
    coders = [coder for coder in folder.coders if coder.method != _COPY]
    if len(coders) == 1 and coders[0].method in _SIMPLE:
        return _SIMPLE[coders[0].method]
    main = [coder for coder in coders if coder.method in (_LZMA1, _LZMA2)]
    filters = [coder for coder in coders if coder.method in _FILTERS]
    if len(main) != 1 or len(main) + len(filters) != len(coders) or len(filters) > 1:
        return None
    return functools.partial(_lzma_decoder, main[0], filters, folder.size)


def _lzma_decoder(main: Coder, filters: list[Coder], size: int) -> Decoder:
    chain: list[dict[str, Any]] = []
    for coder in filters:
        chain.append({"id": _FILTERS[coder.method]})
        if coder.method == b"\x03" and coder.properties:
            chain[-1]["dist"] = coder.properties[0] + 1
    as_filter = lzma1_filter if main.method == _LZMA1 else lzma2_filter
    return raw_lzma([*chain, as_filter(main.properties)], size)


def _header(source: Source, folders: list[Folder], budget: Budget) -> bytes:
    if len(folders) != 1 or folders[0].size > _HEADER:
        raise MalformedError("a packed header that is not one stream of bounded size", at=12)
    unpacked, problem = _unpack(source, folders[0], budget)
    if unpacked is None:
        raise LimitError(f"its header cannot be unpacked: {problem}", at=12)
    if problem:
        raise MalformedError(f"its header cannot be unpacked: {problem}", at=12)
    return unpacked.read(0, min(unpacked.size, folders[0].size))


def _judge(names: list[str], entries: list[SevenEntry], flaws: FlawList) -> None:
    for name in names:
        if escapes(name.encode("utf-8", "backslashreplace")):
            flaws.add("traversal", f"{name!r} leads outside the folder")
    for entry in entries:
        if stat.S_ISLNK(entry.mode):
            flaws.add("link", f"{entry.name!r} is a symbolic link")


def _claims(folders: list[Folder]) -> Iterator[Range]:
    for folder in folders:
        for start, size in folder.packed:
            yield Range(start, start + size, "packed stream")


def _unclaimed(source: Source, claims: list[Range], budget: Budget) -> Iterator[tuple[int, int]]:
    inside = [claim for claim in claims if claim.end <= source.size]
    for gap in gaps(inside, source.size):
        start = first_filled(source, gap.start, gap.end, budget)
        if start < gap.end:
            yield start, gap.end


def _is_7z(glimpse: Glimpse) -> bool:
    return glimpse.head.startswith(_MAGIC)


SEVEN_ZIP = Format(
    id="sevenzip",
    title="7z archive",
    rank=10,
    signs=((0, _MAGIC),),
    matches=_is_7z,
    read=read,
    members=members,
)
