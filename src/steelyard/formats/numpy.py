# SPDX-License-Identifier: Apache-2.0
"""One numpy array (.npy): a header, then its elements, or a pickle of them."""

import math
import struct
from collections.abc import Iterator

from steelyard.core.errors import MalformedError
from steelyard.formats.dtypes import ElementType
from steelyard.formats.npy_header import element_of, parse_literal
from steelyard.formats.port import Budget, Content, Flaw, Format, Glimpse, Member
from steelyard.formats.ranges import first_filled, gap_member
from steelyard.formats.source import SliceSource, Source, exactly
from steelyard.formats.tensor import TensorInfo

_MAGIC = b"\x93NUMPY"
_HEADER = 1 << 20  # bytes; numpy itself refuses headers of more than 10,000


class Npy(Content, frozen=True, kw_only=True):
    """A numpy array.

    Attributes:
        tensors: The array, unless its elements are objects.
        objects: Whether a pickle holds the elements.
        data: Byte offset of the elements.
        end: Byte offset behind them; with objects, of the end of the file.
    """

    tensors: tuple[TensorInfo, ...]
    objects: bool
    data: int
    end: int


def read(source: Source, budget: Budget) -> Npy:
    """Read the header, and hold the elements to it.

    Raises:
        MalformedError: The header is not one that numpy writes.
    """
    data, text = _header(source)
    shape, element = _described(text)
    if element.objects:
        return Npy(tensors=(), objects=True, data=data, end=source.size)
    size = math.prod(shape) * element.size
    tensor = TensorInfo("", element.name, shape, size)
    end = min(source.size, data + size)
    flaws = []
    incomplete = ""
    if data + size > source.size:
        incomplete = f"cut off: {source.size - data:,} bytes of {size:,} are there"
    elif first_filled(source, end, source.size, budget) < source.size:
        behind = f"{source.size - end:,} bytes lie behind the {size:,} of the array"
        flaws.append(Flaw(code="tail", message=behind, at=end))
    return Npy(
        tensors=(tensor,),
        objects=False,
        data=data,
        end=end,
        flaws=tuple(flaws),
        incomplete=incomplete,
        incomplete_at=source.size if incomplete else -1,
    )


def _header(source: Source) -> tuple[int, str]:
    """Return where the elements begin, and the header."""
    head = exactly(source, 0, 10, "npy header")
    major = head[6]
    if major not in (1, 2, 3):
        raise MalformedError(f"npy version {major}, known are 1 to 3", at=6)
    start = 10 if major == 1 else 12
    form = "<H" if major == 1 else "<I"
    length = struct.unpack(form, exactly(source, 8, start - 8, "npy header length"))[0]
    if length > _HEADER:
        raise MalformedError(f"npy header of {length:,} bytes, at most {_HEADER:,} are read", at=8)
    raw = exactly(source, start, length, "npy header")
    try:
        return start + length, raw.decode("utf-8" if major == 3 else "latin-1")
    except UnicodeDecodeError as error:
        raise MalformedError("the npy header is no UTF-8", at=start) from error


def _described(text: str) -> tuple[tuple[int, ...], ElementType]:
    header = parse_literal(text)
    if not isinstance(header, dict) or set(header) != {"descr", "fortran_order", "shape"}:
        raise MalformedError("the npy header lacks descr, fortran_order or shape", at=10)
    shape = header["shape"]
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise MalformedError(f"the shape {shape!r} is not a tuple of lengths", at=10)
    return shape, element_of(header["descr"])


def members(content: Npy, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield the pickle of the elements, or what lies behind the elements."""
    if content.objects:
        yield Member(
            name="objects", source=SliceSource(source, content.data, source.size - content.data)
        )
    elif first_filled(source, content.end, source.size, budget) < source.size:
        yield gap_member(source, content.end, source.size)


def _is_npy(glimpse: Glimpse) -> bool:
    return glimpse.head.startswith(_MAGIC)


NPY = Format(
    id="npy",
    title="numpy array (.npy)",
    rank=10,
    signs=((0, _MAGIC),),
    matches=_is_npy,
    read=read,
    members=members,
)
