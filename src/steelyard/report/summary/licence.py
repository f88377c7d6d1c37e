# SPDX-License-Identifier: Apache-2.0
"""What a dossier says of licence and descent, a line for each thing that is said."""

from collections.abc import Mapping

import msgspec

from steelyard.core.claim import Fact
from steelyard.core.dossier import Dossier
from steelyard.report.summary.groups import claims
from steelyard.report.summary.lineage import GRAPH, descent
from steelyard.report.summary.text import as_shape, counted, shown, written

_ANSWERS = {
    "yes": "yes",
    "no": "no",
    "if": "on conditions",
    "unknown": "not known",
    "silent": "the text does not say",
}
_LABELS = {
    "commercial": "commercial use",
    "redistribute": "redistribution",
    "hosted": "hosted service",
}
_STATES = {
    "exact": "word for word",
    "variant": "with changes to its text",
    "unknown": "a text that is not known",
}
_SPEAKERS = {
    "card": "the model card",
    "gate": "the access prompt of the card",
    "file": "a licence file",
    "notice": "a notice",
    "gguf": "GGUF metadata",
    "safetensors": "safetensors metadata",
    "config": "the configuration",
    "package": "package metadata",
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

    @property
    def word(self) -> str:
        """Return the beginning of the text that is the answer; empty where it answers nothing."""
        return _ANSWERS.get(self.answer, "")


class LicenceText(msgspec.Struct, frozen=True, kw_only=True):
    """What the text of one licence asks for.

    Attributes:
        id: Of the licence; `steelyard explain` knows it.
        name: Of the licence.
        read: How much of the text was read.
        as_of: When it was read.
        duties: What whoever uses the model has to do, one line each.
        thresholds: From where on other terms hold, one line each.
        presumed: Whether nobody declares it, but models of the base's name come with it.
    """

    id: str
    name: str = ""
    read: str = ""
    as_of: str = ""
    duties: tuple[str, ...] = ()
    thresholds: tuple[str, ...] = ()
    presumed: bool = False

    @property
    def demands(self) -> str:
        """Return in words how much the text asks for."""
        parts = [counted(len(self.duties), "duty", "duties")] if self.duties else []
        if self.thresholds:
            parts.append(counted(len(self.thresholds), "threshold"))
        return ", ".join(parts) or "no duties"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of licence and descent.

    Attributes:
        declared: The licences that the subject declares.
        answers: What their texts say to questions of use.
        others: Whatever else is said.
        texts: What each licence asks for.
    """

    declared: tuple[Line, ...] = ()
    answers: tuple[Line, ...] = ()
    others: tuple[Line, ...] = ()
    texts: tuple[LicenceText, ...] = ()


class _Declared(msgspec.Struct, frozen=True, kw_only=True):
    by: str
    raw: str
    id: str | None = None
    candidates: tuple[str, ...] = ()
    about: str = "model"
    text: str = ""


class _Base(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    relation: str | None = None


class _Presumed(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    base: str
    basis: str


class _Why(msgspec.Struct, frozen=True, kw_only=True):
    licence: str = ""
    section: str = ""
    why: str = ""


class _Because(msgspec.Struct, frozen=True, kw_only=True):
    answers: dict[str, _Why] = {}


def terms(dossier: Dossier) -> Terms:
    """Return what a dossier says of licence and descent; odd shapes are shown as they are.

    What the graph of descent says is left to `summary.lineage`.
    """
    drawn = {GRAPH, "lineage.base"} if descent(dossier) else set()
    facts = [fact for _, fact in claims(dossier, Fact) if is_known(fact) and fact.name not in drawn]
    because = {
        name: why for fact in facts if (b := _because(fact)) for name, why in b.answers.items()
    }
    texts = [text for fact in facts if (text := _text(fact))]
    told = [fact for fact in facts if _text(fact) is None and _because(fact) is None]
    lines = [(fact.name, _line(fact, because)) for fact in told]
    rest = [line for name, line in lines if name != "licence.declared"]
    return Terms(
        declared=tuple(line for name, line in lines if name == "licence.declared"),
        answers=tuple(line for line in rest if line.answer),
        others=tuple(line for line in rest if not line.answer),
        texts=tuple(texts),
    )


def is_known(fact: Fact) -> bool:
    """Tell whether a fact is one of licence or descent."""
    return fact.name.startswith(("licence.", "lineage."))


def _text(fact: Fact) -> LicenceText | None:
    return as_shape(fact.value, LicenceText) if fact.name == "licence.terms" else None


def _because(fact: Fact) -> _Because | None:
    return as_shape(fact.value, _Because) if fact.name == "licence.because" else None


def _line(fact: Fact, because: Mapping[str, _Why]) -> Line:
    name = fact.name.partition(".")[2]
    value = fact.value
    if fact.name.startswith("licence.") and isinstance(value, str) and value in _ANSWERS:
        text = _answered(value, because.get(name, _Why()))
        return Line(name=label(fact.name), text=text, where=fact.where, answer=value)
    return Line(name=label(fact.name), text=_said(fact), where=fact.where)


def _answered(value: str, why: _Why) -> str:
    source = ", ".join(filter(None, (why.licence, why.section)))
    reason = f"{_ANSWERS[value]}: {why.why}" if why.why else _ANSWERS[value]
    return shown(f"{reason} ({source})" if source else reason)


def _said(fact: Fact) -> str:
    if fact.name == "licence.declared" and (declared := as_shape(fact.value, _Declared)):
        return shown(_declared(declared))
    if fact.name == "lineage.base" and (base := as_shape(fact.value, _Base)):
        return shown(f"{base.id} ({base.relation})" if base.relation else base.id)
    if fact.name == "licence.presumed" and (presumed := as_shape(fact.value, _Presumed)):
        return shown(f"{presumed.id}, {presumed.basis} ({presumed.base})")
    return written(fact.value)


def _declared(declared: _Declared) -> str:
    name = declared.id or " or ".join(declared.candidates) or declared.raw
    notes = [f"says {_SPEAKERS.get(declared.by, declared.by)}"]
    if declared.text:
        notes.append(_STATES.get(declared.text, declared.text))
    elif declared.raw and declared.raw != name:
        notes.append(f"as {declared.raw!r}")
    if declared.about != "model":
        notes.append(f"of the {declared.about} only")
    return f"{name}, {', '.join(notes)}"


def label(name: str) -> str:
    """Return the name of a fact or metric for people.

    Example:
        >>> label("licence.commercial"), label("x.train-others")
        ('commercial use', 'train others')
    """
    last = name.partition(".")[2] or name
    return _LABELS.get(last, shown(last).replace("-", " ").replace("_", " "))
