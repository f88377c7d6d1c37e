# SPDX-License-Identifier: Apache-2.0
"""TensorFlow Lite: a FlatBuffer of operators, tensors and their bytes, often with an archive behind it.

Source: TensorFlow 2.20, compiler/mlir/lite/schema/schema.fbs; FlatBuffers, binary format.
"""

import math
from collections.abc import Iterator

import msgspec

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.carve import Hit, hits
from steelyard.formats.paths import shown
from steelyard.formats.polyglot import other_views
from steelyard.formats.port import Budget, Content, Format, Glimpse, Member
from steelyard.formats.ranges import Range, gaps
from steelyard.formats.source import SliceSource, Source, exactly
from steelyard.formats.zip import ends_with_archive

_MAGIC = b"TFL3"
_CUSTOM = 32  # BuiltinOperator.CUSTOM
_MOST = 500_000  # items of one vector
_NAME = 4096  # bytes of a name
_ITEMS = {
    0: 4, 1: 2, 2: 4, 3: 1, 4: 8, 6: 1, 7: 2, 8: 8, 9: 1, 10: 8, 11: 16, 12: 8, 15: 4, 16: 2, 18: 2,
}  # fmt: skip


class TfLite(Content, frozen=True, kw_only=True):
    """A TensorFlow Lite model.

    Attributes:
        version: Of the schema.
        description: What the converter wrote.
        operators: How many kinds of operators there are.
        custom: Names of those that are not built in, and the offset of each.
        hits: What could run among the bytes that are no tensors.
    """

    version: int
    description: str
    operators: int
    custom: tuple[tuple[str, int], ...]
    hits: tuple[Hit, ...]


class Flat:
    """Reads tables of a FlatBuffer.

    Args:
        source: The file.
        budget: Bounds the time.
    """

    def __init__(self, source: Source, budget: Budget) -> None:
        self._source = source
        self._budget = budget
        self._count = 0

    def number(self, at: int, width: int, *, signed: bool = False) -> int:
        """Return a number.

        Raises:
            MalformedError: It lies outside.
        """
        self._count += 1
        if self._count % 4096 == 0:
            self._budget.check_time()
        data = exactly(self._source, at, width, "FlatBuffer number")
        return int.from_bytes(data, "little", signed=signed)

    def field(self, table: int, index: int) -> int:
        """Return the offset of a field of a table; 0 where it is left out."""
        entry = table - self.number(table, 4, signed=True)
        place = 4 + 2 * index
        if place + 2 > self.number(entry, 2):
            return 0
        offset = self.number(entry + place, 2)
        return table + offset if offset else 0

    def follow(self, at: int) -> int:
        """Return where an offset leads."""
        return at + self.number(at, 4)

    def vector(self, table: int, index: int, width: int) -> tuple[int, int]:
        """Return where the items of a vector begin, and how many there are.

        Raises:
            MalformedError: They do not fit.
            LimitError: There are too many.
        """
        at = self.field(table, index)
        if not at:
            return 0, 0
        start = self.follow(at)
        count = self.number(start, 4)
        if start + 4 + count * width > self._source.size:
            raise MalformedError(f"{count:,} items exceed the file", at=start)
        return start + 4, count

    def tables(self, table: int, index: int) -> Iterator[int]:
        """Yield the tables of a vector."""
        start, count = self.vector(table, index, 4)
        if count > _MOST:
            raise LimitError(f"{count:,} tables, at most {_MOST:,} are read", at=start)
        for at in range(start, start + 4 * count, 4):
            yield self.follow(at)

    def text(self, table: int, index: int) -> str:
        """Return a text; empty where it is left out."""
        start, count = self.vector(table, index, 1)
        if count > _NAME:
            raise LimitError(f"a name of {count:,} bytes", at=start)
        return shown(self._source.read(start, count).decode("utf-8", "backslashreplace"))


def read(source: Source, budget: Budget) -> TfLite:
    """Read operators and the places of tensors.

    Raises:
        MalformedError: An offset leads outside.
        LimitError: There is more than the limits allow.
    """
    flat = Flat(source, budget)
    model = flat.number(0, 4)
    version = flat.field(model, 0)
    custom, count = [], 0
    for code in flat.tables(model, 1):
        count += 1
        name = flat.text(code, 1)
        if name or _is_custom(flat, code):
            custom.append((name, code))
    claims = list(_elements(flat, model))
    found, missing = _searched(source, claims, budget)
    return TfLite(
        version=flat.number(version, 4) if version else 0,
        description=flat.text(model, 3),
        operators=count,
        custom=tuple(custom),
        hits=tuple(found),
        incomplete=missing,
    )


def _is_custom(flat: Flat, code: int) -> bool:
    old, new = flat.field(code, 0), flat.field(code, 3)
    return _CUSTOM in (flat.number(old, 1) if old else 0, flat.number(new, 4) if new else 0)


def _elements(flat: Flat, model: int) -> Iterator[Range]:
    """Yield the buffers that are nothing but the elements of a tensor."""
    buffers = [flat.vector(buffer, 0, 1) for buffer in flat.tables(model, 4)]
    for graph in flat.tables(model, 2):
        for tensor in flat.tables(graph, 0):
            start, rank = flat.vector(tensor, 0, 4)
            if rank > 64:
                raise MalformedError(f"a tensor of {rank} dimensions", at=start)
            extents = [flat.number(start + 4 * n, 4, signed=True) for n in range(rank)]
            kind, place = flat.field(tensor, 1), flat.field(tensor, 2)
            item = _ITEMS.get(flat.number(kind, 1) if kind else 0, 0)
            index = flat.number(place, 4) if place else 0
            if index < len(buffers) and item and min(extents, default=0) >= 0:
                begin, size = buffers[index]
                if size and size == math.prod(extents) * item:
                    yield Range(begin, begin + size, "tensor")


def _searched(source: Source, claims: list[Range], budget: Budget) -> tuple[list[Hit], str]:
    found: list[Hit] = []
    archive = ends_with_archive(source)  # what the converter packs behind the model
    try:
        for gap in gaps(claims, source.size):
            inner = SliceSource(source, gap.start, gap.end - gap.start)
            for hit in hits(inner, budget):
                if hit.kind != "zip" or not archive:
                    moved = {"start": hit.start + gap.start, "end": hit.end + gap.start}
                    found.append(msgspec.structs.replace(hit, **moved))
    except LimitError as error:
        return found, f"bytes outside of tensors: {error.message}"
    return found, ""


def members(content: TfLite, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield what was found outside of tensors, and what other readers would make of the bytes."""
    yield from other_views(source, budget)
    for hit in content.hits:
        inner = SliceSource(source, hit.start, hit.end - hit.start)
        yield Member(name=f"{hit.kind}@{hit.start}", source=inner)


def _is_tflite(glimpse: Glimpse) -> bool:
    return glimpse.head[4:8] == _MAGIC


TFLITE = Format(
    id="tflite",
    title="TensorFlow Lite",
    rank=10,
    signs=((4, _MAGIC),),
    matches=_is_tflite,
    read=read,
    members=members,
)
