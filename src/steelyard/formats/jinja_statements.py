# SPDX-License-Identifier: Apache-2.0
"""Statements of templates: loops, assignments, macros, conditions, and what loads other templates."""

from collections.abc import Callable, Iterable, Mapping

from steelyard.formats.folding import length
from steelyard.formats.jinja_expressions import Expressions
from steelyard.formats.jinja_filters import filtered
from steelyard.formats.jinja_literals import check_condition
from steelyard.formats.jinja_show import Node, show
from steelyard.formats.jinja_state import State
from steelyard.formats.jinja_values import (
    BUILT,
    DATA,
    NOTHING,
    Value,
    container,
    elements,
    join,
    text_of,
)


class Statements:
    """Walks the statements of a template."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.expressions = Expressions(state)

    def walk(self, nodes: Iterable[Node]) -> None:
        """Walk some statements."""
        for node in nodes:
            kind = _KINDS.get(type(node).__name__)
            if kind is not None:
                kind(self, node)
            else:
                self._children(node)

    def _children(self, node: Node) -> None:
        from jinja2.nodes import Expr

        for child in node.iter_child_nodes():
            if isinstance(child, Expr):
                self.expressions.value(child)
            else:
                self.walk([child])

    def _output(self, node: Node) -> None:
        for child in node.nodes:
            self.expressions.value(child)
            if type(child).__name__ == "CondExpr":
                check_condition(self.expressions, child.test, [child.expr1])

    def _for(self, node: Node) -> None:
        over = self.expressions.value(node.iter)
        held = join((elements(over), self.state.look_up("loop()") or NOTHING))
        self._assign_to(node.target, held)
        self.state.bind("loop.item", held)
        turns = max(map(length, over.constants), default=0)
        self.state.enter_loop(show(node.iter), turns, node)
        if node.test is not None:
            self.expressions.value(node.test)
            check_condition(self.expressions, node.test, node.body)
        self.walk(node.body)
        self.state.leave_loop()
        self.walk(node.else_)

    def _if(self, node: Node) -> None:
        self.expressions.value(node.test)
        check_condition(self.expressions, node.test, node.body)
        self.walk(node.body)
        self.walk(node.elif_)
        self.walk(node.else_)

    def _assign(self, node: Node) -> None:
        value = self.expressions.value(node.node)
        self._assign_to(node.target, value)
        if type(node.node).__name__ == "CondExpr":
            check_condition(self.expressions, node.node.test, [node.node.expr1])
        if self.state.looping:
            self._check_growth(node)

    def _assign_block(self, node: Node) -> None:
        self.walk(node.body)
        texts = [child for part in node.body for child in getattr(part, "nodes", [BUILT])]
        plain = all(type(part).__name__ == "Output" for part in node.body)
        value = text_of([self.expressions.value(text) for text in texts]) if plain else BUILT
        if node.filter is not None:
            filtered(self.expressions, node.filter)
            value = BUILT
        self._assign_to(node.target, value)

    def _assign_to(self, target: Node, value: Value) -> None:
        kind = type(target).__name__
        if kind == "Name":
            self.state.bind(target.name, value)
        elif kind == "NSRef":
            self.expressions.check_name(target.attr, target)
            self.state.bind(f".{target.attr}", value)
            self.state.bind(target.name, container([value]))
        else:
            held = join((value, elements(value), elements(elements(value))))
            for part in target.items:
                self._assign_to(part, held)

    def _check_growth(self, node: Node) -> None:
        """Remark on a text or list that at least doubles with each turn of a loop."""
        target = show(node.target)
        stack, mentions = [node.node], 0
        while stack:
            part = stack.pop()
            if show(part) == target:
                mentions += 1
            elif type(part).__name__ in ("Add", "Concat", "Mul", "List", "Tuple"):
                stack += part.iter_child_nodes()
        if mentions > 1:
            message = f"it doubles with each turn of the loop: {target} = {show(node.node)}"
            self.state.remark("exhaustion", node, message)

    def _macro(self, node: Node) -> None:
        names = node.args[len(node.args) - len(node.defaults) :]
        for parameter, default in zip(names, node.defaults, strict=True):
            value = self.expressions.value(default)
            self.state.bind(parameter.name, join((value, DATA)))
        self.walk(node.body)
        self._check_recursion(node)

    def _check_recursion(self, node: Node) -> None:
        from jinja2.nodes import Add, Call, Name, Sub

        again = [
            found
            for found in node.find_all(Call)
            if isinstance(found.node, Name) and found.node.name == node.name
        ]
        counted = [call for call in again if any(isinstance(a, Add | Sub) for a in call.args)]
        if counted:
            code = "exhaustion" if len(counted) > 1 else "recursion"
            times = f"{len(counted)} times " if len(counted) > 1 else ""
            message = f"the macro {node.name} calls itself {times}with a counter"
            self.state.remark(code, node, message, map(show, counted))

    def _call_block(self, node: Node) -> None:
        self.expressions.value(node.call)
        given = self.state.look_up("caller()") or DATA
        for parameter in node.args:
            self.state.bind(parameter.name, join((elements(given), DATA)))
        self.walk(node.body)

    def _filter_block(self, node: Node) -> None:
        filtered(self.expressions, node.filter)
        self.walk(node.body)

    def _load(self, node: Node) -> None:
        kind = type(node).__name__.lower().replace("fromimport", "import")
        self.expressions.value(node.template)
        message = f"it would {kind.removesuffix('s')} another template: {show(node.template)}"
        self.state.remark("load", node, message)

    def _with(self, node: Node) -> None:
        for target, value in zip(node.targets, node.values, strict=True):
            self._assign_to(target, self.expressions.value(value))
        self.walk(node.body)


_KINDS: Mapping[str, Callable[[Statements, Node], None]] = {
    "Output": Statements._output,
    "For": Statements._for,
    "If": Statements._if,
    "Assign": Statements._assign,
    "AssignBlock": Statements._assign_block,
    "Macro": Statements._macro,
    "CallBlock": Statements._call_block,
    "FilterBlock": Statements._filter_block,
    "With": Statements._with,
    "Include": Statements._load,
    "Import": Statements._load,
    "FromImport": Statements._load,
    "Extends": Statements._load,
}
