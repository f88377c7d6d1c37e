# SPDX-License-Identifier: Apache-2.0
"""Filters in a row, as a task's `filter_list` names them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from steelyard.core.errors import MalformedError
from steelyard.evals.filters import change, extract
from steelyard.evals.filters.extract import Filter

FILTERS: Mapping[str, Callable[..., Filter]] = {
    "regex": extract.regex,
    "multi_choice_regex": extract.multi_choice_regex,
    "regex_pos": extract.regex_pos,
    "remove_whitespace": change.remove_whitespace,
    "lowercase": change.lowercase,
    "uppercase": change.uppercase,
    "map": change.mapped,
    "take_first": change.take_first,
    "take_first_k": change.take_first_k,
    "majority_vote": change.majority_vote,
    "format_span": change.format_span,
}


class Pipeline(msgspec.Struct, frozen=True, kw_only=True):
    """Filters applied one after the other.

    Attributes:
        name: Of the whole, part of the metric's name: `exact_match,strict`.
        filters: In order.
    """

    name: str
    filters: tuple[Filter, ...]

    def apply(self, answers: Sequence[Any], row: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """Return what is judged, of the answers to one question."""
        value: Any = list(answers)
        for each in self.filters:
            value = each(value, row)
        return value


NONE = Pipeline(name="none", filters=(change.take_first(),))
"""What stands where a task names no filters."""


def pipelines(
    said: Sequence[Mapping[str, Any]] | None, custom: Callable[[Mapping[str, Any]], Filter | None]
) -> tuple[Pipeline, ...]:
    """Return the filters of a task.

    Args:
        said: The task's `filter_list`.
        custom: Makes a filter of a step that names a function, or None where it names none.

    Raises:
        MalformedError: A filter is unknown, or its arguments are wrong.
    """
    if said is None:
        return (NONE,)
    return tuple(
        Pipeline(
            name=str(each["name"]),
            filters=tuple(custom(step) or _filter(step) for step in each.get("filter", ())),
        )
        for each in said
    )


def _filter(step: Mapping[str, Any]) -> Filter:
    name = step.get("function")
    arguments = {key: value for key, value in step.items() if key != "function"}
    if name not in FILTERS:
        raise MalformedError(
            f"'filter_list': there is no filter {name!r}; there are {', '.join(FILTERS)}"
        )
    try:
        return FILTERS[str(name)](**arguments)
    except TypeError as error:
        raise MalformedError(f"'filter_list': filter {name!r}: {error}") from error
