# SPDX-License-Identifier: Apache-2.0
"""The graph that `torch.export.save` writes: JSON, in a `.pt2` archive or in the zip of older versions.

Source: torch 2.13, torch/_export/serde/schema.py and serialize.py.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from steelyard.formats.json import JSON, SPARSE_BYTES, JsonDocument, members, objects_of
from steelyard.formats.keras_config import read_whole
from steelyard.formats.port import Budget, Format, Glimpse
from steelyard.formats.source import Source

_KEY = b'"graph_module"'
_ESCAPED = re.compile(rb'"(?=[a-z_]*\\u00)(?:[a-z_]|\\u00[0-9a-fA-F]{2}){12}"\s*:')
_TREES = ("in_spec", "out_spec")


class ExportedProgram(JsonDocument, frozen=True, kw_only=True):
    """A graph of operators as torch.export writes it; kept whole."""


def targets_of(program: object) -> Iterator[tuple[str, str]]:
    """Yield pointer and name of what each node of each graph calls."""
    for pointer, item in objects_of(program):
        if isinstance(item.get("target"), str) and ("inputs" in item or "outputs" in item):
            yield f"{pointer}/target", item["target"]


def expressions_of(program: object) -> Iterator[tuple[str, str]]:
    """Yield pointer and text of each symbolic expression, which loading evaluates."""
    for pointer, item in objects_of(program):
        if isinstance(item.get("expr_str"), str):
            yield f"{pointer}/expr_str", item["expr_str"]


def guards_of(program: object) -> Iterator[tuple[str, str]]:
    """Yield pointer and text of each guard, which `ExportedProgram.module` compiles as Python."""
    guards = program.get("guards_code") if isinstance(program, dict) else None
    for index, guard in enumerate(guards if isinstance(guards, list) else ()):
        yield f"/guards_code/{index}", str(guard)


def imports_of(program: object) -> Iterator[tuple[str, str]]:
    """Yield pointer and module of what the description of inputs and outputs imports.

    Source:
        torch/utils/_pytree.py, `_defaultdict_deserialize` and `enum_object_hook`.
    """
    for pointer, item in objects_of(program):
        for key in _TREES:
            if isinstance(item.get(key), str):
                for module in _modules(item[key]):
                    yield f"{pointer}/{key}", module


def _modules(text: str, depth: int = 0) -> Iterator[str]:
    """Yield the modules named in a tree of types, whose contexts are JSON within JSON."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return
    for _, item in objects_of({"": value}):
        if isinstance(item.get("default_factory_module"), str):
            yield item["default_factory_module"]
        if "__enum__" in item and isinstance(item.get("fqn"), str):
            yield item["fqn"].partition(":")[0]
        for inner in item.values():
            if isinstance(inner, str) and inner[:1] in ("{", "[") and depth < 3:
                yield from _modules(inner, depth + 1)


def read(source: Source, budget: Budget) -> JsonDocument:
    """Read a graph whole.

    Raises:
        LimitError: It is nested too deep.
    """
    document = read_whole(source, budget)
    if document.text:
        return document
    fields: dict[str, Any] = msgspec.structs.asdict(document)
    if source.size > SPARSE_BYTES:
        fields["incomplete"] = f"a graph of {source.size:,} bytes, more than {SPARSE_BYTES:,}"
        fields["incomplete_at"] = 0
    return ExportedProgram(**fields)


def _is_exported(glimpse: Glimpse) -> bool:
    if not JSON.matches(glimpse):
        return False
    data = glimpse.source.read(0, min(glimpse.source.size, SPARSE_BYTES))
    return _KEY in data or (b"\\u00" in data and _ESCAPED.search(data) is not None)


EXPORTED_PROGRAM = Format(
    id="exported-program",
    title="Graph of torch.export",
    rank=28,  # before JSON, of which it is one
    matches=_is_exported,
    read=read,
    members=members,
)
