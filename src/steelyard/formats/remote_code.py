# SPDX-License-Identifier: Apache-2.0
"""References of configurations to Python code that comes with a model, or from elsewhere."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from steelyard.formats.json import JsonDocument, members_of

_FOREIGN = "--"  # `owner/name--module.Class`: the code of another repository
_KERNELS = frozenset(
    {
        "_attn_implementation",
        "_attn_implementation_internal",
        "attn_implementation",
        "experts_implementation",
    }
)
_KERNEL = re.compile(r"(?:\w+\|)?(?P<repository>[^/:@\s|]+/[^/:@\s]+)(?:[@:]\S*)?")
_MODULE_CLASS = re.compile(r"(?:(?P<repository>[^\s]+?)--)?(?P<module>[\w./-]+)\.(?P<name>\w+)")


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """A class that a configuration wants loaded from code.

    Attributes:
        pointer: JSON pointer to it.
        key: What gives it its meaning: `auto_map`, `attn_implementation`, `modules.json` ...
        name: As it is written.
        module: Module of the model's own folder, without suffix; empty when it is none.
        repository: Repository the code comes from; empty for the model's own.
    """

    pointer: str
    key: str
    name: str
    module: str = ""
    repository: str = ""


def references(where: str, document: JsonDocument) -> Iterator[Reference]:
    """Yield the references of a document, hidden members too.

    Args:
        where: Its name, which decides about `modules.json` and `model_index.json`.
        document: What it says.

    Source:
        transformers 4.57, `dynamic_module_utils.get_class_from_dynamic_module`; sentence-transformers 5,
        `modules.json`; diffusers 0.35, `model_index.json`.
    """
    yield from _auto(document.value)
    for key, value in document.shadowed:
        yield from _auto({key: value})
    name = where.replace("!", "/").rpartition("/")[2]
    if name == "modules.json" and isinstance(document.value, list):
        for index, entry in enumerate(document.value):
            if isinstance(entry, dict) and isinstance(entry.get("type"), str):
                yield _reference(f"/{index}/type", "modules.json", entry["type"])
    if name == "model_index.json" and isinstance(document.value, dict):
        yield from _pipeline(document.value)


def trusts(document: JsonDocument) -> Iterator[str]:
    """Yield the pointers of `trust_remote_code` members that are true."""
    for pointer, key, value in members_of(document.value):
        if key == "trust_remote_code" and value is True:
            yield pointer


def _auto(value: object) -> Iterator[Reference]:
    for pointer, key, held in members_of(value):
        if key == "auto_map":
            for inner, text in _texts(held, pointer):
                yield _reference(inner, key, text)
        elif key in _KERNELS:
            yield from _kernels(held, pointer, key)
        elif key == "custom_pipelines" and isinstance(held, dict):
            for inner, name, text in members_of(held, pointer):
                if name == "impl" and isinstance(text, str):
                    yield _reference(inner, key, text)
        elif key == "auto_mapping" and isinstance(held, dict):
            library = held.get("parent_library")
            if isinstance(library, str):
                name = f"{library}.{held.get('base_model_class', '')}"
                yield Reference(pointer=f"{pointer}/parent_library", key=key, name=name)


def _kernels(value: object, pointer: str, key: str) -> Iterator[Reference]:
    """Yield the repositories whose kernels, which are native code, are to compute attention.

    Source:
        transformers 4.57, `integrations/hub_kernels.py`, `is_kernel`.
    """
    for inner, text in _texts(value, pointer):
        found = _KERNEL.fullmatch(text.strip())
        if found is not None:
            yield Reference(pointer=inner, key=key, name=text, repository=found["repository"])


def _pipeline(index: dict[str, Any]) -> Iterator[Reference]:
    for key, value in index.items():
        if not (isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)):
            continue
        name = f"{value[0]}.{value[1]}"
        module = value[0] if key == "_class_name" else ""
        yield Reference(pointer=f"/{key}", key="model_index.json", name=name, module=module)


def _texts(value: object, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _texts(item, f"{pointer}/{index}")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, f"{pointer}/{key}")


def _reference(pointer: str, key: str, text: str) -> Reference:
    found = _MODULE_CLASS.fullmatch(text.strip())
    if found is None:
        return Reference(
            pointer=pointer, key=key, name=text, repository=text if _FOREIGN in text else ""
        )
    return Reference(
        pointer=pointer,
        key=key,
        name=text,
        module=found["module"],
        repository=found["repository"] or "",
    )
