# SPDX-License-Identifier: Apache-2.0
"""SARIF: valid by the official schema, and as GitHub code scanning wants it."""

import json
from urllib.parse import unquote_to_bytes

import jsonschema
import pytest

from steelyard.core.claim import Gap
from steelyard.core.policy import Outcome
from steelyard.report.sarif import render, render_in
from tests.samples import dossiers


def run_of(dossier) -> dict:
    log = json.loads(render(dossier))
    assert log["version"] == "2.1.0"
    return log["runs"][0]


@pytest.fixture(scope="module")
def validator(repository) -> jsonschema.Draft4Validator:
    file = repository / "tests" / "data" / "sarif" / "sarif-2.1.0-rtm.4.json"
    checker = jsonschema.FormatChecker()
    return jsonschema.Draft4Validator(json.loads(file.read_text("utf-8")), format_checker=checker)


@pytest.mark.parametrize("make", dossiers.ALL)
def test_it_is_valid_by_the_official_schema(make, validator) -> None:
    validator.validate(json.loads(render(make())))


def test_a_dossier_from_files_is_valid_too(tmp_path, validator) -> None:
    validator.validate(json.loads(render(dossiers.checked(tmp_path / "model"))))


@pytest.mark.parametrize("make", dossiers.ALL)
def test_every_result_has_what_github_refuses_a_file_without(make) -> None:
    for result in run_of(make())["results"]:
        place = result["locations"][0]["physicalLocation"]
        uri = place["artifactLocation"]["uri"]
        assert uri and not uri.startswith("/") and ":" not in uri
        assert place["region"]["startLine"] >= 1
        assert result["message"]["text"]
        assert result["partialFingerprints"]["primaryLocationLineHash"]


@pytest.mark.parametrize("make", dossiers.ALL)
def test_every_result_leads_to_its_rule_and_to_its_file(make) -> None:
    run = run_of(make())
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
        if "index" in artifact:
            assert run["artifacts"][artifact["index"]]["location"]["uri"] == artifact["uri"]


def test_severities_become_levels_and_the_scores_that_github_shows() -> None:
    run = run_of(dossiers.poisoned())
    results = {result["ruleId"]: result for result in run["results"]}
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    shown = {
        id: (results[id]["level"], rules[id]["properties"]["security-severity"])
        for id in ("pickle.call", "code.auto-map", "licence.disagreement")
    }
    assert shown == {
        "pickle.call": ("error", "9.5"),
        "code.auto-map": ("warning", "5.5"),
        "licence.disagreement": ("note", "3.0"),
    }


def test_a_finding_inside_an_archive_names_the_archive_and_the_layer() -> None:
    results = run_of(dossiers.poisoned())["results"]
    call = next(result for result in results if result["ruleId"] == "pickle.call")
    location = call["locations"][0]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "optimizer.bin"
    assert location["logicalLocations"][0]["fullyQualifiedName"] == "optimizer.bin!archive/data.pkl"
    assert call["message"]["text"].startswith("archive/data.pkl byte 412: loading calls posix")
    # The offset counts from the start of the layer, so it may not stand as one of the file.
    assert "byteOffset" not in location["physicalLocation"]["region"]


def test_a_byte_offset_in_a_file_itself_is_a_region() -> None:
    finding = dossiers.Finding(
        rule="gguf.bounds",
        severity=dossiers.Severity.HIGH,
        where="a.gguf byte:64",
        message="a tensor ends behind the file",
    )
    made = dossiers.dossier("m", [dossiers.artifact("a.gguf", 65, "gguf")], [("gguf", finding)])
    region = run_of(made)["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 1, "byteOffset": 64, "byteLength": 0}


def test_a_line_is_a_line() -> None:
    results = run_of(dossiers.poisoned())["results"]
    told = next(result for result in results if result["ruleId"] == "licence.disagreement")
    assert told["locations"][0]["physicalLocation"]["region"] == {"startLine": 3}


def test_what_was_not_assessed_is_a_notification_and_the_open_rule_a_result() -> None:
    run = run_of(dossiers.unknown())
    notices = run["invocations"][0]["toolExecutionNotifications"]
    assert [notice["descriptor"]["id"] for notice in notices] == ["coverage.unread", "licence.none"]
    assert [(result["kind"], result["level"]) for result in run["results"]] == [("open", "none")]
    assert run["results"][0]["ruleId"] == "unknown.everything-read"


def test_a_probe_that_broke_makes_the_run_unsuccessful() -> None:
    gap = Gap(name="pickle.failed", reason="KeyError: 3")
    made = dossiers.dossier("m", [dossiers.artifact("a")], [("pickle", gap)])
    invocation = run_of(made)["invocations"][0]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["level"] == "error"
    assert run_of(dossiers.sound())["invocations"][0]["executionSuccessful"] is True


def test_an_alert_is_known_again_after_another_file_has_changed() -> None:
    claims = [("pickle", dossiers.CALL)]
    files = [dossiers.artifact("optimizer.bin"), dossiers.artifact("README.md", 10)]
    before = run_of(dossiers.dossier("m", files, claims))["results"][0]["partialFingerprints"]
    after = run_of(dossiers.dossier("m", files[:1], claims))["results"][0]["partialFingerprints"]
    assert before["primaryLocationLineHash"] == after["primaryLocationLineHash"]
    assert before["steelyardEvidence/v1"] != after["steelyardEvidence/v1"]


def test_two_places_of_one_rule_are_two_alerts() -> None:
    made = dossiers.crowded(100)
    hashes = [r["partialFingerprints"]["primaryLocationLineHash"] for r in run_of(made)["results"]]
    assert len(hashes) == len(set(hashes)) == 50


@pytest.mark.parametrize(
    ("path", "raw"),
    [
        ("a b/c.bin", b"a b/c.bin"),
        (r"wow\x21.bin", b"wow!.bin"),
        (r"back\\slash", b"back\\slash"),
        (r"caf\xe9", b"caf\xe9"),
        (r"x\u202ey", "x\u202ey".encode()),
        ("größe", "größe".encode()),
    ],
)
def test_a_uri_holds_the_bytes_of_the_file_name(path, raw) -> None:
    made = dossiers.dossier("m", [dossiers.artifact(path)], [])
    assert unquote_to_bytes(run_of(made)["artifacts"][0]["location"]["uri"]) == raw


def test_no_message_holds_a_link_and_nothing_a_control_character() -> None:
    run = run_of(dossiers.hostile())
    notices = run["invocations"][0]["toolExecutionNotifications"]
    messages = [entry["message"]["text"] for entry in (*run["results"], *notices)]
    assert len(messages) == 2
    assert not [text for text in messages if "](" in text]
    text = render(dossiers.hostile())
    assert all(char.isprintable() or char == "\n" for char in text)


def test_a_file_stays_below_the_number_of_results_that_github_takes() -> None:
    made = dossiers.crowded(52_000)
    run = run_of(made)
    assert len(run["results"]) == 25_000
    assert run["results"][0]["level"] == "error"
    notices = run["invocations"][0]["toolExecutionNotifications"]
    assert notices[-1]["message"]["text"].startswith("1,000 more findings, not listed here")
    assert notices[-2]["message"]["text"].startswith("25,000 more gaps, not listed here")


def test_the_verdict_travels_along() -> None:
    made = dossiers.poisoned()
    held = run_of(made)["properties"]
    assert (held["outcome"], held["subject"]) == (Outcome.FAIL, made.subject.digest)


def test_a_known_rule_brings_its_page() -> None:
    finding = dossiers.Finding(
        rule="manifest.special-file",
        severity=dossiers.Severity.MEDIUM,
        where="pipe",
        message="a FIFO",
    )
    made = dossiers.dossier("m", [dossiers.artifact("a")], [("manifest", finding)])
    rule = run_of(made)["tool"]["driver"]["rules"][0]
    assert rule["help"]["markdown"].startswith(f"# {rule['shortDescription']['text']}\n")
    assert "## What to do" in rule["help"]["markdown"]


def test_an_accepted_finding_is_a_suppressed_result() -> None:
    (result,) = run_of(dossiers.settled())["results"]
    assert result["suppressions"] == [
        {"kind": "external", "justification": "read by Ada, calls nothing (until 2027-01-31)"}
    ]


@pytest.mark.parametrize("make", dossiers.ALL)
def test_every_path_is_that_of_the_repository_the_model_lies_in(make, validator) -> None:
    log = json.loads(render_in(make(), "models/a b/"))
    validator.validate(log)
    (run,) = log["runs"]
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    named = [place["artifactLocation"] for place in places]
    named += [artifact["location"] for artifact in run["artifacts"]]
    assert all(name["uri"].startswith("models/a%20b/") for name in named)
    assert {name["uriBaseId"] for name in named} <= set(run["originalUriBaseIds"])


def test_alerts_are_known_again_after_the_model_moved() -> None:
    def known(folder: str) -> list[str]:
        run = json.loads(render_in(dossiers.ALL[0](), folder))["runs"][0]
        return [result["partialFingerprints"] for result in run["results"]]

    assert known("") == known("elsewhere")
