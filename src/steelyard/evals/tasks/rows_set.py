# SPDX-License-Identifier: Apache-2.0
"""Rows with the methods that functions of task files expect of `datasets.Dataset`."""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

Row = dict[str, Any]


class RowSet(Sequence[Row]):
    """Rows, in order.

    Args:
        rows: Mappings of the same names to values.
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._rows = [dict(row) for row in rows]

    @classmethod
    def from_list(cls, rows: Iterable[Row], **named: object) -> "RowSet":
        """Return rows as they are given."""
        del named
        return cls(rows)

    @classmethod
    def from_dict(cls, columns: Mapping[str, Sequence[Any]], **named: object) -> "RowSet":
        """Return rows out of columns."""
        del named
        return cls(
            dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)
        )

    @property
    def column_names(self) -> list[str]:
        """Return the names of all columns."""
        return list(dict.fromkeys(name for row in self._rows for name in row))

    @property
    def features(self) -> dict[str, None]:
        """Return the columns, their types untold."""
        return dict.fromkeys(self.column_names)

    @property
    def num_rows(self) -> int:
        """Return how many rows there are."""
        return len(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return (dict(row) for row in self._rows)

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401 a row, a column, or several rows
        if isinstance(key, str):
            return [row[key] for row in self._rows]
        if isinstance(key, slice):
            return {name: [row.get(name) for row in self._rows[key]] for name in self.column_names}
        return dict(self._rows[key])

    def map(
        self,
        function: Callable[..., Mapping[str, Any]],
        *,
        with_indices: bool = False,
        remove_columns: Sequence[str] | str = (),
        fn_kwargs: Mapping[str, Any] | None = None,
        batched: bool = False,
        **named: object,
    ) -> "RowSet":
        """Return rows with what a function adds to each."""
        del named
        if batched:
            raise NotImplementedError("map(batched=True)")
        gone = {remove_columns} if isinstance(remove_columns, str) else set(remove_columns or ())
        mapped = []
        for index, row in enumerate(self._rows):
            given = (dict(row), index) if with_indices else (dict(row),)
            added = function(*given, **(fn_kwargs or {})) or {}
            mapped.append({**{k: v for k, v in row.items() if k not in gone}, **added})
        return RowSet(mapped)

    def filter(
        self, function: Callable[..., bool], *, with_indices: bool = False, **named: object
    ) -> "RowSet":
        """Return the rows for which a function holds."""
        del named
        return RowSet(
            row
            for index, row in enumerate(self._rows)
            if (function(dict(row), index) if with_indices else function(dict(row)))
        )

    def select(self, places: Iterable[int], **named: object) -> "RowSet":
        """Return the rows at some places."""
        del named
        return RowSet(self._rows[place] for place in places)

    def shuffle(self, seed: int | None = None, **named: object) -> "RowSet":
        """Return the rows in another order; not the one that `datasets` draws."""
        del named
        rows = list(self._rows)
        random.Random(seed).shuffle(rows)  # noqa: S311 reproducible, not secret
        return RowSet(rows)

    def sort(self, column: str, *, reverse: bool = False, **named: object) -> "RowSet":
        """Return the rows ordered by a column."""
        del named
        return RowSet(sorted(self._rows, key=lambda row: row[column], reverse=reverse))

    def remove_columns(self, names: Sequence[str] | str) -> "RowSet":
        """Return the rows without some columns."""
        gone = {names} if isinstance(names, str) else set(names)
        return RowSet({k: v for k, v in row.items() if k not in gone} for row in self._rows)

    def select_columns(self, names: Sequence[str] | str) -> "RowSet":
        """Return the rows with some columns alone."""
        kept = [names] if isinstance(names, str) else list(names)
        return RowSet({name: row[name] for name in kept} for row in self._rows)

    def rename_column(self, old: str, new: str) -> "RowSet":
        """Return the rows with a column under another name."""
        return self.rename_columns({old: new})

    def rename_columns(self, names: Mapping[str, str]) -> "RowSet":
        """Return the rows with some columns under other names."""
        return RowSet({names.get(k, k): v for k, v in row.items()} for row in self._rows)

    def add_column(self, name: str, column: Sequence[Any], **named: object) -> "RowSet":
        """Return the rows with one column more."""
        del named
        return RowSet({**row, name: x} for row, x in zip(self._rows, column, strict=True))

    def cast_column(self, name: str, kind: object) -> "RowSet":
        """Return the rows as they are: their types are not told."""
        del name, kind
        return self

    def unique(self, column: str) -> list[Any]:
        """Return the different values of a column, in order."""
        return list(dict.fromkeys(row[column] for row in self._rows))

    def to_list(self) -> list[Row]:
        """Return the rows."""
        return list(self)

    def to_dict(self) -> dict[str, list[Any]]:
        """Return the columns."""
        return {name: self[name] for name in self.column_names}
