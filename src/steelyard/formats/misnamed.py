# SPDX-License-Identifier: Apache-2.0
"""Files with the name of a weight format and nothing else of it: empty, a pointer, something else.

They are not read any further: a loader that goes by the name fails as well, or misreads them.
"""

from steelyard.core.errors import MalformedError
from steelyard.core.subject import Part
from steelyard.formats.port import Budget, Content, Format, Glimpse
from steelyard.formats.source import Source

_SUFFIXES = frozenset({"gguf", "safetensors"})
_POINTER = b"version https://git-lfs.github.com/spec/"


def read(source: Source, budget: Budget) -> Content:
    """Say what the file is instead.

    Raises:
        MalformedError: Always.
    """
    del budget
    head = source.read(0, 64)
    if not head:
        raise MalformedError("empty: there is not a byte in it", 0)
    if head.startswith(_POINTER):
        raise MalformedError("a Git LFS pointer in place of the weights: run `git lfs pull`", 0)
    if not head.strip(b"\0"):
        raise MalformedError("zeros in place of a header: a download that was not finished", 0)
    raise MalformedError(f"not what its name says: it begins with {head[:16]!r}", 0)


def _is_named(glimpse: Glimpse) -> bool:
    return glimpse.suffix in _SUFFIXES


MISNAMED = Format(
    id="misnamed",
    title="Weights by name only",
    rank=85,  # after everything with a shape of its own, before text and unknown bytes
    matches=_is_named,
    read=read,
)


def is_meant(part: Part, kind: Format) -> bool:
    """Tell whether a part is of a weight format, or has at least its name."""
    if part.format == MISNAMED.id:
        return part.where.lower().endswith(f".{kind.id}")
    return part.format == kind.id
