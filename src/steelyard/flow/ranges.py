# SPDX-License-Identifier: Apache-2.0
"""Bytes that lie elsewhere, fetched as they are read: in blocks, with read-ahead, up to a limit."""

from collections.abc import Callable

from steelyard.core.errors import LimitError
from steelyard.flow.jobs import check_wanted

BLOCK = 128 << 10  # bytes; the least that is fetched
_AHEAD = 4 << 20  # bytes; the most that is fetched ahead of a reader that goes on and on
_KEPT = 32 << 20  # bytes of blocks that are kept

Fetch = Callable[[int, int], bytes]
"""Returns just so many bytes from an offset, or raises UnreadableError."""


class RangeSource:
    """A source whose bytes are fetched; see `formats.source.Source`.

    Args:
        fetch: Gets bytes.
        size: How many there are.
        limit: How many may be fetched, in bytes.
    """

    def __init__(self, fetch: Fetch, size: int, limit: int) -> None:
        self.size = size
        self.fetched = 0
        self.seen: set[int] = set()
        self._fetch = fetch
        self._limit = limit
        self._blocks: dict[int, bytes] = {}
        self._next = -1
        self._ahead = 0

    @property
    def whole(self) -> bool:
        """Tell whether every byte was fetched."""
        return len(self.seen) * BLOCK >= self.size

    def read(self, offset: int, size: int) -> bytes:
        """Return bytes, see `Source.read`.

        Raises:
            LimitError: More would have to be fetched than may be.
            UnreadableError: They cannot be fetched.
        """
        offset = max(0, min(offset, self.size))
        end = min(offset + max(0, size), self.size)
        if offset == end:
            return b""
        if end - offset > self._limit - self.fetched + _KEPT:
            raise self._too_much()
        pieces = []
        first, last = offset // BLOCK, (end - 1) // BLOCK
        for number in range(first, last + 1):
            block = self._block(number, last)
            start = number * BLOCK
            pieces.append(block[max(0, offset - start) : end - start])
        return b"".join(pieces)

    def _block(self, number: int, wanted: int) -> bytes:
        """Return a block; `wanted` is the last one that the reader asks for."""
        if number not in self._blocks:
            check_wanted()
            self._ahead = min(2 * self._ahead + 1, _AHEAD // BLOCK) if number == self._next else 0
            self._fill(number, max(number, min(wanted, number + _AHEAD // BLOCK)) + self._ahead)
        block = self._blocks.pop(number)
        self._blocks[number] = block  # the one that was used last goes last
        return block

    def _fill(self, first: int, last: int) -> None:
        """Fetch blocks up to the last one, or to the first that is there already."""
        last = min(last, (self.size - 1) // BLOCK)
        stop = next((n for n in range(first + 1, last + 1) if n in self._blocks), last + 1)
        start, end = first * BLOCK, min(stop * BLOCK, self.size)
        if self.fetched + end - start > self._limit:
            raise self._too_much()
        data = self._fetch(start, end - start)
        self.fetched += len(data)
        for number in range(first, stop):
            at = (number - first) * BLOCK
            self._blocks[number] = data[at : at + BLOCK]
            self.seen.add(number)
        self._next = stop
        while len(self._blocks) * BLOCK > _KEPT:
            self._blocks.pop(next(iter(self._blocks)))

    def _too_much(self) -> LimitError:
        return LimitError(
            f"to read it, more than {self._limit:,} of its {self.size:,} bytes would have to be fetched"
        )
