# SPDX-License-Identifier: Apache-2.0
"""The JSON of a safetensors header, decoded so that nothing in it stays hidden."""

import json
from typing import Any, NoReturn

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.flaws import FlawList
from steelyard.formats.json_sparse import check_depth
from steelyard.formats.port import Budget

METADATA = "__metadata__"
_PREFIX = 8  # bytes before the JSON

JsonMembers = tuple[tuple[str, Any], ...]
"""The members of an object in the order of the file, those of the same name too."""


def decode_header(raw: bytes, budget: Budget, flaws: FlawList) -> JsonMembers:
    """Return the members of the header; objects inside it are `JsonMembers` as well.

    Args:
        raw: The header without its length.
        budget: Bounds how many tensors there may be.
        flaws: Takes the flaws `duplicate-key` and `header-padding`.

    Raises:
        MalformedError: It is no UTF-8, no JSON, or no object.
        LimitError: It has too many tensors, or is nested too deep.
    """
    _check_size(raw, budget)
    check_depth(raw)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise MalformedError("header is no UTF-8", _PREFIX + error.start) from error
    members, end = _decoded(text)
    if not isinstance(members, tuple):
        raise MalformedError("header is no JSON object", _PREFIX)
    rest = text[end:].lstrip(" ")
    if rest:
        message = f"{len(rest):,} characters follow the header's JSON, the first is {rest[0]!r}"
        flaws.add("header-padding", message, _PREFIX + len(text[: len(text) - len(rest)].encode()))
    note_duplicates(members, "header", flaws)
    return members


def note_duplicates(members: JsonMembers, what: str, flaws: FlawList) -> None:
    """Note names that occur twice in an object, of which loaders see one only."""
    seen: set[str] = set()
    for name, _ in members:
        if name in seen:
            flaws.add("duplicate-key", f"the {what} has two members named {name[:80]!r}")
        seen.add(name)


def _decoded(text: str) -> tuple[object, int]:
    decoder = json.JSONDecoder(object_pairs_hook=tuple, parse_constant=_refuse)
    try:
        found, end = decoder.raw_decode(text)
    except json.JSONDecodeError as error:
        at = _PREFIX + len(text[: error.pos].encode())
        raise MalformedError(f"header is no JSON: {error.msg}", at) from error
    except (ValueError, RecursionError) as error:
        raise MalformedError("header is no JSON: a number that cannot be", _PREFIX) from error
    return found, end


def _check_size(raw: bytes, budget: Budget) -> None:
    """Bound what decoding may allocate: each of these characters may make an object of its own."""
    most = budget.limits.members
    for mark, per_tensor in ((b"{", 1), (b"[", 2), (b",", 8), (b'"', 12)):
        if raw.count(mark) > most * per_tensor + 2 * per_tensor:
            raise LimitError(f"header of more than {most:,} tensors", _PREFIX)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
