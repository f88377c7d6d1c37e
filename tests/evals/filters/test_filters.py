# SPDX-License-Identifier: Apache-2.0
"""Filters, one by one, against what lm-eval 0.4.13 makes of the same answers."""

from collections.abc import Mapping
from typing import Any

import pytest

from steelyard.core.errors import MalformedError
from steelyard.evals.filters.pipeline import FILTERS, pipelines

ROW = {"choices": ["Guilty", "Guilty of Romance", "Not here"]}


@pytest.mark.parametrize(
    ("step", "answers", "wanted"),
    [
        ({"function": "regex", "regex_pattern": "([0-9]+)"}, ["a 1 b 22"], ["1"]),
        ({"function": "regex", "regex_pattern": "(x)|(y)"}, ["y"], ["y"]),
        ({"function": "regex", "regex_pattern": "(x)"}, ["none"], ["[invalid]"]),
        ({"function": "regex", "regex_pattern": "(x)", "fallback": ""}, [""], [""]),
        ({"function": "remove_whitespace"}, ["\n a "], ["a"]),
        ({"function": "lowercase"}, ["ÀB"], ["àb"]),
        ({"function": "uppercase"}, ["ab"], ["AB"]),
        ({"function": "map", "mapping_dict": {"A": 1}, "default_value": 0}, ["A", "B"], [1, 0]),
        ({"function": "take_first_k", "k": 2}, ["a", "b", "c"], ["a", "b"]),
        ({"function": "majority_vote"}, ["a", "b", "b"], ["b"]),
        ({"function": "regex_pos"}, ["[('run', 'VERB')]", "x"], [["VERB"], ["invalid"]]),
        (
            {"function": "format_span"},
            ["Person: Ann, Bo $$ place: none $$ date: May"],
            ["per: ann $ per: bo $ date: may"],
        ),
        (
            {"function": "multi_choice_regex", "regex_pattern": r"(\([A-Z]\))"},
            ["It is (B).", "It was guilty of romance", "Guilty of Romance", "so: C", "?"],
            ["(B)", "[invalid]", "(B)", "(C)", "[invalid]"],
        ),
        (
            {
                "function": "multi_choice_regex",
                "regex_pattern": r"(\([A-Z]\))",
                "ignore_case": True,
            },
            ["It was guilty of romance"],
            ["(B)"],
        ),
    ],
)
def test_a_filter_makes_of_answers_what_lm_eval_makes(
    step: Mapping[str, Any], answers: list[str], wanted: list[Any]
) -> None:
    (pipeline,) = pipelines([{"name": "x", "filter": [step]}], lambda step: None)
    assert pipeline.apply(answers, ROW) == wanted


def test_take_first_leaves_one_answer() -> None:
    (pipeline,) = pipelines(None, lambda step: None)
    assert (pipeline.name, pipeline.apply(["a", "b"], {})) == ("none", "a")


def test_an_unknown_filter_is_named_with_those_there_are() -> None:
    with pytest.raises(MalformedError, match=f"no filter 'magic'; there are {', '.join(FILTERS)}"):
        pipelines([{"name": "x", "filter": [{"function": "magic"}]}], lambda step: None)


def test_a_wrong_pattern_is_said_to_be_one() -> None:
    with pytest.raises(MalformedError, match=r"the pattern '\(' is wrong"):
        pipelines(
            [{"name": "x", "filter": [{"function": "regex", "regex_pattern": "("}]}],
            lambda step: None,
        )
