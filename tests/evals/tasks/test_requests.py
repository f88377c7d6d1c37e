# SPDX-License-Identifier: Apache-2.0
"""What a task asks, text for text. `benchmarks/eval_requests.py` compares with lm-eval itself."""

from collections.abc import Sequence
from typing import Any

import pytest

from steelyard.core.engine import Sampling
from steelyard.core.errors import MalformedError
from steelyard.evals.requests import Completion, Continuation, Whole
from steelyard.evals.tasks.sample import Skipped
from steelyard.evals.tasks.settings import Settings
from tests.evals.tasks.folder import Folder, asked

ROWS = [
    {"question": " Two and two? ", "choices": ["3", "4"], "answer": 1},
    {"question": "One and one?", "choices": ["2", "0.50"], "answer": 0},
]
CHOICE: dict[str, Any] = {
    "output_type": "multiple_choice",
    "doc_to_text": "Q: {{question.strip()}}\nA:",
    "doc_to_choice": "choices",
    "doc_to_target": "answer",
}


def test_each_option_is_scored_after_the_question_and_a_space(folder: Folder) -> None:
    folder.data(ROWS)
    first, second = asked(folder.open(CHOICE))
    assert first.requests == (
        Continuation(context="Q: Two and two?\nA:", text=" 3"),
        Continuation(context="Q: Two and two?\nA:", text=" 4"),
    )
    assert (first.target, second.target, second.choices) == (1, 0, ("2", "0.50"))


def test_examples_stand_before_the_question_and_the_last_ends_with_the_delimiter(
    folder: Folder,
) -> None:
    folder.data(ROWS)
    folder.data([{"question": "Three and one?", "choices": ["4", "5"], "answer": 0}], "dev.jsonl")
    said = {
        **CHOICE,
        "dataset_kwargs": {"data_files": {"test": "test.jsonl", "dev": "dev.jsonl"}},
        "description": "Sums.\n\n",
        "fewshot_split": "dev",
        "num_fewshot": 1,
        "fewshot_config": {"sampler": "first_n"},
    }
    context = "Sums.\n\nQ: Three and one?\nA: 4\n\nQ: Two and two?\nA:"
    assert asked(folder.open(said))[0].requests[0] == Continuation(context=context, text=" 3")


def test_options_that_are_questions_share_one_answer(folder: Folder) -> None:
    folder.data([{"a": "The cat sat", "b": "The mat sat", "right": "0", "rest": "on the mat"}])
    said = {
        "output_type": "multiple_choice",
        "doc_to_text": "{{right}}",
        "doc_to_choice": "{{[a, b]}}",
        "doc_to_target": "rest",
    }
    (sample,) = asked(folder.open(said))
    assert sample.requests == (
        Continuation(context="The cat sat", text=" on the mat"),
        Continuation(context="The mat sat", text=" on the mat"),
    )
    assert sample.target == 0


def test_mutual_information_asks_for_the_options_alone_as_well(folder: Folder) -> None:
    folder.data(ROWS[:1])
    said = {**CHOICE, "metric_list": [{"metric": "acc_mutual_info"}]}
    (sample,) = asked(folder.open(said))
    assert sample.requests[2:] == (
        Continuation(context="", text=" 3"),
        Continuation(context="", text=" 4"),
    )


def test_a_likelihood_scores_the_target_without_a_delimiter(folder: Folder) -> None:
    folder.data([{"text": "Once upon a", "last": " time"}])
    said = {"output_type": "loglikelihood", "doc_to_text": "text", "doc_to_target": "{{last}}"}
    (sample,) = asked(folder.open(said))
    assert sample.requests == (Continuation(context="Once upon a", text=" time"),)


def test_rolling_scores_the_whole_text(folder: Folder) -> None:
    folder.data([{"text": "A whole page."}])
    said = {"output_type": "loglikelihood_rolling", "doc_to_text": "", "doc_to_target": "text"}
    (sample,) = asked(folder.open(said))
    assert sample.requests == (Whole(text="A whole page."),)


def test_repeats_ask_again_with_other_seeds(folder: Folder) -> None:
    folder.data([{"q": "Why?", "a": "So."}])
    said = {
        "doc_to_text": "q",
        "doc_to_target": "a",
        "repeats": 2,
        "generation_kwargs": {"until": ["\n"], "do_sample": True, "temperature": 0.5},
    }
    (sample,) = asked(folder.open(said))
    sampling = Sampling(most_tokens=256, stop=("\n",), temperature=0.5)
    assert [request.sampling.seed for request in sample.requests] == [0, 1]  # type: ignore[union-attr]
    assert sample.requests[0] == Completion(context="Why?", sampling=sampling)


def test_without_do_sample_an_answer_is_greedy(folder: Folder) -> None:
    folder.data([{"q": "Why?", "a": "So."}])
    said = {"doc_to_text": "q", "doc_to_target": "a", "generation_kwargs": {"temperature": 0.8}}
    (sample,) = asked(folder.open(said))
    assert sample.requests[0] == Completion(
        context="Why?", sampling=Sampling(most_tokens=256, stop=("\n\n",))
    )


def test_a_chat_template_takes_turns_and_leaves_the_beginning_of_the_answer_open(
    folder: Folder,
) -> None:
    def chat(messages: Sequence[Any]) -> str:
        return "".join(f"<{each['role']}>{each['content']}" for each in messages) + "<assistant>"

    folder.data(ROWS[:1])
    said = {**CHOICE, "gen_prefix": "The answer is", "description": "Sums."}
    settings = Settings(system="Be brief.", multiturn=True)
    (sample,) = asked(folder.open(said, chat=chat, settings=settings))
    assert sample.requests[0] == Continuation(
        context=("<system>Be brief.\n\nSums.<user>Q: Two and two?\nA:<assistant>The answer is"),
        text=" 3",
    )


@pytest.mark.parametrize("seed", [1234, 7])
def test_drawn_examples_are_those_of_the_seed(folder: Folder, seed: int) -> None:
    import random

    folder.data([{"q": "Which?", "a": "This."}] * 3)
    folder.data([{"q": f"q{n}", "a": f"a{n}"} for n in range(9)], "train.jsonl")
    said = {
        "doc_to_text": "q",
        "doc_to_target": "a",
        "num_fewshot": 2,
        "training_split": "train",
        "dataset_kwargs": {"data_files": {"test": "test.jsonl", "train": "train.jsonl"}},
    }
    draws = random.Random(seed)
    for sample in asked(folder.open(said, settings=Settings(seed=seed))):
        first, second = draws.sample(range(9), 2)
        assert sample.requests[0].context == (  # type: ignore[union-attr]
            f"q{first} a{first}\n\nq{second} a{second}\n\nWhich?"
        )


def test_a_question_is_never_its_own_example(folder: Folder) -> None:
    folder.data([{"q": f"q{n}", "a": f"a{n}"} for n in range(4)])
    said = {
        "doc_to_text": "q",
        "doc_to_target": "a",
        "num_fewshot": 3,
        "fewshot_split": "test",
    }
    for sample in asked(folder.open(said)):
        context = sample.requests[0].context  # type: ignore[union-attr]
        assert context.count(f"q{sample.index}") == 1


def test_a_row_that_makes_no_question_is_skipped_with_its_place(folder: Folder) -> None:
    folder.data([*ROWS, {"question": "No options?", "choices": [], "answer": 0}])
    *_, last = folder.open(CHOICE).samples()
    assert last == Skipped(
        task="made", index=2, reason="test.jsonl row 3: 'doc_to_choice' gives no options"
    )


def test_a_column_that_no_row_has_is_named(folder: Folder) -> None:
    folder.data([{"questoin": "?", "choices": ["a"], "answer": 0}])
    with pytest.raises(MalformedError, match="'question' is undefined"):
        folder.open(CHOICE)


def test_the_digest_of_a_question_does_not_depend_on_the_limit(folder: Folder) -> None:
    folder.data([*ROWS, {"question": "More?", "choices": ["a"], "answer": 0, "note": "late"}])
    whole = asked(folder.open(CHOICE))
    short = asked(folder.open(CHOICE, settings=Settings(limit=1)))
    assert [each.digest for each in short] == [whole[0].digest]
