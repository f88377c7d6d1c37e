# SPDX-License-Identifier: Apache-2.0
"""A writer of small HDF5 files, right or wrong: superblock 0, old groups, attributes, datasets."""

import struct

FLOAT = struct.pack("<B3sI", 0x11, b"\x20\x1f\0", 4) + struct.pack(
    "<HHBBBBI", 0, 32, 23, 8, 0, 23, 127
)


def message(kind: int, data: bytes, flags: int = 0) -> bytes:
    """Return a message of an object header of version 1."""
    data += bytes(-len(data) % 8)
    return struct.pack("<HHB3x", kind, len(data), flags) + data


def header(*messages: bytes) -> bytes:
    """Return an object header of version 1."""
    body = b"".join(messages)
    return struct.pack("<BBHII4x", 1, 0, len(messages), 1, len(body)) + body


def attribute(name: str, value: bytes) -> bytes:
    """Return an attribute that is a text of fixed length."""

    def padded(data: bytes) -> bytes:
        return data + bytes(-len(data) % 8)

    text = name.encode() + b"\0"
    kind = struct.pack("<B3sI", 0x13, b"\0\0\0", len(value))
    space = struct.pack("<BBB5x", 1, 0, 0)
    head = struct.pack("<BBHHH", 1, 0, len(text), len(kind), len(space))
    return message(0x0C, head + padded(text) + padded(kind) + padded(space) + value)


def shape(*extents: int) -> bytes:
    """Return the dataspace of a dataset."""
    return message(
        0x01, struct.pack("<BBB5x", 1, len(extents), 0) + struct.pack(f"<{len(extents)}Q", *extents)
    )


class Hdf5Writer:
    """Puts blocks one behind the other, and a superblock before them."""

    def __init__(self, block: int = 0) -> None:
        self.user = bytes(block)
        self.data = bytearray(96)

    def put(self, data: bytes) -> int:
        """Add a block; return its address."""
        self.data += bytes(-len(self.data) % 8)
        at = len(self.data)
        self.data += data
        return at

    def group(self, members: dict[str, int | str], *more: bytes) -> int:
        """Add a group of objects by address, and of soft links by path; return its address."""
        texts, entries = bytearray(8), b""
        for name, target in sorted(members.items()):
            at = len(texts)
            texts += name.encode() + b"\0"
            if isinstance(target, int):
                entries += struct.pack("<QQII16x", at, target, 0, 0)
            else:
                entries += struct.pack("<QQII", at, 0, 2, 0) + struct.pack("<I12x", len(texts))
                texts += target.encode() + b"\0"
        segment = self.put(bytes(texts))
        heap = self.put(b"HEAP" + struct.pack("<B3xQQQ", 0, len(texts), 1, segment))
        symbols = self.put(b"SNOD" + struct.pack("<BBH", 1, 0, len(members)) + entries)
        none = (1 << 64) - 1
        tree = self.put(b"TREE" + struct.pack("<BBHQQQQQ", 0, 0, 1, none, none, 0, symbols, 0))
        return self.put(header(message(0x11, struct.pack("<QQ", tree, heap)), *more))

    def dataset(self, extents: tuple[int, ...], data: bytes, size: int | None = None) -> int:
        """Add a dataset of 32-bit floating numbers, stored in one piece; return its address."""
        at = self.put(data)
        length = len(data) if size is None else size
        layout = message(0x08, struct.pack("<BBQQ", 3, 1, at, length))
        return self.put(header(shape(*extents), message(0x03, FLOAT), layout))

    def stored_outside(self, path: str) -> int:
        """Add a dataset whose bytes lie in another file; return its address."""
        texts = bytes(8) + path.encode() + b"\0"
        segment = self.put(texts)
        heap = self.put(b"HEAP" + struct.pack("<B3xQQQ", 0, len(texts), 1, segment))
        files = message(0x07, struct.pack("<B3xHHQQQQ", 1, 1, 1, heap, 8, 0, 16))
        return self.put(header(shape(4), message(0x03, FLOAT), files))

    def finish(self, root: int) -> bytes:
        """Return the file."""
        head = b"\x89HDF\r\n\x1a\n" + struct.pack("<BBBBBBBBHHI", 0, 0, 0, 0, 0, 8, 8, 0, 4, 16, 0)
        none = (1 << 64) - 1
        words = struct.pack("<QQQQ", len(self.user), none, len(self.data), none)
        self.data[:96] = head + words + struct.pack("<QQII16x", 0, root, 0, 0)
        return self.user + bytes(self.data)


def outward_link(name: str, file: str) -> bytes:
    """Return the message of a link to an object of another file."""
    target = b"\0" + file.encode() + b"\0/x\0"
    head = struct.pack("<BBBB", 1, 8, 64, len(name)) + name.encode()
    return message(0x06, head + struct.pack("<H", len(target)) + target)


def hdf5(config: bytes = b'{"class_name": "Sequential", "config": {"layers": []}}') -> bytes:
    """Return a file as Keras writes it: a configuration and a group of weights."""
    writer = Hdf5Writer()
    weights = writer.group({"kernel": writer.dataset((2, 3), bytes(range(24)))})
    attributes = attribute("keras_version", b"2.15.0"), attribute("model_config", config)
    return writer.finish(writer.group({"model_weights": weights}, *attributes))
