# SPDX-License-Identifier: Apache-2.0
"""Subjects: who is examined. A subject names itself by its content."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Protocol, TypeVar

import msgspec

from steelyard.core.digest import Digest, digest_of

T = TypeVar("T")


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    r"""One file of a subject.

    Attributes:
        path: Relative, POSIX, UTF-8; bytes that are no UTF-8, control characters and `!` are
            written as `\xNN` or `\uNNNN`, a backslash twice.
        digest: SHA-256 of the content.
        size: In bytes.
        format: By content, never by name: `gguf`, `zip`, `pickle`, `text`, `data` ...
    """

    path: str
    digest: Digest
    size: int
    format: str


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A layer of an artifact: the artifact itself, or something nested inside it.

    Attributes:
        where: Path of the artifact, then `!name` for each layer further in.
        format: By content.
        size: In bytes, as it lies there once unpacked.
        content: What the format's reader made of it, such as `formats.gguf.Gguf`; None when unread.
        unread: Why the reader could not make sense of all of it; empty when it could.
        at: Byte offset at which the reader stopped; -1 when it did not.
    """

    where: str
    format: str
    size: int
    content: object = None
    unread: str = ""
    at: int = -1

    @property
    def artifact(self) -> str:
        """Return the path of the artifact this is a part of."""
        return self.where.partition("!")[0]


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the subject that is no readable file.

    Attributes:
        path: As in `Artifact`.
        kind: `link-outside` | `link-broken` | `link-loop` | `special` | `unreadable` | `changed` |
            `too-many` | `version-control` | `header-only`.
        reason: Why it was not read.
    """

    path: str
    kind: str
    reason: str


class Subject(Protocol):
    """Whoever is examined: a model, a data set, a message."""

    @property
    def kind(self) -> str:
        """Return `model`, `dataset` or `message`."""

    @property
    def name(self) -> str:
        """Return a name for people; it takes no part in the digest."""

    @property
    def digest(self) -> Digest:
        """Return the digest of the manifest."""

    def artifacts(self) -> Sequence[Artifact]:
        """Return the files, sorted by path."""

    def open(self, artifact: Artifact) -> BinaryIO:
        """Open a file for reading.

        Raises:
            ChangedError: It is no longer the file that was digested.
            UnreadableError: It cannot be opened.
        """


class Model(Subject, Protocol):
    """A model: its files, and what the readers of `formats` made of them."""

    def parts(self) -> Sequence[Part]:
        """Return every layer of every file, outer before inner, files sorted by path."""

    def contents(self, kind: type[T]) -> Iterator[tuple[Part, T]]:
        """Yield the parts whose reader gave this kind of content, with that content."""

    def skipped(self) -> Sequence[Skipped]:
        """Return the entries that are no readable files, sorted by path."""


def manifest_digest(kind: str, artifacts: Sequence[Artifact], skipped: Sequence[Skipped]) -> Digest:
    """Return the digest of a subject: of its kind, its files and what could not be read of it."""
    files = sorted((artifact.path, artifact.digest, artifact.size) for artifact in artifacts)
    holes = sorted((entry.path, entry.kind) for entry in skipped)
    return digest_of({"kind": kind, "files": files, "skipped": holes})
