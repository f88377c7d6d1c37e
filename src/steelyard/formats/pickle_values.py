# SPDX-License-Identifier: Apache-2.0
"""What lies on the stack of a pickle that is followed but never run.

None, truth values, numbers, short texts and short bytes stand for themselves, a tuple for a tuple of
such values. Everything else is one of the types below.
"""

from typing import Any

import msgspec

Value = Any
"""A constant (None, bool, int, float, str, bytes), a tuple of values, or one of the types below."""

PLAIN = frozenset({type(None), bool, int, float, str, bytes})
"""Types of the constants."""

COMPUTED_NAME = "<imported by a computed name>"
"""What an `Unknown` is whose module or name is not a constant."""

FIRST_ITEMS = 16
"""How many items a container keeps whatever they are; of the rest only what is no constant."""


class Global(msgspec.Struct, frozen=True):
    """Something imported by name.

    Attributes:
        module: Module, as written.
        name: Name in it; may be dotted.
        at: Byte offset of the opcode that imported it first.
        op: That opcode.
    """

    module: str
    name: str
    at: int = -1
    op: str = ""

    @property
    def dotted(self) -> str:
        """Return module and name, joined by a dot."""
        return f"{self.module}.{self.name}"


class Call(msgspec.Struct):
    """The result of calling something.

    Attributes:
        callee: What is called.
        args: Its arguments, mostly a tuple.
        op: The opcode that calls.
        at: Byte offset of that opcode.
        kwargs: Keyword arguments of NEWOBJ_EX, else None.
        state: What BUILD gave it last.
        filled: What SETITEM(S), APPEND(S) and ADDITEMS put into it.
        shared: Whether it stands for many results of like calls; it then keeps no state.
    """

    callee: Value
    args: Value
    op: str
    at: int = -1
    kwargs: Value = None
    state: Value = None
    filled: "Container | None" = None
    shared: bool = False


class Container(msgspec.Struct):
    """A list, dict, set or frozenset that opcodes fill.

    Attributes:
        kind: `list`, `dict`, `set` or `frozenset`.
        at: Byte offset of the opcode that made it.
        count: How many items were put in; of a dict keys and values together.
        items: The first of them, and all that are no constants; of a dict keys and values in turn.
    """

    kind: str
    at: int = -1
    count: int = 0
    items: list[Value] = msgspec.field(default_factory=list)

    def pairs(self) -> list[tuple[Value, Value]]:
        """Return the kept keys and values of a dict."""
        return list(zip(self.items[::2], self.items[1::2], strict=False))

    def get(self, key: str) -> Value:
        """Return the value last put under a text key, or None."""
        found = None
        for name, value in self.pairs():
            if name == key:
                found = value
        return found


class Blob(msgspec.Struct, frozen=True):
    """A long constant that was passed over.

    Attributes:
        kind: `str`, `unicode` (a text written as an escaped line), `bytes`, `bytearray` or `int`.
        at: Byte offset of its first byte.
        size: Its length in bytes, as written.
        head: How it begins, for people.
    """

    kind: str
    at: int
    size: int
    head: str = ""


class Persistent(msgspec.Struct, frozen=True):
    """Something the loader brings, named by a persistent id.

    Attributes:
        id: The id: a text, or any value.
        at: Byte offset of the opcode.
    """

    id: Value
    at: int = -1


class Extension(msgspec.Struct, frozen=True):
    """Something imported by its code in the extension registry of the process.

    Attributes:
        code: The code.
        at: Byte offset of the opcode.
    """

    code: int
    at: int = -1


class Unknown(msgspec.Struct, frozen=True):
    """A value that bytes alone do not tell.

    Attributes:
        what: What it is, in a few words.
        at: Byte offset of the opcode; -1 where it stands for what was left out.
    """

    what: str
    at: int = -1
