# SPDX-License-Identifier: Apache-2.0
"""What one licence says of an action: its grants, within its limits, with its duties."""

import functools
from collections.abc import Callable, Iterator, Sequence

from steelyard.checks.licence.use.actions import Asked, Permission
from steelyard.checks.licence.use.found import Condition, Found, Owed, Reason, Situation, worse
from steelyard.checks.licence.use.limits import (
    Limit,
    display_due,
    fields,
    territory,
    thresholds,
)
from steelyard.core.patterns import late
from steelyard.knowledge.answers import doubt
from steelyard.knowledge.terms import Licence, May, Obligation, Term, Trigger

_PLACE = late(r"[IVX]+(?:\(\w+\))*|\d+(?:\.\w+|\(\w+\))*|head|last|para \d+")
_WORDS = late(r"\([^)]*\s[^)]*\)|:.*")
"""Remarks that stand beside a section, and are none."""

_SAYS = {
    "use": "running it",
    "commercial": "commercial use",
    "redistribute": "handing on the weights",
    "derivatives": "changing it",
    "hosted_service": "offering it as a service",
    "train_other_models": "training other models on its outputs",
}


def of_licence(terms: Licence, asked: Asked, situation: Situation) -> Found:
    """Return what follows from one licence; never a yes on what was not read or is doubtful."""
    limits = [
        *thresholds(terms, situation),
        *territory(terms, situation),
        *fields(terms, situation),
        *_excluded(terms, asked, situation),
    ]
    said = [
        one
        for permission in asked.permissions
        for one in _permission(terms, permission, limits, situation)
    ]
    duties, due = _duties(terms, asked, situation)
    every = [*said, *limits, *_purpose(terms, situation), *due]
    reasons = [one for one in every if isinstance(one, Reason)]
    conditions = [one for one in every if isinstance(one, Condition)]
    may: May = "yes"
    for reason in reasons:
        may = worse(may, reason.may)
    if duties or any(condition.open for condition in conditions):
        may = worse(may, "if")
    return Found(
        may=may,
        reasons=tuple(dict.fromkeys(reasons)),
        duties=duties,
        conditions=tuple(dict.fromkeys(conditions)),
    )


def _permission(
    terms: Licence, permission: Permission, limits: Sequence[Limit], situation: Situation
) -> Iterator[Limit]:
    """Yield what the text says of one permission."""
    term = _term(terms, permission)
    section = _parted(term.section)[0]
    what = _SAYS[permission]

    def reason(may: May, why: str = "") -> Reason:
        return Reason(may=may, topic=permission, licence=terms.id, section=section, why=why)

    topic = "outputs.train_other_models" if permission == "train_other_models" else permission
    conflict = next(
        (one for one in terms.conflicts if one.topic in (topic, f"facts.{topic}")), None
    )
    if conflict:
        section = " against ".join(conflict.sections)
        yield reason("unknown", f"the text pulls two ways: {conflict.say}")
        return
    if term.value == "no":
        yield from _barred(reason, permission, what, situation)
        return
    doubtful = doubt(terms, term)
    if doubtful:
        yield reason("unknown", f"{what}: {doubtful}")
    elif term.value == "if":
        yield from _on_conditions(terms, term, permission, limits, reason)
    elif term.value == "silent" and permission != "train_other_models":
        yield reason("if", f"the text does not say whether it grants {what}")
        yield Condition(
            name="silent",
            licence=terms.id,
            section=section,
            text=f"{what} is within the grant, of which the text says nothing",
        )
    elif terms.read == "part":
        yield reason("if", "only parts of the text were read")
        yield Condition(
            name="part",
            licence=terms.id,
            section=section,
            text="the parts of the text that were not read say nothing else",
        )
    else:
        silent = term.value == "silent"
        yield reason("yes", "the text sets no limit on training on outputs" if silent else "")


def _barred(
    reason: Callable[..., Reason], permission: Permission, what: str, situation: Situation
) -> Iterator[Reason]:
    if permission == "commercial" and situation.use.commercial is None:
        yield reason("unknown", "the text bars commercial use; commercial or not is not known")
    else:
        yield reason("no", f"the text bars {what}")


def _on_conditions(
    terms: Licence,
    term: Term,
    permission: Permission,
    limits: Sequence[Limit],
    reason: Callable[..., Reason],
) -> Iterator[Limit]:
    """Yield what a grant on conditions comes to: settled by the limits of its section, or open."""
    places = _places(term.section)
    bearing = [
        one for one in limits if one.licence == terms.id and _overlap(places, _places(one.section))
    ]
    known = [one for one in terms.thresholds if _overlap(places, _places(one.section))]
    areas = [one for one in terms.geo if _overlap(places, _places(one.section))]
    open_ones = [one for one in bearing if isinstance(one, Reason) or one.open]
    if (known or areas) and not open_ones and terms.read in ("full", "operative", "standard"):
        yield reason("yes", "its condition is met by the figures of the profile")
        return
    yield reason("if", f"the text grants {_SAYS[permission]} on conditions")
    if not open_ones:
        section, remark = _parted(term.section)
        text = f"{_SAYS[permission]} stays within its conditions" + (remark and f": {remark}")
        yield Condition(name="terms", licence=terms.id, section=section, text=text)


def _parted(section: str) -> tuple[str, str]:
    """Return a section, and the remark that stands behind it."""
    place, colon, remark = section.partition(": ")
    if not colon:
        place, _, remark = section.partition(" (")
        remark = remark.removesuffix(")")
    balanced = remark.count("(") == remark.count(")")
    return (place, remark) if balanced else (section, "")


def _term(terms: Licence, permission: Permission) -> Term:
    """Return the fact that a permission rests on; of outputs a text that was read may say nothing."""
    if permission != "train_other_models":
        term: Term = getattr(terms.facts, permission)
        return term
    if terms.outputs.train_other_models is not None:
        return terms.outputs.train_other_models
    was_read = terms.read in ("full", "operative", "standard")
    return Term("silent" if was_read else "unknown", "")


def _purpose(terms: Licence, situation: Situation) -> Iterator[Condition]:
    """Yield that a use must stay what it is said to be, where the text bars commercial use."""
    commercial = terms.facts.commercial
    if commercial.value != "no" or situation.use.commercial is not False:
        return
    research = terms.kind == "research"
    yield Condition(
        name="research_only" if research else "non_commercial",
        licence=terms.id,
        section=commercial.section,
        text="for research only, and not commercially" if research else "not commercially",
    )


def _excluded(terms: Licence, asked: Asked, situation: Situation) -> Iterator[Limit]:
    """Yield what a text does not grant to licensees of some kind."""
    for exclusion in terms.excluded:
        if not set(exclusion.questions) & set(asked.permissions):
            continue
        who = " or ".join(exclusion.entities)
        if situation.use.entity in exclusion.entities:
            yield Reason(
                may="no",
                topic="entity",
                licence=terms.id,
                section=exclusion.section,
                why=f"the text does not grant it to a {who}",
            )
        elif situation.use.entity is None:
            yield Condition(
                name="entity", licence=terms.id, section=exclusion.section, text=f"not by a {who}"
            )


def _duties(
    terms: Licence, asked: Asked, situation: Situation
) -> tuple[tuple[Owed, ...], list[Condition]]:
    """Return the duties that the triggers bring, and what is open about them."""
    duties: list[Owed] = []
    conditions: list[Condition] = []
    triggers = _reaching(terms, asked.triggers)
    for obligation in terms.obligations:
        if not triggers & set(obligation.when):
            continue
        due, open_ones = _due(terms, obligation, situation)
        conditions.extend(open_ones)
        if due:
            duties.append(
                Owed(
                    licence=terms.id,
                    duty=obligation.do,
                    section=obligation.section,
                    text=obligation.text,
                )
            )
    return tuple(dict.fromkeys(duties)), conditions


def _reaching(terms: Licence, triggers: frozenset[Trigger]) -> frozenset[Trigger]:
    """Return the triggers as the text sees them: a model trained on outputs may be a derivative.

    A text that itself lists what training on outputs brings is taken at its word.
    """
    distilled = terms.outputs.distil_is_derivative
    if "train_on_outputs" not in triggers or distilled is None or distilled.value != "yes":
        return triggers
    listed = any("train_on_outputs" in obligation.when for obligation in terms.obligations)
    return triggers if listed else triggers | {"derivative"}


def _due(
    terms: Licence, obligation: Obligation, situation: Situation
) -> tuple[bool, tuple[Condition, ...]]:
    """Return whether the further condition of a duty holds, and what is open about it."""
    kind, _, value = obligation.only_if.partition(":")
    if kind == "threshold":
        return display_due(terms, situation)
    if kind == "family":
        word = value.split()[-1].lower()
        return any(word in family for family in situation.families), ()
    if kind == "snapshot":
        wanted = value.lower()
        return any(name.partition(".")[0] == wanted for name in situation.files), ()
    return True, ()


@functools.cache
def _places(section: str) -> frozenset[str]:
    """Return the places that a section names, remarks left out."""
    return frozenset(_PLACE.findall(_WORDS.sub("", section)))


def _overlap(some: frozenset[str], others: frozenset[str]) -> bool:
    """Tell whether two sets of places share one, or one lies within the other."""
    return any(
        one == other
        or one.startswith((f"{other}.", f"{other}("))
        or other.startswith((f"{one}.", f"{one}("))
        for one in some
        for other in others
    )
