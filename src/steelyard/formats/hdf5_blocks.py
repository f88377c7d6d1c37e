# SPDX-License-Identifier: Apache-2.0
"""The blocks that an HDF5 file is made of: superblock, object headers, heaps, trees of groups.

Source: HDF5 File Format Specification 3.0 (The HDF Group), sections II to IV.
"""

from collections.abc import Iterator

import msgspec

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.port import Budget
from steelyard.formats.source import Source, exactly

MAGIC = b"\x89HDF\r\n\x1a\n"
PLACES = (0, *(1 << power for power in range(9, 25)))  # where a superblock may begin
NESTED = 64  # groups in each other, levels of a tree

_BLOCK = 64 << 20  # bytes of one block that is read
_MESSAGES = 100_000  # messages of one object
_BLOCKS = 1_000_000  # blocks of one file
_CONTINUATION = 0x10


class Superblock(msgspec.Struct, frozen=True):
    """Where everything begins.

    Attributes:
        at: Offset of the superblock.
        base: What all addresses count from.
        width: Bytes of an address.
        span: Bytes of a length.
        root: Address of the root group's object header.
        end: Address behind the last byte, as the file says.
    """

    at: int
    base: int
    width: int
    span: int
    root: int
    end: int


class HeaderMessage(msgspec.Struct, frozen=True):
    """A message of an object header.

    Attributes:
        kind: Its type, such as 0x0C for an attribute.
        data: What it says.
        flags: Bit 1: it is shared, what it says is elsewhere.
        at: Offset in the file.
    """

    kind: int
    data: bytes
    flags: int
    at: int


def find_magic(source: Source) -> int:
    """Return where the superblock is, at 0 or behind a user block; -1 when there is none."""
    places = (at for at in PLACES if at + len(MAGIC) <= source.size)
    return next((at for at in places if source.read(at, len(MAGIC)) == MAGIC), -1)


class Blocks:
    """Reads blocks by address.

    Args:
        source: The file.
        budget: Bounds the time.

    Raises:
        MalformedError: There is no superblock, or it makes no sense.
    """

    def __init__(self, source: Source, budget: Budget) -> None:
        self.source = source
        self.budget = budget
        self._count = 0
        at = find_magic(source)
        if at < 0:
            raise MalformedError("no HDF5 superblock", at=0)
        self.top = self._superblock(at)
        self.undefined = (1 << (8 * self.top.width)) - 1

    def _superblock(self, at: int) -> Superblock:
        head = exactly(self.source, at, 16, "HDF5 superblock")
        version = head[8]
        if version > 3:
            raise MalformedError(f"HDF5 superblock of version {version}, known are 0 to 3", at + 8)
        width, span = (head[13], head[14]) if version < 2 else (head[9], head[10])
        if width not in (2, 4, 8) or span not in (2, 4, 8):
            raise MalformedError(f"HDF5 addresses of {width} bytes, lengths of {span}", at)
        start = at + (12 if version >= 2 else 24 if version == 0 else 28)
        count = 6 if version < 2 else 4
        data = exactly(self.source, start, count * width, "HDF5 superblock")
        words = [_number(data, n * width, width) for n in range(count)]
        root = words[5] if version < 2 else words[3]
        return Superblock(at, words[0], width, span, root, words[2])

    def offset(self, address: int) -> int:
        """Return the offset in the file of an address."""
        return self.top.base + address

    def block(self, address: int, size: int, what: str) -> bytes:
        """Return the bytes at an address.

        Raises:
            MalformedError: They are not all there.
            LimitError: They are many, or there are many such blocks.
        """
        self._count += 1
        if self._count > _BLOCKS:
            raise LimitError(f"more than {_BLOCKS:,} blocks")
        if size > _BLOCK:
            raise LimitError(f"{what} of {size:,} bytes, at most {_BLOCK:,} are read")
        if self._count % 256 == 0:
            self.budget.check_time()
        return exactly(self.source, self.offset(address), size, what)

    def address(self, data: bytes, at: int) -> int:
        """Return the address that stands in some bytes."""
        return _number(data, at, self.top.width)

    def length(self, data: bytes, at: int) -> int:
        """Return the length that stands in some bytes."""
        return _number(data, at, self.top.span)

    def messages(self, address: int) -> Iterator[HeaderMessage]:
        """Yield the messages of an object header, those of its continuations included.

        Raises:
            MalformedError: It makes no sense.
        """
        head = self.block(address, 16, "HDF5 object header")
        if head.startswith(b"OHDR"):
            start, size, extra = self._second(address, head)
        elif head[0] == 1:
            start, size, extra = address + 16, int.from_bytes(head[8:12], "little"), -1
        else:
            raise MalformedError("no HDF5 object header", at=self.offset(address))
        waiting, seen, count = [(start, size)], {start}, 0
        while waiting:
            start, size = waiting.pop(0)
            data = self.block(start, size, "HDF5 object header")
            for message in self._split(data, extra, self.offset(start)):
                count += 1
                if count > _MESSAGES:
                    raise LimitError(f"more than {_MESSAGES:,} messages", at=message.at)
                if message.kind != _CONTINUATION:
                    yield message
                    continue
                block = self._continued(message.data, extra)
                if block[0] not in seen:
                    seen.add(block[0])
                    waiting.append(block)

    def _second(self, address: int, head: bytes) -> tuple[int, int, int]:
        """Return where the messages of a header of version 2 are, and bytes of order in each."""
        flags = head[5]
        at = 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        width = 1 << (flags & 3)
        size = _number(self.block(address + at, width, "HDF5 object header"), 0, width)
        return address + at + width, size, 2 if flags & 4 else 0

    def _continued(self, data: bytes, extra: int) -> tuple[int, int]:
        address, size = self.address(data, 0), self.length(data, self.top.width)
        return (address, size) if extra < 0 else (address + 4, max(0, size - 8))

    def _split(self, data: bytes, extra: int, offset: int) -> Iterator[HeaderMessage]:
        at, head = 0, 8 if extra < 0 else 4 + extra
        while at + head <= len(data):
            if extra < 0:
                kind, size, flags = _number(data, at, 2), _number(data, at + 2, 2), data[at + 4]
            else:
                kind, size, flags = data[at], _number(data, at + 1, 2), data[at + 3]
            start = at + head
            if start + size > len(data):
                raise MalformedError("an HDF5 message exceeds its object header", at=offset + at)
            yield HeaderMessage(kind, data[start : start + size], flags, offset + at)
            at = start + size

    def heap(self, address: int) -> bytes:
        """Return the texts of a local heap."""
        head = self.block(address, 8 + 2 * self.top.span + self.top.width, "HDF5 local heap")
        if not head.startswith(b"HEAP"):
            raise MalformedError("no HDF5 local heap", at=self.offset(address))
        size = self.length(head, 8)
        return self.block(self.address(head, 8 + 2 * self.top.span), size, "HDF5 local heap")

    def global_object(self, address: int, index: int) -> bytes:
        """Return an object of a global heap, where texts of variable length lie.

        Raises:
            MalformedError: There is no such object.
        """
        span = self.top.span
        head = self.block(address, 8 + span, "HDF5 global heap")
        if not head.startswith(b"GCOL"):
            raise MalformedError("no HDF5 global heap", at=self.offset(address))
        data = self.block(address, self.length(head, 8), "HDF5 global heap")
        at = 8 + span
        while at + 8 + span <= len(data):
            number, size = _number(data, at, 2), self.length(data, at + 8)
            start = at + 8 + span
            if number == index and start + size <= len(data):
                return data[start : start + size]
            if number == 0:
                break
            at = start + -(-size // 8) * 8
        raise MalformedError(f"no object {index} in an HDF5 heap", at=self.offset(address))

    def symbols(self, tree: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield the entries of a group: offset of the name, address, kind, offset of a link's value.

        Raises:
            MalformedError: A node of the tree makes no sense.
        """
        waiting, seen = [(tree, 0)], set()
        while waiting:
            address, depth = waiting.pop()
            if address in seen or address == self.undefined:
                continue
            seen.add(address)
            if depth > NESTED:
                raise LimitError(f"HDF5 tree of more than {NESTED} levels")
            head = self.block(address, 8, "HDF5 tree")
            if head.startswith(b"TREE"):
                children = self._children(address, _number(head, 6, 2))
                waiting += [(child, depth + 1) for child in reversed(children)]
            elif head.startswith(b"SNOD"):
                yield from self._entries(address, _number(head, 6, 2))
            else:
                raise MalformedError("no node of an HDF5 group", at=self.offset(address))

    def _children(self, address: int, count: int) -> list[int]:
        width, span = self.top.width, self.top.span
        start = 8 + 2 * width
        data = self.block(address, start + count * (width + span) + span, "HDF5 tree")
        return [self.address(data, start + span + n * (span + width)) for n in range(count)]

    def _entries(self, address: int, count: int) -> Iterator[tuple[int, int, int, int]]:
        width = self.top.width
        size = 2 * width + 24
        data = self.block(address, 8 + count * size, "HDF5 symbols")
        for at in range(8, 8 + count * size, size):
            name, target = self.address(data, at), self.address(data, at + width)
            kind = _number(data, at + 2 * width, 4)
            yield name, target, kind, _number(data, at + 2 * width + 8, 4)


def _number(data: bytes, at: int, width: int) -> int:
    if at + width > len(data):
        raise MalformedError("truncated: an HDF5 block ends within a number")
    return int.from_bytes(data[at : at + width], "little")
