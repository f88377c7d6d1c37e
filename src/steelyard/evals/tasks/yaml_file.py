# SPDX-License-Identifier: Apache-2.0
"""Task files in lm-eval's YAML: one file, and what it includes. Nothing that a file names is run.

Format: docs/new_task_guide.md of EleutherAI/lm-evaluation-harness, as version 0.4.13 reads it.
"""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from steelyard.core.errors import LimitError, MalformedError, UnreadableError, UsageError
from steelyard.evals.tasks.function import Function

Mapped = dict[str, Any]
_MOST_BYTES = 16 << 20
_MOST_VALUES = 500_000
_DEEPEST = 16


def load(path: Path, *, most_bytes: int = _MOST_BYTES) -> Mapped:
    """Return what a task file says, with what it includes below it.

    A key of the file itself wins over the same key of a file it includes, and of two included
    files the later wins. Paths of included files start at the including file's folder.

    Args:
        path: The file; base files need no particular name.
        most_bytes: Longest file that is read.

    Raises:
        UnreadableError: A file is absent, no YAML, too long, or includes itself.
    """
    return _load(path, most_bytes, ())


def _load(path: Path, most_bytes: int, above: tuple[Path, ...]) -> Mapped:
    if path in above or len(above) > _DEEPEST:
        chain = " → ".join(each.name for each in (*above, path))
        raise MalformedError(f"task files include each other: {chain}")
    return _whole(_parse(path, most_bytes), path, most_bytes, above)


def with_included(said: Mapping[str, Any], path: Path, *, most_bytes: int = _MOST_BYTES) -> Mapped:
    """Return a part of a task file with what it includes below it.

    Args:
        said: The part, such as a task that a group's file defines.
        path: The file.
        most_bytes: Longest file that is read.

    Raises:
        UnreadableError: An included file cannot be read or is wrong.
    """
    return _whole(said, path, most_bytes, ())


def _whole(part: Mapping[str, Any], path: Path, most_bytes: int, above: tuple[Path, ...]) -> Mapped:
    said = dict(part)
    included = said.pop("include", None)
    merged: Mapped = {}
    for name in included if isinstance(included, list) else [included]:
        if name is None:
            continue
        if not isinstance(name, str):
            raise MalformedError(f"cannot read {str(path)!r}: 'include' names no file: {name!r}")
        below = _load(_resolved(path.parent / name), most_bytes, (*above, path))
        below.pop("task_list", None)
        merged.update(below)
    return {**merged, **said}


def _resolved(path: Path) -> Path:
    return Path(*path.parts) if ".." not in path.parts else path.resolve()


def _parse(path: Path, most_bytes: int) -> Mapping[str, Any]:
    import yaml

    said = _text(path, most_bytes)
    try:
        value = yaml.load(said, Loader=_loader(str(path.parent)))  # noqa: S506 a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line:{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise MalformedError(f"cannot read '{path}'{line}: {problem}") from error
    except (RecursionError, ValueError) as error:
        raise MalformedError(f"cannot read '{path}': {error}") from error
    _bounded(value, path)
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise MalformedError(f"cannot read '{path}': a task file maps names to values")
    return value


def _text(path: Path, most_bytes: int) -> str:
    try:
        with path.open("rb") as source:
            data = source.read(most_bytes + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UnreadableError(
            f"cannot read task file '{path}': {reason}", "Check the name after 'include:'"
        ) from error
    if len(data) > most_bytes:
        raise LimitError(f"cannot read '{path}': longer than {most_bytes:,} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedError(f"cannot read '{path}': byte {error.start} is no UTF-8") from error
    return text


def _bounded(value: object, path: Path) -> None:
    """Refuse what aliases make of a small file: a value that holds itself, or millions."""
    left = [value]
    seen = 0
    while left:
        each = left.pop()
        seen += 1
        if seen > _MOST_VALUES:
            raise LimitError(f"cannot read '{path}': more than {_MOST_VALUES:,} values")
        if isinstance(each, dict):
            left += each.values()
        elif isinstance(each, list):
            left += each


@functools.lru_cache(maxsize=4096)
def _loader(folder: str) -> Any:  # noqa: ANN401 a class that yaml makes
    """Return a safe YAML loader that makes of `!function name` a `Function`, and of no other tag."""
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        pass

    def named(loader: Any, node: Any) -> Function:  # noqa: ANN401 as yaml calls it
        return Function(name=str(loader.construct_scalar(node)), folder=folder)

    Loader.add_constructor("!function", named)
    return Loader


def named_file(text: str) -> Path | None:
    """Return the task file that a text names by its path, or None where it is no path of a file.

    Raises:
        UsageError: It looks like a path and there is no such file.
    """
    if not text.endswith((".yaml", ".yml")):
        return None
    path = Path(text).expanduser()
    if not path.is_file():
        raise UsageError(f"no task file '{text}'", "Name a task, or a YAML file that exists")
    return path.resolve()
