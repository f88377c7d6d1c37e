# SPDX-License-Identifier: Apache-2.0
"""Answers to values of metrics, and those to the value of a task."""

import math
from typing import Any

import pytest

from steelyard.core.errors import MalformedError
from steelyard.evals.requests import Likelihood, Written
from tests.evals.tasks.folder import Folder, asked

CHOICE: dict[str, Any] = {
    "output_type": "multiple_choice",
    "doc_to_text": "Q: {{q}}",
    "doc_to_choice": "options",
    "doc_to_target": "right",
}
OPEN: dict[str, Any] = {"doc_to_text": "q", "doc_to_target": "a"}


def likely(*logprobs: float, greedy: int = -1) -> list[Likelihood]:
    return [
        Likelihood(logprob=each, greedy=place == greedy, tokens=1)
        for place, each in enumerate(logprobs)
    ]


def test_acc_norm_divides_by_letters_and_acc_bytes_by_bytes(folder: Folder) -> None:
    folder.data([{"q": "?", "options": ["ab", "abcd", "éé"], "right": 1}])
    metrics = [{"metric": name} for name in ("acc", "acc_norm", "acc_bytes", "exact_match")]
    task = folder.open({**CHOICE, "metric_list": metrics})
    (sample,) = asked(task)
    assert task.judge(sample, likely(-4.0, -5.0, -2.6, greedy=1)) == {
        "acc,none": 0.0,
        "acc_norm,none": 1.0,
        "acc_bytes,none": 0.0,
        "exact_match,none": 1.0,
    }


def test_of_equal_options_the_first_is_the_pick(folder: Folder) -> None:
    folder.data([{"q": "?", "options": ["a", "b"], "right": 0}])
    task = folder.open(CHOICE)
    (sample,) = asked(task)
    assert task.judge(sample, likely(-1.0, -1.0))["acc,none"] == 1.0


def test_any_of_several_right_answers_counts(folder: Folder) -> None:
    folder.data([{"q": "?", "options": ["a", "b", "c"], "right": [0, 2]}])
    task = folder.open(CHOICE)
    (sample,) = asked(task)
    assert task.judge(sample, likely(-3.0, -2.0, -1.0))["acc,none"] == 1.0


def test_an_answer_out_of_range_is_never_right(folder: Folder) -> None:
    folder.data([{"q": "?", "options": ["a", "b"], "right": 5}])
    task = folder.open(CHOICE)
    (sample,) = asked(task)
    assert task.judge(sample, likely(-1.0, -2.0)) == {"acc,none": 0.0, "acc_norm,none": 0.0}


def test_mutual_information_takes_what_an_option_has_alone_away(folder: Folder) -> None:
    folder.data([{"q": "?", "options": ["a", "b"], "right": 1}])
    task = folder.open({**CHOICE, "metric_list": [{"metric": "acc_mutual_info"}]})
    (sample,) = asked(task)
    values = task.judge(sample, likely(-1.0, -2.0, -0.5, -4.0))
    assert values == {"acc_mutual_info,none": 1.0}


def test_two_filters_judge_the_same_answer_twice(folder: Folder) -> None:
    folder.data([{"q": "?", "a": "work #### 1,200"}])
    said = {
        **OPEN,
        "filter_list": [
            {
                "name": "strict",
                "filter": [
                    {"function": "regex", "regex_pattern": "#### ([0-9,]+)"},
                    {"function": "take_first"},
                ],
            },
            {
                "name": "last",
                "filter": [
                    {"function": "regex", "regex_pattern": "([0-9,]+)", "group_select": -1},
                    {"function": "take_first"},
                ],
            },
        ],
        "metric_list": [{"metric": "exact_match", "regexes_to_ignore": [",", "(?s).*#### "]}],
    }
    task = folder.open(said)
    (sample,) = asked(task)
    assert task.judge(sample, [Written(text="it is 3, so 1200", tokens=5)]) == {
        "exact_match,strict": 0.0,
        "exact_match,last": 1.0,
    }


def test_majority_vote_is_over_the_repeats(folder: Folder) -> None:
    folder.data([{"q": "?", "a": "b"}])
    steps = [{"function": "majority_vote"}, {"function": "take_first"}]
    said = {**OPEN, "repeats": 3, "filter_list": [{"name": "vote", "filter": steps}]}
    task = folder.open(said)
    (sample,) = asked(task)
    answers = [Written(text=text, tokens=1) for text in ("a", "b", "b")]
    assert task.judge(sample, answers) == {"exact_match,vote": 1.0}


def test_perplexity_is_by_word_and_by_byte_of_the_text(folder: Folder) -> None:
    folder.data([{"t": "two words"}, {"t": "and é"}])
    said = {"output_type": "loglikelihood_rolling", "doc_to_text": "", "doc_to_target": "t"}
    task = folder.open(said)
    judged = [task.judge(sample, likely(-10.0)) for sample in asked(task)]
    words = [each["word_perplexity,none"] for each in judged]
    assert words == [(-10.0, 2), (-10.0, 2)]
    assert task.aggregate("word_perplexity,none", words) == pytest.approx(math.exp(5))
    bits = [each["bits_per_byte,none"] for each in judged]
    assert task.aggregate("bits_per_byte,none", bits) == pytest.approx(20 / 15 / math.log(2))


def test_answers_must_be_as_many_as_requests(folder: Folder) -> None:
    folder.data([{"q": "?", "options": ["a", "b"], "right": 0}])
    task = folder.open(CHOICE)
    (sample,) = asked(task)
    with pytest.raises(ValueError, match="1 answers to 2 requests"):
        task.judge(sample, likely(-1.0))


def test_an_unknown_metric_is_named_with_those_there_are(folder: Folder) -> None:
    folder.data([{"q": "?", "a": "b"}])
    with pytest.raises(MalformedError, match="no metric 'rouge'; there are acc, acc_norm"):
        folder.open({**OPEN, "metric_list": [{"metric": "rouge"}]})


def test_a_choice_is_scored_here_whatever_program_of_the_hub_its_metric_names(
    folder: Folder,
) -> None:
    folder.data([{"q": "x", "a": 0}])
    said = {
        "output_type": "multiple_choice",
        "doc_to_text": "q",
        "doc_to_target": "a",
        "doc_to_choice": ["y", "z"],
        "metric_list": [{"metric": "f1", "hf_evaluate": True, "average": "macro"}],
    }
    assert [metric.name for metric in folder.open(said).metrics] == ["f1"]
    with pytest.raises(MalformedError, match="is a program on the hub"):
        folder.open({**said, "output_type": "generate_until"})
