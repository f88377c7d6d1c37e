# SPDX-License-Identifier: Apache-2.0
"""A licence text as the words that carry its terms.

What two copies of one licence may differ in without differing in terms falls away: case, quotes, white
space, punctuation, markup, the numbers of lists, addresses, and the lines that say whose copyright it is.
A line that names a holder stays if it says anything that could be a term; so does the number of a section
that a sentence refers to. What hides words from a reader, such as a comment, counts as a word of its
own. What falls away is blanked out in place, so that a word still knows its line.
"""

import re
import unicodedata
from collections.abc import Iterator
from zlib import crc32

import msgspec

LONGEST_TEXT = 1 << 20  # characters; the longest licence in use has 150,000

# The patterns stay texts: they are compiled, once, when the first licence is met.
_QUOTES = "['`*_\x91\x92\u2019\u2018\u201b\u00b4\u02bc\u2032\u200b\u200c\u200d\u2060\ufeff\xad]"
_HIDDEN = " xhidden "  # no word of any licence
_BIDI = "[\u202a-\u202e\u2066-\u2069]"
_REVERSED = " xreversed "
_ORIGIN = (  # a note of where the copy was taken from, above it
    r"\A(?:\s*\[(?:(?:for|the|an?|copy|original|of|this|licen[cs]e|version|legal|text|faq|see|can|be|found"
    r"|at|from|source)[,:]?\s+){1,12}https?://[^\s\]]{1,300}\])+"
)
_ENTITY = r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[a-zA-Z]{2,8}\d{0,2});"
_TAG = (
    r"</?(?:a|b|i|u|p|br|em|hr|h[1-6]|li|ol|ul|td|th|tr|pre|sub|sup|div|span|font|code|body|head|html"
    r"|title|table|strong|center|blockquote)(?:\s[^<>\n]{0,200})?/?>"
)
_UNSEEN = r"hidden|display|visibility|opacity|font-size|color|clip|position"  # in a tag
_ADDRESS = (
    r"[a-z]{3,6}://[^\s<>\"”)\]]+"
    r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
    r"|(?<![\w.-])(?:www(?:\.[a-z0-9-]{1,63}){2,5}|(?:[a-z0-9-]{1,63}\.){2,5}(?:ai|com|org|net|io|dev|edu|gov)"
    r"|[a-z0-9-]{1,63}\.(?:ai|com|org|net|io|dev|edu|gov)(?=/))\b(?:/[^\s<>\"”)\]]*)?"
)
_HOLDER = (
    r"[^\w<(©]*(?:portions )?(?:copyright|©|\(c\))"
    r"(?=.*(?:\d{4}|\(c\)|©|[\[<{(]\W?\w{1,20}(?: \w{1,20}){0,4}\W?[\]>})]))"
    r"|[^\w]*all rights reserved\W*$"
)
_LONGEST_HOLDER = 300  # characters
_LONGEST_HEADING = 40  # characters; a line of a wrapped paragraph has more
_MOST_HEADING = 16  # words; a paragraph of no more, without a full stop, is a heading
_TERM = (
    r"\b(?:academi\w*|agree\w*|alone|allow\w*|are|barred|be|can|cannot|condition\w*|evaluation|everyone"
    r"|except\w*|exclu\w*|fees?|forbid\w*|grant\w*|hereby|internal|is|licen[cs]\w*|may|must|never|non\w*"
    r"|not?|only|paid|permi\w+|personal|private|prohibit\w*|purposes?|redistribut\w*"
    r"|research (?:only|use)|restrict\w*|royalt\w*|sale|sel[lf]\w*|shall|terms?|us(?:e|es|ed|age)|will"
    r"|without)\b|commercial"
)
_RESERVED = r"\ball rights? reserved\b"
_ROMAN = "(?=[ivx])x{0,3}(?:ix|iv|v?i{0,3})"
_REFERENCE = (
    r"(?:section|clause|paragraph|article|item)s?\s+[\d.]*\s*\([a-z\d]{1,4}\)"
    r"(?:\s*(?:,|and|or|to|through)?\s*\([a-z\d]{1,4}\))*|\d\([a-z\d]{1,4}\)"
)
_MARKER = (
    rf"(?m)\((?:[a-z]|([a-z])\1|{_ROMAN}|(\d{{1,2}}))\)"  # (a) (iv) (2)
    rf"|^[^\S\n]*(?:(\d{{1,2}}(?:\.\d{{1,2}})*[.)])|(?:[a-z]|{_ROMAN})[.)])(?=[\sa-z\"“])"  # 2. 1.1. a)
    r"|^[^\S\n]*(\d{1,2}(?:\.\d{1,2})+)(?=[^\S\n]+[a-z\"“])"  # 1.1 Scope
)
_ENDS = '.;:,)]"“”'  # what stands before the number of a list
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
    text = _plain(text[:LONGEST_TEXT])
    if "<" in text or "~~" in text:
        text = _without_markup(text)
    text = without_origin(text)
    text = re.sub(_LEADER, "", text)
    text = re.sub(_ADDRESS, " ", text)
    if "copyright" in text or "©" in text:
        text = re.sub(_RESERVED, " ", _without_holders(text))
    text = re.sub(_REFERENCE, lambda match: match[0].replace("(", "[ "), text)
    text = re.sub(_MARKER, _marker, text)
    return Words(text, tuple(re.findall(_WORD, text)))


def without_origin(text: str) -> str:
    """Return a text without the note above it that says nothing but where the copy was taken from."""
    return re.sub(_ORIGIN, lambda note: "\n" * note[0].count("\n"), text, flags=re.IGNORECASE)


def speaks_of_terms(text: str) -> bool:
    """Tell whether a text in lower case says anything that could be a term."""
    return re.search(_TERM, text) is not None


def headings(text: str) -> tuple[tuple[str, ...], str]:
    """Return the words of the headings a text begins with, and the rest."""
    blocks = re.split(r"(\n\s*\n)", text)
    title: list[str] = []
    while len(blocks) > 1:
        words = words_of(blocks[0]).words
        if len(words) > _MOST_HEADING or blocks[0].rstrip().endswith((".", ";", ",")):
            break
        title += words
        blocks = blocks[2:]
    return tuple(title), "".join(blocks)


def word_hash(word: str) -> int:
    """Return the 32-bit hash that stands for a word in a fingerprint."""
    return crc32(word.encode())


def _plain(text: str) -> str:
    """Return a text in lower case, with one character for what looks the same."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "&" in text:
        import html

        text = re.sub(_ENTITY, lambda match: html.unescape(match[0]), text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", re.sub(_BIDI, _REVERSED, text))
    return re.sub(_QUOTES, "", text.lower())


def _without_markup(text: str) -> str:
    """Blank the tags that a page is made of; what hides or strikes words becomes a word."""
    whole = text.strip()
    if whole.startswith("<!--") and whole.find("-->") == len(whole) - 3:
        text = text.replace("<!--", "", 1)
    text = text.replace("<!--", _HIDDEN).replace("~~", _HIDDEN)
    return re.sub(_TAG, lambda tag: _HIDDEN if re.search(_UNSEEN, tag[0]) else " ", text)


def _marker(match: re.Match[str]) -> str:
    """Return nothing for the number of a list, and a number that is said in a sentence as it stands."""
    in_brackets, with_point, bare = match[2], match[3], match[4]
    if not (in_brackets or with_point or bare):
        return " "
    before = match.string[max(0, match.start() - 200) : match.start()]
    said = before.rstrip()
    if not said or said[-1] in _ENDS or before.count("\n", len(said)) > 1:
        return " "
    if with_point:
        listed = _heads(said.rpartition("\n")[2]) or said.endswith((" or", " and"))
    else:
        ahead = match.string[match.start() : match.start() + 2 * _LONGEST_HEADING]
        line = ahead.partition("\n")[0].rstrip()
        listed = bool(bare) and _heads(line) and line[-1] not in _ENDS
    return " " if listed else match[0]


def _heads(line: str) -> bool:
    return len(line) <= _LONGEST_HEADING


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
    return not speaks_of_terms(line)
