# SPDX-License-Identifier: Apache-2.0
"""What a dossier says of licence and descent."""

from collections.abc import Iterator, Mapping

import msgspec

from steelyard.core.claim import Fact
from steelyard.core.dossier import Dossier
from steelyard.report.summary.groups import claims
from steelyard.report.summary.text import shown, written

_ANSWERS = {
    "yes": "yes",
    "no": "no",
    "if": "under conditions",
    "unknown": "not known",
    "silent": "the text does not say",
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is said.

    Attributes:
        name: What of, for people.
        text: What is said, one line.
        where: Place in the subject; empty for the whole.
        answer: `yes`, `no`, `if`, `unknown` or `silent` where it answers a question; else empty.
    """

    name: str
    text: str
    where: str
    answer: str = ""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of licence and descent.

    Attributes:
        declared: The licences that the subject declares.
        answers: What their texts say to questions of use.
        others: Whatever else is said.
    """

    declared: tuple[Line, ...]
    answers: tuple[Line, ...]
    others: tuple[Line, ...]

    @property
    def empty(self) -> bool:
        """Tell whether nothing is said at all."""
        return not (self.declared or self.answers or self.others)


def terms(dossier: Dossier) -> Terms:
    """Return what a dossier says of licence and descent; odd shapes are shown as they are."""
    lines = list(_lines(dossier))
    declared = [line for name, line in lines if name == "licence.declared"]
    rest = [line for name, line in lines if name != "licence.declared"]
    return Terms(
        declared=tuple(declared),
        answers=tuple(line for line in rest if line.answer),
        others=tuple(line for line in rest if not line.answer),
    )


def is_known(fact: Fact) -> bool:
    """Tell whether a fact is one of licence or descent."""
    return fact.name.startswith(("licence.", "lineage."))


def _lines(dossier: Dossier) -> Iterator[tuple[str, Line]]:
    for _, fact in claims(dossier, Fact):
        if is_known(fact):
            yield fact.name, _line(fact)


def _line(fact: Fact) -> Line:
    answer, rest = _answer(fact.value) if fact.name.startswith("licence.") else ("", "")
    text = f"{_ANSWERS[answer]}{rest and f'; {rest}'}" if answer else _text(fact.value)
    return Line(name=label(fact.name), text=text, where=fact.where, answer=answer)


def label(name: str) -> str:
    """Return the name of a fact or metric for people.

    Example:
        >>> label("licence.train-others")
        'train others'
    """
    return shown(name.partition(".")[2] or name).replace("-", " ").replace("_", " ")


def _answer(value: object) -> tuple[str, str]:
    """Return the answer that a value gives, if it gives one, and what else it holds."""
    if isinstance(value, str):
        return (value, "") if value in _ANSWERS else ("", "")
    if isinstance(value, Mapping):
        for key in ("answer", "value", "verdict"):
            answer = value.get(key)
            if isinstance(answer, str) and answer in _ANSWERS:
                rest = {name: held for name, held in value.items() if name != key and held}
                return answer, _text(rest)
    return "", ""


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{label(str(key))}: {written(held)}" for key, held in value.items())
    return written(value)
