# SPDX-License-Identifier: Apache-2.0
"""A user's own questions: whatever its columns are called, the same question, options and answer.

The question is in a column `question`, `prompt`, `input` or `text`. Options are in one column
`choices` or `options`, as a list or apart by `|`, or in columns of their own: `A` to `Z`,
`choice1`, `choice_a`, `option1`, `option_a` and on. The answer, in a column `answer`, `label`,
`target` or `correct`, is a letter, the text of an option, or a number: as the text of an option
where it is one, else from 1 where some answer is as great as there are options, else from 0.
Without options the answer is a text.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from steelyard.core.errors import MalformedError

_QUESTIONS = ("question", "prompt", "input", "text")
_ANSWERS = ("answer", "label", "target", "correct", "correct_answer", "answerkey")
_LISTS = ("choices", "options")
_NUMBERED = re.compile(r"(?:choice|option)[ _-]?(\d{1,2}|[a-z])", re.IGNORECASE)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
Row = Mapping[str, Any]


def prepare(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the rows with `question`, `choices`, `answer` and `target`.

    `answer` is the place of the right option, from 0, and `target` its text.

    Raises:
        MalformedError: A column is missing, an option is empty, or the answer is none of them;
            names row and column.
    """
    names = {str(name).strip().casefold(): str(name) for name in rows[0]}
    question = _column(names, _QUESTIONS, "the question")
    answer = _column(names, _ANSWERS, "the answer")
    if "id" in names:
        _distinct([row[names["id"]] for row in rows], names["id"])
    columns = _option_columns(rows[0])
    listed = next((names[name] for name in _LISTS if name in names), None)
    choices = [_options(row, listed, columns, number) for number, row in enumerate(rows, 1)]
    least = _least([row[answer] for row in rows], choices)
    prepared = []
    for number, (row, options) in enumerate(zip(rows, choices, strict=True), start=1):
        asked = _text(row[question], question, number)
        said = _text(row[answer], answer, number)
        place = _place(said, options, least, answer, number) if options else 0
        prepared.append(
            {
                **row,
                "question": asked,
                "choices": options,
                "answer": place,
                "target": options[place] if options else said,
                "letters": [_LETTERS[at] for at in range(len(options))],
            }
        )
    return prepared


def _column(names: Mapping[str, str], known: Sequence[str], what: str) -> str:
    for name in known:
        if name in names:
            return names[name]
    raise MalformedError(
        f"no column holds {what}: wanted one of {', '.join(known)}, there are"
        f" {', '.join(names.values())}"
    )


def _distinct(ids: Sequence[object], column: str) -> None:
    seen: dict[object, int] = {}
    for number, value in enumerate(ids, start=1):
        if str(value) in seen:
            raise MalformedError(
                f"rows {seen[str(value)]} and {number} have the same {column} {str(value)!r}"
            )
        seen[str(value)] = number


def _option_columns(row: Row) -> list[str]:
    letters = [name for name in row if str(name).strip().upper() in _LETTERS[:10]]
    letters = [name for name in letters if len(str(name).strip()) == 1]
    if len(letters) >= 2:
        return letters
    return [name for name in row if _NUMBERED.fullmatch(str(name).strip())]


def _options(row: Row, listed: str | None, columns: Sequence[str], number: int) -> list[str]:
    if listed is not None:
        said = row[listed]
        texts = said if isinstance(said, list) else _split(str(said or ""))
        column = listed
    else:
        texts = [row[name] for name in columns]
        while len(texts) > 2 and texts[-1] in (None, ""):
            texts.pop()
        column = columns[0] if columns else ""
    options = [str(text).strip() if text is not None else "" for text in texts]
    for place, option in enumerate(options, start=1):
        if not option:
            raise MalformedError(f"row {number} column {column!r}: option {place} is empty")
    if len(options) == 1 or len(options) > len(_LETTERS):
        raise MalformedError(f"row {number} column {column!r}: {len(options)} options")
    if len(set(options)) != len(options):
        raise MalformedError(f"row {number} column {column!r}: two options are the same")
    return options


def _split(text: str) -> list[Any]:
    if text.lstrip().startswith("["):
        try:
            value = json.loads(text)
        except ValueError:
            return text.split("|")
        return value if isinstance(value, list) else [text]
    return text.split("|") if text.strip() else []


def _text(value: object, column: str, number: int) -> str:
    text = "" if value is None else str(value).strip()
    if not text:
        raise MalformedError(f"row {number} column {column!r} is empty")
    return text


def _least(answers: Sequence[object], choices: Sequence[Sequence[str]]) -> int:
    """Return the number of the first option, 0 or 1, as all rows together tell it."""
    for said, options in zip(answers, choices, strict=True):
        text = str(said).strip()
        if text.isdecimal() and text not in options and int(text) == len(options):
            return 1
    return 0


def _place(said: str, options: Sequence[str], least: int, column: str, number: int) -> int:
    if said in options:
        return options.index(said)
    letter = said.strip("().").upper()
    if len(letter) == 1 and letter in _LETTERS[: len(options)]:
        return _LETTERS.index(letter)
    if said.isdecimal() and 0 <= int(said) - least < len(options):
        return int(said) - least
    raise MalformedError(
        f"row {number} column {column!r}: {said!r} is none of {len(options)} options"
    )
