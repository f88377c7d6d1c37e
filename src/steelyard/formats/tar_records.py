# SPDX-License-Identifier: Apache-2.0
"""The headers of a tar archive, as they stand in the bytes.

Source: POSIX.1-2017 pax, "ustar Interchange Format" and "pax Extended Header"; the GNU tar manual,
"Basic Tar Format".
"""

import msgspec

from steelyard.core.errors import MalformedError

BLOCK = 512
_MAGIC = b"ustar"  # at 257; followed by NUL and 00 (POSIX), or by blanks and NUL (GNU)


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """One header block.

    Attributes:
        name: Path of the member, its prefix before it.
        kind: Type flag: `0` file, `1` hard link, `2` symbolic link, `3` `4` `6` devices and FIFO, `5`
            folder, `x` `g` `L` `K` headers of the next member.
        size: Bytes that follow, without padding.
        link: Path a link points to.
    """

    name: bytes
    kind: str
    size: int
    link: bytes


def is_header(block: bytes) -> bool:
    """Tell whether a block is a header: its checksum holds."""
    if len(block) < BLOCK:
        return False
    stored = _number(block[148:156])
    if not stored:
        return False
    rest = block[:148] + b" " * 8 + block[156:]
    unsigned = sum(rest)  # of old writers, the sum of signed bytes
    return stored in (unsigned, unsigned - 256 * sum(byte > 127 for byte in rest))


def header(block: bytes, at: int) -> Header:
    """Read a header block.

    Args:
        block: 512 bytes.
        at: Their offset, for the message.

    Raises:
        MalformedError: It is none.
    """
    if not is_header(block):
        raise MalformedError("no header where one should be: its checksum does not hold", at=at)
    size = _number(block[124:136])
    if size is None or size < 0:
        raise MalformedError(f"no size in the header: {block[124:136]!r}", at=at)
    name = _text(block[:100])
    posix = block[257:263] == _MAGIC + b"\0"
    if posix and (prefix := _text(block[345:500])):
        name = prefix + b"/" + name
    kind = chr(block[156])
    if kind in "\0007":
        kind = "5" if kind == "\0" and name.endswith(b"/") else "0"
    return Header(name=name, kind=kind, size=size, link=_text(block[157:257]))


def pax_records(data: bytes, at: int) -> dict[bytes, bytes]:
    r"""Read the records `length key=value\n` of an extended header; of a key said twice, the last.

    Raises:
        MalformedError: They are none.
    """
    records = {}
    start = 0
    while start < len(data) and data[start] != 0:
        digits, blank, _ = data[start : start + 21].partition(b" ")
        length = int(digits) if blank and digits.isdigit() else 0
        record = data[start + len(digits) + 1 : start + length]
        key, equals, value = record.partition(b"=")
        if not equals or not value.endswith(b"\n") or start + length > len(data):
            raise MalformedError(
                "no record where one of an extended header should be", at=at + start
            )
        records[key] = value[:-1]
        start += length
    return records


def has_magic(block: bytes) -> bool:
    """Tell whether a block carries the magic of a ustar or GNU header."""
    return block[257:262] == _MAGIC


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _number(field: bytes) -> int | None:
    """Return a number: octal digits, or, with the first bit set, GNU's base 256."""
    if field[0] & 0x80:
        bits = int.from_bytes(field, "big") & ~(1 << (8 * len(field) - 1))
        negative = field[0] & 0x40
        return bits - (1 << (8 * len(field) - 1)) if negative else bits
    digits = field.partition(b"\0")[0].strip(b" ")
    if not digits:
        return 0
    return int(digits, 8) if digits.isdigit() and not set(digits) & set(b"89") else None
