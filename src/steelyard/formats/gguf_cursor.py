# SPDX-License-Identifier: Apache-2.0
"""Reading a GGUF header in order, through a window, whatever its byte order and version."""

import struct
from collections.abc import Iterator

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.port import Budget
from steelyard.formats.source import Source

_WINDOW = 1 << 20  # bytes of the header that are held at a time


class Cursor:
    """A position in a header; each read checks the length it was told against the file first.

    Args:
        source: The file.
        budget: Bounds the time, the length of the header and of the strings that are kept.
        position: Byte offset at which to begin.
        order: `<` for little-endian, `>` for big-endian numbers.
        wide: Lengths and counts have 64 bits (GGUF 2 and later), not 32 (GGUF 1).
    """

    def __init__(
        self, source: Source, budget: Budget, position: int, order: str, *, wide: bool
    ) -> None:
        self.position = position
        self.order = order
        self.width = 8 if wide else 4
        self._source = source
        self._budget = budget
        self._limit = budget.limits.header_bytes
        self._kept = budget.limits.text_bytes
        self._window = b""
        self._start = position
        self._length = struct.Struct(f"{order}{'Q' if wide else 'I'}")
        self._number = struct.Struct(f"{order}I")

    @property
    def left(self) -> int:
        """Return how many bytes there are from here to the end of the file."""
        return self._source.size - self.position

    def length(self, what: str) -> int:
        """Read a length, a count or an extent."""
        return int(self._length.unpack(self.take(self.width, what))[0])

    def number(self, what: str) -> int:
        """Read an unsigned number of 32 bits."""
        return int(self._number.unpack(self.take(4, what))[0])

    def count(self, what: str, least: int) -> int:
        """Read a count of things that take at least `least` bytes each.

        Raises:
            MalformedError: The rest of the file cannot hold as many.
        """
        at = self.position
        count = self.length(f"number of {what}")
        if count * least > self.left:
            raise MalformedError(
                f"{count:,} {what} need {count * least:,} bytes, the file has {self.left:,} left",
                at,
            )
        return count

    def string(self, what: str) -> bytes:
        """Read a string that is kept.

        Raises:
            LimitError: More text is kept than the limits allow.
        """
        at = self.position
        size = self.length(f"length of {what}")
        if size > self.left:
            raise MalformedError(
                f"{what} of {size:,} bytes exceeds the file ({self.left:,} bytes left)", at
            )
        self._kept -= size
        if self._kept < 0:
            raise LimitError(f"more than {self._budget.limits.text_bytes:,} bytes of text", at)
        return self.take(size, what)

    def take(self, size: int, what: str) -> bytes:
        """Read some bytes.

        Raises:
            MalformedError: The file ends before them.
            LimitError: The header is longer than the limits allow.
        """
        if size > self.left:
            raise MalformedError(
                f"truncated: {what} needs bytes up to {self.position + size:,}, "
                f"the file has {self._source.size:,}",
                self.position,
            )
        begin = self.position - self._start
        if begin + size > len(self._window):
            self._fill(size)
            begin = 0
        self.position += size
        return self._window[begin : begin + size]

    def skip(self, size: int) -> None:
        """Pass over bytes that the file was found to hold."""
        self.position += size
        self._check_length()

    def strings(self, count: int) -> Iterator[tuple[bytes, int]]:
        """Pass over an array of strings; yield the raw bytes of many at a time, and their offset.

        What is yielded begins and ends at the border of a string, its length included; a string
        longer than the window is not yielded.

        Raises:
            MalformedError: A string exceeds the file.
        """
        while count:
            self._fill(min(self.left, _WINDOW))
            window = self._window
            done, begin, end = self._walk(window, count)
            if end > len(window) and begin > 0:  # the last one is cut off by the window
                done, end = done - 1, begin
            elif end > self.left or end == 0:
                raise MalformedError(
                    f"string of {max(0, end - self.width):,} bytes exceeds the file "
                    f"({self.left:,} bytes left)",
                    self.position,
                )
            count -= done
            if end <= len(window):
                yield window[:end], self.position
            self.skip(end)

    def _walk(self, window: bytes, count: int) -> tuple[int, int, int]:
        """Return how many strings begin in a window, and where the last one begins and ends."""
        unpack, width = self._length.unpack_from, self.width
        last = len(window) - width
        begin = end = 0
        for done in range(count):
            if end > last:
                return done, begin, end
            begin = end
            end += width + unpack(window, end)[0]
        return count, begin, end

    def _fill(self, size: int) -> None:
        self._check_length()
        self._budget.check_time()
        self._start = self.position
        self._window = self._source.read(self.position, max(size, _WINDOW))

    def _check_length(self) -> None:
        if self.position > self._limit:
            raise LimitError(f"header of more than {self._limit:,} bytes", self._limit)
