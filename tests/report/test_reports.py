# SPDX-License-Identifier: Apache-2.0
"""What every report keeps."""

import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard import report
from steelyard.core.claim import Fact, Finding, Gap, Severity, exactly
from steelyard.core.plugins import scan
from steelyard.report import Report
from steelyard.report.summary.verdict import counts
from steelyard.report.terminal import lines
from tests.samples import dossiers

REPORTS = scan(report, Report)
TELLING = [rendering for rendering in REPORTS if rendering.id != "notice"]
"""A notice goes along with the model, and says nothing of the verdict."""


def test_these_are_the_reports() -> None:
    assert sorted(rendering.id for rendering in REPORTS) == [
        "cyclonedx",
        "html",
        "json",
        "junit",
        "md",
        "notice",
        "sarif",
        "spdx",
    ]


@pytest.mark.parametrize("rendering", REPORTS, ids=lambda rendering: rendering.id)
@pytest.mark.parametrize("make", dossiers.ALL)
def test_a_report_renders_any_dossier_to_the_same_text_each_time(rendering, make) -> None:
    text = rendering.render(make())
    assert text == rendering.render(make())
    assert text.endswith("\n")


@pytest.mark.parametrize("rendering", TELLING, ids=lambda rendering: rendering.id)
def test_a_report_names_the_subject_the_policy_and_the_outcome(rendering) -> None:
    made = dossiers.poisoned()
    text = rendering.render(made)
    assert {"poisoned-neighbour", "baseline", "fail", made.subject.digest} <= {
        word
        for word in ("poisoned-neighbour", "baseline", "fail", made.subject.digest)
        if word in text
    }


@pytest.mark.parametrize("rendering", TELLING, ids=lambda rendering: rendering.id)
def test_a_report_shows_every_gap(rendering) -> None:
    assert "shards/part-00001.dat" in rendering.render(dossiers.poisoned())


TEXT = st.text(max_size=30) | st.sampled_from(["", dossiers.NASTY, "a.bin!b.pkl byte:3"])
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)
STOCK = st.fixed_dictionaries({}, optional=dict.fromkeys(("count", "parameters", "bytes"), NUMBERS))
FIELDS = ("weights", "kv", "compute", "steady", "worst")
NEED = st.fixed_dictionaries({"context": NUMBERS}, optional=dict.fromkeys(FIELDS, NUMBERS))
FACTS = st.one_of(
    st.builds(Fact, name=TEXT | st.just("licence.declared"), value=VALUES, where=TEXT),
    st.builds(
        Fact, name=st.just("footprint.tensors"), value=st.dictionaries(TEXT, STOCK, max_size=3)
    ),
    st.builds(Fact, name=st.just("footprint.memory"), value=st.lists(NEED, max_size=3)),
)
USE_FACTS = st.builds(
    Fact,
    name=st.sampled_from(
        ["use.run", "use.because.run", "use.duty", "use.condition", "use.overruled", "use.profile"]
    ),
    value=VALUES
    | st.fixed_dictionaries(
        {key: TEXT for key in ("id", "licence", "duty", "words", "name", "answer", "action")},
        optional=dict.fromkeys(("was", "reason", "date", "by", "text", "section", "read"), TEXT),
    ),
)
CLAIMS = st.one_of(
    FACTS,
    USE_FACTS,
    st.builds(Gap, name=TEXT, reason=TEXT, where=TEXT),
    st.builds(exactly, TEXT, NUMBERS, TEXT, TEXT),
    st.builds(
        Finding,
        rule=TEXT,
        severity=st.sampled_from(Severity),
        where=TEXT,
        message=TEXT,
        remedy=TEXT,
        trail=st.lists(TEXT, max_size=3).map(tuple),
    ),
)


@settings(max_examples=40)
@given(st.lists(st.tuples(TEXT, CLAIMS), max_size=6), TEXT)
def test_no_claim_keeps_a_report_from_being_made(claims, name) -> None:
    made = dossiers.dossier(name, [dossiers.artifact("a.bin")], claims)
    for rendering in REPORTS:
        assert rendering.render(made)
    assert list(lines(made, 80))


def test_the_text_does_not_hang_on_the_hash_seed() -> None:
    program = (
        "import hashlib; from steelyard import report; from steelyard.core.plugins import scan;"
        "from steelyard.report import Report; from tests.samples import dossiers;"
        "print([hashlib.sha256(r.render(d()).encode()).hexdigest()"
        " for r in scan(report, Report) for d in dossiers.ALL])"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


def test_what_somebody_accepted_is_shown_with_the_reason_and_counts_no_more() -> None:
    for rendering in TELLING:
        if rendering.id in ("cyclonedx", "spdx"):  # what is in the model, not what was found
            continue
        text = rendering.render(dossiers.settled())
        assert "read by Ada, calls nothing" in text, rendering.id
        assert "code.auto-map" in text, rendering.id
    said = counts(dossiers.settled())
    assert said == "findings: none; accepted: 1; not assessed: nothing"
