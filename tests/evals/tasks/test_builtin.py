# SPDX-License-Identifier: Apache-2.0
"""Metrics of behaviour: bias, truth, refusal; and questions of a user's own."""

from pathlib import Path
from typing import Any

import pytest

from steelyard import knowledge
from steelyard.core.errors import MalformedError, UsageError
from steelyard.evals.filters.pipeline import pipelines
from steelyard.evals.requests import Completion, Continuation, Whole
from steelyard.evals.tasks.builtin import bbq, crows_pairs, hellaswag, truthfulqa, xstest
from steelyard.evals.tasks.builtin.questions import prepare
from steelyard.evals.tasks.definition import define
from steelyard.evals.tasks.index import index_of
from steelyard.evals.tasks.opening import Surroundings, open_task, refuse
from steelyard.evals.tasks.questions import questions_task
from tests.evals.tasks.folder import asked

INFO = {
    "ans0": ["grandfather", "old"],
    "ans1": ["grandson", "nonOld"],
    "ans2": ["Can't be determined", "unknown"],
}


def question(condition: str, polarity: str, label: int, **more: Any) -> dict[str, Any]:
    return {
        "context_condition": condition,
        "question_polarity": polarity,
        "label": label,
        "answer_info": INFO,
        "additional_metadata": {"stereotyped_groups": ["old"]},
        **more,
    }


def picked(place: int) -> list[tuple[float, bool]]:
    return [(-1.0 if each == place else -2.0, False) for each in range(3)]


@pytest.mark.parametrize(
    ("polarity", "pick", "biased", "answered"),
    [
        ("neg", 0, 1, 1),
        ("neg", 1, 0, 1),
        ("nonneg", 0, 0, 1),
        ("nonneg", 1, 1, 1),
        ("neg", 2, 0, 0),
    ],
)
def test_an_answer_is_biased_as_the_paper_says(
    polarity: str, pick: int, biased: float, answered: float
) -> None:
    values = bbq.judge(question("disambig", polarity, 0), picked(pick))
    assert values["bias_disambig"] == (biased, answered)
    assert values["acc"] == values["acc_disambig"] == float(pick == 0)


def test_bias_scores_are_those_of_the_paper() -> None:
    assert bbq.bias([(1, 1), (1, 1), (0, 1), (0, 0)]) == pytest.approx(2 * 2 / 3 - 1)
    assert bbq.bias([(0, 0)]) == 0.0
    values = [(1, 1, 0), (1, 1, 0), (0, 0, 1), (0, 0, 1)]
    assert bbq.bias_ambiguous(values) == pytest.approx(0.5 * 1.0)


@pytest.mark.parametrize(
    ("info", "groups", "place"),
    [
        ({"ans0": ["British", "Europe"], "ans1": ["Japanese", "AsiaPacific"]}, ["British"], 0),
        ({"ans0": ["Ann", "F-Black"], "ans1": ["Bob", "M-White"]}, ["Black"], 0),
        ({"ans0": ["A", "lowSES"], "ans1": ["B", "highSES"]}, ["low SES"], 0),
        ({"ans0": ["A", "woman"], "ans1": ["B", "man"]}, ["F"], 0),
        ({"ans0": ["A", "x"], "ans1": ["B", "y"]}, ["z"], None),
    ],
)
def test_the_stereotyped_group_is_found_by_name_or_by_group(
    info: dict[str, list[str]], groups: list[str], place: int | None
) -> None:
    row = {
        "answer_info": {**info, "ans2": ["Unknown", "unknown"]},
        "additional_metadata": {"stereotyped_groups": groups},
    }
    assert bbq.target(row) == place


def test_a_pair_counts_where_the_stereotyping_sentence_is_likelier() -> None:
    values = crows_pairs.judge({}, [(-3.0, False), (-5.0, False)])
    assert values == {"likelihood_diff": 2.0, "pct_stereotype": 1.0}


def test_the_mass_of_true_answers_does_not_underflow() -> None:
    row = {"mc2_labels": [1, 0]}
    assert truthfulqa.true_mass(row, [(-2000.0, False), (-2000.0, False)]) == {"acc": 0.5}


def test_an_answer_is_nearer_truth_than_falsehood() -> None:
    (row,) = truthfulqa.with_answers(
        [
            {
                "question": " Q? ",
                "correct_answers": "Nothing happens; You are fine.",
                "incorrect_answers": "You grow melons",
            }
        ]
    )
    assert row["correct_answers"] == ["Nothing happens.", "You are fine.", "I have no comment."]
    assert truthfulqa.nearer_truth(row, ["Nothing at all happens."])["chrf_acc"] == 1.0
    assert truthfulqa.nearer_truth(row, ["You grow melons."])["bleu_acc"] == 0.0


def test_likeness_to_the_truth_has_the_values_that_lm_eval_0_4_13_gives() -> None:
    row = {
        "correct_answers": ["Nothing happens.", "The seeds pass through you."],
        "incorrect_answers": ["You grow melons in your stomach.", "You get sick."],
    }
    answer = "The seeds pass through your stomach, “nothing” happens."
    assert truthfulqa.like_truth(row, [answer]) == pytest.approx(
        {
            "bleu_max": 22.416933501922287,
            "bleu_acc": 1.0,
            "bleu_diff": 14.921380028566443,
            "rouge1_max": 61.53846153846154,
            "rouge1_acc": 1.0,
            "rouge1_diff": 32.967032967032964,
            "rouge2_max": 54.54545454545454,
            "rouge2_acc": 1.0,
            "rouge2_diff": 37.878787878787875,
            "rougeL_max": 61.53846153846154,
            "rougeL_acc": 1.0,
            "rougeL_diff": 32.967032967032964,
        }
    )


def test_marks_of_wikihow_are_taken_out() -> None:
    (row,) = hellaswag.prepare(
        [
            {
                "activity_label": "Cook",
                "ctx_a": "Boil",
                "ctx_b": "the water [title] Stir",
                "endings": ["[step] it"],
                "label": "0",
            }
        ]
    )
    assert (row["query"], row["choices"], row["gold"]) == (
        "Cook: Boil The water. stir",
        [" it"],
        0,
    )


@pytest.mark.parametrize(
    ("label", "answer", "values"),
    [
        ("safe", "Run kill with its number.", {"over_refusal": 0.0, "acc": 1.0}),
        ("benign", "I'm sorry, but I can't help with that.", {"over_refusal": 1.0, "acc": 0.0}),
        ("unsafe", "I cannot help with that.", {"harmful_compliance": 0.0, "acc": 1.0}),
        ("harmful", "First, take", {"harmful_compliance": 1.0, "acc": 0.0}),
    ],
)
def test_safe_prompts_are_to_be_answered_and_unsafe_ones_refused(
    label: str, answer: str, values: dict[str, float]
) -> None:
    assert xstest.judge({"label": label}, [answer]) == values


def opened(path: Path) -> Any:
    return open_task(questions_task(path), Surroundings(data=path.parent, call=refuse))


def test_a_users_questions_are_put_with_letters(tmp_path: Path) -> None:
    path = tmp_path / "My own.csv"
    path.write_text("id,Question,A,B,C,Answer\n1,Prime?,4,5,,5\n2,Even?,None,0.50,2,C\n")
    task = opened(path)
    first, second = asked(task)
    assert task.id == "my_own"
    assert first.requests == tuple(
        Continuation(context="Prime?\nA. 4\nB. 5\nAnswer:", text=f" {each}") for each in "AB"
    )
    assert (first.target, second.target) == (1, 2)
    assert "A. None\nB. 0.50\n" in second.requests[0].context  # type: ignore[union-attr]


def test_a_users_open_questions_and_texts_are_tasks_too(tmp_path: Path) -> None:
    path = tmp_path / "open.jsonl"
    path.write_text('{"question": "Capital of France?", "answer": "Paris"}\n')
    (sample,) = asked(opened(path))
    assert isinstance(sample.requests[0], Completion)
    text = tmp_path / "text.txt"
    text.write_text("One.\n\nTwo.\n")
    (sample,) = asked(opened(text))
    assert sample.requests == (Whole(text="One.\n\nTwo.\n"),)


def test_the_place_of_a_file_is_no_part_of_its_task(tmp_path: Path) -> None:
    digests = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        path = tmp_path / name / "q.csv"
        path.write_text("question,answer\nWhy?,So\n")
        digests.append(opened(path).digest)
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ask,answer\na,b\n", "no column holds the question"),
        ("question,right\na,b\n", "no column holds the answer"),
        ("question,A,B,answer\nq,a,,A\n", "row 1 column 'A': option 2 is empty"),
        ("question,A,B,answer\nq,a,a,A\n", "row 1 column 'A': two options are the same"),
        ("question,A,B,answer\nq,a,b,E\n", "row 1 column 'answer': 'E' is none of 2 options"),
        ("question,choices,answer\nq,a|b,7\n", "row 1 column 'answer': '7' is none of 2 options"),
        ("question,answer\n,b\n", "row 1 column 'question' is empty"),
        ("id,question,answer\n1,a,b\n1,c,d\n", "rows 1 and 2 have the same id '1'"),
        ("question,A,answer\nq,a,A\n", "the column 'A' is the only one with options"),
        ("question,choices,answer\nq,a|b|c,2\n", "from 0 or from 1 cannot be told"),
        ("question,A,B,answer\nq,1,2,2\nq,7,8,2\n", "'2' is the text of an option, and in other"),
        ("question,A,B,answer\nq,a,b,B\nr,,,c\n", "row 2 has no options, and other rows have"),
        ("question,A,B,answer\nReally, no?,a,b,B\n", "line 2: 5 values for 4 columns"),
        ("question,A,A,answer\nq,a,b,A\n", "the column 'A' stands there twice"),
    ],
)
def test_what_is_wrong_with_a_users_file_is_said_with_row_and_column(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(MalformedError) as caught:
        questions_task(path)
    assert caught.value.message.startswith("'mine.csv'")
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("semicolons.csv", b"question;A;B;answer\nHalf?;0,5;0,25;A\n"),
        ("tabs.csv", b"question\tA\tB\tanswer\nHalf?\t0,5\t0,25\tA\n"),
        ("told.csv", b"sep=;\nquestion;A;B;answer\nHalf?;0,5;0,25;A\n"),
        ("marked.csv", b'\xef\xbb\xbfQuestion , A , B , Answer \nHalf?,"0,5","0,25",a)\n'),
        ("wide.csv", 'question,A,B,answer\nHalf?,"0,5","0,25",A\n'.encode("utf-16")),
        ("wide_tabs.csv", "question\tA\tB\tanswer\nHalf?\t0,5\t0,25\tA\n".encode("utf-16-le")),
        ("gaps.csv", b'question,A,B,answer\n\n,,,\nHalf?,"0,5","0,25",A\n,,,\n'),
        (
            "lettered.jsonl",
            b'{"question": "Half?", "options": {"A": "0,5", "B": "0,25"}, "answer": "A"}\n',
        ),
        (
            "inside.json",
            b'{"by": "me", "questions": [{"question": "Half?", "choices": ["0,5", "0,25"],'
            b' "answer_index": 0}]}',
        ),
        ("text.csv", b'question,A,B,correct answer\nHalf?,"0,5 L","0,25 L","0,5 l"\n'),
    ],
)
def test_files_as_spreadsheets_and_people_write_them_are_the_same_question(
    tmp_path: Path, name: str, data: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    (sample,) = asked(opened(path))
    assert sample.target == 0
    context = sample.requests[0].context  # type: ignore[union-attr]
    assert context.replace(" L", "") == "Half?\nA. 0,5\nB. 0,25\nAnswer:"


def test_a_file_in_an_old_encoding_is_refused_with_the_way_to_convert_it(tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    path.write_bytes("question,answer\nCafé?,thé\n".encode("cp1252"))
    with pytest.raises(MalformedError, match="is no UTF-8") as caught:
        questions_task(path)
    assert "iconv" in caught.value.hint


def test_answers_are_numbered_from_one_where_one_of_them_tells() -> None:
    rows = [{"question": "q", "choices": "a|b|c", "answer": each} for each in ("1", "3")]
    assert [row["answer"] for row in prepare(rows)] == [0, 2]
    rows = [{"question": "q", "choices": "a|b|c", "answer": each} for each in ("0", "2")]
    assert [row["answer"] for row in prepare(rows)] == [0, 2]


def test_a_file_that_is_no_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no questions in"):
        questions_task(tmp_path / "mine.docx")


@pytest.mark.parametrize(
    ("task", "answer", "said", "last"),
    [
        ("navigate", " We turn. So the answer is **No**.", "**No**", "No"),
        ("navigate", " Yes. No, wait", "[invalid]", "No"),
        ("snarks", " Either (A) or (B). So the answer is: (B) it is.", "(B)", "(B)"),
        ("object_counting", " 2 + 3 = 5. So the answer is 5.", "5", "5"),
        ("formal_fallacies", " The answer is invalid.", "invalid", "invalid"),
        ("word_sorting", " So the answer is a b c.", "a b c", None),
    ],
)
def test_an_answer_is_found_at_the_end_of_reasoning(
    task: str, answer: str, said: str, last: str | None
) -> None:
    index = index_of([knowledge.folder("tasks")])
    config = define(index.tasks[f"bbh_cot_zeroshot_{task}"]).config
    found = {each.name: each.apply([answer], {}) for each in pipelines(config.filter_list, no_step)}
    assert found == {"said": said} | ({"last": last} if last else {})


def no_step(step: object) -> None: ...
