# SPDX-License-Identifier: Apache-2.0
"""Look into small members of a zip archive: do they fit their CRC-32, where do links point?

A wrong CRC-32 stops some readers and not others (CVE-2025-10156).
"""

import stat
import zlib
from collections.abc import Iterator, Sequence

from steelyard.formats.paths import lands_outside, printable
from steelyard.formats.port import Budget, Flaw
from steelyard.formats.source import Source
from steelyard.formats.zip_entries import ZipEntry
from steelyard.formats.zip_flaws import UNREADABLE
from steelyard.formats.zip_unpack import LZMA, beginning, unpack

_CHECKED = 1 << 20  # bytes; of larger members the sum costs more than it tells
_CHECKED_ALL = 16 << 20  # bytes; so many of an archive in all
_PATH = 4096  # bytes; Linux takes no longer path
_BLOCK = 1 << 20


def crc_flaws(source: Source, entries: Sequence[ZipEntry], budget: Budget) -> Iterator[Flaw]:
    """Yield the small members that contradict their CRC-32, and all that contradict their flags.

    Raises:
        LimitError: They are more than may be spent.
    """
    left = _CHECKED_ALL
    for entry in entries:
        if entry.data_offset < 0 or entry.folder:
            continue
        marked = entry.flags & UNREADABLE
        if marked:
            if has_crc(source, entry, budget):
                message = f"{entry.name!r} is marked {marked:#06x}, unreadable, and can be read"
                yield Flaw(code="flags", message=message, at=entry.header_offset)
            continue
        left -= entry.unpacked
        small = max(entry.packed, entry.unpacked) <= _CHECKED and left >= 0
        if small and _small_fits(source, entry, budget) is False:
            message = f"{entry.name!r} does not have the CRC-32 {entry.crc:08x} it should have"
            yield Flaw(code="crc", message=message, at=entry.header_offset)


def link_flaws(source: Source, entries: Sequence[ZipEntry], budget: Budget) -> Iterator[Flaw]:
    """Yield the symbolic links, and whether they point outside the archive.

    Raises:
        LimitError: They are more than may be spent.
    """
    for entry in entries:
        if not stat.S_ISLNK(entry.mode) or max(entry.packed, entry.unpacked) > _PATH:
            continue
        target = beginning(source, entry.extent, _PATH, budget) or b""
        code = "link-outside" if lands_outside(entry.name.encode(), target) else "link"
        message = f"{entry.name!r} is a symbolic link to {printable(target)!r}"
        yield Flaw(code=code, message=message, at=entry.header_offset)


def _small_fits(source: Source, entry: ZipEntry, budget: Budget) -> bool | None:
    """Tell whether a small member has its CRC-32; it may turn out to be larger than it says."""
    data = beginning(source, entry.extent, entry.unpacked + 1, budget)
    if data is None:
        return None
    longer = len(data) > entry.unpacked and entry.method != LZMA  # which may lack an end marker
    return not longer and zlib.crc32(data[: entry.unpacked]) == entry.crc


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
