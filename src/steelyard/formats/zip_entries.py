# SPDX-License-Identifier: Apache-2.0
"""What a zip archive is, once it has been read."""

import msgspec

from steelyard.formats.port import Content
from steelyard.formats.zip_records import Record, shown_name
from steelyard.formats.zip_unpack import Extent


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


def entry_of(record: Record, data: int, *, central: bool) -> ZipEntry:
    """Return the entry that a record stands for, with its data at an offset."""
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
