# SPDX-License-Identifier: Apache-2.0
"""Decompression in bounded steps, each charged to the budget before the next one is made."""

import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

from steelyard.core.errors import LimitError
from steelyard.formats.port import Budget
from steelyard.formats.source import Source

_IN = 256 << 10  # bytes read at a time
_OUT = 1 << 20  # bytes made at a time, whatever the input asks for
_LARGE = 256 << 20  # bytes; what unpacks to more
_RATIO = 256  # times what it takes is no model: weights hardly shrink, zeros shrink a thousandfold
_FINE = 1 << 30  # bytes of the budget that such a stream costs, so that a few of them use it up

BROKEN = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, MemoryError)
"""What the decoders of the standard library raise for bytes that are no such stream."""


class Decoder(Protocol):
    """What `bz2` and `lzma` call a decompressor."""

    @property
    def eof(self) -> bool:
        """Tell whether the end of the stream was reached."""

    @property
    def needs_input(self) -> bool:
        """Tell whether nothing more comes out before something goes in."""

    @property
    def unused_data(self) -> bytes:
        """Return what was put in beyond the end of the stream."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Put bytes in, get at most `max_length` out."""


class ZlibDecoder:
    """A zlib decompressor behind the port of the others.

    Args:
        window: 15 for zlib, -15 for raw deflate, 31 for gzip.
    """

    def __init__(self, window: int) -> None:
        self._inner = zlib.decompressobj(window)
        self._full = False

    @property
    def eof(self) -> bool:
        """Tell whether the end of the stream was reached."""
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        """Tell whether nothing more comes out before something goes in."""
        return not self._inner.unconsumed_tail and not self._full

    @property
    def unused_data(self) -> bytes:
        """Return what was put in beyond the end of the stream."""
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Put bytes in, get at most `max_length` out."""
        made = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self._full = len(made) == max_length  # zlib may hold more although it took all of its input
        return made


class Unpacking:
    """One compressed stream being unpacked.

    Args:
        make: Makes the decoder; it may find the stream's properties impossible.
        source: Where the stream lies.
        start: Offset of its first byte.
        end: Offset behind its last byte, or behind the bytes it may take.
        budget: What may be spent.
        enough: Bytes after which it may lack an end marker; -1 when it must have one.

    Attributes:
        problem: Why it ended early; empty when it did not.
        used: Bytes the stream took, once it has ended.
        made: Bytes it gave.
        crc: CRC-32 of them.
    """

    def __init__(
        self,
        make: Callable[[], Decoder],
        source: Source,
        start: int,
        end: int,
        budget: Budget,
        enough: int = -1,
    ) -> None:
        self._make = make
        self._source = source
        self._start = start
        self._end = end
        self._budget = budget
        self._enough = enough
        self.problem = ""
        self.used = 0
        self.made = 0
        self.crc = 0

    def chunks(self) -> Iterator[bytes]:
        """Yield what the stream gives, up to where it breaks.

        Raises:
            LimitError: It gives more than may be spent.
        """
        try:
            decoder = self._make()
        except BROKEN as error:
            self.problem = f"its compressed stream cannot be opened: {error}"
            return
        while not decoder.eof:
            data = self._next_input(decoder)
            if decoder.needs_input and not data:
                if not 0 <= self._enough <= self.made:
                    self.problem = "its compressed stream ends early"
                return
            try:
                made = decoder.decompress(data, _OUT)
            except BROKEN as error:
                self.problem = f"its compressed stream is broken: {error}"
                return
            self.made += len(made)
            self._budget.spend_expanded(len(made))
            self._check_ratio()
            self.crc = zlib.crc32(made, self.crc)
            yield made
        self.used -= len(decoder.unused_data)

    def _check_ratio(self) -> None:
        self._budget.check_ratio(self.used, self.made)
        if self.made > _LARGE and self.made > self.used * _RATIO:
            self._budget.spend_expanded(_FINE)
            raise LimitError(
                f"{self.used:,} bytes unpack to more than {self.made:,}, over {_RATIO} times"
            )

    def _next_input(self, decoder: Decoder) -> bytes:
        if not decoder.needs_input:
            return b""
        at = self._start + self.used
        data = self._source.read(at, min(_IN, self._end - at))
        self.used += len(data)
        return data
