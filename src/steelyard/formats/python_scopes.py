# SPDX-License-Identifier: Apache-2.0
"""Which names of a Python module are bound to what."""

import ast
from collections.abc import Sequence

import msgspec

Binding = ast.expr | str | None
"""What a name is bound to: an expression, a dotted origin (`os.system`), or something unknown."""

BINDERS = (
    ast.Import,
    ast.ImportFrom,
    ast.Global,
    ast.Assign,
    ast.AnnAssign,
    ast.NamedExpr,
    ast.AugAssign,
    ast.For,
    ast.AsyncFor,
    ast.comprehension,
    ast.withitem,
)
"""Kinds of nodes that bind names."""

LOCAL = "<local>"  # origin of a function or class of the module itself


class Unit:
    """A piece of code that runs as a whole: the module, or a function of it.

    Attributes:
        calls: Names it may call: `f`, `.method`, `x.method`, `class C`, in order.
    """

    def __init__(self) -> None:
        self.calls: dict[str, None] = {}


class Scope:
    """Names of the module or of a function.

    Args:
        outer: The scope around; None for the module.
    """

    def __init__(self, outer: "Scope | None") -> None:
        self.outer = outer
        self._names: dict[str, list[Binding]] = {}
        self._global: set[str] = set()

    @property
    def module(self) -> "Scope":
        """Return the scope of the module."""
        scope = self
        while scope.outer is not None:
            scope = scope.outer
        return scope

    def bind(self, name: str, binding: Binding) -> None:
        """Note one more thing that a name is bound to."""
        scope = self.module if name in self._global else self
        scope._names.setdefault(name, []).append(binding)

    def make_global(self, name: str) -> None:
        """Let the name be the module's from here on."""
        self._global.add(name)

    def names(self) -> "dict[str, list[Binding]]":
        """Return what the names of this scope alone are bound to."""
        return self._names

    def look_up(self, name: str) -> "tuple[Scope, list[Binding]] | None":
        """Return what a name is bound to, with the scope in which it is; None where it is not."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope._names and name not in scope._global:
                return scope, scope._names[name]
            scope = scope.outer
        return None


class Spot(msgspec.Struct, frozen=True):
    """A syntax node with the code and the names around it."""

    node: ast.AST
    unit: Unit
    scope: Scope


class Bindings:
    """What the statements of a module bind.

    Attributes:
        module: Scope of the module.
        scopes: Every scope, the module's first.
        attributes: What attributes of any object are bound to, by name.
        stars: Modules from which everything is imported.
        returns: What functions of the module return, by name.
    """

    def __init__(self) -> None:
        self.module = Scope(None)
        self.scopes = [self.module]
        self.attributes: dict[str, list[tuple[Binding, Scope]]] = {}
        self.stars: list[str] = []
        self.returns: dict[str, list[tuple[Binding, Scope]]] = {}

    def inner(self, outer: Scope) -> Scope:
        """Return a new scope inside another."""
        self.scopes.append(Scope(outer))
        return self.scopes[-1]

    def take(self, node: ast.AST, scope: Scope, owner: str) -> None:
        """Note what a node binds.

        Args:
            node: Any node.
            scope: Names around it.
            owner: Class whose body it is in; empty where there is none.
        """
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                scope.bind(alias.asname or top, alias.name if alias.asname else top)
        elif isinstance(node, ast.ImportFrom):
            self._take_from(node, scope)
        elif isinstance(node, ast.Global):
            for name in node.names:
                scope.make_global(name)
        else:
            for target, value in _targets(node):
                self._bind(target, value, scope, owner)

    def returned_by(
        self, node: ast.Call, scope: Scope
    ) -> "tuple[str, Sequence[tuple[Binding, Scope]]]":
        """Return the name of the function of the module that a call reaches, and what it returns."""
        if isinstance(node.func, ast.Name):
            found = scope.look_up(node.func.id)
            local = found is not None and LOCAL in found[1]
            return node.func.id, self.returns.get(node.func.id, []) if local else []
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        return name, self.returns.get(name, [])

    def _take_from(self, node: ast.ImportFrom, scope: Scope) -> None:
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            if alias.name == "*":
                self.stars.append(module)
            else:
                scope.bind(alias.asname or alias.name, f"{module}.{alias.name}")

    def _bind(self, target: ast.expr, value: ast.expr | None, scope: Scope, owner: str) -> None:
        pairs: list[tuple[ast.expr, ast.expr | None]] = [(target, value)]
        while pairs:
            target, value = pairs.pop()
            if isinstance(target, ast.Name):
                scope.bind(target.id, value)
                if owner:
                    self.attributes.setdefault(target.id, []).append((value, scope))
            elif isinstance(target, ast.Attribute):
                self.attributes.setdefault(target.attr, []).append((value, scope))
            elif isinstance(target, ast.Tuple | ast.List):
                pairs += zip(target.elts, _unpacked(value, len(target.elts)), strict=True)
            elif isinstance(target, ast.Starred):
                pairs.append((target.value, None))


def _unpacked(value: ast.expr | None, count: int) -> Sequence[ast.expr | None]:
    if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == count:
        return value.elts
    return [None] * count


def _targets(node: ast.AST) -> list[tuple[ast.expr, ast.expr | None]]:
    if isinstance(node, ast.Assign):
        return [(target, node.value) for target in node.targets]
    if isinstance(node, ast.AnnAssign | ast.NamedExpr):
        return [(node.target, node.value)] if node.value is not None else []
    if isinstance(node, ast.AugAssign):
        return [(node.target, None)]
    if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        held = node.iter.elts if isinstance(node.iter, ast.List | ast.Tuple) else [None]
        return [(node.target, element) for element in held]
    if isinstance(node, ast.withitem) and node.optional_vars is not None:
        return [(node.optional_vars, node.context_expr)]
    return []
