# SPDX-License-Identifier: Apache-2.0
"""Callables that a configuration names, for a library to import and call."""

import re
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from steelyard.formats.json import objects_of
from steelyard.formats.python_dangers import Dangers, Kinds
from steelyard.formats.python_names import MODULES
from steelyard.formats.yaml_events import Tag

_KEYS = frozenset({"_target_", "_component_", "class_path", "loader_module"})
_LOOSE_KEYS = frozenset({"target"})  # latent-diffusion; elsewhere the word means many things
_BY_PATH = "hydra.utils.get_"
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_PYTHON_TAG = "tag:yaml.org,2002:python/"
_PLAIN_TAGS = frozenset(
    [
        "bool",
        "bytes",
        "complex",
        "dict",
        "float",
        "int",
        "list",
        "long",
        "none",
        "str",
        "tuple",
        "unicode",
    ]
)
_HYPER_TAG = re.compile(r"!(?:new|name|apply|applyref|module|call):(.+)")
_INCLUDE = re.compile(r"!include:(.+)")

Judgement = Literal["allowed", "unknown", "function", "standard", "dangerous"]
"""What naming a callable may lead to: `allowed` builds an object of a known library; `unknown` is of
no known library; `function` is a function of a known library; `standard` is something of the standard
library that builds no plain value; `dangerous` reaches outside."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A callable that a document names.

    Attributes:
        name: Dotted name.
        pointer: JSON pointer to it; empty for a tag.
        line: Line of a tag, from 1; 0 elsewhere.
        key: The key or tag that gives it its meaning.
        loose: The key means something else in most documents.
    """

    name: str
    pointer: str
    line: int
    key: str
    loose: bool


class Libraries(msgspec.Struct, frozen=True, kw_only=True):
    """What configurations of real models name.

    Attributes:
        libraries: Top-level packages whose classes only build objects.
        functions: Functions that only build objects; `x.*` stands for all of x.
        plain: Types of the standard library and numpy that only hold values.
        standard: Modules of the standard library.
        pipelines: What `model_index.json` may name as the library of a component.
    """

    libraries: frozenset[str]
    functions: frozenset[str]
    plain: frozenset[str]
    standard: frozenset[str]
    pipelines: frozenset[str]


def targets(value: object) -> Iterator[Target]:
    """Yield the callables that a document names, in order.

    Source:
        hydra 1.3, instantiate API; torchtune 0.6, config; Lightning CLI 2.5; latent-diffusion 2022;
        MLflow 3, `MLmodel`.
    """
    for pointer, held in objects_of(value):
        for key, name in held.items():
            loose = key in _LOOSE_KEYS
            if not isinstance(name, str) or not (loose or key in _KEYS):
                continue
            if not loose or _DOTTED.fullmatch(name):
                place = f"{pointer}/{key}"
                yield Target(name=name.strip(), pointer=place, line=0, key=key, loose=loose)
        if str(held.get("_target_")).startswith(_BY_PATH):
            yield from _paths(pointer, held)


def _paths(pointer: str, held: Mapping[str, object]) -> Iterator[Target]:
    """Yield what `hydra.utils.get_method` and its like are to look up."""
    given = held.get("_args_")
    for key, name in (("path", held.get("path")), ("_args_", given)):
        name = name[0] if isinstance(name, list) and name else name
        if isinstance(name, str):
            yield Target(name=name, pointer=f"{pointer}/{key}", line=0, key=key, loose=False)


def tagged(tags: tuple[Tag, ...]) -> Iterator[Target]:
    """Yield the callables that tags of a YAML document name, in order.

    Source:
        PyYAML 6.0, constructor.py (`python/...`); HyperPyYAML 1.2 (`!new:`, `!apply:` ...).
    """
    for tag in tags:
        if found := _HYPER_TAG.fullmatch(tag.name):
            yield Target(name=found[1], pointer="", line=tag.line, key=tag.name, loose=False)
        elif tag.name.startswith(_PYTHON_TAG):
            kind, _, name = tag.name.removeprefix(_PYTHON_TAG).partition(":")
            if kind not in _PLAIN_TAGS:
                yield Target(name=name, pointer="", line=tag.line, key=tag.name, loose=False)


def includes(tags: tuple[Tag, ...]) -> Iterator[tuple[str, int]]:
    """Yield path and line of the files that tags of a YAML document put in their place.

    Source:
        HyperPyYAML 1.2, core.py, `!include:`: relative to the document, read by the same loader.
    """
    for tag in tags:
        if found := _INCLUDE.fullmatch(tag.name):
            yield found[1].strip(), tag.line


class Judge:
    """Says what naming a callable may lead to."""

    def __init__(self, libraries: Libraries, dangers: Dangers) -> None:
        self._libraries = libraries
        self._kinds = Kinds(dangers)

    def of(self, name: str) -> Judgement:
        """Return what naming a callable may lead to."""
        pieces = name.split(".")
        tails = [
            ".".join(pieces[start:])
            for start, piece in enumerate(pieces)
            if start == 0 or piece in MODULES
        ]
        kinds = {self._kinds.of(tail) for tail in tails} - {""}
        if kinds - {"network"}:
            return "dangerous"
        if name in self._libraries.plain:
            return "allowed"
        if any(piece.startswith("__") for piece in pieces):
            return "dangerous"
        if pieces[0] in self._libraries.standard or MODULES & set(pieces[:-1]):
            return "standard"
        if pieces[0] not in self._libraries.libraries or len(pieces) < 2:
            return "unknown"
        return "allowed" if not kinds and self._builds(name, pieces) else "function"

    def _builds(self, name: str, pieces: list[str]) -> bool:
        if pieces[-1][:1].isupper():
            return True
        prefixes = (".".join(pieces[:end]) + ".*" for end in range(1, len(pieces)))
        return name in self._libraries.functions or any(
            prefix in self._libraries.functions for prefix in prefixes
        )
