# SPDX-License-Identifier: Apache-2.0
"""What Keras serializes: JSON in which objects name their class, module and configuration.

It is in `config.json` of a `.keras` archive, in attributes of HDF5 files, in the metadata of a
SavedModel, and in `model.json` beside weights. Unlike other JSON it is kept whole, however long.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from steelyard.formats.json import JSON, SPARSE_BYTES, WHOLE_BYTES, JsonDocument, escaped
from steelyard.formats.json import members as json_members
from steelyard.formats.json import objects_of as json_objects
from steelyard.formats.json import read as read_json
from steelyard.formats.port import Budget, Format, Glimpse, Member
from steelyard.formats.source import BytesSource, Source

_KEY = b'"class_name"'
_ESCAPED = re.compile(rb'"(?=[a-z_]*\\u00)(?:[a-z_]|\\u00[0-9a-fA-F]{2}){10}"\s*:')
_PAYLOADS = 256  # payloads that are read as layers of their own
_BASE64 = re.compile(r"[A-Za-z0-9+/_\-\s]{24,}={0,2}\s*")
_MAGIC = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"\x1f\x8b")


class KerasConfig(JsonDocument, frozen=True, kw_only=True):
    """A JSON document in which some object names its class, as Keras writes it.

    Attributes:
        payloads: Pointer and bytes of texts that are archives or pickles in base64.
    """

    payloads: tuple[tuple[str, bytes], ...] = ()


def objects_of(value: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield pointer and members of every object that names its class, in order of the document."""
    for pointer, item in json_objects(value):
        if isinstance(item.get("class_name"), str):
            yield pointer, item


def read(source: Source, budget: Budget) -> JsonDocument:
    """Read a document whole.

    Raises:
        LimitError: It is nested too deep.
    """
    plain = read_whole(source, budget)
    if plain.text:
        return plain
    fields = msgspec.structs.asdict(plain)
    return KerasConfig(payloads=tuple(_payloads(plain.value)), **fields)


def read_whole(source: Source, budget: Budget) -> JsonDocument:
    """Read a JSON document and keep all of it, also where it is long.

    Raises:
        LimitError: It is nested too deep.
    """
    plain = read_json(source, budget)
    if not WHOLE_BYTES < source.size <= SPARSE_BYTES or plain.text:
        return plain
    data = source.read(0, source.size)
    try:
        value = json.loads(data.decode(json.detect_encoding(data), "replace"), strict=False)
    except (ValueError, RecursionError):
        return plain
    return msgspec.structs.replace(plain, value=value)


def members(content: JsonDocument, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield archives and pickles that are written out in base64, called `base64@pointer`."""
    yield from json_members(content, source, budget)
    if isinstance(content, KerasConfig):
        for pointer, payload in content.payloads:
            yield Member(name=f"base64@{pointer}", source=BytesSource(payload))


def _payloads(value: object) -> Iterator[tuple[str, bytes]]:
    count = 0
    for pointer, item in objects_of(value):
        config = item.get("config")
        for key, text in config.items() if isinstance(config, dict) else ():
            payload = _decoded(text) if isinstance(text, str) else b""
            if payload and count < _PAYLOADS:
                count += 1
                yield f"{pointer}/config/{escaped(key)}", payload


def _decoded(text: str) -> bytes:
    """Return the archive or pickle that a text is in base64; empty when it is none."""
    if not _BASE64.fullmatch(text):
        return b""
    try:
        payload = base64.b64decode(text, altchars=b"-_" if "-" in text or "_" in text else None)
    except (binascii.Error, ValueError):
        return b""
    return payload if payload.startswith(_MAGIC) else b""


def _is_config(glimpse: Glimpse) -> bool:
    if glimpse.source.size > SPARSE_BYTES or not JSON.matches(glimpse):
        return False
    data = glimpse.source.read(0, glimpse.source.size)
    encoding = json.detect_encoding(data)
    if encoding != "utf-8":
        data = data.decode(encoding, "replace").encode("utf-8", "replace")
    return _KEY in data or (b"\\u00" in data and _ESCAPED.search(data) is not None)


KERAS_CONFIG = Format(
    id="keras-config",
    title="Keras configuration",
    rank=29,  # before JSON, of which it is one
    matches=_is_config,
    read=read,
    members=members,
)

__all__ = ["KERAS_CONFIG", "KerasConfig", "objects_of"]
