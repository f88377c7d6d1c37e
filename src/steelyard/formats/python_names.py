# SPDX-License-Identifier: Apache-2.0
"""What expressions of a Python module stand for: dotted origins, however they are reached."""

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from steelyard.core.errors import LimitError
from steelyard.formats.folding import Unknown
from steelyard.formats.python_constants import Constants
from steelyard.formats.python_scopes import LOCAL, Binding, Bindings, Scope

_PASSES = 200  # until names settle; genuine modules need two to five
_MOST = 500  # origins of one name; genuine names have a few
_PIECES = 7  # of a dotted origin that is followed; what lies deeper is reached by its own name

MODULES = frozenset(
    [
        "builtins",
        "ctypes",
        "importlib",
        "marshal",
        "os",
        "posix",
        "pty",
        "runpy",
        "shutil",
        "socket",
        "subprocess",
        "sys",
    ]
)
"""Modules that reach outside; whatever module they are taken through, they are these."""

_COMPUTED = MODULES | {"sys.modules", "os.environ", "globals()", "builtins.__builtins__", "pickle"}
_MODULE_TABLES = ("sys.modules",)
_PATH = "pathlib.Path()"
_PATHS = frozenset(
    {
        *(f"pathlib.Path.{way}" for way in ("home", "cwd")),
        *(
            f"{_PATH}.{way}"
            for way in (
                "absolute",
                "expanduser",
                "joinpath",
                "resolve",
                "with_name",
                "with_stem",
                "with_suffix",
            )
        ),
    }
)
"""What gives another path."""

_IMPORTERS = frozenset({"builtins.__import__", "importlib.import_module", "importlib.__import__"})
_BUILTINS = frozenset(
    [
        "__import__",
        "__builtins__",
        "breakpoint",
        "compile",
        "delattr",
        "eval",
        "exec",
        "execfile",
        "getattr",
        "globals",
        "input",
        "locals",
        "open",
        "setattr",
        "vars",
    ]
)


class Names:
    """Follows names, attributes and subscripts to where they come from.

    Args:
        bindings: Of the module.
        matters: Tells whether the result of calling an origin is worth following.
    """

    def __init__(self, bindings: Bindings, matters: Callable[[str], bool]) -> None:
        self._bindings = bindings
        self._matters = matters
        self._constants = Constants(bindings, self._origins)
        self._holding: set[tuple[Scope, str]] = set()
        self._known: dict[tuple[Scope, str], dict[str, None]] = {}
        self._settle()

    def origins(self, node: ast.expr, scope: Scope) -> tuple[str, ...]:
        """Return the dotted origins an expression may have, such as `os.system`; none if unknown.

        The result of a call is written with `()`, as in `socket.socket().connect`; an attribute or
        member whose name cannot be told with `[]`.
        """
        return tuple(self._origins(node, scope))

    def constant(self, node: ast.expr, scope: Scope) -> Any:  # noqa: ANN401 - any constant
        """Return the constant an expression comes to; raises as `Constants.value`."""
        return self._constants.value(node, scope)

    def _origins(self, node: ast.expr, scope: Scope) -> list[str]:
        follow = _FOLLOW.get(type(node))
        found = follow(self, node, scope) if follow is not None else []
        return list(dict.fromkeys(found))

    def _settle(self) -> None:
        """Work out the origins of every name, attribute and result until nothing new turns up."""
        bound = [
            ((scope, name), binding, scope)
            for scope in self._bindings.scopes
            for name, bindings in scope.names().items()
            for binding in bindings
        ]
        for mark, table in ((".", self._bindings.attributes), ("()", self._bindings.returns)):
            for name, held in table.items():
                bound += [((self._bindings.module, mark + name), *each) for each in held]
        for _ in range(_PASSES):
            if not self._pass(bound):
                return
        raise LimitError("module whose names do not settle")

    def _pass(self, bound: Sequence[tuple[tuple[Scope, str], Binding, Scope]]) -> bool:
        changed = False
        for key, binding, scope in bound:
            if binding is None or binding == LOCAL:
                continue
            known = self._known.setdefault(key, {})
            found = (
                _member(*binding.rpartition(".")[::2])
                if isinstance(binding, str)
                else self._origins(binding, scope)
            )
            for origin in found:
                if origin not in known:
                    known[origin] = None
                    changed = True
            if len(known) > _MOST:
                raise LimitError(f"a name with more than {_MOST} origins")
        return changed

    def _name(self, node: ast.Name, scope: Scope) -> list[str]:
        found = scope.look_up(node.id)
        if found is None:
            starred = [f"{module}.{node.id}" for module in self._bindings.stars]
            return [f"builtins.{node.id}"] if node.id in _BUILTINS else starred
        return list(self._known.get((found[0], node.id), ()))

    def _attribute(self, node: ast.Attribute, scope: Scope) -> list[str]:
        bases = self._origins(node.value, scope)
        if node.attr == "__call__":  # to call it is to call what it is of
            return bases
        if bases:
            return [origin for base in bases for origin in _member(base, node.attr)]
        return list(self._known.get((self._bindings.module, f".{node.attr}"), ()))

    def _subscript(self, node: ast.Subscript, scope: Scope) -> list[str]:
        bases = self._origins(node.value, scope)
        try:
            key = self._constants.value(node.slice, scope)
        except Unknown:
            key = None
        if not bases:
            return self._held(node.value, key, scope)
        if isinstance(node.slice, ast.Name) and node.slice.id == "__name__":
            return []  # of this very module
        if not isinstance(key, str):
            return [f"{base}[]" for base in bases if base in _COMPUTED]
        if any(base in _MODULE_TABLES for base in bases):
            return [key]
        return [origin for base in bases for origin in _member(base.removesuffix(".__dict__"), key)]

    def _held(self, node: ast.expr, key: object, scope: Scope) -> list[str]:
        """Return the origins of what a literal list or dictionary holds."""
        if not isinstance(node, ast.Name):
            return self._elements(node, key, scope)
        inside, bindings = scope.look_up(node.id) or (scope, [])
        if (inside, node.id) in self._holding:
            return []
        self._holding.add((inside, node.id))
        found = [
            origin
            for binding in bindings
            if isinstance(binding, ast.Dict | ast.List | ast.Tuple)
            for origin in self._elements(binding, key, inside)
        ]
        self._holding.discard((inside, node.id))
        return found

    def _elements(self, node: ast.expr, key: object, scope: Scope) -> list[str]:
        held: Sequence[ast.expr] = []
        if isinstance(node, ast.Dict):
            keys = [each.value if isinstance(each, ast.Constant) else None for each in node.keys]
            pairs = zip(keys, node.values, strict=True)
            held = [value for each, value in pairs if key is None or each in (key, None)]
        elif isinstance(node, ast.List | ast.Tuple):
            held = node.elts
        return [origin for element in held for origin in self._origins(element, scope)]

    def _call(self, node: ast.Call, scope: Scope) -> list[str]:
        origins: list[str] = []
        for callee in self._origins(node.func, scope):
            origins += self._result(callee, node, scope)
        name, returned = self._bindings.returned_by(node, scope)
        if origins or not returned:
            return origins
        return list(self._known.get((self._bindings.module, f"(){name}"), ()))

    def _result(self, callee: str, node: ast.Call, scope: Scope) -> list[str]:
        if callee in _IMPORTERS:
            return self._imported(callee, node, scope)
        if callee == "builtins.getattr" and len(node.args) > 1:
            return self._taken(node.args[0], node.args[1], scope)
        if callee in ("builtins.vars", "builtins.globals", "builtins.locals"):
            bases = self._origins(node.args[0], scope) if node.args else [""]
            return [f"{base}.__dict__" if base else "globals()" for base in bases]
        if callee in _PATHS:
            return [_PATH]
        if callee in ("sys.modules.get", "sys.modules.pop", "sys.modules.__getitem__"):
            return self._modules(node.args[:1], scope)
        if callee == "functools.partial" and node.args:
            return self._origins(node.args[0], scope)
        if callee == "operator.attrgetter":
            return ["operator.attrgetter()"]
        if callee == "operator.attrgetter()" and node.args and isinstance(node.func, ast.Call):
            return self._taken(node.args[0], node.func.args[0], scope)
        return [f"{callee}()"] if self._matters(callee) else []

    def _imported(self, callee: str, node: ast.Call, scope: Scope) -> list[str]:
        try:
            name = self._constants.value(node.args[0], scope) if node.args else None
        except Unknown:
            name = None
        if not isinstance(name, str):
            return []
        return [name if callee == "importlib.import_module" else name.partition(".")[0]]

    def _taken(self, base: ast.expr, name: ast.expr, scope: Scope) -> list[str]:
        bases = self._origins(base, scope)
        try:
            taken = self._constants.value(name, scope)
        except Unknown:
            return [f"{base}[]" for base in bases if base in _COMPUTED]
        return [origin for base in bases for origin in _member(base, str(taken))]

    def _either(self, node: ast.expr, scope: Scope) -> list[str]:
        options = [node.body, node.orelse] if isinstance(node, ast.IfExp) else []
        options = node.values if isinstance(node, ast.BoolOp) else options
        return [origin for option in options for origin in self._origins(option, scope)]

    def _modules(self, keys: Sequence[ast.expr], scope: Scope) -> list[str]:
        """Return the module that is taken from the table of all modules."""
        try:
            key = self._constants.value(keys[0], scope) if keys else None
        except Unknown:
            key = None
        return [key] if isinstance(key, str) else ["sys.modules[]"]

    def _joined(self, node: ast.BinOp, scope: Scope) -> list[str]:
        """Return what a path becomes by `/`."""
        return [origin for origin in self._origins(node.left, scope) if origin == _PATH]

    def _inside(self, node: ast.expr, scope: Scope) -> list[str]:
        inner = getattr(node, "value", None)
        return self._origins(inner, scope) if isinstance(inner, ast.expr) else []


def _member(base: str, name: str) -> list[str]:
    """Return the origin of a member: none when it lies too deep, a module by its own name."""
    base = base.removesuffix(".__dict__")
    if base == _PATH and name == "parent":
        return [base]
    if base in ("builtins.__builtins__", "globals().__builtins__"):
        base = "builtins"
    whole = f"{base}.{name}" if base else name
    found = [whole] if base.count(".") + 2 <= _PIECES else []
    module = name.lstrip("_")  # `random._os` is `os`
    return [*found, module] if module in MODULES else found


_FOLLOW: Mapping[type[ast.expr], Callable[[Names, Any, Scope], list[str]]] = {
    ast.Name: Names._name,
    ast.Attribute: Names._attribute,
    ast.Subscript: Names._subscript,
    ast.Call: Names._call,
    ast.IfExp: Names._either,
    ast.BinOp: Names._joined,
    ast.BoolOp: Names._either,
    ast.NamedExpr: Names._inside,
    ast.Await: Names._inside,
    ast.Starred: Names._inside,
}
