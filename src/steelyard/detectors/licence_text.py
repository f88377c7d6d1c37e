# SPDX-License-Identifier: Apache-2.0
"""Which licence text is this: exact, variant or unknown. A likeness never becomes a licence.

- **exact**: the words of one or more known texts, and nothing else but headings.
- **variant**: a known text with words added, missing or changed; its facts are unverified.
- **unknown**: anything else.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from steelyard.detectors.licence_prints import HOLE, Print, Prints, Record
from steelyard.detectors.licence_words import Words, words_of
from steelyard.detectors.word_diff import Block, align

State = Literal["exact", "variant", "unknown"]

_LIKE = 0.85  # share of words in common, of both texts, from which one is a variant of the other
_VOCABULARY_LIKE = 0.7  # share of a known text's different words that a candidate must hold
_CANDIDATES = 4
_MOST_HEADING = 40  # words
_AROUND = 12  # words before and behind a change that are looked at for terms

_HEADING = (
    "the a an of for and to in on by or is this under as v version license licence licensed licensing"
    " agreement terms conditions term text full model models software code file copy apply applies"
    " materials public international unported legal notice community open source use policy date"
    " release released last updated modified dated effective january february march april may june july"
    " august september october november december see original copy found can be at faq title slug"
)
_DECISIVE = (
    "academic active allowed annual any authorized charge commercial commercially compete competing"
    " competitive consent copyright countries country derivative derivatives distil distill distribute"
    " distribution domiciled eu european evaluation except exclude excluded excluding fee fees free"
    " generate grant granted grants greater improve infringement irrevocable kingdom korea liable"
    " licensee limit limited litigation military million modify monthly months must no non noncommercial"
    " nontransferable not only output outputs patent permission permit permitted personal perpetual"
    " production prohibit prohibited purpose purposes redistribute refrain require required research"
    " restrict restricted restriction restrictions revenue revocable royalty sell shall sublicense"
    " terminate territory train training transferable union unless use used users using weapons without"
)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A place where a text differs from a known one.

    Attributes:
        line: Where, from 1.
        added: The words that stand there instead, at most 12.
        more: How many more words stand there.
        missing: How many words of the known text are gone.
        decisive: Whether words that carry terms are among them, or close by.
    """

    line: int
    added: tuple[str, ...]
    more: int
    missing: int
    decisive: bool


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A known text, or something like it.

    Attributes:
        record: The known text.
        line: Where it begins, from 1.
    """

    record: Record
    line: int


class Recognition(msgspec.Struct, frozen=True, kw_only=True):
    """What a text was recognised as.

    Attributes:
        state: Exact, variant or unknown.
        matches: The texts in it; of a variant the one it is like, of an unknown one none.
        changes: Of a variant, where it differs.
        words: How many words it has.
    """

    state: State
    matches: tuple[Match, ...] = ()
    changes: tuple[Change, ...] = ()
    words: int = 0

    @property
    def licences(self) -> tuple[str, ...]:
        """Return the ids of the licences whose texts it holds or is like, sorted, policies apart."""
        found = {
            licence
            for match in self.matches
            if match.record.role == "licence"
            for licence in match.record.licences
        }
        return tuple(sorted(found))

    @property
    def decisive(self) -> bool:
        """Tell whether any change touches words that carry terms."""
        return any(change.decisive for change in self.changes)


class _Text:
    """A text under examination: its words, and their indices in the fingerprints."""

    def __init__(self, words: Words, prints: Prints) -> None:
        self.words = words.words
        self.indices = prints.indices(words.words)
        self.bytes = self.indices.tobytes()
        self._words = words
        self._lines: list[int] = []

    def line(self, word: int) -> int:
        """Return the line of a word; behind the last, that of the last."""
        if not self._lines:
            self._lines = list(self._words.lines())
        return self._lines[min(word, len(self._lines) - 1)]

    def change(
        self, start: int, stop: int, missing: Sequence[int], decisive: frozenset[int]
    ) -> Change:
        """Return the change whose own words stand from `start` to `stop`."""
        around = self.words[max(0, start - _AROUND) : stop + _AROUND]
        touched = not _DECISIVE_WORDS.isdisjoint(around) or not decisive.isdisjoint(missing)
        shown = self.words[start : min(stop, start + 12)]
        return Change(
            line=self.line(start),
            added=shown,
            more=stop - start - len(shown),
            missing=len(missing),
            decisive=touched,
        )


_HEADING_WORDS = frozenset(_HEADING.split())
_DECISIVE_WORDS = frozenset(_DECISIVE.split())


def recognise(text: str, prints: Prints) -> Recognition:
    """Return what a text is.

    Args:
        text: A file that should hold a licence.
        prints: Fingerprints of the known texts.
    """
    words = words_of(text)
    if not words.words:
        return Recognition(state="unknown")
    subject = _Text(words, prints)
    spans = _largest(_spans(subject, prints))
    if any(known.record.role != "part" for _, _, known in spans):
        return _verbatim(subject, spans, prints)
    return _alike(subject, prints)


Span = tuple[int, int, Print]


def _spans(subject: _Text, prints: Prints) -> Iterator[Span]:
    """Yield where known texts stand word for word."""
    for known in prints.texts:
        found = known.find(subject.bytes)
        while found is not None:
            yield (*found, known)
            found = known.find(subject.bytes, found[1])


def _largest(spans: Iterator[Span]) -> list[Span]:
    """Return the spans that lie in no other, in order; of equal ones the first known."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or span[1] > kept[-1][1]:
            kept.append(span)
    return kept


def _verbatim(subject: _Text, spans: list[Span], prints: Prints) -> Recognition:
    """Return what a text is that holds known ones word for word: exact, unless it says more."""
    matches = tuple(
        Match(record=known.record, line=subject.line(start))
        for start, _, known in spans
        if known.record.role != "part"
    )
    headings = {index for *_, known in spans for index in known.record.title}
    decisive = _decisive(prints)
    changes: list[Change] = []
    for start, stop in _between(spans, len(subject.words)):
        if not _is_heading(subject, start, stop, headings):
            changes.append(subject.change(start, stop, (), decisive))
    return Recognition(
        state="variant" if changes else "exact",
        matches=matches,
        changes=tuple(changes),
        words=len(subject.words),
    )


def _between(spans: list[Span], size: int) -> Iterator[tuple[int, int]]:
    end = 0
    for start, stop, _ in spans:
        if start > end:
            yield end, start
        end = max(end, stop)
    if end < size:
        yield end, size


def _is_heading(subject: _Text, start: int, stop: int, headings: set[int]) -> bool:
    return stop - start <= _MOST_HEADING and all(
        index in headings or word in _HEADING_WORDS or (word.isdigit() and len(word) <= 4)
        for index, word in zip(subject.indices[start:stop], subject.words[start:stop], strict=True)
    )


def _alike(subject: _Text, prints: Prints) -> Recognition:
    """Return what a text is that holds no known one: a variant of the one it is most like, or unknown."""
    best: tuple[float, Print, list[Block]] | None = None
    for known in _candidates(subject, prints):
        blocks = align(known.indices, subject.indices)
        if not blocks:
            continue
        common = sum(size for *_, size in blocks)
        window = blocks[-1][1] + blocks[-1][2] - blocks[0][1]
        like = 2 * common / (len(known.indices) + window)
        if best is None or like > best[0]:
            best = (like, known, blocks)
    if best is None or best[0] < _LIKE:
        return Recognition(state="unknown", words=len(subject.words))
    _, known, blocks = best
    decisive = _decisive(prints)
    titles = set(known.record.title)
    changes = tuple(
        subject.change(start, stop, [i for i in known.indices[a:b] if i != HOLE], decisive)
        for a, b, start, stop in _gaps(blocks, len(known.indices), len(subject.words))
        if b > a or not _is_heading(subject, start, stop, titles)
    )
    match = Match(record=known.record, line=subject.line(blocks[0][1]))
    return Recognition(state="variant", matches=(match,), changes=changes, words=len(subject.words))


def _candidates(subject: _Text, prints: Prints) -> list[Print]:
    """Return the known texts whose vocabulary is nearest to the text's."""
    distinct = frozenset(subject.indices)
    ranked: list[tuple[float, int, Print]] = []
    for order, known in enumerate(prints.texts):
        if known.record.role == "part":
            continue
        common = len(known.distinct & distinct)
        if common >= _VOCABULARY_LIKE * len(known.distinct):
            ranked.append((common / (len(known.distinct) + len(distinct)), -order, known))
    ranked.sort(key=lambda entry: entry[:2], reverse=True)
    return [known for *_, known in ranked[:_CANDIDATES]]


def _decisive(prints: Prints) -> frozenset[int]:
    return frozenset(prints.indices(sorted(_DECISIVE_WORDS))) - {0}


def _gaps(blocks: list[Block], known_size: int, size: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield the ranges between matching blocks, of the known text and of the other."""
    a = start = 0
    for known_at, at, length in [*blocks, (known_size, size, 0)]:
        if known_at > a or at > start:
            yield a, known_at, start, at
        a, start = known_at + length, at + length
