# SPDX-License-Identifier: Apache-2.0
"""What an expression of a template may come to, as far as its text can tell.

A value is a set of possibilities: constants that are known, numbers, data that the caller brings
(messages, tools), texts that are put together, lists and mappings, and Jinja's own objects.
"""

from collections.abc import Iterable, Sequence
from itertools import product

import msgspec

from steelyard.formats.folding import Constant, Unknown, concat

_MANY = 64  # constants or combinations that are told apart
_DEEP = 5  # levels of containers that are told apart


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """Possibilities.

    Attributes:
        constants: Constants it may be.
        number: It may be a number or a truth value.
        data: It may be something that the caller brings.
        built: Beginnings of texts it may be, which are put together at run time; an empty one where
            the text may begin with anything.
        container: It may be a list, mapping or namespace made by the template.
        inner: What such a container holds, keys included.
        many: It has more constants than are told apart; `constants` is empty.
        deep: It may hold anything, any number of levels down; `inner` is None.
        internal: Jinja's own objects it may be, by name.
        message: It comes from the text of a message, or from the clock.
    """

    constants: tuple[Constant, ...] = ()
    number: bool = False
    data: bool = False
    built: tuple[str, ...] = ()
    container: bool = False
    inner: "Value | None" = None
    many: bool = False
    deep: bool = False
    internal: tuple[str, ...] = ()
    message: bool = False

    @property
    def fixed(self) -> bool:
        """Tell whether it is one of its constants and nothing else."""
        return bool(self.constants) and not (
            self.number or self.data or self.built or self.container or self.deep or self.internal
        )


DATA = Value(data=True)
NUMBER = Value(number=True)
BUILT = Value(built=("",))
NOTHING = Value()
MANY = Value(many=True, deep=True)
_ANYTHING = Value(number=True, data=True, built=("",), container=True, deep=True)


def constant(*values: Constant) -> Value:
    """Return the value that is one of these constants."""
    return Value(constants=values)


def join(values: Iterable[Value]) -> Value:
    """Return the value that may be any of some values."""
    united = NOTHING
    for value in values:
        united = _join(united, value)
    return united


def _join(left: Value, right: Value) -> Value:
    if left is NOTHING or left == right:
        return right
    constants = _distinct((*left.constants, *right.constants))
    built = (*left.built, *right.built)
    number = left.number or right.number
    deep = left.deep or right.deep
    many = left.many or right.many or len(constants) > _MANY
    if many:
        number = number or any(isinstance(held, int | float) for held in constants)
        built += tuple(held[:8] for held in constants if isinstance(held, str))
        deep = deep or any(isinstance(held, list | dict | tuple) for held in constants)
        constants = ()
    inner = _inner([value for value in (left.inner, right.inner) if value is not None])
    deep = deep or (inner is not None and _levels(inner) > _DEEP)
    return Value(
        constants=constants,
        number=number,
        data=left.data or right.data,
        built=_few(built),
        container=left.container or right.container,
        inner=None if deep else inner,
        many=many,
        deep=deep,
        internal=tuple(dict.fromkeys((*left.internal, *right.internal))),
        message=left.message or right.message,
    )


def container(values: Iterable[Value]) -> Value:
    """Return a container that holds some values."""
    return _join(Value(container=True), Value(container=True, inner=_inner(list(values))))


def elements(value: Value) -> Value:
    """Return what iterating over a value, or looking something up in it, may give."""
    found = [element for held in value.constants for element in _held(held)]
    if value.inner is not None:
        found.append(value.inner)
    if value.data:
        found.append(DATA)
    if value.built:
        found.append(BUILT)
    if value.deep:
        found.append(_ANYTHING)
    united = join(found)
    return msgspec.structs.replace(united, message=True) if value.message else united


def text_of(values: Sequence[Value]) -> Value:
    """Return the text that some values make when they are put together."""
    message = any(value.message for value in values)
    if all(value.fixed for value in values):
        try:
            return Value(constants=tuple(_combined(values)), message=message)
        except Unknown:
            pass
    return Value(built=_few(_beginnings(values)), message=message)


def starts_free(beginning: str) -> bool:
    """Tell whether a text with this known beginning may be a name that begins with `_`."""
    return beginning[:1] in ("", "_")


def _combined(values: Sequence[Value]) -> list[str]:
    count = 1
    for value in values:
        count *= len(value.constants)
    if count > _MANY:
        raise Unknown
    return [concat(pieces) for pieces in product(*(value.constants for value in values))]


def _beginnings(values: Sequence[Value]) -> tuple[str, ...]:
    first = values[0] if values else NOTHING
    if first.data or first.internal or first.container:
        return ("",)
    texts = [str(held)[:8] for held in first.constants] + list(first.built)
    return tuple(dict.fromkeys(texts + (["0"] if first.number else []))) or ("",)


def _few(beginnings: tuple[str, ...]) -> tuple[str, ...]:
    if any(map(starts_free, beginnings)):
        return ("",)
    return tuple(dict.fromkeys(beginnings))[:8]


def _distinct(constants: Iterable[Constant]) -> tuple[Constant, ...]:
    seen: list[tuple[type, Constant]] = []
    for value in constants:
        if (type(value), value) not in seen:
            seen.append((type(value), value))
    return tuple(value for _, value in seen)


def _held(value: Constant) -> list[Value]:
    if isinstance(value, range):
        return [NUMBER]
    if isinstance(value, str):
        return [constant(*dict.fromkeys(value))] if value else []
    if isinstance(value, list | tuple):
        return [constant(element) for element in value[:_MANY]] + [BUILT] * (len(value) > _MANY)
    if isinstance(value, dict):
        return _held(list(value)) + _held(list(value.values()))
    return []


def _inner(values: Sequence[Value]) -> Value | None:
    return join(values) if values else None


def _levels(value: Value) -> int:
    levels = 1
    while value.inner is not None:
        value = value.inner
        levels += 1
    return levels
