# SPDX-License-Identifier: Apache-2.0
"""The port of every format: how it is recognised, and what its reader gives.

A format is one module of this folder that defines one `Format`. Formats are tried by `rank`, then by
id; the first whose `matches` says yes reads the bytes. A reader raises `MalformedError` or
`LimitError` and nothing else, whatever the bytes.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from steelyard.core.errors import LimitError
from steelyard.core.limits import Limits
from steelyard.formats.source import Source

HEAD_BYTES = 4096


class Glimpse(msgspec.Struct, frozen=True, kw_only=True):
    """What identification may look at first.

    Attributes:
        name: Last component of the name the bytes have; a claim, never a proof.
        head: The first 4,096 bytes, or all of them.
        source: The bytes.
    """

    name: str
    head: bytes
    source: Source

    @property
    def suffix(self) -> str:
        """Return what follows the last dot of the name, lower case, without the dot."""
        return self.name.rpartition(".")[2].lower() if "." in self.name else ""

    def has(self, at: int, sign: bytes) -> bool:
        """Tell whether some bytes stand at an offset."""
        if at + len(sign) <= len(self.head):
            return self.head.startswith(sign, at)
        return at + len(sign) <= self.source.size and self.source.read(at, len(sign)) == sign


class Flaw(msgspec.Struct, frozen=True, kw_only=True):
    """A contradiction inside bytes that could be read all the same.

    Attributes:
        code: Short stable name, such as `overlap`; a check makes a finding of it.
        message: What contradicts what, with the values; no full stop.
        at: Byte offset within the layer; -1 when there is none.
    """

    code: str
    message: str
    at: int = -1


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Something nested inside a layer.

    Attributes:
        name: Name within the layer.
        source: Its bytes; None when they cannot be had.
        format: Id of the format it is to be read as, whatever it looks like; empty when it is to be
            identified.
        content: What the outer reader made of it already, in that format.
        unread: Why its bytes cannot be had, or not all of them; empty when they can.
    """

    name: str
    source: Source | None = None
    format: str = ""
    content: "Content | None" = None
    unread: str = ""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader made of some bytes; each format derives its own. It holds no source.

    Attributes:
        flaws: Contradictions that did not keep it from being read.
        incomplete: Why not all of it was read; empty when all was.
        incomplete_at: Byte offset at which reading stopped; -1 when all was read.
    """

    flaws: tuple[Flaw, ...] = ()
    incomplete: str = ""
    incomplete_at: int = -1


class Budget:
    """What may still be spent on one file, all its layers together.

    Args:
        limits: The bounds.
        clock: Seconds of CPU time spent.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.thread_time) -> None:
        self.limits = limits
        self._members = limits.members
        self._expanded = limits.expanded_bytes
        self._opcodes = limits.opcodes
        self._clock = clock
        self._end = clock() + limits.seconds

    def spend_member(self) -> None:
        """Charge one member of an archive.

        Raises:
            LimitError: There were too many, or time is up.
        """
        self._members -= 1
        if self._members < 0:
            raise LimitError(f"more than {self.limits.members:,} members")
        self.check_time()

    def spend_opcodes(self, count: int) -> None:
        """Charge pickle opcodes.

        Raises:
            LimitError: There were too many, or time is up.
        """
        self._opcodes -= count
        if self._opcodes < 0:
            raise LimitError(f"more than {self.limits.opcodes:,} pickle opcodes")
        self.check_time()

    def spend_expanded(self, size: int) -> None:
        """Charge bytes that decompression made.

        Raises:
            LimitError: There were too many, or time is up.
        """
        self._expanded -= size
        if self._expanded < 0:
            raise LimitError(f"unpacks to more than {self.limits.expanded_bytes:,} bytes")
        self.check_time()

    def check_ratio(self, packed: int, unpacked: int) -> None:
        """Check how much decompression made of how little.

        Raises:
            LimitError: More than `limits.ratio` times as much, beyond the first MiB.
        """
        if unpacked > (1 << 20) and unpacked > packed * self.limits.ratio:
            raise LimitError(
                f"{packed:,} bytes unpack to more than {unpacked:,}, over {self.limits.ratio:,} times"
            )

    def check_time(self) -> None:
        """Check the clock.

        Raises:
            LimitError: Time is up.
        """
        if self._clock() > self._end:
            raise LimitError(f"took more than {self.limits.seconds:g} s of CPU time")


def no_members(content: Content, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield nothing: the format nests nothing."""
    del content, source, budget
    yield from ()


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """What must be known of a format before its module is imported.

    Attributes:
        id: One word, lower case; `Part.format`.
        rank: Formats of a lower rank are asked first: 10 a magic number at byte 0, 20 a container
            that must be looked into, 30 a shape without a magic number, 90 text, 99 anything.
        signs: Offsets, and bytes of which one stands there in whatever is of this format, so that
            it need not be asked about all else; none where it must be asked about anything.
    """

    id: str
    rank: int
    signs: tuple[tuple[int, bytes], ...] = ()

    def shows(self, glimpse: Glimpse) -> bool:
        """Tell whether one of the signs is there, or none is needed."""
        return not self.signs or any(glimpse.has(at, sign) for at, sign in self.signs)


class Format(Signature, frozen=True, kw_only=True):
    """A format, found by a scan of the folder.

    Attributes:
        title: Name for people.
        matches: Tells from a glimpse whether the bytes are of this format; reads little, raises
            nothing.
        read: Reads them.
        members: Yields what is nested inside, in order of offset, given the content and the same
            bytes; unpacking is charged to the budget. It raises as `read` does.
    """

    title: str
    matches: Callable[[Glimpse], bool]
    read: Callable[[Source, Budget], Content]
    members: Callable[[Any, Source, Budget], Iterator[Member]] = no_members
