# SPDX-License-Identifier: Apache-2.0
"""ROUGE of a text, as the package rouge-score 0.1.2 computes it with its defaults.

Words are runs of the letters a to z and of digits, in lower case and unstemmed: texts in other
scripts have none and score 0.

Source:
    Lin 2004, ROUGE, ACL W04-1013: sections 2 (n-grams) and 3.2 (longest common subsequences of
    sentences, their union), where like ROUGE 1.5.5 no word counts more often than it is there.
"""

import re
from collections import Counter
from collections.abc import Sequence

_WORD = re.compile(r"[a-z0-9]+")
_Words = Sequence[str]


def rouge_n(reference: str, answer: str, n: int) -> float:
    """Return the F1 of the n-grams of two texts, in [0, 1].

    Args:
        reference: The right text.
        answer: What was written.
        n: Words in a row that count as one, >= 1.

    Example:
        >>> rouge_n("the cat sat", "the cat ran", 1)
        0.6666666666666666
    """
    right, given = (_grams(_words(text), n) for text in (reference, answer))
    return _f1((right & given).total(), given.total(), right.total())


def rouge_l(reference: str, answer: str) -> float:
    """Return the F1 of the longest common subsequence of two texts' words, in [0, 1]."""
    right, given = _words(reference), _words(answer)
    common = _lengths(right, given)[-1][-1] if right and given else 0
    return _f1(common, len(given), len(right))


def rouge_lsum(reference: str, answer: str) -> float:
    """Return the F1 of two texts whose lines are sentences, in [0, 1].

    For each sentence of the reference the words count that lie on its longest common subsequence
    with any sentence of the answer.
    """
    rights = [_words(line) for line in reference.split("\n")]
    givens = [_words(line) for line in answer.split("\n")]
    there = Counter(word for line in rights for word in line)
    written = Counter(word for line in givens for word in line)
    hits: Counter[str] = Counter()
    for right in rights:
        places = {place for given in givens for place in _common(right, given)}
        hits.update(right[place] for place in places)
    return _f1((hits & there & written).total(), written.total(), there.total())


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _grams(words: _Words, n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[at : at + n]) for at in range(len(words) - n + 1))


def _lengths(right: _Words, given: _Words) -> list[list[int]]:
    """Return the lengths of the longest common subsequences of all beginnings of both."""
    table = [[0] * (len(given) + 1)]
    for word in right:
        above, row = table[-1], [0]
        for at, other in enumerate(given):
            row.append(above[at] + 1 if word == other else max(above[at + 1], row[at]))
        table.append(row)
    return table


def _common(right: _Words, given: _Words) -> list[int]:
    """Return the places in the reference of one longest common subsequence, the last first.

    Of several the one that ROUGE 1.5.5 finds, as the union over sentences depends on it.
    """
    table = _lengths(right, given)
    row, column = len(right), len(given)
    places = []
    while row and column:
        if right[row - 1] == given[column - 1]:
            row, column = row - 1, column - 1
            places.append(row)
        elif table[row][column - 1] > table[row - 1][column]:
            column -= 1
        else:
            row -= 1
    return places


def _f1(hits: int, given: int, right: int) -> float:
    if not hits:
        return 0.0
    precision, recall = hits / given, hits / right
    return 2 * precision * recall / (precision + recall)
