# SPDX-License-Identifier: Apache-2.0
"""Constants of a Python module: what texts and numbers come to, however they are put together."""

import ast
import base64
import binascii
import codecs
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from steelyard.formats import folding
from steelyard.formats.folding import Unknown
from steelyard.formats.python_scopes import Bindings, Scope

_STEPS = 150  # of folding one constant; genuine ones need a handful


class Constants:
    """Folds constant expressions; nothing of the module runs.

    Args:
        bindings: Of the module.
        origins: Returns the dotted origins of an expression, see `python_names`.
    """

    def __init__(
        self, bindings: Bindings, origins: Callable[[ast.expr, Scope], Sequence[str]]
    ) -> None:
        self._bindings = bindings
        self._origins = origins
        self._steps = 0
        self._active = False
        self._folding: set[tuple[Scope, str]] = set()

    def value(self, node: ast.expr, scope: Scope) -> Any:  # noqa: ANN401 - any constant
        """Return the constant an expression comes to.

        Raises:
            Unknown: It cannot be told.
        """
        if self._active:  # asked again on the way to a constant: the steps are shared
            return self._constant(node, scope)
        self._steps, self._active = _STEPS, True
        try:
            return self._constant(node, scope)
        finally:
            self._active = False

    def _constant(self, node: ast.expr, scope: Scope) -> Any:  # noqa: ANN401 - any constant
        self._steps -= 1
        if self._steps < 0:
            raise Unknown
        if isinstance(node, ast.Constant):
            return folding.bounded(node.value)
        fold = _FOLD.get(type(node))
        if fold is None:
            raise Unknown
        return folding.bounded(fold(self, node, scope))

    def _fold_name(self, node: ast.Name, scope: Scope) -> object:
        inside, bindings = scope.look_up(node.id) or (scope, [])
        key = (inside, node.id)
        if len(bindings) != 1 or not isinstance(bindings[0], ast.expr) or key in self._folding:
            raise Unknown
        self._folding.add(key)
        try:
            return self._constant(bindings[0], inside)
        finally:
            self._folding.discard(key)

    def _fold_binary(self, node: ast.BinOp, scope: Scope) -> object:
        operator = {"Mult": "Mul"}.get(type(node.op).__name__, type(node.op).__name__)
        left, right = self._constant(node.left, scope), self._constant(node.right, scope)
        return folding.binary(operator, left, right)

    def _fold_sequence(self, node: ast.List | ast.Tuple, scope: Scope) -> object:
        held = [self._constant(element, scope) for element in node.elts]
        return held if isinstance(node, ast.List) else tuple(held)

    def _fold_text(self, node: ast.JoinedStr, scope: Scope) -> object:
        pieces = []
        for piece in node.values:
            inner = piece.value if isinstance(piece, ast.FormattedValue) else piece
            pieces.append(self._constant(inner, scope))
        return folding.concat(pieces)

    def _fold_subscript(self, node: ast.Subscript, scope: Scope) -> object:
        value = self._constant(node.value, scope)
        if not isinstance(node.slice, ast.Slice):
            return folding.item(value, self._constant(node.slice, scope))
        bounds = (node.slice.lower, node.slice.upper, node.slice.step)
        return folding.slice_of(
            value, *(None if each is None else self._constant(each, scope) for each in bounds)
        )

    def _fold_unary(self, node: ast.UnaryOp, scope: Scope) -> object:
        value = self._constant(node.operand, scope)
        if isinstance(node.op, ast.USub) and isinstance(value, int | float):
            return -value
        raise Unknown

    def _fold_listed(self, node: ast.GeneratorExp | ast.ListComp, scope: Scope) -> object:
        """Return what a comprehension over a constant gives, one clause and no condition."""
        clause = node.generators[0]
        if len(node.generators) > 1 or clause.ifs or not isinstance(clause.target, ast.Name):
            raise Unknown
        held = self._constant(clause.iter, scope)
        if folding.length(held) > _STEPS:
            raise Unknown
        results = []
        for element in held:
            inner = Scope(scope)
            inner.bind(clause.target.id, ast.Constant(element))
            results.append(self._constant(node.elt, inner))
        return results

    def _fold_call(self, node: ast.Call, scope: Scope) -> object:
        if node.keywords:
            raise Unknown
        args = [self._constant(arg, scope) for arg in node.args if not _is_callable(arg)]
        if isinstance(node.func, ast.Name) and scope.look_up(node.func.id) is None:
            return self._fold_builtin(node, args)
        for origin in self._origins(node.func, scope):
            if origin in _DECODERS:
                return _decoded(origin, args)
        _, returned = self._bindings.returned_by(node, scope)
        if len(returned) == 1 and isinstance(returned[0][0], ast.expr):
            return self._constant(returned[0][0], returned[0][1])
        if isinstance(node.func, ast.Attribute):
            if isinstance(node.func.value, ast.Name) and node.func.value.id == "bytes":
                return _decoded("bytes.fromhex", args)
            return folding.method(self._constant(node.func.value, scope), node.func.attr, args)
        raise Unknown

    def _fold_builtin(self, node: ast.Call, args: Sequence[Any]) -> object:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "map" and len(node.args) == 2 and isinstance(node.args[0], ast.Name):
            return [_apply(node.args[0].id, [element]) for element in args[-1]]
        return _apply(name, args)


def _is_callable(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in _PURE


def _apply(name: str, args: Sequence[Any]) -> object:
    if name not in _PURE:
        raise Unknown
    if any(isinstance(arg, range) or (isinstance(arg, int) and arg > 0x10FFFF) for arg in args):
        raise Unknown
    try:
        return folding.bounded(_PURE[name](*args))
    except (TypeError, ValueError, OverflowError) as error:
        raise Unknown from error


def _decoded(origin: str, args: Sequence[Any]) -> object:
    try:
        return folding.bounded(_DECODERS[origin](*args))
    except (TypeError, ValueError, LookupError, binascii.Error, zlib.error) as error:
        raise Unknown from error


def _inflate(data: bytes) -> bytes:
    stream = zlib.decompressobj()
    unpacked = stream.decompress(data, folding.LONGEST)
    if not stream.eof:
        raise Unknown
    return unpacked


def _recode(value: Any, name: str) -> Any:  # noqa: ANN401 - text or bytes, as the codec has it
    if name.lower().replace("_", "-") not in ("rot13", "rot-13", "hex", "base64", "utf-8"):
        raise Unknown
    return codecs.decode(value, name)


_PURE: Mapping[str, Callable[..., Any]] = {
    "bytes": lambda held: bytes(list(held)),
    "bytearray": lambda held: bytes(list(held)),
    "chr": chr,
    "int": int,
    "len": len,
    "list": list,
    "ord": ord,
    "repr": repr,
    "reversed": lambda held: list(reversed(held)),
    "str": str,
    "tuple": tuple,
}
_DECODERS: Mapping[str, Callable[..., Any]] = {
    "base64.b64decode": lambda data, *_: base64.b64decode(data),
    "base64.b32decode": lambda data, *_: base64.b32decode(data),
    "base64.b85decode": lambda data: base64.b85decode(data),
    "base64.decodebytes": base64.decodebytes,
    "base64.urlsafe_b64decode": base64.urlsafe_b64decode,
    "binascii.a2b_base64": binascii.a2b_base64,
    "binascii.unhexlify": binascii.unhexlify,
    "bytes.fromhex": bytes.fromhex,
    "codecs.decode": _recode,
    "zlib.decompress": lambda data, *_: _inflate(data),
}
_FOLD: Mapping[type[ast.expr], Callable[[Constants, Any, Scope], object]] = {
    ast.Name: Constants._fold_name,
    ast.BinOp: Constants._fold_binary,
    ast.List: Constants._fold_sequence,
    ast.Tuple: Constants._fold_sequence,
    ast.JoinedStr: Constants._fold_text,
    ast.Subscript: Constants._fold_subscript,
    ast.UnaryOp: Constants._fold_unary,
    ast.ListComp: Constants._fold_listed,
    ast.GeneratorExp: Constants._fold_listed,
    ast.Call: Constants._fold_call,
}
