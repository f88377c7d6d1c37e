# SPDX-License-Identifier: Apache-2.0
"""Tar: every member, every link, and every byte behind the last one."""

from collections.abc import Iterator

import msgspec

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.flaws import FlawList
from steelyard.formats.paths import escapes, lands_outside, printable
from steelyard.formats.polyglot import pickle_view
from steelyard.formats.port import Budget, Content, Format, Glimpse, Member
from steelyard.formats.ranges import first_filled, gap_member
from steelyard.formats.source import SliceSource, Source, exactly
from steelyard.formats.tar_records import BLOCK, Header, has_magic, header, is_header, pax_records

_EXTENDED = 1 << 20  # bytes of an extended header or a long name
_PATH = 4096  # bytes; Linux takes no longer path
_OCTAL_SIZE = 8**11  # bytes; what no longer fits a header's size field


class TarEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A member of a tar archive that has bytes.

    Attributes:
        name: Its path, printable.
        offset: Offset of its data.
        size: Bytes it has.
        unread: Why its bytes are not what a reader unpacks; empty when they are.
    """

    name: str
    offset: int
    size: int
    unread: str = ""


class Tar(Content, frozen=True, kw_only=True):
    """A tar archive.

    Attributes:
        entries: Its members that have bytes, in order.
        unclaimed: Ranges (start, end) that no member claims and that are not all zeros.
    """

    entries: tuple[TarEntry, ...]
    unclaimed: tuple[tuple[int, int], ...] = ()


def read(source: Source, budget: Budget) -> Tar:
    """Read the structure of a tar archive.

    Raises:
        LimitError: It has more than may be read.
        MalformedError: It does not begin with a header.
    """
    header(exactly(source, 0, BLOCK, "tar header"), 0)
    return _Walk(source, budget).result()


def members(content: Tar, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield every member and every unclaimed range, in order of offset."""
    yield from pickle_view(source, budget)
    things: list[tuple[int, TarEntry | int]] = [(entry.offset, entry) for entry in content.entries]
    things += content.unclaimed
    names: set[str] = set()
    for start, thing in sorted(things, key=lambda pair: pair[0]):
        if isinstance(thing, int):
            yield gap_member(source, start, thing)
            continue
        name = thing.name if thing.name not in names else f"{thing.name}@{start}"
        names.add(name)
        data = SliceSource(source, start, min(thing.size, source.size - start))
        yield Member(name=name, source=data, unread=thing.unread)


class _Walk:
    def __init__(self, source: Source, budget: Budget) -> None:
        self._source = source
        self._budget = budget
        self._flaws = FlawList()
        self._entries: list[TarEntry] = []
        self._unclaimed: list[tuple[int, int]] = []
        self._names: set[str] = set()
        self._links: set[bytes] = set()
        self._defaults: dict[bytes, bytes] = {}  # of a global extended header
        self._next: dict[bytes, bytes] = {}  # of the extended headers before a member
        self._incomplete = ("", -1)

    def result(self) -> Tar:
        at = 0
        while at < self._source.size:
            block = self._source.read(at, BLOCK)
            if not block.strip(b"\0"):
                break
            try:
                at = self._member(header(block, at), at)
            except MalformedError as error:
                self._flaws.add("broken", error.message, at)
                if isinstance(error, LimitError):
                    self._incomplete = (error.message, at)
                break
        self._claim_none(min(at, self._source.size), self._source.size)
        return Tar(
            entries=tuple(self._entries),
            unclaimed=tuple(self._unclaimed),
            flaws=self._flaws.all(),
            incomplete=self._incomplete[0],
            incomplete_at=self._incomplete[1],
        )

    def _claim_none(self, start: int, end: int) -> None:
        start = first_filled(self._source, start, end, self._budget)
        if start < end:
            self._unclaimed.append((start, end))

    def _member(self, head: Header, at: int) -> int:
        """Take a member and return where the next header should be."""
        self._budget.check_time()
        if len(self._entries) >= self._budget.limits.members:
            raise LimitError(f"more than {self._budget.limits.members:,} members", at=at)
        data = at + BLOCK
        if head.kind in "xgXLK":
            self._extended(head, data)
            return data + _padded(head.size)
        sparse = head.kind == "S" or any(key.startswith(b"GNU.sparse") for key in self._next)
        head = self._completed(head, at)
        self._judge(head, at)
        size = 0 if head.kind in "123456" else head.size
        if data + size > self._source.size:
            there = self._source.size - data
            self._incomplete = (f"cut off: {size:,} bytes announced, {there:,} there", data)
        if head.kind not in "123456D":
            self._take(
                head, data, "a sparse file: only the stored bytes were read" if sparse else ""
            )
        elif size:
            self._unclaimed.append((data, min(data + size, self._source.size)))
        end = data + size
        self._claim_none(end, min(data + _padded(size), self._source.size))
        return data + _padded(size)

    def _take(self, head: Header, data: int, unread: str) -> None:
        if head.kind == "M":
            unread = "a file that is continued from another archive"
        name = printable(head.name)
        self._entries.append(TarEntry(name=name, offset=data, size=head.size, unread=unread))

    def _extended(self, head: Header, data: int) -> None:
        if head.size > _EXTENDED:
            raise LimitError(
                f"an extended header of {head.size:,} bytes, over {_EXTENDED:,}", at=data
            )
        body = exactly(self._source, data, head.size, "extended header")
        if head.kind in "LK":
            key = b"path" if head.kind == "L" else b"linkpath"
            self._next[key] = body.partition(b"\0")[0]
        elif head.kind == "g":
            self._defaults |= _of_interest(pax_records(body, data))
        else:
            self._next |= _of_interest(pax_records(body, data))

    def _completed(self, head: Header, at: int) -> Header:
        """Return a header with what the extended headers before it say."""
        said = {**self._defaults, **self._next}
        self._next = {}
        if not said:
            return head
        size = head.size
        if (digits := said.get(b"size")) is not None:
            size = int(digits) if digits.isdigit() and len(digits) < 20 else -1
            if size < 0:
                raise MalformedError(
                    f"impossible size {digits[:40]!r} in an extended header", at=at
                )
            if size != head.size and (head.size or size < _OCTAL_SIZE):
                message = f"{size:,} bytes by its extended header, {head.size:,} by its own"
                self._flaws.add("size", message, at)
        head = Header(
            name=said.get(b"GNU.sparse.name", said.get(b"path", head.name)),
            kind=head.kind,
            size=size,
            link=said.get(b"linkpath", head.link),
        )
        if max(len(head.name), len(head.link)) > _PATH:
            raise LimitError(f"a path of more than {_PATH:,} bytes", at=at)
        return head

    def _judge(self, head: Header, at: int) -> None:
        name = printable(head.name)
        if escapes(head.name):
            self._flaws.add("traversal", f"{name!r} leads outside the folder", at)
        if head.kind in "346":
            self._flaws.add("device", f"{name!r} is a device or a FIFO", at)
        elif head.kind in "12":
            self._judge_link(head, name, at)
        elif head.kind != "5":
            if name in self._names:
                self._flaws.add("repeated", f"a second member is called {name!r}", at)
            self._names.add(name)
        if self._links and any(above in self._links for above in _above(head.name)):
            self._flaws.add("through-link", f"{name!r} lies below a symbolic link", at)

    def _judge_link(self, head: Header, name: str, at: int) -> None:
        target = printable(head.link)
        symbolic = head.kind == "2"
        outside = lands_outside(head.name, head.link) if symbolic else escapes(head.link)
        code = "link-outside" if outside else "link"
        self._flaws.add(code, f"{name!r} is a link to {target!r}", at)
        if symbolic:
            self._links.add(_clean(head.name))


def _of_interest(records: dict[bytes, bytes]) -> dict[bytes, bytes]:
    wanted = (b"path", b"linkpath", b"size")
    return {
        key: value
        for key, value in records.items()
        if key in wanted or key.startswith(b"GNU.sparse.")
    }


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _clean(name: bytes) -> bytes:
    return b"/".join(part for part in name.split(b"/") if part not in (b"", b"."))


def _above(name: bytes) -> Iterator[bytes]:
    components = _clean(name).split(b"/")
    for count in range(1, len(components)):
        yield b"/".join(components[:count])


def _is_tar(glimpse: Glimpse) -> bool:
    block = glimpse.head[:BLOCK]
    return has_magic(block) or (bool(block.strip(b"\0")) and is_header(block))


TAR = Format(id="tar", title="Tar archive", rank=10, matches=_is_tar, read=read, members=members)
