# SPDX-License-Identifier: Apache-2.0
"""A safetensors file that breaks its format's rules is a finding; one that keeps them is none."""

import re
from pathlib import Path

import pytest

from steelyard.checks.safetensors import look
from steelyard.core.claim import Finding, Severity
from tests.samples.weights import SOUND, claims, entry, facts, findings, safetensors

SOURCES = Path(__file__).parent.parent.parent / "src" / "steelyard" / "formats"


def test_a_sound_file_gives_its_header_and_no_finding() -> None:
    found = claims(look, {"m.safetensors": SOUND})
    assert not [claim for claim in found if isinstance(claim, Finding)]
    assert facts(found)["safetensors.header"] == {"tensors": 3, "metadata": {"format": "pt"}}


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("m.safetensors", b"", "empty"),
        ("m.safetensors", bytes(100), "zeros in place of a header"),
        ("m.safetensors", b"<html>", "not what its name says"),
        ("m.bin", safetensors(b"{}", length=1 << 62), "exceeds the file"),
    ],
)
def test_a_file_that_cannot_be_read_is_malformed(name: str, data: bytes, told: str) -> None:
    (finding,) = claims(look, {name: data})
    assert (finding.rule, finding.severity) == ("safetensors.malformed", Severity.HIGH)
    assert told in finding.message


def test_a_hole_and_a_tail_are_told_apart_by_their_place() -> None:
    data = safetensors({"a": entry(16, 32)}, bytes(40))
    begin = len(data) - 40
    found = [c for c in claims(look, {"m.safetensors": data}) if isinstance(c, Finding)]
    assert [(finding.rule, finding.where) for finding in found] == [
        ("safetensors.hole", f"m.safetensors byte:{begin}"),
        ("safetensors.tail", f"m.safetensors byte:{begin + 32}"),
    ]


def test_another_format_under_its_name_is_left_to_its_own_probe() -> None:
    assert findings(look, {"m.safetensors": b"PK\x05\x06" + bytes(18)}) == {}


def test_every_flaw_that_the_reader_can_note_has_a_page() -> None:
    modules = [*SOURCES.glob("safetensors*.py"), SOURCES / "tensor_layout.py"]
    text = "\n".join(module.read_text("utf-8") for module in modules)
    noted = set(re.findall(r'flaws\.add\(\s*"([a-z0-9-]+)"', text))
    known = {descriptor.id.partition(".")[2] for descriptor in look.descriptors}
    assert noted | {"malformed"} == known
