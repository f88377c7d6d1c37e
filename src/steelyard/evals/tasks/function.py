# SPDX-License-Identifier: Apache-2.0
"""A Python function that a task file names: where it is, and what its file holds."""

from collections.abc import Iterator, Mapping
from pathlib import Path

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
        """Return the file beside the task file that defines it, or None where there is none."""
        path = Path(self.folder, *self.module.split(".")).with_suffix(".py")
        return path if self.module and path.is_file() else None

    def digest(self) -> Digest | None:
        """Return the digest of the file that defines it, or None for a module from elsewhere."""
        path = self.file()
        return digest_bytes(path.read_bytes()) if path else None


def functions_in(value: object) -> Iterator[Function]:
    """Yield the functions that are named anywhere in what a task file says."""
    if isinstance(value, Function):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from functions_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from functions_in(each)
