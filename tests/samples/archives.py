# SPDX-License-Identifier: Apache-2.0
"""Archives to read: honest ones, and ones whose readers disagree."""

import io
import lzma
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Iterable

from steelyard.core.limits import Limits
from steelyard.core.subject import Part
from steelyard.formats.nesting import parts
from steelyard.formats.port import Budget
from steelyard.formats.source import BytesSource

HARMLESS = b"\x80\x04}."
PAYLOAD = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R."
"""A pickle that would call os.system."""

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


def layers(data: bytes, name: str = "x", limits: Limits | None = None) -> list[Part]:
    """Return every layer of some bytes."""
    return list(parts(name, BytesSource(data), Budget(limits or Limits())))


def named(data: bytes, name: str = "x", limits: Limits | None = None) -> dict[str, Part]:
    """Return the layers by name, `` for the outermost."""
    return {
        part.where.partition("!")[2]: part
        for part in reversed(layers(data, name, limits))
        if part.format != "unread"
    }


def unread(data: bytes, limits: Limits | None = None) -> list[str]:
    """Return why layers were not, or not wholly, read."""
    return [part.unread for part in layers(data, limits=limits) if part.unread]


def zipped(
    members: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_STORED, comment: bytes = b""
) -> bytes:
    """Return a zip archive; two members may have the same name."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as archive:
        warnings.simplefilter("ignore")
        archive.comment = comment
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return buffer.getvalue()


def streamed(members: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    """Return a zip archive written to a stream: sizes and checksums follow the data."""
    buffer = _Stream()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return bytes(buffer.data)


class _Stream(io.RawIOBase):
    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self.data += data
        return len(data)


def torch_like(pickled: bytes = HARMLESS) -> bytes:
    """Return a zip archive with the members of a torch file."""
    names = ("archive/data.pkl", "archive/version", "archive/byteorder")
    return zipped(zip(names, (pickled, b"3\n", b"little"), strict=True))


def patched(data: bytes, signature: bytes, offset: int, replacement: bytes) -> bytes:
    """Return data with bytes replaced at an offset from the first occurrence of a signature."""
    at = data.index(signature) + offset
    return data[:at] + replacement + data[at + len(replacement) :]


def both_patched(data: bytes, local: int, central: int, replacement: bytes) -> bytes:
    """Return a zip archive with bytes replaced in the first local header and the first entry."""
    return patched(patched(data, LOCAL, local, replacement), CENTRAL, central, replacement)


def linked(name: str, target: str) -> bytes:
    """Return a zip archive with a symbolic link."""
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = 0o120777 << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, target)
    return buffer.getvalue()


def two_directories(seen_by_size: bytes, seen_by_offset: bytes) -> bytes:
    """Return an archive that is one by the size of its directory, another by its offset.

    Both must be archives with as many members, and directories of the same size.
    """
    end = seen_by_size.index(END)
    size = struct.unpack_from("<L", seen_by_size, end + 12)[0]
    offset = seen_by_offset.index(CENTRAL)
    body = seen_by_offset[: seen_by_offset.index(END)] + seen_by_size[: end - size]
    directory = seen_by_size[end - size : end]
    assert size == seen_by_offset.index(END) - offset
    return body + directory + seen_by_size[end : end + 16] + struct.pack("<LH", offset, 0)


def overlapping(count: int, unpacked: int) -> bytes:
    """Return a zip archive of which many entries share the data of one member."""
    data = zipped([("a", bytes(unpacked))], zipfile.ZIP_DEFLATED)
    start, end = data.index(CENTRAL), data.index(END)
    directory = data[start:end] * count
    sizes = struct.pack("<HHLLH", count, count, len(directory), start, 0)
    return data[:start] + directory + data[end : end + 8] + sizes


def nested(depth: int, data: bytes = HARMLESS) -> bytes:
    """Return a zip archive in a zip archive, and so on."""
    for _ in range(depth):
        data = zipped([("in.zip", data)])
    return data


def tarred(
    members: Iterable[tuple[str, bytes]], mode: str = "w", format: int = tarfile.PAX_FORMAT
) -> bytes:
    """Return a tar archive; `mode` may compress it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode, format=format) as archive:  # type: ignore[call-overload]
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def tar_special(kind: bytes, name: str, link: str = "", then: str = "") -> bytes:
    """Return a tar archive with a link or a device, and a file behind it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, link
        archive.addfile(info)
        if then:
            archive.addfile(tarfile.TarInfo(then))
    return buffer.getvalue()


def tar_header(name: bytes, size: int, kind: bytes = b"0") -> bytes:
    """Return a header block with its checksum."""
    block = bytearray(512)
    block[: len(name)] = name
    block[124:136] = b"%011o\0" % size
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def padded(data: bytes) -> bytes:
    """Return data with zeros up to a whole tar block."""
    return data + bytes(-len(data) % 512)


def seven_zipped(name: str, data: bytes, method: str = "copy") -> bytes:
    """Return a 7z archive with one member: `copy`, `lzma`, `lzma2` or `aes`."""
    coders = {
        "copy": (b"\x01\0", data),
        "lzma": (b"\x23\x03\x01\x01\x05\x5d\0\0\x10\0", _raw(data, lzma.FILTER_LZMA1)),
        "aes": (b"\x04\x06\xf1\x07\x01", data),
        "lzma2": (b"\x21\x21\x01\x10", _raw(data, lzma.FILTER_LZMA2)),
    }
    coder, packed = coders[method]
    text = name.encode("utf-16-le") + b"\0\0"
    header = (
        b"\x01\x04\x06\0\x01\x09" + _number(len(packed)) + b"\0"
        b"\x07\x0b\x01\0\x01" + coder + b"\x0c" + _number(len(data))
        + b"\x0a\x01" + struct.pack("<L", zlib.crc32(data)) + b"\0\x08\0\0"
        b"\x05\x01\x11" + _number(len(text) + 1) + b"\0" + text + b"\0\0"
    )  # fmt: skip
    start = struct.pack("<QQL", len(packed), len(header), zlib.crc32(header))
    magic = b"7z\xbc\xaf\x27\x1c\0\x04" + struct.pack("<L", zlib.crc32(start))
    return magic + start + packed + header


def _raw(data: bytes, kind: int) -> bytes:
    filters = [{"id": kind, "dict_size": 1 << 20, "lc": 3, "lp": 0, "pb": 2}]
    return lzma.compress(data, lzma.FORMAT_RAW, filters=filters)


def _number(value: int) -> bytes:
    return (
        bytes([0xC0 | value >> 16, value & 255, value >> 8 & 255])
        if value > 127
        else bytes([value])
    )


def gzip_bomb(mebibytes: int) -> bytes:
    """Return a gzip stream of zeros, packed a thousandfold; its checksum is missing."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + block * (mebibytes - 1)


def zip_bomb(mebibytes: int) -> bytes:
    """Return a zip archive of one member of zeros, packed a thousandfold."""
    packed = gzip_bomb(mebibytes)[10:]
    plain = zipped([("a", packed)])
    data = both_patched(plain, 8, 10, b"\x08\0")
    return both_patched(data, 22, 24, struct.pack("<L", mebibytes << 20))
