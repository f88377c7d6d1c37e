# SPDX-License-Identifier: Apache-2.0
"""A licence text as the words that carry its terms.

What two copies of one licence may differ in without differing in terms falls away: case, quotes, white
space, markup, list markers, addresses, and the lines that say whose copyright it is. A line that names
a holder stays if it says anything that could be a term. What falls away is blanked out in place, so
that a word still knows its line.
"""

import re
from collections.abc import Iterator
from zlib import crc32

import msgspec

LONGEST_TEXT = 1 << 20  # characters; the longest licence in use has 150,000

# The patterns stay texts: they are compiled, once, when the first licence is met.
_QUOTES = str.maketrans(
    dict.fromkeys("'`*_\u2019\u2018\u201b\u00b4\u02bc\u2032\u200b\u2060\ufeff\xad")
)
_ENTITIES = {"&quot;": " ", "&#39;": "", "&apos;": "", "&nbsp;": " ", "&lt;": "<", "&gt;": ">"}
_TAG = (
    r"</?(?:a|b|i|u|p|br|em|hr|h[1-6]|li|ol|ul|td|th|tr|pre|sub|sup|div|span|font|code|body|head|html"
    r"|title|table|strong|center|blockquote)(?:\s[^<>\n]{0,200})?/?>"
)
_ADDRESS = (
    r"[a-z]{3,6}://[^\s<>\"”)\]]+"
    r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
    r"|(?<![\w.-])[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,4}\.(?:ai|com|org|net|io|dev|edu|gov)\b"
    r"(?:/[^\s<>\"”)\]]*)?"
)
_HOLDER = (
    r"[^\w<(©]*(?:portions )?(?:copyright|©|\(c\))"
    r"(?=.*(?:\d{4}|\(c\)|©|[\[<{(]\W?\w{1,20}(?: \w{1,20}){0,4}\W?[\]>})]))"
    r"|[^\w]*all rights reserved\W*$"
)
_LONGEST_HOLDER = 300  # characters
_LONGEST_HEADING = 40  # characters; a line of a wrapped paragraph has more
_TERM = (
    r"\b(?:agree\w*|commercial\w*|condition\w*|everyone|except\w*|grant\w*|hereby|licen[cs]\w*|may|must"
    r"|not?|non|only|permi\w+|prohibit\w*|purposes?|redistribut\w*|research (?:only|use)|restrict\w*"
    r"|shall|terms?|us(?:e|es|ed|age)|without)\b"
)
_RESERVED = r"\ball rights? reserved\b"
_MARKER = (
    r"(?m)\((?:[a-z]{1,2}|[ivxlc]{1,5}|\d{1,2})\)"  # (a) (iv) (2), wherever they stand
    r"|^[^\S\n]*(?:\d{1,2}(?:\.\d{1,2})*[.)]|(?:[a-z]|[ivx]{1,5})[.)])(?=[\sa-z\"“])"  # 2. 1.1. a)
    r"|(?:\A|(?<=\n\n)|(?<=[.;:]\n))[^\S\n]*\d{1,2}(?:\.\d{1,2})+(?=[^\S\n]+[a-z\"“])"  # 1.1 Scope
)
_LEADER = r"(?m)^[^\S\n]*(?:[#>•·-]+|//+|;+|/\*+)[^\S\n]*"
_WORD = "[^\\W_\u2e80-\u9fff\uac00-\ud7af]+|[\u2e80-\u9fff\uac00-\ud7af]"


class Words(msgspec.Struct, frozen=True):
    """The words of a text.

    Attributes:
        text: The text in lower case, with what carries no terms blanked out.
        words: Its words, in order.
    """

    text: str
    words: tuple[str, ...]

    def lines(self) -> Iterator[int]:
        """Yield the line of each word, from 1."""
        line, seen = 1, 0
        for match in re.finditer(_WORD, self.text):
            line += self.text.count("\n", seen, match.start())
            seen = match.start()
            yield line


def words_of(text: str) -> Words:
    r"""Return the words of a text that carry its terms.

    Args:
        text: At most `LONGEST_TEXT` characters of it are looked at.

    Example:
        >>> words_of("## 2. Grant\n(a) You **may** use the Model.").words
        ('grant', 'you', 'may', 'use', 'the', 'model')
    """
    text = text[:LONGEST_TEXT].replace("\r\n", "\n").replace("\r", "\n").lower()
    text = text.translate(_QUOTES)
    if "&" in text:
        for entity, char in _ENTITIES.items():
            text = text.replace(entity, char)
    if "<" in text:
        text = re.sub(_TAG, " ", text)
    text = re.sub(_LEADER, "", text)
    text = re.sub(_ADDRESS, " ", text)
    if "copyright" in text or "©" in text:
        text = re.sub(_RESERVED, " ", _without_holders(text))
    text = re.sub(_MARKER, " ", text)
    return Words(text, tuple(re.findall(_WORD, text)))


def word_hash(word: str) -> int:
    """Return the 32-bit hash that stands for a word in a fingerprint."""
    return crc32(word.encode())


def _without_holders(text: str) -> str:
    """Blank the lines that do nothing but name a holder, at the head of a paragraph or below a title.

    A line inside a paragraph stays: in another copy it may be wrapped elsewhere.
    """
    lines = text.split("\n")
    head = True
    for index, line in enumerate(lines):
        if not line.strip():
            head = True
        elif head and _names_a_holder(line):
            lines[index] = ""
        else:
            head = head and len(line) <= _LONGEST_HEADING
    return "\n".join(lines)


def _names_a_holder(line: str) -> bool:
    """Tell whether a line says whose the copyright is and nothing that could be a term."""
    if len(line) > _LONGEST_HOLDER or not re.match(_HOLDER, line):
        return False
    return not re.search(_TERM, line)
