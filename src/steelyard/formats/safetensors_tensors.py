# SPDX-License-Identifier: Apache-2.0
"""The entries of a safetensors header: tensors, and `__metadata__`."""

import math
from typing import Any, NamedTuple

from steelyard.formats.flaws import FlawList
from steelyard.formats.ranges import Range
from steelyard.formats.safetensors_header import METADATA, JsonMembers, note_duplicates
from steelyard.formats.tensor import ITEM_BYTES, TensorInfo

_FIELDS = frozenset({"dtype", "shape", "data_offsets"})
_BITS = {"f4": 4, "f6_e2m3": 6, "f6_e3m2": 6}
_BITS |= {name: 8 * ITEM_BYTES[name] for name in ITEM_BYTES if name not in {"c32", "c128"}}
_MAX = (1 << 64) - 1  # the library counts in unsigned 64-bit numbers


class _Entry(NamedTuple):
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


def read_metadata(members: JsonMembers, flaws: FlawList) -> dict[str, str]:
    """Return what `__metadata__` says; note what is no text (`metadata`)."""
    found: dict[str, str] = {}
    for name, value in members:
        if name != METADATA:
            continue
        if not isinstance(value, tuple):
            flaws.add("metadata", f"{METADATA} is no object")
            continue
        note_duplicates(value, METADATA, flaws)
        for key, text in value:
            if isinstance(text, str):
                found[_clean(key, flaws)] = _clean(text, flaws)
            else:
                flaws.add("metadata", f"{METADATA} has a value that is no text: {key[:80]!r}")
    return found


def read_tensors(
    members: JsonMembers, begin: int, flaws: FlawList
) -> tuple[list[TensorInfo], list[Range]]:
    """Return the tensors and where they lie; note what is wrong with their entries.

    Args:
        members: The header.
        begin: Byte offset of the first tensor.
        flaws: Takes the flaws.
    """
    tensors, places = [], []
    for key, value in members:
        if key == METADATA:
            continue
        name = _clean(key, flaws)
        entry = _entry(name, value, flaws)
        if entry is None:
            continue
        nbytes = entry.end - entry.start
        _check_size(name, entry, nbytes, flaws)
        tensors.append(TensorInfo(name, entry.dtype, entry.shape, nbytes, at=begin + entry.start))
        places.append(Range(begin + entry.start, begin + entry.end, name))
    return tensors, places


def _entry(name: str, value: object, flaws: FlawList) -> _Entry | None:
    fields: dict[str, Any] = dict(value) if isinstance(value, tuple) else {}
    if isinstance(value, tuple) and len(value) != len(fields):
        note_duplicates(value, f"entry of tensor {name[:80]!r}", flaws)
    for field in sorted(fields.keys() - _FIELDS):
        flaws.add("unknown-field", f"tensor {name[:80]!r} has the unknown field {field[:80]!r}")
    dtype = fields.get("dtype")
    shape, offsets = _naturals(fields.get("shape")), _naturals(fields.get("data_offsets"))
    if not isinstance(dtype, str) or shape is None or offsets is None or len(offsets) != 2:
        message = f"the entry of tensor {name[:80]!r} lacks a valid dtype, shape or data_offsets"
        flaws.add("entry", message)
        return None
    start, end = offsets
    if end < start:
        message = f"tensor {name[:80]!r} ends at {end:,}, before it begins at {start:,}"
        flaws.add("offsets", message)
        return None
    return _Entry(_clean(dtype, flaws).lower(), shape, start, end)


def _naturals(value: object) -> tuple[int, ...] | None:
    if not isinstance(value, list):
        return None
    for number in value:
        if type(number) is not int or not 0 <= number <= _MAX:
            return None
    return tuple(value)


def _check_size(name: str, entry: _Entry, nbytes: int, flaws: FlawList) -> None:
    bits = _BITS.get(entry.dtype)
    if bits is None:
        message = f"tensor {name[:80]!r} has the unknown dtype {entry.dtype[:40]!r}"
        flaws.add("dtype", message)
        return
    needed = math.prod(entry.shape) * bits
    if needed != 8 * nbytes:
        shown = " x ".join(map(str, entry.shape[:8])) or "()"
        message = (
            f"tensor {name[:80]!r} of shape {shown} and dtype {entry.dtype} "
            f"needs {needed / 8:,.12g} bytes, its offsets give {nbytes:,}"
        )
        flaws.add("size", message)


def _clean(text: str, flaws: FlawList) -> str:
    """Return a text without lone surrogates, which JSON can write and UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        flaws.add("name", f"half a surrogate pair in {text[:80]!r}")
        return text.encode("utf-8", "backslashreplace").decode()
    return text
