# SPDX-License-Identifier: Apache-2.0
"""Where a claim points: which file, which layer inside it, which position in that layer."""

import re
from collections.abc import Container

import msgspec

_POSITION = re.compile(
    r" (?:byte:(?P<byte>\d{1,19})|line:(?P<line>\d{1,18})|(?P<pointer>/.*))\Z", re.S
)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the subject.

    Attributes:
        path: Path of the file; empty for the whole subject.
        layers: Names of the layers further in, the outermost first.
        byte: Offset in the innermost layer; -1 when none is known.
        line: Line in the innermost layer, from 1; 0 when none is known.
        pointer: JSON pointer in the innermost layer; empty when none is known.
    """

    path: str
    layers: tuple[str, ...] = ()
    byte: int = -1
    line: int = 0
    pointer: str = ""

    @property
    def position(self) -> str:
        """Return the position in the innermost layer in words; empty when none is known."""
        if self.byte >= 0:
            return f"byte {self.byte:,}"
        return f"line {self.line:,}" if self.line else self.pointer

    @property
    def layer(self) -> str:
        """Return the file and its layers as claims write them, without the position."""
        return "!".join((self.path, *self.layers))


def locate(where: str, paths: Container[str]) -> Place:
    """Return the place that a claim's `where` names.

    A name may itself hold `!`, ` /` or ` byte:1`; the paths of the subject's files tell them apart.

    Args:
        where: As claims write it, see `core.claim.Finding.where`.
        paths: Paths of the subject's files.
    """
    if where in paths:
        return Place(path=where)
    if not (position := _POSITION.search(where)):
        return _layered(where, paths)
    place = _layered(where[: position.start()], paths)
    return msgspec.structs.replace(
        place,
        byte=int(position["byte"] or -1),
        line=int(position["line"] or 0),
        pointer=position["pointer"] or "",
    )


def _layered(where: str, paths: Container[str]) -> Place:
    if where in paths:
        return Place(path=where)
    names = where.split("!")
    for end in range(1, len(names)):
        if "!".join(names[:end]) in paths:
            return Place(path="!".join(names[:end]), layers=tuple(names[end:]))
    return Place(path=names[0], layers=tuple(names[1:]))
