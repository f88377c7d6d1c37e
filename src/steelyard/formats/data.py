# SPDX-License-Identifier: Apache-2.0
"""Bytes of no known format."""

from steelyard.formats.port import Budget, Content, Format, Glimpse
from steelyard.formats.source import Source

_BLOCK = 256 << 10  # bytes


class Data(Content, frozen=True, kw_only=True):
    """Bytes that no reader knows.

    Attributes:
        empty: There are none, or nothing but zeros.
    """

    empty: bool


def read(source: Source, budget: Budget) -> Data:
    """Look whether there is anything but zeros."""
    zeros = bytes(min(_BLOCK, source.size))
    for offset in range(0, source.size, _BLOCK):
        budget.check_time()
        block = source.read(offset, _BLOCK)
        if block != zeros[: len(block)]:
            return Data(empty=False, incomplete="of no known format", incomplete_at=offset)
    return Data(empty=True)


def _anything(glimpse: Glimpse) -> bool:
    del glimpse
    return True


DATA = Format(id="data", title="Unidentified bytes", rank=99, matches=_anything, read=read)
