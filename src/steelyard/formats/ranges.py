# SPDX-License-Identifier: Apache-2.0
"""Account for every byte: which ranges are claimed, by what, and which by nothing."""

from collections.abc import Iterable, Iterator

import msgspec

from steelyard.formats.port import Budget, Member
from steelyard.formats.source import SliceSource, Source

_BLOCK = 1 << 20
_ZEROS = bytes(_BLOCK)


class Range(msgspec.Struct, frozen=True, order=True):
    """Bytes that something lays claim to.

    Attributes:
        start: Offset of the first one.
        end: Offset behind the last one.
        what: What claims them.
    """

    start: int
    end: int
    what: str


def gaps(claims: Iterable[Range], size: int) -> Iterator[Range]:
    """Yield the ranges of `size` bytes that nothing claims, in order."""
    at = 0
    for claim in sorted(claims):
        if claim.start > at:
            yield Range(at, claim.start, "gap")
        at = max(at, claim.end)
    if at < size:
        yield Range(at, size, "gap")


def overlaps(claims: Iterable[Range]) -> Iterator[tuple[Range, Range]]:
    """Yield each claim that begins inside an earlier one, with that one."""
    before: Range | None = None
    for claim in sorted(claims):
        if before is not None and claim.start < before.end:
            yield claim, before
        if before is None or claim.end > before.end:
            before = claim


def first_filled(source: Source, start: int, end: int, budget: Budget) -> int:
    """Return the offset of the first byte of a range that is not zero; its end without one.

    Raises:
        LimitError: Time is up.
    """
    for at in range(start, end, _BLOCK):
        budget.check_time()
        block = source.read(at, min(_BLOCK, end - at))
        if block != _ZEROS[: len(block)]:
            return at + len(block) - len(block.lstrip(b"\0"))
    return max(start, end)


def gap_member(source: Source, start: int, end: int) -> Member:
    """Return a range that nothing claims, called `gap@offset`, to be identified like any bytes."""
    return Member(name=f"gap@{start}", source=SliceSource(source, start, end - start))
