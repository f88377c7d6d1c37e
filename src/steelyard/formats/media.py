# SPDX-License-Identifier: Apache-2.0
"""Pictures, sounds, films, fonts, documents, databases: identified, since no model loader opens them.

Other formats hide behind them all the same: an archive is read from its end, and what follows the end
of a picture is shown by no viewer.

Source: PNG 1.2 (W3C), GIF89a, ITU-T T.81 (JPEG), RIFF (Microsoft and IBM, 1991), and the magic
numbers that the IANA media type registry and the specifications of the others give.
"""

import re
from collections.abc import Callable, Iterator

from steelyard.formats.polyglot import other_views
from steelyard.formats.port import Budget, Content, Format, Glimpse, Member
from steelyard.formats.ranges import first_filled
from steelyard.formats.source import SliceSource, Source

_SEARCHED = 64 << 20  # bytes in which the end of a picture is looked for
_JPEG_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"%PDF-", "pdf"),
    (b"wOFF", "woff"),
    (b"wOF2", "woff2"),
    (b"OggS\x00", "ogg"),
    (b"fLaC\x00", "flac"),
    (b"ID3\x03\x00", "mp3"),
    (b"ID3\x04\x00", "mp3"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"\x1aE\xdf\xa3", "matroska"),
    (b"SQLite format 3\x00", "sqlite"),
)
_FONTS = (b"\0\1\0\0", b"OTTO")
_RIFF = {b"WEBP": "webp", b"WAVE": "wav", b"AVI ": "avi"}


class Media(Content, frozen=True, kw_only=True):
    """A picture, sound, film, font, document or database.

    Attributes:
        kind: Which, such as `png`.
    """

    kind: str


def read(source: Source, budget: Budget) -> Media:
    """Say which kind it is."""
    del budget
    return Media(kind=_kind(source.read(0, 16)))


def members(content: Media, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield what follows the end of a picture, and what other readers would make of the bytes."""
    yield from other_views(source, budget)
    find_end = _ENDS.get(content.kind)
    if find_end is None:
        return
    end = find_end(source.read(0, _SEARCHED))
    if 0 < end < source.size:
        start = first_filled(source, end, source.size, budget)
        if start < source.size:
            tail = SliceSource(source, start, source.size - start)
            yield Member(name=f"tail@{start}", source=tail)


def _kind(head: bytes) -> str:
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12], "")
    if head[4:8] == b"ftyp":
        return "mp4"
    return "font" if head.startswith(_FONTS) and _is_font(head) else ""


def _is_font(head: bytes) -> bool:
    """Tell whether the header's search fields follow from its number of tables, as OpenType has it."""
    tables = int.from_bytes(head[4:6], "big")
    if not 0 < tables < 100:
        return False
    power = tables.bit_length() - 1
    fields = (16 << power, power, 16 * tables - (16 << power))
    return head[6:12] == b"".join(field.to_bytes(2, "big") for field in fields)


def _png_end(data: bytes) -> int:
    at = 8
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        last = data[at + 4 : at + 8] == b"IEND"
        at += 12 + size
        if last:
            return at
    return -1


def _jpeg_end(data: bytes) -> int:
    at = 2
    while found := _JPEG_MARKER.search(data, at):
        marker = data[found.start() + 1]
        if marker == 0xD9:
            return found.end()
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
    return -1


def _gif_end(data: bytes) -> int:
    if len(data) < 13:
        return -1
    at = 13 + _color_table(data[10])
    while at < len(data):
        block = data[at]
        if block == 0x3B:
            return at + 1
        if block == 0x21:
            at = _past_blocks(data, at + 2)
        elif block == 0x2C and at + 10 <= len(data):
            at = _past_blocks(data, at + 11 + _color_table(data[at + 9]))
        else:
            return -1
    return -1


def _color_table(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _past_blocks(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1


def _riff_end(data: bytes) -> int:
    size = int.from_bytes(data[4:8], "little")
    return 8 + size + size % 2


_ENDS: dict[str, Callable[[bytes], int]] = {
    "png": _png_end,
    "jpeg": _jpeg_end,
    "gif": _gif_end,
    "webp": _riff_end,
    "wav": _riff_end,
    "avi": _riff_end,
}


def _is_media(glimpse: Glimpse) -> bool:
    return _kind(glimpse.head[:16]) != ""


MEDIA = Format(
    id="media",
    title="Picture, sound or document",
    rank=10,
    signs=(
        *((0, magic) for magic, _ in _MAGIC),
        (0, b"RIFF"),
        (4, b"ftyp"),
        *((0, magic) for magic in _FONTS),
    ),
    matches=_is_media,
    read=read,
    members=members,
)
