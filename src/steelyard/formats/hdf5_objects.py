# SPDX-License-Identifier: Apache-2.0
"""Walking the objects of an HDF5 file: groups, links out of the file, attributes, where data lies.

Source: HDF5 File Format Specification 3.0, section IV.A.2 (messages 0x02, 0x06, 0x07, 0x08, 0x11).
"""

import msgspec

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.flaws import FlawList
from steelyard.formats.hdf5_blocks import NESTED, Blocks, HeaderMessage
from steelyard.formats.hdf5_types import (
    Attribute,
    attribute_of,
    count_of,
    element_kind,
)
from steelyard.formats.paths import shown
from steelyard.formats.ranges import Range

_OBJECTS = 500_000
_ATTRIBUTES = 20_000
_SPACE, _LINKS, _TYPE, _LINK, _EXTERNAL, _LAYOUT, _ATTRIBUTE, _DENSE, _GROUP = (
    0x01, 0x02, 0x03, 0x06, 0x07, 0x08, 0x0C, 0x15, 0x11,
)  # fmt: skip
_SHARED = 2


class Outside(msgspec.Struct, frozen=True):
    """Something that lies in another file, or is only another name.

    Attributes:
        kind: `external-link`, `external-storage`, `virtual` or `soft-link`.
        path: Of the object that refers to it.
        target: What it refers to.
        at: Offset of the reference.
    """

    kind: str
    path: str
    target: str
    at: int


class ObjectWalk:
    """What is being found in a file.

    Args:
        blocks: Reads it.
    """

    def __init__(self, blocks: Blocks) -> None:
        self.attributes: list[tuple[str, Attribute]] = []
        self.outside: list[Outside] = []
        self.claims: list[Range] = []
        self.objects = 0
        self.flaws = FlawList()
        self.missing = ""
        self._blocks = blocks
        self._seen: set[int] = set()
        self._waiting: list[tuple[int, str, int]] = []

    def run(self) -> None:
        """Walk everything that can be reached from the root group.

        Raises:
            MalformedError: An object makes no sense.
            LimitError: There are too many.
        """
        self._waiting.append((self._blocks.top.root, "", 0))
        while self._waiting:
            address, path, depth = self._waiting.pop()
            if address in self._seen:
                continue
            self._seen.add(address)
            self.objects += 1
            if self.objects > _OBJECTS:
                raise LimitError(f"more than {_OBJECTS:,} objects")
            if depth > NESTED:
                raise LimitError(f"groups nested more than {NESTED} deep")
            self._object(address, path, depth)

    def _object(self, address: int, path: str, depth: int) -> None:
        described: dict[int, HeaderMessage] = {}
        for message in self._blocks.messages(address):
            if message.kind == _ATTRIBUTE:
                self._attribute(message, path)
            elif message.kind == _LINK:
                self._link(message, path, depth)
            elif message.kind == _GROUP:
                self._group(message.data, path, depth)
            elif message.kind in (_LINKS, _DENSE):
                self._dense(message)
            elif message.kind == _EXTERNAL:
                self._external(message, path)
            described[message.kind] = message
        if _LAYOUT in described and _EXTERNAL not in described:
            self._layout(described[_LAYOUT], described, path)

    def _attribute(self, message: HeaderMessage, path: str) -> None:
        if message.flags & _SHARED:
            self.missing = self.missing or "an attribute that is stored in the file's shared heap"
            return
        found = attribute_of(message.data, message.at, self._blocks)
        if found is not None and found.value:
            self.attributes.append((path, found))
            if len(self.attributes) > _ATTRIBUTES:
                raise LimitError(f"more than {_ATTRIBUTES:,} attributes", at=message.at)

    def _group(self, data: bytes, path: str, depth: int) -> None:
        tree = self._blocks.address(data, 0)
        heap = self._blocks.heap(self._blocks.address(data, self._blocks.top.width))
        for name_at, target, kind, value_at in self._blocks.symbols(tree):
            name = f"{path}/{_text(heap, name_at)}"
            if kind == 2:
                self.outside.append(Outside("soft-link", name, _text(heap, value_at), -1))
            else:
                self._waiting.append((target, name, depth + 1))

    def _link(self, message: HeaderMessage, path: str, depth: int) -> None:
        data = message.data
        if len(data) < 4:
            raise MalformedError("truncated: an HDF5 link", at=message.at)
        flags, at, kind = data[1], 2, 0
        if flags & 8:
            kind, at = data[at], at + 1
        at += (8 if flags & 4 else 0) + (1 if flags & 16 else 0)
        width = 1 << (flags & 3)
        size = int.from_bytes(data[at : at + width], "little")
        at += width
        name = f"{path}/{shown(data[at : at + size].decode('utf-8', 'backslashreplace'))}"
        rest = data[at + size :]
        if kind == 0:
            self._waiting.append((self._blocks.address(rest, 0), name, depth + 1))
        elif kind == 1:
            self.outside.append(Outside("soft-link", name, _text(rest, 2), message.at))
        else:
            target = rest[3:].split(b"\0")[0].decode("utf-8", "backslashreplace")
            self.outside.append(Outside("external-link", name, shown(target), message.at))

    def _dense(self, message: HeaderMessage) -> None:
        """Note that links or attributes lie in a fractal heap, which is not read."""
        if len(message.data) < 2:
            return
        links = message.kind == _LINKS
        at = 2 + (8 if links and message.data[1] & 1 else 0)
        at += 2 if not links and message.data[1] & 1 else 0
        if self._blocks.address(message.data, at) != self._blocks.undefined:
            what = "links" if links else "attributes"
            self.missing = self.missing or f"{what} of an object that are stored in a fractal heap"

    def _external(self, message: HeaderMessage, path: str) -> None:
        data, blocks = message.data, self._blocks
        heap = blocks.heap(blocks.address(data, 8))
        used = int.from_bytes(data[6:8], "little")
        start, span = 8 + blocks.top.width, blocks.top.span
        for at in range(start, start + 3 * span * used, 3 * span):
            target = _text(heap, blocks.length(data, at))
            self.outside.append(Outside("external-storage", path, target, message.at))

    def _layout(
        self,
        message: HeaderMessage,
        described: dict[int, HeaderMessage],
        path: str,
    ) -> None:
        data, blocks = message.data, self._blocks
        if len(data) < 2 or data[0] not in (3, 4):
            return
        if data[1] == 3:
            self.outside.append(
                Outside("virtual", path, "files that the dataset names", message.at)
            )
        space, form = described.get(_SPACE), described.get(_TYPE)
        if data[1] != 1 or space is None or form is None or form.flags & _SHARED:
            return
        kind = element_kind(form.data)
        address, size = blocks.address(data, 2), blocks.length(data, 2 + blocks.top.width)
        if address == blocks.undefined or not kind.numbers:
            return
        start = blocks.offset(address)
        needed = count_of(space.data, blocks) * kind.size
        if start + size > blocks.source.size:
            message_ = f"dataset {path!r} reaches to byte {start + size:,}"
            self.flaws.add("out-of-bounds", message_, message.at)
        elif size != needed:
            message_ = f"dataset {path!r} needs {needed:,} bytes and has {size:,}"
            self.flaws.add("dataset-size", message_, message.at)
        else:
            self.claims.append(Range(start, start + size, path))


def _text(heap: bytes, at: int) -> str:
    return shown(heap[at : at + 4096].partition(b"\0")[0].decode("utf-8", "backslashreplace"))
