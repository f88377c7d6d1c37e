# SPDX-License-Identifier: Apache-2.0
"""A Python function that a task file names: where it is, and what its file holds."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from steelyard.core.digest import Digest, digest_bytes


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """A function named by `!function`; naming it runs nothing.

    Attributes:
        name: As written, such as `utils.process_docs`.
        folder: Folder of the task file that names it.
    """

    name: str
    folder: str

    @property
    def module(self) -> str:
        """Return the dotted module, empty where none was written."""
        return self.name.rpartition(".")[0]

    @property
    def attribute(self) -> str:
        """Return the function's own name."""
        return self.name.rpartition(".")[2]

    def file(self) -> Path | None:
        """Return the file that defines it, or None where there is none.

        It lies beside the task file, or is named from the top of the lm-eval checkout that the task
        file is in, `lm_eval.tasks.NAME.utils`.
        """
        parts = self.module.split(".")
        folders = [Path(self.folder)]
        if parts[:2] == ["lm_eval", "tasks"]:
            folders += Path(self.folder).parents
        paths = (folder.joinpath(*parts).with_suffix(".py") for folder in folders)
        return next((path for path in paths if self.module and path.is_file()), None)

    def digest(self) -> Digest | None:
        """Return the digest of the file that defines it, or None for a module from elsewhere."""
        path = self.file()
        return digest_bytes(path.read_bytes()) if path else None


class Call(Protocol):
    """Runs functions of task files, where that is allowed."""

    def __call__(self, function: Function, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        """Return what a function gives.

        Raises:
            UsageError: It is not allowed, not there, or needs what is not installed.
            MalformedError: It failed.
        """

    def ready(self, function: Function) -> None:
        """Make sure that a function can be run, without running it.

        Raises:
            UsageError: It is not allowed, not there, or needs what is not installed.
            MalformedError: Its file is wrong.
        """


def functions_in(value: object) -> Iterator[Function]:
    """Yield the functions that a part of a task names, some more than once."""
    if isinstance(value, Function):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from functions_in(each)
    elif isinstance(value, msgspec.Struct):
        yield from functions_in(msgspec.structs.asdict(value))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from functions_in(each)
