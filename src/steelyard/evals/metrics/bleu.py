# SPDX-License-Identifier: Apache-2.0
"""BLEU of a corpus, as sacreBLEU computes it with its defaults, or with another tokenizer.

Source:
    Papineni et al. 2002, ACL P02-1040; Post 2018, arXiv 1804.08771 (signature
    `nrefs:var|case:mixed|eff:no|tok:13a|smooth:exp`); NIST mteval-v13a and -v14 for tokens.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

_ORDERS = 4
_ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))
_SYMBOL = re.compile(r"([!-&(-+/:-@\[-`{-~])")
_MARK_AFTER = re.compile(r"([^0-9])([.,])")
_MARK_BEFORE = re.compile(r"([.,])([^0-9])")
_DASH = re.compile(r"([0-9])(-)")


def words_13a(text: str) -> list[str]:
    """Return the tokens of a text by the rules of mteval-v13a.

    Example:
        >>> words_13a("It cost $1,200.50, then.")
        ['It', 'cost', '$', '1,200.50', ',', 'then', '.']
    """
    text = text.rstrip().replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for entity, sign in _ENTITIES:
        text = text.replace(entity, sign)
    text = _SYMBOL.sub(r" \1 ", f" {text} ")
    text = _MARK_AFTER.sub(r"\1 \2 ", text)
    text = _MARK_BEFORE.sub(r" \1 \2", text)
    return _DASH.sub(r"\1 \2 ", text).split()


def words_international(text: str) -> list[str]:
    """Return the tokens of a text by the rules of mteval-v14: punctuation of all scripts apart.

    Example:
        >>> words_international("“Half” of 1,200.50 is £600.25!")
        ['“', 'Half', '”', 'of', '1,200.50', 'is', '£', '600.25!']
    """
    kinds = [unicodedata.category(sign)[0] for sign in text]
    text, kinds = _parted(text, kinds, lambda left, right: left != "N" and right == "P", "{} {} ")
    text, kinds = _parted(text, kinds, lambda left, right: left == "P" and right != "N", " {} {}")
    return "".join(
        f" {sign} " if kind == "S" else sign for sign, kind in zip(text, kinds, strict=True)
    ).split()


def _parted(
    text: str, kinds: Sequence[str], apart: Callable[[str, str], bool], shape: str
) -> tuple[str, list[str]]:
    """Return a text with white space put into its pairs of signs that are to stand apart."""
    parts: list[str] = []
    at = 0
    while at < len(text):
        if at + 1 < len(text) and apart(kinds[at], kinds[at + 1]):
            parts.append(shape.format(text[at], text[at + 1]))
            at += 2
        else:
            parts.append(text[at])
            at += 1
    made = "".join(parts)
    return made, [unicodedata.category(sign)[0] for sign in made]


def corpus_bleu(
    references: Sequence[Sequence[str]],
    answers: Sequence[str],
    *,
    words_of: Callable[[str], list[str]] = words_13a,
) -> float:
    """Return BLEU of some answers, in [0, 100].

    Args:
        references: One or more right texts for each answer.
        answers: What was written.
        words_of: The tokenizer.
    """
    matched = [0] * _ORDERS
    written = [0] * _ORDERS
    length = reference_length = 0
    for rights, answer in zip(references, answers, strict=True):
        words = words_of(answer)
        reference_words = [words_of(right) for right in rights]
        length += len(words)
        reference_length += min(
            (len(each) for each in reference_words),
            key=lambda size: (abs(size - len(words)), size),
        )
        for order in range(_ORDERS):
            counts = _grams(words, order + 1)
            best: Counter[tuple[str, ...]] = Counter()
            for each in reference_words:
                best |= _grams(each, order + 1)
            matched[order] += (counts & best).total()
            written[order] += counts.total()
    return _score(matched, written, length, reference_length)


def _grams(words: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(words[start:] for start in range(order)), strict=False))


def _score(matched: Sequence[int], written: Sequence[int], length: int, wanted: int) -> float:
    if not any(matched) or not all(written):
        return 0.0
    smooth = 1.0
    logs = 0.0
    for hits, total in zip(matched, written, strict=True):
        if not hits:
            smooth *= 2
        logs += math.log(100 * hits / total if hits else 100 / (smooth * total))
    brevity = 1.0 if length >= wanted else math.exp(1 - wanted / length)
    return brevity * math.exp(logs / _ORDERS)
