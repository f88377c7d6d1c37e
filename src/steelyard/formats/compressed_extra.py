# SPDX-License-Identifier: Apache-2.0
"""Decoders of optional packages: lz4 and zstandard."""

import importlib
from types import ModuleType
from typing import Any

from steelyard.core.errors import LimitError
from steelyard.formats.compressed_stream import Decoder

_WINDOW = 64 << 20  # bytes; the largest zstd window that is allocated
_STEP = 512  # bytes put in at a time: one block of 4 bytes may give 128 KiB (RFC 8878, 3.1.1.2)


def lz4_decoder() -> Decoder:
    """Return a decoder for one lz4 frame.

    Raises:
        LimitError: The package is not installed.
    """
    return _Lz4(_package("lz4.frame", "lz4"))


def zstd_decoder() -> Decoder:
    """Return a decoder for one zstd frame.

    Raises:
        LimitError: The package is not installed.
    """
    return _Zstd(_package("zstandard", "zstandard"))


class _Lz4:
    """Gives lz4's decoder the errors, and the empty bytes, of the others."""

    def __init__(self, package: ModuleType) -> None:
        self._inner: Any = package.LZ4FrameDecompressor()

    @property
    def eof(self) -> bool:
        """Tell whether the end of the frame was reached."""
        return bool(self._inner.eof)

    @property
    def needs_input(self) -> bool:
        """Tell whether nothing more comes out before something goes in."""
        return bool(self._inner.needs_input)

    @property
    def unused_data(self) -> bytes:
        """Return what was put in beyond the end of the frame."""
        return bytes(self._inner.unused_data or b"")

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Put bytes in, get at most `max_length` out."""
        try:
            return bytes(self._inner.decompress(data, max_length))
        except RuntimeError as error:
            raise ValueError(str(error)) from error


class _Zstd:
    """Gives zstandard's decoder, which has no bound on what comes out, the port of the others."""

    def __init__(self, package: ModuleType) -> None:
        self._error: type[Exception] = package.ZstdError
        self._inner: Any = package.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
        self._waiting = b""

    @property
    def eof(self) -> bool:
        """Tell whether the end of the frame was reached."""
        return bool(self._inner.eof)

    @property
    def needs_input(self) -> bool:
        """Tell whether nothing more comes out before something goes in."""
        return not self._waiting

    @property
    def unused_data(self) -> bytes:
        """Return what was put in beyond the end of the frame."""
        return bytes(self._inner.unused_data) + self._waiting

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Put bytes in, get something out; the step bounds how much."""
        self._waiting += data
        made: list[bytes] = []
        size = 0
        try:
            while self._waiting and size < max_length and not self.eof:
                made.append(self._inner.decompress(self._waiting[:_STEP]))
                size += len(made[-1])
                self._waiting = self._waiting[_STEP:]
        except self._error as error:
            raise ValueError(str(error)) from error
        return b"".join(made)


def _package(module: str, package: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise LimitError(f"the package {package!r} that unpacks it is not installed") from error
