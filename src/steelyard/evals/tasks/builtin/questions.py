# SPDX-License-Identifier: Apache-2.0
"""A user's own questions: whatever its columns are called, the same question, options and answer.

The question is in a column `question`, `prompt`, `input` or `text`. Options are in one column
`choices` or `options`, as a list, by letter, or apart by `|`, or in columns of their own: `A` to
`Z`, `choice1`, `choice_a`, `option1`, `option_a` and on. The answer, in a column `answer`, `label`,
`target`, `correct` and the like, is a letter, the text of an option, or a number: as the text of
an option where it is one, else from 1 where some answer is as great as there are options, else from
0 where some answer is 0. Where neither tells, or a number may be both, the file is refused: a guess
would judge every answer by the wrong option. Without options the answer is a text.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from steelyard.core.errors import MalformedError

_QUESTIONS = ("question", "prompt", "input", "text", "query", "instruction")
_ANSWERS = (
    "answer",
    "label",
    "target",
    "correct",
    "correct_answer",
    "right_answer",
    "answerkey",
    "answer_key",
    "answer_index",
    "answer_idx",
    "expected",
    "gold",
    "solution",
    "output",
)
_LISTS = ("choices", "options")
_NUMBERED = re.compile(r"(?:choice|option)[ _-]?(\d{1,2}|[a-z])", re.IGNORECASE)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
Row = Mapping[str, Any]


def prepare(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the rows with `question`, `choices`, `answer` and `target`.

    `answer` is the place of the right option, from 0, and `target` its text. Rows without any value
    are left out.

    Raises:
        MalformedError: A column is missing, an option is empty, the answer is none of them, or some
            rows have options and some have none; names row and column.
    """
    names = {_plain(name): str(name) for name in rows[0]}
    question = _column(names, _QUESTIONS, "the question")
    answer = _column(names, _ANSWERS, "the answer")
    numbered = [
        (number, row) for number, row in enumerate(rows, 1) if any(map(_said, row.values()))
    ]
    if "id" in names:
        _distinct(numbered, names["id"])
    listed = next((names[name] for name in _LISTS if name in names), None)
    columns = _option_columns(rows[0]) if listed is None else []
    choices = [_options(row, listed, columns, number) for number, row in numbered]
    _alike([number for number, _ in numbered], choices)
    least = _least([row[answer] for _, row in numbered], choices, answer)
    prepared = []
    for (number, row), options in zip(numbered, choices, strict=True):
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


def _plain(name: object) -> str:
    return re.sub(r"[ -]+", "_", str(name).strip().casefold())


def _said(value: object) -> bool:
    return value is not None and str(value).strip() != ""


def _wrong(message: str, hint: str = "") -> MalformedError:
    error = MalformedError(message)
    error.hint = hint
    return error


def _column(names: Mapping[str, str], known: Sequence[str], what: str) -> str:
    for name in known:
        if name in names:
            return names[name]
    raise _wrong(
        f"no column holds {what}: wanted one of {', '.join(known)}, there are"
        f" {', '.join(names.values())}",
        "The first line names the columns, such as: question,A,B,C,answer",
    )


def _distinct(rows: Sequence[tuple[int, Row]], column: str) -> None:
    seen: dict[str, int] = {}
    for number, row in rows:
        value = str(row[column])
        if value in seen:
            raise _wrong(f"rows {seen[value]} and {number} have the same {column} {value!r}")
        seen[value] = number


def _alike(numbers: Sequence[int], choices: Sequence[Sequence[str]]) -> None:
    without = [number for number, options in zip(numbers, choices, strict=True) if not options]
    if without and len(without) < len(choices):
        raise _wrong(
            f"row {without[0]} has no options, and other rows have",
            "Put questions with and without options into files of their own",
        )


def _option_columns(row: Row) -> list[str]:
    letters = [name for name in row if len(_plain(name)) == 1 and _plain(name) in "abcdefghij"]
    columns = [name for name in row if _NUMBERED.fullmatch(str(name).strip())]
    columns = letters if len(letters) >= 2 else columns or letters
    if len(columns) == 1:
        raise _wrong(
            f"the column {columns[0]!r} is the only one with options",
            "Give two or more; for an answer in words leave the column out",
        )
    return columns


def _options(row: Row, listed: str | None, columns: Sequence[str], number: int) -> list[str]:
    if listed is not None:
        texts = _listed(row[listed], listed, number)
        column = listed
    else:
        texts = [row[name] for name in columns]
        texts = texts if any(map(_said, texts)) else []
        while len(texts) > 2 and not _said(texts[-1]):
            texts.pop()
        column = columns[0] if columns else ""
    options = [str(text).strip() if text is not None else "" for text in texts]
    for place, option in enumerate(options, start=1):
        if not option:
            raise _wrong(f"row {number} column {column!r}: option {place} is empty")
    if len(options) == 1 or len(options) > len(_LETTERS):
        raise _wrong(
            f"row {number} column {column!r}: {len(options)} options, and there must be 2 to"
            f" {len(_LETTERS)}",
            "Part options in one column with |" if len(options) == 1 else "",
        )
    if len(set(options)) != len(options):
        raise _wrong(f"row {number} column {column!r}: two options are the same")
    return options


def _listed(said: object, column: str, number: int) -> list[Any]:
    if isinstance(said, dict):
        if [str(key).strip().upper() for key in said] != list(_LETTERS[: len(said)]):
            raise _wrong(
                f"row {number} column {column!r}: options are named {', '.join(map(str, said))}",
                "Name them A, B, C in this order, or give a list",
            )
        return list(said.values())
    return said if isinstance(said, list) else _split(str(said or ""))


def _split(text: str) -> list[Any]:
    if text.lstrip().startswith("["):
        try:
            value = json.loads(text)
        except ValueError:
            return text.split("|")
        return value if isinstance(value, list) else [text]
    return text.split("|") if text.strip() else []


def _text(value: object, column: str, number: int) -> str:
    if isinstance(value, list | dict):
        raise _wrong(
            f"row {number} column {column!r} holds {len(value)} values, and must hold one",
            "Give each question one right answer" if isinstance(value, list) else "",
        )
    if not _said(value):
        raise _wrong(f"row {number} column {column!r} is empty")
    return str(value).strip()


def _least(answers: Sequence[object], choices: Sequence[Sequence[str]], column: str) -> int:
    """Return the number of the first option, 0 or 1, as all rows together tell it.

    Raises:
        MalformedError: They do not tell, or a number among them is the text of another option too.
    """
    pairs = [(str(said).strip(), options) for said, options in zip(answers, choices, strict=True)]
    numbers = [
        (int(said), options)
        for said, options in pairs
        if options and said.isdecimal() and said not in options
    ]
    if not numbers:
        return 0
    both = next((said for said, options in pairs if said.isdecimal() and said in options), None)
    if both is not None:
        raise _wrong(
            f"column {column!r}: {both!r} is the text of an option, and in other rows numbers count"
            " the options",
            "Write the answers as letters",
        )
    if any(number == len(options) for number, options in numbers):
        return 1
    told = _plain(column).endswith(("_index", "_idx")) or not all(n for n, _ in numbers)
    if not told and all(number < len(options) for number, options in numbers):
        raise _wrong(
            f"column {column!r}: whether numbers count the options from 0 or from 1 cannot be told",
            "Write the answers as letters, or as the texts of options",
        )
    return 0


def _place(said: str, options: Sequence[str], least: int, column: str, number: int) -> int:
    if said in options:
        return options.index(said)
    letter = said.strip("().: ").upper()
    if len(letter) == 1 and letter in _LETTERS[: len(options)]:
        return _LETTERS.index(letter)
    if said.isdecimal() and 0 <= int(said) - least < len(options):
        return int(said) - least
    alike = [at for at, option in enumerate(options) if option.casefold() == said.casefold()]
    if len(alike) == 1:
        return alike[0]
    shown = said if len(said) <= 60 else f"{said[:57]}..."
    raise _wrong(
        f"row {number} column {column!r}: {shown!r} is none of {len(options)} options",
        "Write a letter, the text of an option, or its number",
    )
