# SPDX-License-Identifier: Apache-2.0
"""The index of a TensorFlow checkpoint (`variables.index`): a sorted table of where tensors lie.

The bytes of the tensors are in files beside it, such as `variables.data-00000-of-00001`.

Source: TensorFlow 2.20, core/util/tensor_bundle, core/protobuf/tensor_bundle.proto, and the table
format of core/lib/io/table_format.txt (LevelDB's).
"""

import math
import struct
from collections.abc import Iterator

import msgspec

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.flaws import FlawList
from steelyard.formats.paths import shown
from steelyard.formats.port import Budget, Content, Format, Glimpse
from steelyard.formats.protobuf import LENGTH, Wire
from steelyard.formats.source import BytesSource, Source, exactly
from steelyard.formats.tensorflow_graph import ITEMS

_MAGIC = struct.pack("<Q", 0xDB4775248B80FB57)
_FOOTER = 48
_TRAILER = 5  # bytes behind a block: how it is compressed, and its checksum
_BLOCK = 64 << 20  # bytes of one block
_SHARDS = 100_000
_TENSORS = 1_000_000


class BundleTensor(msgspec.Struct, frozen=True):
    """A tensor of a checkpoint.

    Attributes:
        name: Its name.
        shard: Number of the file it lies in.
        offset: Where it begins there.
        size: Bytes it has there.
        nbytes: Bytes its type and shape need; -1 for texts and slices, which have no fixed size.
    """

    name: str
    shard: int
    offset: int
    size: int
    nbytes: int


class TensorBundle(Content, frozen=True, kw_only=True):
    """The index of a checkpoint.

    Attributes:
        shards: How many files there should be.
        tensors: In the order of their names.
    """

    shards: int
    tensors: tuple[BundleTensor, ...]


def read(source: Source, budget: Budget) -> TensorBundle:
    """Read the table.

    Raises:
        MalformedError: A block lies outside, or an entry makes no sense.
        LimitError: A block is compressed, or there is more than the limits allow.
    """
    footer = exactly(source, source.size - _FOOTER, _FOOTER, "footer of a table")
    _, at = _handle(footer, 0)
    index, _ = _handle(footer, at)
    shards, tensors, flaws = 0, [], FlawList()
    for _, value in _block(source, index):
        budget.check_time()
        for key, entry in _block(source, _handle(value, 0)[0]):
            if not key:
                shards = _header(entry, budget)
            else:
                tensors.append(_tensor(key, entry, budget))
            if len(tensors) > _TENSORS:
                raise LimitError(f"more than {_TENSORS:,} tensors")
    for tensor in tensors:
        if tensor.nbytes >= 0 and tensor.nbytes != tensor.size:
            sizes = f"needs {tensor.nbytes:,} bytes and is given {tensor.size:,}"
            flaws.add("tensor-size", f"tensor {tensor.name!r} {sizes}")
    return TensorBundle(shards=shards, tensors=tuple(tensors), flaws=flaws.all())


def _handle(data: bytes, at: int) -> tuple[tuple[int, int], int]:
    """Return offset and size of a block, and what follows."""
    offset, at = _varint(data, at)
    size, at = _varint(data, at)
    return (offset, size), at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 64:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return value, at
    raise MalformedError("truncated: a number of a table does not end", at=0)


def _block(source: Source, handle: tuple[int, int]) -> Iterator[tuple[bytes, bytes]]:
    """Yield key and value of every entry of a block; a key begins like the one before it."""
    offset, size = handle
    if size > _BLOCK:
        raise LimitError(f"a block of {size:,} bytes, at most {_BLOCK:,} are read", at=offset)
    data = exactly(source, offset, size + _TRAILER, "block of a table")
    if data[size]:
        raise LimitError("a block of the table is compressed (Snappy)", at=offset)
    restarts = int.from_bytes(data[size - 4 : size], "little") if size >= 4 else 0
    end = size - 4 - 4 * restarts
    if end < 0:
        raise MalformedError(f"{restarts:,} restarts in a block of {size:,} bytes", at=offset)
    at, key = 0, b""
    while at < end:
        shared, at = _varint(data, at)
        fresh, at = _varint(data, at)
        length, at = _varint(data, at)
        if shared > len(key) or at + fresh + length > end:
            raise MalformedError("an entry of the table exceeds its block", at=offset + at)
        key = key[:shared] + data[at : at + fresh]
        if len(key) > 1 << 16:
            raise LimitError("a name of more than 65,536 bytes", at=offset + at)
        at += fresh + length
        yield key, data[at - length : at]


def _header(entry: bytes, budget: Budget) -> int:
    shards = 0
    for field in Wire(BytesSource(entry), budget).fields(0, len(entry)):
        if field.number == 1:
            shards = field.value
    if shards > _SHARDS:
        raise MalformedError(f"a checkpoint of {shards:,} files")
    return shards


def _tensor(key: bytes, entry: bytes, budget: Budget) -> BundleTensor:
    wire = Wire(BytesSource(entry), budget)
    numbers = {1: 0, 3: 0, 4: 0, 5: 0}
    shape: list[int] = []
    sliced = False
    for field in wire.fields(0, len(entry)):
        if field.number in numbers:
            numbers[field.number] = field.signed
        elif field.number == 2 and field.wire == LENGTH:
            shape = _shape(wire, field.start, field.end)
        elif field.number == 7:
            sliced = True
    item = ITEMS.get(numbers[1])
    fixed = item is not None and not sliced and min(shape, default=0) >= 0
    nbytes = math.prod(shape) * (item or 0) if fixed else -1
    name = shown(key.decode("utf-8", "backslashreplace"))
    return BundleTensor(name, numbers[3], numbers[4], numbers[5], nbytes)


def _shape(wire: Wire, start: int, end: int) -> list[int]:
    extents = []
    for field in wire.fields(start, end):
        if field.number == 2 and field.wire == LENGTH:
            sizes = [inner.signed for inner in wire.fields(field.start, field.end)][:1]
            extents.append(sizes[0] if sizes else 0)
    return extents


def _is_table(glimpse: Glimpse) -> bool:
    size = glimpse.source.size
    return size >= _FOOTER and glimpse.source.read(size - 8, 8) == _MAGIC


TENSOR_BUNDLE = Format(
    id="tensor-bundle", title="TensorFlow checkpoint index", rank=31, matches=_is_table, read=read
)
