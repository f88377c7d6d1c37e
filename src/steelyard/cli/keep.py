# SPDX-License-Identifier: Apache-2.0
"""Keep dossiers in the store that the user named."""

from steelyard.core.dossier import Dossier
from steelyard.core.ports import Store
from steelyard.stores import open_store

NOWHERE = "none"


def store_at(location: str | None) -> Store | None:
    """Return the store at a location, or None where nothing is to be kept.

    Args:
        location: Path or URL; None for the user's data folder, `none` for nowhere.

    Raises:
        StoreError: There is something else at that place.
    """
    return None if location == NOWHERE else open_store(location)


def keep(dossier: Dossier, location: str | None) -> None:
    """Keep a dossier.

    Raises:
        StoreError: It could not be written; nothing of it was.
    """
    store = store_at(location)
    if store is not None:
        store.append(dossier)
