# SPDX-License-Identifier: Apache-2.0
"""Models that are compiled, or of a format that is not read: TensorRT, ONNX Runtime, GGML before GGUF.

They are identified, and count as unread. Paths of plug-ins in a TensorRT engine are found all the same.

Source: TensorRT 10, IPluginRegistry and setPluginsToSerialize; ONNX Runtime 1.27, ort.fbs; llama.cpp
before August 2023, llama.cpp and convert-llama-ggml-to-gguf.py.
"""

import re
from collections.abc import Iterator

import msgspec

from steelyard.formats.polyglot import other_views
from steelyard.formats.port import Budget, Content, Format, Glimpse, Member
from steelyard.formats.source import Source

_BLOCK = 4 << 20
_OVERLAP = 512
_MOST = 100  # paths that are kept
_LIBRARY = re.compile(
    rb"(?:[A-Za-z]:\\|\.{0,2}/|lib)[\w./\\+\-]{2,240}\.(?:so|dll|dylib)(?:\.\d{1,4}){0,3}(?![\w.])"
)
_KINDS = {b"ptrt": "tensorrt", b"ftrt": "tensorrt"}
_OLD = {b"lmgg": "GGML", b"fmgg": "GGMF", b"tjgg": "GGJT", b"algg": "GGLA"}
_REASONS = {
    "tensorrt": "a TensorRT engine: code compiled for one device, which is not read",
    "ort": "ONNX Runtime's own format, which is not read; the .onnx it was made of is",
    "ggml": "GGML before GGUF, which is not read and which no current loader takes",
}


class Plugin(msgspec.Struct, frozen=True):
    """A shared library that an engine names.

    Attributes:
        path: Its path, as it stands there.
        at: Offset of the path.
    """

    path: str
    at: int


class CompiledModel(Content, frozen=True, kw_only=True):
    """A model that is not read.

    Attributes:
        kind: `tensorrt`, `ort` or `ggml`.
        plugins: Shared libraries that it names.
    """

    kind: str
    plugins: tuple[Plugin, ...] = ()


def read(source: Source, budget: Budget) -> CompiledModel:
    """Say what it is, and find the plug-ins of an engine.

    Raises:
        LimitError: Time is up.
    """
    kind = _kind(source.read(0, 8))
    plugins = tuple(_plugins(source, budget)) if kind == "tensorrt" else ()
    return CompiledModel(
        kind=kind, plugins=plugins, incomplete=_REASONS.get(kind, ""), incomplete_at=0
    )


def _plugins(source: Source, budget: Budget) -> Iterator[Plugin]:
    count = 0
    for at in range(0, source.size, _BLOCK):
        budget.check_time()
        block = source.read(at, _BLOCK + _OVERLAP)
        for match in _LIBRARY.finditer(block):
            if match.start() >= _BLOCK or count >= _MOST:
                break
            count += 1
            yield Plugin(match[0].decode("ascii", "replace"), at + match.start())


def members(content: CompiledModel, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield what other readers would make of the bytes."""
    del content
    yield from other_views(source, budget)


def _kind(head: bytes) -> str:
    if head[:4] in _KINDS:
        return _KINDS[head[:4]]
    if head[4:8] == b"ORTM":
        return "ort"
    return "ggml" if head[:4] in _OLD and len(head) == 8 else ""


def _is_compiled(glimpse: Glimpse) -> bool:
    return _kind(glimpse.head[:8]) != ""


COMPILED_MODEL = Format(
    id="compiled-model",
    title="Compiled model",
    rank=10,
    signs=(*((0, magic) for magic in (*_KINDS, *_OLD)), (4, b"ORTM")),
    matches=_is_compiled,
    read=read,
    members=members,
)
