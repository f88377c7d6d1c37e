# SPDX-License-Identifier: Apache-2.0
"""Rows out of Parquet files, where pyarrow is installed."""

import math
from collections.abc import Iterator
from pathlib import Path

from steelyard.core.errors import MalformedError, UsageError
from steelyard.evals.data import Row


def parquet_rows(path: Path, name: str) -> Iterator[Row]:
    """Yield the rows of a Parquet file.

    Raises:
        UsageError: pyarrow is not installed.
        MalformedError: The file is no Parquet, or a number of it is none.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise UsageError(
            f"cannot read '{name}': Parquet needs pyarrow",
            "Install pyarrow, or convert the file to JSON Lines",
        ) from error
    number = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=1024):
                for row in batch.to_pylist():
                    number += 1
                    _finite(row, name, number)
                    yield row
    except (pa.ArrowInvalid, pa.ArrowException, OSError) as error:
        raise MalformedError(f"cannot read '{name}': {error}") from error


def _finite(row: Row, name: str, number: int) -> None:
    for column, value in row.items():
        if isinstance(value, float) and math.isnan(value):
            row[column] = None
        elif isinstance(value, float) and math.isinf(value):
            raise MalformedError(f"'{name}' row {number} column {column!r}: infinite")
