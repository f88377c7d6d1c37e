# SPDX-License-Identifier: Apache-2.0
"""Walk a zip archive by every view of it, and account for every byte."""

import zlib
from collections.abc import Iterator

import msgspec

from steelyard.core.errors import MalformedError
from steelyard.formats.port import Budget, Content
from steelyard.formats.source import Source, exactly
from steelyard.formats.zip_directory import Directory, Range, find_directories
from steelyard.formats.zip_flaws import (
    UNREADABLE,
    Notes,
    contradictions,
    name_flaws,
    sizes_differ,
)
from steelyard.formats.zip_local import descriptor_size, stray_records
from steelyard.formats.zip_records import (
    HAS_DESCRIPTOR,
    Record,
    central_record,
    local_record,
    shown_name,
)
from steelyard.formats.zip_unpack import STORED, Extent, unpack

_CHECKED = 1 << 20  # bytes; members up to this size have their CRC checked
_CHECKED_ALL = 16 << 20  # bytes; so many of an archive in all
_BLOCK = 1 << 20


class ZipEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A member of a zip archive, as one view of it has it.

    Attributes:
        name: Its name, printable.
        method: Compression method: 0 stored, 8 deflated.
        flags: General purpose bits.
        packed: Bytes it takes in the archive.
        unpacked: Bytes it should have.
        crc: CRC-32 its bytes should have.
        header_offset: Offset of its local header.
        data_offset: Offset of its data; -1 when there is no local header to lead to it.
        central: Whether the central directory says so; else only its local header does.
        mode: Unix mode, or 0.
    """

    name: str
    method: int
    flags: int
    packed: int
    unpacked: int
    crc: int
    header_offset: int
    data_offset: int
    central: bool
    mode: int = 0

    @property
    def folder(self) -> bool:
        """Tell whether it stands for a folder and has no bytes."""
        return self.name.endswith("/") and self.packed == 0

    @property
    def extent(self) -> Extent:
        """Return where its data lies."""
        return Extent(
            method=self.method,
            start=self.data_offset,
            packed=self.packed,
            unpacked=self.unpacked,
        )


class Zip(Content, frozen=True, kw_only=True):
    """A zip archive.

    Attributes:
        entries: Its members, in order of offset; where its views contradict each other, each of them.
        unclaimed: Ranges (start, end) that no record claims and that are not all zeros.
        base: Bytes before the archive that its offsets do not count.
    """

    entries: tuple[ZipEntry, ...]
    unclaimed: tuple[tuple[int, int], ...] = ()
    base: int = 0

    def named(self, name: str) -> ZipEntry | None:
        """Return the entry a loader finds by a name: the last one of the central directory."""
        found = None
        for entry in self.entries:
            if entry.name == name and (entry.central or found is None):
                found = entry
        return found


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
        self._notes = Notes()
        self._entries: list[ZipEntry] = []
        self._claims: list[Range] = []
        self._seen: dict[Record, None] = {}
        self._incomplete = ("", -1)

    def result(self) -> Zip:
        ends = find_directories(self._source)
        self._notes.extend(ends.flaws)
        self._claims += ends.claims
        for directory in ends.directories:
            self._directory(directory)
        if not ends.directories:
            self._incomplete = ("it has no central directory: cut off, or never finished", 0)
        for gap in list(self._gaps()):
            self._strays(gap)
        if not self._entries and not ends.directories:
            raise MalformedError("neither a central directory nor a member", at=0)
        self._duplicates()
        self._check_crcs()
        unclaimed = tuple((gap.start, gap.end) for gap in self._gaps() if self._filled(gap))
        return Zip(
            entries=tuple(sorted(self._entries, key=lambda entry: entry.header_offset)),
            unclaimed=unclaimed,
            base=min((directory.base for directory in ends.directories), default=0),
            flaws=self._notes.flaws(),
            incomplete=self._incomplete[0],
            incomplete_at=self._incomplete[1],
        )

    def _directory(self, directory: Directory) -> None:
        limits = self._budget.limits
        size = min(directory.size, limits.header_bytes)
        data = exactly(self._source, directory.start, size, "central directory")
        at = count = 0
        while at < len(data):
            if len(self._entries) >= limits.members:
                reason = f"more than {limits.members:,} members"
                self._incomplete = (reason, directory.start + at)
                break
            try:
                record = central_record(data, at)
            except MalformedError as error:
                self._notes.add("directory", error.message, directory.start + at)
                break
            self._central(
                msgspec.structs.replace(record, header_offset=record.header_offset + directory.base)
            )
            at += record.length
            count += 1
        if size < directory.size:
            reason = f"central directory of {directory.size:,} bytes, only {size:,} were read"
            self._incomplete = (reason, directory.start + size)
        if count != directory.count and not self._incomplete[0]:
            message = f"its end record counts {directory.count:,} entries, there are {count:,}"
            self._notes.add("entry-count", message, directory.start)
        self._claims.append(Range(directory.start, directory.start + at, "central directory"))

    def _central(self, record: Record) -> None:
        if record in self._seen:
            return
        self._seen[record] = None
        self._budget.check_time()
        self._notes.extend(tuple(name_flaws(record)))
        at = record.header_offset
        try:
            local = local_record(self._source, at, name_guess=len(record.name))
        except MalformedError as error:
            name = shown_name(record.name, record.flags)
            self._notes.add("no-local-header", f"{name!r}: {error.message}", error.at)
            self._entries.append(_entry(record, -1, central=True))
            return
        data = at + local.length
        self._notes.extend(tuple(contradictions(record, local)))
        self._entries.append(_entry(record, data, central=True))
        if local.method != record.method or sizes_differ(record, local):
            self._entries.append(_entry(local, data, central=False))
        self._claim(record, local, data)

    def _claim(self, record: Record, local: Record, data: int) -> None:
        name = shown_name(record.name, record.flags)
        end = data + record.packed
        if record.method == STORED and record.packed != record.unpacked:
            message = (
                f"{name!r} is stored, yet {record.packed:,} bytes stand for {record.unpacked:,}"
            )
            self._notes.add("stored-size", message, record.header_offset)
        if end > self._source.size:
            message = f"{name!r}: {record.packed:,} bytes at {data:,} exceed the archive"
            self._notes.add("bounds", message, record.header_offset)
            end = max(data, self._source.size)
        elif local.flags & HAS_DESCRIPTOR:
            end += descriptor_size(self._source, end, record)
        self._claims.append(Range(record.header_offset, end, name))

    def _strays(self, gap: Range) -> None:
        for record in stray_records(self._source, gap.start, gap.end, self._budget):
            if len(self._entries) >= self._budget.limits.members:
                return
            name = shown_name(record.name, record.flags)
            self._notes.extend(tuple(name_flaws(record)))
            if not self._incomplete[0]:
                message = f"{name!r} has a local header and no entry in the central directory"
                self._notes.add("local-only", message, record.header_offset)
            data = record.header_offset + record.length
            self._entries.append(_entry(record, data, central=False))
            self._claims.append(Range(record.header_offset, data + record.packed, name))

    def _gaps(self) -> Iterator[Range]:
        """Yield the ranges that nothing claims, and note the claims that overlap."""
        at = 0
        for claim in sorted(self._claims):
            if claim.start > at:
                yield Range(at, claim.start, "gap")
            at = max(at, claim.end)
        if at < self._source.size:
            yield Range(at, self._source.size, "gap")

    def _filled(self, gap: Range) -> bool:
        for at in range(gap.start, gap.end, _BLOCK):
            self._budget.check_time()
            if self._source.read(at, min(_BLOCK, gap.end - at)).strip(b"\0"):
                return True
        return False

    def _duplicates(self) -> None:
        before: Range | None = None
        for claim in sorted(self._claims):
            if before is not None and claim.start < before.end:
                message = f"{claim.what!r} overlaps {before.what!r}"
                self._notes.add("overlap", message, claim.start)
            if before is None or claim.end > before.end:
                before = claim
        names: set[str] = set()
        for entry in self._entries:
            if entry.central and entry.name in names:
                message = f"a second member is called {entry.name!r}"
                self._notes.add("duplicate", message, entry.header_offset)
            names.add(entry.name)

    def _check_crcs(self) -> None:
        """Check small members; of large ones the sum costs more than it tells."""
        left = _CHECKED_ALL
        for entry in self._entries:
            if (
                entry.data_offset < 0
                or entry.folder
                or max(entry.packed, entry.unpacked) > _CHECKED
            ):
                continue
            left -= entry.unpacked
            if left < 0:
                return
            fits = has_crc(self._source, entry, self._budget)
            if entry.flags & UNREADABLE and fits:
                message = f"{entry.name!r} is marked {entry.flags:#06x}, unreadable, and is not"
                self._notes.add("flags", message, entry.header_offset)
            elif not entry.flags & UNREADABLE and fits is False:
                message = f"{entry.name!r} does not have the CRC-32 {entry.crc:08x} it should have"
                self._notes.add("crc", message, entry.header_offset)


def has_crc(source: Source, entry: ZipEntry, budget: Budget) -> bool | None:
    """Tell whether a member's bytes have the CRC-32 they should have; None if there are none.

    Raises:
        LimitError: They are more than may be spent.
    """
    unpacked = unpack(source, entry.extent, budget)
    if unpacked.source is None:
        return None
    crc = unpacked.crc
    if crc is None:
        crc = 0
        for at in range(0, unpacked.source.size, _BLOCK):
            budget.check_time()
            crc = zlib.crc32(unpacked.source.read(at, _BLOCK), crc)
    return crc == entry.crc


def _entry(record: Record, data: int, *, central: bool) -> ZipEntry:
    return ZipEntry(
        name=shown_name(record.name, record.flags),
        method=record.method,
        flags=record.flags,
        packed=record.packed,
        unpacked=record.unpacked,
        crc=record.crc,
        header_offset=record.header_offset,
        data_offset=data,
        central=central,
        mode=record.mode,
    )
