# SPDX-License-Identifier: Apache-2.0
"""What need not be examined again: a file beside a store, outside its hash chain.

It says for a path what its files looked like when a dossier was kept, and which entry of the store that
is. Whoever can write it can make old verdicts stand for new files, as can whoever writes files and sets
their times and the clock back. It may be deleted at any time.
"""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.digest import Digest
from steelyard.core.errors import StoreError
from steelyard.core.ports import Head

if TYPE_CHECKING:
    import sqlite3

_TABLE = """
    CREATE TABLE IF NOT EXISTS remembered (
        path TEXT NOT NULL,
        terms TEXT NOT NULL,
        files TEXT NOT NULL,
        entry INTEGER NOT NULL,
        digest TEXT NOT NULL,
        PRIMARY KEY (path, terms)
    ) WITHOUT ROWID
"""


class Memory(msgspec.Struct, frozen=True):
    """That a model was examined.

    Attributes:
        path: Where it lies, absolute.
        files: What tells that its files are still the same.
        head: End of the chain when its dossier was kept: the entry of its verdict.
    """

    path: str
    files: Digest
    head: Head


class Memories:
    """What is remembered beside one store.

    Args:
        store: Path of the store.
    """

    def __init__(self, store: Path) -> None:
        self.path = store.with_name(f"{store.name}.remembered")

    def of(self, terms: Digest) -> dict[str, Memory]:
        """Return what is remembered of examinations on some terms, by path.

        Raises:
            StoreError: The file is damaged.
        """
        if not self.path.exists():
            return {}
        with self._open() as connection:
            rows = connection.execute(
                "SELECT path, files, entry, digest FROM remembered WHERE terms = ?", (terms,)
            ).fetchall()
        return {
            path: Memory(path, files, Head(entries=entry, digest=digest))
            for path, files, entry, digest in rows
        }

    def note(self, terms: Digest, memories: Iterable[Memory]) -> None:
        """Remember; all of it or nothing.

        Raises:
            StoreError: The file is damaged, or cannot be written.
        """
        rows = [
            (memory.path, terms, memory.files, memory.head.entries, memory.head.digest)
            for memory in memories
        ]
        with self._open() as connection, connection:
            connection.executemany(
                "INSERT OR REPLACE INTO remembered VALUES (?, ?, ?, ?, ?)",
                rows,
            )

    @contextlib.contextmanager
    def _open(self) -> Iterator["sqlite3.Connection"]:
        import sqlite3

        try:
            with contextlib.closing(sqlite3.connect(self.path, timeout=5.0)) as connection:
                connection.execute("PRAGMA trusted_schema = OFF")
                connection.execute("PRAGMA synchronous = OFF")  # at worst it is to be read again
                connection.execute(_TABLE)
                yield connection
        except sqlite3.Error as error:
            raise StoreError(
                f"cannot use {str(self.path)!r}: {error}",
                hint="delete it: everything is read again then",
            ) from error
