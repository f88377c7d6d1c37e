# SPDX-License-Identifier: Apache-2.0
"""Probe `program`: is there code among the files that a processor or a virtual machine runs?"""

from collections.abc import Iterator

from steelyard.core.claim import Claim, Severity
from steelyard.core.probe import Context, Descriptor, probe
from steelyard.core.subject import Model
from steelyard.formats.program import Program

NATIVE = Descriptor(
    id="program.native",
    severity=Severity.HIGH,
    title="A program among the files",
    page="""
A file, or a part of one, is a program or a shared library for a processor: ELF, PE or Mach-O. Weights
need none. Loaders of custom operators and plug-ins load such libraries with all the rights of their
user, and nothing in its bytes tells what one does.
""",
    remedy="Remove it, or build it yourself from source that you have read",
)
BYTE_CODE = Descriptor(
    id="program.byte-code",
    severity=Severity.MEDIUM,
    title="Byte code among the files",
    page="""
A file is compiled Python, Java or WebAssembly. Python imports a compiled file in place of its source,
with or without the source beside it, so that reading the source tells nothing. Folders called
`__pycache__` hold such files when they were uploaded by mistake.
""",
    remedy="Remove it; Python compiles the source again where it is needed",
)
GPU = Descriptor(
    id="program.gpu",
    severity=Severity.MEDIUM,
    title="A program for a graphics card among the files",
    page="""
A file is code for a graphics card. It runs with the rights of whoever loads it on the card's memory;
what it computes is not examined.
""",
    remedy="Build it yourself from source that you have read",
)
_KINDS = {"native": NATIVE, "gpu": GPU, "python": BYTE_CODE, "java": BYTE_CODE, "wasm": BYTE_CODE}


@probe("program", version="1", descriptors=(NATIVE, BYTE_CODE, GPU), formats=("program",))
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Tell which files are programs, whatever they are called.

    ## What it looks at
    The first bytes of every layer: the files, the members of archives, and what lies hidden in bytes of
    no known format.

    ## Why it matters
    A program under the name of a model waits for someone to run it; a shared library for someone to
    load it, which custom operators, plug-ins and quantisation kernels do. A model needs neither.

    ## How to read it
    One finding for each program: what kind it is, where it lies. It is high for code that a
    processor runs, medium for byte code and for code of graphics cards.

    ## What it cannot see
    What a program does. Programs that are packed, encrypted or written in a format that is not known.

    ## Sources
    System V ABI (ELF), Microsoft PE/COFF, Apple mach-o/loader.h, the JVM and WebAssembly specifications.
    """
    del context
    for part, program in model.contents(Program):
        message = f"{program.title}, {part.size:,} bytes"
        yield _KINDS[program.kind].at(part.where, message)
