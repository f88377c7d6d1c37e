# SPDX-License-Identifier: Apache-2.0
"""Keep evidence: one module per store."""

import os
import sys
from pathlib import Path

from steelyard.core.errors import StoreError
from steelyard.core.ports import Store
from steelyard.stores.remembered import Memories
from steelyard.stores.sqlite import SqliteStore

_ELSEWHERE = "name a file with --store, such as --store ./steelyard.sqlite"


def open_store(location: str | Path | None = None) -> Store:
    """Return the store at a location; nothing is written before something is kept.

    Args:
        location: Path of a SQLite file, as it is or as `sqlite:///absolute/path`; None for the
            user's data folder, which is made if need be, for nobody else to read.

    Raises:
        StoreError: No kind of store lies there, or the user's data folder cannot be made.
    """
    if location is None:
        return SqliteStore(_own(default_location()))
    scheme, found, rest = str(location).partition("://")
    if not found:
        return SqliteStore(Path(location).expanduser())
    if scheme != "sqlite":
        raise StoreError(f"there is no store for {scheme}:// locations", hint=_ELSEWHERE)
    if not rest.startswith("/"):
        raise StoreError(f"{str(location)!r} is no absolute path", hint="sqlite:///path/to/a/file")
    return SqliteStore(Path(rest))


def memories_of(store: Store) -> Memories | None:
    """Return what is remembered beside a store; None where it is not on this machine."""
    return Memories(store.path) if isinstance(store, SqliteStore) else None


def default_location() -> Path:
    """Return where a user's own store lies: in the data folder that the platform provides.

    Raises:
        StoreError: The user has no home.

    Source:
        XDG Base Directory Specification 0.8; elsewhere what the platform's own programs use.
    """
    try:
        folder = Path(os.environ.get("XDG_DATA_HOME", ""))
        if not folder.is_absolute():
            folder = Path.home() / _DATA_FOLDERS.get(sys.platform, ".local/share")
    except RuntimeError as error:
        raise StoreError("there is no home to keep a store in", hint=_ELSEWHERE) from error
    return folder / "steelyard" / "store.sqlite"


_DATA_FOLDERS = {"darwin": "Library/Application Support", "win32": "AppData/Local"}


def _own(path: Path) -> Path:
    try:
        path.parent.parent.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot make {str(path.parent)!r}: {error.strerror}", hint=_ELSEWHERE
        ) from error
    return path
