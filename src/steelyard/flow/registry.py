# SPDX-License-Identifier: Apache-2.0
"""The models below a folder: of a hub cache, or of folders that hold models."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from steelyard.core.errors import UnreadableError, UsageError
from steelyard.flow.names import shown

_REPOSITORY = "models--"
_SHELVES = 8  # folders that hold nothing but folders, within each other


class Place(msgspec.Struct, frozen=True):
    """A model of a registry.

    Attributes:
        name: What tells it from the others: its path below the registry, or `org/name@commit`.
        path: Where it lies, absolute.
    """

    name: str
    path: str


def models(root: Path) -> Iterator[Place]:
    """Yield the models below a folder, sorted by name.

    In a hub cache (`models--org--name/snapshots/<commit>`) each snapshot is a model: a loader may name
    any of them by its commit. Elsewhere a folder that holds a file is a model with all that lies below
    it, and one that holds nothing but folders is a shelf of models; a file on a shelf is a model of its
    own. What begins with a dot, on a shelf, is passed over, and data sets and spaces of a hub cache.

    Raises:
        UsageError: It is no folder.
        UnreadableError: It may not be read.
    """
    if not root.is_dir():
        raise UsageError(
            f"{str(root)!r} is no folder", hint="--each takes folders of models, or a hub cache"
        )
    root = root.resolve()
    for cache in (root, root / "hub"):
        if repositories := _repositories(cache):
            for repository in repositories:
                yield from _snapshots(repository)
            return
    yield from _shelved(root, "", root, depth=1)


def _repositories(cache: Path) -> list[Path]:
    if cache.name.startswith(_REPOSITORY) and (cache / "snapshots").is_dir():
        return [cache]
    return [child for child in _children(cache) if child.name.startswith(_REPOSITORY)]


def _snapshots(repository: Path) -> Iterator[Place]:
    name = shown(repository.name.removeprefix(_REPOSITORY).replace("--", "/"))
    snapshots = _children(repository / "snapshots")
    for snapshot in snapshots:
        yield Place(f"{name}@{shown(snapshot.name)[:12]}", str(snapshot))
    if not snapshots:  # nothing of it can be loaded by name, but it may be halfway there
        yield Place(name, str(repository))


def _shelved(shelf: Path, prefix: str, root: Path, depth: int) -> Iterator[Place]:
    for child in _listed(shelf):
        if child.name.startswith("."):
            continue
        name = prefix + shown(child.name)
        if child.is_symlink():
            if not root.is_relative_to(os.path.realpath(child)):  # else all of it is here already
                yield Place(name, str(child))
        elif depth < _SHELVES and _is_shelf(child):
            yield from _shelved(child, f"{name}/", root, depth + 1)
        else:
            yield Place(name, str(child))


def _is_shelf(folder: Path) -> bool:
    children = [child for child in _children(folder) if not child.name.startswith(".")]
    return bool(children) and all(child.is_dir() and not child.is_symlink() for child in children)


def _children(folder: Path) -> list[Path]:
    """Return what a folder holds, sorted; nothing where it cannot be read, which its check tells."""
    try:
        return _listed(folder)
    except UnreadableError:
        return []


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise UnreadableError(
            f"cannot read {str(folder)!r}: {error.strerror}", hint="check its permissions"
        ) from error
