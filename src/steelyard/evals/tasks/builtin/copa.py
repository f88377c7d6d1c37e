# SPDX-License-Identifier: Apache-2.0
"""COPA and XCOPA: a premise and, after a connective, its cause or its effect.

Source: Roemmele et al. 2011, COPA; Ponti et al. 2020, XCOPA, EMNLP 2020.emnlp-main.185; the
connectives are those that lm-eval's tasks use.
"""

from collections.abc import Callable, Mapping
from typing import Any

_CONNECTIVES = {
    "en": ("because", "therefore"),
    "et": ("sest", "seetõttu"),
    "ht": ("poukisa", "donk sa"),
    "id": ("karena", "maka"),
    "it": ("perché", "quindi"),
    "qu": ("imataq", "chaymi"),
    "sw": ("kwa sababu", "kwa hiyo"),
    "ta": ("காரணமாக", "எனவே"),
    "th": ("เพราะ", "ดังนั้น"),
    "tr": ("çünkü", "bu yüzden"),
    "vi": ("bởi vì", "vì vậy"),
    "zh": ("因为", "所以"),
}
Row = Mapping[str, Any]


def _text(language: str) -> Callable[[Row], str]:
    cause, effect = _CONNECTIVES[language]

    def text(row: Row) -> str:
        word = {"cause": cause, "effect": effect}[row["question"]]
        return f"{row['premise'].strip()[:-1]} {word}"

    return text


text_en = _text("en")
text_et = _text("et")
text_ht = _text("ht")
text_id = _text("id")
text_it = _text("it")
text_qu = _text("qu")
text_sw = _text("sw")
text_ta = _text("ta")
text_th = _text("th")
text_tr = _text("tr")
text_vi = _text("vi")
text_zh = _text("zh")


def options(row: Row) -> list[str]:
    """Return the two alternatives, going on in the same sentence."""
    return [_lowered(row["choice1"]), _lowered(row["choice2"])]


def spaced_options(row: Row) -> list[str]:
    """Return the two alternatives with a space before each."""
    return [f" {option}" for option in options(row)]


def spaced_answer(row: Row) -> str:
    """Return the right alternative with a space before it."""
    return spaced_options(row)[0 if row["label"] == 0 else 1]


def _lowered(text: str) -> str:
    return text[0].lower() + text[1:]
