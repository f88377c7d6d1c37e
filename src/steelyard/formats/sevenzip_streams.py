# SPDX-License-Identifier: Apache-2.0
"""The streams info of a 7z header: which streams are packed how.

Source: 7-Zip's DOC/7zFormat.txt, 26.00.
"""

import msgspec

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.sevenzip_cursor import Cursor

_MOST_CODERS = 32  # of a folder, as in 7-Zip
_END, _PACK, _UNPACK, _SUBSTREAMS, _SIZES, _CRCS = 0x00, 0x06, 0x07, 0x08, 0x09, 0x0A
_FOLDERS, _UNPACK_SIZES, _COUNTS = 0x0B, 0x0C, 0x0D


class Coder(msgspec.Struct, frozen=True):
    """One step of unpacking: the method's id and its properties."""

    method: bytes
    properties: bytes


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """Streams that are packed together.

    Attributes:
        coders: Steps of unpacking.
        packed: Ranges (start, size) of the packed streams in the file.
        size: Bytes they unpack to.
    """

    coders: tuple[Coder, ...]
    packed: tuple[tuple[int, int], ...]
    size: int


class Streams(msgspec.Struct, kw_only=True):
    """What a streams info says."""

    packed: list[tuple[int, int]] = msgspec.field(default_factory=list)
    folders: list[Folder] = msgspec.field(default_factory=list)
    folder_crcs: list[int | None] = msgspec.field(default_factory=list)
    substreams: list[tuple[int, int, int, int | None]] = msgspec.field(default_factory=list)


class _Shape(msgspec.Struct, kw_only=True):
    coders: tuple[Coder, ...]
    outputs: int
    packed: int
    main: int  # output that no other coder takes


def read_streams(cursor: Cursor, base: int) -> Streams:
    """Read a streams info.

    Args:
        cursor: Behind its id.
        base: Offset in the file that packed streams are counted from.

    Raises:
        LimitError: It has more than may be read.
        MalformedError: It contradicts itself.
    """
    streams = Streams()
    while (kind := cursor.number()) != _END:
        if kind == _PACK:
            streams.packed = _pack_info(cursor, base)
        elif kind == _UNPACK:
            _unpack_info(cursor, streams)
        elif kind == _SUBSTREAMS:
            _substreams(cursor, streams)
        else:
            raise MalformedError(f"unknown kind {kind:#x} in a streams info")
    if not streams.substreams:
        streams.substreams = [
            (index, 0, folder.size, crc)
            for index, (folder, crc) in enumerate(
                zip(streams.folders, streams.folder_crcs, strict=True)
            )
        ]
    return streams


def _pack_info(cursor: Cursor, base: int) -> list[tuple[int, int]]:
    start = base + cursor.number()
    count = cursor.count()
    sizes = [0] * count
    while (kind := cursor.number()) != _END:
        if kind == _SIZES:
            sizes = [cursor.number() for _ in range(count)]
        elif kind == _CRCS:
            cursor.crcs(count)
        else:
            raise MalformedError(f"unknown kind {kind:#x} in a pack info")
    packed = []
    for size in sizes:
        packed.append((start, size))
        start += size
    return packed


def _unpack_info(cursor: Cursor, streams: Streams) -> None:
    if cursor.number() != _FOLDERS:
        raise MalformedError("an unpack info without folders")
    count = cursor.count()
    if cursor.byte():
        raise LimitError("folders that lie outside the header are not read")
    shapes = [_shape(cursor) for _ in range(count)]
    if cursor.number() != _UNPACK_SIZES:
        raise MalformedError("folders without sizes")
    left = iter(streams.packed)
    streams.folders = []
    for shape in shapes:
        sizes = [cursor.number() for _ in range(shape.outputs)]
        packed = tuple(place for _, place in zip(range(shape.packed), left, strict=False))
        folder = Folder(coders=shape.coders, packed=packed, size=sizes[shape.main])
        streams.folders.append(folder)
    streams.folder_crcs = [None] * count
    while (kind := cursor.number()) != _END:
        if kind != _CRCS:
            raise MalformedError(f"unknown kind {kind:#x} in an unpack info")
        streams.folder_crcs = cursor.crcs(count)


def _shape(cursor: Cursor) -> _Shape:
    count = cursor.number()
    if not 0 < count <= _MOST_CODERS:
        raise MalformedError(f"a folder with {count:,} coders")
    coders = []
    inputs = outputs = 0
    for _ in range(count):
        flags = cursor.byte()
        method = cursor.bytes(flags & 15)
        ins, outs = (cursor.number(), cursor.number()) if flags & 0x10 else (1, 1)
        properties = cursor.bytes(cursor.number()) if flags & 0x20 else b""
        coders.append(Coder(method, properties))
        inputs += ins
        outputs += outs
    if max(inputs, outputs) > _MOST_CODERS or not outputs:
        raise MalformedError(f"a folder with {inputs:,} inputs and {outputs:,} outputs")
    bound = [(cursor.number(), cursor.number()) for _ in range(outputs - 1)]
    packed = inputs - len(bound)
    if packed > 1:
        for _ in range(packed):
            cursor.number()
    taken = {out for _, out in bound}
    free = [index for index in range(outputs) if index not in taken]
    if packed < 1 or len(free) != 1:
        raise MalformedError("a folder whose coders are not chained to one result")
    return _Shape(coders=tuple(coders), outputs=outputs, packed=packed, main=free[0])


def _substreams(cursor: Cursor, streams: Streams) -> None:
    counts = [1] * len(streams.folders)
    kind = cursor.number()
    if kind == _COUNTS:
        counts = [cursor.count() for _ in streams.folders]
        kind = cursor.number()
    sizes: list[list[int]] = []
    for folder, count in zip(streams.folders, counts, strict=True):
        known = [cursor.number() for _ in range(count - 1)] if kind == _SIZES else []
        if count > 1 and not known:
            raise MalformedError("several files in a folder, without their sizes")
        rest = folder.size - sum(known)
        if rest < 0:
            raise MalformedError("the files of a folder are larger than the folder")
        sizes.append([*known, rest] if count else [])
    if kind == _SIZES:
        kind = cursor.number()
    crcs = _substream_crcs(cursor if kind == _CRCS else None, streams, counts)
    while kind != _END:
        kind = cursor.number()
    left = iter(crcs)
    streams.substreams = []
    for index, of_folder in enumerate(sizes):
        start = 0
        for size in of_folder:
            streams.substreams.append((index, start, size, next(left)))
            start += size


def _substream_crcs(cursor: Cursor | None, streams: Streams, counts: list[int]) -> list[int | None]:
    """Return a CRC-32 for each file that has one; of a folder with one file, the folder's own."""
    own = [
        count == 1 and crc is not None
        for count, crc in zip(counts, streams.folder_crcs, strict=True)
    ]
    others = sum(count for count, has in zip(counts, own, strict=True) if not has)
    read = iter(cursor.crcs(others) if cursor is not None else [None] * others)
    crcs: list[int | None] = []
    for count, has, crc in zip(counts, own, streams.folder_crcs, strict=True):
        crcs += [crc] if has else [next(read) for _ in range(count)]
    return crcs
