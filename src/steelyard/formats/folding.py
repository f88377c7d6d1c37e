# SPDX-License-Identifier: Apache-2.0
"""Folding: what an expression of constants comes to, with bounds and without running it.

Only operators and methods of Python's own texts, numbers and lists are applied, on values no longer than
`LONGEST`. Jinja's own constant folding is not used: it calls filters of an environment.
"""

import re
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any

LONGEST = 4096  # characters or elements of a constant; names and instructions are shorter
ENORMOUS = 100_000  # repetitions; the sandbox of transformers refuses longer ranges

Constant = Any
"""None, bool, int, float, str, bytes, tuple, list, dict, or range."""


class Unknown(Exception):
    """The constant cannot be told."""


class Enormous(Unknown):
    """To work it out would exhaust memory or time; so it would for whoever renders the template."""


def bounded(value: Constant) -> Constant:
    """Return a constant that is not too long.

    Raises:
        Unknown: It is.
    """
    if isinstance(value, str | bytes | list | tuple | dict) and len(value) > LONGEST:
        raise Unknown
    if isinstance(value, int) and value.bit_length() > LONGEST:
        raise Unknown
    return value


def binary(operator: str, left: Constant, right: Constant) -> Constant:
    """Return what an operator makes of two constants.

    Args:
        operator: Name of the syntax node, such as `Add`.
        left: Constant.
        right: Constant.

    Raises:
        Unknown: It does not apply, or the result is too long.
        Enormous: The result would be enormous.
    """
    try:
        return bounded(_BINARY[operator](left, right))
    except (TypeError, ValueError, ArithmeticError, KeyError) as error:
        raise Unknown from error


def concat(pieces: Sequence[Constant]) -> str:
    """Return what `~` makes of some constants; raises as `binary`."""
    return str(bounded("".join(map(str, pieces))))


def item(value: Constant, key: Constant) -> Constant:
    """Return `value[key]`; raises as `binary`. A text that is no key is an attribute, hence unknown."""
    try:
        return value[key]
    except (TypeError, LookupError, ValueError) as error:
        raise Unknown from error


def slice_of(value: Constant, start: Constant, stop: Constant, step: Constant) -> Constant:
    """Return `value[start:stop:step]`; raises as `binary`."""
    return item(value, slice(start, stop, step))


def method(value: Constant, name: str, args: Sequence[Constant]) -> Constant:
    """Return `value.name(*args)` of a method that has no effect; raises as `binary`."""
    _check_width(args)
    if any(isinstance(arg, range) for arg in args):
        raise Unknown
    if isinstance(value, str) and name == "format":
        return _format(value, args, {})
    if isinstance(value, dict) and name in {"keys", "values", "items"} and not args:
        return bounded(list(getattr(value, name)()))
    if name in {"encode", "decode"}:
        _check_codec(args)
    allowed = next((names for kind, names in _METHODS if isinstance(value, kind)), ())
    if name not in allowed:
        raise Unknown
    try:
        return bounded(getattr(value, name)(*args))
    except (TypeError, ValueError, LookupError) as error:
        raise Unknown from error


def filtered(name: str, value: Constant, args: Sequence[Constant]) -> Constant:
    """Return what a filter makes of a constant; raises as `binary`."""
    _check_width(args)
    if isinstance(value, range) and length(value) > LONGEST:
        raise Enormous if length(value) > ENORMOUS else Unknown
    try:
        return bounded(_FILTERS[name](value, *args))
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
        raise Unknown from error  # a filter was given a list where it takes a text, and the like


def length(value: Constant) -> int:
    """Return how many elements a constant has; 0 where it has none. A range may have any number."""
    if isinstance(value, range):
        span = (value.stop - value.start) * (1 if value.step > 0 else -1)
        return max(0, -(-span // abs(value.step)))
    return len(value) if isinstance(value, str | bytes | list | tuple | dict) else 0


def format_fields(text: str) -> list[str]:
    """Return the field names of a text for `str.format`, nested ones too.

    Raises:
        Unknown: It is no such text.
    """
    fields: list[str] = []
    try:
        for _, field, specification, _ in string.Formatter().parse(text):
            if field is not None:
                fields.append(field)
            if specification and "{" in specification:
                fields += format_fields(specification)
    except (ValueError, RecursionError) as error:
        raise Unknown from error
    return fields


def _check_width(args: Sequence[Constant]) -> None:
    if any(isinstance(arg, int) and arg > ENORMOUS for arg in args):
        raise Enormous


def _check_codec(args: Sequence[Constant]) -> None:
    if [arg for arg in args if arg not in ("utf-8", "utf8", "ascii", "latin-1", "latin1")]:
        raise Unknown


def _format(text: str, args: Sequence[Constant], named: Mapping[str, Constant]) -> str:
    if any(re.search(r"[.\[]", field) for field in format_fields(text)):
        raise Unknown
    _check_specification(text)
    try:
        return str(bounded(text.format(*args, **named)))
    except (TypeError, ValueError, LookupError) as error:
        raise Unknown from error


def _percent(text: str, args: Constant) -> str:
    _check_specification(text)
    return text % (tuple(args) if isinstance(args, list) else args)


def _check_specification(text: str) -> None:
    if any(int(digits) > ENORMOUS for digits in re.findall(r"\d{6,18}", text)):
        raise Enormous
    if re.search(r"\d{19}|\*", text):
        raise Enormous


def _add(left: Constant, right: Constant) -> Constant:
    if isinstance(left, str) != isinstance(right, str):
        raise Unknown
    return left + right


def _times(left: Constant, right: Constant) -> Constant:
    if isinstance(right, str | bytes | list | tuple):
        left, right = right, left
    if isinstance(left, str | bytes | list | tuple):
        if len(left) * int(right) > 10 * ENORMOUS:
            raise Enormous
    elif _bits(left) + _bits(right) > ENORMOUS:
        raise Enormous
    return left * right


def _power(left: Constant, right: Constant) -> Constant:
    if isinstance(right, int) and right > 0 and _bits(left) * right > ENORMOUS:
        raise Enormous
    result = left**right
    if isinstance(result, complex):
        raise Unknown
    return result


def _bits(value: Constant) -> int:
    return value.bit_length() if isinstance(value, int) else 0


def _modulo(left: Constant, right: Constant) -> Constant:
    return _percent(left, right) if isinstance(left, str) else left % right


def _reverse(value: Constant) -> Constant:
    return value[::-1] if isinstance(value, str | bytes | tuple) else list(reversed(value))


def _first(held: Sequence[Constant]) -> Constant:
    return held[0]


def _join(value: Constant, separator: str = "") -> str:
    if length(value) * (length(separator) + 1) > 10 * ENORMOUS:
        raise Enormous
    return separator.join(map(str, value))


def _absent(value: Constant, other: Constant = "", only: Constant = False) -> Constant:
    return other if only and not value else value


_BINARY: Mapping[str, Callable[[Any, Any], Any]] = {
    "Add": _add,
    "Sub": lambda left, right: left - right,
    "Mul": _times,
    "Div": lambda left, right: left / right,
    "FloorDiv": lambda left, right: left // right,
    "Mod": _modulo,
    "Pow": _power,
}
_FILTERS: Mapping[str, Callable[..., Any]] = {
    "abs": abs,
    "capitalize": lambda value: str(value).capitalize(),
    "center": lambda value, width=80: str(value).center(width),
    "count": length,
    "d": _absent,
    "default": _absent,
    "first": lambda value: _first(list(value)),
    "float": float,
    "format": lambda value, *args: _percent(value, args),
    "int": int,
    "join": _join,
    "last": lambda value: _reverse(value)[0],
    "length": length,
    "list": list,
    "lower": lambda value: str(value).lower(),
    "replace": lambda value, old, new, count=-1: str(value).replace(old, new, count),
    "reverse": _reverse,
    "safe": str,
    "sort": sorted,
    "string": str,
    "title": lambda value: str(value).title(),
    "trim": lambda value, chars=None: str(value).strip(chars),
    "upper": lambda value: str(value).upper(),
}
_METHODS: tuple[tuple[type, frozenset[str]], ...] = (
    (
        str,
        frozenset(
            [
                "capitalize",
                "casefold",
                "center",
                "count",
                "encode",
                "endswith",
                "expandtabs",
                "find",
                "index",
                "isalnum",
                "isalpha",
                "isdigit",
                "islower",
                "isspace",
                "isupper",
                "join",
                "ljust",
                "lower",
                "lstrip",
                "partition",
                "removeprefix",
                "removesuffix",
                "replace",
                "rfind",
                "rindex",
                "rjust",
                "rpartition",
                "rsplit",
                "rstrip",
                "split",
                "splitlines",
                "startswith",
                "strip",
                "swapcase",
                "title",
                "upper",
                "zfill",
            ]
        ),
    ),
    (bytes, frozenset(["decode", "hex"])),
    (dict, frozenset(["copy", "get"])),
    (list, frozenset(["copy", "count", "index"])),
)
