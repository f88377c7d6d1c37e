# SPDX-License-Identifier: Apache-2.0
"""Duties that exclude each other: names that must begin in two ways, same terms only against other limits."""

from collections.abc import Iterator, Sequence

from steelyard.checks.licence.use.found import Found, Owed, Reason
from steelyard.knowledge.licence import licence
from steelyard.knowledge.terms import Licence

_TOGETHER = (frozenset({"GPL-3.0-only", "AGPL-3.0-only"}),)
"""Licences under the same terms only that say themselves that they go together (GPL-3.0, section 13)."""


def clashes(found: Found) -> tuple[Reason, ...]:
    """Return why the duties of an action cannot all be kept.

    Of a choice between licences only the one that was taken counts: it alone gave reasons.
    """
    ids = dict.fromkeys(reason.licence for reason in found.reasons)
    every = [terms for id in ids if (terms := licence(id))]
    return (*_names(found.duties), *_same_terms(found.duties, every))


def prefixes(duties: Sequence[Owed]) -> dict[str, str]:
    """Return how a name must begin, by licence."""
    return {duty.licence: duty.text for duty in duties if duty.duty == "name_prefix"}


def begins(name: str, prefix: str) -> bool:
    """Tell whether a name begins with given words, letter case and separators apart.

    Example:
        >>> begins("llama-3-helper", "Llama 3"), begins("Contract Helper", "Llama")
        (True, False)
    """
    return _flat(name).startswith(_flat(prefix))


def exclude(one: str, other: str) -> bool:
    """Tell whether no name can begin with both."""
    return not begins(one, other) and not begins(other, one)


def _flat(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalnum())


def _names(duties: Sequence[Owed]) -> Iterator[Reason]:
    wanted = list(prefixes(duties).items())
    for at, (owner, prefix) in enumerate(wanted):
        for other, its in wanted[at + 1 :]:
            if exclude(prefix, its):
                yield Reason(
                    may="unknown",
                    topic="name",
                    licence=owner,
                    section=_section(duties, owner, "name_prefix"),
                    why=f"no name begins with {prefix!r}, as {owner} wants, and with {its!r},"
                    f" as {other} does ({_section(duties, other, 'name_prefix')})",
                )


def _same_terms(duties: Sequence[Owed], every: Sequence[Licence]) -> Iterator[Reason]:
    """Yield where a text wants the same terms and no others, and another text sets limits of its own."""
    for duty in duties:
        if duty.duty != "share_alike":
            continue
        for other in every:
            if other.id != duty.licence and _adds(other) and not _agree(duty.licence, other.id):
                yield Reason(
                    may="unknown",
                    topic="same_terms",
                    licence=duty.licence,
                    section=duty.section,
                    why=f"it is to be handed on under the same terms only, and {other.id} sets"
                    f" terms of its own ({_limit(other)})",
                )


def _adds(terms: Licence) -> bool:
    return bool(_limit(terms))


def _limit(terms: Licence) -> str:
    """Return the first place in which a text binds those who get the work; empty where none does."""
    if terms.facts.commercial.value == "no":
        return f"not commercially, {terms.facts.commercial.section}"
    for duty in terms.obligations:
        if duty.do in ("aup", "passdown", "name_prefix", "share_alike"):
            return f"{duty.do.replace('_', ' ')}, {duty.section}"
    if terms.thresholds:
        return f"a threshold, {terms.thresholds[0].section}"
    return f"territory, {terms.geo[0].section}" if terms.geo else ""


def _agree(one: str, other: str) -> bool:
    return any({one, other} <= pair for pair in _TOGETHER)


def _section(duties: Sequence[Owed], owner: str, duty: str) -> str:
    return next((one.section for one in duties if (one.licence, one.duty) == (owner, duty)), "")
