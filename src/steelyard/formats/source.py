# SPDX-License-Identifier: Apache-2.0
"""Random access to hostile bytes, wherever they lie: in a file, in memory, inside another layer."""

import os
from collections.abc import Iterable
from typing import Protocol

from steelyard.core.errors import ChangedError, LimitError, MalformedError

_IN_MEMORY = 4 << 20  # bytes; what unpacks to less never touches the disk


class Source(Protocol):
    """Bytes that can be read at any offset."""

    @property
    def size(self) -> int:
        """Return the number of bytes."""

    def read(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from `offset`; fewer, or none, only where the bytes end.

        Raises:
            ChangedError: The file changed while it was being read.
        """


def exactly(source: Source, offset: int, size: int, what: str) -> bytes:
    """Return just these bytes.

    Args:
        source: Where to read.
        offset: From which byte; may lie anywhere.
        size: How many bytes; checked against the source before anything is allocated.
        what: What is read, for the message.

    Raises:
        MalformedError: They do not lie inside the source.
    """
    if offset < 0 or size < 0 or offset + size > source.size:
        raise MalformedError(
            f"{what} of {size:,} bytes at {offset:,} exceeds the {source.size:,} bytes there are",
            at=max(0, min(offset, source.size)),
        )
    return source.read(offset, size)


class BytesSource:
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, offset: int, size: int) -> bytes:
        """Return bytes, see `Source.read`."""
        return self._data[max(0, offset) : max(0, offset) + max(0, size)]


class SliceSource:
    """A range of another source.

    Raises:
        MalformedError: The range does not lie inside it.
    """

    def __init__(self, outer: Source, offset: int, size: int) -> None:
        if offset < 0 or size < 0 or offset + size > outer.size:
            raise MalformedError(
                f"range of {size:,} bytes at {offset:,} exceeds the {outer.size:,} bytes there are",
                at=max(0, min(offset, outer.size)),
            )
        self._outer = outer
        self._offset = offset
        self.size = size

    def read(self, offset: int, size: int) -> bytes:
        """Return bytes, see `Source.read`."""
        offset = max(0, offset)
        return self._outer.read(self._offset + offset, max(0, min(size, self.size - offset)))


class SpooledSource:
    """Bytes that had to be unpacked: in memory while few, in an unnamed temporary file when many.

    Args:
        chunks: The bytes, in order; the producer bounds how many there are.

    Raises:
        LimitError: The temporary folder has no room for them.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        import tempfile

        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - lives as long as the source
        self.size = 0
        try:
            for chunk in chunks:
                self._file.write(chunk)
                self.size += len(chunk)
        except OSError as error:
            self._file.close()
            raise LimitError(f"no room to unpack: {error.strerror}") from error
        except BaseException:
            self._file.close()
            raise

    def __del__(self) -> None:
        self._file.close()

    def read(self, offset: int, size: int) -> bytes:
        """Return bytes, see `Source.read`."""
        self._file.seek(max(0, min(offset, self.size)))
        return self._file.read(max(0, size))


class DescriptorSource:
    """An open file, read at offsets; the descriptor stays its opener's to close.

    Args:
        descriptor: Open for reading.
        size: Size of the file in bytes, as its opener saw it.
    """

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor = descriptor
        self.size = size

    def read(self, offset: int, size: int) -> bytes:
        """Return bytes, see `Source.read`.

        Raises:
            ChangedError: The file has become shorter.
        """
        offset = max(0, offset)
        wanted = max(0, min(size, self.size - offset))
        data = os.pread(self._descriptor, wanted, offset)
        while len(data) < wanted:
            more = os.pread(self._descriptor, wanted - len(data), offset + len(data))
            if not more:
                raise ChangedError("it became shorter while it was being read")
            data += more
        return data
