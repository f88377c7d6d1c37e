# SPDX-License-Identifier: Apache-2.0
"""List the files of a subject: links followed inside it, refused outside it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from steelyard.core.errors import UnreadableError
from steelyard.core.limits import Limits
from steelyard.core.subject import Skipped
from steelyard.flow.survey import Entry

_VERSION_CONTROL = ".git"  # no loader opens it, and it differs between clones of the same model


def walk(path: Path, limits: Limits) -> Iterator[Entry | Skipped]:
    """Yield the files below a path, or the path itself where it is a file.

    Args:
        path: Folder or file; a link to one is followed.
        limits: Bounds the number of files.

    Raises:
        UnreadableError: There is nothing there, or it may not be read.
    """
    try:
        root = path.resolve(strict=True)
        status = root.stat()
    except OSError as error:
        raise UnreadableError(
            f"cannot read {str(path)!r}: {error.strerror}",
            hint="check the path; a model of the hub is named hf:org/name@revision",
        ) from error
    except RuntimeError as error:
        raise UnreadableError(f"cannot read {str(path)!r}: its links form a loop") from error
    if stat.S_ISDIR(status.st_mode):
        yield from _bounded(_Walk(root).folder(root, "", frozenset()), limits)
    elif stat.S_ISREG(status.st_mode):
        yield Entry(shown(path.name), root, status.st_size)
    else:
        raise UnreadableError(
            f"{str(path)!r} is neither a folder nor a regular file",
            hint="name the folder or file that holds the model",
        )


def shown(name: str) -> str:
    r"""Return a file name as UTF-8 text: a backslash doubled, a byte that is no UTF-8 as `\xNN`."""
    return os.fsencode(name.replace("\\", "\\\\")).decode("utf-8", "backslashreplace")


def boundary(root: Path) -> Path:
    """Return the folder that links may not leave.

    It is the subject itself, or the folder of the whole repository where the subject is a snapshot
    in a hub cache, `models--org--name/snapshots/<revision>`, whose links point to `blobs`.
    """
    snapshots = root.parent
    if snapshots.name == "snapshots" and (snapshots.parent / "blobs").is_dir():
        return snapshots.parent
    return root


def _bounded(found: Iterator[Entry | Skipped], limits: Limits) -> Iterator[Entry | Skipped]:
    for count, entry in enumerate(found):
        if count >= limits.files:
            reason = f"more than {limits.files:,} files; the rest was not read"
            yield Skipped(path="...", kind="too-many", reason=reason)
            return
        yield entry


class _Walk:
    def __init__(self, root: Path) -> None:
        self._boundary = boundary(root)

    def folder(
        self, folder: Path, prefix: str, above: frozenset[tuple[int, int]]
    ) -> Iterator[Entry | Skipped]:
        """Yield what lies in a folder, sorted by name; `above` are the folders it lies in."""
        try:
            status = folder.stat()
            with os.scandir(folder) as listing:
                children = sorted(listing, key=lambda child: os.fsencode(child.name))
        except OSError as error:
            yield Skipped(path=prefix or ".", kind="unreadable", reason=str(error.strerror))
            return
        inside = above | {(status.st_dev, status.st_ino)}
        for child in children:
            name = prefix + shown(child.name)
            yield from self._child(child, name, inside)

    def _child(
        self, child: "os.DirEntry[str]", name: str, above: frozenset[tuple[int, int]]
    ) -> Iterator[Entry | Skipped]:
        path = Path(child.path)
        try:
            if child.is_symlink():
                path = path.resolve(strict=True)
                if not path.is_relative_to(self._boundary):
                    reason = "a link that leads outside the subject; it was not followed"
                    yield Skipped(path=name, kind="link-outside", reason=reason)
                    return
            status = path.stat()
        except (OSError, RuntimeError):
            kind = "link-broken" if child.is_symlink() else "unreadable"
            yield Skipped(path=name, kind=kind, reason="there is nothing that could be read")
            return
        yield from self._entry(path, name, status, above)

    def _entry(
        self, path: Path, name: str, status: os.stat_result, above: frozenset[tuple[int, int]]
    ) -> Iterator[Entry | Skipped]:
        if stat.S_ISREG(status.st_mode):
            yield Entry(name, path, status.st_size)
        elif not stat.S_ISDIR(status.st_mode):
            reason = "a FIFO, socket or device; it was not opened"
            yield Skipped(path=name, kind="special", reason=reason)
        elif path.name == _VERSION_CONTROL:
            reason = "version control's own folder; no loader opens it"
            yield Skipped(path=name, kind="version-control", reason=reason)
        elif (status.st_dev, status.st_ino) in above:
            yield Skipped(path=name, kind="link-loop", reason="a link to a folder it lies in")
        else:
            yield from self.folder(path, f"{name}/", above)
