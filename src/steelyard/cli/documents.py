# SPDX-License-Identifier: Apache-2.0
"""Read dossier documents that an earlier check wrote."""

from pathlib import Path

import msgspec

from steelyard.core.dossier import SCHEMA, Dossier
from steelyard.core.errors import UnreadableError

_HEAD = 100  # characters; the schema id stands at the beginning of a dossier


def is_dossier(path: Path) -> bool:
    """Tell whether a file begins like a dossier."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return SCHEMA.encode() in file.read(_HEAD)


def dossier_at(path: Path) -> Dossier:
    """Return the dossier that a file holds.

    Raises:
        UnreadableError: It cannot be read, or holds something else.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Dossier)
    except OSError as error:
        raise UnreadableError(
            f"cannot read {str(path)!r}: {error.strerror}", hint="check the path"
        ) from error
    except msgspec.MsgspecError as error:
        raise UnreadableError(
            f"{str(path)!r} is no whole dossier: {error}", hint="write it with check --json"
        ) from error
