# SPDX-License-Identifier: Apache-2.0
"""Walk a zip archive by every view of it, and account for every byte."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.flaws import FlawList
from steelyard.formats.port import Budget, Flaw
from steelyard.formats.ranges import Range, first_filled, gaps, overlaps
from steelyard.formats.source import SliceSource, Source
from steelyard.formats.zip_crc import crc_flaws, link_flaws
from steelyard.formats.zip_directory import Directory, ends_with_archive, find_directories
from steelyard.formats.zip_entries import Zip, ZipEntry, entry_of
from steelyard.formats.zip_flaws import (
    contradictions,
    name_flaws,
    sizes_differ,
    stored_sizes_differ,
)
from steelyard.formats.zip_local import descriptor_size, stray_records
from steelyard.formats.zip_records import (
    HAS_DESCRIPTOR,
    Record,
    central_records,
    local_record,
    shown_name,
)


def walk(source: Source, budget: Budget) -> Zip:
    """Read the structure of a zip archive.

    Args:
        source: The archive; bytes may lie before and behind it.
        budget: What may be spent.

    Raises:
        LimitError: It has more than may be read.
        MalformedError: There is no archive.
    """
    return _Walk(source, budget).result()


class _Walk:
    def __init__(self, source: Source, budget: Budget) -> None:
        self._source = source
        self._budget = budget
        self._flaws = FlawList()
        self._entries: list[ZipEntry] = []
        self._claims: list[Range] = []
        self._seen: set[tuple[int, bytes, int, int]] = set()
        self._several = False  # whether directories are read that may hold the same entries
        self._incomplete = ("", -1)

    def result(self) -> Zip:
        ends = find_directories(self._source)
        self._claims += ends.claims
        self._several = len(ends.directories) > 1
        for directory in ends.directories:
            self._directory(directory)
        if not ends.directories:
            self._incomplete = ("it has no central directory: cut off, or never finished", 0)
        for gap in list(gaps(self._claims, self._source.size)):
            self._strays(gap)
        if not self._entries and not ends.directories:
            raise MalformedError("neither a central directory nor a member", at=0)
        self._note(ends.flaws)
        self._note(_range_flaws(self._claims))
        self._note(_duplicates(self._entries))
        self._note(link_flaws(self._source, self._entries, self._budget))
        self._note(crc_flaws(self._source, self._entries, self._budget))
        return Zip(
            entries=tuple(sorted(self._entries, key=lambda entry: entry.header_offset)),
            unclaimed=tuple(self._unclaimed()),
            base=min((directory.base for directory in ends.directories), default=0),
            flaws=self._flaws.all(),
            incomplete=self._incomplete[0],
            incomplete_at=self._incomplete[1],
        )

    def _note(self, flaws: Iterable[Flaw]) -> None:
        for flaw in flaws:
            self._flaws.add(flaw.code, flaw.message, flaw.at)

    def _directory(self, directory: Directory) -> None:
        limits = self._budget.limits
        at, count = directory.start, 0
        try:
            for record in central_records(self._source, at, directory.size, limits):
                offset = record.header_offset + directory.base
                self._central(msgspec.structs.replace(record, header_offset=offset))
                at += record.length
                count += 1
        except LimitError as error:
            self._incomplete = (error.message, error.at)
        except MalformedError as error:
            self._flaws.add("directory", error.message, error.at)
        if count != directory.count and not self._incomplete[0]:
            message = f"its end record counts {directory.count:,} entries, there are {count:,}"
            self._flaws.add("entry-count", message, directory.start)
        self._claims.append(Range(directory.start, at, "central directory"))

    def _central(self, record: Record) -> None:
        key = (record.header_offset, record.name, record.packed, record.method)
        if self._several and key in self._seen:
            return
        if self._several:
            self._seen.add(key)
        self._budget.check_time()
        if len(self._entries) >= self._budget.limits.members:
            raise LimitError(f"more than {self._budget.limits.members:,} members")
        self._note(name_flaws(record))
        at = record.header_offset
        try:
            local = local_record(self._source, at, name_guess=len(record.name))
        except MalformedError as error:
            entry = entry_of(record, -1, central=True)
            self._flaws.add("no-local-header", f"{entry.name!r}: {error.message}", error.at)
            self._entries.append(entry)
            return
        data = at + local.length
        entry = entry_of(record, data, central=True)
        self._note(contradictions(record, local))
        self._entries.append(entry)
        if local.method != record.method or sizes_differ(record, local):
            self._entries.append(entry_of(local, data, central=False))
        self._claim(record, local, entry)

    def _claim(self, record: Record, local: Record, entry: ZipEntry) -> None:
        name, data = entry.name, entry.data_offset
        end = data + record.packed
        if stored_sizes_differ(record):
            sizes = f"{record.packed:,} bytes stand for {record.unpacked:,}"
            self._flaws.add("stored-size", f"{name!r} is stored, yet {sizes}", record.header_offset)
        if end > self._source.size:
            message = f"{name!r}: {record.packed:,} bytes at {data:,} exceed the archive"
            self._flaws.add("bounds", message, record.header_offset)
            end = max(data, self._source.size)
        elif local.flags & HAS_DESCRIPTOR:
            end += descriptor_size(self._source, end, record)
        self._claims.append(Range(record.header_offset, end, name))

    def _strays(self, gap: Range) -> None:
        if ends_with_archive(SliceSource(self._source, gap.start, gap.end - gap.start)):
            return  # it is read as an archive of its own
        for record in stray_records(self._source, gap.start, gap.end, self._budget):
            if len(self._entries) >= self._budget.limits.members:
                return
            name = shown_name(record.name, record.flags)
            self._note(name_flaws(record))
            if not self._incomplete[0]:
                message = f"{name!r} has a local header and no entry in the central directory"
                self._flaws.add("local-only", message, record.header_offset)
            data = record.header_offset + record.length
            self._entries.append(entry_of(record, data, central=False))
            self._claims.append(Range(record.header_offset, data + record.packed, name))

    def _unclaimed(self) -> Iterator[tuple[int, int]]:
        for gap in gaps(self._claims, self._source.size):
            start = first_filled(self._source, gap.start, gap.end, self._budget)
            if start < gap.end:
                yield start, gap.end


def _range_flaws(claims: Sequence[Range]) -> Iterator[Flaw]:
    first = min(claims).start
    if first > 0:
        yield Flaw(code="prefix", message=f"{first:,} bytes lie before the archive", at=0)
    for inner, outer in overlaps(claims):
        message = f"{inner.what!r} overlaps {outer.what!r}"
        yield Flaw(code="overlap", message=message, at=inner.start)


def _duplicates(entries: Sequence[ZipEntry]) -> Iterator[Flaw]:
    first: dict[str, ZipEntry] = {}
    for entry in entries:
        if not entry.central:
            continue
        other = first.setdefault(entry.name, entry)
        if (other.crc, other.unpacked) != (entry.crc, entry.unpacked):
            message = f"another member, with other bytes, is also called {entry.name!r}"
            yield Flaw(code="duplicate", message=message, at=entry.header_offset)
        elif other is not entry:
            message = f"{entry.name!r} is there twice, with the same bytes"
            yield Flaw(code="duplicate-same", message=message, at=entry.header_offset)
