# SPDX-License-Identifier: Apache-2.0
"""Handlers of the opcodes through which a pickle reaches its loader: imports, calls, BUILD."""

from steelyard.formats.pickle_state import State
from steelyard.formats.pickle_values import (
    COMPUTED_NAME,
    Blob,
    Call,
    Container,
    Extension,
    Global,
    Persistent,
    Unknown,
    Value,
)

_MAKERS = frozenset(
    f"{module}.{name}"
    for module in ("copyreg", "copy_reg")
    for name in ("_reconstructor", "__newobj__", "__newobj_ex__")
)
"""Functions that make an instance of the class they are given first."""

_PERSISTENT = 4_000_000  # persistent ids of one pickle that are kept


def global_(state: State, data: bytes, pos: int) -> int:
    """GLOBAL."""
    value, pos = _imported(state, pos, "GLOBAL")
    state.stack.append(value)
    return pos


def _imported(state: State, pos: int, op: str) -> tuple[Value, int]:
    module, pos = state.line("str", pos)
    name, pos = state.line("str", pos)
    if isinstance(module, Blob) or isinstance(name, Blob):
        return _computed(state, module, name, op), pos
    return state.log.imported(module.decode(), name.decode(), state.at, op), pos


def stack_global(state: State, data: bytes, pos: int) -> int:
    """STACK_GLOBAL."""
    name = state.stack.pop()
    module = state.stack.pop()
    if type(module) is str and type(name) is str:
        state.stack.append(state.log.imported(module, name, state.at, "STACK_GLOBAL"))
        return pos
    for part in (module, name):
        if type(part) not in (str, Blob, Call, Global, Persistent, Extension, Unknown):
            raise state.broken(f"STACK_GLOBAL with a {type(part).__name__} for a name")
    state.stack.append(_computed(state, module, name, "STACK_GLOBAL"))
    return pos


def _computed(state: State, module: Value, name: Value, op: str) -> Unknown:
    value = Unknown(COMPUTED_NAME, state.at)
    state.log.changed("name", value, (module, name), state.at, op)
    return value


def extension(state: State, data: bytes, pos: int) -> int:
    """EXT1, EXT2, EXT4: an import by code, from the registry that copyreg keeps."""
    op = data[pos - 1]
    size = {0x82: 1, 0x83: 2, 0x84: 4}[op]
    value = Extension(int.from_bytes(data[pos : pos + size], "little"), state.at)
    state.log.changed("extension", value, (value.code,), state.at, f"EXT{size}")
    state.stack.append(value)
    return pos + size


def persid(state: State, data: bytes, pos: int) -> int:
    """PERSID."""
    text, pos = state.line("str", pos)
    _persistent(state, text if isinstance(text, Blob) else text.decode("latin-1"))
    return pos


def binpersid(state: State, data: bytes, pos: int) -> int:
    """BINPERSID."""
    _persistent(state, state.stack.pop())
    return pos


def _persistent(state: State, name: Value) -> None:
    if len(state.persistent) >= _PERSISTENT:
        raise state.broken(f"more than {_PERSISTENT:,} persistent ids")
    value = Persistent(name, state.at)
    state.persistent.append(value)
    state.stack.append(value)


def reduce(state: State, data: bytes, pos: int) -> int:
    """REDUCE: callable(*args)."""
    args = state.stack.pop()
    _call(state, state.stack.pop(), args, "REDUCE")
    return pos


def newobj(state: State, data: bytes, pos: int) -> int:
    """NEWOBJ: cls.__new__(cls, *args)."""
    args = state.stack.pop()
    _call(state, state.stack.pop(), args, "NEWOBJ")
    return pos


def newobj_ex(state: State, data: bytes, pos: int) -> int:
    """NEWOBJ_EX: cls.__new__(cls, *args, **kwargs)."""
    kwargs = state.stack.pop()
    args = state.stack.pop()
    _call(state, state.stack.pop(), args, "NEWOBJ_EX", kwargs)
    return pos


def obj(state: State, data: bytes, pos: int) -> int:
    """OBJ: the callable is the first value above the mark."""
    items = state.pop_mark()
    _call(state, items[0], tuple(items[1:]), "OBJ")
    return pos


def inst(state: State, data: bytes, pos: int) -> int:
    """INST: the callable is named by the opcode."""
    callee, pos = _imported(state, pos, "INST")
    _call(state, callee, tuple(state.pop_mark()), "INST")
    return pos


def _call(state: State, callee: Value, args: Value, op: str, kwargs: Value = None) -> None:
    if type(callee) not in (Global, Call, Persistent, Extension, Unknown):
        raise state.broken(f"{op} calls a {_kind(callee)}")
    if op in ("INST", "OBJ"):
        for item in args:
            if type(item) is Global:
                state.handed_on(item, op)
    state.stack.append(state.log.called(Call(callee, args, op, state.at, kwargs)))


def _kind(value: Value) -> str:
    return value.kind if isinstance(value, Container | Blob) else type(value).__name__


def build(state: State, data: bytes, pos: int) -> int:
    """BUILD: __setstate__, or an update of __dict__ and slots."""
    given = state.stack.pop()
    target = state.stack[-1]
    if type(given) is Global:
        state.handed_on(given, "BUILD")
    if type(target) in (Global, Call, Persistent, Extension, Unknown):
        state.log.changed("build", target, given, state.at, "BUILD")
    if type(target) is not Call:
        return pos
    if not target.shared:
        target.state = given
    if state.raw_array is None or not is_array_wrapper(_class_of(target)):
        return pos
    return state.raw_array(target, given, state.base + pos) - state.base


def _class_of(value: Call) -> Value:
    """Return the class that a call makes an instance of, as far as bytes tell."""
    callee, args = value.callee, value.args
    if type(callee) is Global and callee.dotted in _MAKERS and type(args) is tuple and args:
        return args[0]
    return callee


def is_array_wrapper(callee: Value) -> bool:
    """Tell whether instances of this are replaced by joblib by an array that follows."""
    return (
        type(callee) is Global
        and callee.name == "NumpyArrayWrapper"
        and callee.module.endswith("joblib.numpy_pickle")
    )
