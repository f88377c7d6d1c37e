# SPDX-License-Identifier: Apache-2.0
"""Bytes that are of two formats at once: what other readers would make of them."""

from collections.abc import Iterator

from steelyard.formats.port import Budget, Member
from steelyard.formats.source import Source
from steelyard.formats.zip_directory import opens_as_archive


def other_views(source: Source, budget: Budget) -> Iterator[Member]:
    """Yield the pickle that an unpickler finds at byte 0, the archive that zip readers find at the end.

    Raises:
        LimitError: They are more than may be read.
    """
    yield from pickle_view(source, budget)
    yield from archive_view(source, budget)


def archive_view(source: Source, budget: Budget) -> Iterator[Member]:
    """Yield the archive that zip readers find at the end."""
    del budget
    if opens_as_archive(source):
        yield Member(name="zip", source=source, format="zip")


def pickle_view(source: Source, budget: Budget) -> Iterator[Member]:
    """Yield the pickle that an unpickler finds at byte 0, where it calls what it imports.

    Raises:
        LimitError: It is more than may be read.
    """
    from steelyard.formats.carve_pickle import Seeker

    pickle = Seeker(source, budget).at(0)
    if pickle is not None and pickle.called:
        yield Member(name="pickle@0", source=source, format="pickle")
