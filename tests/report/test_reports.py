# SPDX-License-Identifier: Apache-2.0
"""What every report keeps."""

import os
import subprocess
import sys

import pytest

from steelyard import report
from steelyard.core.plugins import scan
from steelyard.report import Report
from steelyard.report.summary.verdict import counts
from tests.samples import dossiers

REPORTS = scan(report, Report)


def test_these_are_the_reports() -> None:
    assert sorted(rendering.id for rendering in REPORTS) == ["html", "json", "junit", "md", "sarif"]


@pytest.mark.parametrize("rendering", REPORTS, ids=lambda rendering: rendering.id)
@pytest.mark.parametrize("make", dossiers.ALL)
def test_a_report_renders_any_dossier_to_the_same_text_each_time(rendering, make) -> None:
    text = rendering.render(make())
    assert text == rendering.render(make())
    assert text.endswith("\n")


@pytest.mark.parametrize("rendering", REPORTS, ids=lambda rendering: rendering.id)
def test_a_report_names_the_subject_the_policy_and_the_outcome(rendering) -> None:
    made = dossiers.poisoned()
    text = rendering.render(made)
    assert {"poisoned-neighbour", "baseline", "fail", made.subject.digest} <= {
        word
        for word in ("poisoned-neighbour", "baseline", "fail", made.subject.digest)
        if word in text
    }


@pytest.mark.parametrize("rendering", REPORTS, ids=lambda rendering: rendering.id)
def test_a_report_shows_every_gap(rendering) -> None:
    assert "shards/part-00001.dat" in rendering.render(dossiers.poisoned())


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
    for rendering in REPORTS:
        text = rendering.render(dossiers.settled())
        assert "read by Ada, calls nothing" in text, rendering.id
        assert "code.auto-map" in text, rendering.id
    said = counts(dossiers.settled())
    assert said == "findings: none; accepted: 1; not assessed: nothing"
