# SPDX-License-Identifier: Apache-2.0
"""Translation edit rate of a corpus, as sacreBLEU and Tercom compute it.

Source:
    Snover et al. 2006, AMTA 2006.amta-papers.25: words inserted, deleted, put for others, and runs
    of words moved, each one edit. The search is greedy; its bounds are Tercom's (runs of 10 words,
    moved by 50) and sacreBLEU's (1,000 moves tried, a band of 25 words around the diagonal).
"""

import math
from collections.abc import Iterator, Mapping, Sequence

import msgspec

_LONGEST_RUN = 10
_FARTHEST = 50
_MOST_TRIED = 1000
_BAND = 25
_FAR = 1 << 50
_KEEP, _PUT, _ADD, _DROP = range(4)
_Row = list[tuple[int, int]]
"""For each number of right words: edits so far, and the last of them."""


def corpus_ter(references: Sequence[Sequence[str]], answers: Sequence[str]) -> float:
    """Return the edits for each 100 words of the references, 0 best.

    Args:
        references: One or more right texts for each answer; the nearest counts, and the mean of
            their lengths.
        answers: What was written.
    """
    edits = 0
    length = 0.0
    for rights, answer in zip(references, answers, strict=True):
        written = _words(answer)
        wanted = [_words(right) for right in rights]
        edits += min(_edits(written, words) for words in wanted)
        length += sum(map(len, wanted)) / len(wanted)
    if length:
        return 100 * edits / length
    return 100.0 if edits else 0.0


def _words(text: str) -> list[str]:
    return text.rstrip().lower().split()


def _edits(written: list[str], wanted: list[str]) -> int:
    if not wanted:
        return len(written)
    distance = _Distance(wanted)
    moved = tried = 0
    while True:
        gain, after, tried = _best_move(written, wanted, distance, tried)
        if tried >= _MOST_TRIED or gain <= 0:
            return moved + distance.of(written)[-1][-1][0]
        moved += 1
        written = after


class _Distance:
    """Edit distances to one text, for texts of which many begin alike."""

    def __init__(self, wanted: list[str]) -> None:
        self._wanted = wanted
        self._first: _Row = [(count, _ADD) for count in range(len(wanted) + 1)]
        self._known: list[str] = []
        self._rows: list[_Row] = [self._first]

    def of(self, written: Sequence[str]) -> list[_Row]:
        """Return the whole table, a row for each number of written words."""
        same = 0
        if len(written) == len(self._known):
            pairs = zip(written, self._known, strict=True)
            same = next((at for at, (a, b) in enumerate(pairs) if a != b), len(written))
        rows = self._rows[: same + 1]
        ratio = len(self._wanted) / len(written) if written else 1.0
        band = math.ceil(ratio / 2 + _BAND) if ratio / 2 > _BAND else _BAND
        for at in range(same + 1, len(written) + 1):
            middle = math.floor(at * ratio)
            last = len(self._wanted) + 1
            end = last if at == len(written) else min(last, middle + band)
            rows.append(self._row(rows[-1], written[at - 1], max(0, middle - band), end))
        self._known, self._rows = list(written), rows
        return rows

    def _row(self, above: _Row, word: str, begin: int, end: int) -> _Row:
        row: _Row = [(_FAR, _KEEP)] * (len(self._wanted) + 1)
        for at in range(begin, end):
            if at == 0:
                row[0] = (above[0][0] + 1, _DROP)
                continue
            same = word == self._wanted[at - 1]
            best = (above[at - 1][0] + (not same), _KEEP if same else _PUT)
            if above[at][0] + 1 < best[0]:
                best = (above[at][0] + 1, _DROP)
            if row[at - 1][0] + 1 < best[0]:
                best = (row[at - 1][0] + 1, _ADD)
            if best[0] < row[at][0]:
                row[at] = best
        return row


class _Alignment(msgspec.Struct, frozen=True):
    """Where right words stand in what was written, and which words of either are wrong."""

    place: Mapping[int, int]
    wrong_written: Sequence[bool]
    wrong_wanted: Sequence[bool]


def _aligned(rows: list[_Row]) -> _Alignment:
    steps = []
    at, to = len(rows) - 1, len(rows[0]) - 1
    while at or to:
        step = rows[at][to][1]
        steps.append(step)
        at -= step != _ADD
        to -= step != _DROP
    place: dict[int, int] = {}
    written: list[bool] = []
    wanted: list[bool] = []
    for step in reversed(steps):
        if step != _ADD:
            written.append(step != _KEEP)
        if step != _DROP:
            place[len(wanted)] = len(written) - 1
            wanted.append(step != _KEEP)
    return _Alignment(place, written, wanted)


def _best_move(
    written: list[str], wanted: list[str], distance: _Distance, tried: int
) -> tuple[int, list[str], int]:
    """Return how many edits the best move saves, what it makes of the text, and moves tried.

    Of moves that save as much the longest counts, then the one from farthest left, then the one to
    farthest left.
    """
    rows = distance.of(written)
    before = rows[-1][-1][0]
    aligned = _aligned(rows)
    best: tuple[int, int, int, int, list[str]] | None = None
    for start, right, length in _runs(written, wanted):
        if not _worth_moving(aligned, start, right, length):
            continue
        for target in _targets(aligned, right, length):
            after = _moved(written, start, length, target)
            gain = before - distance.of(after)[-1][-1][0]
            move = (gain, length, -start, -target, after)
            tried += 1
            if best is None or move > best:
                best = move
        if tried >= _MOST_TRIED:
            break
    return (best[0], best[4], tried) if best else (0, written, tried)


def _runs(written: list[str], wanted: list[str]) -> Iterator[tuple[int, int, int]]:
    """Yield runs of words that both texts have: where in either, and how many words."""
    for start in range(len(written)):
        for right in range(max(0, start - _FARTHEST), min(len(wanted), start + _FARTHEST + 1)):
            longest = min(_LONGEST_RUN, len(written) - start, len(wanted) - right)
            for length in range(1, longest + 1):
                if written[start + length - 1] != wanted[right + length - 1]:
                    break
                yield start, right, length


def _worth_moving(aligned: _Alignment, start: int, right: int, length: int) -> bool:
    """Tell whether a run is wrong where it stands, and missing where it would go to."""
    return (
        any(aligned.wrong_written[start : start + length])
        and any(aligned.wrong_wanted[right : right + length])
        and not start <= aligned.place[right] < start + length
    )


def _targets(aligned: _Alignment, right: int, length: int) -> Iterator[int]:
    previous = -1
    for offset in range(-1, length):
        if right + offset == -1:
            target = 0
        elif right + offset in aligned.place:
            target = aligned.place[right + offset] + 1
        else:
            return
        if target != previous:
            previous = target
            yield target


def _moved(words: list[str], start: int, length: int, target: int) -> list[str]:
    run = words[start : start + length]
    rest = words[:start] + words[start + length :]
    if target > start + length:
        target -= length
    return rest[:target] + run + rest[target:]
