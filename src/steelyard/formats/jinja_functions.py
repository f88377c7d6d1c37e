# SPDX-License-Identifier: Apache-2.0
"""Functions that renderers of chat templates provide, and what they may come to."""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice, product

from steelyard.formats import folding
from steelyard.formats.jinja_show import Node, show
from steelyard.formats.jinja_state import Evaluator
from steelyard.formats.jinja_values import (
    BUILT,
    NUMBER,
    Value,
    constant,
    container,
    elements,
    join,
    text_of,
)


def _namespace(evaluator: Evaluator, node: Node, args: Sequence[Value]) -> Value:
    for pair in node.kwargs:
        evaluator.state.bind(f".{pair.key}", evaluator.value(pair.value))
    return container(args)


def _dict(evaluator: Evaluator, node: Node, args: Sequence[Value]) -> Value:
    values = {pair.key: evaluator.value(pair.value) for pair in node.kwargs}
    known = all(value.fixed and len(value.constants) == 1 for value in values.values())
    if known and len(values) == len(args):
        return constant({key: value.constants[0] for key, value in values.items()})
    return container([*args, *map(elements, args), *map(constant, values)])


def _range(evaluator: Evaluator, node: Node, args: Sequence[Value]) -> Value:
    found = [] if all(arg.fixed for arg in args) else [container([NUMBER])]
    for bounds in islice(product(*(arg.constants for arg in args)), 16):
        try:
            turns = range(*bounds)
        except (TypeError, ValueError):
            continue
        found.append(constant(turns))
        if folding.length(turns) > folding.ENORMOUS:
            evaluator.state.remark("exhaustion", node, f"the range is enormous: {show(node)}")
    return join(found)


def _now(evaluator: Evaluator, node: Node, args: Sequence[Value]) -> Value:
    beginnings = tuple(str(held).partition("%")[0] for arg in args for held in arg.constants)
    known = all(arg.fixed for arg in args) and beginnings
    return Value(built=beginnings if known else ("",), message=True)


def _loop(evaluator: Evaluator, node: Node, args: Sequence[Value]) -> Value:
    for arg in args:
        evaluator.state.bind("loop()", arg)
    return BUILT


def _caller(evaluator: Evaluator, node: Node, args: Sequence[Value]) -> Value:
    evaluator.state.bind("caller()", container(args))
    return BUILT


FUNCTIONS: Mapping[str, Callable[[Evaluator, Node, Sequence[Value]], Value]] = {
    "caller": _caller,
    "dict": _dict,
    "loop": _loop,
    "namespace": _namespace,
    "raise_exception": lambda evaluator, node, args: text_of([]),
    "range": _range,
    "strftime_now": _now,
}
