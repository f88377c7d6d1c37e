# SPDX-License-Identifier: Apache-2.0
"""What there is in a Python module, and which of it runs when the module is imported."""

import ast
from collections.abc import Iterator, Sequence

from steelyard.formats.python_scopes import BINDERS, LOCAL, Bindings, Scope, Spot, Unit

_MAKERS = frozenset({"__init__", "__new__", "__post_init__", "__setstate__", "from_pretrained"})
"""Methods that loaders call of the classes they are told."""

_LEAVES = frozenset({ast.Name, ast.Constant, ast.Load, ast.Store, ast.Del, ast.arg, ast.Pass})
_DISPLAYS = (ast.List, ast.Tuple, ast.Set, ast.Dict)
_NOTED = (ast.Call, ast.Subscript, ast.Attribute, ast.Return, *_DISPLAYS)


class Outline:
    """What there is in a module: units, spots worth a look, names and attributes.

    Attributes:
        bindings: What its statements bind.
        spots: Calls, subscripts, lists and the like, attributes, decorators and imports, with their
            surroundings.
        units: Functions by name.
        methods: Names of the methods of each class.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.bindings = Bindings()
        module = self.bindings.module
        self.spots: list[Spot] = []
        self.units: dict[str, list[Unit]] = {}
        self.methods: dict[str, list[str]] = {}
        self._lazy_annotations = _has_future_annotations(tree)
        self.top = Unit()
        self._script = Unit()
        self._stack: list[tuple[ast.AST, Unit, Scope, str]] = []
        self._named: dict[Scope, str] = {}
        self._push(tree.body, self.top, module, "")
        while self._stack:
            self._visit(*self._stack.pop())
        self.spots.sort(key=lambda spot: (_line(spot.node), getattr(spot.node, "col_offset", 0)))

    def at_import(self) -> set[Unit]:
        """Return the units that run when the module is imported."""
        return self._reached(self.top)

    def as_script(self) -> set[Unit]:
        """Return the units that run only when the module is run as a script."""
        return self._reached(self._script) - self.at_import()

    def when_made(self) -> set[Unit]:
        """Return the units that run when an instance of one of its classes is made."""
        makers = [
            unit
            for owner, methods in self.methods.items()
            for name in _MAKERS.intersection(methods)
            for unit in self.units[f"{owner}.{name}"]
        ]
        return {unit for maker in makers for unit in self._reached(maker)}

    def _reached(self, start: Unit) -> set[Unit]:
        reached, waiting = {start}, [start]
        while waiting:
            for call in waiting.pop().calls:
                for name in self._called(call):
                    fresh = [unit for unit in self.units.get(name, []) if unit not in reached]
                    reached.update(fresh)
                    waiting += fresh
        return reached

    def _called(self, call: str) -> list[str]:
        """Return the functions of the module that a call may reach."""
        if call.startswith("class "):
            owner = call.removeprefix("class ")
            special = [name for name in self.methods.get(owner, []) if name.startswith("__")]
            return [f"{owner}.{name}" for name in special]
        base, dot, name = call.rpartition(".")
        if not dot:
            return self._aliases(name)
        if not base:
            return [name]
        found = self.bindings.module.look_up(base)
        imported = found is not None and all(
            isinstance(binding, str) and binding != LOCAL for binding in found[1]
        )
        return [] if imported else [name]

    def _aliases(self, name: str) -> list[str]:
        """Return a name, and those of the functions that the module gave that name as well."""
        names = [name]
        for each in names:
            _, bindings = self.bindings.module.look_up(each) or (None, [])
            given = [one.id for one in bindings if isinstance(one, ast.Name)]
            names += [one for one in dict.fromkeys(given) if one not in names]
        return names

    def _push(self, nodes: Sequence[ast.AST], unit: Unit, scope: Scope, owner: str) -> None:
        self._stack += [(node, unit, scope, owner) for node in reversed(nodes)]

    def _visit(self, node: ast.AST, unit: Unit, scope: Scope, owner: str) -> None:
        if type(node) in _LEAVES:
            return
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self._function(node, unit, scope, owner)
        elif isinstance(node, ast.ClassDef):
            self._class(node, unit, scope)
        elif isinstance(node, ast.If) and _is_main_guard(node.test):
            self._push(node.body, unit if unit is not self.top else self._script, scope, owner)
            self._push(node.orelse, unit, scope, owner)
        else:
            if isinstance(node, BINDERS):
                self.bindings.take(node, scope, owner)
            elif isinstance(node, _NOTED):
                self._note(node, unit, scope)
            self._push(list(ast.iter_child_nodes(node)), unit, scope, owner)

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, unit: Unit, scope: Scope, owner: str
    ) -> None:
        inner = Unit()
        self.units.setdefault(node.name, []).append(inner)
        if owner:
            self.methods.setdefault(owner, []).append(node.name)
            self.units.setdefault(f"{owner}.{node.name}", []).append(inner)
        elif scope.outer is None and node.name == "__getattr__":
            self.top.calls[node.name] = None
        scope.bind(node.name, LOCAL)
        own = self.bindings.inner(scope)
        self._named[own] = node.name
        arguments = node.args
        named = [*arguments.posonlyargs, *arguments.args]
        for argument in [*named, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]:
            if argument is not None:
                own.bind(argument.arg, None)
        offset = len(named) - len(arguments.defaults)
        for argument, default in [
            *zip(named[offset:], arguments.defaults, strict=True),
            *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
        ]:
            own.bind(argument.arg, default)
        self._decorators(node.decorator_list, unit, scope)
        defaults = [each for each in (*arguments.defaults, *arguments.kw_defaults) if each]
        self._push([*defaults, *self._annotations(node)], unit, scope, "")
        self._push(node.body, inner, own, "")

    def _annotations(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.AST]:
        if self._lazy_annotations:
            return []
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
        found: list[ast.AST] = [each.annotation for each in every if each.annotation is not None]
        return found + ([node.returns] if node.returns is not None else [])

    def _class(self, node: ast.ClassDef, unit: Unit, scope: Scope) -> None:
        scope.bind(node.name, LOCAL)
        self.methods.setdefault(node.name, [])
        unit.calls.update(dict.fromkeys(("__init_subclass__", "__set_name__", "__prepare__")))
        for keyword in node.keywords:
            if isinstance(keyword.value, ast.Name):
                unit.calls[f"class {keyword.value.id}"] = None
        self._decorators(node.decorator_list, unit, scope)
        self._push([*node.bases, *node.keywords], unit, scope, "")
        self._push(node.body, unit, scope, node.name)

    def _decorators(self, decorators: list[ast.expr], unit: Unit, scope: Scope) -> None:
        for decorator in decorators:
            self.spots.append(Spot(decorator, unit, scope))
            if isinstance(decorator, ast.Name):
                unit.calls[decorator.id] = None
            self._push([decorator], unit, scope, "")

    def _note(self, node: ast.AST, unit: Unit, scope: Scope) -> None:
        if isinstance(node, ast.Call | ast.Subscript | ast.List | ast.Tuple | ast.Set | ast.Dict):
            self.spots.append(Spot(node, unit, scope))
        if isinstance(node, ast.Call):
            self._note_call(node, unit)
        elif isinstance(node, ast.Attribute):
            self._note_attribute(node, unit, scope)
        elif isinstance(node, ast.Return) and scope in self._named:
            returns = self.bindings.returns.setdefault(self._named[scope], [])
            returns.append((node.value, scope))

    def _note_attribute(self, node: ast.Attribute, unit: Unit, scope: Scope) -> None:
        if node.attr.startswith(("__", "f_")) or isinstance(node.ctx, ast.Store):
            self.spots.append(Spot(node, unit, scope))
        if isinstance(node.ctx, ast.Load):
            base = node.value.id if isinstance(node.value, ast.Name) else ""
            unit.calls[f"{base}.{node.attr}"] = None

    def _note_call(self, node: ast.Call, unit: Unit) -> None:
        called = _callee(node.func)
        if isinstance(called, ast.Name):
            unit.calls[called.id] = None
            unit.calls[f"class {called.id}"] = None
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            if isinstance(argument, ast.Name):
                unit.calls[argument.id] = None


def _callee(node: ast.expr) -> ast.expr:
    """Return what is called by `f`, `f.__call__`, `f.__call__.__call__`: f."""
    while isinstance(node, ast.Attribute) and node.attr == "__call__":
        node = node.value
    return node


def _has_future_annotations(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "annotations" for alias in node.names)
        for node in tree.body
    )


def _is_main_guard(test: ast.expr) -> bool:
    """Tell whether a condition is `__name__ == "__main__"`."""
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
        and len(test.ops) == 1
        and isinstance(test.ops[0], ast.Eq)
        and isinstance(test.comparators[0], ast.Constant)
        and test.comparators[0].value == "__main__"
    )


def _line(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 0))


def names_of(tree: ast.Module) -> Iterator[str]:
    """Yield the modules that a module imports, relative ones with their dots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")
            yield from ("." * node.level + alias.name for alias in node.names if not node.module)
