# SPDX-License-Identifier: Apache-2.0
"""Jinja in task files: rendered in a sandbox, within a budget of steps and of output.

A step is one round of a loop or one call. Steps rather than seconds bound a template, so that it
ends the same way on every machine.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from typing import Any

from steelyard.core.errors import LimitError, MalformedError
from steelyard.evals.patterns import Matcher

_STEPS = 2_000_000
_OUTPUT = 32 << 20
_PRODUCT = 1 << 28
"""Bytes that one filter or method may make of two texts, at most."""
_WIDEST = 1_000_000


class Templates:
    """Renders the templates of one task; each is compiled once.

    Args:
        steps: Rounds of loops and calls of one rendering.
        output: Characters of one rendering.
    """

    def __init__(self, *, steps: int = _STEPS, output: int = _OUTPUT) -> None:
        self._steps = steps
        self._output = output
        self._left = steps
        self._environment = _environment(self._spend)
        self._compiled: dict[str, Any] = {}

    def render(self, source: str, values: Mapping[str, Any]) -> str:
        """Return a template with values in it; a name that has none is an error.

        Raises:
            MalformedError: The template is wrong, or what it asks of the values is not there.
            LimitError: It takes too many steps or makes too long a text.
        """
        from jinja2 import TemplateError

        self._left = self._steps
        try:
            template = self._compiled.get(source)
            if template is None:
                template = self._compiled[source] = self._environment.from_string(source)
            parts = []
            length = 0
            for part in template.generate(values):
                length += len(part)
                if length > self._output:
                    raise LimitError(f"makes a text longer than {self._output:,} characters")
                parts.append(part)
        except TemplateError as error:
            line = getattr(error, "lineno", None)
            where = f"line {line} of the template: " if line else ""
            raise MalformedError(f"{where}{error.message or type(error).__name__}") from error
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
            raise MalformedError(f"{type(error).__name__}: {error}") from error
        except (RecursionError, MemoryError) as error:
            raise LimitError("goes too deep") from error
        return "".join(parts)

    def _spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise LimitError(f"takes more than {self._steps:,} steps")


def _environment(spend: Callable[[], None]) -> Any:  # noqa: ANN401 jinja2 is imported late
    from jinja2 import BaseLoader, StrictUndefined, nodes
    from jinja2.sandbox import ImmutableSandboxedEnvironment
    from jinja2.visitor import NodeTransformer

    def filtered(node: Any, name: str, environment: Any) -> nodes.Filter:  # noqa: ANN401
        made = nodes.Filter(node, name, [], [], None, None)
        made.set_environment(environment)
        return made

    class Budgeted(NodeTransformer):
        """Puts the rounds of loops, and texts made with `~`, under the budget."""

        def visit_For(self, node: nodes.For, environment: Any) -> nodes.For:  # noqa: ANN401
            self.generic_visit(node, environment)
            node.iter = filtered(node.iter, "_counted", environment)
            return node

        def visit_Concat(self, node: nodes.Concat, environment: Any) -> nodes.Filter:  # noqa: ANN401
            self.generic_visit(node, environment)
            return filtered(nodes.List(node.nodes), "_joined", environment)

    class Environment(ImmutableSandboxedEnvironment):
        intercepted_binops = frozenset({"*", "**", "+", "%"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401
            _bounded_operator(operator, left, right)
            return super().call_binop(context, operator, left, right)

        def call(__self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            spend()
            owner = getattr(__obj, "__self__", None)
            _bounded_call((owner, *args, *kwargs.values()))
            return super().call(__context, __obj, *args, **kwargs)

        def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
            tree: nodes.Template = Budgeted().visit(super()._parse(source, name, filename), self)
            return tree

    environment = Environment(
        loader=BaseLoader(), undefined=StrictUndefined, keep_trailing_newline=True
    )

    def counted(items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            spend()
            yield item

    matcher = Matcher()

    def regex_replace(text: str, pattern: str, by: str, count: int = 0) -> str:
        return matcher.sub(pattern, by, text, count)

    environment.filters = {
        name: _bounded(function) for name, function in environment.filters.items()
    }
    environment.filters["_counted"] = counted
    environment.filters["_joined"] = _joined
    environment.filters["regex_replace"] = _bounded(regex_replace)
    return environment


def _joined(parts: Iterable[object]) -> str:
    texts = [str(part) for part in parts]
    if sum(map(len, texts)) > _OUTPUT:
        raise LimitError("makes too long a text")
    return "".join(texts)


def _bounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that refuses to make something huge of its arguments."""

    def guarded(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 as the filter has it
        _bounded_call((*args, *kwargs.values()))
        return function(*args, **kwargs)

    for mark in ("jinja_pass_arg", "jinja_async_variant"):
        if hasattr(function, mark):
            setattr(guarded, mark, getattr(function, mark))
    return guarded


def _bounded_call(values: Iterable[object]) -> None:
    longest = [1, 1]
    values = list(values)
    for value in values:
        if isinstance(value, int) and abs(value) > _WIDEST and isinstance(values[0], str):
            raise LimitError(f"asks for a width above {_WIDEST:,}")
        if isinstance(value, str | bytes | list | tuple | dict) and len(value) > longest[0]:
            longest = sorted((*longest, len(value)))[1:]
    if longest[0] * longest[1] > _PRODUCT:
        raise LimitError(f"may make more than {_PRODUCT:,} characters in one step")


def _bounded_operator(operator: str, left: object, right: object) -> None:
    sizes = [value if isinstance(value, int) else _size(value) for value in (left, right)]
    if operator == "**" and isinstance(right, int) and abs(right) > 10_000:
        raise LimitError("raises to a huge power")
    if operator == "*" and isinstance(left, int) and isinstance(right, int):
        if left.bit_length() + right.bit_length() > 100_000:
            raise LimitError("multiplies huge numbers")
    elif operator == "*" and sizes[0] * sizes[1] > _OUTPUT:
        raise LimitError("repeats a text too often")
    elif operator == "+" and not isinstance(left, int) and sum(sizes) > _OUTPUT:
        raise LimitError("makes too long a text")
    elif operator == "%" and isinstance(left, str) and re.search(r"%[^a-zA-Z%]*\d{7}", left):
        raise LimitError("pads a text too wide")


def _size(value: object) -> int:
    return len(value) if isinstance(value, Sized) else 1
