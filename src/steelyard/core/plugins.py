# SPDX-License-Identifier: Apache-2.0
"""Finding extensions: by a scan of a folder, and by the entry-point group `steelyard`."""

import importlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")

GROUP = "steelyard"


def scan(package: ModuleType, kind: type[T]) -> list[T]:
    """Return the objects of a type that the modules of a package define, by module name.

    An object counts where it was made, not where it is imported: each public name is taken once.
    """
    found: list[T] = []
    for _, _, thing in scan_modules(package, sorted(modules_of(package)), kind):
        if not any(thing is other for other in found):
            found.append(thing)
    return found


def scan_modules(
    package: ModuleType, names: Iterable[str], kind: type[T]
) -> Iterator[tuple[str, str, T]]:
    """Yield the objects of a type that some modules of a package hold, with module and name.

    A module that is a package comes with all that are in it, by their dotted names.
    """
    for name in names:
        module = importlib.import_module(f"{package.__name__}.{name}")
        for attribute, thing in vars(module).items():
            if isinstance(thing, kind):
                yield name, attribute, thing
        if hasattr(module, "__path__"):
            inner = [f"{name}.{one}" for one in sorted(modules_of(module))]
            yield from scan_modules(package, inner, kind)


def modules_of(package: ModuleType) -> set[str]:
    """Return the names of the modules in a folder, without importing any."""
    names = set()
    for folder in package.__path__:
        for entry in os.scandir(folder):
            name, dot, suffix = entry.name.partition(".")
            if (suffix == "py" if dot else entry.is_dir()) and not name.startswith("__"):
                names.add(name)
    return names


def extensions(package: ModuleType, kind: type[T]) -> list[T]:
    """Return what a package and other packages define of a type; what does not load is left out."""
    others = [thing for _, thing in third_party(kind) if isinstance(thing, kind)]
    return scan(package, kind) + others


def third_party(kind: type[T]) -> Iterator[tuple[str, T | Exception]]:
    """Yield what other packages bring under the entry-point group, with the name of each.

    One that does not load is yielded as its exception, for the caller to report. Entry points whose
    object is of another kind are passed over.
    """
    if not _any_entry_point():
        return
    import importlib.metadata

    for point in sorted(importlib.metadata.entry_points(group=GROUP), key=lambda p: p.name):
        try:
            thing = point.load()
        except (ImportError, AttributeError, SyntaxError) as error:
            yield point.name, error
            continue
        if isinstance(thing, kind):
            yield point.name, thing


def _any_entry_point() -> bool:
    """Tell whether any installed package names the group; importlib.metadata costs 40 ms to ask."""
    section = f"[{GROUP}]".encode()
    for folder in filter(os.path.isdir, sys.path):
        with os.scandir(folder) as entries:
            names = [entry.path for entry in entries if entry.name.endswith("-info")]
        for name in names:
            try:
                if section in Path(name, "entry_points.txt").read_bytes():
                    return True
            except OSError:  # most packages have none
                continue
    return False
