# SPDX-License-Identifier: Apache-2.0
"""chrF and chrF++ of a corpus, as sacreBLEU computes them with its defaults.

Source:
    Popović 2015, ACL W15-3049 (chrF), 2017, W17-4770 (chrF++); characters up to 6 without white
    space, beta 2, averages over the orders that both texts have.
"""

import string
from collections import Counter
from collections.abc import Iterator, Sequence

_CHARACTERS = 6
_WEIGHT = 4  # beta squared
_SIGNS = frozenset(string.punctuation)
_Counts = list[tuple[int, int, int]]


def corpus_chrf(
    references: Sequence[Sequence[str]], answers: Sequence[str], *, words: int = 0
) -> float:
    """Return chrF of some answers, in [0, 100].

    Args:
        references: One or more right texts for each answer; the best counts.
        answers: What was written.
        words: Longest run of words that counts; 2 for chrF++.
    """
    total: _Counts = [(0, 0, 0)] * (_CHARACTERS + words)
    for rights, answer in zip(references, answers, strict=True):
        grams = list(_grams(answer, words))
        best = max((_counts(grams, list(_grams(right, words))) for right in rights), key=_f)
        total = [(a + x, b + y, c + z) for (a, b, c), (x, y, z) in zip(total, best, strict=True)]
    return _f(total)


def _grams(text: str, words: int) -> Iterator[Counter[str]]:
    letters = "".join(text.split())
    for order in range(1, _CHARACTERS + 1):
        yield Counter(letters[at : at + order] for at in range(len(letters) - order + 1))
    split = list(_words(text)) if words else []
    for order in range(1, words + 1):
        yield Counter(" ".join(split[at : at + order]) for at in range(len(split) - order + 1))


def _words(text: str) -> Iterator[str]:
    """Yield words, a sign at the end, or else at the beginning, being one of its own."""
    for word in text.split():
        if len(word) > 1 and word[-1] in _SIGNS:
            yield from (word[:-1], word[-1])
        elif len(word) > 1 and word[0] in _SIGNS:
            yield from (word[0], word[1:])
        else:
            yield word


def _counts(answer: Sequence[Counter[str]], right: Sequence[Counter[str]]) -> _Counts:
    """Return, for each order, how many grams were written, are right, and are both."""
    return [
        (mine.total() if theirs else 0, theirs.total(), (mine & theirs).total())
        for mine, theirs in zip(answer, right, strict=True)
    ]


def _f(counts: _Counts) -> float:
    both = [(hits / mine, hits / theirs) for mine, theirs, hits in counts if mine and theirs]
    if not both:
        return 0.0
    precision = sum(each for each, _ in both) / len(both)
    recall = sum(each for _, each in both) / len(both)
    if not precision + recall:
        return 0.0
    return 100 * (1 + _WEIGHT) * precision * recall / (_WEIGHT * precision + recall)
