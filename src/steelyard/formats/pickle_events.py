# SPDX-License-Identifier: Apache-2.0
"""What a pickle does to its loader: imports, calls, and changes to what it did not make itself."""

from collections.abc import Hashable
from typing import Literal

import msgspec

from steelyard.core.errors import LimitError
from steelyard.formats.pickle_terms import decisive, render, shape, snapshot, steps
from steelyard.formats.pickle_values import Call, Global, Value

Kind = Literal["import", "name", "extension", "call", "build", "fill", "value", "entry"]

_DISTINCT = 4096  # events of a pickle that are kept apart
_VARIANTS = 16  # events of one kind, on one thing, that are kept with their constants
_LOOKED_AT = 64  # events of one kind, on one thing, whose constants are compared
_PAYLOADS = 200_000  # calls of one pickle that unpickle bytes it holds
_OWN = 20_000  # results of calls that are kept apart, whatever made them


UNPICKLERS = frozenset(
    {
        "_pickle.loads",
        "cPickle.loads",
        "cloudpickle.cloudpickle.loads",
        "cloudpickle.loads",
        "dill._dill.loads",
        "dill.loads",
        "pickle.loads",
        "torch.storage._load_from_bytes",
    }
)
"""Callables that unpickle the bytes they are given."""


class Event(msgspec.Struct, kw_only=True):
    """Something a pickle does that reaches beyond plain values; equal ones are kept once.

    Attributes:
        kind: `import` of a name; `name`, an import whose name is no constant; `extension`, an
            import by code; `call`; `build`, BUILD on something; `fill`, SETITEM(S), APPEND(S) or
            ADDITEMS on something that is no plain container; `value`, an imported thing that is
            handed on as a value; `entry`, put into a dict under a key that is computed, or under which
            a library executes it.
        at: Byte offset of the opcode, of the first such event.
        op: The opcode.
        target: What is imported, called, built or filled.
        args: What it is called, built or filled with; of a `name` module and name.
        kwargs: Keyword arguments of NEWOBJ_EX.
        count: How often it happens, with constants that may differ.
        trail: How it came about, a line a step.
    """

    kind: Kind
    at: int
    op: str
    target: Value
    args: Value = None
    kwargs: Value = None
    count: int = 1
    trail: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return it as an expression."""
        if self.kind == "call":
            return render(Call(self.target, self.args, self.op, self.at, self.kwargs))
        if self.kind in ("build", "fill", "name"):
            return f"{self.op} {render(self.target)} {render(self.args)}"
        return render(self.target)


class _Like(msgspec.Struct):
    """Events that differ in their constants alone."""

    events: dict[str, Event]
    results: dict[str, Call]
    count: int = 0


class Log:
    """The events of one pickle, in the order in which they first happen.

    Args:
        own: Names of callables each of whose results is kept apart.

    Attributes:
        events: What happened, equal events once.
        calls: How many calls there were.
        payloads: Each call that unpickles bytes it is given.
    """

    def __init__(self, own: frozenset[str] = frozenset()) -> None:
        self._own = own
        self._globals: dict[tuple[str, str], tuple[Global, Event]] = {}
        self._like: dict[Hashable, _Like] = {}
        self._calls = 0
        self.events: list[Event] = []
        self.calls = 0
        self.payloads: list[Call] = []

    def imported(self, module: str, name: str, at: int, op: str) -> Global:
        """Note an import and return what it brings: the same thing for the same names."""
        known = self._globals.get((module, name))
        if known is not None:
            known[1].count += 1
            return known[0]
        value = Global(module, name, at, op)
        self._globals[(module, name)] = (value, self._new("import", at, op, value, steps(value)))
        return value

    def called(self, call: Call) -> Call:
        """Note a call and return its result: the same one for like calls, once there are many."""
        self.calls += 1
        callee, args = call.callee, call.args
        if type(callee) is Global and callee.dotted in UNPICKLERS:
            self._payload(call)
        own = self.calls < _OWN or (type(callee) is Global and callee.name in self._own)
        key = (call.op, shape(callee), shape(args), shape(call.kwargs), decisive(callee, args))
        like = self._alike(("call", key))
        event, text = self._variant(like, call)
        if event is None:
            event = self._new("call", call.at, call.op, snapshot(callee), steps(call))
            event.args, event.kwargs = snapshot(args), snapshot(call.kwargs)
            like.events[text], like.results[text] = event, call
        if own:
            return call
        result = like.results[text]
        result.shared = True
        return result

    def changed(self, kind: Kind, target: Value, args: Value, at: int, op: str) -> None:
        """Note that something is built, filled, or handed on as a value."""
        detail = shape(args) if kind == "build" else op
        text = target if kind == "entry" and isinstance(target, str) else ""
        key = shape(args) if kind == "entry" else None
        like = self._alike((kind, shape(target), detail, text, key))
        if like.events:
            next(iter(like.events.values())).count += 1
            return
        trail = (*steps(target, args), f"byte {at}: {op} on {render(target)}")
        event = self._new(kind, at, op, snapshot(target), trail)
        event.args = snapshot(args)
        like.events[""] = event

    def _payload(self, call: Call) -> None:
        if len(self.payloads) >= _PAYLOADS:
            raise LimitError(f"more than {_PAYLOADS:,} pickles inside of it", at=call.at)
        self.payloads.append(call)

    def _alike(self, key: Hashable) -> _Like:
        like = self._like.get(key)
        if like is None:
            like = self._like[key] = _Like({}, {})
        like.count += 1
        return like

    def _variant(self, like: _Like, call: Call) -> tuple[Event | None, str]:
        """Return the event a call belongs to, or None where it deserves one of its own."""
        if like.count <= _LOOKED_AT and len(like.events) < _VARIANTS:
            text = render(call)
            event = like.events.get(text)
        else:
            text, event = next(iter(like.events.items()))
        if event is not None:
            event.count += 1
        return event, text

    def _new(self, kind: Kind, at: int, op: str, target: Value, trail: tuple[str, ...]) -> Event:
        if len(self.events) >= _DISTINCT:
            raise LimitError(f"more than {_DISTINCT:,} different imports and calls", at=at)
        event = Event(kind=kind, at=at, op=op, target=target, trail=trail)
        self.events.append(event)
        return event
