# SPDX-License-Identifier: Apache-2.0
"""A task as its file defines it, and the digest of everything that takes part in that."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from steelyard.core.digest import Digest, digest_bytes, digest_of
from steelyard.evals.tasks.config import TaskConfig, config_of
from steelyard.evals.tasks.function import Function, functions_in
from steelyard.evals.tasks.imports import imported
from steelyard.evals.tasks.trusted import own_digest
from steelyard.evals.tasks.yaml_file import load

_ABOUT = frozenset({"tag", "group", "task_alias"})
"""Keys that sort and name a task, and change nothing of what is asked."""


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """A task before its data is read.

    Attributes:
        config: What its file says.
        where: The file.
        digest: Of the file with its includes, and of the files of functions it names, with what of
            their own those import.
        functions: What it names with `!function`.
        tags: Names that it is also found by.
    """

    config: TaskConfig
    where: str
    digest: Digest
    functions: tuple[Function, ...] = ()
    tags: tuple[str, ...] = ()


def define(path: Path, overrides: Mapping[str, Any] | None = None) -> Definition:
    """Return the task that a file defines.

    Args:
        path: The task's file.
        overrides: Keys that a group sets for its members; they win.

    Raises:
        UnreadableError: The file, or one it includes, cannot be read or is wrong.
    """
    return definition_of({**load(path), **(overrides or {})}, str(path))


def definition_of(said: Mapping[str, Any], where: str) -> Definition:
    """Return the task that some keys define.

    Raises:
        MalformedError: A key is unknown or wrong.
    """
    tags = said.get("tag") or ()
    return Definition(
        config=config_of(said, where),
        where=where,
        digest=digest_of(_plain(_asked(said))),
        functions=tuple(dict.fromkeys(functions_in(said))),
        tags=(tags,) if isinstance(tags, str) else tuple(map(str, tags)),
    )


def _asked(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what decides how questions are put; which data they are is a digest of its own."""
    asked = {key: value for key, value in said.items() if key not in _ABOUT}
    for key, gone in (("dataset_kwargs", "data_files"), ("metadata", "local")):
        if isinstance(asked.get(key), dict):
            asked[key] = {name: value for name, value in asked[key].items() if name != gone}
    return asked


def _plain(value: object) -> object:
    if isinstance(value, Function):
        return _hashed(value)
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _hashed(function: Function) -> dict[str, object]:
    own = own_digest(function)
    file = function.file()
    told: dict[str, object] = {"function": function.name, "digest": own or function.digest()}
    if own is None and file is not None and (others := imported(file)):
        told["imports"] = [digest_bytes(other.read_bytes()) for other in others]
    return told
