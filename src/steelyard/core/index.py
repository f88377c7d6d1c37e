# SPDX-License-Identifier: Apache-2.0
"""The index of a folder of extensions: what must be known of each before it is imported.

A scan (`core.plugins`) imports every module of a folder, of which a run needs few. The index,
`index.json` in the folder, is made of such a scan by `make docs`. A module that it does not list yet is
imported to see what it holds, so that adding an extension is one file all the same.
"""

import functools
import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

import msgspec

from steelyard.core.plugins import modules_of, scan_modules

C = TypeVar("C")
T = TypeVar("T")

INDEX = "index.json"


class Entry(msgspec.Struct, Generic[C], frozen=True):
    """An extension in the index.

    Attributes:
        module: The module that defines it; dotted where that is in a package of the folder.
        name: What it is called there.
        card: What must be known of it before it is imported.
    """

    module: str
    name: str
    card: C


class Index(msgspec.Struct, Generic[C], frozen=True):
    """What the index of a folder says.

    Attributes:
        modules: All modules in the folder; those that no entry names hold no extension.
        entries: The extensions, by module, then name.
    """

    modules: tuple[str, ...]
    entries: tuple[Entry[C], ...]


class Listed(msgspec.Struct, Generic[C, T], frozen=True):
    """An extension that need not have been imported yet.

    Attributes:
        card: What must be known of it before.
        load: Returns it, and imports it if need be.
    """

    card: C
    load: Callable[[], T]


def listed(package: ModuleType, kind: type[T], card: type[C]) -> list[Listed[C, T]]:
    """Return the extensions of a folder by their cards; only what the index does not list is imported.

    Args:
        package: The folder.
        kind: Type of the extensions; derived from `card`.
        card: What the index holds of each.
    """
    index = msgspec.json.decode(
        Path(package.__path__[0], INDEX).read_bytes(),
        type=Index[card],  # type: ignore[valid-type]
    )
    there = modules_of(package)
    found: list[Listed[C, T]] = [
        Listed(entry.card, functools.partial(_load, package, entry.module, entry.name, kind))
        for entry in index.entries
        if entry.module.partition(".")[0] in there
    ]
    for _, _, thing in scan_modules(package, sorted(there.difference(index.modules)), kind):
        found.append(Listed(thing, lambda thing=thing: thing))  # type: ignore[arg-type,misc]
    return found


def index_of(
    package: ModuleType, kind: type[T], card: type[C], home: Callable[[T], str]
) -> Index[C]:
    """Return the index that a folder should have, made of a scan.

    Args:
        package: The folder.
        kind: Type of the extensions; derived from `card`.
        card: What the index holds of each.
        home: Returns the name of the module that defines one.
    """
    modules = sorted(modules_of(package))
    entries = [
        Entry(module, name, card(**_fields(thing, card)))
        for module, name, thing in scan_modules(package, modules, kind)
        if home(thing) == f"{package.__name__}.{module}"
    ]
    return Index(
        modules=tuple(modules),
        entries=tuple(sorted(entries, key=lambda entry: (entry.module, entry.name))),
    )


def _load(package: ModuleType, module: str, name: str, kind: type[T]) -> T:
    thing = getattr(importlib.import_module(f"{package.__name__}.{module}"), name)
    if not isinstance(thing, kind):
        raise TypeError(f"{package.__name__}.{module}.{name} is no {kind.__name__}")
    return thing


def _fields(thing: object, card: type) -> dict[str, Any]:
    return {field.name: getattr(thing, field.name) for field in msgspec.structs.fields(card)}
