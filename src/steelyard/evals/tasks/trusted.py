# SPDX-License-Identifier: Apache-2.0
"""Which of our own functions stands for a function that a task file names.

There are two cases and no other. A task file names one of ours, `!function builtin.MODULE.NAME`,
and has no file of that name beside it. Or it names a function of a file whose bytes are those of
a file of lm-eval 0.4.13 that `knowledge/task_functions` lists: then ours does the same, and the
file is not run. Any other file, changed by a single letter, is the user's to allow.
"""

import functools
import importlib
import importlib.util
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from steelyard import knowledge
from steelyard.core.digest import Digest, digest_bytes
from steelyard.core.errors import UsageError
from steelyard.evals.tasks.function import Call, Function

_PACKAGE = "steelyard.evals.tasks.builtin"
_PREFIX = "builtin."


def trusted(call: Call) -> Call:
    """Return what runs our own functions where they stand for others, and leaves others to `call`."""
    return _Trusted(call)


class _Trusted:
    def __init__(self, call: Call) -> None:
        self._call = call

    def __call__(self, function: Function, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        own = replacement(function)
        if own is not None:
            return own(*arguments, **named)
        return self._call(function, *arguments, **named)

    def ready(self, function: Function) -> None:
        if replacement(function) is None:
            self._call.ready(function)


def replacement(function: Function) -> Callable[..., Any] | None:
    """Return our function for one that a task file names, or None where there is none.

    Raises:
        UsageError: The task file names a function of ours that there is not.
    """
    path = function.file()
    if path is None and function.module.startswith(_PREFIX):
        own = _own(function.name.removeprefix(_PREFIX))
        if own is None:
            raise UsageError(f"there is no function {function.name!r}")
        return own
    if path is None or path.name not in _known_names():
        return None
    name = _known().get(function.digest() or "", {}).get(function.attribute)
    return _own(name) if name else None


def own_digest(function: Function) -> Digest | None:
    """Return the digest of the file of our function that is named, or None for any other."""
    own = replacement(function)
    path = inspect.getsourcefile(own) if own else None
    return digest_bytes(Path(path).read_bytes()) if path else None


@functools.cache
def _own(name: str) -> Callable[..., Any] | None:
    module, _, attribute = name.rpartition(".")
    whole = f"{_PACKAGE}.{module}"
    if not module.isidentifier() or attribute.startswith("_"):
        return None
    if importlib.util.find_spec(whole) is None:
        return None
    found = getattr(importlib.import_module(whole), attribute, None)
    return found if inspect.isfunction(found) else None


@functools.cache
def _known() -> Mapping[str, Mapping[str, str]]:
    files = _listed()
    return {each["digest"]: each["functions"] for each in files}


@functools.cache
def _known_names() -> frozenset[str]:
    return frozenset(each["file"].rpartition("/")[2] for each in _listed())


@functools.cache
def _listed() -> tuple[Mapping[str, Any], ...]:
    return tuple(
        each
        for _, data in knowledge.entries("task_functions")
        for each in msgspec.json.decode(data)["files"]
    )
