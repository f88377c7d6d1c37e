# SPDX-License-Identifier: Apache-2.0
"""What may be built on the facts of a licence: never a yes on what was not read or is doubtful."""

from collections.abc import Iterator, Mapping

import msgspec

from steelyard.knowledge.terms import Licence, May, Question, Term, Value

_RANKS: Mapping[May, int] = {"no": 0, "unknown": 1, "if": 2, "yes": 3}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What may be built on a licence's facts, for one question.

    Attributes:
        may: `yes` = the text grants it and sets no limit on who, where or for what; `if` = it grants
            it within limits or on conditions, or does not say; `unknown` = not read or doubtful.
            Duties alone, such as keeping notices, do not make a yes an if.
        says: What the text says.
        section: Where.
        why: Why `may` is worse than `says`; empty when it is not.
    """

    may: May
    says: Value
    section: str
    why: str = ""


def answer(terms: Licence, question: Question) -> Answer:
    """Return what may be built on a licence's facts.

    A text that was not read, or a fact that is doubtful, never gives a yes.
    """
    own = _own(terms, question)
    if question == "use":
        return own
    use = _own(terms, "use")  # whoever may not run it may do nothing with it
    if rank(own.may) <= rank(use.may):
        return own
    why = use.why or f"its use is limited ({use.section})"
    return msgspec.structs.replace(own, may=use.may, why=why)


def rank(may: May) -> int:
    """Return the place of an answer in the order no < unknown < if < yes, 0 to 3."""
    return _RANKS[may]


def _own(terms: Licence, question: Question) -> Answer:
    term: Term = getattr(terms.facts, question)
    may, why = _lowered(terms, question, term)
    return Answer(may=may, says=term.value, section=term.section, why=why)


def _lowered(terms: Licence, question: Question, term: Term) -> tuple[May, str]:
    conflict = next((c for c in terms.conflicts if c.topic == f"facts.{question}"), None)
    if conflict:
        return "unknown", f"the text pulls two ways ({' against '.join(conflict.sections)})"
    if term.value == "no":
        return "no", ""
    doubtful = doubt(terms, term)
    if doubtful:
        return "unknown", doubtful
    if term.value == "if":
        return "if", ""
    if term.value == "silent":
        return "if", "the text does not say"
    if terms.read == "part":
        return "if", "only parts of the text were read"
    limit = next(_limits(terms, question), "")
    return ("if", limit) if limit else ("yes", "")


def doubt(terms: Licence, term: Term) -> str:
    """Return why a fact cannot be built on; empty where it can."""
    if terms.read == "none":
        return "the text was not read"
    if terms.read == "secondary":
        return "the text was not read, only cards or reports of it"
    if term.value == "unknown":
        return "that part was not read or not verified"
    if not term.section and term.value != "silent":
        return "no section is known for it"
    if "unverified" in term.section:
        return "the section is not verified"
    return ""


def _limits(terms: Licence, question: Question) -> Iterator[str]:
    """Yield the limits a text sets on who, where or for what."""
    for duty in terms.obligations:
        if duty.do == "aup":
            yield f"within the use limits it takes in ({duty.section})"
        if duty.do == "register" and question == "commercial" and "commercial" in duty.when:
            yield f"after registration or written leave ({duty.section})"
    for area in terms.geo:
        yield f"not for {', '.join(area.barred)} ({area.section})"
    for threshold in terms.thresholds:
        if question == "commercial" and threshold.effect != "display_required":
            yield f"up to a threshold ({threshold.section})"
    if terms.facts.commercial.value == "no":
        yield f"not commercially ({terms.facts.commercial.section})"
