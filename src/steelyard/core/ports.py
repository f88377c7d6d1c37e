# SPDX-License-Identifier: Apache-2.0
"""The ports: what the flow needs from outside, and no more."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

import msgspec

from steelyard.core.digest import Digest
from steelyard.core.dossier import Dossier
from steelyard.core.errors import SteelyardError

T = TypeVar("T")
R = TypeVar("R")


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a store's hash chain.

    Attributes:
        entries: How many entries the chain has.
        digest: Digest of the last one; of nothing at all, 64 zeros.
    """

    entries: int
    digest: Digest


class Store(Protocol):
    """Keeps dossiers, append-only and hash-chained."""

    def append(self, dossier: Dossier) -> Head:
        """Keep a dossier; all of it or nothing. Evidence already kept is not kept twice.

        Raises:
            StoreError: It cannot be written: locked, full, or not a store.
        """

    def append_all(self, dossiers: Sequence[Dossier]) -> list[Head]:
        """Keep some dossiers, all of them or nothing; return the end of the chain after each.

        Raises:
            StoreError: As `append`.
        """

    def recall(self, heads: Sequence[Head]) -> list[Dossier | None]:
        """Return the dossiers after which the chain ended there; None where there is none.

        Raises:
            StoreError: It cannot be read.
        """

    def find(self, reference: str) -> Dossier | None:
        """Return the newest dossier of a subject, or None.

        Args:
            reference: The subject's digest, the beginning of it (8 hexadecimal digits or more), or
                its name.

        Raises:
            StoreError: It cannot be read, or the reference fits several subjects.
        """

    def newest(self) -> Iterator[Dossier]:
        """Yield the newest dossier of each subject, in the order in which they were kept.

        Raises:
            StoreError: It cannot be read.
        """

    def head(self) -> Head:
        """Return the end of the chain."""

    def verify(self, remembered: Digest | None = None) -> Head:
        """Recompute the whole chain and return its end.

        Args:
            remembered: Digest of a head seen earlier, which must still be in the chain: only that
                tells that the end was not cut off.

        Raises:
            ChainError: An entry does not follow from the one before it, or the remembered one is
                not there.
            StoreError: It cannot be read, or nothing was ever kept there.
        """


class Pool(Protocol):
    """Does the same to many things."""

    def map(self, do: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield the results in the order of the items."""

    def as_completed(
        self, do: Callable[[T], R], items: Iterable[T]
    ) -> Iterator[tuple[int, R | SteelyardError]]:
        """Yield the position of each item with its result, or the error of ours, as it is done.

        The error of one item does not end the others; any other exception is raised.
        """


class Progress(Protocol):
    """Is told how far work has come; only the command line shows it."""

    def begin(self, what: str, total: int) -> None:
        """Say that work of `total` units (bytes, or files) begins."""

    def advance(self, units: int) -> None:
        """Say that this many units more are done; called from several threads."""

    def end(self) -> None:
        """Say that the work is done."""


class Silent:
    """Progress that nobody watches."""

    def begin(self, what: str, total: int) -> None:
        """Do nothing."""

    def advance(self, units: int) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""
