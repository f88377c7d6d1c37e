# SPDX-License-Identifier: Apache-2.0
"""Read the entries of a SQLite store: the head, the newest dossier, the whole chain."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.digest import Digest
from steelyard.core.dossier import Dossier
from steelyard.core.errors import ChainError, StoreError
from steelyard.core.evidence import Evidence
from steelyard.core.patterns import late
from steelyard.core.ports import Head
from steelyard.stores import chain

if TYPE_CHECKING:
    import sqlite3

COLUMNS = "number, kind, subject, name, content, body, previous, digest"

_BEGINNING = late(r"(?:sha256:)?([0-9a-f]{8,64})")


def head(connection: "sqlite3.Connection") -> Head:
    """Return the end of the chain."""
    row = connection.execute(
        "SELECT number, digest FROM entry ORDER BY number DESC LIMIT 1"
    ).fetchone()
    return Head(entries=row[0], digest=row[1]) if row else chain.EMPTY


def recall(connection: "sqlite3.Connection", head: Head) -> Dossier | None:
    """Return the dossier whose verdict is that entry, or None where it is not there."""
    row = connection.execute(
        "SELECT body FROM entry WHERE number = ? AND digest = ? AND kind = 'verdict'",
        (head.entries, head.digest),
    ).fetchone()
    return _dossier(connection, _whole(row[0])) if row else None


def find(connection: "sqlite3.Connection", reference: str) -> Dossier | None:
    """Return the newest dossier that a reference names, see `core.ports.Store.find`."""
    subject = _subject(connection, reference)
    column, value = ("name", reference) if subject is None else ("subject", subject)
    row = connection.execute(
        f"SELECT body FROM entry WHERE kind = 'verdict' AND {column} = ?"  # noqa: S608
        " ORDER BY number DESC LIMIT 1",
        (value,),
    ).fetchone()
    return None if row is None else _dossier(connection, _whole(row[0]))


def newest(connection: "sqlite3.Connection") -> Iterator[Dossier]:
    """Yield the newest dossier of each subject, in the order in which they were kept."""
    rows = connection.execute(
        "SELECT max(number) FROM entry WHERE kind = 'verdict' GROUP BY subject ORDER BY 1"
    ).fetchall()
    for (number,) in rows:
        (body,) = _bodies(connection, number, number)
        yield _dossier(connection, body)


def _subject(connection: "sqlite3.Connection", reference: str) -> Digest | None:
    """Return the digest that a reference is, or is the beginning of, if there is one."""
    match = _BEGINNING.fullmatch(reference.lower())
    if match is None:
        return None
    beginning = f"sha256:{match[1]}"
    rows = connection.execute(
        "SELECT DISTINCT subject FROM entry WHERE kind = 'verdict' AND subject BETWEEN ? AND ?",
        (beginning, beginning + "g"),  # "g" follows every hexadecimal digit
    ).fetchmany(2)
    if len(rows) > 1:
        raise StoreError(
            f"{reference!r} is the beginning of several digests",
            hint=f"such as {rows[0][0]} and {rows[1][0]}: give more digits",
        )
    return str(rows[0][0]) if rows else None


def _dossier(connection: "sqlite3.Connection", body: bytes) -> Dossier:
    run = msgspec.json.decode(body, type=chain.Run)
    identity = b"".join(_bodies(connection, run.identity, run.identity))
    evidence: list[Evidence] = []
    for span in run.evidence:
        bodies = _bodies(connection, span.first, span.last)
        evidence.extend(chain.evidence_of(body, span.at) for body in bodies)
    return chain.dossier_of(run, identity, tuple(evidence))


def _bodies(connection: "sqlite3.Connection", first: int, last: int) -> list[bytes]:
    rows = connection.execute(
        "SELECT body FROM entry WHERE number BETWEEN ? AND ? ORDER BY number", (first, last)
    )
    return [_whole(row[0]) for row in rows]


def _whole(body: object) -> bytes:
    """Return a column that was written as bytes; SQLite keeps values of any type in any column."""
    if not isinstance(body, bytes):
        raise ChainError(
            "an entry is not what was written", hint="steelyard verify says which one it is"
        )
    return body


def verify(connection: "sqlite3.Connection", remembered: Digest | None) -> tuple[Head, bool]:
    """Recompute the chain; return its end, and whether the remembered digest is in it.

    Raises:
        ChainError: An entry does not follow from the one before it, or names one that is not there.
    """
    end, seen = chain.EMPTY, remembered in (None, chain.NOTHING)
    kinds = bytearray()  # the first letter of each entry's kind
    for row in connection.execute(f"SELECT {COLUMNS} FROM entry ORDER BY number"):  # noqa: S608
        entry = chain.Entry(*row)
        end = chain.follow(end, entry)
        seen = seen or entry.digest == remembered
        kinds += entry.kind[:1].encode()
        if entry.kind == "verdict" and not _has_all_it_names(connection, entry, kinds):
            raise ChainError(
                f"entry {entry.number:,} names entries that are not there",
                hint="the chain is whole, but steelyard does not write such an entry",
            )
    return end, seen


def _has_all_it_names(
    connection: "sqlite3.Connection", entry: chain.Entry, kinds: bytearray
) -> bool:
    run = msgspec.json.decode(entry.body, type=chain.Run)
    named = [(run.identity, run.identity, b"s")]
    named += [(span.first, span.last, b"e") for span in run.evidence]
    for first, last, kind in named:
        if not 0 < first <= last < entry.number:
            return False
        if kinds.count(kind, first - 1, last) != last - first + 1:
            return False
    reasons = {digest for ruling in run.verdict.rulings for digest in ruling.because}
    return all(_is_evidence(connection, reason, entry.number) for reason in sorted(reasons))


def _is_evidence(connection: "sqlite3.Connection", id: Digest, before: int) -> bool:
    rows = connection.execute(
        "SELECT kind FROM entry WHERE content = ? AND kind <> 'verdict' AND number < ?",
        (id, before),
    )
    return rows.fetchall() == [("evidence",)]
