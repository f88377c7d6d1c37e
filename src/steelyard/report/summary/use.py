# SPDX-License-Identifier: Apache-2.0
"""What the texts say of a use, as a page shows it: answers, duties, conditions, a person's decisions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec

from steelyard.core.claim import Fact, Gap
from steelyard.core.dossier import Dossier
from steelyard.flow.overrule import OVERRULED
from steelyard.knowledge.licence_page import NOT_ADVICE
from steelyard.report.summary.groups import UNASKED, claims
from steelyard.report.summary.text import as_shape, clipped, shown

S = TypeVar("S", bound=msgspec.Struct)

_TEXT = 2_000  # characters of one text

ACTIONS = {
    "run": "run it",
    "fine_tune": "fine-tune it",
    "redistribute": "hand it on",
    "host": "offer as a service",
    "train_on_outputs": "train on its outputs",
    "publish": "publish about it",
}
NOTE = f"What the texts say, as far as they were read. {NOT_ADVICE}"
_BECAUSE = "use.because."


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """A duty, as the evidence has it.

    Attributes:
        id: `<licence>:<duty>`.
        licence: Id of the licence.
        name: Name of the licence.
        duty: What to do.
        section: Of the text.
        text: Words that the text gives; empty where it gives none.
        words: Words that can be used, the text's own where it gives some.
        path: The way to the model it comes from.
        presumed: Whether the licence is presumed from the id of a base.
        read: How much of the text was read.
        as_of: When.
        actions: What brings it.
    """

    id: str
    licence: str
    duty: str
    name: str = ""
    section: str = ""
    text: str = ""
    words: str = ""
    path: tuple[str, ...] = ()
    presumed: bool = False
    read: str = ""
    as_of: str = ""
    actions: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """Return where the text says so."""
        section = f", section {self.section}" if self.section else ""
        base = f", presumed of {self.path[-1]}" if self.presumed and self.path else ""
        return f"{self.licence}{section}{base}"


class Because(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer rests on, as the evidence has it."""

    answer: str
    licence: str = ""
    section: str = ""
    why: str = ""
    path: tuple[str, ...] = ()
    presumed: bool = False
    read: str = ""
    as_of: str = ""


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """Something that has to hold, as the evidence has it."""

    name: str
    licence: str = ""
    section: str = ""
    text: str = ""
    open: bool = True
    actions: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """Return it in one line, with where the text says so."""
        source = ", section ".join(filter(None, (self.licence, self.section)))
        return f"{self.text} ({source})" if source else self.text


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decided in place of the texts' answer, as the evidence has it."""

    action: str
    answer: str
    was: str
    reason: str
    date: str
    by: str
    licence: str = ""

    @property
    def words(self) -> str:
        """Return it in one line."""
        of = f" for {self.licence}" if self.licence else ""
        action = ACTIONS.get(self.action, self.action)
        return (
            f"{action}: {self.answer}{of} in place of {self.was}, decided by {self.by}"
            f" on {self.date}: {self.reason}"
        )


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer for one action.

    Attributes:
        action: Its id.
        answer: `no`, `unknown`, `if` or `yes`.
        why: What decides it, with licence, section and way; empty where nothing is to be said.
    """

    action: str
    answer: str
    why: str

    @property
    def words(self) -> str:
        """Return answer and reason in one line."""
        colon = "" if self.why.startswith("(") or not self.why else ":"
        return f"{self.answer}{colon} {self.why}".rstrip()

    @property
    def name(self) -> str:
        """Return the action for people."""
        return ACTIONS.get(self.action, shown(self.action).replace("_", " "))


class UseSaid(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a use.

    Attributes:
        asked: Whether there was a use profile.
        profile: What it says, key and value.
        answers: For each action.
        duties: What to do, each once.
        conditions: What has to hold.
        decisions: What a person decided.
        read: For each licence, how much of its text was read, and when.
    """

    asked: bool
    profile: tuple[tuple[str, object], ...] = ()
    answers: tuple[Answer, ...] = ()
    duties: tuple[Owed, ...] = ()
    conditions: tuple[Condition, ...] = ()
    decisions: tuple[Decision, ...] = ()
    read: tuple[str, ...] = ()


def use_said(dossier: Dossier) -> UseSaid | None:
    """Return what a dossier says of a use; None where nobody looked."""
    facts = [fact for _, fact in claims(dossier, Fact) if fact.name.startswith("use.")]
    if not facts:
        unasked = any(gap.name == UNASKED for _, gap in claims(dossier, Gap))
        return UseSaid(asked=False) if unasked else None
    because = {
        fact.name.removeprefix(_BECAUSE): _visible(shape)
        for fact in facts
        if fact.name.startswith(_BECAUSE) and (shape := as_shape(fact.value, Because))
    }
    duties = _shapes(facts, "use.duty", Owed)
    decisions = _shapes(facts, OVERRULED, Decision)
    return UseSaid(
        asked=True,
        profile=_profile(facts),
        answers=tuple(_answers(facts, because, decisions)),
        duties=duties,
        conditions=_shapes(facts, "use.condition", Condition),
        decisions=decisions,
        read=_read([*because.values(), *duties]),
    )


def _shapes(facts: Sequence[Fact], name: str, kind: type[S]) -> tuple[S, ...]:
    found = (as_shape(fact.value, kind) for fact in facts if fact.name == name)
    return tuple(_visible(shape) for shape in found if shape is not None)


def _visible(shape: S) -> S:
    """Return a shape in whose texts nothing is hidden; a dossier may come from anywhere."""
    return msgspec.structs.replace(
        shape, **{name: _seen(value) for name, value in msgspec.structs.asdict(shape).items()}
    )


def _seen(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(map(_seen, value))
    return clipped(shown(value), _TEXT) if isinstance(value, str) else value


def _profile(facts: Sequence[Fact]) -> tuple[tuple[str, object], ...]:
    given = next((fact.value for fact in facts if fact.name == "use.profile"), None)
    return tuple(given.items()) if isinstance(given, dict) else ()


def _answers(
    facts: Sequence[Fact], because: Mapping[str, Because], decisions: Sequence[Decision]
) -> Iterator[Answer]:
    """Yield the answers in the order of the actions; a person's decision comes after the texts' answer."""
    said = {fact.name.removeprefix("use."): fact.value for fact in facts}
    decided = {one.action: one for one in decisions}
    for action in ACTIONS:
        answer = said.get(action)
        if not isinstance(answer, str):
            continue
        why = _why(because.get(action))
        if action in decided:
            why = f"decided by {decided[action].by}; the texts: {decided[action].was}, {why}"
        yield Answer(action=action, answer=shown(answer), why=why)


def _read(rest_on: Sequence[Because | Owed]) -> tuple[str, ...]:
    """Return for each licence how much of its text was read, and when."""
    told = {one.licence: (one.read, one.as_of) for one in rest_on if one.licence and one.read}
    return tuple(f"{id}: {read}, as of {as_of}" for id, (read, as_of) in told.items())


def _why(because: Because | None) -> str:
    if because is None:
        return ""
    section = f"section {because.section}" if because.section else ""
    way = f"{'presumed ' if because.presumed else ''}of {' <- '.join(because.path[1:])}"
    source = ", ".join(
        filter(None, (because.licence, section, way if len(because.path) > 1 else ""))
    )
    return " ".join(filter(None, (because.why, f"({source})" if source else "")))
