# SPDX-License-Identifier: Apache-2.0
"""A GGUF file that loaders may misread is a finding; a sound one is none."""

import re
from pathlib import Path

import pytest

from steelyard.checks.gguf import look
from steelyard.core.claim import Finding, Severity
from tests.samples.weights import U32, claims, facts, findings, gguf

SOURCES = Path(__file__).parent.parent.parent / "src" / "steelyard" / "formats"


def test_a_sound_file_gives_its_header_and_no_finding() -> None:
    found = claims(look, {"m.gguf": gguf().finish()})
    assert not [claim for claim in found if isinstance(claim, Finding)]
    assert facts(found)["gguf.header"] == {
        "version": 3,
        "byte_order": "little",
        "architecture": "llama",
        "alignment": 32,
        "keys": 7,
        "tensors": 1,
    }


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("m.gguf", b"", "empty"),
        ("m.gguf", b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ("m.gguf", gguf().finish()[:250], "the file has 15 left"),
        ("m.bin", gguf().finish(keys=1 << 61), "need"),
    ],
)
def test_a_file_that_cannot_be_read_is_malformed(name: str, data: bytes, told: str) -> None:
    (finding,) = claims(look, {name: data})
    assert (finding.rule, finding.severity) == ("gguf.malformed", Severity.HIGH)
    assert told in finding.message


def test_a_finding_says_where_in_the_file_it_is() -> None:
    data = gguf().key("general.alignment", U32, 0).key("a.i8", U32, 1).finish()
    places = {c.rule: c.where for c in claims(look, {"m.gguf": data}) if isinstance(c, Finding)}
    at = data.index(b"a.i8", data.index(b"general.alignment")) - 8
    assert places == {"gguf.alignment": "m.gguf", "gguf.duplicate-key": f"m.gguf byte:{at}"}


def test_a_file_inside_another_is_found_by_its_path() -> None:
    inner = gguf().finish(tail=b"x")
    assert "gguf.hidden-bytes" in findings(look, {"m.gguf": gguf().finish(tail=inner)})


def test_every_flaw_that_the_reader_can_note_has_a_page() -> None:
    modules = [*SOURCES.glob("gguf*.py"), SOURCES / "tensor_layout.py"]
    text = "\n".join(module.read_text("utf-8") for module in modules)
    noted = set(re.findall(r'flaws\.add\(\s*"([a-z0-9-]+)"', text))
    known = {descriptor.id.partition(".")[2] for descriptor in look.descriptors}
    assert noted | {"malformed"} == known
