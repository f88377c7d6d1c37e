# SPDX-License-Identifier: Apache-2.0
"""Which files of its own a file of Python imports, told without running anything.

A function's file rarely stands alone, and what it imports decides what the function gives as much as
itself does. Imports are read off the syntax: those made by other means are not found.
"""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

_MOST_FILES = 256
_MOST_BYTES = 4 << 20
_TASKS = ("lm_eval", "tasks")


def imported(path: Path) -> tuple[Path, ...]:
    """Return the files that a file imports, directly or not, sorted.

    Counted are files beside it, and those that it names `lm_eval.tasks...` in the folder `tasks` it is in;
    at most 256 of them.

    Args:
        path: A file of Python; nothing is found in what is none.
    """
    found: dict[Path, None] = {path: None}
    left = [path]
    while left and len(found) < _MOST_FILES:
        new = [each for each in _direct(left.pop()) if each not in found]
        found |= dict.fromkeys(new)
        left += new
    del found[path]
    return tuple(sorted(found))


def _direct(path: Path) -> tuple[Path, ...]:
    try:
        known = path.stat()
    except OSError:
        return ()
    return _read(path, known.st_mtime_ns, known.st_size)


@functools.lru_cache(maxsize=4096)
def _read(path: Path, changed: int, size: int) -> tuple[Path, ...]:
    del changed
    if size > _MOST_BYTES:
        return ()
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    files = (_file(path, name) for node in ast.walk(tree) for name in _names(node))
    return tuple(dict.fromkeys(file for file in files if file is not None))


def _names(node: ast.AST) -> Iterator[tuple[str, ...]]:
    if isinstance(node, ast.Import):
        yield from (tuple(alias.name.split(".")) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        module = tuple(node.module.split(".")) if node.module else ()
        yield module
        yield from ((*module, alias.name) for alias in node.names)


def _file(path: Path, name: tuple[str, ...]) -> Path | None:
    """Return the file of a module, or None where it is none of the task's own."""
    folder = path.parent
    if name[:2] == _TASKS:
        tasks = next((parent for parent in path.parents if parent.name == "tasks"), None)
        if tasks is None:
            return None
        folder, name = tasks, name[2:]
    if not name:
        return None
    module = folder.joinpath(*name)
    return next(
        (file for file in (module.with_suffix(".py"), module / "__init__.py") if file.is_file()),
        None,
    )
