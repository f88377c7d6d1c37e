# SPDX-License-Identifier: Apache-2.0
"""What is known while a template is walked: names and what they may be, loops, and remarks."""

from collections.abc import Iterable, Iterator
from typing import Protocol

import msgspec

from steelyard.formats.folding import ENORMOUS
from steelyard.formats.jinja_show import Node, show
from steelyard.formats.jinja_values import BUILT, DATA, MANY, Value, join

_TURNS = 100 * ENORMOUS  # turns of nested loops over constants; templates of real models make < 100
_REMARKS = 50  # of one template; there is no need for more


class Idioms(msgspec.Struct, frozen=True, kw_only=True):
    """What templates of real models use. Everything else is remarked upon.

    Attributes:
        filters: Names of filters.
        tests: Names of tests.
        functions: Functions that renderers of chat templates provide, and Jinja's own that are safe.
        methods: Methods of texts, lists and mappings.
        loop: Attributes of `loop`.
        internals: Names of Jinja's own objects and functions, and of those that renderers provide.
        escapes: Names without a leading `_` that lead to code all the same.
        message: Members of a message that hold its text.
    """

    filters: frozenset[str]
    tests: frozenset[str]
    functions: frozenset[str]
    methods: frozenset[str]
    loop: frozenset[str]
    internals: frozenset[str]
    escapes: frozenset[str]
    message: frozenset[str]


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """Something in a template that is not idiomatic.

    Attributes:
        code: Short stable name, such as `escape`; a check makes a finding of it.
        line: Line of the template, from 1.
        message: What was seen, no full stop.
        trail: How it comes about, a line a step.
    """

    code: str
    line: int
    message: str
    trail: tuple[str, ...] = ()


class Evaluator(Protocol):
    """Tells what expressions may come to."""

    state: "State"

    def value(self, node: Node) -> Value:
        """Return what an expression may come to, and remark on it."""

    def check_name(self, name: str, node: Node) -> None:
        """Remark on an attribute or subscript of this name."""


class State:
    """Names, loops and remarks; a name has one value in the whole template, whatever its scope.

    Args:
        idioms: What is idiomatic.
        macros: Definitions of macros by name.
    """

    def __init__(self, idioms: Idioms, macros: dict[str, list[Node]]) -> None:
        self.idioms = idioms
        self.macros = macros
        self.iterated: list[str] = []
        self.changed = False
        self.settled = False
        self._turns = [1]
        self._values: dict[str, Value] = {}
        self._remarks: dict[tuple[str, int, str], Remark] = {}

    def begin(self) -> None:
        """Begin another walk: forget the remarks, keep the values."""
        self.changed = False
        self._remarks.clear()

    def bind(self, name: str, value: Value) -> None:
        """Add to what a name may be. Once settled, no further constants are told apart."""
        before = self._values.get(name)
        after = value if before is None else join((before, value))
        if self.settled and after != before:
            after = join((after, MANY))
        if after != before:
            self._values[name] = after
            self.changed = True

    def look_up(self, name: str) -> Value | None:
        """Return what a name may be, or None where the template never binds it."""
        return self._values.get(name)

    def free(self, name: str) -> Value:
        """Return what a name may be that the caller brings.

        Special tokens (`bos_token`) come from the model's own files, so their text is anyone's guess.
        """
        return BUILT if name.endswith(("_token", "_tokens")) else DATA

    def remark(self, code: str, node: Node, message: str, trail: Iterable[str] = ()) -> None:
        """Remark on something, once for each expression and line."""
        key = (code, int(node.lineno or 1), show(node))
        if len(self._remarks) < _REMARKS:
            self._remarks.setdefault(
                key, Remark(code=code, line=key[1], message=message, trail=tuple(trail))
            )

    def remarks(self) -> Iterator[Remark]:
        """Yield the remarks, by line."""
        yield from sorted(self._remarks.values(), key=lambda remark: remark.line)

    def enter_loop(self, over: str, turns: int, node: Node) -> None:
        """Note that a loop begins: over what, and how many turns it makes if that is constant."""
        self.iterated.append(over)
        self._turns.append(self._turns[-1] * max(1, turns))
        if turns > ENORMOUS or self._turns[-1] > _TURNS:
            self.remark("exhaustion", node, f"a loop over {over} makes {self._turns[-1]:,} turns")

    def leave_loop(self) -> None:
        """Note that the innermost loop ends."""
        self.iterated.pop()
        self._turns.pop()

    @property
    def looping(self) -> bool:
        """Tell whether there is a loop around."""
        return bool(self.iterated)
