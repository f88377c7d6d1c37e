# SPDX-License-Identifier: Apache-2.0
"""What engines have computed: a SQLite file beside the store, so that nothing is computed twice.

A result is named by the card of the engine and the tokens that were asked about. It may be deleted
at any time: what is missing is computed again.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.digest import Digest, canonical, digest_of
from steelyard.core.engine import Card, Generated, Score
from steelyard.core.errors import StoreError

if TYPE_CHECKING:
    import sqlite3

Result = Score | Generated

_AT_ONCE = 500  # keys of one question; SQLite takes no more than 999 in old versions
_VERSION = 1
_ANOTHER = "name another with --scores"
_ROOM = f"what was kept stays; make room on the disk, or {_ANOTHER}"
_BROKEN = f"delete it, and what it held is computed again; or {_ANOTHER}"
_TABLES = """
CREATE TABLE IF NOT EXISTS card (number INTEGER PRIMARY KEY, digest TEXT UNIQUE, card TEXT);
CREATE TABLE IF NOT EXISTS result (
    card INTEGER NOT NULL, key BLOB NOT NULL, logprob REAL, greedy INTEGER, text TEXT, tokens INTEGER,
    PRIMARY KEY (card, key)
) WITHOUT ROWID;
"""


class ScoreStore:
    """What one engine has computed for one model; open while in use, for one thread.

    Args:
        path: The file; made with its folder if need be.
        card: Of the engine. Its name of the model takes no part: the weights say which it is.
        patience: Seconds to wait for another process that writes; 0 or more.

    Raises:
        StoreError: It cannot be opened, or is something else.
    """

    def __init__(self, path: Path, card: Card, *, patience: float = 30.0) -> None:
        self._path = path
        with self._meaning():
            self._connection = self._opened(patience)
            self._card = self._number(msgspec.structs.replace(card, model=""))

    def known(self, keys: Iterable[Digest]) -> dict[Digest, Result]:
        """Return those of some results that are there.

        Raises:
            StoreError: It cannot be read.
        """
        wanted = sorted(keys)
        found: dict[Digest, Result] = {}
        with self._meaning():
            for start in range(0, len(wanted), _AT_ONCE):
                some = [_bytes(key) for key in wanted[start : start + _AT_ONCE]]
                marks = ",".join("?" * len(some))
                rows = self._connection.execute(
                    "SELECT key, logprob, greedy, text, tokens FROM result"  # noqa: S608 - marks are ours
                    f" WHERE card = ? AND coalesce(logprob, text) IS NOT NULL AND key IN ({marks})",
                    (self._card, *some),
                )
                found.update((f"sha256:{row[0].hex()}", _result(*row[1:])) for row in rows)
        return found

    def keep(self, results: Mapping[Digest, Result]) -> None:
        """Keep some results, all of them or none; whatever ends the process later, they stay.

        Raises:
            StoreError: They cannot be written; what was kept before stays.
        """
        rows = [(self._card, _bytes(key), *_columns(result)) for key, result in results.items()]
        with self._meaning(), self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO result VALUES (?,?,?,?,?,?)", rows)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _opened(self, patience: float) -> "sqlite3.Connection":
        import sqlite3

        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=patience)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        if tables and (version != _VERSION or "result" not in tables):
            connection.close()
            raise self._refusal("it is something else, or of another version", _ANOTHER)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # a lost power supply may cost a pack
        connection.executescript(_TABLES)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
        return connection

    def _number(self, card: Card) -> int:
        with self._connection:
            self._connection.execute(
                "INSERT OR IGNORE INTO card (digest, card) VALUES (?, ?)",
                (digest_of(card), canonical(card).decode()),
            )
        row = self._connection.execute(
            "SELECT number FROM card WHERE digest = ?", (digest_of(card),)
        ).fetchone()
        return int(row[0])

    @contextlib.contextmanager
    def _meaning(self) -> Iterator[None]:
        import sqlite3

        try:
            yield
        except sqlite3.OperationalError as error:  # no room, no permission, locked
            raise self._refusal(str(error), _ROOM) from error
        except sqlite3.DatabaseError as error:
            raise self._refusal(str(error), _BROKEN) from error
        except OSError as error:
            raise self._refusal(error.strerror or str(error), _ANOTHER) from error

    def _refusal(self, why: str, hint: str) -> StoreError:
        return StoreError(f"the score store {str(self._path)!r} cannot be used: {why}", hint=hint)


def _bytes(key: Digest) -> bytes:
    return bytes.fromhex(key.removeprefix("sha256:"))


def _columns(result: Result) -> tuple[float | None, bool | None, str | None, int | None]:
    if isinstance(result, Score):
        return result.logprob, result.greedy, None, None
    return None, None, result.text, result.tokens


def _result(
    logprob: float | None, greedy: int | None, text: str | None, tokens: int | None
) -> Result:
    if logprob is not None:
        return Score(logprob, bool(greedy))
    return Generated(text=text or "", tokens=tokens or 0)
