# SPDX-License-Identifier: Apache-2.0
"""Expressions of templates in readable form."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

_LONGEST = 160  # characters of an expression; what comes after is left out
_DEEPEST = 12  # levels of an expression; what lies deeper is left out

Node = Any
"""A node of Jinja's syntax tree; `jinja2.nodes` is imported only where there is a template."""

_OPERATORS = {
    "Add": "+",
    "Sub": "-",
    "Mul": "*",
    "Div": "/",
    "FloorDiv": "//",
    "Mod": "%",
    "Pow": "**",
    "And": "and",
    "Or": "or",
}
_COMPARISONS = {
    "eq": "==",
    "ne": "!=",
    "gt": ">",
    "gteq": ">=",
    "lt": "<",
    "lteq": "<=",
    "in": "in",
    "notin": "not in",
}


def show(node: Node) -> str:
    """Return an expression much as its author wrote it, on one line, 160 characters at most."""
    text = " ".join(_show(node, _DEEPEST).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def show_constant(value: object) -> str:
    """Return a constant as it would be written, invisible characters escaped, 80 characters at most."""
    text = ascii(value) if isinstance(value, str | bytes) else repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


def _show(node: Node, depth: int) -> str:
    if node is None:
        return ""
    if depth < 0:
        return "..."
    kind = type(node).__name__
    if kind in _OPERATORS:
        return f"{_show(node.left, depth - 1)} {_OPERATORS[kind]} {_show(node.right, depth - 1)}"
    return _KINDS[kind](node, depth - 1) if kind in _KINDS else kind.lower()


def _all(nodes: Iterable[Node], depth: int, between: str = ", ") -> str:
    return between.join(_show(node, depth) for node in nodes)


def _arguments(node: Node, depth: int) -> str:
    named = [f"{pair.key}={_show(pair.value, depth)}" for pair in node.kwargs]
    spread = [f"*{_show(node.dyn_args, depth)}"] if node.dyn_args is not None else []
    spread += [f"**{_show(node.dyn_kwargs, depth)}"] if node.dyn_kwargs is not None else []
    return ", ".join([*(_show(arg, depth) for arg in node.args), *named, *spread])


def _filter(node: Node, depth: int) -> str:
    arguments = _arguments(node, depth)
    return f"{_show(node.node, depth)}|{node.name}" + (f"({arguments})" if arguments else "")


def _test(node: Node, depth: int) -> str:
    arguments = _arguments(node, depth)
    return f"{_show(node.node, depth)} is {node.name}" + (f"({arguments})" if arguments else "")


def _compare(node: Node, depth: int) -> str:
    tail = [f" {_COMPARISONS[operand.op]} {_show(operand.expr, depth)}" for operand in node.ops]
    return _show(node.expr, depth) + "".join(tail)


def _condition(node: Node, depth: int) -> str:
    text = f"{_show(node.expr1, depth)} if {_show(node.test, depth)}"
    return text + (f" else {_show(node.expr2, depth)}" if node.expr2 is not None else "")


def _slice(node: Node, depth: int) -> str:
    text = f"{_show(node.start, depth)}:{_show(node.stop, depth)}"
    return text + (f":{_show(node.step, depth)}" if node.step is not None else "")


def _dict(node: Node, depth: int) -> str:
    pairs = [f"{_show(pair.key, depth)}: {_show(pair.value, depth)}" for pair in node.items]
    return f"{{{', '.join(pairs)}}}"


_KINDS: Mapping[str, Callable[[Node, int], str]] = {
    "Const": lambda node, _: show_constant(node.value),
    "TemplateData": lambda node, _: show_constant(node.data),
    "Name": lambda node, _: str(node.name),
    "NSRef": lambda node, _: f"{node.name}.{node.attr}",
    "Getattr": lambda node, depth: f"{_show(node.node, depth)}.{node.attr}",
    "Getitem": lambda node, depth: f"{_show(node.node, depth)}[{_show(node.arg, depth)}]",
    "Slice": _slice,
    "Call": lambda node, depth: f"{_show(node.node, depth)}({_arguments(node, depth)})",
    "Filter": _filter,
    "Test": _test,
    "Concat": lambda node, depth: _all(node.nodes, depth, " ~ "),
    "List": lambda node, depth: f"[{_all(node.items, depth)}]",
    "Tuple": lambda node, depth: f"({_all(node.items, depth)})",
    "Dict": _dict,
    "Compare": _compare,
    "CondExpr": _condition,
    "Not": lambda node, depth: f"not {_show(node.node, depth)}",
    "Neg": lambda node, depth: f"-{_show(node.node, depth)}",
    "Pos": lambda node, depth: f"+{_show(node.node, depth)}",
}
