# SPDX-License-Identifier: Apache-2.0
"""Filters and tests of templates: which are idiomatic, and what they take by name."""

from steelyard.formats import folding
from steelyard.formats.jinja_results import check_width, result_of
from steelyard.formats.jinja_show import Node, show, show_constant
from steelyard.formats.jinja_state import Evaluator
from steelyard.formats.jinja_values import (
    BUILT,
    NOTHING,
    NUMBER,
    Value,
    elements,
    join,
)

_BY_ATTRIBUTE = {
    "groupby": 0,
    "join": 1,
    "map": 99,
    "max": 1,
    "min": 1,
    "rejectattr": 0,
    "selectattr": 0,
    "sort": 2,
    "sum": 0,
    "unique": 1,
}
"""Filters that take attributes by name, with the position of the name; or by keyword."""

_BY_FILTER = "map"
_BY_TEST = {"select": 0, "reject": 0, "selectattr": 1, "rejectattr": 1}


def arguments_of(evaluator: Evaluator, node: Node) -> list[Value]:
    """Return what the arguments of a call, filter or test may be: by position, then by name."""
    args = [evaluator.value(arg) for arg in node.args]
    args += [evaluator.value(pair.value) for pair in node.kwargs]
    spread = [evaluator.value(part) for part in (node.dyn_args, node.dyn_kwargs)]
    return args + [elements(value) for value in spread if value is not NOTHING]


def filtered(evaluator: Evaluator, node: Node) -> Value:
    """Return what a filter may come to, and remark on it."""
    state, name = evaluator.state, node.name
    receiver = evaluator.value(node.node) if node.node is not None else BUILT
    args = arguments_of(evaluator, node)
    if name == "attr":
        _check_attribute(evaluator, node, args[0] if args else BUILT)
    elif name not in state.idioms.filters:
        state.remark("unknown-filter", node, f"the filter {name!r} is none that templates need")
    _check_named(evaluator, node)
    check_width(evaluator, node, name, args)
    if name in ("default", "d"):
        return join((receiver, *args[:1]))
    return result_of(
        evaluator,
        node,
        name,
        receiver,
        args,
        lambda held, given: folding.filtered(name, held, given),
    )


def tested(evaluator: Evaluator, node: Node) -> Value:
    """Return what a test may come to, and remark on it."""
    evaluator.value(node.node)
    arguments_of(evaluator, node)
    if node.name not in evaluator.state.idioms.tests:
        message = f"the test {node.name!r} is none that templates need"
        evaluator.state.remark("unknown-filter", node, message)
    return NUMBER


def _check_named(evaluator: Evaluator, node: Node) -> None:
    """Check the attributes, filters and tests that a filter takes by name."""
    name, idioms = node.name, evaluator.state.idioms
    if name in _BY_ATTRIBUTE:
        attributes = [pair.value for pair in node.kwargs if pair.key == "attribute"]
        position = _BY_ATTRIBUTE[name]
        for attribute in [*attributes, *node.args[position : position + 1]]:
            _check_attribute(evaluator, node, evaluator.value(attribute))
    if name == _BY_FILTER and node.args:
        _check_listed(evaluator, node, node.args[0], idioms.filters)
    position = _BY_TEST.get(name, -1)
    if position >= 0 and len(node.args) > position:
        _check_listed(evaluator, node, node.args[position], idioms.tests)


def _check_attribute(evaluator: Evaluator, node: Node, names: Value) -> None:
    if not names.fixed or node.name == "attr":
        message = f"an attribute is taken by a name that is computed: {show(node)}"
        evaluator.state.remark("attribute-filter", node, message)
    for name in names.constants:
        for piece in str(name).split("."):
            evaluator.check_name(piece, node)


def _check_listed(
    evaluator: Evaluator, node: Node, argument: Node, allowed: frozenset[str]
) -> None:
    names = evaluator.value(argument)
    hostile = [name for name in names.constants if name == "attr"]
    if hostile or not names.fixed:
        message = f"a filter or test is taken by a name that is computed or 'attr': {show(node)}"
        evaluator.state.remark("attribute-filter", node, message)
        for extra in node.args[1:]:
            _check_attribute(evaluator, node, evaluator.value(extra))
    for name in names.constants:
        if name not in allowed and name not in hostile:
            message = f"the filter or test {show_constant(name)} is none that templates need"
            evaluator.state.remark("unknown-filter", node, message)
