# SPDX-License-Identifier: Apache-2.0
"""Data that functions of task files make.

Semantics: `custom_dataset` of lm-eval 0.4.13: it is called with the task's metadata and
`dataset_kwargs`, and gives rows by split.
"""

from collections.abc import Mapping
from typing import Any

from steelyard.core.digest import canonical, digest_of
from steelyard.core.errors import MalformedError
from steelyard.evals.data import DataFile, Row, Source, Split, Table
from steelyard.evals.tasks.config import TaskConfig
from steelyard.evals.tasks.function import Call, Function


def made_data(config: TaskConfig, call: Call) -> Table:
    """Return the data that a task's `custom_dataset` makes; its digest is of the rows.

    Raises:
        UsageError: The function is not allowed, or needs what is not installed.
        MalformedError: It failed, or gives something else than rows by split.
    """
    function: Any = config.custom_dataset
    splits = call(function, **config.metadata, **config.dataset_kwargs)
    if not isinstance(splits, Mapping):
        raise MalformedError(f"{function.name!r} gives no splits")
    return Table(
        source=Source(name=function.name),
        splits={
            str(name): Split(
                name=str(name),
                files=(
                    DataFile(
                        path=f"{function.name}:{name}",
                        digest=digest_of(rows),
                        size=len(canonical(rows)),
                        rows=len(rows),
                    ),
                ),
                columns=tuple(rows[0]) if rows else (),
                rows=rows,
            )
            for name, said in splits.items()
            for rows in [rows_of(said, function)]
        },
    )


def rows_of(said: object, function: Function) -> list[Row]:
    """Return the rows that a function gave.

    Raises:
        MalformedError: They are none.
    """
    if not isinstance(said, list) or not all(isinstance(row, dict) for row in said):
        raise MalformedError(f"{function.name!r} gives no rows")
    return said
