# SPDX-License-Identifier: Apache-2.0
"""Find the models that `--against` names."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from steelyard.cli.documents import dossier_at, is_dossier
from steelyard.cli.keep import store_at
from steelyard.core.dossier import Dossier
from steelyard.core.errors import UnreadableError, UsageError
from steelyard.flow.against import Known, known_of  # noqa: TID253 - it comes with this module
from steelyard.flow.hub_names import PREFIX
from steelyard.stores import open_store

_STORE = "store"
_SQLITE = b"SQLite format 3\0"


def others(
    names: Sequence[str], location: str | None, check: Callable[[str], Dossier]
) -> Iterator[Known]:
    """Yield the models that weights are held against.

    Args:
        names: Of each, a dossier, a store, a folder, file or hf:org/name@revision, a digest or name
            that is known already; `store` for all that are.
        location: The store that knows them.
        check: Makes a dossier of a folder, file or hub name, which is kept.

    Raises:
        SteelyardError: One of them is not there, or cannot be read.
    """
    store = store_at(location)
    for name in names:
        path = Path(name)
        if is_dossier(path):
            yield known_of(dossier_at(path), asked=True)
        elif _is_store(path):
            yield from _all_in(open_store(path).newest())
        elif path.exists() or name.startswith(PREFIX):
            dossier = check(name)
            if store is not None:
                store.append(dossier)
            yield known_of(dossier, asked=True)
        elif store is None:
            raise UsageError(f"{name!r} is no file", hint="--store none knows no model by its name")
        elif name == _STORE:
            yield from _all_in(store.newest())
        else:
            found = store.find(name)
            if found is None:
                raise UnreadableError(f"nothing is known of {name!r}", hint="name a folder or file")
            yield known_of(found, asked=True)


def _is_store(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _all_in(dossiers: Iterator[Dossier]) -> Iterator[Known]:
    for dossier in dossiers:
        known = known_of(dossier, asked=False)
        if known.sketches:
            yield known
