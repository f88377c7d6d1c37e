# SPDX-License-Identifier: Apache-2.0
"""A split out of its files: each is read once, from beginning to end, hashed as it goes."""

import contextlib
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from steelyard.core.errors import LimitError, MalformedError, UnreadableError, UsageError
from steelyard.evals.data import DataFile, Row, Split
from steelyard.evals.data_parquet import parquet_rows
from steelyard.evals.data_rows import Shape, csv_rows, json_rows, text_rows

_MOST_ROWS = 20_000_000
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")
_READERS: dict[str, Callable[[BinaryIO, str, Shape], Iterator[Row]]] = {
    "json": json_rows,
    "csv": csv_rows,
    "text": text_rows,
}
KINDS = {
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "text",
    ".parquet": "parquet",
}
"""Kind of file by the end of its name."""


def read_split(
    name: str,
    paths: Sequence[tuple[Path, str]],
    *,
    shape: Shape = Shape(),  # noqa: B008 frozen
    kind: str = "",
    keep: int | None = None,
    most_rows: int = _MOST_ROWS,
) -> Split:
    """Return the rows of some files, one after the other.

    All is read even where few rows are kept: columns and digests are those of the whole files.

    Args:
        name: Of the split.
        paths: The files in order, each with the name that it has in messages and in a lock.
        shape: How the files are to be read.
        kind: json, csv, text or parquet; empty goes by each file's name.
        keep: How many rows are kept, from the first; None keeps all.
        most_rows: Rows that are read at most.

    Raises:
        UnreadableError: A file cannot be read, or is not what it claims to be.
    """
    rows: list[Row] = []
    columns: dict[str, None] = {}
    numbers = _WholeNumbers()
    files = []
    total = 0
    for path, shown in paths:
        before = total
        form = kind or KINDS.get(path.suffix.lower(), "")
        with contextlib.closing(_Hashed(path)) as file:
            for row in _rows(file, path, shown, shape, form):
                total += 1
                if total > most_rows:
                    raise LimitError(f"cannot read '{shown}': more than {most_rows:,} rows")
                for column in row:
                    columns.setdefault(column)
                if form == "csv":
                    numbers.look(row)
                if keep is None or len(rows) < keep:
                    rows.append(row)
            digest, size = file.finish()
        files.append(DataFile(path=shown, digest=digest, size=size, rows=total - before))
    if not total:
        raise MalformedError(f"'{files[0].path if files else name}' holds no rows")
    _fill(rows, tuple(columns))
    numbers.convert(rows)
    return Split(name=name, files=tuple(files), columns=tuple(columns), rows=rows)


def _fill(rows: list[Row], columns: tuple[str, ...]) -> None:
    for row in rows:
        if len(row) != len(columns):
            for column in columns:
                row.setdefault(column)


def _rows(file: "_Hashed", path: Path, shown: str, shape: Shape, kind: str) -> Iterator[Row]:
    if kind == "parquet":
        yield from parquet_rows(path, shown)
        return
    if kind not in _READERS:
        raise UsageError(
            f"cannot read '{shown}': {path.suffix or 'no suffix'} is no kind of data",
            f"Data is read from {', '.join(KINDS)}",
        )
    if kind == "csv" and path.suffix.lower() == ".tsv" and shape.delimiter == ",":
        shape = Shape(columns=shape.columns, header=shape.header, delimiter="\t")
    source = io.BufferedReader(file, 1 << 20)
    yield from _READERS[kind](source, shown, shape)
    source.detach()


class _WholeNumbers:
    """Columns of a CSV file that hold whole numbers and nothing else: those are numbers.

    Written out they give the text that stood there. A label is then an index, as in lm-eval.
    """

    def __init__(self) -> None:
        self._columns: set[str] | None = None

    def look(self, row: Row) -> None:
        """Leave out the columns in which a row has something else."""
        if self._columns is None:
            self._columns = set(row)
        gone = {name for name in self._columns if not _WHOLE.fullmatch(row.get(name) or "")}
        self._columns -= gone

    def convert(self, rows: list[Row]) -> None:
        """Make numbers of the columns that are left."""
        for name in self._columns or ():
            for row in rows:
                row[name] = int(row[name])


class _Hashed(io.RawIOBase):
    """The bytes of a file, hashed while they are read for the first time."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("rb", buffering=0)
        except OSError as error:
            reason = error.strerror or str(error)
            raise UnreadableError(f"cannot read '{path}': {reason}") from error
        self._hash = hashlib.sha256()
        self._hashed = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 whatever holds bytes
        at = self._file.tell()
        count = self._file.readinto(buffer) or 0
        if at <= self._hashed < at + count:
            self._hash.update(memoryview(buffer)[self._hashed - at : count])
            self._hashed = at + count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()

    def finish(self) -> tuple[str, int]:
        """Return digest and size in bytes of the whole file."""
        self._file.seek(self._hashed)
        while block := self._file.read(1 << 20):
            self._hash.update(block)
            self._hashed += len(block)
        return f"sha256:{self._hash.hexdigest()}", self._hashed
