# SPDX-License-Identifier: Apache-2.0
"""What someone may have to act on: unknown, differing, disagreeing and too loose declarations."""

import itertools
from collections.abc import Iterator, Mapping, Sequence

from steelyard.checks.licence import kinds
from steelyard.checks.licence.declared import CardAt, Declared
from steelyard.checks.licence.lineage import Base
from steelyard.checks.licence.meaning import Doubted, Meaning, ambiguous, unknown_names
from steelyard.checks.licence.terms import FACTS, Reason
from steelyard.core.claim import Finding
from steelyard.core.probe import place
from steelyard.detectors.licence_hints import clause_hints
from steelyard.detectors.licence_text import UNSPOKEN, Change, Recognition
from steelyard.knowledge.answers import rank
from steelyard.knowledge.terms import Question

_MOST_LINES = 12
_BROKEN = frozenset({"broken", "unclosed", "too-long", "too-much", "no-mapping"})


def of_card(at: CardAt) -> Iterator[Finding]:
    """Yield what is wrong with a card itself."""
    for flaw in at.card.flaws:
        if flaw.code in _BROKEN or (flaw.code == "twice" and flaw.message.startswith("'license")):
            yield kinds.CARD.at(place(at.part.where, line=flaw.at), flaw.message)


def of_name(declared: Declared) -> Iterator[Finding]:
    """Yield what is wrong with a declaration by name."""
    for name in dict.fromkeys(unknown_names(declared.meant)):
        said = "names no licence" if declared.names_nothing else "is a licence nothing is known of"
        yield kinds.UNKNOWN.at(declared.where, f"{name!r} {said}")
    for one in ambiguous(declared.meant):
        texts = ", ".join(terms.id for terms in one.candidates)
        message = f"{one.text!r} may mean any of {len(one.candidates)} texts: {texts}"
        yield kinds.AMBIGUOUS.at(declared.where, message)


def of_text(declared: Declared, recognised: Recognition, text: str) -> Iterator[Finding]:
    """Yield what is wrong with a text."""
    if recognised.state == "unknown":
        hints = [f"line {hint.line}: {hint.topic}: {hint.words!r}" for hint in clause_hints(text)]
        held = [
            f"line {match.line}: the text of {', '.join(match.record.licences)}"
            for match in recognised.matches
        ]
        message = f"a text of {recognised.words:,} words that is not known"
        message += "; known texts stand in it" if held else ""
        yield kinds.UNKNOWN_TEXT.at(declared.where, message, trail=(*_cut(held), *_cut(hints)))
        return
    if recognised.state == "variant":
        yield _variant(declared, recognised)
    for name in dict.fromkeys(unknown_names(_without_doubt(declared.meant))):
        said = "is the text of a licence nothing more is known of"
        yield kinds.UNKNOWN.at(declared.where, f"{name!r} {said}")


def _without_doubt(meant: Meaning) -> Meaning:
    return meant.like if isinstance(meant, Doubted) else meant


def disagreement(declared: Sequence[Declared]) -> Iterator[Finding]:
    """Yield one finding if two places declare licences that have none in common."""
    named = [one for one in declared if one.about in ("model", "policy") and one.ids]
    for one, other in itertools.combinations(named, 2):
        if one.where != other.where and not set(one.ids) & set(other.ids):
            first = f"{one.raw!r} ({', '.join(one.ids)})"
            second = f"{other.raw!r} ({', '.join(other.ids)})"
            message = f"{first} here, but {second} in {other.where}"
            trail = [f"{d.where}: {', '.join(d.ids)}" for d in named]
            yield kinds.DISAGREEMENT.at(one.where, message, trail=_cut(trail))
            return


def looser(
    declared: Sequence[Declared], found: Mapping[Question, Reason], bases: Sequence[Base]
) -> Iterator[Finding]:
    """Yield each base whose presumed licence permits less than what is declared.

    Args:
        declared: The declarations that count.
        found: Their answers, those of bases left out.
        bases: What the model is said to be made from.
    """
    names = {id for one in declared for id in one.ids}
    for base in bases:
        if base.licence is None or base.licence.id in names:
            continue
        more = list(_looser(found, base))
        if more:
            message = (
                f"declared {' and '.join(sorted(names))}, which permits more than {base.licence.id},"
                f" presumed of the base {base.id!r}"
            )
            yield kinds.LOOSER.at(base.where, message, trail=tuple(more))


def _looser(found: Mapping[Question, Reason], base: Base) -> Iterator[str]:
    for question, reason in found.items():
        own, ancestor = reason.found.may, base.basis(question)
        if "unknown" not in (own, ancestor.may) and rank(own) > rank(ancestor.may):
            name = FACTS[question].partition(".")[2]
            yield f"{name}: {own}, where {ancestor.licence} ({ancestor.section}) says {ancestor.may}"


def _variant(declared: Declared, recognised: Recognition) -> Finding:
    added = sum(len(change.added) + change.more for change in recognised.changes)
    missing = sum(change.missing for change in recognised.changes)
    like = ", ".join(sorted({id for m in recognised.matches for id in m.record.licences}))
    touched = ", among them words that carry terms" if recognised.decisive else ""
    message = (
        f"like {like}, but {added:,} words differ or are added, {missing:,} are missing{touched}"
    )
    return kinds.VARIANT.at(
        declared.where, message, trail=_cut([_change(one) for one in recognised.changes])
    )


def _change(change: Change) -> str:
    here = " ".join(change.added) + (f" ... and {change.more:,} more" if change.more else "")
    more = change.missing - len(change.gone)
    gone = repr(" ".join(change.gone) + (f" ... and {more:,} more" if more else ""))
    if not set(change.gone) - {UNSPOKEN}:
        gone = f"{_words(change.missing)} of the known text, not at hand here"
    if not change.missing:
        return f"line {change.line}: {here!r} is added"
    return f"line {change.line}: " + (f"{here!r} instead of {gone}" if here else f"without {gone}")


def _words(count: int) -> str:
    return f"{count:,} word" if count == 1 else f"{count:,} words"


def _cut(lines: list[str]) -> tuple[str, ...]:
    rest = len(lines) - _MOST_LINES
    return (*lines[:_MOST_LINES], *([f"and {rest:,} more places"] if rest > 0 else []))
