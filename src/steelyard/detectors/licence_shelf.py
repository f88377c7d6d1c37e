# SPDX-License-Identifier: Apache-2.0
"""Licence texts in full words that somebody brought: which of them come near a text."""

import hashlib
from collections.abc import Sequence

from steelyard.core.texts import LicenceText, LicenceTexts
from steelyard.detectors.licence_prints import Known, Record, Source
from steelyard.detectors.licence_words import headings, without_origin, words_of

BROUGHT = "brought"
"""Key of the source of all texts that somebody brought."""

_MOST = 4  # texts that are compared word by word
_SIGNS = 48  # words of a text that are looked for in all others: the longest
_FEW = 8  # of these that are looked for first
_SHARE = 0.5  # of them that a text must hold to come near


class Shelf:
    """Texts to compare with.

    Args:
        brought: The texts.
    """

    def __init__(self, brought: LicenceTexts) -> None:
        self.source = Source(name=brought.origin, date="")
        self._texts = brought.texts
        self._lower = [text.text.lower() for text in brought.texts]

    def near(self, words: Sequence[str]) -> list[Known]:
        """Return the texts that share most of the rarer words, the nearest first.

        Args:
            words: Of the text under examination.
        """
        signs = sorted(set(words), key=lambda word: (-len(word), word))[:_SIGNS]
        ranked = []
        for order, text in enumerate(self._lower):
            if sum(sign in text for sign in signs[:_FEW]) < _SHARE * min(_FEW, len(signs)):
                continue
            held = sum(sign in text for sign in signs)
            if held >= _SHARE * len(signs):
                ranked.append((-held, abs(len(text) - 6 * len(words)), order))
        return [_known(self._texts[order]) for *_, order in sorted(ranked)[:_MOST]]


def _known(brought: LicenceText) -> Known:
    title, body = headings(without_origin(brought.text))
    words = words_of(body).words
    record = Record(
        licences=(brought.id,),
        role="licence",
        source=BROUGHT,
        path=brought.path,
        digest="sha256:" + hashlib.sha256(brought.text.encode()).hexdigest(),
        words=len(words),
    )
    return Known(record=record, words=words, title=(*title, *words_of(brought.id).words))
