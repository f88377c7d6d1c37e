# SPDX-License-Identifier: Apache-2.0
"""Data, no code: policies, licences, globals; and the one loader of them."""

from collections.abc import Iterator
from pathlib import Path

_FOLDER = Path(__file__).parent


def entries(kind: str) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of every file of one kind of knowledge, by name.

    Args:
        kind: Name of a folder beside this module, such as `policies`.
    """
    for path in sorted((_FOLDER / kind).iterdir()):
        if path.suffix in {".toml", ".json"}:
            yield path.stem, path.read_bytes()


def entry(kind: str, name: str) -> bytes | None:
    """Return the bytes of one file of one kind of knowledge, or None where there is none."""
    files = (_FOLDER / kind / f"{name}{suffix}" for suffix in (".toml", ".json"))
    inside = name == Path(name).name
    return next((path.read_bytes() for path in files if inside and path.is_file()), None)


def folder(kind: str) -> Path:
    """Return the folder of one kind of knowledge whose files name each other, such as `tasks`."""
    return _FOLDER / kind
