# SPDX-License-Identifier: Apache-2.0
"""Clauses to look for in terms that nobody has read."""

import time

import pytest

from steelyard.detectors.licence_hints import clause_hints
from tests.samples.licences import APACHE, HOUSE_TERMS, MIT


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("for non-commercial use", "non-commercial"),
        ("may not be used for any commercial purpose", "non-commercial"),
        ("for academic purposes", "research-only"),
        ("solely for research", "research-only"),
        ("700 million monthly\nactive users", "active-users"),
        ("annual revenue", "revenue"),
        ("outside the Territory", "territory"),
        ("individuals domiciled in the European Union", "territory"),
        ("use the output to improve any other large language model", "outputs"),
        ("prominently display “Built with X”", "naming"),
        ("include X at the beginning of any such AI model name", "naming"),
        ("without prior written permission", "permission"),
        ("for military ends", "military"),
        ("a revocable licence", "revocable"),
    ],
)
def test_each_kind_of_limit_is_pointed_out(text: str, topic: str) -> None:
    assert topic in [hint.topic for hint in clause_hints(text)]


def test_a_hint_names_its_line_and_words() -> None:
    found = {hint.topic: (hint.line, hint.words) for hint in clause_hints(HOUSE_TERMS)}
    assert found["active-users"] == (4, "monthly active users")
    assert found["outputs"] == (6, "Outputs of the Model must not be used to train")


def test_free_licences_give_no_false_alarm_of_the_usual_limits() -> None:
    assert clause_hints(MIT) == ()
    assert {hint.topic for hint in clause_hints(APACHE)} <= {"permission"}


@pytest.mark.parametrize("text", ["not ", "only ", "output ", "train ", "a "])
def test_a_huge_text_takes_a_moment(text: str) -> None:
    started = time.process_time()
    clause_hints(text * 500_000)
    assert time.process_time() - started < 3
