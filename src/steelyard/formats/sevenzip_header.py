# SPDX-License-Identifier: Apache-2.0
"""The header of a 7z archive: which files it holds, in which streams.

Source: 7-Zip's DOC/7zFormat.txt, 26.00.
"""

import msgspec

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.paths import shown
from steelyard.formats.sevenzip_cursor import Cursor
from steelyard.formats.sevenzip_streams import Streams, read_streams

_END, _MAIN_STREAMS, _FILES = 0x00, 0x04, 0x05
_EMPTY_STREAMS, _NAMES, _ATTRIBUTES = 0x0E, 0x11, 0x15
_UNIX_MODE = 0x8000  # attribute bit: the high 16 bits hold the Unix mode


class SevenEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A file that has bytes.

    Attributes:
        name: Its path, printable.
        folder: Index of the folder it is packed in.
        start: Where it begins in the unpacked folder.
        size: Bytes it has.
        crc: CRC-32 of them; None when there is none.
        mode: Unix mode, or 0.
    """

    name: str
    folder: int
    start: int
    size: int
    crc: int | None
    mode: int = 0


def read_files(cursor: Cursor, streams: Streams) -> tuple[list[str], list[SevenEntry]]:
    """Read a files info.

    Args:
        cursor: Behind its id.
        streams: What the files are packed in.

    Returns:
        The names of all, and the files that have bytes.

    Raises:
        LimitError: It has more than may be read.
        MalformedError: It contradicts itself.
    """
    count = cursor.count()
    names = [""] * count
    empty = [False] * count
    modes = [0] * count
    while (kind := cursor.number()) != _END:
        body = Cursor(cursor.bytes(cursor.number()), count)
        if kind == _EMPTY_STREAMS:
            empty = body.bits(count)
        elif kind == _NAMES:
            names = _names(body, count)
        elif kind == _ATTRIBUTES:
            modes = _modes(body, count)
    full = [index for index in range(count) if not empty[index]]
    if len(full) != len(streams.substreams):
        message = f"{len(full):,} files have bytes, there are {len(streams.substreams):,} streams"
        raise MalformedError(message)
    entries = [
        SevenEntry(
            name=names[index], folder=folder, start=start, size=size, crc=crc, mode=modes[index]
        )
        for index, (folder, start, size, crc) in zip(full, streams.substreams, strict=True)
    ]
    return names, entries


def read_header(cursor: Cursor, base: int) -> tuple[Streams, list[str], list[SevenEntry]]:
    """Read a whole header, behind its id; raises as `read_files` does."""
    streams = Streams()
    names: list[str] = []
    entries: list[SevenEntry] = []
    while (kind := cursor.number()) != _END:
        if kind == _MAIN_STREAMS and not streams.folders and not entries:
            streams = read_streams(cursor, base)
        elif kind == _FILES:
            names, entries = read_files(cursor, streams)
        else:
            raise MalformedError(f"unknown kind {kind:#x} in a header")
    return streams, names, entries


def _names(body: Cursor, count: int) -> list[str]:
    if body.byte():
        raise LimitError("names that lie outside the header are not read")
    names = []
    for _ in range(count):
        units = bytearray()
        while (unit := body.bytes(2)) != b"\0\0":
            units += unit
        names.append(shown(units.decode("utf-16-le", "backslashreplace")))
    return names


def _modes(body: Cursor, count: int) -> list[int]:
    defined = body.maybe_bits(count)
    if body.byte():
        raise LimitError("attributes that lie outside the header are not read")
    modes = []
    for has in defined:
        attributes = int.from_bytes(body.bytes(4), "little") if has else 0
        modes.append(attributes >> 16 if attributes & _UNIX_MODE else 0)
    return modes
