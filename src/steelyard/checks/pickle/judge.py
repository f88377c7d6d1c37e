# SPDX-License-Identifier: Apache-2.0
"""What follows from what a pickle does: nothing where all of it is known to be safe."""

import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

from steelyard.checks.pickle import descriptors as d
from steelyard.checks.pickle.allowlist import Standing
from steelyard.checks.pickle.callee import Names
from steelyard.checks.pickle.forms import FORMS, HANDED_ON
from steelyard.core.claim import Severity
from steelyard.core.probe import Descriptor
from steelyard.formats.pickle_events import Event
from steelyard.formats.pickle_state import EXECUTED_KEY
from steelyard.formats.pickle_terms import LEFT_OUT, is_word, render
from steelyard.formats.pickle_values import (
    COMPUTED_NAME,
    Blob,
    Call,
    Container,
    Extension,
    Global,
    Unknown,
    Value,
)

_SHARED = "it is not the pickle's own"
_CONSTRUCTORS = ("REDUCE", "OBJ", "INST")
_TEMPLATE = (
    r"\ndef _parse_args\(self, (?P<a>(\w+, )*) (?P<i>loc=0(, scale=1)?)\):\n"
    r"    return \((?P=a)\), (?P<o>loc, (scale|1))\n\n"
    r"def _parse_args_rvs\(self, (?P=a) (?P=i), size=None\):\n"
    r"    return self._argcheck_rvs\((?P=a) (?P=o), size=size\)\n\n"
    r"def _parse_args_stats\(self, (?P=a) (?P=i), moments='mv'\):\n"
    r"    return \((?P=a)\), (?P=o), moments\n"
)
"""scipy.stats._distn_infrastructure.parse_arg_template, 0.14 to 1.17."""


class Concern(msgspec.Struct, frozen=True):
    """Something to report.

    Attributes:
        kind: What kind of finding it is.
        event: What happened.
        message: What was seen.
        severity: Where it is not the kind's own.
    """

    kind: Descriptor
    event: Event
    message: str
    severity: Severity | None = None


class Judge:
    """Judges the events of one pickle.

    Args:
        names: The allowlist, as it holds for the pickle.
        events: The events.
    """

    def __init__(self, names: Names, events: Sequence[Event]) -> None:
        self._names = names
        self._events = events
        self._called: set[Global] = {
            callee.named
            for event in events
            if event.kind == "call" and (callee := names.callee(event.target)).named is not None
        }
        self._hands_on = any(
            event.kind in ("value", "call") and self._is_unknown(_thing(event)) for event in events
        )
        self._distributions = any(
            names.judge(event.target).form == "distribution"
            for event in events
            if event.kind == "import"
        )

    def concerns(self) -> Iterator[Concern]:
        """Yield what is to be reported, in the order of the events."""
        by_kind: dict[str, Callable[[Event], Concern | None]] = {
            "import": self._import,
            "name": self._name,
            "extension": self._extension,
            "call": self._call,
            "build": self._build,
            "fill": self._fill,
            "value": self._value,
            "entry": self._entry,
        }
        for event in self._events:
            concern = by_kind[event.kind](event)
            if concern is not None:
                yield concern

    def _import(self, event: Event) -> Concern | None:
        judgement = self._names.judge(event.target)
        if judgement.standing is Standing.BY_VALUE:
            return Concern(d.BY_VALUE_CODE, event, f"makes code of its own with {event.text}")
        if event.target in self._called:
            return None
        if judgement.standing is Standing.BLOCKED:
            if judgement.reason == "dotted":
                return Concern(d.DOTTED_NAME, event, f"imports {event.text}")
            return Concern(d.IMPORT, event, f"imports {event.text}: {judgement.reason}")
        if judgement.standing in (Standing.REVIEW, Standing.FUNCTION):
            return Concern(d.UNKNOWN_IMPORT, event, f"imports {event.text}")
        return None

    def _name(self, event: Event) -> Concern:
        return Concern(d.COMPUTED_NAME, event, f"imports a name that it computes: {event.text}")

    def _extension(self, event: Event) -> Concern:
        return Concern(d.EXTENSION_CODE, event, f"imports by {event.text}")

    def _call(self, event: Event) -> Concern | None:
        callee = self._names.callee(event.target)
        if callee.sort == "by value":
            return Concern(d.BY_VALUE_CALL, event, f"runs code that it carries: {event.text}")
        if callee.sort == "computed":
            return self._computed(event)
        return None if callee.named is None else self._named(event, callee.named)

    def _named(self, event: Event, named: Global) -> Concern | None:
        """Judge a call of something that is imported by name."""
        judgement = self._names.judge(named)
        if judgement.form:
            direct = named is event.target
            return self._form(event, judgement.form) if direct else self._computed(event)
        if judgement.standing is Standing.BLOCKED:
            if judgement.reason == "dotted":
                return Concern(d.DOTTED_NAME, event, f"calls {event.text}", Severity.CRITICAL)
            return Concern(d.CALL, event, f"calls {event.text}: {judgement.reason}")
        if judgement.standing is Standing.FUNCTION:
            return Concern(d.UNKNOWN_CALL, event, f"calls {event.text}")
        if judgement.standing in (Standing.REVIEW, Standing.CLASS):
            return self._class(event, judgement.standing)
        return self._known(event)

    def _computed(self, event: Event) -> Concern | None:
        """Report a computed callee, but for what its import has been reported for already."""
        target = event.target
        if isinstance(target, Extension) or target == Unknown(COMPUTED_NAME, _at(target)):
            return None
        return Concern(d.COMPUTED_CALLEE, event, f"calls what another call gives: {event.text}")

    def _form(self, event: Event, form: str) -> Concern | None:
        problem = FORMS[form](event, self._names)
        if not problem:
            return None
        return Concern(d.CALL, event, f"calls {event.text}: {problem}")

    def _class(self, event: Event, standing: Standing) -> Concern | None:
        """Judge an instance of a class that is known by its shape alone, or not at all."""
        constructed = event.op in _CONSTRUCTORS
        if constructed and (odd := _odd_text((event.args, event.kwargs))):
            return Concern(d.UNKNOWN_CALL, event, f"calls {event.text}: {odd} is no mere name")
        handed = self._known(event)
        if standing is Standing.CLASS or handed is not None:
            return handed
        verb = "calls" if constructed else "makes an instance:"
        return Concern(d.UNKNOWN_CLASS, event, f"{verb} {event.text}")

    def _known(self, event: Event) -> Concern | None:
        """Report a function of an unknown library that is handed to what may call it."""
        if event.op not in _CONSTRUCTORS:
            return None
        for value in _leaves(event.args):
            if self._is_unknown(value) or (value is LEFT_OUT and self._hands_on):
                return Concern(d.UNKNOWN_CALL, event, f"may call {render(value)}: {event.text}")
        return None

    def _is_unknown(self, value: Value) -> bool:
        """Tell whether a value is a function of an unknown library, or a method of its classes."""
        if isinstance(value, Global):
            return self._names.judge(value).standing is Standing.FUNCTION
        owner = self._names.owner(value)
        return owner is not None and self._names.judge(owner).standing is Standing.REVIEW

    def _build(self, event: Event) -> Concern | None:
        problem = self._not_its_own(event)
        if problem:
            return Concern(d.BUILD_ON_GLOBAL, event, f"sets attributes: {event.text}: {problem}")
        made = self._names.made_of(event.target)
        form = self._names.judge(made).form if made is not None else ""
        if form == "distribution" and not _is_plain_state(event.args):
            return Concern(d.EXECUTED_TEXT, event, f"a state that is no plain dict: {event.text}")
        return None

    def _not_its_own(self, event: Event) -> str:
        """Return why BUILD must not change its target, or nothing."""
        target = event.target
        if not isinstance(target, Call):
            return "it was imported"
        made = self._names.made_of(target)
        if made is None:  # unless it is a method's result, the call itself has been reported
            return _SHARED if self._names.callee(target.callee).sort == "method" else ""
        form = self._names.judge(made).form
        if made.dotted in self._names.known.shared or form in ("getattr", "module-by-name"):
            return _SHARED
        if form == "unpickles-constant":
            return "it is of another pickle"
        if form == "partial":
            given = event.args[:1] if isinstance(event.args, tuple) else ()
            state = Event(kind="call", at=event.at, op="BUILD", target=made, args=given)
            return FORMS["partial"](state, self._names)
        return ""

    def _fill(self, event: Event) -> Concern | None:
        target = event.target
        if not isinstance(target, Call):
            return Concern(d.SETITEM_ON_GLOBAL, event, f"fills {event.text}")
        made = self._names.made_of(target)
        if made is None or self._fillable(made, event.op):
            return None
        return Concern(d.FILL_ON_OBJECT, event, f"fills {event.text}")

    def _fillable(self, made: Global, op: str) -> bool:
        known = self._names.known
        judgement = self._names.judge(made)
        if judgement.standing in (Standing.CLASS, Standing.REVIEW, Standing.FUNCTION):
            return True  # a subclass of dict, list or set
        if op.startswith("SETITEM"):
            return made.dotted in known.mappings or judgement.form == "factory"
        return made.dotted in known.sequences

    def _value(self, event: Event) -> Concern | None:
        form = self._names.judge(event.target).form
        if not form or form in HANDED_ON or form not in FORMS:
            return None
        if self._names.judge(event.target).standing is Standing.BY_VALUE:
            return None
        return Concern(d.HANDED_ON, event, f"hands on {event.text} instead of calling it")

    def _entry(self, event: Event) -> Concern | None:
        if not self._distributions:
            return None
        if event.args != (EXECUTED_KEY,):
            message = f"an attribute whose name is computed: {render(event.args)}"
            return Concern(d.EXECUTED_TEXT, event, message)
        if isinstance(event.target, str) and re.fullmatch(_TEMPLATE, event.target):
            return None
        return Concern(d.EXECUTED_TEXT, event, f"scipy.stats executes {render(event.target)}")


def _is_plain_state(state: Value) -> bool:
    """Tell whether a distribution takes a state attribute by attribute.

    Before scipy 1.6 it was a dict and a generator of random numbers; later versions look whether that
    is a sequence of pairs, which a dict of two keys is.
    """
    if isinstance(state, tuple) and len(state) == 2 and isinstance(state[0], Container):
        return len({key for key, _ in state[0].pairs() if isinstance(key, str)}) > 2
    return isinstance(state, Container) and state.kind == "dict"


def _thing(event: Event) -> Value:
    """Return what is handed on, or what a call gives."""
    if event.kind == "value":
        return event.target
    return Call(event.target, event.args, event.op, event.at)


def _at(value: Value) -> int:
    return value.at if isinstance(value, Unknown) else -1


def _leaves(value: Value, depth: int = 6) -> Iterator[Value]:
    if isinstance(value, tuple):
        for item in value:
            yield from _leaves(item, depth - 1) if depth > 0 else (LEFT_OUT,)
    elif isinstance(value, Container):
        yield from _leaves(tuple(value.items), depth)
    else:
        yield value


def _odd_text(value: Value) -> str:
    """Return a text among constants that looks like no enumeration's member, or nothing."""
    for leaf in _leaves(value):
        if isinstance(leaf, str) and not is_word(leaf):
            return render(leaf)
        if isinstance(leaf, Blob) and leaf.kind in ("str", "unicode"):
            return render(leaf)
    return ""
