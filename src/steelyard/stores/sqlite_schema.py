# SPDX-License-Identifier: Apache-2.0
"""The tables of a SQLite store, and the error of SQLite that each of our messages stands for."""

from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.core.errors import ChainError, StoreError

if TYPE_CHECKING:
    import sqlite3

APPLICATION = 0x53544C59  # "STLY", the file format's application id
VERSION = 1

TABLES = (
    """
    CREATE TABLE entry (
        number INTEGER PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ('subject', 'evidence', 'verdict')),
        subject TEXT NOT NULL,
        name TEXT NOT NULL,
        content TEXT NOT NULL,
        body BLOB NOT NULL,
        previous TEXT NOT NULL,
        digest TEXT NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX entry_kept_once ON entry (content) WHERE kind <> 'verdict'",
    "CREATE INDEX verdict_by_subject ON entry (subject) WHERE kind = 'verdict'",
    "CREATE INDEX verdict_by_name ON entry (name) WHERE kind = 'verdict'",
    """
    CREATE TRIGGER entry_is_never_updated BEFORE UPDATE ON entry
    BEGIN SELECT RAISE(ABORT, 'a store is append-only'); END
    """,
    """
    CREATE TRIGGER entry_is_never_deleted BEFORE DELETE ON entry
    BEGIN SELECT RAISE(ABORT, 'a store is append-only'); END
    """,
    """
    CREATE TRIGGER entry_follows BEFORE INSERT ON entry
    WHEN NEW.number <> 1 + (SELECT coalesce(max(number), 0) FROM entry)
        OR NEW.previous <> coalesce(
            (SELECT digest FROM entry ORDER BY number DESC LIMIT 1), NEW.previous)
    BEGIN SELECT RAISE(ABORT, 'an entry follows the last one'); END
    """,
)
"""Version 1, for ever: `check_tables` compares a store with this text."""


def create(connection: "sqlite3.Connection") -> None:
    """Make the tables of an empty database, within the transaction that is open."""
    for statement in TABLES:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def is_store(connection: "sqlite3.Connection", path: Path) -> bool:
    """Tell whether a database is a store, rather than still empty.

    Raises:
        StoreError: It is something else, or of a version that this program does not know.
    """
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if (application, version, tables) == (0, 0, 0):
        return False
    if application != APPLICATION:
        raise not_a_store(path)
    if version != VERSION:
        raise StoreError(
            f"store {str(path)!r} has schema {version}, this steelyard knows {VERSION}",
            hint="use the steelyard that wrote it, or a newer one, or name another with --store",
        )
    return True


def check_tables(connection: "sqlite3.Connection") -> None:
    """Check that the database is sound and its guards are in place.

    Raises:
        ChainError: A table, index or trigger was changed, or does not fit the others.
    """
    rows = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
    found = {_squeezed(sql) for (sql,) in rows}
    if found != {_squeezed(statement) for statement in TABLES}:
        raise ChainError(
            "the tables or triggers of the store were changed",
            hint="somebody opened it with another program; compare with a copy",
        )
    report = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if report != "ok":
        raise ChainError(f"the store's file is damaged: {report}", hint="compare with a copy")


def _squeezed(statement: str) -> str:
    return " ".join(statement.split())


def not_a_store(path: Path) -> StoreError:
    """Return the error for a file that is something else."""
    return StoreError(
        f"{str(path)!r} is no steelyard store", hint="name another place with --store"
    )


_MEANINGS = {  # by primary result code, https://sqlite.org/rescode.html
    5: ("is locked by another process", "wait for it to end, or name another with --store"),
    6: ("is locked by another process", "wait for it to end, or name another with --store"),
    8: ("may not be written", "check its permissions, or name another with --store"),
    10: ("cannot be read or written", "check the disk; nothing was kept of this run"),
    13: ("cannot grow, the disk is full", "make room; nothing was kept of this run"),
    14: ("cannot be opened", "check its folder and permissions, or name another with --store"),
}


def meaning(error: "sqlite3.Error", path: Path) -> StoreError:
    """Return what an error of SQLite means to a user."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == 26:
        return not_a_store(path)
    if code == 11:
        return ChainError(f"the file of store {str(path)!r} is damaged: {error}", hint="use a copy")
    says, hint = _MEANINGS.get(code, ("cannot be used", "name another with --store"))
    return StoreError(f"store {str(path)!r} {says} ({error})", hint=hint)
