# SPDX-License-Identifier: Apache-2.0
"""What methods and filters of templates make of values."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice, product

import msgspec

from steelyard.formats import folding
from steelyard.formats.jinja_show import Node, show
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
)

_WIDE = frozenset(
    ["batch", "center", "expandtabs", "indent", "ljust", "rjust", "slice", "wordwrap", "zfill"]
)
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


def check_width(evaluator: Evaluator, node: Node, name: str, args: Iterable[Value]) -> None:
    """Remark on a method or filter that is to pad or repeat without bound."""
    numbers = [held for value in args for held in value.constants if isinstance(held, int)]
    if name in _WIDE and any(number > folding.ENORMOUS for number in numbers):
        evaluator.state.remark("exhaustion", node, f"the result would be enormous: {show(node)}")


def result_of(
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
        except folding.Enormous:
            evaluator.state.remark(
                "exhaustion", node, f"the result would be enormous: {show(node)}"
            )
            return None
        except folding.Unknown:
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
