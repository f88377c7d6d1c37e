# SPDX-License-Identifier: Apache-2.0
"""Which licence text is this: exact, variant or unknown. A likeness never becomes a licence.

- **exact**: the words of one or more known texts, and nothing else but headings.
- **variant**: a known text with words added, missing or changed; its facts are unverified.
- **unknown**: anything else.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from steelyard.detectors.licence_prints import HOLE, Print, Prints, Record, Role
from steelyard.detectors.licence_shelf import BROUGHT, Shelf
from steelyard.detectors.licence_words import Words, words_of
from steelyard.detectors.word_diff import Block, align

State = Literal["exact", "variant", "unknown"]

_LIKE = 0.85  # share of words in common, of both texts, from which one is a variant of the other
_VOCABULARY_LIKE = 0.7  # share of a known text's different words that a candidate must hold
_CANDIDATES = 4
_MOST_HEADING = 40  # words
_SHOWN = 12  # words of a change
_CLAUSE = 8  # words in a row; as many may well be a term of its own
_AROUND = 12  # words before and behind a change that are looked at for terms

_HEADING = (
    "the a an of for and to in on by v version license licence"
    " agreement terms conditions text full model models software code file materials public"
    " international unported legal notice community open source policy date release released last"
    " updated modified dated effective january february march april june july august september october"
    " november december title slug"
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
        gone: The words of the known text that are gone, at most 12; `…` for one that is not at hand.
        missing: How many are gone.
        decisive: Whether words that carry terms are among them, or close by.
    """

    line: int
    added: tuple[str, ...]
    more: int
    gone: tuple[str, ...]
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
        matches: The texts in it; of a variant the one it is like. One that is unknown as a whole may
            hold known ones.
        changes: Of a variant, where it differs.
        words: How many words it has.
    """

    state: State
    matches: tuple[Match, ...] = ()
    changes: tuple[Change, ...] = ()
    words: int = 0

    @property
    def licences(self) -> tuple[str, ...]:
        """Return the ids of the licences it is, or is like, sorted, policies apart; of an unknown text none."""
        return () if self.state == "unknown" else _ids(self.matches, "licence")

    @property
    def limits(self) -> tuple[str, ...]:
        """Return the ids of the licences whose use limits it holds, or is like; of an unknown text none."""
        return () if self.state == "unknown" else _ids(self.matches, "policy")

    @property
    def decisive(self) -> bool:
        """Tell whether any change touches words that carry terms."""
        return any(change.decisive for change in self.changes)


def _ids(matches: Iterable[Match], role: Role) -> tuple[str, ...]:
    found = {id for match in matches if match.record.role == role for id in match.record.licences}
    return tuple(sorted(found))


class _Text:
    """A text under examination: its words, and their indices in the fingerprints."""

    def __init__(self, words: Words, prints: Prints, spoken: Iterable[str]) -> None:
        self.words = words.words
        self.indices = prints.indices(words.words)
        self.bytes = self.indices.tobytes()
        self.decisive = frozenset(prints.indices(sorted(_DECISIVE_WORDS))) - {0}
        self._spoken = (prints, spoken)
        self._spelled: dict[int, str] = {}
        self._words = words
        self._lines: list[int] = []

    def line(self, word: int) -> int:
        """Return the line of a word; behind the last, that of the last."""
        if not self._lines:
            self._lines = list(self._words.lines())
        return self._lines[min(word, len(self._lines) - 1)]

    def names(self, start: int, stop: int) -> bool:
        """Tell whether some words could be a name: none of them carries terms."""
        return _NEVER_IN_NAMES.isdisjoint(self.words[start:stop])

    def change(self, start: int, stop: int, missing: Sequence[int]) -> Change:
        """Return the change whose own words stand from `start` to `stop`."""
        around = self.words[max(0, start - _AROUND) : stop + _AROUND]
        touched = not _DECISIVE_WORDS.isdisjoint(around) or not self.decisive.isdisjoint(missing)
        shown = self.words[start : min(stop, start + _SHOWN)]
        return Change(
            line=self.line(start),
            added=shown,
            more=stop - start - len(shown),
            gone=tuple(self._spell(index) for index in missing[:_SHOWN]),
            missing=len(missing),
            decisive=touched or max(stop - start, len(missing)) >= _CLAUSE,
        )

    def _spell(self, index: int) -> str:
        """Return a word of a known text: one that stands in this text or in a text that was brought."""
        if not self._spelled:
            prints, spoken = self._spoken
            words = (*spoken, *_HEADING_WORDS, *_DECISIVE_WORDS, *self.words)
            self._spelled = dict(zip(prints.indices(words), words, strict=True))
        return self._spelled.get(index, "…") if index else "…"


_HEADING_WORDS = frozenset(_HEADING.split())
_DECISIVE_WORDS = frozenset(_DECISIVE.split())
_IN_NAMES = frozenset(
    ("academic", "copyright", "european", "free", "kingdom", "korea", "research", "union")
)
_NEVER_IN_NAMES = _DECISIVE_WORDS - _IN_NAMES


def recognise(text: str, prints: Prints, shelf: Shelf | None = None) -> Recognition:
    """Return what a text is.

    Args:
        text: A file that should hold a licence.
        prints: Fingerprints of the known texts.
        shelf: More texts, in full words, to compare with what is not exact and to show differences.
    """
    words = words_of(text)
    if not words.words:
        return Recognition(state="unknown")
    found = _recognised(_Text(words, prints, ()), prints)
    near = shelf.near(words.words) if shelf is not None and found.state != "exact" else ()
    if not near or shelf is None:
        return found
    more = prints.joined((BROUGHT, shelf.source), near)
    spoken = [word for known in near for word in known.words]
    return _recognised(_Text(words, more, spoken), more)


def _recognised(subject: _Text, prints: Prints) -> Recognition:
    spans = _largest(_spans(subject, prints))
    if any(known.record.role != "part" for _, _, known in spans):
        return _verbatim(subject, spans)
    return _alike(subject, prints)


Span = tuple[int, int, Print]


def _spans(subject: _Text, prints: Prints) -> Iterator[Span]:
    """Yield where known texts stand word for word."""
    for known in prints.texts:
        found = known.find(subject.bytes, 0, subject.names)
        while found is not None:
            yield (*found, known)
            found = known.find(subject.bytes, found[1], subject.names)


def _largest(spans: Iterator[Span]) -> list[Span]:
    """Return the spans that lie in no other, in order; of equal ones the first known."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or span[1] > kept[-1][1]:
            kept.append(span)
    return kept


def _verbatim(subject: _Text, spans: list[Span]) -> Recognition:
    """Return what a text is that holds known ones word for word.

    It is exact unless it says more; of one that says more than they do, nothing is known.
    """
    matches = tuple(
        Match(record=known.record, line=subject.line(start))
        for start, _, known in spans
        if known.record.role != "part"
    )
    headings = {index for *_, known in spans for index in known.record.title} - {0}
    foreign = [
        (start, stop)
        for start, stop in _between(spans, len(subject.words))
        if not _is_heading(subject, start, stop, headings)
    ]
    more = sum(stop - start for start, stop in foreign)
    if more > len(subject.words) - more:
        return Recognition(state="unknown", matches=matches, words=len(subject.words))
    return Recognition(
        state="variant" if foreign else "exact",
        matches=matches,
        changes=tuple(subject.change(start, stop, ()) for start, stop in foreign),
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
        index in headings or word in _HEADING_WORDS
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
    titles = set(known.record.title) - {0}
    changes = tuple(
        subject.change(start, stop, [i for i in known.indices[a:b] if i != HOLE])
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


def _gaps(blocks: list[Block], known_size: int, size: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield the ranges between matching blocks, of the known text and of the other."""
    a = start = 0
    for known_at, at, length in [*blocks, (known_size, size, 0)]:
        if known_at > a or at > start:
            yield a, known_at, start, at
        a, start = known_at + length, at + length
