# SPDX-License-Identifier: Apache-2.0
"""Types, shapes and attributes of HDF5 objects.

Source: HDF5 File Format Specification 3.0, section IV.A.2 (messages 0x01, 0x03, 0x0C).
"""

import math

import msgspec

from steelyard.core.errors import MalformedError
from steelyard.formats.hdf5_blocks import Blocks

_NUMBERS = frozenset({0, 1, 4, 8})  # whole, floating, bits, enumerations
_TEXT, _OPAQUE, _VARIABLE = 3, 5, 9
_SHARED = 2
_LONGEST = 64 << 20  # bytes of an attribute's value


class ElementKind(msgspec.Struct, frozen=True):
    """The type of the elements.

    Attributes:
        kind: Class of the type: 0 whole numbers, 1 floating, 3 texts, 9 of variable length ...
        size: Bytes of an element.
    """

    kind: int
    size: int

    @property
    def numbers(self) -> bool:
        """Tell whether an element is nothing but a number."""
        return self.kind in _NUMBERS


class Attribute(msgspec.Struct, frozen=True):
    """An attribute whose value is one text or opaque value.

    Attributes:
        name: Its name.
        value: Its bytes.
        at: Offset in the file of the message that holds it.
    """

    name: str
    value: bytes
    at: int


def element_kind(data: bytes) -> ElementKind:
    """Return the type that a datatype message describes."""
    if len(data) < 8:
        raise MalformedError("truncated: an HDF5 datatype")
    return ElementKind(data[0] & 15, int.from_bytes(data[4:8], "little"))


def count_of(data: bytes, blocks: Blocks) -> int:
    """Return how many elements a dataspace message says there are."""
    if len(data) < 4:
        raise MalformedError("truncated: an HDF5 dataspace")
    version, rank = data[0], data[1]
    start = 8 if version == 1 else 4
    if version == 2 and data[3] == 2:
        return 0
    span = blocks.top.span
    return math.prod(blocks.length(data, start + n * span) for n in range(rank))


def attribute_of(data: bytes, at: int, blocks: Blocks) -> Attribute | None:
    """Return the attribute of a message, or None where its value is no single text.

    Raises:
        MalformedError: It makes no sense.
    """
    if len(data) < 9 or data[0] not in (1, 2, 3):
        raise MalformedError("an HDF5 attribute of an unknown version", at=at)
    version, flags = data[0], data[1] if data[0] > 1 else 0
    sizes = [int.from_bytes(data[n : n + 2], "little") for n in (2, 4, 6)]
    start = 9 if version == 3 else 8
    fields = []
    for size in sizes:
        fields.append(data[start : start + size])
        start += -(-size // 8) * 8 if version == 1 else size
    name = fields[0].partition(b"\0")[0].decode("utf-8", "backslashreplace")
    if flags & 3:
        return None  # type or shape are stored elsewhere; Keras and h5py never do that
    kind = element_kind(fields[1])
    if count_of(fields[2], blocks) != 1:
        return None
    value = _value(kind, data[start:], at, blocks)
    return None if value is None else Attribute(name, value, at)


def _value(kind: ElementKind, data: bytes, at: int, blocks: Blocks) -> bytes | None:
    if kind.kind in (_TEXT, _OPAQUE):
        return data[: min(kind.size, _LONGEST)].rstrip(b"\0")
    if kind.kind != _VARIABLE:
        return None
    if len(data) < 8 + blocks.top.width:
        raise MalformedError("truncated: an HDF5 attribute", at=at)
    length = int.from_bytes(data[:4], "little")
    address = blocks.address(data, 4)
    index = int.from_bytes(data[4 + blocks.top.width : 8 + blocks.top.width], "little")
    if not address or address == blocks.undefined:
        return b""
    return blocks.global_object(address, index)[:length].rstrip(b"\0")
