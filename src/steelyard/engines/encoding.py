# SPDX-License-Identifier: Apache-2.0
"""Encoding texts that begin like the one before, without encoding their beginnings again."""

import functools
from collections.abc import Callable

from steelyard.core.engine import Tokens

Encode = Callable[[str, bool], Tokens]
"""A text, and whether special tokens come around it, to tokens."""

_SHORT = 64  # characters of a text that is remembered whole: options come again with each question
_MANY = 4096  # of them are


class Remembering:
    r"""Encodes as a tokenizer does, for tokenizers that split a text by a pattern before all else.

    Byte-level tokenizers first split a text by a regular expression, and join bytes to tokens only
    within a piece. In all patterns in use a piece that holds a letter or a digit ends before a line
    feed, whatever follows, and none holds a line feed and a letter behind it. So from a line feed
    behind a letter or digit on, and from a letter behind a line feed on, a text may be encoded by
    itself. That the last text was split there is looked up in its tokens.

    Args:
        encode: The tokenizer. It must split by a pattern, add nothing at the end of a text, and
            know no token of its own with a line feed in it.

    Source:
        The patterns of GPT-2, cl100k, o200k, Llama 3, Qwen 2 and DeepSeek: `\p{L}+` and `\p{N}+` or
        `\p{N}{1,3}` never cross `\n`, and no alternative before them looks further ahead.
    """

    def __init__(self, encode: Encode) -> None:
        self._encode_long = encode
        self._encode_short = functools.lru_cache(maxsize=_MANY)(encode)
        self._last: tuple[str, bool, Tokens] = ("", False, ())
        self._splits: dict[int, int] = {}  # of the last text: tokens before a character

    def encode(self, text: str, special: bool) -> Tokens:
        """Return the tokens of a text."""
        before, was_special, tokens = self._last
        at = _split(before, text) if special == was_special else 0
        known = max((place for place in self._splits if place <= at), default=0)
        if known and at - known <= len(before) - at:  # shorter to encode than to look up a new one
            at = known
        kept = self._kept(before, tokens, at) if at else None
        if kept is None:
            tokens = self._encode(text, special)
            self._splits = {}
        else:
            self._splits = {place: n for place, n in self._splits.items() if place < at}
            self._splits[at] = len(kept)
            tokens = kept + self._encode(text[at:], False)
        self._last = (text, special, tokens)
        return tokens

    def _encode(self, text: str, special: bool) -> Tokens:
        encode = self._encode_short if len(text) <= _SHORT else self._encode_long
        return encode(text, special)

    def _kept(self, before: str, tokens: Tokens, at: int) -> Tokens | None:
        """Return the tokens of the last text up to there; None where it was not split there."""
        if at in self._splits:
            return tokens[: self._splits[at]]
        end = self._encode(before[at:], False)
        if not end or tokens[-len(end) :] != end:
            return None
        return tokens[: -len(end)]


def _split(one: str, other: str) -> int:
    """Return where the last piece ends that two texts share for certain; 0 where none does."""
    at = _common(one, other)
    while (line := one.rfind("\n", 0, at)) > 0:
        if line + 1 < at and one[line + 1].isascii() and one[line + 1].isalpha():
            return line + 1
        if one[line - 1].isascii() and one[line - 1].isalnum():
            return line
        at = line
    return 0


def _common(one: str, other: str) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
