# SPDX-License-Identifier: Apache-2.0
"""List the files of a subject: links followed inside it, refused outside it."""

import errno
import itertools
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from steelyard.core.errors import UnreadableError
from steelyard.core.limits import Limits
from steelyard.core.subject import Skipped
from steelyard.flow.names import shown
from steelyard.flow.survey import Entry

_VERSION_CONTROL = ".git"  # no loader opens it, and it differs between clones of the same model
_SHARED_BLOBS_MARKER = ".huggingface-shared-blobs"  # huggingface_hub >= 2.0, utils/_shared_blobs.py

Identity = tuple[int, int]
"""Device and inode of a folder."""


def walk(path: Path, limits: Limits) -> Iterator[Entry | Skipped]:
    """Yield the files below a path, or the path itself where it is a file.

    Nothing is opened but folders, so that no FIFO or device is touched.

    Args:
        path: Folder or file; a link to one is followed.
        limits: Bounds the number of entries.

    Raises:
        UnreadableError: There is nothing there, or it may not be read.
    """
    try:
        root = path.resolve(strict=True)
        status = root.stat()
    except (OSError, RuntimeError, ValueError) as error:
        raise _unreadable(path, error) from error
    if stat.S_ISDIR(status.st_mode):
        yield from _Walk(root, limits).entries()
    elif stat.S_ISREG(status.st_mode):
        yield Entry(shown(path.name), str(root), status.st_size)
    else:
        raise UnreadableError(
            f"{str(path)!r} is neither a folder nor a regular file",
            hint="name the folder or file that holds the model",
        )


def _unreadable(path: Path, error: Exception) -> UnreadableError:
    if isinstance(error, RuntimeError) or getattr(error, "errno", 0) == errno.ELOOP:
        return UnreadableError(
            f"cannot read {str(path)!r}: its links form a loop", hint="name the folder itself"
        )
    reason = getattr(error, "strerror", None) or str(error)
    if isinstance(error, PermissionError):
        hint = "ask for the permission to read it, or run as who may"
    else:
        hint = "check the path; a model of the hub is named hf:org/name@revision"
    return UnreadableError(f"cannot read {str(path)!r}: {reason}", hint=hint)


def boundaries(root: Path) -> tuple[Path, ...]:
    """Return the folders that links may not leave.

    Usually that is the subject alone. Where the subject is a snapshot in a hub cache,
    `models--org--name/snapshots/<revision>`, its links point to `blobs` of the repository's folder,
    which may in turn point to `blobs` of the whole cache, shared by all repositories.
    """
    repository = root.parent.parent
    if root.parent.name != "snapshots" or not (repository / "blobs").is_dir():
        return (root,)
    shared = repository.parent / "blobs"
    return (repository, shared) if (shared / _SHARED_BLOBS_MARKER).is_file() else (repository,)


class _Folder(msgspec.Struct, frozen=True):
    """A folder to go into.

    Attributes:
        path: Where it lies, links resolved.
        prefix: What the names of its entries begin with.
        identity: Tells it from every other folder.
    """

    path: str
    prefix: str
    identity: Identity


class _Walk:
    """One walk: depth first, sorted by name, without recursion, as folders nest as deep as they like."""

    def __init__(self, root: Path, limits: Limits) -> None:
        status = root.stat()
        self._root = _Folder(str(root), "", (status.st_dev, status.st_ino))
        self._boundaries = boundaries(root)
        self._limit = limits.files
        self._above: set[Identity] = set()

    def entries(self) -> Iterator[Entry | Skipped]:
        """Yield what there is, each folder's own entries among those of its neighbours."""
        count = 0
        stack: list[tuple[_Folder, Iterator[os.DirEntry[str]]]] = []
        found: Entry | Skipped | _Folder = self._root
        while True:
            if isinstance(found, _Folder):
                children = self._list(found)
                if isinstance(children, Skipped):
                    yield children
                else:
                    stack.append((found, children))
                    self._above.add(found.identity)
            else:
                yield found
            child = self._next(stack)
            if child is None:
                return
            count += 1
            if count > self._limit:
                yield _too_many("...", f"more than {self._limit:,} entries; the rest was not read")
                return
            found = self._look(child, stack[-1][0].prefix + shown(child.name))

    def _next(
        self, stack: list[tuple[_Folder, Iterator["os.DirEntry[str]"]]]
    ) -> "os.DirEntry[str] | None":
        while stack:
            folder, children = stack[-1]
            child = next(children, None)
            if child is not None:
                return child
            self._above.discard(folder.identity)
            stack.pop()
        return None

    def _list(self, folder: _Folder) -> Iterator["os.DirEntry[str]"] | Skipped:
        name = folder.prefix[:-1] or "."
        try:
            with os.scandir(folder.path) as listing:
                children = list(itertools.islice(listing, self._limit + 1))
        except OSError as error:
            return Skipped(path=name, kind="unreadable", reason=error.strerror or str(error))
        if len(children) > self._limit:
            return _too_many(name, f"more than {self._limit:,} entries; none of them was read")
        return iter(sorted(children, key=lambda child: os.fsencode(child.name)))

    def _look(self, child: "os.DirEntry[str]", name: str) -> Entry | Skipped | _Folder:
        try:
            if child.is_symlink():
                return self._follow(child, name)
            return self._entry(child.path, name, child.stat(follow_symlinks=False))
        except OSError as error:
            kind = "unreadable"
            if child.is_symlink():
                kind = "link-loop" if error.errno == errno.ELOOP else "link-broken"
            return Skipped(path=name, kind=kind, reason=error.strerror or str(error))

    def _follow(self, child: "os.DirEntry[str]", name: str) -> Entry | Skipped | _Folder:
        # Where a link leads is told before whether anything is there, which differs between machines.
        if not self._inside(os.path.realpath(child.path)):
            return _outside(name)
        target = os.path.realpath(child.path, strict=True)
        if not self._inside(target):  # the loose answer gives up on very long paths
            return _outside(name)
        return self._entry(target, name, Path(target).stat(), linked=True)

    def _inside(self, target: str) -> bool:
        return any(Path(target).is_relative_to(folder) for folder in self._boundaries)

    def _entry(
        self, path: str, name: str, status: os.stat_result, *, linked: bool = False
    ) -> Entry | Skipped | _Folder:
        if stat.S_ISREG(status.st_mode):
            return Entry(name, path, status.st_size)
        if not stat.S_ISDIR(status.st_mode):
            reason = "a FIFO, socket or device; it was not opened"
            return Skipped(path=name, kind="special", reason=reason)
        if not linked and name.rpartition("/")[2] == _VERSION_CONTROL:
            reason = "version control's own folder; no loader opens it"
            return Skipped(path=name, kind="version-control", reason=reason)
        identity = (status.st_dev, status.st_ino)
        if identity in self._above:
            return Skipped(path=name, kind="link-loop", reason="a link to a folder it lies in")
        return _Folder(path, f"{name}/", identity)


def _outside(path: str) -> Skipped:
    reason = "a link that leads outside the subject; it was not followed"
    return Skipped(path=path, kind="link-outside", reason=reason)


def _too_many(path: str, reason: str) -> Skipped:
    return Skipped(path=path, kind="too-many", reason=reason)
