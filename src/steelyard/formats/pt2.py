# SPDX-License-Identifier: Apache-2.0
"""`torch.export.save` since 2.8 and AOTInductor packages: a zip of graphs and the bytes of tensors.

The bytes of a tensor are opaque only where a table of the archive names them and gives a type, shape
and strides that need just this many; all else is read like any other member.

Source: torch 2.13, torch/export/pt2_archive/_package.py and torch/csrc/export/pt2_archive_constants.h.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from steelyard.core.errors import MalformedError
from steelyard.formats.exported_program import EXPORTED_PROGRAM
from steelyard.formats.exported_program import read as read_program
from steelyard.formats.flaws import FlawList
from steelyard.formats.json import JsonDocument
from steelyard.formats.keras_config import read_whole
from steelyard.formats.port import Budget, Format, Glimpse, Member
from steelyard.formats.source import Source
from steelyard.formats.tensor import ITEM_BYTES, TensorInfo
from steelyard.formats.zip import ZIP, Zip, ZipEntry, entry_source, walk, zip_members

_TAIL = 1 << 20  # bytes at the end, in which the names of most archives lie
_TABLES = ("_weights_config.json", "_constants_config.json")
_DTYPES = {
    1: "u8", 2: "i8", 3: "i16", 4: "i32", 5: "i64", 6: "f16", 7: "f32", 8: "f64", 9: "c32",
    10: "c64", 11: "c128", 12: "bool", 13: "bf16", 28: "u16", 29: "f8_e4m3", 30: "f8_e5m2",
    31: "f8_e4m3fnuz", 32: "f8_e5m2fnuz", 33: "f8_e8m0", 34: "u32", 35: "u64",
}  # fmt: skip
"""Canonical names of element types by `ScalarType`."""


class Pt2Archive(Zip, frozen=True, kw_only=True):
    """An archive of torch.export.

    Attributes:
        tensors: Its tensors.
        opaque: Which of the entries hold nothing but the elements of tensors, by index.
        programs: Which of the entries are graphs, by index.
        compiled: Whether it holds what AOTInductor compiled.
    """

    tensors: tuple[TensorInfo, ...]
    opaque: frozenset[int]
    programs: frozenset[int]
    compiled: bool


def read(source: Source, budget: Budget) -> Pt2Archive:
    """Read the tables of tensors, and hold the members they name to what they say."""
    archive = walk(source, budget)
    flaws = FlawList()
    tensors: list[TensorInfo] = []
    sizes: dict[str, int] = {}
    for entry in archive.entries:
        if entry.name.endswith(_TABLES):
            _read_table(_document(source, entry, budget), entry.name, tensors, sizes)
    opaque = set()
    for index, entry in enumerate(archive.entries):
        size = sizes.get(entry.name)
        if size is not None and (entry.unpacked, entry.data_offset >= 0) == (size, True):
            opaque.add(index)
        elif size is not None:
            message = f"{entry.name!r} has {entry.unpacked:,} bytes, its tensors {size:,}"
            flaws.add("storage-size", message, entry.header_offset)
    names = {entry.name for entry in archive.entries}
    for name, size in sizes.items():
        if name not in names and size:
            flaws.add("missing-storage", f"{name!r} is referred to and is not there")
    fields = msgspec.structs.asdict(archive)
    fields["flaws"] = (*archive.flaws, *flaws.all())
    inner = [entry.name.partition("/")[2] for entry in archive.entries]
    return Pt2Archive(
        tensors=tuple(tensors),
        opaque=frozenset(opaque),
        programs=frozenset(
            index
            for index, name in enumerate(inner)
            if name.startswith("models/") and name.endswith(".json")
        ),
        compiled=any(name.startswith("data/aotinductor/") for name in inner),
        **fields,
    )


def _document(source: Source, entry: ZipEntry, budget: Budget) -> JsonDocument | None:
    if entry.data_offset < 0:
        return None
    try:
        return read_whole(entry_source(source, entry, budget), budget)
    except MalformedError:
        return None  # it is reported where the members are unpacked


def _read_table(
    document: JsonDocument | None, name: str, tensors: list[TensorInfo], sizes: dict[str, int]
) -> None:
    """Note the tensors of a table, and how many bytes the members it names should have."""
    value = document.value if document is not None else None
    table = value.get("config") if isinstance(value, dict) else None
    folder = name.rpartition("/")[0]
    for key, entry in table.items() if isinstance(table, dict) else ():
        if not isinstance(entry, dict) or entry.get("use_pickle") is not False:
            continue
        path, meta = entry.get("path_name"), entry.get("tensor_meta")
        extent = _extent(meta) if isinstance(meta, dict) else None
        if not isinstance(path, str) or extent is None:
            continue
        dtype, shape, size, end = extent
        member = f"{folder}/{path}"
        tensors.append(TensorInfo(str(key), dtype, shape, size, member))
        sizes[member] = max(sizes.get(member, 0), end)


def _extent(meta: dict[str, Any]) -> tuple[str, tuple[int, ...], int, int] | None:
    """Return type, shape, bytes of the elements, and bytes up to the last; None where it is unclear."""
    kind = meta.get("dtype")
    dtype = _DTYPES.get(kind) if isinstance(kind, int) else None
    shape, stride = _lengths(meta.get("sizes")), _lengths(meta.get("strides"))
    offset = _lengths([meta.get("storage_offset")])
    if dtype is None or shape is None or stride is None or not offset or len(shape) != len(stride):
        return None
    item = ITEM_BYTES[dtype]
    count = 1
    for length in shape:
        count *= length
    reach = sum((length - 1) * step for length, step in zip(shape, stride, strict=True))
    return dtype, shape, count * item, (offset[0] + reach + 1) * item if count else 0


def _lengths(values: object) -> tuple[int, ...] | None:
    """Return lengths that are plain numbers, each of which is written as {"as_int": n}."""
    found = []
    for value in values if isinstance(values, list) else [None]:
        length = value.get("as_int") if isinstance(value, dict) else None
        if type(length) is not int or length < 0:
            return None
        found.append(length)
    return tuple(found)


def members(content: Pt2Archive, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield the graphs, whatever they look like, then every other member that is not opaque."""
    names: set[str] = set()
    for index in sorted(content.programs):
        entry = content.entries[index]
        if entry.data_offset < 0:
            continue
        inner = entry_source(source, entry, budget)
        name = entry.name if entry.name not in names else f"{entry.name}@{entry.header_offset}"
        names.add(name)
        program = read_program(inner, budget)
        yield Member(name=name, source=inner, format=EXPORTED_PROGRAM.id, content=program)
    done = content.opaque | content.programs
    left = tuple(
        entry
        for index, entry in enumerate(content.entries)
        if index not in done or (index in content.programs and entry.data_offset < 0)
    )
    yield from zip_members(msgspec.structs.replace(content, entries=left), source, budget)


def _is_pt2(glimpse: Glimpse) -> bool:
    if not ZIP.matches(glimpse):
        return False
    source = glimpse.source
    if b"/archive_format" in glimpse.head:
        return True
    return b"/archive_format" in source.read(max(0, source.size - _TAIL), _TAIL)


PT2 = Format(
    id="pt2",
    title="torch.export archive",
    rank=18,  # before torch archives, which it may hold
    matches=_is_pt2,
    read=read,
    members=members,
)
