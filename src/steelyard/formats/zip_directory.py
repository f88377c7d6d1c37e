# SPDX-License-Identifier: Apache-2.0
"""Find the central directories of a zip archive: all that one reader or another would take.

Readers disagree where the directory lies. Python's zipfile takes the last end record, measures back
by the directory's size and moves every offset by what lies before; miniz, which torch uses, takes
the offset as it is written; strict readers want the comment to end with the file. Each of these
views is found here; in an honest archive they are one and the same.
"""

import struct
from collections.abc import Iterator

import msgspec

from steelyard.formats.port import Flaw
from steelyard.formats.ranges import Range
from steelyard.formats.source import Source
from steelyard.formats.zip_records import (
    CENTRAL,
    END,
    END64,
    END64_SIZE,
    END_SIZE,
    LOCATOR64,
    LOCATOR64_SIZE,
    MAX16,
    MAX32,
)

_DIRECTORIES = 8  # read at most; an honest archive has one
_TAIL = END_SIZE + MAX16  # the end record and the longest comment it can have


class Directory(msgspec.Struct, frozen=True, kw_only=True):
    """One place where a reader would find the central directory.

    Attributes:
        start: Offset of its first entry.
        size: Bytes it is said to have.
        count: Entries it is said to have.
        base: What is to be added to the offsets in it: bytes before the archive.
    """

    start: int
    size: int
    count: int
    base: int


class Ends(msgspec.Struct, frozen=True, kw_only=True):
    """What the end of an archive says.

    Attributes:
        directories: Where the central directory is, by every way to find it; empty without one.
        claims: Bytes of the end records.
        flaws: Contradictions between them.
    """

    directories: tuple[Directory, ...]
    claims: tuple[Range, ...]
    flaws: tuple[Flaw, ...]


class _End(msgspec.Struct, frozen=True, kw_only=True):
    count: int
    size: int
    offset: int
    at: int
    disks: bool = False


def ends_with_archive(source: Source) -> bool:
    """Tell whether the last bytes are an end record whose central directory has entries.

    Bytes behind it are not accepted here, although some readers do: a pickle that holds an archive in
    a string ends like that. Where they follow unidentified bytes, the archive is carved out of them.
    """
    return any(
        _ends_at(source, at) == source.size and directory.size > 0
        for at in _end_positions(source)
        for end in _ends(source, at)
        for directory in _views(source, end)
    )


def opens_as_archive(source: Source) -> bool:
    """Tell whether Python's zipfile opens the bytes: an end record near the end leads to members."""
    return any(
        directory.size > 0
        for at in _end_positions(source)
        for end in _ends(source, at)
        for directory in _views(source, end)
    )


def find_directories(source: Source) -> Ends:
    """Return every central directory that a reader may take for the archive's."""
    directories: list[Directory] = []
    claims: list[Range] = []
    flaws: list[Flaw] = []
    for at in _end_positions(source):
        last = not claims
        whole = _ends_at(source, at) == source.size
        found = [view for end in _ends(source, at) for view in _views(source, end)]
        if not found or not (last or whole):
            continue
        if not last:
            message = f"a second end record at {at:,} also ends with the file"
            flaws.append(Flaw(code="ambiguous-end", message=message, at=at))
        claims += _end_claims(source, at)
        flaws += _end_flaws(source, at, found)
        directories += [view for view in found if view not in directories]
        if len(directories) >= _DIRECTORIES:
            break
    return Ends(directories=tuple(directories), claims=tuple(claims), flaws=tuple(flaws))


def _end_positions(source: Source) -> Iterator[int]:
    """Yield where end records may lie, the last one first."""
    start = max(0, source.size - _TAIL)
    tail = source.read(start, _TAIL)
    at = tail.rfind(END)
    while at >= 0:
        if at + END_SIZE <= len(tail):
            yield start + at
        at = tail.rfind(END, 0, at + 3)


def _ends_at(source: Source, at: int) -> int:
    return at + END_SIZE + int.from_bytes(source.read(at + 20, 2), "little")


def _end_record(source: Source, at: int) -> _End:
    disk, start_disk, here, count, size, offset = struct.unpack("<HHHHLL", source.read(at + 4, 16))
    split = (disk, start_disk) not in ((0, 0), (MAX16, MAX16), (0, MAX16)) or here != count
    return _End(count=count, size=size, offset=offset, at=at, disks=split)


def _ends(source: Source, at: int) -> list[_End]:
    """Return what an end record says, and what the zip64 records before it say.

    Who measures back by the directory's size does so from the first of them.
    """
    places = _end64_positions(source, at)
    wide = [_end64_record(source, place) for place in places]
    plain = msgspec.structs.replace(_end_record(source, at), at=min([at, *places]))
    if plain.offset == MAX32 or plain.size == MAX32 or plain.count == MAX16:
        return wide or [plain]
    return [plain, *(end for end in wide if not _same(end, plain))]


def _same(one: _End, other: _End) -> bool:
    return (one.count, one.size, one.offset) == (other.count, other.size, other.offset)


def _end64_positions(source: Source, at: int) -> list[int]:
    """Return where the zip64 end record lies: where the locator says, and just before it."""
    locator = source.read(max(0, at - LOCATOR64_SIZE), LOCATOR64_SIZE)
    if at < LOCATOR64_SIZE or not locator.startswith(LOCATOR64):
        return []
    said = struct.unpack_from("<Q", locator, 8)[0]
    places = dict.fromkeys((said, at - LOCATOR64_SIZE - END64_SIZE))
    return [
        place
        for place in places
        if 0 <= place <= at - LOCATOR64_SIZE - END64_SIZE and source.read(place, 4) == END64
    ]


def _end64_record(source: Source, at: int) -> _End:
    here, count, size, offset = struct.unpack("<QQQQ", source.read(at + 24, 32))
    return _End(count=count, size=size, offset=offset, at=at, disks=here != count)


def _views(source: Source, end: _End) -> list[Directory]:
    """Return where the directory is by its offset, and where it is by its size."""
    places = [(end.offset, 0), (end.at - end.size, end.at - end.size - end.offset)]
    views = [
        Directory(start=start, size=end.size, count=end.count, base=base)
        for start, base in dict.fromkeys(places)
        if start >= 0 and start + end.size <= end.at
    ]
    if end.size == 0:
        return views[:1]
    return [view for view in views if source.read(view.start, 4) == CENTRAL]


def _end_claims(source: Source, at: int) -> list[Range]:
    stop = min(source.size, _ends_at(source, at))
    claims = [Range(at, stop, "end record")]
    for place in _end64_positions(source, at):
        size = int.from_bytes(source.read(place + 4, 8), "little") + 12
        stop = place + min(max(size, END64_SIZE), at - LOCATOR64_SIZE - place)
        claims.append(Range(place, stop, "zip64 end record"))
    if len(claims) > 1:
        claims.append(Range(at - LOCATOR64_SIZE, at, "zip64 locator"))
    return claims


def _end_flaws(source: Source, at: int, found: list[Directory]) -> Iterator[Flaw]:
    starts = sorted({view.start for view in found})
    if len(starts) > 1:
        message = f"readers find its directory at {starts[0]:,} or at {starts[1]:,}"
        yield Flaw(code="ambiguous-directory", message=message, at=at)
    if any(end.disks for end in _ends(source, at)):
        yield Flaw(code="split", message="it says that it is one part of several", at=at)
