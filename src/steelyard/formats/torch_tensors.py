# SPDX-License-Identifier: Apache-2.0
"""The tensors of a torch pickle: name, type, shape, and whether they lie inside their storage.

Source: torch/_utils.py (`_rebuild_*`), torch/nn/modules/module.py, 1.0 to 2.13.
"""

import math
from collections.abc import Iterator, Mapping

import msgspec

from steelyard.formats.pickle_values import Call, Container, Global, Value
from steelyard.formats.port import Flaw
from steelyard.formats.tensor import ITEM_BYTES, TensorInfo
from steelyard.formats.torch_storage import Storage, dtype_of, storage_of

_TENSORS = 1_000_000  # tensors of a file that are listed
_WALKED = 4_000_000  # values that are looked at for tensors
_UNNAMED = frozenset({"_parameters", "_buffers", "_modules"})
"""Attributes of torch.nn.Module that take no part in the names of a state dict."""

_WRAPPERS = frozenset(
    {"_rebuild_parameter", "_rebuild_parameter_with_state", "Parameter", "Buffer"}
)
_PLAIN = frozenset(
    {"_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_qtensor"}
)


class View(msgspec.Struct, frozen=True):
    """A tensor as a window on its storage.

    Attributes:
        storage: The storage.
        dtype: Canonical name of the element type.
        offset: First element, counted from the storage's beginning.
        shape: Extents.
        stride: Distances in elements.
    """

    storage: Storage
    dtype: str
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def end(self) -> int:
        """Return the offset in bytes behind the last element it reaches."""
        if 0 in self.shape:
            return 0
        reach = sum((n - 1) * step for n, step in zip(self.shape, self.stride, strict=True))
        return (self.offset + reach + 1) * ITEM_BYTES[self.dtype]

    @property
    def plain(self) -> bool:
        """Tell whether its elements lie one after the other, the last extent fastest."""
        expected = 1
        for extent, step in zip(reversed(self.shape), reversed(self.stride), strict=True):
            if extent != 1 and step != expected:
                return False
            expected *= extent
        return self.offset >= 0


def views(result: Value) -> Iterator[tuple[str, View]]:
    """Yield the tensors that a pickle gives, with their names, in order."""
    for count, (name, call) in enumerate(_calls(result)):
        if count >= _TENSORS:
            return
        view = _view(call)
        if view is not None:
            yield name, view


def tensor_infos(
    found: list[tuple[str, View]], prefix: str, begins: Mapping[str, int]
) -> Iterator[TensorInfo]:
    """Yield what there is to say of tensors.

    Args:
        found: As `views` yields them.
        prefix: What the keys of storages are to be led by, so that they name the bytes.
        begins: Byte offsets of the storages that lie in the layer as they are, by key.
    """
    for name, view in found:
        size = math.prod(view.shape) * ITEM_BYTES[view.dtype]
        storage = f"{prefix}{view.storage.key}"
        begin = begins.get(view.storage.key, -1)
        plain = begin >= 0 and view.plain and view.end <= view.storage.nbytes
        at = begin + view.offset * ITEM_BYTES[view.dtype] if plain else -1
        yield TensorInfo(name, view.dtype, view.shape, size, storage, at)


def view_flaws(found: list[tuple[str, View]]) -> Iterator[Flaw]:
    """Yield the tensors that reach beyond their storage."""
    for name, view in found:
        if view.end > view.storage.nbytes or view.offset < 0 or min(view.stride, default=0) < 0:
            message = (
                f"tensor {name!r} {list(view.shape)} reaches byte {view.end:,} of storage "
                f"{view.storage.key!r}, which has {view.storage.nbytes:,}"
            )
            yield Flaw(code="view", message=message, at=view.storage.at)


def _calls(result: Value) -> Iterator[tuple[str, Call]]:
    """Yield the calls that make tensors, outer containers first, each container once."""
    todo: list[tuple[str, Value]] = [("", result)]
    seen: set[int] = set()
    for _ in range(_WALKED):
        if not todo:
            return
        name, value = todo.pop()
        made = _unwrapped(value)
        if made is not None:
            yield name, made
        elif not isinstance(value, Call | Container | tuple) or id(value) in seen:
            continue
        else:
            seen.add(id(value))
            todo += reversed(list(_inside(name, value)))


def _unwrapped(value: Value) -> Call | None:
    """Return the call that makes a tensor from its storage, whatever wraps it."""
    for _ in range(8):
        if not isinstance(value, Call) or not isinstance(value.callee, Global):
            return None
        if value.callee.name in _PLAIN:
            return value
        args = value.args if isinstance(value.args, tuple) else ()
        if value.callee.name in _WRAPPERS and args:
            value = args[0]
        elif value.callee.name == "_rebuild_from_type_v2" and len(args) > 2:
            value = Call(args[0], args[2], value.op, value.at)
        else:
            return None
    return None


def _inside(name: str, value: Value) -> Iterator[tuple[str, Value]]:
    if isinstance(value, tuple):
        yield from ((_join(name, str(i)), item) for i, item in enumerate(value))
    elif isinstance(value, Container) and value.kind == "dict":
        for key, item in value.pairs():
            if isinstance(key, str | int):
                yield _join(name, "" if key in _UNNAMED else str(key)), item
    elif isinstance(value, Container):
        yield from ((_join(name, str(i)), item) for i, item in enumerate(value.items))
    else:
        yield from ((name, part) for part in (value.args, value.state, value.filled))


def _join(name: str, more: str) -> str:
    return f"{name}.{more}" if name and more else name or more


def _view(call: Call) -> View | None:
    args = call.args if isinstance(call.args, tuple) else ()
    storage = storage_of(args[0]) if len(args) >= 4 else None
    if storage is None:
        return None
    offset, shape, stride = args[1], _lengths(args[2]), _lengths(args[3])
    if type(offset) is not int or shape is None or stride is None or len(shape) != len(stride):
        return None
    dtype = storage.dtype
    if call.callee.name == "_rebuild_tensor_v3":
        dtype = (dtype_of(args[6]) if len(args) > 6 else None) or dtype
    return View(storage, dtype, offset, shape, stride)


def _lengths(value: Value) -> tuple[int, ...] | None:
    """Return a tuple of lengths, which torch.Size may wrap."""
    if isinstance(value, Call) and isinstance(value.args, tuple) and len(value.args) == 1:
        value = value.args[0]
    if isinstance(value, tuple) and all(type(n) is int and n >= 0 for n in value):
        return value
    return None
