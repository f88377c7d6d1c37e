# SPDX-License-Identifier: Apache-2.0
"""Fingerprints of licence texts: the numbers of their words, in order, and no text.

A fingerprint file is JSON: a record of each text (what it is, where it was taken from, when), a
vocabulary of word hashes, and all texts as indices into it, two bytes a word, compressed.
"""

import base64
import lzma
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from steelyard.detectors.licence_words import word_hash

HOLE = 1
"""Stands for a few words of the copier's own, such as the holder's name."""

_FIRST_WORD = 2
_LONGEST_HOLE = 16  # words
_MOST_WORDS = 1 << 16  # different ones; an index has 16 bits

Role = Literal["licence", "policy", "part"]
"""A licence | a use policy that a licence takes in | words around a licence that add no terms."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where texts were taken from.

    Attributes:
        name: Package with its version, or repository with its commit.
        date: Of that version, YYYY-MM-DD.
        licence: Of the collection, where it has one of its own.
    """

    name: str
    date: str
    licence: str = ""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One text.

    Attributes:
        licences: Ids of the licences whose text it is, or belongs to.
        role: What it is.
        source: Key of its source.
        path: Where in the source.
        digest: SHA-256 of the text as it was read.
        words: How many words it has, holes included.
        title: Indices of the words of headings that copies may lack.
    """

    licences: tuple[str, ...]
    role: Role
    source: str
    path: str
    digest: str
    words: int
    title: tuple[int, ...] = ()


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A fingerprint file.

    Attributes:
        schema: `steelyard.licence-prints/1`.
        sources: Where texts were taken from, by key.
        records: The texts.
        vocabulary: Hashes of all words, 32 bits each, little endian, base64.
        texts: The words of all texts as indices, 16 bits each, little endian, LZMA, base64.
    """

    schema: Literal["steelyard.licence-prints/1"]
    sources: dict[str, Source]
    records: tuple[Record, ...]
    vocabulary: str
    texts: str


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A text in full words.

    Attributes:
        record: What it is.
        words: Its words.
        title: The words of headings that copies may lack.
    """

    record: Record
    words: tuple[str, ...]
    title: tuple[str, ...] = ()


def _any(start: int, stop: int) -> bool:
    return stop >= start


class Print:
    """The fingerprint of one text.

    Args:
        record: What it is.
        indices: Its words.
    """

    def __init__(self, record: Record, indices: "array[int]") -> None:
        self.record = record
        self.indices = indices
        self.distinct = frozenset(indices)
        self._segments = _segments(indices)

    def find(
        self, haystack: bytes, start: int = 0, names: Callable[[int, int], bool] = _any
    ) -> tuple[int, int] | None:
        """Return where the text stands word for word, as the indices of its first word and behind it.

        Args:
            haystack: Indices of another text's words, as bytes.
            start: From which word.
            names: Tells whether the words between two indices, which stand in a hole, may be a name.
        """
        if not self.indices:
            return None
        first = self._segments[0]
        at = _find(haystack, first, start)
        while at is not None:
            end = self._rest(haystack, at + len(first) // 2, names)
            if end is not None:
                return at, end
            at = _find(haystack, first, at + 1)
        return None

    def _rest(self, haystack: bytes, end: int, names: Callable[[int, int], bool]) -> int | None:
        for segment in self._segments[1:]:
            at = _find(haystack, segment, end, end + _LONGEST_HOLE + len(segment) // 2)
            if at is None or not names(end, at):
                return None
            end = at + len(segment) // 2
        return end


class Prints:
    """All fingerprints.

    Args:
        sources: Where their texts were taken from, by key.
        index: The index of each word, by its hash.
        texts: The fingerprints.
    """

    def __init__(
        self, sources: Mapping[str, Source], index: Mapping[int, int], texts: Sequence[Print]
    ) -> None:
        self.sources = sources
        self.texts = texts
        self._index = index

    @classmethod
    def read(cls, data: bytes) -> "Prints":
        """Return the fingerprints of a file.

        Raises:
            msgspec.ValidationError: It is none.
        """
        document = msgspec.json.decode(data, type=Document)
        hashes = _unpacked("I", base64.b64decode(document.vocabulary))
        index = dict(zip(hashes, range(_FIRST_WORD, _FIRST_WORD + len(hashes)), strict=True))
        indices = _unpacked("H", lzma.decompress(base64.b64decode(document.texts)))
        texts: list[Print] = []
        offset = 0
        for record in document.records:
            texts.append(Print(record, indices[offset : offset + record.words]))
            offset += record.words
        return cls(document.sources, index, texts)

    def joined(self, source: tuple[str, Source], texts: Sequence[Known]) -> "Prints":
        """Return these fingerprints and, behind them, those of more texts.

        Args:
            source: Where the texts come from, and its key.
            texts: In full words; those whose words would be too many are left out.
        """
        index = dict(self._index)
        added: list[Print] = []
        for known in texts:
            new = {word_hash(word) for word in (*known.words, *known.title)} - index.keys()
            if _FIRST_WORD + len(index) + len(new) > _MOST_WORDS:
                continue
            index.update(
                zip(sorted(new), range(_FIRST_WORD + len(index), _MOST_WORDS), strict=False)
            )
            more = Prints({}, index, ())
            record = msgspec.structs.replace(known.record, title=tuple(more.indices(known.title)))
            added.append(Print(record, more.indices(known.words)))
        key, where = source
        return Prints({**self.sources, key: where}, index, (*self.texts, *added))

    def indices(self, words: Iterable[str]) -> "array[int]":
        """Return the index of each word; 0 for one that no known text has."""
        index = self._index
        return array("H", [index.get(word_hash(word), 0) for word in words])


def _unpacked(code: str, data: bytes) -> "array[int]":
    values = array(code, data)
    if values.itemsize * len(values) == len(data) and _BIG_ENDIAN:
        values.byteswap()
    return values


_BIG_ENDIAN = array("H", b"\x01\x00")[0] != 1


def _segments(indices: "array[int]") -> list[bytes]:
    found, start = [], 0
    for position, index in enumerate(indices):
        if index == HOLE:
            found.append(indices[start:position].tobytes())
            start = position + 1
    return [*found, indices[start:].tobytes()]


def _find(haystack: bytes, needle: bytes, start: int, stop: int | None = None) -> int | None:
    """Return the word at which some words stand, between the words `start` and `stop`."""
    end = len(haystack) if stop is None else stop * 2
    at = haystack.find(needle, start * 2, end)
    while at >= 0 and at % 2:
        at = haystack.find(needle, at + 1, end)
    return at // 2 if at >= 0 else None
