# SPDX-License-Identifier: Apache-2.0
"""Expressions of templates: what they may come to, and which names they reach."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from steelyard.formats.folding import Enormous, Unknown, binary, item, slice_of
from steelyard.formats.jinja_calls import call
from steelyard.formats.jinja_filters import filtered, tested
from steelyard.formats.jinja_show import Node, show, show_constant
from steelyard.formats.jinja_state import State
from steelyard.formats.jinja_values import (
    BUILT,
    DATA,
    NOTHING,
    NUMBER,
    Value,
    constant,
    container,
    elements,
    join,
    starts_free,
    text_of,
)

_TEXT_FORMATS = ("format", "format_map")


class Expressions:
    """Tells what expressions may come to; see `jinja_state.Evaluator`."""

    def __init__(self, state: State) -> None:
        self.state = state

    def value(self, node: Node) -> Value:
        """Return what an expression may come to, and remark on it."""
        if node is None:
            return NOTHING
        kind = type(node).__name__
        if kind in _BINARY:
            return self._binary(kind, node)
        evaluate = _KINDS.get(kind)
        if evaluate is not None:
            return evaluate(self, node)
        for child in node.iter_child_nodes():
            self.value(child)
        return BUILT

    def check_name(self, name: str, node: Node) -> None:
        """Remark on an attribute or subscript of this name."""
        escapes = name.startswith("__") or name in self.state.idioms.escapes
        if not escapes and not name.startswith("_"):
            return
        written = show(node)
        trail: list[str] = []
        if name not in written:
            comes_to = f"the name comes to {show_constant(name)}"
            trail = [written, *self._values_behind(node), comes_to]
        what = "leads out of the template" if escapes else "begins with an underscore"
        code = "escape" if escapes else "private-name"
        self.state.remark(code, node, f"the name {show_constant(name)} {what}: {written}", trail)

    def attribute(self, receiver: Value, name: str, node: Node) -> Value:
        """Return what an attribute, or a member of that name, may be."""
        self.check_name(name, node)
        found = [self._internal(receiver, name, node)]
        if receiver.data:
            found.append(Value(data=True, message=name in self.state.idioms.message))
        if receiver.container:
            inner = msgspec.structs.replace(receiver.inner or NOTHING, message=False)
            found += [inner, self.state.look_up(f".{name}") or NOTHING]
        if receiver.deep:
            found.append(elements(receiver))
        for held in receiver.constants:
            if isinstance(held, dict) and name in held:
                found.append(constant(held[name]))
        if name in _TEXT_FORMATS and (receiver.constants or receiver.built):
            written = show(node)
            self.state.remark("format-string", node, f"the method of a text is taken: {written}")
            found.append(Value(internal=("str.format",)))
        united = join(found)
        return united if united != NOTHING else DATA

    def _internal(self, receiver: Value, name: str, node: Node) -> Value:
        found = []
        for owner in receiver.internal:
            if owner == "loop" and name in self.state.idioms.loop:
                item = self.state.look_up("loop.item") or DATA
                found.append(item if name in ("previtem", "nextitem") else NUMBER)
            elif owner.startswith("macro ") and name in ("name", "arguments"):
                found.append(BUILT)
            else:
                self.state.remark(
                    "internal-object", node, f"{name!r} is taken of {owner}: {show(node)}"
                )
        return join(found)

    def _values_behind(self, node: Node) -> list[str]:
        """Return a line for each variable of an expression whose constants are known."""
        from jinja2.nodes import Name

        lines = []
        for name in dict.fromkeys(child.name for child in node.find_all(Name)):
            known = self.state.look_up(name)
            if known is not None and known.constants:
                lines.append(f"{name} = {' or '.join(map(show_constant, known.constants[:3]))}")
        return lines[:5]

    def _name(self, node: Node) -> Value:
        known = self.state.look_up(node.name)
        if node.name in self.state.macros:
            known = join((known or NOTHING, Value(internal=(f"macro {node.name}",))))
        if known is not None:
            return known
        if node.name.startswith("__"):
            self.check_name(node.name, node)
        if node.name in self.state.idioms.internals:
            return Value(internal=(node.name,))
        return self.state.free(node.name)

    def _getattr(self, node: Node) -> Value:
        return self.attribute(self.value(node.node), node.attr, node)

    def _getitem(self, node: Node) -> Value:
        receiver = self.value(node.node)
        if type(node.arg).__name__ == "Slice":
            return self._slice(receiver, node.arg)
        key = self.value(node.arg)
        if any(map(starts_free, key.built)) or key.internal or (key.data and receiver.internal):
            self.state.remark(
                "computed-name",
                node,
                f"a name is put together at run time: {show(node)}",
                (show(node), *self._values_behind(node)),
            )
        found = []
        for held in key.constants:
            if isinstance(held, str):
                found.append(self.attribute(receiver, held, node))
            elif receiver.fixed:
                found += self._items(receiver, held)
        named = key.fixed and all(isinstance(held, str) for held in key.constants)
        if not named and not (key.fixed and receiver.fixed):
            found.append(elements(receiver))
        return join(found)

    def _items(self, receiver: Value, key: object) -> list[Value]:
        found = []
        for held in receiver.constants:
            try:
                found.append(constant(item(held, key)))
            except Unknown:
                continue
        return found

    def _slice(self, receiver: Value, node: Node) -> Value:
        parts = [self.value(part) for part in (node.start, node.stop, node.step)]
        known = [part.constants[0] if part.constants else None for part in parts]
        simple = all(part == NOTHING or (part.fixed and len(part.constants) == 1) for part in parts)
        if receiver.fixed and simple:
            try:
                return constant(*(slice_of(held, *known) for held in receiver.constants))
            except Unknown:
                pass
        if receiver.constants:
            return join((elements(receiver), container([elements(receiver)]), BUILT))
        return receiver if not receiver.built else join((receiver, BUILT))

    def _binary(self, operator: str, node: Node) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        found = []
        if left.constants and right.constants:
            found.append(self._folded(operator, node, left.constants, right.constants))
        if left.fixed and right.fixed:
            return join(found)
        return join((*found, _combined(operator, left, right)))

    def _folded(
        self, operator: str, node: Node, lefts: Sequence[object], rights: Sequence[object]
    ) -> Value:
        found = []
        for left in lefts[:16]:
            for right in rights[:16]:
                try:
                    found.append(constant(binary(operator, left, right)))
                except Enormous:
                    self.state.remark(
                        "exhaustion", node, f"the result would be enormous: {show(node)}"
                    )
                    found.append(NUMBER)
                except Unknown:
                    found.append(BUILT)
        if len(lefts) > 16 or len(rights) > 16:
            found.append(_combined(operator, constant(*lefts), constant(*rights)))
        return join(found)

    def _concat(self, node: Node) -> Value:
        return text_of([self.value(child) for child in node.nodes])

    def _either(self, node: Node) -> Value:
        return join((self.value(node.left), self.value(node.right)))

    def _condition(self, node: Node) -> Value:
        self.value(node.test)
        return join((self.value(node.expr1), self.value(node.expr2)))

    def _compare(self, node: Node) -> Value:
        self.value(node.expr)
        for operand in node.ops:
            self.value(operand.expr)
        return NUMBER

    def _unary(self, node: Node) -> Value:
        inner = self.value(node.node)
        if type(node).__name__ == "Neg" and inner.fixed:
            numbers = [held for held in inner.constants if isinstance(held, int | float)]
            return constant(*(-held for held in numbers)) if numbers else NUMBER
        return NUMBER

    def _sequence(self, node: Node) -> Value:
        values = [self.value(child) for child in node.items]
        if all(value.fixed and len(value.constants) == 1 for value in values):
            held = [value.constants[0] for value in values]
            return constant(held if type(node).__name__ == "List" else tuple(held))
        return container(values)

    def _dict(self, node: Node) -> Value:
        pairs = [(self.value(pair.key), self.value(pair.value)) for pair in node.items]
        values = [value for pair in pairs for value in pair]
        if all(value.fixed and len(value.constants) == 1 for value in values):
            try:
                return constant({key.constants[0]: value.constants[0] for key, value in pairs})
            except TypeError:
                pass
        return container(values)


def _combined(operator: str, left: Value, right: Value) -> Value:
    """Return what two values make where at least one is not constant."""
    message = left.message or right.message
    texts = [held for held in left.constants + right.constants if isinstance(held, str)]
    if operator == "Add" and any(map(_is_list, (left, right))):
        return container([elements(left), elements(right)])
    if operator in ("Add", "Mod", "Mul") and (texts or left.built or right.built):
        if operator == "Add":
            return text_of((left, right))
        beginnings = [text.partition("%")[0] for text in texts] or [""]
        return Value(built=tuple(beginnings), message=message)
    data = left.data or right.data
    number = any(value.number or _is_number(value) for value in (left, right))
    joined = ("",) if operator == "Add" and not number else ()
    return Value(data=data, number=number or not data, built=joined, message=message)


def _is_number(value: Value) -> bool:
    return any(isinstance(held, int | float) for held in value.constants)


def _is_list(value: Value) -> bool:
    return value.container or any(isinstance(held, list | tuple) for held in value.constants)


_BINARY = frozenset({"Add", "Sub", "Mul", "Div", "FloorDiv", "Mod", "Pow"})
_KINDS: Mapping[str, Callable[[Expressions, Node], Value]] = {
    "Const": lambda _, node: constant(node.value),
    "TemplateData": lambda _, node: constant(node.data),
    "Name": Expressions._name,
    "Getattr": Expressions._getattr,
    "Getitem": Expressions._getitem,
    "Concat": Expressions._concat,
    "And": Expressions._either,
    "Or": Expressions._either,
    "CondExpr": Expressions._condition,
    "Compare": Expressions._compare,
    "Not": Expressions._unary,
    "Neg": Expressions._unary,
    "Pos": Expressions._unary,
    "List": Expressions._sequence,
    "Tuple": Expressions._sequence,
    "Dict": Expressions._dict,
    "Call": call,
    "Filter": filtered,
    "Test": tested,
}
