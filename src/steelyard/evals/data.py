# SPDX-License-Identifier: Apache-2.0
"""The rows a task asks about: what a split of a data set is, once its files are read."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from steelyard.core.digest import Digest, digest_of

Row = dict[str, Any]


class DataFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a data set.

    Attributes:
        path: Where it was read, relative to the data folder where it lies in it.
        digest: Of its bytes.
        size: In bytes.
        rows: How many rows it holds.
    """

    path: str
    digest: Digest
    size: int
    rows: int


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """Rows in the order of the files.

    Attributes:
        name: Of the split, such as `test`.
        files: Where the rows come from.
        columns: Names of all columns; a row that lacks one has None there.
        rows: The rows that were kept, from the first.
    """

    name: str
    files: tuple[DataFile, ...]
    columns: tuple[str, ...]
    rows: Sequence[Row]

    def place(self, index: int) -> str:
        """Return where a row stands, for messages: `test.jsonl row 12`, counted from 1."""
        left = index
        for file in self.files:
            if left < file.rows:
                return f"{file.path} row {left + 1}"
            left -= file.rows
        return f"{self.name} row {index + 1}"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where a data set comes from.

    Attributes:
        name: Name in the task file: a hub name, or a kind of file.
        revision: Commit on the hub, empty for local files.
        address: Where people find it.
        licence: SPDX expression, empty where none is known.
    """

    name: str
    revision: str = ""
    address: str = ""
    licence: str = ""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A data set: its splits that a task asked for.

    Attributes:
        source: Where it comes from.
        splits: By name.
    """

    source: Source
    splits: Mapping[str, Split]

    def digest(self) -> Digest:
        """Return the digest of the contents of all files, whatever they are called."""
        return digest_of(
            {name: [file.digest for file in split.files] for name, split in self.splits.items()}
        )
