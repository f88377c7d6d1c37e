# SPDX-License-Identifier: Apache-2.0
"""Where a claim points: which file, which layer inside it, which position in that layer."""

import itertools
import re
from collections.abc import Container, Iterator

import msgspec

_TRIES = 32  # ways to read one place; names hold spaces and slashes, but seldom that many
_NUMBERED = re.compile(r" (?:byte:(?P<byte>\d{1,19})|line:(?P<line>\d{1,18}))\Z")


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
    readings = list(_readings(where, paths))
    return next((place for place in readings if place.path in paths), readings[0])


def _readings(where: str, paths: Container[str]) -> Iterator[Place]:
    """Yield what a `where` may mean, the likeliest first."""
    if numbered := _NUMBERED.search(where):
        place = _layered(where[: numbered.start()], paths)
        byte, line = numbered["byte"], numbered["line"]
        yield msgspec.structs.replace(
            place, byte=int(byte) if byte else -1, line=int(line) if line else 0
        )
    for found in itertools.islice(re.finditer(" (?=/)", where), _TRIES):
        place = _layered(where[: found.start()], paths)
        yield msgspec.structs.replace(place, pointer=where[found.end() :])
    yield _layered(where, paths)


def _layered(where: str, paths: Container[str]) -> Place:
    if where in paths:
        return Place(path=where)
    names = where.split("!")
    for end in range(1, min(len(names), _TRIES)):
        if "!".join(names[:end]) in paths:
            return Place(path="!".join(names[:end]), layers=tuple(names[end:]))
    return Place(path=names[0], layers=tuple(names[1:]))
