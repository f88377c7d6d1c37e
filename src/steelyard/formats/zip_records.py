# SPDX-License-Identifier: Apache-2.0
"""The records of a zip archive, as they stand in the bytes.

Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3 (records), 4.4 (fields), 4.5.3 (zip64 extra field).
"""

import struct
from collections.abc import Iterator

import msgspec

from steelyard.core.errors import LimitError, MalformedError
from steelyard.core.limits import Limits
from steelyard.formats.paths import shown
from steelyard.formats.source import Source, exactly

LOCAL = b"PK\x03\x04"
CENTRAL = b"PK\x01\x02"
END = b"PK\x05\x06"
END64 = b"PK\x06\x06"
LOCATOR64 = b"PK\x06\x07"
DESCRIPTOR = b"PK\x07\x08"
CENTRAL_SIZE = 46
END_SIZE = 22
END64_SIZE = 56
LOCATOR64_SIZE = 20
LOCAL_SIZE = 30
MAX16 = 0xFFFF
MAX32 = 0xFFFFFFFF

HAS_DESCRIPTOR = 0x08  # general purpose bit 3: sizes and CRC follow the data
UTF8 = 0x800  # general purpose bit 11

_LONGEST = CENTRAL_SIZE + 3 * MAX16  # bytes of an entry of the central directory
_WINDOW = 1 << 20  # bytes of it read at a time
_ZIP64_EXTRA = 0x0001
_UNICODE_PATH_EXTRA = 0x7075


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What a local header or an entry of the central directory says of a member.

    Attributes:
        name: The bytes of its name.
        alias: Name by the Unicode path extra field, which some readers prefer; None without one.
        flags: General purpose bits.
        method: Compression method.
        crc: CRC-32 of the unpacked bytes.
        packed: Bytes it takes in the archive.
        unpacked: Bytes it has.
        header_offset: Where its local header is said to be; of a local header, where it is.
        mode: Unix mode, or 0.
        length: Bytes the record itself takes.
    """

    name: bytes
    alias: bytes | None
    flags: int
    method: int
    crc: int
    packed: int
    unpacked: int
    header_offset: int
    mode: int
    length: int


def central_record(data: bytes, at: int) -> Record:
    """Read an entry of the central directory.

    Args:
        data: Bytes of the directory.
        at: Offset of the entry in them.

    Raises:
        MalformedError: There is none.
    """
    if data[at : at + 4] != CENTRAL or at + CENTRAL_SIZE > len(data):
        raise MalformedError("no entry of the central directory where one should be", at=at)
    (
        flags,
        method,
        crc,
        packed,
        unpacked,
        name_size,
        extra_size,
        comment_size,
        attributes,
        offset,
    ) = struct.unpack_from("<HH4xLLLHHH4xLL", data, at + 8)
    end = at + CENTRAL_SIZE + name_size + extra_size + comment_size
    if end > len(data):
        raise MalformedError("an entry of the central directory exceeds the directory", at=at)
    start = at + CENTRAL_SIZE + name_size
    fields = extra_fields(data[start : start + extra_size])
    unpacked, packed, offset = zip64(fields, unpacked, packed, offset)
    return Record(
        name=data[at + CENTRAL_SIZE : start],
        alias=_alias(fields),
        flags=flags,
        method=method,
        crc=crc,
        packed=packed,
        unpacked=unpacked,
        header_offset=offset,
        mode=attributes >> 16,
        length=end - at,
    )


def central_records(source: Source, start: int, size: int, limits: Limits) -> Iterator[Record]:
    """Yield the entries of a central directory.

    Args:
        source: The archive.
        start: Offset of the directory.
        size: Bytes it is said to have.
        limits: Bound its bytes and its entries.

    Raises:
        LimitError: There are more.
        MalformedError: An entry is none; `at` counts from the beginning of the archive.
    """
    at, end = start, start + min(size, limits.header_bytes)
    window, window_at = b"", start
    count = 0
    while at < end:
        if count >= limits.members:
            raise LimitError(f"more than {limits.members:,} members", at=at)
        if at + _LONGEST > window_at + len(window) and window_at + len(window) < end:
            window, window_at = source.read(at, min(_WINDOW, end - at)), at
        try:
            record = central_record(window, at - window_at)
        except MalformedError as error:
            if end < start + size and at + _LONGEST > end:
                break
            raise MalformedError(error.message, at=at) from error
        yield record
        at += record.length
        count += 1
    if end < start + size:
        raise LimitError(
            f"central directory of {size:,} bytes, over {limits.header_bytes:,}", at=at
        )


def local_record(source: Source, at: int, *, name_guess: int = 64) -> Record:
    """Read a local header.

    Args:
        source: The archive.
        at: Offset of the header.
        name_guess: Length that its name probably has, to have it in one read.

    Raises:
        MalformedError: There is none.
    """
    head = source.read(at, LOCAL_SIZE + name_guess)
    if at < 0 or len(head) < LOCAL_SIZE or head[:4] != LOCAL:
        raise MalformedError("no local header where one should be", at=max(at, 0))
    flags, method, crc, packed, unpacked, name_size, extra_size = struct.unpack_from(
        "<HH4xLLLHH", head, 6
    )
    length = LOCAL_SIZE + name_size + extra_size
    if at + length > source.size:
        raise MalformedError("a local header exceeds the archive", at=at)
    if name_size > name_guess:
        head = exactly(source, at, LOCAL_SIZE + name_size, "local header")
    if MAX32 in (packed, unpacked):
        extra = exactly(source, at + LOCAL_SIZE + name_size, extra_size, "extra field")
        unpacked, packed, _ = zip64(extra_fields(extra), unpacked, packed, 0)
    return Record(
        name=head[LOCAL_SIZE : LOCAL_SIZE + name_size],
        alias=None,
        flags=flags,
        method=method,
        crc=crc,
        packed=packed,
        unpacked=unpacked,
        header_offset=at,
        mode=0,
        length=length,
    )


def extra_fields(extra: bytes) -> dict[int, bytes]:
    """Return the extra fields by id, the first of each; what is no whole field is left out."""
    fields: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(extra):
        ident, size = struct.unpack_from("<HH", extra, at)
        if at + 4 + size > len(extra):
            break
        fields.setdefault(ident, extra[at + 4 : at + 4 + size])
        at += 4 + size
    return fields


def zip64(
    fields: dict[int, bytes], unpacked: int, packed: int, offset: int
) -> tuple[int, int, int]:
    """Return the sizes and the offset with what the zip64 extra field says in their place.

    It holds, in this order, only those whose 32-bit field is all ones (APPNOTE 4.5.3).
    """
    data = fields.get(_ZIP64_EXTRA, b"")
    at = 0
    values = []
    for value in (unpacked, packed, offset):
        wide = value
        if value == MAX32 and at + 8 <= len(data):
            wide = struct.unpack_from("<Q", data, at)[0]
            at += 8
        values.append(wide)
    return values[0], values[1], values[2]


def _alias(fields: dict[int, bytes]) -> bytes | None:
    data = fields.get(_UNICODE_PATH_EXTRA)
    return data[5:] if data and len(data) > 5 else None  # version and CRC-32 come before it


def shown_name(name: bytes, flags: int) -> str:
    """Return a name as printable text; other characters as escapes."""
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError:
        text = name.decode("utf-8", "backslashreplace") if flags & UTF8 else name.decode("cp437")
    return shown(text)
