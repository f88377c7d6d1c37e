# SPDX-License-Identifier: Apache-2.0
"""Filters that change an answer, or choose among several."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from steelyard.core.errors import MalformedError
from steelyard.evals.filters.extract import Filter

_ENTITIES: Mapping[str, str] = {
    **dict.fromkeys(("person", "people", "persons", "per"), "PER"),
    **dict.fromkeys(("location", "counties", "places", "country", "continent", "loc"), "LOC"),
    **dict.fromkeys(("organization", "company", "org"), "ORG"),
    **dict.fromkeys(("time", "date"), "DATE"),
}
_SPAN = re.compile(r"\b(PER|LOC|ORG|DATE):\s*([^$]+)")
_LABEL = re.compile(rf"\b({'|'.join(_ENTITIES)})\s*:")


def remove_whitespace() -> Filter:
    """Return a filter that strips white space from both ends."""
    return lambda answers, row: [answer.strip() for answer in answers]


def lowercase() -> Filter:
    """Return a filter that makes lower case."""
    return lambda answers, row: [answer.lower() for answer in answers]


def uppercase() -> Filter:
    """Return a filter that makes upper case."""
    return lambda answers, row: [answer.upper() for answer in answers]


def mapped(mapping_dict: Mapping[Any, Any] | None = None, default_value: Any = None) -> Filter:  # noqa: ANN401
    """Return a filter that puts one value for another.

    Args:
        mapping_dict: What stands for what.
        default_value: What stands for all else.
    """
    table = dict(mapping_dict or {})
    return lambda answers, row: [table.get(answer, default_value) for answer in answers]


def take_first() -> Filter:
    """Return a filter that leaves the first answer."""
    return lambda answers, row: answers[0]


def take_first_k(k: int) -> Filter:
    """Return a filter that leaves the first k answers.

    Raises:
        MalformedError: When it is applied: there are fewer.
    """

    def apply(answers: Any, row: Mapping[str, Any]) -> Any:  # noqa: ANN401
        del row
        if len(answers) < k:
            raise MalformedError(f"take_first_k: {k} of {len(answers)}; raise 'repeats'")
        return answers[:k]

    return apply


def majority_vote() -> Filter:
    """Return a filter that leaves the most frequent answer, of equals the first."""
    return lambda answers, row: [Counter(answers).most_common(1)[0][0]]


def format_span() -> Filter:
    """Return a filter that puts named entities one way: `per: name $ loc: place`."""

    def spans(text: str) -> str:
        named = _LABEL.sub(lambda match: f"{_ENTITIES[match[1]]}:", text.lower())
        named = "$".join(named.split("$$")).rstrip("$").replace("\n", "$").strip()
        return " $ ".join(
            f"{label.lower()}: {entity.strip()}"
            for label, entities in _SPAN.findall(named)
            for entity in entities.split(",")
            if entity.strip().lower() != "none"
        )

    return lambda answers, row: [spans(answer) for answer in answers]
