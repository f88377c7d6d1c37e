# SPDX-License-Identifier: Apache-2.0
"""Zip: every member by every view of the archive, and every byte between them.

`walk` gives the structure, `entry_source` the bytes of one member, `zip_members` all that is nested;
formats that live in a zip (torch, npz, keras) are built on these three.
"""

from collections.abc import Iterator

from steelyard.formats.port import Budget, Format, Glimpse, Member
from steelyard.formats.ranges import gap_member
from steelyard.formats.source import Source
from steelyard.formats.zip_crc import has_crc
from steelyard.formats.zip_directory import ends_with_archive, opens_as_archive
from steelyard.formats.zip_entries import Zip, ZipEntry
from steelyard.formats.zip_flaws import UNREADABLE
from steelyard.formats.zip_records import END, LOCAL
from steelyard.formats.zip_unpack import Extent, Unpacked, unpack, whole
from steelyard.formats.zip_walk import walk

__all__ = [
    "ZIP",
    "Zip",
    "ZipEntry",
    "ends_with_archive",
    "entry_source",
    "gap_members",
    "opens_as_archive",
    "walk",
    "zip_members",
]


def entry_source(source: Source, entry: ZipEntry, budget: Budget) -> Source:
    """Return the bytes of one member: a slice where it is stored, else unpacked.

    Flags that call it encrypted are not believed; see `zip_members` for how that is reported.

    Raises:
        LimitError: Its method is not known, or it unpacks to more than may be spent.
        MalformedError: Its bytes are not all there.
    """
    return whole(unpack(source, entry.extent, budget))


def zip_members(content: Zip, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield every member and every unclaimed range, in order of offset.

    A second member of the same name is called `name@offset`, an unclaimed range `gap@offset`.

    Raises:
        LimitError: They unpack to more than may be spent.
    """
    things: list[tuple[int, ZipEntry | int]] = [
        (entry.header_offset, entry) for entry in content.entries if not entry.folder
    ]
    things += content.unclaimed
    names: set[str] = set()
    seen: set[Extent] = set()  # of which there are many in a bomb whose members overlap
    made = 0
    for start, thing in sorted(things, key=lambda pair: pair[0]):
        if isinstance(thing, int):
            yield gap_member(source, start, thing)
            continue
        if thing.extent in seen:
            continue
        seen.add(thing.extent)
        name = thing.name if thing.name not in names else f"{thing.name}@{start}"
        names.add(name)
        unpacked = unpack(source, thing.extent, budget)
        yield _member(name, source, thing, unpacked, budget)
        if unpacked.slack and not thing.flags & UNREADABLE:
            end = min(source.size, thing.data_offset + thing.packed)
            yield gap_member(source, end - unpacked.slack, end)
        if unpacked.source is not None and unpacked.crc is not None:
            made += unpacked.source.size
            budget.check_ratio(source.size, made)


def gap_members(content: Zip, source: Source) -> Iterator[Member]:
    """Yield the unclaimed ranges alone, for a format that yields the members itself."""
    for start, end in content.unclaimed:
        yield gap_member(source, start, end)


def _member(
    name: str, source: Source, entry: ZipEntry, unpacked: Unpacked, budget: Budget
) -> Member:
    problem = unpacked.problem
    if unpacked.source is not None and entry.flags & UNREADABLE:
        if not has_crc(source, entry, budget):
            problem = (
                "it is marked as encrypted, and its bytes do not have their CRC-32 as they are: "
                "unpack it with its password, and check what comes out"
            )
    elif unpacked.crc is not None and unpacked.crc != entry.crc and not problem:
        problem = f"it was unpacked, but does not have the CRC-32 {entry.crc:08x} it should have"
    return Member(name=name, source=unpacked.source, unread=problem)


def _is_zip(glimpse: Glimpse) -> bool:
    return glimpse.head.startswith((LOCAL, END)) or ends_with_archive(glimpse.source)


ZIP = Format(
    id="zip", title="Zip archive", rank=20, matches=_is_zip, read=walk, members=zip_members
)
