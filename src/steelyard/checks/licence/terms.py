# SPDX-License-Identifier: Apache-2.0
"""What is said of the terms: one fact per licence, and the answers over all of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from steelyard.checks.licence.declared import Declared
from steelyard.checks.licence.lineage import Base
from steelyard.checks.licence.meaning import Basis, basis, licences, worst
from steelyard.core.claim import Fact
from steelyard.knowledge.answers import answer
from steelyard.knowledge.licence_page import NOT_ADVICE, READ_WORDS, duty_words, threshold_words
from steelyard.knowledge.terms import QUESTIONS, Licence, Question

FACTS: Mapping[Question, str] = {
    "use": "licence.use",
    "commercial": "licence.commercial",
    "redistribute": "licence.redistribute",
    "derivatives": "licence.derivatives",
    "hosted_service": "licence.hosted",
}
"""Name of the fact that answers each question: yes, if, unknown or no."""


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, what it rests on, and where that is declared."""

    found: Basis
    where: str


def declared_fact(declared: Declared) -> Fact:
    """Return the fact that something is declared."""
    ids = declared.ids
    state = declared.text.state if declared.text is not None else ""
    sure = len(ids) == 1 and state in ("", "exact")  # a likeness never becomes a licence
    value: dict[str, object] = {
        "about": declared.about,
        "by": declared.by,
        "candidates": list(ids),
        "id": ids[0] if sure else None,
        "raw": declared.raw,
    }
    if state:
        value["text"] = state
    return Fact(name="licence.declared", value=value, where=declared.where)


def term_facts(counted: Sequence[Declared], bases: Sequence[Base]) -> Iterator[Fact]:
    """Yield what is known of each licence once, where it is first declared or presumed."""
    seen: set[str] = set()
    for declared in counted:
        for terms in licences(declared.meant):
            if terms.id not in seen:
                seen.add(terms.id)
                yield _terms(terms, declared.where, presumed=False)
    for base in bases:
        if base.licence is not None and base.licence.id not in seen:
            seen.add(base.licence.id)
            yield _terms(base.licence, base.where, presumed=True)


def answers(counted: Sequence[Declared], bases: Iterable[Base] = ()) -> dict[Question, Reason]:
    """Return the answer to each question: the worst of all declarations and all bases."""
    ancestors = list(bases)
    found: dict[Question, Reason] = {}
    for question in QUESTIONS:
        reasons = [Reason(found=basis(one.meant, question), where=one.where) for one in counted]
        for base in ancestors:
            presumed = base.basis(question)
            if base.binding or presumed.licence:
                reasons.append(Reason(found=presumed, where=base.where))
        decisive = worst(reason.found for reason in reasons)
        found[question] = next(
            (reason for reason in reasons if reason.found == decisive),
            Reason(found=decisive, where=""),
        )
    return found


def answer_facts(found: Mapping[Question, Reason]) -> Iterator[Fact]:
    """Yield the answers, each with the place that decides it, and the reasons of all."""
    for question, reason in found.items():
        yield Fact(name=FACTS[question], value=reason.found.may, where=reason.where)
    because = {
        FACTS[question].partition(".")[2]: {
            "licence": reason.found.licence,
            "may": reason.found.may,
            "section": reason.found.section,
            "where": reason.where,
            "why": reason.found.why,
        }
        for question, reason in found.items()
    }
    yield Fact(name="licence.because", value={"answers": because, "note": NOT_ADVICE})


def _terms(terms: Licence, where: str, *, presumed: bool) -> Fact:
    says = {}
    for question, name in FACTS.items():
        found = answer(terms, question)
        says[name.partition(".")[2]] = {
            "may": found.may,
            "section": found.section,
            "text": found.says,
            "why": found.why,
        }
    value = {
        "as_of": terms.as_of,
        "duties": [duty_words(duty) for duty in terms.obligations],
        "id": terms.id,
        "kind": terms.kind,
        "name": terms.name,
        "note": NOT_ADVICE,
        "presumed": presumed,
        "read": READ_WORDS[terms.read],
        "says": says,
        "thresholds": [threshold_words(item) for item in terms.thresholds],
    }
    return Fact(name="licence.terms", value=value, where=where)
