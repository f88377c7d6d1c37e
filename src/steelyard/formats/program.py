# SPDX-License-Identifier: Apache-2.0
"""Programs: native code for processors and graphics cards, byte code for virtual machines.

Source: System V ABI, chapter 4 (ELF); Microsoft PE/COFF specification; Apple's mach-o/loader.h; the
JVM specification, 4.1; the WebAssembly core specification, 5.5; CPython's Lib/importlib.
"""

import struct
from collections.abc import Iterator

from steelyard.core.errors import MalformedError
from steelyard.formats.polyglot import other_views
from steelyard.formats.port import Budget, Content, Format, Glimpse, Member
from steelyard.formats.source import Source

_HEAD = 128
_GPU = {190: "CUDA", 224: "AMD GPU"}  # e_machine
_MACHO = (b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe")
_FAT_OR_JAVA = b"\xca\xfe\xba\xbe"
_WASM = b"\0asm\1\0\0\0"
_BYTE_CODE_FLAGS = (bytes(4), b"\1\0\0\0", b"\3\0\0\0")
_PE_MACHINES = (0x14C, 0x8664, 0x1C0, 0x1C4, 0xAA64, 0x200, 0x5032, 0x5064, 0x6264)


class Program(Content, frozen=True, kw_only=True):
    """A program.

    Attributes:
        kind: `native` (a processor runs it), `gpu`, `python` (byte code), `java`, `wasm`.
        title: What it is, such as `ELF shared library`.
    """

    kind: str
    title: str


def program_at(source: Source, at: int) -> Program | None:
    """Return the program that begins at an offset, by its header; None where there is none."""
    head = source.read(at, _HEAD)
    if head.startswith(b"\x7fELF"):
        return _elf(head)
    if head.startswith(b"MZ"):
        return _pe(source, at, head)
    if head.startswith(_MACHO) and len(head) >= 28:
        return Program(kind="native", title="Mach-O program")
    if head.startswith(_FAT_OR_JAVA):
        return _fat_or_java(head)
    if head.startswith(_WASM):
        return Program(kind="wasm", title="WebAssembly module")
    if head[2:4] == b"\r\n" and head[4:8] in _BYTE_CODE_FLAGS:
        return _python(head)
    return None


def _elf(head: bytes) -> Program | None:
    if len(head) < 52 or head[4] not in (1, 2) or head[5] not in (1, 2) or head[6] != 1:
        return None
    kind, machine, version = struct.unpack_from("<HHL" if head[5] == 1 else ">HHL", head, 16)
    if version != 1 or (kind > 4 and kind < 0xFE00):
        return None
    if machine in _GPU:
        return Program(kind="gpu", title=f"{_GPU[machine]} program")
    title = {1: "ELF object", 2: "ELF program", 3: "ELF shared library"}.get(kind, "ELF file")
    return Program(kind="native", title=title)


def _pe(source: Source, at: int, head: bytes) -> Program | None:
    if len(head) < 64:
        return None
    start = struct.unpack_from("<L", head, 60)[0]
    header = source.read(at + start, 24)
    if len(header) < 24 or not header.startswith(b"PE\0\0"):
        return None
    machine, flags = struct.unpack_from("<H16xH", header, 4)
    if machine not in _PE_MACHINES:
        return None
    return Program(kind="native", title="PE library" if flags & 0x2000 else "PE program")


def _fat_or_java(head: bytes) -> Program | None:
    """Tell a Mach-O for several processors from a Java class: both begin with CAFEBABE."""
    if len(head) < 10:
        return None
    count = struct.unpack_from(">L", head, 4)[0]
    if 0 < count < 20:
        return Program(kind="native", title="Mach-O program for several processors")
    if 45 <= count & 0xFFFF < 200:
        return Program(kind="java", title="Java class")
    return None


def _python(head: bytes) -> Program | None:
    """Tell byte code by its header, behind which the marshalled code object begins."""
    starts = (b"\xe3", b"c")
    if head[16:17] in starts or head[12:13] in starts or head[8:9] in starts:
        return Program(
            kind="python",
            title="Python byte code",
            incomplete="Python byte code, which is not read",
            incomplete_at=0,
        )
    return None


def read(source: Source, budget: Budget) -> Content:
    """Say which program it is.

    Raises:
        MalformedError: It is none.
    """
    del budget
    found = program_at(source, 0)
    if found is None:
        raise MalformedError("no program's header", at=0)
    return found


def members(content: Program, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield what other readers would make of the bytes, such as an archive behind the program."""
    del content
    yield from other_views(source, budget)


def _is_program(glimpse: Glimpse) -> bool:
    return program_at(glimpse.source, 0) is not None


PROGRAM = Format(
    id="program",
    title="Program",
    rank=10,
    signs=(
        *((0, magic) for magic in (b"\x7fELF", b"MZ", *_MACHO, _FAT_OR_JAVA, _WASM)),
        *((2, b"\r\n" + flags) for flags in _BYTE_CODE_FLAGS),
    ),
    matches=_is_program,
    read=read,
    members=members,
)
