# SPDX-License-Identifier: Apache-2.0
"""What an object of a Keras configuration would make Keras do."""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from steelyard.checks.keras.descriptors import (
    CUSTOM_OBJECT,
    FILE_FUNCTION,
    FILE_PATH,
    FOREIGN_MODULE,
    LAMBDA,
    LAMBDA_CODE,
    OTHER_MODEL,
    TORCH_MODULE,
)
from steelyard.checks.keras.known import is_dangerous, is_family, is_keras, objects
from steelyard.core.probe import Descriptor
from steelyard.formats.paths import shown

_WORD = re.compile(rb"[A-Za-z_./][\w./:\-]{2,}")
_WORDS = 24  # names of the byte code that are shown
_CLASS = re.compile(r"_?[A-Z]\w*")
_OWN = re.compile(
    r"__(?:keras_tensor|tensor|numpy|bytes|ellipsis|slice|typespec|tuple|date|numpy_dtype)__"
)
_TYPES = frozenset(
    {"bool", "bytes", "complex", "dict", "float", "int", "list", "slice", "str", "tuple"}
)
_BUILTIN = frozenset(
    [
        "__import__",
        "breakpoint",
        "compile",
        "delattr",
        "eval",
        "exec",
        "getattr",
        "globals",
        "input",
        "locals",
        "open",
        "setattr",
        "vars",
    ]
)
_MARSHALLED = (b"\xe3", b"c")  # how a marshalled code object begins


class Remark(msgspec.Struct, frozen=True):
    """Something to say of an object.

    Attributes:
        kind: Of the finding.
        message: What was seen.
        trail: The texts it rests on.
    """

    kind: Descriptor
    message: str
    trail: tuple[str, ...] = ()


def remarks(item: dict[str, Any]) -> Iterator[Remark]:
    """Yield what is to be said of one object.

    Args:
        item: Its members; `class_name` is a text.
    """
    name = item["class_name"].rpartition(">")[2]
    named = item.get("module")
    module = named if isinstance(named, str) else ""
    config = item.get("config")
    if name == "__lambda__":
        yield _code(config.get("code") if isinstance(config, dict) else None)
    elif name == "function":
        yield from _function(item, module)
    elif _OWN.fullmatch(name):
        return
    elif name == "Lambda":
        yield from _lambda(config)
    elif name == "TorchModuleWrapper":
        yield Remark(TORCH_MODULE, "TorchModuleWrapper unpickles a torch module")
    elif name in ("TFSMLayer", "TFSavedModelLayer"):
        yield _other_model(config)
    else:
        yield from _class(name, module, item)
    if isinstance(config, dict):
        yield from _paths(name, config)


def _class(name: str, module: str, item: dict[str, Any]) -> Iterator[Remark]:
    """Yield what is to be said of a class by its module and name."""
    known = objects()
    full = shown(f"{module}.{name}" if module else name)[:300]
    if name in known.not_for_models:
        yield Remark(FILE_FUNCTION, f"{full} stands where a layer should")
    elif not module:
        if name not in known.classes and name not in known.functions:
            yield Remark(
                CUSTOM_OBJECT, f"{shown(item['class_name'])[:300]} is not a class of Keras"
            )
    elif is_keras(module):
        if not _CLASS.fullmatch(name) and name not in known.functions:
            yield Remark(FOREIGN_MODULE, f"{full} is no class of a model")
        elif name not in known.classes and name not in known.functions:
            yield Remark(CUSTOM_OBJECT, f"{full} is not known to be of Keras")
    elif module == "builtins" and name in _TYPES:
        return
    elif is_dangerous(module) or not (_CLASS.fullmatch(name) or is_family(module)):
        yield Remark(FOREIGN_MODULE, f"{full} is imported and called")
    else:
        yield Remark(CUSTOM_OBJECT, f"{full} is imported from outside of Keras")


def _function(item: dict[str, Any], module: str) -> Iterator[Remark]:
    """Yield what is to be said of a function that is named, not brought along."""
    known = objects()
    names = [
        text for key in ("config", "registered_name") if isinstance(text := item.get(key), str)
    ]
    names = [name for name in names if name != "function"] or [""]
    full = shown(f"{module}.{names[0]}" if module else names[0])[:300]
    if any(name.rpartition(">")[2].rpartition(".")[2] in known.not_for_models for name in names):
        yield Remark(FILE_FUNCTION, f"{full} is called by a layer")
    elif module in ("", "builtins"):
        if any(name in _BUILTIN for name in names):
            yield Remark(FOREIGN_MODULE, f"{full} is called by a layer")
        elif names[0] not in known.functions:
            yield Remark(CUSTOM_OBJECT, f"the function {full} is not one of Keras")
    elif is_keras(module):
        if names[0] not in known.functions:
            yield Remark(FOREIGN_MODULE, f"{full} is no function of a model")
    elif is_dangerous(module):
        yield Remark(FOREIGN_MODULE, f"{full} is imported and called by a layer")
    else:
        yield Remark(CUSTOM_OBJECT, f"the function {full} is imported from outside of Keras")


def _lambda(config: object) -> Iterator[Remark]:
    """Yield what is to be said of a Lambda layer; functions that are objects speak for themselves."""
    if not isinstance(config, dict):
        return
    by_name = False
    for key in ("function", "output_shape", "mask"):
        value = config.get(key)
        brought = _brought(value)
        if brought or config.get(f"{key}_type") == "lambda":
            yield _code(brought)
        by_name = by_name or (key == "function" and isinstance(value, str))
    if by_name:
        yield Remark(LAMBDA, f"a Lambda layer calls {shown(str(config['function']))[:200]!r}")


def _brought(value: object) -> str:
    """Return the byte code, in base64, that an older version of Keras writes; empty without any."""
    if isinstance(value, dict) and value.get("class_name") == "__tuple__":
        value = value.get("items")
    if isinstance(value, list) and value and isinstance(value[0], str) and _is_code(value[0]):
        return value[0]
    return value if isinstance(value, str) and len(value) > 60 and _is_code(value) else ""


def _is_code(text: str) -> bool:
    return _decoded(text).startswith(_MARSHALLED) or not text.isidentifier()


def _code(text: object) -> Remark:
    data = _decoded(text) if isinstance(text, str) else b""
    words = list(dict.fromkeys(word.decode("ascii", "replace") for word in _WORD.findall(data)))
    trail = (f"names in the byte code: {', '.join(words[:_WORDS])}",) if words else ()
    return Remark(LAMBDA_CODE, f"{len(data):,} bytes of Python byte code", trail)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii", "replace"))
    except (binascii.Error, ValueError):
        return b""


def _other_model(config: object) -> Remark:
    path = config.get("filepath") if isinstance(config, dict) else None
    return Remark(OTHER_MODEL, f"another model is loaded from {shown(str(path))[:300]!r}")


def _paths(name: str, config: dict[str, Any]) -> Iterator[Remark]:
    """Yield that a vocabulary is a path."""
    keys = ["vocabulary", "vocab_file"] if "Lookup" in name or "Vector" in name else []
    keys += ["filename", "vocabulary"] if name in ("TextFileInitializer", "StaticHashTable") else []
    for key in keys:
        value = config.get(key)
        if isinstance(value, str) and value:
            yield Remark(FILE_PATH, f"{name} reads {shown(value)[:300]!r}")
