# SPDX-License-Identifier: Apache-2.0
"""Programs are found by content, whatever they are called and wherever they lie."""

import struct
import sys
from pathlib import Path

import pytest

from steelyard.checks.program import look
from steelyard.core.claim import Finding, Severity
from tests.samples.archives import PAYLOAD, named, unread, zipped
from tests.samples.weights import claims

ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHL", 3, 62, 1) + bytes(40)
CUDA = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHL", 2, 190, 1) + bytes(40)
PE = b"MZ".ljust(60, b"\0") + struct.pack("<L", 64) + b"PE\0\0" + struct.pack("<H16xH", 0x8664, 2)
MACHO = b"\xcf\xfa\xed\xfe" + bytes(40)
FAT = b"\xca\xfe\xba\xbe" + struct.pack(">L", 2) + bytes(40)
JAVA = b"\xca\xfe\xba\xbe" + struct.pack(">HH", 0, 65) + bytes(40)
WASM = b"\0asm\x01\0\0\0" + bytes(20)
BYTE_CODE = b"\xa7\r\r\n" + bytes(12) + b"\xe3" + bytes(30)


def findings(data: bytes, name: str) -> list[tuple[str, Severity, str, str]]:
    return [
        (claim.rule, claim.severity, claim.where, claim.message.partition(",")[0])
        for claim in claims(look, {name: data})
        if isinstance(claim, Finding)
    ]


@pytest.mark.parametrize(
    ("data", "rule", "severity", "title"),
    [
        (ELF, "program.native", Severity.HIGH, "ELF shared library"),
        (PE, "program.native", Severity.HIGH, "PE program"),
        (MACHO, "program.native", Severity.HIGH, "Mach-O program"),
        (FAT, "program.native", Severity.HIGH, "Mach-O program for several processors"),
        (CUDA, "program.gpu", Severity.MEDIUM, "CUDA program"),
        (JAVA, "program.byte-code", Severity.MEDIUM, "Java class"),
        (WASM, "program.byte-code", Severity.MEDIUM, "WebAssembly module"),
        (BYTE_CODE, "program.byte-code", Severity.MEDIUM, "Python byte code"),
    ],
)
def test_a_program_is_a_finding(data: bytes, rule: str, severity: Severity, title: str) -> None:
    assert findings(data, "pytorch_model.bin") == [(rule, severity, "pytorch_model.bin", title)]


def test_the_interpreter_that_runs_this_is_a_program() -> None:
    data = Path(sys.executable).read_bytes()[:100_000]
    assert [rule for rule, *_ in findings(data, "weights")] == ["program.native"]


def test_a_program_in_an_archive_is_a_finding_there() -> None:
    (found,) = findings(zipped([("model.safetensors", ELF)]), "x.zip")
    assert found[2] == "x.zip!model.safetensors"


def test_an_archive_behind_a_program_is_read() -> None:
    assert named(ELF + zipped([("a.pkl", PAYLOAD)]))["zip!a.pkl"].format == "pickle"


def test_byte_code_that_is_not_read_is_a_gap() -> None:
    assert unread(BYTE_CODE) == ["Python byte code, which is not read"]


@pytest.mark.parametrize("data", [b"\x7fELF" + bytes(60), b"MZ" + bytes(80), b"MZ is no program"])
def test_a_magic_number_alone_is_no_program(data: bytes) -> None:
    assert findings(data, "model.bin") == []
