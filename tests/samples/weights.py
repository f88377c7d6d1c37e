# SPDX-License-Identifier: Apache-2.0
"""Builders of GGUF and safetensors files, valid and otherwise, and a model in memory to hold them."""

import io
import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from steelyard.core.claim import Claim, Fact, Finding, Gap, Measurement
from steelyard.core.digest import digest_bytes
from steelyard.core.limits import Limits
from steelyard.core.probe import Context, Probe
from steelyard.core.subject import Artifact, Part
from steelyard.formats.nesting import parts
from steelyard.formats.port import Budget
from steelyard.formats.source import BytesSource

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
_CODES = dict(zip((0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12), "BbHhIifBQqd", strict=True))


class GgufWriter:
    """Writes a GGUF file piece by piece, right or wrong.

    Args:
        version: Of the format.
        order: `<` or `>`.
    """

    def __init__(self, version: int = 3, order: str = "<") -> None:
        self.version = version
        self.order = order
        self.pairs: list[bytes] = []
        self.infos: list[bytes] = []
        self.data = b""

    def length(self, number: int) -> bytes:
        return struct.pack(self.order + ("I" if self.version == 1 else "Q"), number)

    def number(self, number: int) -> bytes:
        return struct.pack(self.order + "I", number)

    def string(self, text: str | bytes) -> bytes:
        data = text.encode() if isinstance(text, str) else text
        return self.length(len(data)) + data

    def value(self, kind: int, value: Any) -> bytes:
        if kind == STRING:
            return self.string(value)
        return struct.pack(self.order + _CODES[kind], value)

    def key(self, key: str | bytes, kind: int, value: Any) -> "GgufWriter":
        self.pairs.append(self.string(key) + self.number(kind) + self.value(kind, value))
        return self

    def array(self, key: str, kind: int, values: Sequence[Any]) -> "GgufWriter":
        head = self.string(key) + self.number(ARRAY) + self.number(kind) + self.length(len(values))
        self.pairs.append(head + b"".join(self.value(kind, value) for value in values))
        return self

    def raw_pair(self, data: bytes) -> "GgufWriter":
        self.pairs.append(data)
        return self

    def tensor(
        self,
        name: str | bytes,
        extents: Sequence[int],
        kind: int = 0,
        data: bytes = b"",
        offset: int | None = None,
        alignment: int = 32,
    ) -> "GgufWriter":
        at = len(self.data) if offset is None else offset
        self.infos.append(
            self.string(name)
            + self.number(len(extents))
            + b"".join(map(self.length, extents))
            + self.number(kind)
            + struct.pack(self.order + "Q", at)
        )
        self.data += data + bytes(-len(data) % alignment)
        return self

    def finish(
        self, tail: bytes = b"", keys: int = -1, tensors: int = -1, alignment: int = 32
    ) -> bytes:
        """Return the file, with other counts than the true ones where they are given."""
        head = b"GGUF" + self.number(self.version)
        head += self.length(len(self.infos) if tensors < 0 else tensors)
        head += self.length(len(self.pairs) if keys < 0 else keys)
        head += b"".join(self.pairs) + b"".join(self.infos)
        padding = bytes(-len(head) % alignment) if self.infos else b""
        return head + padding + self.data + tail


def gguf(version: int = 3, order: str = "<") -> GgufWriter:
    """Return a writer of a small sound GGUF with one tensor and one key of most types."""
    return (
        GgufWriter(version, order)
        .key("general.architecture", STRING, "llama")
        .key("a.bool", BOOL, 1)
        .key("a.i8", I8, -3)
        .key("a.u64", U64, 1 << 60)
        .key("a.f32", F32, 0.5)
        .array("a.numbers", I16, [1, -2, 3])
        .array("tokenizer.ggml.tokens", STRING, ["<0x0A>", "a", "ß"])
        .tensor("w", [8, 2], 0, bytes(range(64)))
    )


def llama(**settings: Any) -> GgufWriter:
    """Return a writer of the header of a model of llama's kind; settings replace its own."""
    own = {
        "block_count": 30,
        "context_length": 8192,
        "embedding_length": 576,
        "attention.head_count": 9,
        "attention.head_count_kv": 3,
        "vocab_size": 49152,
    }
    name = settings.pop("architecture", "llama")
    writer = GgufWriter().key("general.architecture", STRING, name)
    for key, value in {**own, **{k.replace("__", "."): v for k, v in settings.items()}}.items():
        if isinstance(value, list):
            writer.array(f"{name}.{key}", BOOL if isinstance(value[0], bool) else U32, value)
        elif value is not None:
            writer.key(f"{name}.{key}", U32, value)
    return writer


def entry(start: int, end: int, shape: Sequence[int] = (4,), dtype: str = "F32") -> dict[str, Any]:
    """Return an entry of a safetensors header."""
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


def safetensors(
    header: Mapping[str, Any] | bytes, data: bytes = b"", length: int | None = None
) -> bytes:
    """Return a safetensors file; a header in bytes is taken as it is."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


SOUND = safetensors(
    {
        "__metadata__": {"format": "pt"},
        "a": entry(0, 16),
        "b": entry(16, 22, [3], "F16"),
        "c": entry(22, 24, [2, 2], "F4"),
    },
    bytes(range(24)),
)


class SampleModel:
    """A model whose files lie in memory; see `core.subject.Model`."""

    kind = "model"
    name = "sample"

    def __init__(self, files: Mapping[str, bytes], limits: Limits) -> None:
        self._parts: list[Part] = []
        self._artifacts: list[Artifact] = []
        self._files = dict(files)
        for path, data in sorted(files.items()):
            layers = list(parts(path, BytesSource(data), Budget(limits)))
            form, digest = layers[0].format, digest_bytes(data)
            self._parts += layers
            self._artifacts.append(Artifact(path=path, digest=digest, size=len(data), format=form))

    def artifacts(self) -> Sequence[Artifact]:
        return self._artifacts

    def parts(self) -> Sequence[Part]:
        return self._parts

    def contents(self, kind: type) -> Iterator[tuple[Part, Any]]:
        return ((p, p.content) for p in self._parts if isinstance(p.content, kind))

    def skipped(self) -> Sequence[Any]:
        return ()

    def open(self, artifact: Artifact) -> io.BytesIO:
        return io.BytesIO(self._files[artifact.path])


def claims(probe: Probe, files: Mapping[str, bytes], limits: Limits | None = None) -> list[Claim]:
    """Return what a probe claims of some files."""
    limits = limits or Limits()
    return list(probe.look(SampleModel(files, limits), Context(limits=limits)))


def findings(probe: Probe, files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the messages of a probe's findings by rule, of several of one rule the last."""
    found = claims(probe, files)
    return {claim.rule: claim.message for claim in found if isinstance(claim, Finding)}


def facts(found: Sequence[Claim], where: str = "") -> dict[str, Any]:
    """Return the facts among some claims by name."""
    return {c.name: c.value for c in found if isinstance(c, Fact) and where in c.where}


def gaps(found: Sequence[Claim], where: str = "") -> dict[str, str]:
    """Return the gaps among some claims by name."""
    return {c.name: c.reason for c in found if isinstance(c, Gap) and where in c.where}


def intervals(found: Sequence[Claim], where: str = "") -> dict[str, tuple[float, float]]:
    """Return the intervals of the measurements among some claims by metric."""
    measured = [c for c in found if isinstance(c, Measurement) and where in c.where]
    return {claim.metric: (claim.low, claim.high) for claim in measured}
