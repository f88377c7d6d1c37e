# SPDX-License-Identifier: Apache-2.0
"""Runs and comparisons as people and other tools read them."""

import hashlib
import io
import json
import re
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from steelyard.core.engine import Sampling
from steelyard.evals.comparison import compare
from steelyard.evals.record import Settled, Stopping, Whole
from steelyard.evals.requests import Completion, Written
from steelyard.report.evaluation import lm_eval
from steelyard.report.evaluation.browser import chosen
from steelyard.report.evaluation.html import comparison_page, run_page
from steelyard.report.evaluation.terminal import draw_comparison, draw_run
from steelyard.report.summary.forest import Point, forest
from tests.samples.runs import run


def drawn(draw, thing, width: int = 80) -> str:
    page = io.StringIO()
    draw(thing, Console(file=page, width=width))
    return page.getvalue()


@pytest.mark.parametrize("width", [60, 80])
def test_a_run_fits_the_terminal(width: int) -> None:
    long = "exact_match,flexible-extract-of-numbers"
    made, _ = run({"a_task_with_a_very_long_name_that_goes_on_and_on": [1, 0, 1], "quiz": [0, 1]})
    task = msgspec.structs.replace(
        made.tasks[0], metrics=[msgspec.structs.replace(made.tasks[0].metrics[0], name=long)]
    )
    made = msgspec.structs.replace(made, tasks=(task, *made.tasks[1:]))
    text = drawn(draw_run, made, width)
    assert max(map(len, text.splitlines())) <= width
    assert "goes_on_and_on" in text or "on_and_on" in text
    assert "0.6667" in text
    assert "120 computed of at least 118" in text


def test_a_run_of_which_all_was_known_states_no_speed() -> None:
    made, _ = run({"quiz": [1, 0]})
    spent = msgspec.structs.replace(made.spent, computed=0, known=4)
    text = drawn(draw_run, msgspec.structs.replace(made, spent=spent))
    assert "none computed: all scores were known" in text
    assert "tokens/s" not in text


@pytest.mark.parametrize("width", [60, 80])
def test_a_comparison_fits_the_terminal(width: int) -> None:
    old, new = (
        run({"a_task_with_a_very_long_name": [1] * 40}),
        run({"a_task_with_a_very_long_name": [0] * 20 + [1] * 20}, name="new"),
    )
    text = drawn(draw_comparison, compare(old, new, margin=0.01), width)
    assert max(map(len, text.splitlines())) <= width
    assert "-0.500" in text


def test_a_comparison_says_what_may_be_said() -> None:
    text = drawn(draw_comparison, compare(run({"q": [1] * 40}), run({"q": [0] * 20 + [1] * 20})))
    assert "worse (p < 0.05 over all rows), 0 better and 20 worse of 40 samples" in text


def test_many_rows_without_a_difference_are_told_in_one_line() -> None:
    scores = {f"task{number}": [1, 0, 1, 0] for number in range(20)}
    changed = {**scores, "task3": [0, 1, 1, 0]}
    text = drawn(draw_comparison, compare(run(scores), run(changed, name="new")))
    assert "no difference shown in 20 rows" in text
    assert "task7 acc:" not in text


@pytest.mark.parametrize(
    ("worse", "said"),
    [
        (0, "PASS: no score is worse by more than 1 point"),
        (3, "UNKNOWN: too few samples to tell whether a score is worse by more than 1 point"),
        (300, "FAIL: a score is worse by more than 1 point"),
    ],
)
def test_a_gate_says_what_it_found(worse: int, said: str) -> None:
    old, new = run({"q": [1] * 500}), run({"q": [0] * worse + [1] * (500 - worse)}, name="new")
    text = drawn(draw_comparison, compare(old, new, margin=0.01))
    assert said in " ".join(text.split())
    assert " 0.0 points" not in text


def test_what_a_model_wrote_cannot_leave_its_place_on_the_page() -> None:
    made, samples = run({"quiz": [1, 0]})
    evil = "</div><script>alert(1)</script>\u202e"
    samples[0] = msgspec.structs.replace(
        samples[0],
        target=evil,
        requests=(Completion(context=evil, sampling=Sampling(most_tokens=3)),),
        answers=(Written(text=evil, tokens=3),),
    )
    page = run_page(made, samples)
    assert "<script" not in page
    assert "\u202e" not in page


def test_the_samples_of_no_task_crowd_out_those_of_another() -> None:
    _, samples = run({"first": [0] * 50, "second": [1] * 10 + [0] * 2})
    found = chosen(samples, 10)
    assert [sample.task for sample in found] == ["first"] * 5 + ["second"] * 5
    assert [sample.scores["acc"] for sample in found[5:]] == [0, 0, 1, 1, 1]


def test_the_page_shows_what_a_filter_read_in_a_text() -> None:
    made, samples = run({"quiz": [0]})
    samples[0] = msgspec.structs.replace(
        samples[0],
        requests=(Completion(context="2+2?", sampling=Sampling(most_tokens=3)),),
        answers=(Written(text="It is 5.", tokens=3),),
        filtered={"strict": "5"},
    )
    assert "strict reads: 5" in run_page(made, samples)


def test_the_page_names_what_the_scores_stand_on() -> None:
    made, samples = run({"quiz": [0]})
    page = run_page(made, samples)
    for digest in (made.card.weights, made.tasks[0].data, made.tasks[0].tokens):
        assert digest[7:19] in page


def test_the_page_of_a_comparison_shows_the_samples_that_changed() -> None:
    old, new = run({"quiz": [1, 1, 0]}), run({"quiz": [1, 0, 0]})
    page = comparison_page(compare(old, new, margin=0.01), old[1], new[1])
    assert "acc 1.0000 → 0.0000: quiz 1: Question 1?" in page
    assert page.count('class="sample"') == 1


def test_scores_are_where_other_tools_look_for_them() -> None:
    made, samples = run({"quiz": [1, 0]})
    found = lm_eval.results(made)
    assert found["results"]["quiz"]["acc,none"] == 0.5
    assert found["n-samples"]["quiz"]["effective"] == 2
    line = next(lm_eval.samples(samples))
    assert (line["acc"], line["filter"], line["metrics"]) == (1, "none", ["acc"])
    assert line["arguments"]["gen_args_1"] == {"arg_0": "Question 0?", "arg_1": " no"}
    assert json.loads(json.dumps(line)) == line


def test_what_lm_eval_looks_up_by_task_is_there() -> None:
    made, samples = run({"quiz": [1, 0]}, settings={"limit": "2", "num_fewshot": "task"})
    found = lm_eval.results(made, samples)
    assert found["configs"]["quiz"]["output_type"] == "multiple_choice"
    assert found["configs"]["quiz"]["metric_list"] == [{"metric": "acc", "higher_is_better": True}]
    assert (found["config"]["limit"], found["config"]["num_fewshot"]) == (2, None)
    assert found["date"] == datetime(2026, 11, 29, 12, tzinfo=UTC).timestamp()


def test_a_line_holds_the_place_of_the_option_and_what_the_filter_found() -> None:
    _, samples = run({"quiz": [1]})
    record = msgspec.structs.replace(
        samples[0],
        gold=2,
        answers=(Written(text="It is 18.", tokens=4),),
        filtered={"strict": "18"},
        scores={"exact_match,strict": 1.0},
    )
    (line,) = lm_eval.samples([record])
    assert (line["target"], line["resps"], line["filtered_resps"]) == ("2", [["It is 18."]], ["18"])


def test_the_hash_of_what_was_asked_is_that_of_lm_eval() -> None:
    made, samples = run({"quiz": [1, 0]})
    (digest,) = lm_eval.results(made, samples)["task_hashes"].values()
    lines = list(lm_eval.samples(samples))
    said = "".join(line["doc_hash"] + line["prompt_hash"] + line["target_hash"] for line in lines)
    assert digest == hashlib.sha256(said.encode()).hexdigest()


def test_a_score_behind_a_filter_is_a_line_of_its_own() -> None:
    _, samples = run({"quiz": [1]})
    record = msgspec.structs.replace(
        samples[0], scores={"exact_match,strict": 0.0, "exact_match,flexible": 1.0}
    )
    lines = list(lm_eval.samples([record]))
    assert [(line["filter"], line["exact_match"]) for line in lines] == [
        ("strict", 0.0),
        ("flexible", 1.0),
    ]


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3))
def test_every_dot_lies_on_its_interval_within_the_plot(values: list[float]) -> None:
    low, value, high = sorted(values)
    point = Point(label="a", written="b", value=value, low=low, high=high)
    plot = forest("id", "title", "words", [point], around_zero=True)
    row = plot.rows[0]
    assert 0 <= row.low <= row.x <= row.high <= 100
    assert len(plot.ticks) <= 12


def stopped() -> tuple:
    """Return a run that asked two of four samples."""
    made, samples = run({"quiz": [1, 0]})
    whole = Whole(samples="sha256:00", tokens="sha256:00", n=4, largest=1)
    task = msgspec.structs.replace(made.tasks[0], whole=whole)
    row = Settled(
        name="quiz",
        metric="acc",
        asked=2,
        of=4,
        low=-0.004,
        high=0.012,
        evidence=44.0,
        says="not worse",
    )
    stopping = Stopping(
        old="old",
        against="sha256:00",
        margin=0.005,
        alpha=0.05,
        bar=40,
        seed=1,
        looks=(2,),
        rows=(row,),
        entire={"text": "the other run does not have it"},
    )
    return msgspec.structs.replace(made, tasks=(task,), stopping=stopping), samples


def test_a_run_that_stopped_says_so_on_terminal_and_page() -> None:
    made, samples = stopped()
    text = " ".join(drawn(draw_run, made).split())
    said = (
        "quiz acc: settled after 2 of 4 questions: not worse than 0.5 points (-0.4 to +1.2 points)"
    )
    assert said in text
    assert "text: asked whole, for the other run does not have it" in text
    assert "2 of 4" in text
    assert said in run_page(made, samples)


def test_slices_of_a_part_have_no_ordinary_interval() -> None:
    made, samples = stopped()
    for sample, language in zip(range(2), ("et", "qu"), strict=True):
        samples[sample] = msgspec.structs.replace(samples[sample], slices={"language": language})
    spans = re.findall(r'class="span" x1="([^"]*)%" x2="([^"]*)%"', run_page(made, samples))
    assert [low == high for low, high in spans] == [False, True, True]  # the task, two languages
