# SPDX-License-Identifier: Apache-2.0
"""Where a result points, and text that may stand in a message."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from steelyard.report.summary.places import Place, locate
from steelyard.report.summary.text import clipped, shown

ROOT = "%SRCROOT%"
_TEXT = 1_000  # characters of one message; GitHub shows 1,024
_WHOLE = "The whole model, not this file in particular"

_ESCAPE = re.compile(rb"\\(?:\\|x([0-9a-f]{2})|u([0-9a-f]{4}))")

Json = dict[str, Any]


class Files(Mapping[str, int]):
    """The files of a model: the number of each by its path, and where they lie.

    Args:
        paths: In the order of the dossier.
        folder: The model's folder in its repository; empty for the root.
    """

    def __init__(self, paths: Iterable[str], folder: str) -> None:
        self._numbers = {path: number for number, path in enumerate(paths)}
        self._folder = f"{quote(folder.strip('/'), safe='/')}/" if folder.strip("/") else ""

    def __getitem__(self, path: str) -> int:
        return self._numbers[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def artifact(self, path: str) -> Json:
        """Return the location of a file, relative to the root of the repository."""
        return {"uri": self._folder + uri(path), "uriBaseId": ROOT}


def location(where: str, files: Files) -> Json:
    """Return a location; GitHub refuses a whole file in which one result has none, or no line.

    Args:
        where: As claims write it; empty for the whole subject.
        files: The files of the model.
    """
    place = locate(where, files)
    path = place.path or next(iter(files), "model")
    artifact = files.artifact(path)
    if path in files:
        artifact["index"] = files[path]
    made: Json = {"physicalLocation": {"artifactLocation": artifact, "region": _region(place)}}
    if not where:
        made["message"] = {"text": _WHOLE}
    if place.layers or place.pointer:
        made["logicalLocations"] = [_logical(place)]
    return made


def _region(place: Place) -> Json:
    if place.layers:
        return {"startLine": 1}  # offsets count from the start of the layer, not of the file
    region: Json = {"startLine": max(1, place.line)}
    if place.byte >= 0:
        region |= {"byteOffset": place.byte, "byteLength": 0}
    return region


def _logical(place: Place) -> Json:
    name = place.pointer or place.layers[-1]
    full = f"{place.layer} {place.pointer}" if place.pointer else place.layer
    kind = "member" if place.layers else "object"
    return {"name": shown(name), "fullyQualifiedName": shown(full), "kind": kind}


def uri(path: str) -> str:
    r"""Return a path as a relative URI reference (RFC 3986, section 4.2).

    What `core.subject.Artifact.path` writes as `\xNN` or `\uNNNN` becomes the byte it stands for.

    Example:
        >>> uri(r"a b\x21\\c.bin")
        'a%20b%21%5Cc.bin'
    """
    return quote(_ESCAPE.sub(_unescaped, path.lstrip("/").encode()) or b"model", safe="/")


def _unescaped(escape: re.Match[bytes]) -> bytes:
    byte, code = escape.groups()
    if byte:
        return bytes([int(byte, 16)])
    return chr(int(code, 16)).encode("utf-8", "replace") if code else b"\\"


def clean(text: str) -> str:
    """Return a text as a message, in which nothing is a link (SARIF 2.1.0, section 3.11.6)."""
    return clipped(shown(text).replace("](", "] ("), _TEXT)
