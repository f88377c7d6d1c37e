# SPDX-License-Identifier: Apache-2.0
"""What all renderings share: words, places, amounts, groups."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.core.claim import exactly
from steelyard.core.policy import Outcome
from steelyard.core.probe import place as written_place
from steelyard.report.summary import amounts, footprint, groups, licence, text, verdict
from steelyard.report.summary.places import locate
from tests.samples import dossiers

NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="!"), min_size=1)
LAYERS = NAMES.filter(lambda name: not re.search(" (/|byte:|line:)", name))


@given(NAMES, st.lists(LAYERS, max_size=3), st.integers(-1, 2**63), st.integers(0, 10**9))
def test_a_place_reads_back_what_a_claim_wrote(path, layers, byte, line) -> None:
    where = written_place("!".join((path, *layers)), byte=byte, line=line)
    place = locate(where, {path})
    assert (place.path, place.layers) == (path, tuple(layers))
    assert (place.byte, place.line) == ((byte, 0) if byte >= 0 else (-1, line))


@pytest.mark.parametrize(
    ("where", "shown"),
    [
        ("", ("", (), "")),
        ("a.json /x/y z", ("a.json", (), "/x/y z")),
        ("c!d.bin", ("c!d.bin", (), "")),
        ("c!d.bin!in.pkl byte:1200", ("c!d.bin", ("in.pkl",), "byte 1,200")),
        ("a b byte:7", ("a b byte:7", (), "")),
        ("a b byte:7 byte:9", ("a b byte:7", (), "byte 9")),
        (" / byte:0", (" /", (), "byte 0")),
        ("e /f /g/h", ("e /f", (), "/g/h")),
        ("gone.bin!x line:3", ("gone.bin", ("x",), "line 3")),
    ],
)
def test_the_names_of_the_files_settle_what_a_place_means(where, shown) -> None:
    place = locate(where, {"a.json", "c!d.bin", "a b byte:7", " /", "e /f"})
    assert (place.path, place.layers, place.position) == shown


def test_a_place_of_very_many_names_is_read_at_once() -> None:
    for where in ("a.json " + "/x " * 100_000, "b.zip" + "!x" * 100_000):
        assert locate(where, {"a.json", "b.zip"}).path in {"a.json", "b.zip"}


@given(st.text())
def test_shown_text_has_nothing_that_cannot_be_seen(raw) -> None:
    assert text.shown(raw).isprintable()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_a_fact_of_any_shape_is_one_line_of_bounded_length(value) -> None:
    line = text.written(value, 80)
    assert line.isprintable()
    assert len(line) < 130


def test_what_is_nested_too_deeply_is_written_as_json() -> None:
    value: object = "x"
    for _ in range(50):
        value = [value]
    assert '[["x"' in text.written(value, 500)


@given(st.floats(0, 1e18))
def test_a_size_is_within_half_a_percent(value) -> None:
    number, unit = amounts.size(value).split()
    scale = 1024 ** ["B", "KiB", "MiB", "GiB", "TiB", "PiB"].index(unit)
    assert float(number.replace(",", "")) * scale == pytest.approx(value, rel=0.006, abs=0.5)


def test_a_measurement_shows_its_interval_only_where_it_has_one() -> None:
    exact = exactly("m", 2048, "B")
    assert amounts.measured(exact) == "2.00 KiB"
    wide = dossiers.Measurement(metric="m", value=2, unit="J", low=1, high=4, n=3)
    assert amounts.measured(wide) == "2 J (1 J to 4 J)"


SENTENCES = {
    dossiers.sound: "SmolLM2-135M-Instruct meets the policy baseline: both rules hold",
    dossiers.warned: (
        "brings-code meets the policy baseline, with something to review: its one rule warns"
    ),
    dossiers.unknown: (
        "It is not known whether mystery meets the policy baseline: "
        "of 2 rules, 1 could not be judged, 1 holds"
    ),
    dossiers.poisoned: (
        "poisoned-neighbour fails the policy baseline: "
        "of 3 rules, 1 is broken, 1 could not be judged, 1 holds"
    ),
    dossiers.empty: "It is not known whether nothing meets the policy baseline: it made no ruling",
}


@pytest.mark.parametrize(("make", "sentence"), SENTENCES.items())
def test_the_verdict_is_one_sentence(make, sentence) -> None:
    assert verdict.sentence(make()) == sentence


def test_reasons_come_worst_first_with_their_evidence() -> None:
    made = dossiers.poisoned()
    reasons = verdict.reasons(made, verdict.policy_of(made))
    assert [reason.ruling.outcome for reason in reasons] == [
        Outcome.FAIL,
        Outcome.UNKNOWN,
        Outcome.PASS,
    ]
    assert [groups.said(item.claim) for item in reasons[0].evidence] == [
        "pickle.call",
        "template.escape",
    ]
    assert reasons[0].asks.startswith("Loading the files must not run code")


def test_a_reason_says_how_much_evidence_the_dossier_lacks() -> None:
    made = dossiers.poisoned()
    thinner = msgspec.structs.replace(made, evidence=made.evidence[:3])
    assert [reason.missing for reason in verdict.reasons(thinner, None)] == [2, 1, 1]


def test_findings_are_grouped_worst_first_then_by_rule() -> None:
    made = groups.findings(dossiers.poisoned(), {})
    assert [(str(group.severity), group.rule) for group in made] == [
        ("critical", "pickle.call"),
        ("critical", "template.escape"),
        ("medium", "code.auto-map"),
        ("medium", "pickle.unlisted"),
        ("low", "licence.disagreement"),
    ]


def test_a_footprint_is_read_where_its_shape_is_known() -> None:
    (found,) = footprint.footprints(dossiers.sound())
    assert [kind for kind, _ in found.tensors] == ["Q4_1", "Q8_0", "F32"]
    assert found.total.parameters == 134_515_008
    assert found.need(2_048).kv == 45 << 20
    assert found.need(3) is None


def test_a_doubt_about_a_footprint_is_told() -> None:
    fact = dossiers.Fact(name="footprint.architecture", value={"doubt": "latent attention"})
    (found,) = footprint.footprints(dossiers.dossier("m", [], [("footprint", fact)]))
    assert found.doubts == ("latent attention",)
    assert found.parameters is None


def test_facts_of_other_shapes_make_no_footprint_that_lies() -> None:
    for found in footprint.footprints(dossiers.odd()):
        for _, stock in found.tensors:
            assert amounts.share(stock.bytes, found.total.bytes) <= 1


def test_answers_of_a_licence_are_told_from_labels() -> None:
    said = licence.terms(dossiers.sound())
    assert [(line.name, line.text) for line in said.answers] == [
        ("use", "yes"),
        ("commercial use", "yes"),
        ("redistribution", "on conditions: keep the notices (Apache-2.0, 4)"),
    ]
    assert said.declared[0].text == "Apache-2.0, says the model card, as 'apache-2.0'"
    assert [(line.name, line.text) for line in said.others] == [
        ("base", "HuggingFaceTB/SmolLM2-135M (quantized)")
    ]
    assert [(text.name, text.demands) for text in said.texts] == [("Apache License 2.0", "1 duty")]
