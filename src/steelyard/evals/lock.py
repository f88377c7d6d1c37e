# SPDX-License-Identifier: Apache-2.0
"""`steelyard.lock`: which bytes of which data sets a result stands on.

A TOML file that people can read and that belongs under version control: one table for each file,
with digest, rows, source, revision and licence.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from steelyard.core.digest import Digest, is_digest
from steelyard.core.errors import ChangedError, MalformedError, UnreadableError
from steelyard.core.whole import write_whole
from steelyard.evals.data import Table

NAME = "steelyard.lock"
_VERSION = 1
_MOST_BYTES = 64 << 20
_HEAD = """\
# Data that results stand on. Made by steelyard; keep it under version control.
# A file that no longer has its digest is refused: it gives other scores.
version = 1
"""


class Locked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file, as it is locked.

    Attributes:
        path: Within the data folder; for the hub below the name of the data set.
        digest: Of its bytes.
        size: In bytes.
        rows: How many rows it holds.
        source: Name of the data set, or the kind of file.
        revision: Commit on the hub, empty for local files.
        address: Where people find it.
        licence: SPDX expression, empty where none is known.
    """

    path: str
    digest: Digest
    size: int
    rows: int
    source: str
    revision: str = ""
    address: str = ""
    licence: str = ""


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """What is locked.

    Attributes:
        files: By path.
    """

    files: Mapping[str, Locked] = {}

    def check(self, table: Table) -> None:
        """Compare a data set with the lock; files that it does not have are not compared.

        Raises:
            ChangedError: A file has another digest; names both.
        """
        for now in _files(table):
            then = self.files.get(now.path)
            if then is not None and then.digest != now.digest:
                raise ChangedError(
                    f"'{now.path}' has changed since it was locked: {then.digest} with"
                    f" {then.rows:,} rows then, {now.digest} with {now.rows:,} rows now",
                    "Restore the file, or remove its table from the lock and run again",
                )

    def missing(self, table: Table) -> tuple[str, ...]:
        """Return the files of a data set that are not locked."""
        return tuple(each.path for each in _files(table) if each.path not in self.files)

    def with_table(self, table: Table) -> "Lock":
        """Return the lock with the files of a data set, those that it has already unchanged."""
        return Lock(files={**{each.path: each for each in _files(table)}, **self.files})


def _files(table: Table) -> Iterator[Locked]:
    source = table.source
    for split in table.splits.values():
        for file in split.files:
            yield Locked(
                path=file.path,
                digest=file.digest,
                size=file.size,
                rows=file.rows,
                source=source.name,
                revision=source.revision,
                address=source.address,
                licence=source.licence,
            )


def read_lock(path: Path) -> Lock:
    """Return the lock in a file, an empty one where there is no file.

    Raises:
        UnreadableError: It cannot be read, or is no lock.
    """
    import tomllib

    try:
        with path.open("rb") as source:
            data = source.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return Lock()
    except OSError as error:
        raise UnreadableError(f"cannot read '{path}': {error.strerror or error}") from error
    try:
        said: Any = tomllib.loads(data[:_MOST_BYTES].decode("utf-8"))
        if said.get("version") != _VERSION:
            raise _no_lock(f"'{path}' is no lock of version {_VERSION}")
        files = msgspec.convert(said.get("file", []), list[Locked])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise _no_lock(f"cannot read '{path}': {error}") from error
    for each in files:
        if not is_digest(each.digest):
            raise _no_lock(f"'{path}': {each.digest!r} of '{each.path}' is no digest")
    return Lock(files={each.path: each for each in files})


def _no_lock(message: str) -> MalformedError:
    error = MalformedError(message)
    error.hint = "Restore it from version control, or delete it to lock the data as it is now"
    return error


def write_lock(path: Path, lock: Lock) -> None:
    """Write a lock, whole or not at all.

    Raises:
        UnreadableError: It cannot be written.
    """
    try:
        write_whole(path, _text(lock).encode())
    except OSError as error:
        raise UnreadableError(
            f"cannot write '{path}': {error.strerror or error}",
            "Check the folder and its permissions, or name another file with --lock",
        ) from error


def _text(lock: Lock) -> str:
    tables = [_HEAD]
    for name in sorted(lock.files):
        said = msgspec.to_builtins(lock.files[name])
        lines = [f"{key} = {_toml(value)}" for key, value in said.items() if value != ""]
        tables.append("\n".join(["[[file]]", *lines, ""]))
    return "\n".join(tables)


def _toml(value: object) -> str:
    """Return a text or a number as TOML writes it: JSON's escapes, and DEL and halves of letters."""
    if isinstance(value, str):
        whole = value.encode("utf-8", "replace").decode("utf-8")
        return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value)
