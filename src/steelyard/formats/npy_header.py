# SPDX-License-Identifier: Apache-2.0
"""The header of an npy file: a Python literal, read without evaluating anything.

Source: numpy's NEP 1 and numpy/lib/_format_impl.py, versions 1.0, 2.0, 3.0.
"""

import math
import re
from typing import Any

from steelyard.core.errors import MalformedError
from steelyard.formats.dtypes import ElementType, from_code

_LEXEME = (
    r"\s*(?:(?P<text>'[^'\\\n]*'|\"[^\"\\\n]*\")|(?P<number>-?\d{1,19})L?|(?P<word>True|False|None)"
    r"|(?P<sign>[][(){},:]))"
)
_WORDS = {"True": True, "False": False, "None": None}
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_NESTED = 16


def parse_literal(text: str) -> Any:  # noqa: ANN401 - whatever the literal says
    """Return the value of a literal of texts, integers, tuples, lists and dicts.

    Raises:
        MalformedError: It is something else, or nested more than 16 deep.
    """
    tokens = _Tokens(text)
    value = _value(tokens, tokens.next(), _NESTED)
    if text[tokens.pos :].strip():
        raise MalformedError("something stands behind the literal", at=tokens.pos)
    return value


class _Tokens:
    def __init__(self, text: str) -> None:
        self._text = text
        self.pos = 0

    def next(self) -> re.Match[str]:
        match = re.compile(_LEXEME).match(self._text, self.pos)
        if match is None:
            raise MalformedError("no Python literal of plain values", at=self.pos)
        self.pos = match.end()
        return match


def _value(tokens: _Tokens, token: re.Match[str], depth: int) -> Any:  # noqa: ANN401
    text, number, word, sign = token.groups()
    if text is not None:
        return text[1:-1]
    if number is not None:
        return int(number)
    if word is not None:
        return _WORDS[word]
    if sign not in _CLOSING or depth <= 0:
        raise MalformedError(f"{sign!r} out of place", at=tokens.pos)
    items, comma = _items(tokens, _CLOSING[sign], depth - 1)
    if sign == "{":
        return dict(items)
    values = [value for value, _ in items]
    if sign == "[":
        return values
    return values[0] if len(values) == 1 and not comma else tuple(values)


def _items(tokens: _Tokens, closing: str, depth: int) -> tuple[list[tuple[Any, Any]], bool]:
    """Return the items up to a closing bracket, of a dict with values, and whether a comma is last."""
    items: list[tuple[Any, Any]] = []
    comma = True
    while (token := tokens.next())["sign"] != closing:
        if not comma:
            if token["sign"] != ",":
                raise MalformedError("a comma is missing", at=tokens.pos)
            comma = True
            continue
        key, value = _value(tokens, token, depth), None
        if closing == "}":
            if not isinstance(key, str) or tokens.next()["sign"] != ":":
                raise MalformedError("no key", at=tokens.pos)
            value = _value(tokens, tokens.next(), depth)
        items.append((key, value))
        comma = False
    return items, comma and bool(items)


def element_of(descr: object, depth: int = _NESTED) -> ElementType:
    """Return the element type that a `descr` stands for.

    Raises:
        MalformedError: It stands for none that is known.
    """
    if isinstance(descr, str):
        plain = from_code(descr)
        if plain is None:
            raise MalformedError(f"the element type {descr!r} is not known")
        return plain
    if isinstance(descr, tuple) and len(descr) == 2:  # a sub-array, or a type with its metadata
        inner = element_of(descr[0], depth - 1)
        return inner if isinstance(descr[1], dict) else _repeated(inner, descr[1])
    if not isinstance(descr, list) or depth <= 0:
        raise MalformedError("the element type is not one that numpy writes")
    fields = [_field(field, depth - 1) for field in descr]
    size = sum(field.size for field in fields)
    return ElementType(size, any(field.objects for field in fields), "struct")


def _field(field: object, depth: int) -> ElementType:
    if not isinstance(field, tuple) or len(field) not in (2, 3):
        raise MalformedError("a field of the element type is not one that numpy writes")
    inner = element_of(field[1], depth)
    return _repeated(inner, field[2]) if len(field) == 3 else inner


def _repeated(inner: ElementType, shape: object) -> ElementType:
    lengths = shape if isinstance(shape, tuple) else (shape,)
    if not all(type(n) is int and n >= 0 for n in lengths):
        raise MalformedError("a sub-array has no shape")
    return ElementType(inner.size * math.prod(lengths), inner.objects, "array")
