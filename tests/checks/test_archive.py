# SPDX-License-Identifier: Apache-2.0
"""Contradictions of archives become findings; honest archives give none."""

import re
from pathlib import Path

import pytest

from steelyard.checks.archive import look
from steelyard.core.claim import Fact, Finding, Severity
from tests.samples.archives import (
    CENTRAL,
    HARMLESS,
    LOCAL,
    PAYLOAD,
    both_patched,
    gzip_bomb,
    patched,
    seven_zipped,
    streamed,
    tarred,
    torch_like,
    zipped,
)
from tests.samples.weights import claims

SOURCES = Path(__file__).parent.parent.parent / "src" / "steelyard" / "formats"
CHECKED_ELSEWHERE = {"link", "link-outside"}  # both by a name in a variable


def findings(data: bytes, name: str = "model.bin") -> list[Finding]:
    return [claim for claim in claims(look, {name: data}) if isinstance(claim, Finding)]


def rules(data: bytes) -> list[str]:
    return [finding.rule for finding in findings(data)]


@pytest.mark.parametrize(
    "data",
    [
        torch_like(),
        streamed([("a", b"x" * 500)], 8),
        tarred([("m/w.npy", b"x")], "w:gz"),
        seven_zipped("a", b"x"),
        zipped([("word/document.xml", b"<a/>"), ("docProps/", b"")], 8),
        b"plain text",
        bytes(100),
    ],
    ids=["torch", "streamed", "tar.gz", "7z", "docx", "text", "zeros"],
)
def test_an_honest_archive_gives_no_finding(data: bytes) -> None:
    assert findings(data) == []


def test_members_are_counted_by_archive() -> None:
    inner = zipped([("a", b""), ("b", b"")])
    found = claims(look, {"x.tar": tarred([("in.zip", inner)])})
    assert [(fact.where, fact.value) for fact in found if isinstance(fact, Fact)] == [
        ("x.tar", 1),
        ("x.tar!in.zip", 2),
    ]


@pytest.mark.parametrize(
    ("data", "rule", "severity"),
    [
        (zipped([("../x", b"")]), "archive.traversal", Severity.CRITICAL),
        (tarred([("/x", b"")]), "archive.traversal", Severity.CRITICAL),
        (seven_zipped("../x", b"x"), "archive.traversal", Severity.CRITICAL),
        (patched(torch_like(), LOCAL, 30, b"A"), "archive.local-name", Severity.HIGH),
        (patched(torch_like(), CENTRAL, 10, b"\x63"), "archive.local-method", Severity.HIGH),
        (both_patched(torch_like(), 6, 8, b"\1"), "archive.flags", Severity.HIGH),
        (both_patched(torch_like(), 14, 16, b"\1\2"), "archive.crc", Severity.HIGH),
        (zipped([("a", b"1"), ("a", b"2")]), "archive.duplicate", Severity.HIGH),
        (zipped([("a", b"1"), ("a", b"1")]), "archive.duplicate-same", Severity.LOW),
        (b"x" + torch_like(), "archive.prefix", Severity.MEDIUM),
        (b"\0\xff" + torch_like() + b"\0\xff", "archive.hidden", Severity.MEDIUM),
        (tarred([("a", b"1"), ("a", b"2")]), "archive.repeated", Severity.LOW),
    ],
)
def test_a_contradiction_is_a_finding_of_its_weight(
    data: bytes, rule: str, severity: Severity
) -> None:
    found = {finding.rule: finding.severity for finding in findings(data)}
    assert found[rule] is severity


@pytest.mark.parametrize(
    "outer", [torch_like(), tarred([("a", b"")], "w:gz"), tarred([("a", b"")])]
)
def test_bytes_behind_an_archive_are_a_finding_at_their_offset(outer: bytes) -> None:
    (finding,) = findings(outer + b"\xff" + PAYLOAD)
    assert (finding.rule, finding.where) == ("archive.gap", f"model.bin byte:{len(outer)}")


def test_bytes_before_an_archive_are_told_once() -> None:
    assert rules(b"\xff\1" * 9 + torch_like()) == ["archive.prefix"]


def test_bytes_behind_a_pickle_are_left_to_its_own_probe() -> None:
    assert rules(HARMLESS + b"\0\xff" * 9) == []


def test_a_finding_deep_inside_names_the_way_there() -> None:
    data = tarred([("in.zip", zipped([("m.pt", patched(torch_like(), LOCAL, 30, b"A"))]))])
    (finding,) = findings(data)
    assert finding.where == "model.bin!in.zip!m.pt byte:0"


def test_many_like_flaws_are_summed_up() -> None:
    found = findings(zipped([(f"../{number}", b"") for number in range(1000)]))
    assert len(found) < 50
    assert "more of this kind" in found[-1].message


def test_a_bomb_is_no_finding_but_unread() -> None:
    assert rules(gzip_bomb(300)) == []


def test_the_same_bytes_give_the_same_claims() -> None:
    data = b"x" + patched(torch_like(), LOCAL, 30, b"A") + PAYLOAD
    assert claims(look, {"a": data}) == claims(look, {"a": data})


def test_every_flaw_that_a_reader_can_note_has_a_page() -> None:
    names = ("zip*.py", "tar*.py", "sevenzip*.py")
    text = "\n".join(
        module.read_text("utf-8") for name in names for module in sorted(SOURCES.glob(name))
    )
    noted = set(re.findall(r'(?:flaws\.add\(\s*|code=)"([a-z0-9-]+)"', text)) | CHECKED_ELSEWHERE
    known = {descriptor.id.partition(".")[2] for descriptor in look.descriptors}
    assert noted | {"gap", "hidden"} == known
