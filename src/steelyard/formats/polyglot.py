# SPDX-License-Identifier: Apache-2.0
"""Bytes that are of two formats at once: what other readers would make of them."""

from collections.abc import Iterator

from steelyard.formats.carve_pickle import Seeker
from steelyard.formats.pickle import PICKLE
from steelyard.formats.port import Budget, Member
from steelyard.formats.source import Source
from steelyard.formats.zip import ZIP, opens_as_archive, walk


def other_views(source: Source, budget: Budget) -> Iterator[Member]:
    """Yield the pickle that an unpickler finds at byte 0, the archive that zip readers find at the end.

    Raises:
        LimitError: They are more than may be read.
        MalformedError: The archive is none after all.
    """
    yield from pickle_view(source, budget)
    yield from archive_view(source, budget)


def archive_view(source: Source, budget: Budget) -> Iterator[Member]:
    """Yield the archive that zip readers find at the end.

    Raises:
        LimitError: It is more than may be read.
        MalformedError: It is none after all.
    """
    if opens_as_archive(source):
        yield Member(name="zip", source=source, format=ZIP.id, content=walk(source, budget))


def pickle_view(source: Source, budget: Budget) -> Iterator[Member]:
    """Yield the pickle that an unpickler finds at byte 0, where it calls what it imports.

    Raises:
        LimitError: It is more than may be read.
    """
    pickle = Seeker(source, budget).at(0)
    if pickle is not None and pickle.called:
        content = PICKLE.read(source, budget)
        yield Member(name="pickle@0", source=source, format=PICKLE.id, content=content)
