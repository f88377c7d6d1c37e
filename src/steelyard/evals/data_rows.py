# SPDX-License-Identifier: Apache-2.0
"""Rows out of JSON, JSONL, CSV and text files; a text stays the text that it was.

No value is guessed: the text `None` and the text `0.50` of a CSV file stay texts.
Source: RFC 8259 (JSON has no NaN), RFC 4180 (CSV).
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, NoReturn

import msgspec

from steelyard.core.errors import LimitError, MalformedError
from steelyard.evals.data import Row

_LINE = 64 << 20
_DOCUMENT = 1 << 30
_NUMBER = re.compile(r"-?(?:NaN|Infinity)\b")
_SEPARATOR = re.compile(r"sep=.?$")
"""What spreadsheets write and read before the first line, to say what parts the values."""
_WRAPPERS = frozenset({"data", "examples", "questions", "rows"})
_json = msgspec.json.Decoder()


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """How the files of a data set are to be read.

    Attributes:
        field: Member of a JSON document that holds the rows.
        columns: Names of the columns of a CSV file.
        header: Whether the first line of a CSV file names the columns; None where it does unless
            `columns` are given.
        delimiter: Between the values of a CSV file.
        sample_by: What a row of a text file is: a `line`, a `paragraph` or the whole `document`.
    """

    field: str = ""
    columns: tuple[str, ...] = ()
    header: bool | None = None
    delimiter: str = ","
    sample_by: str = "line"


def json_rows(source: BinaryIO, name: str, shape: Shape) -> Iterator[Row]:
    """Yield the rows of a JSON document, or of a file with one JSON value a line.

    Raises:
        MalformedError: What is no JSON, no row, or has no such field; names file and row.
    """
    if not shape.field and not _is_document(source):
        yield from _alone_or_wrapped(_lines(source, name), name)
        return
    data = source.read(_DOCUMENT + 1)
    if len(data) > _DOCUMENT:
        raise LimitError(f"cannot read '{name}': a JSON document longer than {_DOCUMENT:,} bytes")
    value = _decoded(data, name, None)
    if shape.field:
        if not isinstance(value, dict) or shape.field not in value:
            raise MalformedError(f"'{name}' has no field {shape.field!r}")
        value = value[shape.field]
    if isinstance(value, dict) and value and all(isinstance(v, list) for v in value.values()):
        value = _from_columns(value, name)
    value = _wrapped(value) or value
    if not isinstance(value, list):
        error = MalformedError(f"'{name}' holds no list of rows")
        error.hint = "Write a list of objects, or one object a line"
        raise error
    for number, row in enumerate(value, start=1):
        yield _row(row, name, number)


def csv_rows(source: BinaryIO, name: str, shape: Shape) -> Iterator[Row]:
    """Yield the rows of a CSV file, each value the text that stands there.

    It is UTF-8, or UTF-16 as spreadsheets write it, told by its first two bytes.

    Raises:
        MalformedError: A row has more or fewer values than there are columns.
    """
    text = io.TextIOWrapper(source, encoding=_encoding(source), newline="")
    reader = csv.reader(text, delimiter=shape.delimiter, strict=True)
    columns = shape.columns
    number = 0
    try:
        for values in reader:
            if not values or (reader.line_num == 1 and _SEPARATOR.match(values[0])):
                continue
            if not number and (shape.header or (shape.header is None and not columns)):
                columns = columns or tuple(values)
                _distinct(columns, name)
                number = 1
                continue
            number += 1
            columns = columns or tuple(str(index) for index in range(len(values)))
            if len(values) != len(columns):
                raise _ragged(name, reader.line_num, len(values), len(columns))
            yield dict(zip(columns, values, strict=True))
    except csv.Error as error:
        raise MalformedError(f"'{name}' line {reader.line_num}: {error}") from error
    except UnicodeDecodeError as error:
        raise _no_utf8(name, f"line {reader.line_num + 1}") from error
    finally:
        text.detach()


def _encoding(source: BinaryIO) -> str:
    begins = source.read(2)
    source.seek(0)
    if begins in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if len(begins) == 2 and 0 in begins and any(begins):
        return "utf-16-le" if begins[0] else "utf-16-be"
    return "utf-8-sig"


def _ragged(name: str, line: int, values: int, columns: int) -> MalformedError:
    error = MalformedError(f"'{name}' line {line}: {values} values for {columns} columns")
    error.hint = 'Put values that hold the separator between quotes: "Yes, and no"'
    return error


def text_rows(source: BinaryIO, name: str, shape: Shape) -> Iterator[Row]:
    """Yield one row with the column `text` for each line, without its line end.

    Paragraphs end at an empty line; a document is the whole file.
    """
    if shape.sample_by == "document":
        data = source.read(_LINE + 1)
        if len(data) > _LINE:
            raise LimitError(f"cannot read '{name}': a document longer than {_LINE:,} bytes")
        yield {"text": _utf8(data, name, "")}
        return
    kept: list[str] = []
    for number, line in _raw_lines(source, name):
        text = _utf8(line, name, f"row {number}").rstrip("\r\n")
        if shape.sample_by != "paragraph":
            yield {"text": text}
        elif text:
            kept.append(text)
        elif kept:
            yield {"text": "\n".join(kept)}
            kept = []
    if kept:
        yield {"text": "\n".join(kept)}


def _utf8(data: bytes, name: str, where: str) -> str:
    try:
        return data.decode("utf-8-sig" if not where or where == "row 1" else "utf-8")
    except UnicodeDecodeError as error:
        raise _no_utf8(name, where) from error


def _is_document(source: BinaryIO) -> bool:
    """Tell whether a file is one JSON document rather than one value a line."""
    beginning = source.read(65536)
    source.seek(0)
    begins = beginning.removeprefix(b"\xef\xbb\xbf").lstrip()
    if begins[:1] == b"[":
        return True
    line, newline, _rest = begins.partition(b"\n")
    if not newline:
        return False
    try:
        _json.decode(line)
    except msgspec.DecodeError:
        return not line.rstrip().endswith(b"}")
    except UnicodeDecodeError:
        return False
    return False


def _alone_or_wrapped(rows: Iterator[Row], name: str) -> Iterator[Row]:
    """Yield rows; of one alone that holds all others in a member, those."""
    first = next(rows, None)
    second = next(rows, None)
    if first is None:
        return
    inside = _wrapped(first) if second is None else None
    if inside is not None:
        for number, row in enumerate(inside, start=1):
            yield _row(row, name, number)
        return
    yield first
    if second is not None:
        yield second
        yield from rows


def _wrapped(value: object) -> list[Any] | None:
    """Return the rows of an object that holds them in one member beside mere remarks, else None."""
    if not isinstance(value, dict):
        return None
    held = [name for name, each in value.items() if isinstance(each, list | dict)]
    if len(held) != 1 or held[0] not in _WRAPPERS:
        return None
    inside = value[held[0]]
    rows = isinstance(inside, list) and inside and all(isinstance(each, dict) for each in inside)
    return inside if rows else None


def _lines(source: BinaryIO, name: str) -> Iterator[Row]:
    for number, line in _raw_lines(source, name):
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if line.strip():
            yield _row(_decoded(line, name, number), name, number)


def _raw_lines(source: BinaryIO, name: str) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := source.readline(_LINE + 1):
        number += 1
        if len(line) > _LINE:
            raise LimitError(f"cannot read '{name}' row {number}: longer than {_LINE:,} bytes")
        yield number, line


def _decoded(data: bytes, name: str, number: int | None) -> Any:  # noqa: ANN401 any JSON
    where = f"'{name}'" if number is None else f"'{name}' row {number}"
    try:
        return _json.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        reason: object = error
    except UnicodeDecodeError as error:
        raise _no_utf8(name, f"row {number}" if number else "") from error
    if _NUMBER.search(data.decode("utf-8", "replace")):
        _refuse_nan(data, where)
    raise MalformedError(f"{where}: {reason}")


def _refuse_nan(data: bytes, where: str) -> None:
    """Say which member of a value is no number, where that is all that is wrong with it."""

    def refuse(word: str) -> NoReturn:
        raise MalformedError(f"{where}: {word} is no value in JSON; write null instead")

    try:
        json.loads(data, parse_constant=refuse)
    except ValueError:
        return


def _row(value: object, name: str, number: int) -> Row:
    if not isinstance(value, dict):
        kind = type(value).__name__
        raise MalformedError(f"'{name}' row {number}: a {kind}, where a row maps names to values")
    return value


def _from_columns(value: Mapping[str, list[Any]], name: str) -> list[Row]:
    lengths = {len(column) for column in value.values()}
    if len(lengths) != 1:
        raise MalformedError(f"'{name}': its columns have different lengths")
    return [dict(zip(value, cells, strict=True)) for cells in zip(*value.values(), strict=True)]


def _distinct(columns: tuple[str, ...], name: str) -> None:
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        error = MalformedError(f"'{name}': the column {twice[0]!r} stands there twice")
        error.hint = "Give each column a name of its own in the first line"
        raise error


def _no_utf8(name: str, where: str) -> MalformedError:
    error = MalformedError(f"'{name}' {where}".rstrip() + " is no UTF-8")
    error.hint = "Convert the file: iconv -f WINDOWS-1252 -t UTF-8 FILE"
    return error
