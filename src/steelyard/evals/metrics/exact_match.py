# SPDX-License-Identifier: Apache-2.0
"""Whether an answer is the right one, letter for letter, but for what is to be ignored.

Semantics: `exact_match` of lm-eval 0.4.13: texts matching `regexes_to_ignore` go first, then case,
then ASCII punctuation, then ASCII digits.
"""

import string
from collections.abc import Sequence

from steelyard.evals.patterns import Matcher

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_DIGITS = str.maketrans("", "", string.digits)


def exact_match(
    reference: str,
    answer: str,
    *,
    regexes_to_ignore: Sequence[str] = (),
    ignore_case: bool = False,
    ignore_punctuation: bool = False,
    ignore_numbers: bool = False,
    matcher: Matcher | None = None,
) -> float:
    """Return 1.0 where an answer is the reference, else 0.0.

    Args:
        reference: The right answer.
        answer: What was answered.
        regexes_to_ignore: What matches one of these is taken out of both.
        ignore_case: Compare lower case.
        ignore_punctuation: Compare without ASCII punctuation.
        ignore_numbers: Compare without ASCII digits.
        matcher: Bounds the time of all patterns together; None bounds each call for itself.

    Raises:
        MalformedError: A pattern is wrong, or takes too long.

    Example:
        >>> exact_match("$1,200", "1200.", regexes_to_ignore=[",", "[$]"], ignore_punctuation=True)
        1.0
    """
    pair = [reference, answer]
    matcher = matcher or Matcher()
    for pattern in regexes_to_ignore:
        pair = [matcher.sub(pattern, "", text) for text in pair]
    if ignore_case:
        pair = [text.lower() for text in pair]
    if ignore_punctuation:
        pair = [text.translate(_PUNCTUATION) for text in pair]
    if ignore_numbers:
        pair = [text.translate(_DIGITS) for text in pair]
    # numpy, which lm-eval compares with, ignores NUL at the end of a text.
    return float(pair[0].rstrip("\0") == pair[1].rstrip("\0"))
