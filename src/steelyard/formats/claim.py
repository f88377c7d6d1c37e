# SPDX-License-Identifier: Apache-2.0
"""Files that are named for a weight format and are something else."""

from collections.abc import Callable

from steelyard.core.errors import MalformedError
from steelyard.formats.port import Budget, Content, Format, Glimpse
from steelyard.formats.source import Source

_RANK = 85  # after everything with a shape of its own, before text and unknown bytes
_POINTER = b"version https://git-lfs.github.com/spec/"


def claimed(id: str, title: str, suffix: str) -> Format:
    """Return a format for files that have the name of a weight format and nothing else of it.

    They are read as that format, which fails: a loader that goes by the name fails as well, or
    misreads them.

    Args:
        id: Of the weight format.
        title: Of the weight format.
        suffix: Of the name, lower case, without the dot.
    """

    def matches(glimpse: Glimpse) -> bool:
        return glimpse.suffix == suffix

    return Format(id=id, title=title, rank=_RANK, matches=matches, read=_refuse(title, suffix))


def _refuse(title: str, suffix: str) -> Callable[[Source, Budget], Content]:
    def read(source: Source, budget: Budget) -> Content:
        del budget
        head = source.read(0, 64)
        if not head:
            raise MalformedError(f"empty: named .{suffix}, but there is nothing in it", 0)
        if head.startswith(_POINTER):
            raise MalformedError("a Git LFS pointer in place of the weights: run `git lfs pull`", 0)
        raise MalformedError(f"named .{suffix}, but no {title}: it begins with {head[:16]!r}", 0)

    return read
