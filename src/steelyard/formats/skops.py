# SPDX-License-Identifier: Apache-2.0
"""The schema of a skops archive (`schema.json`): a tree of nodes, each with its loader and type.

Source: skops 0.13, skops/io/_persist.py and _audit.py.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from steelyard.formats.json import JSON, SPARSE_BYTES, JsonDocument, members, objects_of
from steelyard.formats.keras_config import read_whole
from steelyard.formats.port import Budget, Format, Glimpse
from steelyard.formats.source import Source

_KEYS = (b'"__loader__"', b'"__class__"', b'"__module__"')


class SkopsSchema(JsonDocument, frozen=True, kw_only=True):
    """A JSON document whose objects name a loader, as skops writes it; kept whole."""


def nodes_of(value: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield pointer and members of every node, in the order of the document."""
    for pointer, item in objects_of(value):
        if "__loader__" in item or ("__class__" in item and "__module__" in item):
            yield pointer, item


def read(source: Source, budget: Budget) -> JsonDocument:
    """Read a schema whole.

    Raises:
        LimitError: It is nested too deep.
    """
    document = read_whole(source, budget)
    if document.text:
        return document
    fields = msgspec.structs.asdict(document)
    return SkopsSchema(**fields)


def _is_schema(glimpse: Glimpse) -> bool:
    if glimpse.source.size > SPARSE_BYTES or not JSON.matches(glimpse):
        return False
    data = glimpse.source.read(0, glimpse.source.size)
    if all(key in data for key in _KEYS):
        return True
    return glimpse.name == "schema.json" and b"\\u00" in data


SKOPS = Format(
    id="skops",
    title="skops schema",
    rank=28,
    matches=_is_schema,
    read=read,
    members=members,
)
