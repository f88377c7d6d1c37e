# SPDX-License-Identifier: Apache-2.0
"""`steelyard explain` and `steelyard list`: one namespace, a page for everything."""

import json

import pytest

from steelyard.cli.catalogue import KINDS, pages
from steelyard.cli.main import run


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_everything_listed_can_be_explained(kind, capsys):
    assert run(["list", kind, "--json"]) == 0
    for row in json.loads(capsys.readouterr().out):
        assert run(["explain", row["id"], "--json"]) == 0
        page = json.loads(capsys.readouterr().out)
        assert page["title"]
        assert len(page["text"]) > 20


def test_no_two_pages_share_an_id():
    ids = [page.id.lower() for page in pages()]
    assert sorted(set(ids)) == ids


def test_a_page_is_readable_text(capsys):
    assert run(["explain", "pickle.call"]) == 0
    shown = capsys.readouterr().out
    assert "What to do" in shown
    assert max(map(len, shown.splitlines())) <= 100


def test_a_metric_or_fact_leads_to_the_page_of_its_probe(capsys):
    assert run(["explain", "footprint.anything", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "footprint"


def test_an_id_that_nobody_knows_is_an_error_that_names_the_nearest(capsys):
    assert run(["explain", "pikle"]) == 2
    assert "did you mean 'pickle'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("ece", "metric.ece"),
        ("truthfulqa_gen.rouge1_acc", "metric.rouge"),
        ("gsm8k.exact_match,strict", "metric.exact_match"),
        ("bbh_cot_zeroshot", "task.bbh_cot_zeroshot"),
    ],
)
def test_a_score_as_a_run_names_it_leads_to_what_it_means(asked, found, capsys):
    assert run(["explain", asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == found
