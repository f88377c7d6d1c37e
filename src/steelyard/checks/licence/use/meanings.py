# SPDX-License-Identifier: Apache-2.0
"""What a declaration says of an action: one licence, candidates, a choice, a variant, use limits."""

from collections.abc import Sequence

import msgspec

from steelyard.checks.licence.meaning import Doubted, Joined, Limits, Meaning, Named
from steelyard.checks.licence.use.actions import Asked
from steelyard.checks.licence.use.found import (
    Condition,
    Found,
    Owed,
    Reason,
    Situation,
    together,
    worse,
)
from steelyard.checks.licence.use.grants import of_licence
from steelyard.knowledge.answers import rank


def of_meaning(meant: Meaning, asked: Asked, situation: Situation) -> Found:
    """Return what follows from a declaration: of several texts the worst, of a choice the best."""
    match meant:
        case Joined():
            found = [of_meaning(part, asked, situation) for part in meant.parts]
            return together(found) if meant.all else _chosen(found)
        case Doubted():
            return _doubted(meant, asked, situation)
        case Limits():
            return _within(meant, asked, situation)
        case Named(candidates=()):
            return unknown(f"nothing is known of the licence {meant.text!r}", "licence")
        case Named():
            return _any_of([of_licence(one, asked, situation) for one in meant.candidates])


def preferring(meant: Meaning, ids: frozenset[str]) -> Meaning:
    """Return a meaning whose candidates are in another order: those that a base comes with first.

    All of them go on counting; what several ask alike is told of the first.
    """
    if isinstance(meant, Joined):
        return Joined(meant.all, tuple(preferring(part, ids) for part in meant.parts))
    if isinstance(meant, Named):
        return Named(meant.text, tuple(sorted(meant.candidates, key=lambda one: one.id not in ids)))
    return meant


def unknown(why: str, topic: str) -> Found:
    """Return that nothing can be said."""
    return Found(may="unknown", reasons=(Reason(may="unknown", topic=topic, why=why),))


def _chosen(found: Sequence[Found]) -> Found:
    """Return the best of some, and of equals the one that asks for least."""
    return max(found, key=lambda one: (rank(one.may), -len(one.duties)))


def _any_of(found: Sequence[Found]) -> Found:
    """Return what follows from texts of which one holds: the worst, a duty that all ask told once."""
    merged = together(found)
    duties: list[Owed] = []
    for duty in merged.duties:
        at = next((at for at, one in enumerate(duties) if one.duty == duty.duty), None)
        if at is None or duties[at].licence == duty.licence:
            duties.append(duty)
        elif duty.licence not in duties[at].also:
            duties[at] = msgspec.structs.replace(duties[at], also=(*duties[at].also, duty.licence))
    return msgspec.structs.replace(merged, duties=tuple(duties))


def _doubted(meant: Doubted, asked: Asked, situation: Situation) -> Found:
    like = of_meaning(meant.like, asked, situation)
    if meant.decisive:
        why = "the text differs from the known one where terms stand"
        reason = Reason(may="unknown", topic="variant", why=why)
        return msgspec.structs.replace(like, may="unknown", reasons=(reason,))
    why = "the text differs from the known one; what is known of that is unverified here"
    reason = Reason(may="if", topic="variant", why=why)
    reasons = (*like.reasons, reason)
    return msgspec.structs.replace(like, may=worse(like.may, "if"), reasons=reasons)


def _within(meant: Limits, asked: Asked, situation: Situation) -> Found:
    """Return what follows from use limits that stand beside a licence: they bind, and grant nothing."""
    ids = tuple(licence.id for licence in meant.candidates)
    condition = Condition(
        name="use_limits",
        licence=ids[0] if ids else "",
        section="",
        text=f"within the use limits of {meant.text}",
    )
    reason = Reason(may="if", topic="use_limits", why=condition.text, licence=condition.licence)
    return Found(may="if", reasons=(reason,), conditions=(condition,))
