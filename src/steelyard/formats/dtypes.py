# SPDX-License-Identifier: Apache-2.0
"""Element types of numpy: how long an element is, and whether it holds Python objects.

Source: numpy.dtype.__reduce__ and __setstate__ (numpy/_core/src/multiarray/descriptor.c), NEP 1.
"""

import math
import re

import msgspec

from steelyard.formats.pickle_values import Call, Container, Global, Value

_CODE = re.compile(r"[<>=|]?([?bBcuhHiIlLqQpPefdgFDGOSUVMmaT])(\d*)(\[[^\]]*\])?")
_FIXED = {
    "?": 1, "b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "l": 8, "L": 8, "q": 8, "Q": 8, "p": 8,
    "P": 8, "e": 2, "f": 4, "d": 8, "g": 16, "F": 8, "D": 16, "G": 32, "O": 8, "M": 8, "m": 8,
}  # fmt: skip
_CANONICAL = {
    "b1": "bool", "?": "bool", "i1": "i8", "i2": "i16", "i4": "i32", "i8": "i64", "u1": "u8",
    "u2": "u16", "u4": "u32", "u8": "u64", "f2": "f16", "f4": "f32", "f8": "f64", "c8": "c64",
    "c16": "c128",
}  # fmt: skip
_NESTED = 32  # levels of structured types


class ElementType(msgspec.Struct, frozen=True):
    """An element type.

    Attributes:
        size: Bytes of an element.
        objects: Whether an element holds Python objects.
        name: Canonical name, see `formats.tensor`; the code as written where there is none.
    """

    size: int
    objects: bool
    name: str


def from_code(code: str) -> ElementType | None:
    """Return the type that a code such as `<f8`, `|O` or `U10` names, or None."""
    match = _CODE.fullmatch(code)
    if match is None or len(code) > 40:
        return None
    kind, digits, _ = match.groups()
    size = _size(kind, int(digits) if digits else None)
    if size is None:
        return None
    return ElementType(size, kind == "O", _CANONICAL.get(f"{kind}{digits}", code))


def _size(kind: str, count: int | None) -> int | None:
    if kind in "SVa":
        return count or 0
    if kind == "U":
        return 4 * (count or 0)
    if kind == "T":
        return None  # StringDType keeps its bytes outside of the array
    if count is not None:
        return count if kind in "iubfcmMO" and count <= 32 else None
    return _FIXED.get(kind)


def element_type(value: Value, depth: int = _NESTED) -> ElementType | str:
    """Return the type that a pickled `numpy.dtype` stands for, or why that is not known.

    Args:
        value: The call of `numpy.dtype` with the state that BUILD gave it.
        depth: How many levels of structure may follow.
    """
    if depth <= 0:
        return f"its element type is nested more than {_NESTED} deep"
    if type(value) is Call and _is_texts(value.callee):
        return ElementType(16, True, "T")  # its texts lie elsewhere, so it is pickled like objects
    if type(value) is not Call or not _is_dtype(value.callee):
        return "its element type is no numpy.dtype"
    state = value.state if isinstance(value.state, tuple) and len(value.state) >= 8 else None
    if state is not None and state[3] is not None:
        return _structured(state, depth)
    if state is not None and state[2] is not None:
        return _sub_array(state[2], depth)
    code = value.args[0] if isinstance(value.args, tuple) and value.args else None
    plain = from_code(code) if isinstance(code, str) else None
    if plain is None:
        return f"the element type {code!r} is not known" if isinstance(code, str) else "no code"
    return _resized(plain, state)


def _is_dtype(callee: Value) -> bool:
    return type(callee) is Global and (callee.module, callee.name) == ("numpy", "dtype")


def _is_texts(callee: Value) -> bool:
    """Tell what makes a StringDType anew (numpy 2, numpy/_core/_internal.py)."""
    return type(callee) is Global and (
        callee.name == "_convert_to_stringdtype_kwargs"
        and callee.module in ("numpy._core._internal", "numpy.core._internal")
    )


def _resized(plain: ElementType, state: tuple[Value, ...] | None) -> ElementType:
    """Return a type with the length its state gives it, which counts for texts and bytes alone."""
    kind = plain.name.lstrip("<>=|")[:1]
    if state is None or kind not in ("S", "U", "V", "a") or type(state[5]) is not int:
        return plain
    return msgspec.structs.replace(plain, size=state[5]) if state[5] >= 0 else plain


def _structured(state: tuple[Value, ...], depth: int) -> ElementType | str:
    names, fields, size, flags = state[3], state[4], state[5], state[7]
    if not isinstance(fields, Container) or not isinstance(names, tuple):
        return "its structured element type has no fields"
    if type(size) is not int or size < 0 or type(flags) is not int:
        return "its structured element type has no size"
    objects = False
    for _, field in fields.pairs():
        inner = _field(field, size, depth)
        if isinstance(inner, str):
            return inner
        objects = objects or inner.objects
    if len(fields.pairs()) * 2 != fields.count or objects != bool(flags & 1):
        return "its structured element type contradicts itself about objects"
    return ElementType(size, objects, "struct")


def _field(field: Value, size: int, depth: int) -> ElementType | str:
    if not isinstance(field, tuple) or len(field) < 2 or type(field[1]) is not int:
        return "a field of its element type has no place"
    inner = element_type(field[0], depth - 1)
    if isinstance(inner, ElementType) and not 0 <= field[1] <= size - inner.size:
        return "a field of its element type lies outside of the element"
    return inner


def _sub_array(value: Value, depth: int) -> ElementType | str:
    if not isinstance(value, tuple) or len(value) != 2:
        return "its element type is no sub-array"
    inner = element_type(value[0], depth - 1)
    shape = value[1] if isinstance(value[1], tuple) else (value[1],)
    if isinstance(inner, str) or not all(type(n) is int and n >= 0 for n in shape):
        return inner if isinstance(inner, str) else "its element type is no sub-array"
    return ElementType(inner.size * math.prod(shape), inner.objects, "array")
