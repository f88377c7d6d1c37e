# SPDX-License-Identifier: Apache-2.0
"""Take a 7z header apart: bytes, numbers, bits, checksums.

Source: 7-Zip's DOC/7zFormat.txt, 26.00.
"""

from steelyard.core.errors import LimitError, MalformedError


class Cursor:
    """Reads a header from its beginning to its end.

    Args:
        data: The header.
        most: Most things of a kind it may have.
    """

    def __init__(self, data: bytes, most: int) -> None:
        self._data = data
        self._at = 0
        self._most = most

    def bytes(self, size: int) -> bytes:
        """Take bytes."""
        if size < 0 or size > len(self._data) - self._at:
            raise MalformedError(f"the header ends before {size:,} more bytes of it")
        self._at += size
        return self._data[self._at - size : self._at]

    def byte(self) -> int:
        """Take one byte."""
        return self.bytes(1)[0]

    def number(self) -> int:
        """Take a number: the leading ones of its first byte say how many bytes follow."""
        first = self.byte()
        for extra in range(8):
            mask = 0x80 >> extra
            if not first & mask:
                low = int.from_bytes(self.bytes(extra), "little")
                return low + ((first & (mask - 1)) << (8 * extra))
        return int.from_bytes(self.bytes(8), "little")

    def count(self) -> int:
        """Take how many there are of something; each takes at least a bit of the header."""
        count = self.number()
        if count > self._most:
            raise LimitError(f"{count:,} members or folders, over {self._most:,}")
        return count

    def bits(self, count: int) -> list[bool]:
        """Take a bit for each."""
        data = self.bytes((count + 7) // 8)
        return [bool(data[index // 8] & 0x80 >> index % 8) for index in range(count)]

    def maybe_bits(self, count: int) -> list[bool]:
        """Take a bit for each, unless one byte says that all are set."""
        return [True] * count if self.byte() else self.bits(count)

    def crcs(self, count: int) -> list[int | None]:
        """Take a CRC-32 for each that has one."""
        defined = self.maybe_bits(count)
        return [int.from_bytes(self.bytes(4), "little") if has else None for has in defined]
