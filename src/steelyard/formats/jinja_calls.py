# SPDX-License-Identifier: Apache-2.0
"""Calls of templates: which are idiomatic, and what they may come to."""

from collections.abc import Sequence

from steelyard.formats import folding
from steelyard.formats.jinja_filters import arguments_of
from steelyard.formats.jinja_functions import FUNCTIONS
from steelyard.formats.jinja_results import check_width, result_of
from steelyard.formats.jinja_show import Node, show, show_constant
from steelyard.formats.jinja_state import Evaluator
from steelyard.formats.jinja_values import (
    BUILT,
    DATA,
    Value,
    constant,
    container,
    elements,
    join,
)

_GROWING = frozenset({"append", "extend", "insert", "update", "setdefault", "add"})


def call(evaluator: Evaluator, node: Node) -> Value:
    """Return what a call may come to, and remark on it."""
    args = arguments_of(evaluator, node)
    kind = type(node.node).__name__
    if kind == "Name":
        return _call_name(evaluator, node, args)
    if kind == "Getattr":
        receiver = evaluator.value(node.node.node)
        return _call_method(evaluator, node, receiver, node.node.attr, args)
    if kind == "Getitem":
        key = evaluator.value(node.node.arg)
        if key.fixed and all(isinstance(name, str) for name in key.constants):
            receiver = evaluator.value(node.node.node)
            return join(
                _call_method(evaluator, node, receiver, name, args) for name in key.constants
            )
    return _call_value(evaluator, node, evaluator.value(node.node), args)


def _call_name(evaluator: Evaluator, node: Node, args: Sequence[Value]) -> Value:
    state, name = evaluator.state, node.node.name
    known = state.look_up(name)
    if known is not None or name in state.macros:
        return _call_value(evaluator, node, evaluator.value(node.node), args)
    if name in FUNCTIONS and name in state.idioms.functions:
        return FUNCTIONS[name](evaluator, node, args)
    if name in state.idioms.functions:
        return join((BUILT, DATA))
    evaluator.check_name(name, node)
    state.remark("unknown-call", node, f"calls {name}, which no renderer is known to provide")
    return BUILT


def _call_value(evaluator: Evaluator, node: Node, callee: Value, args: Sequence[Value]) -> Value:
    macros = [owner.removeprefix("macro ") for owner in callee.internal]
    known = [name for name in macros if name in evaluator.state.macros]
    for name in known:
        _bind_macro(evaluator, name, node, args)
    if not known or len(known) < len(macros) or callee.data or callee.built:
        evaluator.state.remark(
            "computed-call", node, f"what is called is only known at run time: {show(node)}"
        )
    return BUILT


def _bind_macro(evaluator: Evaluator, name: str, node: Node, args: Sequence[Value]) -> None:
    state = evaluator.state
    for macro in state.macros[name]:
        names = [parameter.name for parameter in macro.args]
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            for parameter in names:
                state.bind(parameter, join(args))
        named = {pair.key: evaluator.value(pair.value) for pair in node.kwargs}
        for parameter, value in [*zip(names, args[: len(node.args)], strict=False), *named.items()]:
            if parameter in names:
                state.bind(parameter, value)
        state.bind("varargs", container(args))
        state.bind("kwargs", container([*args, *map(constant, named)]))


def _call_method(
    evaluator: Evaluator, node: Node, receiver: Value, name: str, args: Sequence[Value]
) -> Value:
    evaluator.check_name(name, node)
    state = evaluator.state
    if name in ("format", "format_map"):
        _check_format(evaluator, node, receiver)
    elif receiver.internal:
        _call_internal(evaluator, node, receiver, name)
    elif name not in state.idioms.methods and not name.startswith("_"):
        message = f"calls the method {show_constant(name)}, which no template needs: {show(node)}"
        state.remark("unknown-call", node, message)
    if name in _GROWING:
        _grow(evaluator, node, args)
    check_width(evaluator, node, name, args)
    return result_of(
        evaluator, node, name, receiver, args, lambda held, given: _method(held, name, given)
    )


def _method(held: object, name: str, given: Sequence[object]) -> object:
    return folding.method(held, name, given)


def _call_internal(evaluator: Evaluator, node: Node, receiver: Value, name: str) -> None:
    if receiver.internal != ("loop",) or name not in evaluator.state.idioms.loop:
        owner = " or ".join(receiver.internal)
        evaluator.state.remark("internal-object", node, f"{name!r} of {owner} is called")


def _check_format(evaluator: Evaluator, node: Node, receiver: Value) -> None:
    """Remark on `str.format` whose fields reach into their arguments, or may."""
    if not receiver.fixed:
        message = f"the text that is formatted is only known at run time: {show(node)}"
        evaluator.state.remark("format-string", node, message)
    for text in receiver.constants:
        if not isinstance(text, str):
            continue
        try:
            fields = folding.format_fields(text)
        except folding.Unknown:
            continue
        for field in fields:
            for name in field.replace("[", ".").replace("]", "").split(".")[1:]:
                evaluator.check_name(name, node)
                evaluator.state.remark(
                    "format-string",
                    node,
                    f"the field {show_constant(field)} reaches into an argument: {show(node)}",
                )


def _grow(evaluator: Evaluator, node: Node, args: Sequence[Value]) -> None:
    target = node.node.node
    if show(target) in evaluator.state.iterated:
        evaluator.state.remark(
            "exhaustion", node, f"a loop that grows what it loops over never ends: {show(node)}"
        )
    held = container([*args, *map(elements, args)])
    while type(target).__name__ in ("Getattr", "Getitem", "Filter", "Call"):
        if type(target).__name__ == "Getattr":
            evaluator.state.bind(f".{target.attr}", held)
        target = target.node
    if type(target).__name__ == "Name":
        evaluator.state.bind(target.name, join((held, *_given(evaluator, target.name))))


def _given(evaluator: Evaluator, name: str) -> list[Value]:
    return [] if evaluator.state.look_up(name) is not None else [evaluator.state.free(name)]
