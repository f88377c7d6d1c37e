# SPDX-License-Identifier: Apache-2.0
"""Bytes of no known format, and what is hidden in them.

A loader that unpickles begins at the first byte; where no pickle can begin, the bytes are inert for
it. What could run all the same, further in, is found and read like any other layer.
"""

from collections.abc import Iterator

from steelyard.core.errors import LimitError
from steelyard.formats.carve import Hit, hits
from steelyard.formats.port import Budget, Content, Format, Glimpse, Member
from steelyard.formats.ranges import first_filled
from steelyard.formats.source import SliceSource, Source


class Data(Content, frozen=True, kw_only=True):
    """Bytes that no reader knows.

    Attributes:
        empty: There are none, or nothing but zeros.
        hits: What was found inside them.
    """

    empty: bool
    hits: tuple[Hit, ...] = ()


def read(source: Source, budget: Budget) -> Data:
    """Look whether there is anything but zeros, and search it."""
    if first_filled(source, 0, source.size, budget) == source.size:
        return Data(empty=True)
    found: list[Hit] = []
    try:
        for hit in hits(source, budget):
            if hit.start == 0 and hit.end == source.size:
                reason = f"{hit.what}, which no reader could read"
                return Data(empty=False, incomplete=reason, incomplete_at=0)
            found.append(hit)
    except LimitError as error:
        reason = f"unidentified bytes: {error.message}"
        return Data(
            empty=False, hits=tuple(found), incomplete=reason, incomplete_at=max(error.at, 0)
        )
    return Data(empty=False, hits=tuple(found))


def members(content: Data, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield what was found, called `pickle@offset`, `zip@offset`, `program@offset`."""
    del budget
    for hit in content.hits:
        end = source.size if hit.kind == "program" else hit.end
        inner = SliceSource(source, hit.start, end - hit.start)
        yield Member(name=f"{hit.kind}@{hit.start}", source=inner)


def _anything(glimpse: Glimpse) -> bool:
    del glimpse
    return True


DATA = Format(
    id="data", title="Unidentified bytes", rank=99, matches=_anything, read=read, members=members
)
