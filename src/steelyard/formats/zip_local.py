# SPDX-License-Identifier: Apache-2.0
"""Follow the local headers of a zip archive where the central directory leads to none of them."""

from collections.abc import Iterator

import msgspec

from steelyard.core.errors import MalformedError
from steelyard.formats.port import Budget
from steelyard.formats.source import Source
from steelyard.formats.zip_records import (
    CENTRAL,
    DESCRIPTOR,
    HAS_DESCRIPTOR,
    LOCAL,
    MAX32,
    Record,
    local_record,
)
from steelyard.formats.zip_unpack import STORED, Extent, stream_size

_BLOCK = 1 << 20


def stray_records(source: Source, start: int, end: int, budget: Budget) -> Iterator[Record]:
    """Yield the local headers that follow each other from an offset, with the sizes they have.

    Args:
        source: The archive.
        start: Where the first one may be.
        end: Where the range ends.
        budget: What may be spent.
    """
    at = start
    while at < end and source.read(at, 4) == LOCAL:
        budget.check_time()
        try:
            record = local_record(source, at)
        except MalformedError:
            return
        data = at + record.length
        if data > end:
            return
        packed, length = _sizes(source, record, data, end, budget)
        yield _with_packed(record, min(packed, end - data))
        at = data + packed + length


def descriptor_size(source: Source, at: int, record: Record) -> int:
    """Return the length of a data descriptor that says the same as the record; 0 without one.

    Its signature is optional, and its sizes have 4 or 8 bytes (APPNOTE 4.3.9).
    """
    head = source.read(at, 24)
    crc = record.crc.to_bytes(4, "little")
    for prefix in (DESCRIPTOR, b""):
        for width in (8, 4):
            wide = record.packed < 1 << 8 * width and record.unpacked < 1 << 8 * width
            if not wide:
                continue
            sizes = (
                record.packed.to_bytes(width, "little"),
                record.unpacked.to_bytes(width, "little"),
            )
            expected = prefix + crc + b"".join(sizes)
            if head.startswith(expected):
                return len(expected)
    return 0


def _sizes(source: Source, record: Record, data: int, end: int, budget: Budget) -> tuple[int, int]:
    """Return how long the data of a local header is, and the descriptor behind it."""
    if not record.flags & HAS_DESCRIPTOR or record.packed not in (0, MAX32):
        return record.packed, 0
    if record.method == STORED:
        packed = _up_to_signature(source, data, end, budget)
    else:
        packed = stream_size(source, _extent(record, data, end), budget)
    return packed, min(_open_descriptor(source, data + packed, packed), end - data - packed)


def _open_descriptor(source: Source, at: int, packed: int) -> int:
    """Return the length of the data descriptor behind data of which only the size is known."""
    tail = source.read(at, 24)
    wide = tail[8:16] == packed.to_bytes(8, "little") and tail[16:18] != b"PK"
    if not tail.startswith(DESCRIPTOR):
        return 0
    return 24 if wide else 16


def _extent(record: Record, data: int, end: int) -> Extent:
    return Extent(method=record.method, start=data, packed=end - data, unpacked=record.unpacked)


def _up_to_signature(source: Source, start: int, end: int, budget: Budget) -> int:
    """Return how many bytes come before the next descriptor or header."""
    for at in range(start, end, _BLOCK):
        budget.check_time()
        block = source.read(at, min(_BLOCK + 3, end - at))
        hits = [hit for mark in (DESCRIPTOR, LOCAL, CENTRAL) if (hit := block.find(mark)) >= 0]
        if hits:
            return at + min(hits) - start
    return end - start


def _with_packed(record: Record, packed: int) -> Record:
    unpacked = packed if record.method == STORED else record.unpacked
    return msgspec.structs.replace(record, packed=packed, unpacked=unpacked)
