# SPDX-License-Identifier: Apache-2.0
"""Calls, filters and tests of templates: which are idiomatic, and what they may come to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice, product

import msgspec

from steelyard.formats import folding as constants
from steelyard.formats.jinja_show import Node, show, show_constant
from steelyard.formats.jinja_state import Evaluator
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
    text_of,
)

_BY_ATTRIBUTE = {"map": -1, "groupby": 0, "selectattr": 0, "rejectattr": 0}
"""Filters that take attributes by name, with the position of the name; by keyword in all of these."""

_KEYWORD_ATTRIBUTE = frozenset({"map", "groupby", "sort", "sum", "min", "max", "unique", "join"})
_BY_FILTER = "map"
_BY_TEST = {"select": 0, "reject": 0, "selectattr": 1, "rejectattr": 1}
_WIDE = frozenset(
    ["batch", "center", "expandtabs", "indent", "ljust", "rjust", "slice", "wordwrap", "zfill"]
)
_GROWING = frozenset({"append", "extend", "insert", "update", "setdefault", "add"})
_COUNTING = frozenset(
    [
        "abs",
        "count",
        "endswith",
        "find",
        "float",
        "index",
        "int",
        "isalnum",
        "isalpha",
        "isdigit",
        "islower",
        "isnumeric",
        "isspace",
        "isupper",
        "length",
        "rfind",
        "rindex",
        "round",
        "startswith",
        "sum",
        "wordcount",
    ]
)
_LISTING = frozenset(
    [
        "batch",
        "dictsort",
        "groupby",
        "items",
        "keys",
        "list",
        "map",
        "partition",
        "reject",
        "rejectattr",
        "reverse",
        "rpartition",
        "rsplit",
        "select",
        "selectattr",
        "slice",
        "sort",
        "split",
        "splitlines",
        "unique",
        "values",
    ]
)
_CUTTING = frozenset(
    [
        *(
            "capitalize",
            "e",
            "escape",
            "lower",
            "lstrip",
            "partition",
            "removeprefix",
            "removesuffix",
        ),
        *("rpartition", "rsplit", "rstrip", "safe", "split", "splitlines", "string", "strip"),
        *("swapcase", "title", "tojson", "trim", "truncate", "upper"),
    ]
)
"""Methods and filters that give back what they are given, or a piece of it."""

_PICKING = frozenset({"first", "get", "last", "max", "min", "pop", "random"})
_COMBINATIONS = 256  # of constant receivers and arguments that are folded


def call(evaluator: Evaluator, node: Node) -> Value:
    """Return what a call may come to, and remark on it."""
    args = _arguments(evaluator, node)
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


def _arguments(evaluator: Evaluator, node: Node) -> list[Value]:
    args = [evaluator.value(arg) for arg in node.args]
    args += [evaluator.value(pair.value) for pair in node.kwargs]
    spread = [evaluator.value(part) for part in (node.dyn_args, node.dyn_kwargs)]
    return args + [elements(value) for value in spread if value is not NOTHING]


def _call_name(evaluator: Evaluator, node: Node, args: Sequence[Value]) -> Value:
    state, name = evaluator.state, node.node.name
    known = state.look_up(name)
    if known is not None or name in state.macros:
        return _call_value(evaluator, node, evaluator.value(node.node), args)
    if name in _FUNCTIONS and name in state.idioms.functions:
        return _FUNCTIONS[name](evaluator, node, args)
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
    _check_width(evaluator, node, name, args)
    return _result(
        evaluator, node, name, receiver, args, lambda held, given: _method(held, name, given)
    )


def _method(held: object, name: str, given: Sequence[object]) -> object:
    return constants.method(held, name, given)


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
            fields = constants.format_fields(text)
        except constants.Unknown:
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


def filtered(evaluator: Evaluator, node: Node) -> Value:
    """Return what a filter may come to, and remark on it."""
    state, name = evaluator.state, node.name
    receiver = evaluator.value(node.node) if node.node is not None else BUILT
    args = _arguments(evaluator, node)
    if name == "attr":
        _check_attribute(evaluator, node, args[0] if args else BUILT)
    elif name not in state.idioms.filters:
        state.remark("unknown-filter", node, f"the filter {name!r} is none that templates need")
    _check_named(evaluator, node)
    _check_width(evaluator, node, name, args)
    if name in ("default", "d"):
        return join((receiver, *args[:1]))
    return _result(
        evaluator,
        node,
        name,
        receiver,
        args,
        lambda held, given: constants.filtered(name, held, given),
    )


def tested(evaluator: Evaluator, node: Node) -> Value:
    """Return what a test may come to, and remark on it."""
    evaluator.value(node.node)
    _arguments(evaluator, node)
    if node.name not in evaluator.state.idioms.tests:
        message = f"the test {node.name!r} is none that templates need"
        evaluator.state.remark("unknown-filter", node, message)
    return NUMBER


def _check_named(evaluator: Evaluator, node: Node) -> None:
    """Check the attributes, filters and tests that a filter takes by name."""
    name, idioms = node.name, evaluator.state.idioms
    attributes = [pair.value for pair in node.kwargs if pair.key == "attribute"]
    attributes = attributes if name in _KEYWORD_ATTRIBUTE else []
    position = _BY_ATTRIBUTE.get(name, -1)
    attributes += node.args[position : position + 1] if position >= 0 else []
    for attribute in attributes:
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


def _check_width(evaluator: Evaluator, node: Node, name: str, args: Iterable[Value]) -> None:
    numbers = [held for value in args for held in value.constants if isinstance(held, int)]
    if name in _WIDE and any(number > constants.ENORMOUS for number in numbers):
        evaluator.state.remark("exhaustion", node, f"the result would be enormous: {show(node)}")


def _result(
    evaluator: Evaluator,
    node: Node,
    name: str,
    receiver: Value,
    args: Sequence[Value],
    fold: Callable[[object, Sequence[object]], object],
) -> Value:
    """Return what a method or filter of this name makes of a value."""
    message = receiver.message or any(arg.message for arg in args)
    if receiver.fixed and all(arg.fixed for arg in args) and not node.kwargs:
        known = _folded(evaluator, node, receiver, args, fold)
        if known is not None:
            return msgspec.structs.replace(known, message=message)
    rough = _rough(name, receiver, args)
    return msgspec.structs.replace(rough, message=message) if message else rough


def _folded(
    evaluator: Evaluator,
    node: Node,
    receiver: Value,
    args: Sequence[Value],
    fold: Callable[[object, Sequence[object]], object],
) -> Value | None:
    found: list[Value] = []
    combinations = product(receiver.constants, *(arg.constants for arg in args))
    for held, *given in islice(combinations, _COMBINATIONS + 1):
        if len(found) == _COMBINATIONS:
            return None
        try:
            found.append(constant(fold(held, given)))
        except constants.Enormous:
            evaluator.state.remark(
                "exhaustion", node, f"the result would be enormous: {show(node)}"
            )
            return None
        except constants.Unknown:
            return None
    return join(found)


def _rough(name: str, receiver: Value, args: Sequence[Value]) -> Value:
    if name in _COUNTING:
        return NUMBER
    inner = elements(receiver)
    if name in _LISTING:
        texts = [_text(name, receiver)] if name in _CUTTING else []
        mapped = [BUILT] if name == "map" and (len(args) > 1 or not receiver.data) else []
        held = container([inner, *texts, *mapped])
        return join((held, DATA)) if receiver.data else held
    if name in _PICKING:
        return join((inner, receiver.inner or NOTHING, *args[1:]))
    return _text(name, receiver)


def _text(name: str, receiver: Value) -> Value:
    """Return what a text may be: data where it is cut out of data, else anything at all."""
    mixed = (
        receiver.constants or receiver.built or receiver.container or receiver.many or receiver.deep
    )
    cut = name in _CUTTING and receiver.data and not (mixed or receiver.internal)
    return DATA if cut else BUILT


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
        if constants.length(turns) > constants.ENORMOUS:
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


_FUNCTIONS: Mapping[str, Callable[[Evaluator, Node, Sequence[Value]], Value]] = {
    "caller": _caller,
    "dict": _dict,
    "loop": _loop,
    "namespace": _namespace,
    "raise_exception": lambda evaluator, node, args: text_of([]),
    "range": _range,
    "strftime_now": _now,
}
