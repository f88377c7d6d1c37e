# SPDX-License-Identifier: Apache-2.0
"""Search bytes of no known format for what could run: pickles, zip archives, programs.

Random bytes and numbers are full of short magic numbers, and texts mention everything. A hit needs
more: a pickle must reach an import of a proper name, an archive needs a local header that makes sense,
a program a whole header.
"""

import heapq
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.port import Budget
from steelyard.formats.program import program_at
from steelyard.formats.source import Source
from steelyard.formats.zip_records import local_record

if TYPE_CHECKING:
    from steelyard.formats.carve_pickle import Found, Seeker

_BLOCK = 256 << 10  # bytes searched at a time; they stay in the processor's cache
_OVERLAP = 512  # bytes that a mark may reach into the next block
_MOST = 256  # hits in one layer
_DOS = 1024  # bytes that the DOS header and stub of a PE program may take
_MARK, _GLOBAL, _INST = b"(ci"
_METHODS = 100  # compression methods of zip are below
_LONGEST_NAME = 1024  # bytes of a zip member's name


class Hit(msgspec.Struct, frozen=True):
    """Something found inside other bytes.

    Attributes:
        kind: `pickle`, `zip` or `program`.
        start: Offset of its first byte.
        end: Offset behind its last byte, as far as it can be told.
        what: What it is, in a few words.
    """

    kind: str
    start: int
    end: int
    what: str


class _Mark(msgspec.Struct, frozen=True):
    """Bytes by which something may be recognised, and what looks whether it is.

    Each pattern begins with one certain byte, so that it is searched at the speed of memory.
    """

    pattern: bytes
    look: "Callable[[Source, int, Seeker], Hit | None]"


def hits(source: Source, budget: Budget) -> Iterator[Hit]:
    """Yield what could run; of what overlaps, the first.

    Raises:
        LimitError: There is more than may be looked at.
    """
    from steelyard.formats.carve_pickle import Seeker

    seeker = Seeker(source, budget)
    behind = count = 0
    for at, index in _marks(source, budget):
        if at < behind:
            continue
        hit = _MARKS[index].look(source, at, seeker)
        if hit is None or hit.start < behind:
            continue
        if count >= _MOST:
            raise LimitError(f"more than {_MOST} things are hidden in it", at=at)
        count += 1
        behind = max(hit.end, at + 1)
        yield hit


def _marks(source: Source, budget: Budget) -> Iterator[tuple[int, int]]:
    """Yield where a mark stands, and which one, in order of offset."""
    zeros = bytes(_BLOCK + _OVERLAP)
    patterns = [re.compile(mark.pattern) for mark in _MARKS]
    for at in range(0, source.size, _BLOCK):
        budget.check_time()
        block = source.read(at, _BLOCK + _OVERLAP)
        if block == zeros:
            continue
        yield from heapq.merge(
            *(_places(pattern, block, at, index) for index, pattern in enumerate(patterns))
        )


def _places(
    pattern: re.Pattern[bytes], block: bytes, at: int, index: int
) -> Iterator[tuple[int, int]]:
    for match in pattern.finditer(block):
        if match.start() >= _BLOCK:
            return
        yield at + match.start(), index


def _pickle(source: Source, at: int, seeker: "Seeker") -> Hit | None:
    del source
    found = seeker.at(at)
    return None if found is None else _pickle_hit(at, found)


def _old_pickle(source: Source, at: int, seeker: "Seeker") -> Hit | None:
    """Look for GLOBAL or INST before a line that may be a name.

    A list of words looks like an import, but calls nothing. What INST and OBJ call lies behind a MARK.
    """
    begin = max(0, at - _OVERLAP)
    before = source.read(begin, at - begin)
    line = _MODULE.search(before)
    if line is None:
        return None
    for start in _starts(before, line.start()):
        found = seeker.at(begin + start)
        if found is not None and found.called and found.end > at:
            return _pickle_hit(begin + start, found)
    return None


def _starts(before: bytes, line: int) -> Iterator[int]:
    """Yield where a pickle may begin whose first import ends with the bytes given."""
    for start in range(line, len(before) - 1):
        if before[start] == _INST:
            yield from (mark for mark in range(start) if before[mark] == _MARK)
        elif before[start] == _GLOBAL:
            yield from (start - 1, start) if start and before[start - 1] == _MARK else (start,)


def _pickle_hit(at: int, found: "Found") -> Hit:
    return Hit("pickle", at, found.end, f"a pickle that imports {found.name}")


def _zip_or_pe(source: Source, at: int, seeker: "Seeker") -> Hit | None:
    if source.read(at, 2) == b"PE":
        return _pe(source, at, seeker)
    try:
        record = local_record(source, at)
    except MalformedError:
        return None
    likely = record.method < _METHODS and 0 < len(record.name) <= _LONGEST_NAME
    if not likely or any(byte < 32 for byte in record.name):
        return None
    return Hit("zip", at, source.size, "a zip archive")


def _pe(source: Source, at: int, seeker: "Seeker") -> Hit | None:
    """Look for the DOS header that a PE header belongs to."""
    begin = max(0, at - _DOS)
    before = source.read(begin, at - begin)
    start = before.rfind(b"MZ")
    while start >= 0:
        hit = _program(source, begin + start, seeker)
        if hit is not None:
            return hit
        start = before.rfind(b"MZ", 0, start + 1)
    return None


def _program(source: Source, at: int, seeker: "Seeker") -> Hit | None:
    """Look for a program; what lies behind its header is searched all the same."""
    del seeker
    program = program_at(source, at)
    if program is None or program.kind != "native":
        return None
    return Hit("program", at, at + 1, program.title)


_FIRST = rb"()BCFGIJKLMNPSTUVX\]c}\x82-\x84\x88-\x8f\x95-\x97"  # opcodes that need no stack
_NAME = rb"[A-Za-z_][A-Za-z0-9_.]{0,200}"
_MODULE = re.compile(rb"[ci]" + _NAME + rb"\Z")
_MARKS = (
    _Mark(rb"\x80[\0-\x05][" + _FIRST + rb"]", _pickle),
    _Mark(rb"\n" + _NAME + rb"(?=\n)", _old_pickle),
    _Mark(rb"P(?:K\x03\x04|E\0\0)", _zip_or_pe),
    _Mark(rb"\x7fELF", _program),
)
