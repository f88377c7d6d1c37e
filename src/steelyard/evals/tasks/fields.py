# SPDX-License-Identifier: Apache-2.0
"""The parts of a question out of a row: its text, its target, its options, by columns or templates.

Semantics: `doc_to_text`, `doc_to_target` and `doc_to_choice` of lm-eval 0.4.13.
"""

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from steelyard.core.errors import MalformedError
from steelyard.evals.data import Row
from steelyard.evals.tasks.config import Template
from steelyard.evals.tasks.function import Call, Function
from steelyard.evals.tasks.template import Templates

Target = str | int | float | list[Any]
_MOST_LITERAL = 4 << 20


class Fields:
    """Reads rows of one task.

    Args:
        columns: Names of the columns of the task's rows.
        call: Runs functions.
        numbers: Whether a rendered number is an index into the options; so where there are any.
    """

    def __init__(self, columns: Sequence[str], call: Call, *, numbers: bool) -> None:
        self._columns = frozenset(columns)
        self._call = call
        self._numbers = numbers
        self._templates = Templates()

    def text(self, row: Row, said: Template | None) -> str | int:
        """Return the question, or the index of the right one where each option is a question.

        Raises:
            MalformedError: It cannot be rendered, or is no text.
        """
        value = self._value(row, said, "doc_to_text")
        if isinstance(said, str) and said not in self._columns and isinstance(value, str):
            return _index(value) if self._numbers and value.isdigit() else value
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if not isinstance(value, str):
            raise MalformedError(f"'doc_to_text' gives {_kind(value)}, and must give text")
        return value

    def target(self, row: Row, said: Template | None) -> Target:
        """Return the right answer: a text, an index into the options, or several of either.

        Raises:
            MalformedError: It cannot be rendered, or there is none.
        """
        value = self._value(row, said, "doc_to_target")
        if isinstance(said, str) and said not in self._columns and isinstance(value, str):
            return self._literal_target(value)
        if isinstance(value, bool):
            return int(value)
        if isinstance(value, str | int | float | list):
            return value
        raise MalformedError(f"'doc_to_target' gives {_kind(value)}, where the answer must be")

    def choices(self, row: Row, said: Template | None) -> list[str]:
        """Return the options, at least one.

        Raises:
            MalformedError: They cannot be rendered, are no list of texts, or there are none.
        """
        if isinstance(said, dict):
            value: object = list(said.values())
        elif isinstance(said, str) and said not in self._columns:
            value = literal(self.render(row, said, "doc_to_choice"), "doc_to_choice")
        else:
            value = self._value(row, said, "doc_to_choice")
        if not isinstance(value, list | tuple):
            raise MalformedError(f"'doc_to_choice' gives {_kind(value)}, and must give a list")
        if not value:
            raise MalformedError("'doc_to_choice' gives no options")
        return [_option(option, number) for number, option in enumerate(value, start=1)]

    def resolved(self, row: Row, said: str | Function | None, key: str) -> str:
        """Return a column of the row, or a rendered template, empty for none."""
        if not said:
            return ""
        if isinstance(said, str) and said not in row:
            return self.render(row, said, key)
        value = row[said] if isinstance(said, str) else self._call(said, row)
        return "" if value is None else str(value)

    def render(self, row: Row, source: str, key: str) -> str:
        """Return a template with the row's values in it.

        Raises:
            MalformedError: It cannot be rendered; names the key.
        """
        try:
            return self._templates.render(source, row)
        except MalformedError as error:
            raise type(error)(f"'{key}': {error.message}") from error

    def _value(self, row: Row, said: Template | None, key: str) -> object:
        if said is None:
            raise MalformedError(f"the task has no '{key}'")
        if isinstance(said, Function):
            return self._call(said, row)
        if isinstance(said, str):
            if said in self._columns:
                return row.get(said)
            return self.render(row, said, key)
        return said

    def _literal_target(self, text: str) -> Target:
        if self._numbers and text.isdigit():
            return _index(text)
        if len(text) >= 2 and text[0] == "[" and text[-1] == "]":
            try:
                value = literal(text, "doc_to_target")
            except MalformedError:
                return text
            return value if isinstance(value, list) else text
        return text


def literal(text: str, key: str) -> object:
    """Return the Python literal that a text writes.

    Raises:
        MalformedError: It is none, or too long.
    """
    if len(text) > _MOST_LITERAL:
        raise MalformedError(f"'{key}' is longer than {_MOST_LITERAL:,} characters")
    try:
        return ast.literal_eval(text.lstrip(" \t"))
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError) as error:
        shown = text if len(text) <= 80 else f"{text[:77]}..."
        raise MalformedError(f"'{key}' renders {shown!r}, which is no list") from error


def indexed(choices: Sequence[str], answer: Target) -> str:
    """Return the text of an answer, an index standing for its option.

    Raises:
        MalformedError: The index is out of range, or the answer is no text.
    """
    if isinstance(answer, list):
        answer = answer[0] if answer else ""
    if isinstance(answer, int) and choices:
        if not -len(choices) <= answer < len(choices):
            raise MalformedError(f"the answer is option {answer} of {len(choices)}, from 0")
        return choices[answer]
    if not isinstance(answer, str):
        raise MalformedError(f"the answer is {_kind(answer)}, and must be text")
    return answer


def _option(option: object, number: int) -> str:
    if isinstance(option, int) and not isinstance(option, bool):
        return str(option)
    if not isinstance(option, str):
        raise MalformedError(f"option {number} is {_kind(option)}, and must be text")
    return option


def _index(text: str) -> int | str:
    return int(text) if text.isascii() and (text == "0" or not text.startswith("0")) else text


def _kind(value: object) -> str:
    names: Mapping[type, str] = {type(None): "nothing", dict: "a mapping", list: "a list"}
    return names.get(type(value), f"a {type(value).__name__}")
