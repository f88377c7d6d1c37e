# SPDX-License-Identifier: Apache-2.0
"""A model as it was surveyed: on disk, in memory, or elsewhere."""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, TypeVar

import msgspec

from steelyard.core.digest import Digest
from steelyard.core.dossier import Identity
from steelyard.core.errors import ChangedError, UnreadableError
from steelyard.core.subject import Artifact, Part, Skipped, manifest_digest

T = TypeVar("T")


class Stamp(msgspec.Struct, frozen=True):
    """What tells that a file is still the one that was read.

    Its clock is the file system's, which ticks every 4 ms or faster: of two changes within a tick the
    second goes unseen, unless the size tells.

    Attributes:
        device: Number of the file system.
        inode: Number of the file in it.
        size: In bytes.
        modified_ns: When its bytes last changed, in ns.
        changed_ns: When anything about it last changed, in ns: unlike the former it cannot be set
            back, and it moves when another file takes the name.
    """

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int


def stamp(descriptor: int) -> Stamp:
    """Return the stamp of an open file."""
    return _stamp(os.fstat(descriptor))


def stamp_of(path: str) -> Stamp | None:
    """Return the stamp of a file that nobody opens, or None where there is none."""
    try:
        return _stamp(os.lstat(path))
    except OSError:
        return None


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(
        status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    )


def open_regular(path: str) -> tuple[int, Stamp]:
    """Open a regular file for reading and return its descriptor and its stamp.

    It neither waits for a FIFO nor follows a link in the last component.

    Raises:
        UnreadableError: It is no regular file, or may not be read.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        raise UnreadableError(
            f"cannot be opened: {error.strerror}", hint="check the permissions of the file"
        ) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise UnreadableError("is no regular file any more", hint="run it again")
    return descriptor, _stamp(status)


class Surveyed(msgspec.Struct, frozen=True):
    """One file as the survey saw it.

    Attributes:
        artifact: What it is.
        parts: Its layers.
        path: Where it lies; empty where it is no file of this machine.
        stamp: Tells whether it is still the same; None where it is no file of this machine.
    """

    artifact: Artifact
    parts: tuple[Part, ...]
    path: str = ""
    stamp: Stamp | None = None


class FileModel:
    """A model of files that were surveyed; see `core.subject.Model`."""

    kind = "model"

    def __init__(self, name: str, surveyed: Sequence[Surveyed], skipped: Sequence[Skipped]) -> None:
        ordered = sorted(surveyed, key=lambda entry: entry.artifact.path)
        self.name = name
        self._artifacts = tuple(entry.artifact for entry in ordered)
        self._parts = tuple(part for entry in ordered for part in entry.parts)
        self._skipped = tuple(sorted(skipped, key=lambda entry: entry.path))
        self._files: Mapping[str, Surveyed] = {entry.artifact.path: entry for entry in ordered}
        self.digest: Digest = manifest_digest(self.kind, self._artifacts, self._skipped)

    def artifacts(self) -> Sequence[Artifact]:
        """Return the files, sorted by path."""
        return self._artifacts

    def parts(self) -> Sequence[Part]:
        """Return every layer of every file."""
        return self._parts

    def contents(self, kind: type[T]) -> Iterator[tuple[Part, T]]:
        """Yield the parts of one kind of content."""
        for part in self._parts:
            if isinstance(part.content, kind):
                yield part, part.content

    def skipped(self) -> Sequence[Skipped]:
        """Return the entries that are no readable files."""
        return self._skipped

    def open(self, artifact: Artifact) -> BinaryIO:
        """Open a file for reading; raises as `core.subject.Subject.open`."""
        entry = self._files[artifact.path]
        if entry.stamp is None:
            raise UnreadableError(f"{artifact.path!r} is no file of this machine")
        try:
            descriptor, now = open_regular(entry.path)
        except UnreadableError as error:
            raise UnreadableError(f"{artifact.path!r} {error.message}", error.hint) from error
        if now != entry.stamp:
            os.close(descriptor)
            raise ChangedError(f"{artifact.path!r} changed after it was read", hint="run it again")
        return os.fdopen(descriptor, "rb")

    def stamps(self) -> Mapping[str, Stamp]:
        """Return the stamp that each file of this machine had when it was read, by path."""
        return {name: entry.stamp for name, entry in self._files.items() if entry.stamp}

    def identity(self) -> Identity:
        """Return what a dossier says of the subject."""
        return Identity(
            kind=self.kind, name=self.name, digest=self.digest, artifacts=self._artifacts
        )
