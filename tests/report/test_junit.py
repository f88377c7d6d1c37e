# SPDX-License-Identifier: Apache-2.0
"""JUnit XML: well formed whatever the model holds, and never green where something is unknown."""

from xml.etree import ElementTree

import pytest

from steelyard.report.junit import render
from tests.samples import dossiers


def parsed(dossier) -> ElementTree.Element:
    return ElementTree.fromstring(render(dossier).encode("utf-8"))


def cases(dossier) -> dict[str, str]:
    """Return each test case by name, with what became of it."""
    return {
        case.get("name"): next((part.tag for part in case if part.tag != "system-out"), "passed")
        for case in parsed(dossier).iter("testcase")
    }


@pytest.mark.parametrize("make", dossiers.ALL)
def test_it_is_well_formed_and_its_totals_are_right(make) -> None:
    root = parsed(make())
    for part in (root, *root.iter("testsuite")):
        found = list(part.iter("testcase"))
        assert int(part.get("tests")) == len(found)
        for tag, total in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(part.get(total)) == sum(case.find(tag) is not None for case in found)


def test_a_broken_rule_and_what_it_rests_on_are_failures_and_the_rest_is_not() -> None:
    shown = cases(dossiers.poisoned())
    assert shown["no-code-on-load"] == shown["pickle.call"] == shown["template.escape"] == "failure"
    assert shown["use-is-permitted"] == shown["code.auto-map"] == "passed"


def test_a_rule_that_could_not_be_judged_is_an_error_and_a_gap_is_skipped() -> None:
    shown = cases(dossiers.unknown())
    assert shown["everything-read"] == "error"
    assert shown["coverage.unread"] == "skipped"


def test_a_warning_passes_and_says_so() -> None:
    root = parsed(dossiers.warned())
    case = next(c for c in root.iter("testcase") if c.get("name") == "no-code-on-load")
    assert case.find("failure") is None
    assert case.findtext("system-out").startswith("warn: 1 finding: code.auto-map")


def test_a_failure_names_place_evidence_and_remedy() -> None:
    root = parsed(dossiers.poisoned())
    case = next(c for c in root.iter("testcase") if c.get("name") == "pickle.call")
    text = case.findtext("failure")
    assert "optimizer.bin!archive/data.pkl byte:412: loading calls posix.system" in text
    assert "sha256:" in text and "what to do: Do not load this file" in text


def test_what_was_looked_for_in_vain_passes_only_where_the_probe_looked_to_the_end() -> None:
    assert cases(dossiers.sound())["manifest.special-file"] == "passed"
    claims = dossiers.manifest([dossiers.artifact("a")])
    unfinished = dossiers.dossier("m", [dossiers.artifact("a")], claims)
    assert "manifest.special-file" not in cases(unfinished)


def test_hostile_text_is_text() -> None:
    root = parsed(dossiers.hostile())
    assert {part.tag for part in root.iter()} <= {
        "testsuites",
        "testsuite",
        "testcase",
        "properties",
        "property",
        "failure",
        "error",
        "skipped",
        "system-out",
    }
    assert r"\x1b[31mred" in root.get("name")
    assert all(char.isprintable() or char == "\n" for char in render(dossiers.hostile()))


def test_very_many_findings_are_cut_with_a_count() -> None:
    text = render(dossiers.crowded(20_000))
    assert len(text) < 2_000_000
    assert "and 9,950 more, in the dossier document" in text
