# SPDX-License-Identifier: Apache-2.0
"""Which bytes of a weight file its tensors claim, and which nobody does."""

from collections.abc import Iterator, Sequence

from steelyard.formats.flaws import FlawList
from steelyard.formats.port import Budget, Member
from steelyard.formats.ranges import Range, first_filled, gap_member, gaps, overlaps
from steelyard.formats.source import Source


def check_places(tensors: Sequence[Range], size: int, flaws: FlawList) -> None:
    """Note what lies beyond the file (`out-of-bounds`) and what overlaps (`overlap`).

    Args:
        tensors: The bytes of each tensor, in any order; `what` is its name.
        size: Of the file in bytes.
        flaws: Takes the flaws.
    """
    for tensor in tensors:
        if tensor.end > size:
            message = (
                f"truncated: tensor {tensor.what[:80]!r} needs bytes up to {tensor.end:,}, "
                f"the file has {size:,}"
            )
            flaws.add("out-of-bounds", message, min(tensor.start, size))
    for inner, outer in overlaps(tensor for tensor in tensors if tensor.end > tensor.start):
        message = (
            f"tensors {outer.what[:80]!r} and {inner.what[:80]!r} overlap: "
            f"one ends at {outer.end:,}, the other begins at {inner.start:,}"
        )
        flaws.add("overlap", message, min(inner.start, size))


def unclaimed(tensors: Sequence[Range], begin: int, size: int) -> list[Range]:
    """Return the bytes from `begin` to the end of the file that no tensor claims, in order."""
    claims = [Range(0, begin, "header")]
    claims += [Range(min(t.start, size), min(t.end, size), "") for t in tensors]
    return list(gaps(claims, size))


def hidden(source: Source, holes: Sequence[Range], budget: Budget) -> tuple[Range, ...]:
    """Return what holes hold besides zeros, each from its first such byte on.

    Raises:
        LimitError: Time is up.
    """
    found = []
    for hole in holes:
        first = first_filled(source, hole.start, hole.end, budget)
        if first < hole.end:
            found.append(Range(first, hole.end, hole.what))
    return tuple(found)


def hole_members(source: Source, holes: Sequence[Range]) -> Iterator[Member]:
    """Yield each hole as something nested, to be identified and read."""
    return (gap_member(source, hole.start, hole.end) for hole in holes)
