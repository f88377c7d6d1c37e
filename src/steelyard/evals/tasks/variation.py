# SPDX-License-Identifier: Apache-2.0
"""The same questions put another way: options in another order, other white space.

A score that moves when only the way of asking does is not about the question. A task
`arc_easy@shuffle-options:7` asks what `arc_easy` asks, each question paired with its original
by `Sample.origin`.
"""

import hashlib
import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

from steelyard.core.digest import canonical
from steelyard.core.errors import MalformedError, UsageError
from steelyard.evals.data import Row

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_GROUPS = (
    ("ans0", "ans1", "ans2"),
    ("choice1", "choice2"),
    ("sol1", "sol2"),
    ("option1", "option2"),
    ("A", "B", "C", "D", "E"),
    ("option_a", "option_b", "option_c", "option_d", "option_e"),
    ("opa", "opb", "opc", "opd"),
)
_LISTS = ("choices", "options", "endings", "mc1_choices")
_ANSWERS = ("answer", "label", "answerKey", "gold", "target", "cop", "correct", "answer_idx")


class Variation:
    """Leaves questions as they are.

    Attributes:
        suffix: Added to the name of the task.
        moves: Whether options stand elsewhere, so that the right answer to a question is another.
    """

    suffix: str = ""
    moves: bool = False

    def row(self, row: Row, index: int) -> Row:
        """Return a row with its parts in another order; the index is that of the row."""
        del index
        return row

    def text(self, prompt: str) -> str:
        """Return a prompt, put another way."""
        return prompt


PLAIN = Variation()


class ShuffledOptions(Variation):
    """Options in an order drawn from a seed and the row itself.

    The order does not depend on which rows are asked. The examples before a question keep theirs.

    Args:
        seed: Of the drawing.
    """

    moves = True

    def __init__(self, seed: int) -> None:
        self.suffix = f"@shuffle-options:{seed}"
        self._seed = seed

    def row(self, row: Row, index: int) -> Row:
        """Return the row with its options, and its right answer, in another order.

        Raises:
            MalformedError: The row's options, or which of them is right, cannot be told.
        """
        del index
        named = hashlib.sha256(canonical([self._seed, row])).digest()
        draws = random.Random(int.from_bytes(named))  # noqa: S311 reproducible, not secret
        listed = _listed(row)
        if listed is None:
            raise MalformedError("its options cannot be told, so they cannot be shuffled")
        names, texts = listed
        order = list(range(len(texts)))
        draws.shuffle(order)
        moved = [texts[place] for place in order]
        changed = dict(row)
        if isinstance(names, str):
            value = row[names]
            changed[names] = {**value, "text": moved} if isinstance(value, dict) else moved
        else:
            changed.update(zip(names, moved, strict=True))
        changed.update(_answer(row, order, texts))
        return changed


class MoreSpace(Variation):
    """Prompts with other white space: doubled, a space at line ends, or blank lines.

    Args:
        how: `double`, `line-ends` or `blank-lines`.
    """

    _WAYS: Mapping[str, tuple[str, str]] = {
        "double": (r"(?<=\S) (?=\S)", "  "),
        "line-ends": (r"(?<=\S)\n", " \n"),
        "blank-lines": (r"(?<!\n)\n(?!\n)", "\n\n"),
    }

    def __init__(self, how: str) -> None:
        if how not in self._WAYS:
            raise UsageError(
                f"there is no white space {how!r}", f"There is {', '.join(self._WAYS)}"
            )
        self.suffix = f"@whitespace:{how}"
        pattern, self._by = self._WAYS[how]
        self._pattern = re.compile(pattern)

    def text(self, prompt: str) -> str:
        """Return a prompt with other white space."""
        return self._pattern.sub(self._by, prompt)


def varied(name: str) -> tuple[str, Variation]:
    """Return the name of a task without its variation, and the variation.

    Args:
        name: Such as `arc_easy@shuffle-options:7` or `arc_easy@whitespace:double`.

    Raises:
        UsageError: There is no such variation.
    """
    task, mark, said = name.rpartition("@")
    if not mark:
        return name, PLAIN
    kind, _, argument = said.partition(":")
    if kind == "shuffle-options" and (argument.isdecimal() or not argument):
        return task, ShuffledOptions(int(argument or 0))
    if kind == "whitespace":
        return task, MoreSpace(argument or "double")
    raise UsageError(
        f"there is no variation '@{said}' of a task",
        "There are @shuffle-options:SEED and @whitespace:double, line-ends or blank-lines",
    )


def _listed(row: Row) -> tuple[str | tuple[str, ...], list[str]] | None:
    """Return the column or columns that hold the options, and the options."""
    for name in _LISTS:
        value = row.get(name)
        texts = value.get("text") if isinstance(value, dict) else value
        if isinstance(texts, list) and texts and all(isinstance(text, str) for text in texts):
            return name, texts
    for group in _GROUPS:
        names = tuple(name for name in group if isinstance(row.get(name), str))
        if len(names) >= 2 and names == group[: len(names)]:
            return names, [row[name] for name in names]
    return None


def _answer(row: Row, order: Sequence[int], texts: Sequence[str]) -> Mapping[str, Any]:
    """Return the columns that say which option is right, moved along."""
    if isinstance(row.get("mc1_labels"), list) and len(row["mc1_labels"]) == len(order):
        return {"mc1_labels": [row["mc1_labels"][place] for place in order]}
    for name in _ANSWERS:
        value = row.get(name)
        if isinstance(value, bool) or value is None:
            continue
        if isinstance(value, int) and 0 <= value < len(order):
            return {name: order.index(value)}
        if isinstance(value, str) and value in texts:
            return {}
        if isinstance(value, str) and value.isdecimal():
            return _numbered(row, name, value, order)
        if isinstance(value, str) and value in _LETTERS[: len(order)] and len(value) == 1:
            return {name: _LETTERS[order.index(_LETTERS.index(value))]}
    raise MalformedError("which option is right cannot be told, so they cannot be shuffled")


def _numbered(row: Row, name: str, value: str, order: Sequence[int]) -> Mapping[str, Any]:
    """Return an answer written as a number: from 1 where options are labelled so, else from 0."""
    labels = row["choices"].get("label") if isinstance(row.get("choices"), dict) else None
    if isinstance(labels, list) and value in labels:
        return {name: labels[order.index(labels.index(value))]}
    if int(value) < len(order):
        return {name: str(order.index(int(value)))}
    raise MalformedError(f"the answer {value!r} is none of {len(order)} options")
