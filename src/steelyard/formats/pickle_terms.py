# SPDX-License-Identifier: Apache-2.0
"""Values of a pickle as people read them, as they are kept, and as they are told apart."""

import re
from collections.abc import Hashable, Iterator
from typing import Any

from steelyard.formats.pickle_values import (
    PLAIN,
    Blob,
    Call,
    Container,
    Extension,
    Global,
    Persistent,
    Unknown,
    Value,
)

_DEPTH = 6  # levels of a value that are kept
_WIDTH = 16  # items of a value that are kept on a level
_TEXT = 90  # characters of a text that are shown
_LINE = 300  # characters of an expression that are shown

_WORD = re.compile(r"\w?[\w.+:@-]{0,79}(/[\w.+@-]{1,79})?")

DECISIVE: dict[tuple[str, str], tuple[int, ...]] = {
    ("_codecs", "encode"): (1,),
    ("builtins", "getattr"): (1,),
    ("__builtin__", "getattr"): (1,),
    ("cloudpickle.cloudpickle", "_builtin_type"): (0,),
    ("cloudpickle.cloudpickle", "subimport"): (0,),
    ("dill._dill", "_load_type"): (0,),
    ("dill._dill", "_import_module"): (0,),
}
"""Callables for which a text among the arguments, at these positions, decides what the call does."""

LEFT_OUT = Unknown("...")

_BRACKETS = {"list": ("[", "]"), "dict": ("{", "}"), "set": ("{", "}")}


def shown(name: str) -> str:
    r"""Return a name that is safe to print: what is not printable is written as `\xNN`."""
    if name.isprintable():
        return name if len(name) <= _LINE else name[:_LINE] + "..."
    return shown(name.encode("unicode_escape").decode("ascii"))


def is_word(text: str) -> bool:
    """Tell whether a text may be an enumeration's member, a version or a name.

    Commands, paths and addresses are no words.
    """
    return _WORD.fullmatch(text) is not None


def render(value: Value) -> str:
    """Return a value as an expression, on one line, of bounded length.

    Example:
        >>> render(Call(Global("os", "system"), ("id",), "REDUCE"))
        "os.system('id')"
    """
    text = _render(value, _DEPTH)
    return text if len(text) <= _LINE else text[: _LINE - 3] + "..."


def _render(value: Value, depth: int) -> str:
    kind = type(value)
    if kind in PLAIN:
        return _constant(value)
    if kind is Global:
        return shown(value.dotted)
    if kind is Unknown:
        return str(value.what)
    if kind is Blob:
        return f"<{value.kind} of {value.size:,} bytes: {value.head!r}...>"
    if kind is Extension:
        return f"<extension code {value.code}>"
    if depth <= 0:
        return "..."
    if kind is tuple:
        inner = _listed(value, depth)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if kind is Persistent:
        return f"<persistent {_render(value.id, depth - 1)}>"
    return _call(value, depth) if kind is Call else _container(value, depth)


def _constant(value: Value) -> str:
    if isinstance(value, str | bytes) and len(value) > _TEXT:
        return f"{value[:_TEXT]!r}..."
    if isinstance(value, int) and value.bit_length() > 256:
        return f"<integer of {value.bit_length():,} bits>"
    return repr(value)


def _listed(values: tuple[Value, ...] | list[Value], depth: int) -> str:
    more = ", ..." if len(values) > _WIDTH else ""
    return ", ".join(_render(value, depth - 1) for value in values[:_WIDTH]) + more


def _container(value: Container, depth: int) -> str:
    if value.kind == "dict":
        pairs = value.pairs()
        inner = ", ".join(
            f"{_render(key, depth - 1)}: {_render(item, depth - 1)}" for key, item in pairs[:_WIDTH]
        )
    else:
        inner = _listed(value.items, depth)
    if value.count > min(len(value.items), _WIDTH) and not inner.endswith("..."):
        inner += ", ..." if inner else "..."
    left, right = _BRACKETS.get(value.kind, ("frozenset({", "})"))
    return f"{left}{inner}{right}"


def _call(value: Call, depth: int) -> str:
    callee = _render(value.callee, depth - 1)
    if isinstance(value.args, tuple):
        args = _listed(value.args, depth)
    else:
        args = "*" + _render(value.args, depth - 1)
    if value.kwargs is not None:
        args += f"{', ' if args else ''}**{_render(value.kwargs, depth - 1)}"
    if value.op.startswith("NEWOBJ"):
        return f"{callee}.__new__({callee}{', ' if args else ''}{args})"
    return f"{callee}({args})"


def snapshot(value: Value, depth: int = _DEPTH) -> Value:
    """Return a copy of bounded size that later opcodes do not change."""
    kind = type(value)
    if kind not in (tuple, Call, Container, Persistent):
        return value
    if depth <= 0:
        return LEFT_OUT
    if kind is tuple:
        return tuple(_snapshots(value, depth))
    if kind is Persistent:
        return Persistent(snapshot(value.id, depth - 1), value.at)
    if kind is Container:
        return Container(value.kind, value.at, value.count, list(_snapshots(value.items, depth)))
    return Call(
        snapshot(value.callee, depth - 1),
        snapshot(value.args, depth),
        value.op,
        value.at,
        snapshot(value.kwargs, depth - 1),
    )


def _snapshots(values: tuple[Value, ...] | list[Value], depth: int) -> Iterator[Value]:
    for value in values[:_WIDTH]:
        yield snapshot(value, depth - 1)
    if len(values) > _WIDTH:
        yield LEFT_OUT


def shape(value: Value, depth: int = 4) -> Hashable:
    """Return what tells values apart that do different things: types, and the names inside."""
    kind: Any = type(value)
    if kind in PLAIN:
        return kind if kind is not str or is_word(value) else "text"
    if kind is tuple:
        if depth <= 0:
            return kind
        more = len(value) > _WIDTH
        return (kind, more, *[shape(item, depth - 1) for item in value[:_WIDTH]])
    if kind is Global:
        return ("global", value.module, value.name)
    if kind is Call:
        callee = value.callee
        if type(callee) is Global:
            return ("call", callee.module, callee.name)
        return ("call", shape(callee, depth - 1) if depth > 0 else "")
    if kind is Container:
        inside = {label for item in value.items[:_WIDTH] if (label := _label(item))}
        return (value.kind, *sorted(inside)) if inside else value.kind
    if kind is Blob:
        return str(value.kind)
    name: str = kind.__name__
    return name


def _label(value: Value) -> str:
    """Return what tells an item of a container from plain values, if anything does."""
    kind = type(value)
    if kind is str:
        return "" if is_word(value) else " text"
    if kind is Global:
        return str(value.dotted)
    return f"{_label(value.callee)}()" if kind is Call else ""


def decisive(callee: Value, args: Value) -> Hashable:
    """Return the texts among the arguments that decide what a call does."""
    if type(callee) is not Global or type(args) is not tuple:
        return None
    positions = DECISIVE.get((callee.module, callee.name), ())
    return tuple(args[at] for at in positions if at < len(args) and type(args[at]) is str)


def steps(*values: Value) -> tuple[str, ...]:
    """Return how some values came about: a line for each import and call, in order of offset."""
    found: dict[tuple[int, str], str] = {}
    for value in values:
        _collect(value, found, 2 * _DEPTH)
    return tuple(found[key] for key in sorted(found))


def _collect(value: Value, found: dict[tuple[int, str], str], depth: int) -> None:
    kind = type(value)
    if depth <= 0 or len(found) >= _WIDTH:
        return
    if kind is tuple:
        for item in value[:_WIDTH]:
            _collect(item, found, depth - 1)
    elif kind is Container:
        _collect(tuple(value.items[:_WIDTH]), found, depth)
    elif kind is Call:
        _collect((value.callee, value.args, value.kwargs), found, depth - 1)
        found[(value.at, "call")] = f"byte {value.at}: {value.op} {render(value)}"
    elif kind is Global:
        found[(value.at, "import")] = f"byte {value.at}: {value.op} {render(value)}"
    elif kind in (Persistent, Extension) or (kind is Unknown and value.at >= 0):
        found[(value.at, "other")] = f"byte {value.at}: {render(value)}"
