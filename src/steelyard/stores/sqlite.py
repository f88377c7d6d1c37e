# SPDX-License-Identifier: Apache-2.0
"""The store of one machine: a SQLite file, append-only and hash-chained.

It is written in write-ahead mode, one transaction a run: a run is kept whole or not at all, whatever
ends the process, and readers never wait for writers.
"""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.digest import Digest, canonical, is_digest
from steelyard.core.dossier import Dossier
from steelyard.core.errors import ChainError, StoreError
from steelyard.core.ports import Head
from steelyard.stores import chain, sqlite_read, sqlite_schema

if TYPE_CHECKING:
    import sqlite3


class SqliteStore:
    """A store in one file; see `core.ports.Store`.

    It holds no connection between calls, so it may be used from any thread and sent to any process.

    Args:
        path: The file; made when something is first kept.
        patience: Seconds to wait for another process that writes; 0 or more.
    """

    def __init__(self, path: Path, *, patience: float = 5.0) -> None:
        self.path = path
        self._patience = patience

    def append(self, dossier: Dossier) -> Head:
        """Keep a dossier; raises as `core.ports.Store.append`.

        Of a run that saw what an earlier one saw, only the verdict is new: some hundred bytes.
        """
        return self.append_all((dossier,))[0]

    def append_all(self, dossiers: Sequence[Dossier]) -> list[Head]:
        """Keep some dossiers, all or none; return the end of the chain after each.

        Raises:
            StoreError: They cannot be written, see `core.ports.Store.append`.
        """
        for dossier in dossiers:
            chain.check_dossier(dossier)
        with self._open(write=True) as connection:
            if not sqlite_schema.is_store(connection, self.path):
                connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            if not sqlite_schema.is_store(connection, self.path):
                sqlite_schema.create(connection)
            writer = _Writer(connection)
            heads = [writer.keep(dossier) for dossier in dossiers]
            connection.execute("COMMIT")
        return heads

    def find(self, reference: str) -> Dossier | None:
        """Return the newest dossier of a subject; raises as `core.ports.Store.find`.

        A name is that of whichever subject was examined last under it: the same folder may hold
        another model today. Where a reference is a name and the beginning of a digest, it is taken
        as the latter.
        """
        with self._open() as connection:
            if not sqlite_schema.is_store(connection, self.path):
                return None
            return sqlite_read.find(connection, reference)

    def newest(self) -> Iterator[Dossier]:
        """Yield the newest dossier of each subject; raises as `core.ports.Store.newest`."""
        with self._open() as connection:
            if sqlite_schema.is_store(connection, self.path):
                yield from sqlite_read.newest(connection)

    def recall(self, heads: Sequence[Head]) -> list[Dossier | None]:
        """Return what was kept when the chain ended there; None where no such entry is.

        Args:
            heads: What `append` returned.

        Raises:
            StoreError: It cannot be read.
        """
        with self._open() as connection:
            if not sqlite_schema.is_store(connection, self.path):
                return [None for _ in heads]
            return [sqlite_read.recall(connection, head) for head in heads]

    def head(self) -> Head:
        """Return the end of the chain."""
        with self._open() as connection:
            if not sqlite_schema.is_store(connection, self.path):
                return chain.EMPTY
            return sqlite_read.head(connection)

    def verify(self, remembered: Digest | None = None) -> Head:
        """Recompute the chain, the ids and the references; raises as `core.ports.Store.verify`."""
        if remembered is not None and not is_digest(remembered):
            raise StoreError(
                f"{remembered!r} is no digest",
                hint="give the head as verify printed it: sha256: and 64 digits",
            )
        with self._open() as connection:
            if not sqlite_schema.is_store(connection, self.path):
                raise StoreError(
                    f"nothing has been kept in {str(self.path)!r} yet", hint="check --store"
                )
            connection.execute("BEGIN")  # one snapshot, whatever others append meanwhile
            sqlite_schema.check_tables(connection)
            end, seen = sqlite_read.verify(connection, remembered)
        if not seen:
            raise ChainError(
                f"no entry has the digest {remembered}: the chain was cut off or written anew",
                hint=f"it ends at entry {end.entries:,}, {end.digest}; compare with a copy",
            )
        return end

    @contextlib.contextmanager
    def _open(self, *, write: bool = False) -> Iterator["sqlite3.Connection"]:
        import sqlite3

        place = self._place(write)
        try:
            with contextlib.closing(
                sqlite3.connect(place, timeout=self._patience, isolation_level=None, uri=True)
            ) as connection:
                connection.text_factory = _text
                connection.execute("PRAGMA trusted_schema = OFF")
                connection.execute("PRAGMA synchronous = FULL")
                yield connection
        except sqlite3.Error as error:
            raise sqlite_schema.meaning(error, self.path) from error
        except msgspec.MsgspecError as error:
            raise ChainError(
                f"an entry of store {str(self.path)!r} is not what was written: {error}",
                hint="steelyard verify says which",
            ) from error

    def _place(self, write: bool) -> str:
        try:
            there = self.path.exists()
            if there and not self.path.is_file():
                raise StoreError(
                    f"{str(self.path)!r} is a folder or device", hint="name a file with --store"
                )
        except OSError as error:
            raise StoreError(
                f"store {str(self.path)!r} cannot be opened: {error.strerror}",
                hint="check its folder and permissions, or name another with --store",
            ) from error
        if there or write:
            return f"{self.path.absolute().as_uri()}?mode={'rwc' if write else 'rw'}"
        return "file::memory:"  # nothing has been kept yet


def _text(data: bytes) -> str:
    """Return a column's text, such that bytes which are no text break the chain and nothing else."""
    return data.decode("utf-8", "replace")


class _Writer:
    """Writes the entries of one dossier, within the transaction that is open."""

    def __init__(self, connection: "sqlite3.Connection") -> None:
        self._connection = connection
        self._head = sqlite_read.head(connection)

    def keep(self, dossier: Dossier) -> Head:
        """Write what is not there yet, then the verdict."""
        subject, identity = dossier.subject.digest, canonical(dossier.subject)
        number = self._once("subject", subject, identity)
        seen = [
            (self._once("evidence", item.subject, chain.evidence_body(item)), item.at)
            for item in dossier.evidence
        ]
        run = chain.Run(
            seal=chain.seal(identity, dossier.evidence),
            identity=number,
            evidence=chain.spans(seen),
            verdict=dossier.verdict,
        )
        name = dossier.subject.name
        self._write(chain.link(self._head, "verdict", subject, canonical(run), name))
        return self._head

    def _once(self, kind: chain.Kind, subject: Digest, body: bytes) -> int:
        entry = chain.link(self._head, kind, subject, body)
        known = self._connection.execute(
            "SELECT number FROM entry WHERE content = ? AND kind <> 'verdict'", (entry.content,)
        ).fetchone()
        if known is not None:
            return int(known[0])
        self._write(entry)
        return entry.number

    def _write(self, entry: chain.Entry) -> None:
        self._connection.execute(
            f"INSERT INTO entry ({sqlite_read.COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            msgspec.structs.astuple(entry),
        )
        self._head = Head(entries=entry.number, digest=entry.digest)
