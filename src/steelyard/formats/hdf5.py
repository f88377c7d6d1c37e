# SPDX-License-Identifier: Apache-2.0
"""HDF5, as Keras, h5py, PyTables and pandas write it: objects, attributes, and what else is in it.

The bytes of a dataset are opaque where its type and shape need just as many. Attributes that are texts
become layers to read (Keras keeps its architecture in one, PyTables keeps pickles in others); all other
bytes are searched for what could run.
"""

from collections.abc import Iterator

import msgspec

from steelyard.core.errors import LimitError
from steelyard.formats.carve import Hit, hits
from steelyard.formats.hdf5_blocks import MAGIC, PLACES, Blocks, find_magic
from steelyard.formats.hdf5_objects import ObjectWalk, Outside
from steelyard.formats.hdf5_types import Attribute
from steelyard.formats.paths import shown
from steelyard.formats.polyglot import other_views
from steelyard.formats.port import Budget, Content, Format, Glimpse, Member
from steelyard.formats.ranges import gaps
from steelyard.formats.source import BytesSource, SliceSource, Source

__all__ = ["HDF5", "Hdf5", "Outside"]

_SHORT = 12  # bytes of an attribute that is no layer of its own


class Hdf5(Content, frozen=True, kw_only=True):
    """An HDF5 file.

    Attributes:
        objects: How many groups and datasets there are.
        attributes: Texts by the path of the object they belong to.
        outside: What refers to other files, and other names.
        hits: What could run among the bytes that no dataset accounts for.
    """

    objects: int
    attributes: tuple[tuple[str, Attribute], ...]
    outside: tuple[Outside, ...]
    hits: tuple[Hit, ...]

    def text(self, name: str) -> str:
        """Return an attribute of the root group; empty where there is none."""
        for path, attribute in self.attributes:
            if not path and attribute.name == name:
                return attribute.value.decode("utf-8", "backslashreplace")
        return ""


def read(source: Source, budget: Budget) -> Hdf5:
    """Walk the objects of a file.

    Raises:
        MalformedError: The superblock or an object makes no sense.
        LimitError: There is more than the limits allow.
    """
    blocks = Blocks(source, budget)
    walk = ObjectWalk(blocks)
    walk.run()
    found: list[Hit] = []
    missing = walk.missing
    try:
        for gap in gaps(walk.claims, source.size):
            inner = SliceSource(source, gap.start, gap.end - gap.start)
            for hit in hits(inner, budget):
                moved = {"start": hit.start + gap.start, "end": hit.end + gap.start}
                found.append(msgspec.structs.replace(hit, **moved))
    except LimitError as error:
        missing = missing or f"bytes outside of datasets: {error.message}"
    return Hdf5(
        objects=walk.objects,
        attributes=tuple(walk.attributes),
        outside=tuple(walk.outside),
        hits=tuple(found),
        flaws=walk.flaws.all(),
        incomplete=missing,
    )


def members(content: Hdf5, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield attributes that are texts, called by path and name, and what was found elsewhere."""
    yield from other_views(source, budget)
    for path, attribute in content.attributes:
        if len(attribute.value) > _SHORT:
            name = shown(f"{path}@{attribute.name}".lstrip("/"))
            yield Member(name=name, source=BytesSource(attribute.value))
    for hit in content.hits:
        inner = SliceSource(source, hit.start, hit.end - hit.start)
        yield Member(name=f"{hit.kind}@{hit.start}", source=inner)


def _is_hdf5(glimpse: Glimpse) -> bool:
    return find_magic(glimpse.source) >= 0


HDF5 = Format(
    id="hdf5",
    title="HDF5",
    rank=9,
    signs=tuple((at, MAGIC) for at in PLACES),
    matches=_is_hdf5,
    read=read,
    members=members,
)
