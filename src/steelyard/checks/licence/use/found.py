# SPDX-License-Identifier: Apache-2.0
"""What reasoning gives: an answer with its reasons, duties and open conditions."""

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from steelyard.core.use import Use
from steelyard.knowledge.answers import rank
from steelyard.knowledge.terms import Duty, May

T = TypeVar("T")


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and what is known of the model besides its licences.

    Attributes:
        use: What somebody means to do.
        multimodal: Whether the model takes more than text; None where nothing tells.
        families: Words that say which family it belongs to: names of its bases, its architecture.
        files: Names of the files it comes with.
    """

    use: Use
    multimodal: bool | None = None
    families: tuple[str, ...] = ()
    files: frozenset[str] = frozenset()


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that speaks for or against an action.

    Attributes:
        may: What it leaves of the answer.
        topic: What it is about: a permission, `threshold`, `territory`, `field`, ...
        licence: Id of the licence whose text says so; empty where no text does.
        section: Of that text.
        why: In words; empty where a plain yes or no is all there is to say.
        path: The way through the graph to the model it comes from; empty for the model itself.
        presumed: Whether the licence is presumed from the id of a base.
    """

    may: May
    topic: str
    licence: str = ""
    section: str = ""
    why: str = ""
    path: tuple[str, ...] = ()
    presumed: bool = False


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """A duty.

    Attributes:
        licence: Id of the licence.
        duty: What to do.
        section: Of its text.
        text: Words to display or to write, or the beginning of a name, where the text gives them.
        also: Other licences that the same declaration may mean and that ask the same.
        path: As in `Reason`.
        presumed: As in `Reason`.
    """

    licence: str
    duty: Duty
    section: str
    text: str = ""
    also: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    presumed: bool = False

    @property
    def id(self) -> str:
        """Return the name of the duty: the licence and what it asks."""
        return f"{self.licence}:{self.duty}"


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """Something that has to hold, and that nobody can tell from the files.

    Attributes:
        name: `non_commercial`, `research_only`, `threshold`, `territory`, `field`, `terms`, ...
        licence: Id of the licence.
        section: Of its text.
        text: What has to hold.
        open: Whether the answer hangs on it; False for a figure that is known to hold today.
    """

    name: str
    licence: str
    section: str
    text: str
    open: bool = True


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What follows for one action.

    Attributes:
        may: The answer.
        reasons: What it rests on, the decisive one first.
        duties: What to do.
        conditions: What has to hold.
    """

    may: May
    reasons: tuple[Reason, ...]
    duties: tuple[Owed, ...] = ()
    conditions: tuple[Condition, ...] = ()


def worse(one: May, other: May) -> May:
    """Return the worse of two answers: no, unknown, if, yes."""
    return one if rank(one) <= rank(other) else other


def together(parts: Iterable[Found]) -> Found:
    """Return what follows from parts that all hold: the worst answer, every duty and condition once."""
    found = list(parts)
    reasons = _once(reason for part in found for reason in part.reasons)
    may: May = "yes"
    for part in found:
        may = worse(may, part.may)
    return Found(
        may=may if found else "unknown",
        reasons=tuple(sorted(reasons, key=lambda reason: rank(reason.may))),
        duties=distinct(duty for part in found for duty in part.duties),
        conditions=_once(condition for part in found for condition in part.conditions),
    )


def distinct(duties: Iterable[Owed]) -> tuple[Owed, ...]:
    """Return each duty once, although several models of the chain may bring it: the nearest."""
    nearest: dict[tuple[str, str, str], Owed] = {}
    for duty in duties:
        nearest.setdefault((duty.licence, duty.duty, duty.text), duty)
    return tuple(nearest.values())


def _once(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))
