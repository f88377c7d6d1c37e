# SPDX-License-Identifier: Apache-2.0
"""Handlers of the opcodes that move values: marks, memo, tuples, containers."""

from steelyard.formats.pickle_constants import parsed
from steelyard.formats.pickle_state import State, Stopped
from steelyard.formats.pickle_values import Container, Global, Value

_DIGITS = 20  # digits of a memo index that are read


def mark(state: State, data: bytes, pos: int) -> int:
    """MARK."""
    state.marks.append(state.stack)
    state.stack = []
    return pos


def stop(state: State, data: bytes, pos: int) -> int:
    """STOP."""
    state.result = state.stack.pop()
    state.end = state.base + pos
    raise Stopped


def pop(state: State, data: bytes, pos: int) -> int:
    """POP: a value, or a mark where nothing lies above it."""
    if state.stack:
        state.stack.pop()
    else:
        state.pop_mark()
    return pos


def pop_mark(state: State, data: bytes, pos: int) -> int:
    """POP_MARK."""
    state.pop_mark()
    return pos


def dup(state: State, data: bytes, pos: int) -> int:
    """DUP."""
    state.stack.append(state.stack[-1])
    return pos


def get(state: State, data: bytes, pos: int) -> int:
    """GET."""
    index, pos = _index(state, pos)
    state.stack.append(state.memo[index])
    return pos


def put(state: State, data: bytes, pos: int) -> int:
    """PUT."""
    value = state.stack[-1]
    index, pos = _index(state, pos)
    state.memo[index] = value
    return pos


def _index(state: State, pos: int) -> tuple[int, int]:
    """Return a memo index that is written in digits, and the position behind it."""
    digits = state.short_line(pos)
    if digits is not None and len(digits) <= _DIGITS and digits.isdigit():
        return int(digits), pos + len(digits) + 1
    text, pos = state.line("memo index", pos)
    if not isinstance(text, bytes) or len(text) > _DIGITS:
        raise state.broken("a memo index of many digits")
    return parsed(text), pos


def long_binget(state: State, data: bytes, pos: int) -> int:
    """LONG_BINGET."""
    end = pos + 4
    state.stack.append(state.memo[int.from_bytes(data[pos:end], "little")])
    return end


def empty_tuple(state: State, data: bytes, pos: int) -> int:
    """EMPTY_TUPLE."""
    state.stack.append(())
    return pos


def tuple1(state: State, data: bytes, pos: int) -> int:
    """TUPLE1."""
    stack = state.stack
    value = stack[-1]
    if type(value) is Global:
        state.handed_on(value, "TUPLE1")
    stack[-1] = (value,)
    return pos


def tuple2(state: State, data: bytes, pos: int) -> int:
    """TUPLE2."""
    stack = state.stack
    last = stack.pop()
    first = stack[-1]
    if type(first) is Global or type(last) is Global:
        _hand_on(state, (first, last), "TUPLE2")
    stack[-1] = (first, last)
    return pos


def tuple3(state: State, data: bytes, pos: int) -> int:
    """TUPLE3."""
    stack = state.stack
    last = stack.pop()
    middle = stack.pop()
    value = (stack[-1], middle, last)
    _hand_on(state, value, "TUPLE3")
    stack[-1] = value
    return pos


def tuple_(state: State, data: bytes, pos: int) -> int:
    """TUPLE."""
    value = tuple(state.pop_mark())
    _hand_on(state, value, "TUPLE")
    state.stack.append(value)
    return pos


def _hand_on(state: State, values: tuple[Value, ...], op: str) -> None:
    for value in values:
        if type(value) is Global:
            state.handed_on(value, op)


def empty_list(state: State, data: bytes, pos: int) -> int:
    """EMPTY_LIST."""
    state.stack.append(Container("list", state.at))
    return pos


def empty_dict(state: State, data: bytes, pos: int) -> int:
    """EMPTY_DICT."""
    state.stack.append(Container("dict", state.at))
    return pos


def empty_set(state: State, data: bytes, pos: int) -> int:
    """EMPTY_SET."""
    state.stack.append(Container("set", state.at))
    return pos


def list_(state: State, data: bytes, pos: int) -> int:
    """LIST."""
    return _filled(state, "list", "LIST", pos)


def dict_(state: State, data: bytes, pos: int) -> int:
    """DICT."""
    return _filled(state, "dict", "DICT", pos)


def frozenset_(state: State, data: bytes, pos: int) -> int:
    """FROZENSET."""
    return _filled(state, "frozenset", "FROZENSET", pos)


def _filled(state: State, kind: str, op: str, pos: int) -> int:
    items = state.pop_mark()
    container = Container(kind, state.at)
    state.grow(container, items, op)
    state.stack.append(container)
    return pos


def append(state: State, data: bytes, pos: int) -> int:
    """APPEND."""
    item = state.stack.pop()
    if state.grow_plainly(state.stack[-1], "list", item):
        return pos
    return _fill(state, [item], "list", "APPEND", pos)


def appends(state: State, data: bytes, pos: int) -> int:
    """APPENDS."""
    return _fill(state, state.pop_mark(), "list", "APPENDS", pos)


def setitem(state: State, data: bytes, pos: int) -> int:
    """SETITEM."""
    value = state.stack.pop()
    key = state.stack.pop()
    if state.grow_plainly(state.stack[-1], "dict", key, value):
        return pos
    return _fill(state, [key, value], "dict", "SETITEM", pos)


def setitems(state: State, data: bytes, pos: int) -> int:
    """SETITEMS."""
    return _fill(state, state.pop_mark(), "dict", "SETITEMS", pos)


def additems(state: State, data: bytes, pos: int) -> int:
    """ADDITEMS."""
    return _fill(state, state.pop_mark(), "set", "ADDITEMS", pos)


def _fill(state: State, items: list[Value], kind: str, op: str, pos: int) -> int:
    """Fill whatever lies on top of the stack: unpicklers call methods of it by name."""
    state.filled(state.stack[-1], kind, items, op)
    return pos
