# SPDX-License-Identifier: Apache-2.0
"""What a Python module does: calls that reach outside it, and when they run."""

import ast
import re
from collections.abc import Iterator, Sequence

import msgspec

from steelyard.core.errors import LimitError
from steelyard.formats.folding import Unknown
from steelyard.formats.python import parse
from steelyard.formats.python_dangers import Dangers, Kinds
from steelyard.formats.python_names import Names
from steelyard.formats.python_outline import Outline, names_of
from steelyard.formats.python_patterns import (
    decodes,
    fetches_and_runs,
    is_secret_path,
    names_secret,
)
from steelyard.formats.python_scopes import Scope, Spot

_WRITTEN = 160  # characters of an expression that are shown

_LOADED_EARLY = frozenset({"LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONSTARTUP", "PATH"})
_ENVIRONMENT = frozenset({"os.environ.get", "os.getenv", "os.environ.pop", "os.environ[]"})
_INTERNALS = frozenset(
    {"__subclasses__", "__globals__", "__builtins__", "__loader__", "f_globals", "f_builtins"}
)
_NAMESPACES = frozenset({"__globals__", "__builtins__", "f_globals", "f_builtins"})
_ROOTS = frozenset({"object", "type", "BaseException", "Exception"})
_ANCESTORS = frozenset({"__base__", "__bases__", "__mro__"})
_ALL_MODULES = frozenset({f"sys.modules.{way}" for way in ("values", "items", "copy")})
_IMPORTERS = ("builtins.__import__", "importlib.import_module")
_EVALUATORS = frozenset({"builtins.exec", "builtins.eval", "builtins.compile", "builtins.execfile"})
_PASSED = frozenset({"process", "evaluate", "native", "unpickle"})


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """Something a module does.

    Attributes:
        kind: What it does: a kind of `Dangers`; or `decoded` (runs what it decodes or fetches first),
            `fetch` (runs what a shell command downloads), `credentials`, `secret-variable`, `computed`
            (a name that could not be worked out), `dynamic-import`, `internals`, `escape` (internals
            that lead out of an object to everything loaded), `hook`.
        when: `import` (whenever the module is imported), `script` (only when it is run as a script),
            or `call` (when one of its functions is called).
        line: Line of the module, from 1.
        written: The expression as it is written, shortened.
        trail: How it comes about, a line a step.
        made: Whether making an instance of one of its classes comes to it.
    """

    kind: str
    when: str
    line: int
    written: str
    trail: tuple[str, ...] = ()
    made: bool = False


class Module(msgspec.Struct, frozen=True, kw_only=True):
    """What a Python module does.

    Attributes:
        acts: What it does, by line.
        imports: Modules it imports, relative ones with their dots.
    """

    acts: tuple[Act, ...]
    imports: tuple[str, ...]


def examine(text: str, dangers: Dangers) -> Module:
    """Return what a module does; nothing of it runs.

    Raises:
        MalformedError: It is no Python of the version that runs this.
        LimitError: It is too long, or nested too deep.
    """
    tree = parse(text)
    try:
        acts = tuple(_Reader(tree, text, dangers).acts())
    except RecursionError as error:
        raise LimitError("module nested too deep to be examined") from error
    return Module(acts=acts, imports=tuple(dict.fromkeys(names_of(tree))))


class _Reader:
    def __init__(self, tree: ast.Module, text: str, dangers: Dangers) -> None:
        self._dangers = dangers
        self._kinds = Kinds(dangers)
        self._decoded: dict[tuple[Scope, str], bool] = {}
        self._lines = text.splitlines()
        self._outline = Outline(tree)
        self._names = Names(self._outline.bindings, self._kinds.matters)
        self._early = self._outline.at_import()
        self._script = self._outline.as_script()
        self._made = self._outline.when_made()

    def acts(self) -> Iterator[Act]:
        """Yield the acts, by line; the same kind once for each line."""
        seen: set[tuple[str, int]] = set()
        for spot in self._outline.spots:
            for kind, trail in self._found(spot):
                line = int(getattr(spot.node, "lineno", 1))
                if (kind, line) in seen:
                    continue
                seen.add((kind, line))
                yield Act(
                    kind=kind,
                    when=self._when(spot),
                    line=line,
                    written=self._written(spot.node),
                    trail=trail,
                    made=spot.unit in self._made,
                )

    def _when(self, spot: Spot) -> str:
        if spot.unit in self._early:
            return "import"
        return "script" if spot.unit in self._script else "call"

    def _written(self, node: ast.AST) -> str:
        first, last = getattr(node, "lineno", 1), getattr(node, "end_lineno", 1) or 1
        lines = [line.encode() for line in self._lines[first - 1 : min(last, first + 7)]]
        if not lines:
            return ""
        if last - first < len(lines):
            lines[-1] = lines[-1][: getattr(node, "end_col_offset", None)]
        lines[0] = lines[0][getattr(node, "col_offset", 0) :]
        text = " ".join(b" ".join(lines).decode("utf-8", "replace").split())
        return text if len(text) <= _WRITTEN else f"{text[:_WRITTEN]}..."

    def _found(self, spot: Spot) -> Iterator[tuple[str, tuple[str, ...]]]:
        node = spot.node
        if isinstance(node, ast.Call):
            yield from self._call(node, spot)
        elif isinstance(node, ast.Subscript):
            yield from self._environment(self._names.origins(node.value, spot.scope), node, spot)
        elif isinstance(node, ast.Attribute) and node.attr in _INTERNALS:
            yield "escape" if _escapes(node) else "internals", (f"takes {node.attr} of an object",)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield from self._replaced(node.value, spot)
        elif isinstance(node, ast.List | ast.Tuple | ast.Set):
            yield from self._held(node.elts, spot)
        elif isinstance(node, ast.Dict):
            yield from self._held(node.values, spot)
        elif isinstance(node, ast.expr):  # a decorator
            yield from self._passed([node], spot)

    def _call(self, node: ast.Call, spot: Spot) -> Iterator[tuple[str, tuple[str, ...]]]:
        origins = self._names.origins(node.func, spot.scope)
        yield from _telling(node)
        for origin in origins:
            yield from self._called(origin, node, spot)
        if any(origin in _ENVIRONMENT for origin in origins) and node.args:
            yield from self._secret(node.args[0], spot)
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        yield from self._passed(arguments, spot)
        if not origins and isinstance(node.func, ast.Lambda | ast.Call):
            yield from self._modules(arguments, spot)
        elif not isinstance(node.func, ast.Name) or node.func.id in ("map", "filter"):
            yield from self._table(arguments, spot)
        if any(is_secret_path(text) for text in self._texts(arguments, spot)):
            yield "credentials", ("a place where credentials are kept",)

    def _called(
        self, origin: str, node: ast.Call, spot: Spot
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield what a call does if its callee has this origin."""
        kind = self._kinds.of(origin)
        if kind and not self._is_tame(origin, node, spot):
            yield self._worse(kind, node, spot), self._trail(origin, node, spot)
        elif origin.endswith("[]") and origin[:-2] in self._dangers.sensitive:
            yield "computed", (f"an attribute of {origin[:-2]} by a name that is computed",)
        elif origin in _ALL_MODULES or origin.startswith("sys.modules[]."):
            yield "computed", ("goes through all modules that are loaded",)
        elif origin == "builtins.setattr" and node.args:
            yield from self._replaced(node.args[0], spot)
        elif origin in _IMPORTERS and not self._names.origins(node, spot.scope):
            yield "dynamic-import", (f"{origin} of a name that is only known at run time",)

    def _replaced(self, base: ast.expr, spot: Spot) -> Iterator[tuple[str, tuple[str, ...]]]:
        for origin in self._names.origins(base, spot.scope):
            if origin in self._dangers.sensitive and origin not in ("os", "sys"):
                yield "hook", (f"replaces something of {origin}",)

    def _is_tame(self, origin: str, node: ast.Call, spot: Spot) -> bool:
        """Tell whether arguments make a call harmless that would not be without them."""
        if origin in ("builtins.open", "io.open", "codecs.open"):
            return not _writes(self._texts(_argument(node, 1, "mode"), spot))
        if origin in ("yaml.load", "yaml.load_all"):
            loaders = [
                origin
                for argument in _argument(node, 1, "Loader")
                for origin in self._names.origins(argument, spot.scope)
            ]
            return bool(loaders) and all("Safe" in name or "Base" in name for name in loaders)
        if origin in ("torch.load", "numpy.load"):
            keyword, wanted = (
                ("weights_only", True) if origin == "torch.load" else ("allow_pickle", False)
            )
            given = _argument(node, 9, keyword)
            absent = origin == "numpy.load" and not given
            return absent or any(
                isinstance(each, ast.Constant) and each.value is wanted for each in given
            )
        if origin in ("builtins.eval", "builtins.exec", "builtins.compile"):
            given = node.args[:1]
            plain = _is_harmless(self._texts(given, spot))
            return plain and not self._is_decoded(given, spot.scope)
        return False

    def _worse(self, kind: str, node: ast.Call, spot: Spot) -> str:
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        if kind == "process":
            text = " ".join(self._texts(arguments, spot))
            return "fetch" if fetches_and_runs(text) else kind
        if kind == "evaluate" and self._is_decoded(arguments, spot.scope):
            return "decoded"
        return kind

    def _is_decoded(self, nodes: Sequence[ast.expr], scope: Scope) -> bool:
        """Tell whether some code to run is decoded, unpacked or fetched first."""
        for node in nodes:
            for part in ast.walk(node):
                if isinstance(part, ast.Call):
                    for origin in self._names.origins(part.func, scope):
                        if decodes(origin) or self._kinds.of(origin) == "network":
                            return True
                elif isinstance(part, ast.Name) and self._is_name_decoded(part.id, scope):
                    return True
        return False

    def _is_name_decoded(self, name: str, scope: Scope) -> bool:
        inside, bindings = scope.look_up(name) or (scope, [])
        key = (inside, name)
        if key not in self._decoded:
            self._decoded[key] = False  # until shown; a name that leads back to itself adds nothing
            values = [binding for binding in bindings if isinstance(binding, ast.expr)]
            self._decoded[key] = self._is_decoded(values, inside)
        return self._decoded[key]

    def _trail(self, origin: str, node: ast.Call, spot: Spot) -> tuple[str, ...]:
        trail = [f"calls {origin}"]
        for text in self._texts(node.args[:1], spot)[:1]:
            shown = ascii(text)
            trail.append(f"with {shown if len(shown) <= _WRITTEN else shown[:_WRITTEN] + '...'}")
        return tuple(trail)

    def _passed(
        self, arguments: Sequence[ast.expr], spot: Spot
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield dangerous callables that are handed on for somebody else to call."""
        for argument in arguments:
            if isinstance(argument, ast.Name | ast.Attribute | ast.Subscript):
                for origin in self._names.origins(argument, spot.scope):
                    kind = self._kinds.of(origin)
                    if kind in _PASSED and not origin.endswith(("()", "[]")):
                        yield kind, (f"hands on {origin} to be called",)

    def _modules(
        self, arguments: Sequence[ast.expr], spot: Spot
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield modules that are handed on: what is called of them is not followed."""
        for argument in arguments:
            for origin in self._names.origins(argument, spot.scope):
                if origin in self._dangers.sensitive:
                    yield "computed", (f"hands on {origin} to something that may call any of it",)

    def _held(
        self, elements: Sequence[ast.expr], spot: Spot
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield callables that run programs or code and are kept in a list for later."""
        named = [element for element in elements if isinstance(element, ast.Name | ast.Attribute)]
        for kind, trail in self._passed(named, spot):
            if kind in ("process", "evaluate"):
                yield kind, trail
        yield from self._table([each for each in elements if isinstance(each, ast.Attribute)], spot)

    def _table(
        self, arguments: Sequence[ast.expr], spot: Spot
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the table of all modules where it is handed on; tests that patch it do that as well."""
        for argument in arguments:
            handed = argument.value if isinstance(argument, ast.Starred) else argument
            if (
                "sys.modules" in self._names.origins(handed, spot.scope)
                and spot.unit in self._early
            ):
                yield "computed", ("hands on all modules that are loaded",)

    def _environment(
        self, origins: Sequence[str], node: ast.Subscript, spot: Spot
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        if "os.environ" not in origins:
            return
        if isinstance(node.ctx, ast.Load):
            yield from self._secret(node.slice, spot)
        elif any(text in _LOADED_EARLY for text in self._texts([node.slice], spot)):
            yield "hook", ("an environment variable that decides what other programs load",)

    def _secret(self, name: ast.expr, spot: Spot) -> Iterator[tuple[str, tuple[str, ...]]]:
        for text in self._texts([name], spot):
            if names_secret(text):
                yield "secret-variable", (f"the environment variable {text!a}",)

    def _texts(self, nodes: Sequence[ast.expr], spot: Spot) -> list[str]:
        """Return the texts that some expressions come to, or that lists of them hold."""
        texts: list[str] = []
        for node in nodes:
            try:
                value = self._names.constant(node, spot.scope)
            except Unknown:
                continue
            held = value if isinstance(value, list | tuple) else [value]
            texts += [
                each if isinstance(each, str) else each.decode("latin-1")
                for each in held
                if isinstance(each, str | bytes)
            ]
        return texts


def _telling(node: ast.Call) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what a call does by the names of its method and its arguments, whatever they belong to."""
    if isinstance(node.func, ast.Attribute) and node.func.attr == "load_module":
        yield "evaluate", ("imports by the loader of a module",)
    if any(keyword.arg == "trust_remote_code" and _is_true(keyword) for keyword in node.keywords):
        yield "network", ("loads code of whatever repository it is given",)


def _escapes(node: ast.Attribute) -> bool:
    """Tell whether an attribute leads out of an object: to a namespace, or down from `object`."""
    inner = node.value
    while isinstance(inner, ast.Subscript):
        inner = inner.value
    above = isinstance(inner, ast.Attribute) and inner.attr in _ANCESTORS
    above = above or (isinstance(inner, ast.Name) and inner.id in _ROOTS)
    return node.attr in _NAMESPACES or (node.attr == "__subclasses__" and above)


def _is_true(keyword: ast.keyword) -> bool:
    return isinstance(keyword.value, ast.Constant) and keyword.value.value is True


def _argument(node: ast.Call, position: int, name: str) -> list[ast.expr]:
    named = [keyword.value for keyword in node.keywords if keyword.arg == name]
    return named or node.args[position : position + 1]


def _writes(modes: Sequence[str]) -> bool:
    return any(set(mode) & set("wax+") for mode in modes)


def _is_harmless(texts: Sequence[str]) -> bool:
    """Tell whether code that is given literally calls nothing and imports nothing."""
    return bool(texts) and not re.search(r"[(]|import|__|@", " ".join(texts))
