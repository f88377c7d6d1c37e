# SPDX-License-Identifier: Apache-2.0
"""Lines of a page of text, laid out for a width; whoever shows them may colour a part of each."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

import msgspec

_WORD = re.compile(r"\s*\S+\s*")


class PageLine(msgspec.Struct, frozen=True):
    """A line.

    Attributes:
        text: Without a line break, and without spaces at its end.
        style: Of a part of it, in rich's words; it only repeats what the words say.
        start: Where that part begins, in characters.
        end: Where it ends.
    """

    text: str
    style: str = ""
    start: int = 0
    end: int = 0


def labelled(
    rows: Sequence[tuple[str, str]],
    width: int,
    *,
    indent: int = 0,
    styles: Mapping[str, str] | None = None,
) -> Iterator[PageLine]:
    """Yield a table of labels and texts, the texts below each other beside the labels.

    Args:
        rows: Each a label, which may be empty, and a text.
        width: In columns; at least 12 of them are left to the texts.
        indent: Spaces before each label.
        styles: How a label looks, by the label in lower case.
    """
    widest = max((len(label) for label, _ in rows), default=0)
    hang = indent + (widest + 2 if widest else 0)
    for label, text in rows:
        style = (styles or {}).get(label.lower(), "")
        lead = f"{'':{indent}}{label:{hang - indent}}"
        for line in wrapped(text, max(12, width - hang)):
            yield PageLine(f"{lead}{line}".rstrip(), style, indent, indent + len(label))
            lead, style = " " * hang, ""


def wrapped(text: str, width: int) -> Iterator[str]:
    """Yield the lines of a text; a word that is wider than a line is cut.

    Args:
        text: Without line breaks; spaces between words are kept within a line.
        width: In columns, at least 2.

    Example:
        >>> list(wrapped("as wide as  a column", 8))
        ['as wide', 'as  a', 'column']
    """
    line = ""
    for word in _WORD.findall(text):
        if columns(line) + columns(word.rstrip()) > width:
            if line.strip():
                yield line.rstrip()
                line = ""
            while columns(word.rstrip()) > width:
                end = _fitting(word, width)
                yield word[:end]
                word = word[end:]
        line += word
    if line.strip() or not text.strip():
        yield line.rstrip()


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes, never fewer than it does."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _fitting(text: str, width: int) -> int:
    """Return how many characters fit into a width."""
    room = width
    for index, char in enumerate(text):
        room -= _columns(char)
        if room < 0:
            return index
    return len(text)
