# SPDX-License-Identifier: Apache-2.0
"""Contradictions inside a zip archive that readers take differently."""

from collections.abc import Iterator

from steelyard.formats.paths import escapes
from steelyard.formats.port import Flaw
from steelyard.formats.zip_records import HAS_DESCRIPTOR, MAX32, UTF8, Record, shown_name

ENCRYPTED = 0x01
PATCHED = 0x20
STRONG = 0x40
MASKED = 0x2000
UNREADABLE = ENCRYPTED | PATCHED | STRONG | MASKED
"""General purpose bits by which a reader refuses a member."""

_COMPARED = UNREADABLE | HAS_DESCRIPTOR | UTF8


def contradictions(central: Record, local: Record) -> Iterator[Flaw]:
    """Yield where a local header says other than the central directory (CVE-2025-1944)."""
    name = shown_name(central.name, central.flags)
    at = local.header_offset
    if central.name != local.name:
        other = shown_name(local.name, local.flags)
        yield Flaw(code="local-name", message=f"{name!r} is {other!r} in its local header", at=at)
    if central.method != local.method:
        message = f"{name!r}: method {central.method}, in its local header {local.method}"
        yield Flaw(code="local-method", message=message, at=at)
    if differing := (central.flags ^ local.flags) & _COMPARED:
        message = f"{name!r}: flag bits {differing:#06x} differ from its local header"
        yield Flaw(code="local-flags", message=message, at=at)
    streamed = local.flags & HAS_DESCRIPTOR
    if central.crc != local.crc and not (streamed and local.crc == 0):
        message = f"{name!r}: CRC-32 {central.crc:08x}, in its local header {local.crc:08x}"
        yield Flaw(code="local-crc", message=message, at=at)
    if sizes_differ(central, local):
        message = (
            f"{name!r}: {central.packed:,} bytes packed, {central.unpacked:,} unpacked,"
            f" in its local header {local.packed:,} and {local.unpacked:,}"
        )
        yield Flaw(code="local-size", message=message, at=at)


def stored_sizes_differ(record: Record) -> bool:
    """Tell whether a member is stored, yet takes other than the bytes it has.

    Traditional encryption puts 12 bytes before them (APPNOTE 6.1.3).
    """
    before = 12 if record.flags & ENCRYPTED else 0
    return record.method == 0 and record.packed not in (record.unpacked, record.unpacked + before)


def sizes_differ(central: Record, local: Record) -> bool:
    """Tell whether the sizes differ; a streamed member's local header may leave them open."""
    open_sizes = (0, MAX32) if local.flags & HAS_DESCRIPTOR else ()
    pairs = ((central.packed, local.packed), (central.unpacked, local.unpacked))
    return any(ours != theirs and theirs not in open_sizes for ours, theirs in pairs)


def name_flaws(record: Record) -> Iterator[Flaw]:
    """Yield what is wrong with a member's name, by either name it has."""
    at = record.header_offset
    for raw in dict.fromkeys((record.name, record.alias)):
        if raw is None:
            continue
        name = shown_name(raw, record.flags)
        if escapes(raw):
            yield Flaw(code="traversal", message=f"{name!r} leads outside the folder", at=at)
        elif b"\\" in raw or b"\0" in raw or b".." in raw.split(b"/"):
            yield Flaw(code="odd-name", message=f"{name!r} is read differently by readers", at=at)
