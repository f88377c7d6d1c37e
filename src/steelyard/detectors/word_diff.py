# SPDX-License-Identifier: Apache-2.0
"""What two sequences of words have in common, in order."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

_ANCHOR = 5  # words in a row that stand once in each sequence
_GAP = 120  # words between anchors that are compared one by one

Block = tuple[int, int, int]
"""Position in the one sequence, position in the other, length."""


Runs = dict[tuple[int, ...], int]
"""Where each run of words begins that stands once in a sequence."""


def align(known: Sequence[int], other: Sequence[int], runs: Runs | None = None) -> list[Block]:
    """Return the blocks that two sequences have in common, in order in both.

    Runs of words that stand once in each are the anchors; what lies between two anchors is compared
    word by word where it is short. The cost grows with the length, not with its square.

    Args:
        known: Numbers of words; 0 and 1 stand for no word of their own.
        other: The same.
        runs: Of the other; None to find them here.

    Source:
        Bram Cohen's patience diff, with runs of words in place of lines.
    """
    blocks: list[Block] = []
    for a, b in _anchors(runs_once(known), runs_once(other) if runs is None else runs):
        if blocks:
            at, where, size = blocks[-1]
            if a < at + size or b < where + size:
                continue
        low = blocks[-1] if blocks else (0, 0, 0)
        a, b = _back(known, other, a, b, (low[0] + low[2], low[1] + low[2]))
        size = _run(known, other, a, b)
        blocks.append((a, b, size))
    return _merged(_filled(known, other, blocks))


def _anchors(here: Runs, there: Runs) -> list[tuple[int, int]]:
    """Return the longest chain of runs that stand once in each sequence (patience diff)."""
    pairs = sorted((at, there[run]) for run, at in here.items() if run in there)
    tails: list[int] = []
    ends: list[int] = []
    before = [-1] * len(pairs)
    for number, (_, at) in enumerate(pairs):
        slot = bisect_left(tails, at)
        before[number] = ends[slot - 1] if slot else -1
        if slot == len(tails):
            tails.append(at)
            ends.append(number)
        else:
            tails[slot] = at
            ends[slot] = number
    chain: list[tuple[int, int]] = []
    number = ends[-1] if ends else -1
    while number >= 0:
        chain.append(pairs[number])
        number = before[number]
    return chain[::-1]


def runs_once(sequence: Sequence[int]) -> Runs:
    """Return where each run of words begins that stands once."""
    found: Runs = {}
    again: set[tuple[int, ...]] = set()
    runs = zip(*(sequence[offset:] for offset in range(_ANCHOR)), strict=False)
    for at, run in enumerate(runs):
        if found.setdefault(run, at) != at:
            again.add(run)
    for run in again:
        del found[run]
    return found


def _back(
    known: Sequence[int], other: Sequence[int], a: int, b: int, low: tuple[int, int]
) -> tuple[int, int]:
    while a > low[0] and b > low[1] and known[a - 1] == other[b - 1] != 0:
        a, b = a - 1, b - 1
    return a, b


def _run(known: Sequence[int], other: Sequence[int], a: int, b: int) -> int:
    size = 0
    limit = min(len(known) - a, len(other) - b)
    while size < limit and known[a + size] == other[b + size]:
        size += 1
    return size


def _filled(known: Sequence[int], other: Sequence[int], blocks: list[Block]) -> Iterator[Block]:
    """Yield the blocks, and those found word by word in the short gaps between them."""
    import difflib

    a = b = 0
    for at, where, size in [*blocks, (len(known), len(other), 0)]:
        if blocks and 0 < at - a <= _GAP and 0 < where - b <= _GAP:
            inner = difflib.SequenceMatcher(None, known[a:at], other[b:where], autojunk=False)
            for i, j, length in inner.get_matching_blocks():
                if length and known[a + i] > 1:
                    yield a + i, b + j, length
        if size:
            yield at, where, size
        a, b = at + size, where + size


def _merged(blocks: Iterator[Block]) -> list[Block]:
    merged: list[Block] = []
    for a, b, size in blocks:
        if merged and merged[-1][0] + merged[-1][2] == a and merged[-1][1] + merged[-1][2] == b:
            last = merged.pop()
            a, b, size = last[0], last[1], last[2] + size
        merged.append((a, b, size))
    return merged
