# SPDX-License-Identifier: Apache-2.0
"""Filters that look for the answer in what was written."""

import re
import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from steelyard.evals.patterns import Matcher

_DEFAULT = r"#### (\-?[0-9\.\,]+)"
_TAGGED = re.compile(r"\('([^']*)', '([^']*)'\)")
Answers = Sequence[Any]
Filter = Callable[[Answers, Mapping[str, Any]], Any]


def regex(
    regex_pattern: str = _DEFAULT, group_select: int = 0, fallback: str = "[invalid]"
) -> Filter:
    """Return a filter for what matches a pattern.

    Args:
        regex_pattern: The pattern; with several groups the first that is not empty counts.
        group_select: Which of all matches: 0 the first, -1 the last.
        fallback: What stands for an answer without a match.
    """
    matcher = Matcher()
    matcher.check(regex_pattern)

    def found(text: str) -> str:
        match = _selected(matcher.findall(regex_pattern, text), group_select)
        return fallback if match is None else match

    return lambda answers, row: [found(_text(answer)) for answer in answers]


def multi_choice_regex(
    regex_pattern: str = _DEFAULT,
    group_select: int = 0,
    fallback: str = "[invalid]",
    *,
    ignore_case: bool = False,
    ignore_punctuation: bool = False,
    regexes_to_ignore: Sequence[str] = (),
) -> Filter:
    """Return a filter for the letter of the option that an answer names.

    It is what matches the pattern; else the letter `(A)` of the option whose text stands in the
    answer; else a letter after a colon.

    Args:
        regex_pattern: The pattern.
        group_select: Which of all matches.
        fallback: What stands for an answer that names none.
        ignore_case: Look for the options' texts in lower case.
        ignore_punctuation: Look for them without punctuation.
        regexes_to_ignore: Look for them without what matches one of these.
    """
    matcher = Matcher()
    ignored = tuple(regexes_to_ignore or ())
    for pattern in (regex_pattern, *ignored):
        matcher.check(pattern)

    def bare(text: str) -> str:
        for each in ignored:
            text = matcher.sub(each, "", text)
        text = text.lower() if ignore_case else text
        return text.translate(_punctuation()) if ignore_punctuation else text

    def apply(answers: Answers, row: Mapping[str, Any]) -> list[str]:
        options = [bare(str(option).strip()) for option in row["choices"]]
        letters = {option: f"({chr(65 + place)})" for place, option in enumerate(options)}
        texts = re.compile("|".join(sorted(map(re.escape, options), key=len, reverse=True)))
        single = "|".join(re.escape(chr(65 + place)) for place in range(len(options)))
        letter = re.compile(rf":[\s]*({single})")

        def named(text: str) -> str:
            match = _selected(matcher.findall(regex_pattern, text), group_select)
            if match:
                return match
            match = _selected(texts.findall(bare(text)), group_select)
            if match:
                return letters.get(match, match)
            match = _selected(letter.findall(text), group_select)
            return f"({match})" if match else fallback

        return [named(_text(answer)) for answer in answers]

    return apply


def regex_pos(
    regex_pattern: str = "", group_select: int = 0, fallback: Sequence[str] | None = None
) -> Filter:
    """Return a filter for the tags of pairs `('word', 'TAG')`; pattern and group have no effect."""
    del regex_pattern, group_select
    none = ["invalid"] if fallback is None else list(fallback)
    return lambda answers, row: [
        [tag for _, tag in _TAGGED.findall(_text(answer))] or none for answer in answers
    ]


def _selected(matches: Sequence[Any], which: int) -> str | None:
    """Return the chosen match, stripped; None where there is none, or all its groups are empty."""
    if not matches or not -len(matches) <= which < len(matches):
        return None
    match = matches[which]
    if isinstance(match, tuple):
        match = next((group for group in match if group), None)
    return None if match is None else str(match).strip()


def _text(answer: object) -> str:
    return answer if isinstance(answer, str) else ""


@cache
def _punctuation() -> dict[int, None]:
    signs = (at for at in range(sys.maxunicode) if unicodedata.category(chr(at))[0] == "P")
    return dict.fromkeys(signs)
