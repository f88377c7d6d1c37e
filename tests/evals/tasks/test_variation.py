# SPDX-License-Identifier: Apache-2.0
"""The same questions put another way, paired with the originals."""

from typing import Any

import pytest

from steelyard.core.errors import MalformedError, UsageError
from steelyard.evals.requests import Continuation
from steelyard.evals.tasks.variation import PLAIN, MoreSpace, ShuffledOptions, varied
from tests.evals.tasks.folder import Folder, asked

ROWS: list[dict[str, Any]] = [
    {"choices": ["w", "x", "y", "z"], "answer": 2},
    {"choices": {"text": ["w", "x", "y", "z"], "label": list("ABCD")}, "answerKey": "C"},
    {"choices": {"text": ["w", "x", "y", "z"], "label": list("1234")}, "answerKey": "3"},
    {"A": "w", "B": "x", "C": "y", "D": "z", "answer": "C"},
    {"ans0": "w", "ans1": "x", "ans2": "y", "label": 2},
    {"mc1_choices": ["w", "x", "y"], "mc1_labels": [0, 0, 1]},
    {"options": ["w", "x", "y"], "answer": "y"},
]


def right(row: dict[str, Any]) -> str:
    """Return the text of the right option, as the row has it."""
    options = row.get("choices") or row.get("options") or row.get("mc1_choices")
    labels = "ABCD"
    if isinstance(options, dict):
        options, labels = options["text"], options["label"]
    if options is None:
        names = [name for name in ("A", "B", "C", "D", "ans0", "ans1", "ans2") if name in row]
        options = [row[name] for name in names]
    if "mc1_labels" in row:
        return str(options[row["mc1_labels"].index(1)])
    answer = row.get("answer", row.get("label", row.get("answerKey")))
    if isinstance(answer, int):
        return str(options[answer])
    return str(options[labels.index(answer)]) if answer in labels else str(answer)


@pytest.mark.parametrize("row", ROWS)
def test_the_right_option_moves_along(row: dict[str, Any]) -> None:
    orders = set()
    for seed in range(20):
        moved = ShuffledOptions(seed).row(row, 0)
        assert right(dict(moved)) == "y"
        orders.add(str(moved))
    assert len(orders) > 3
    assert ShuffledOptions(3).row(row, 0) == ShuffledOptions(3).row(row, 99)


def test_options_that_cannot_be_told_are_not_shuffled() -> None:
    with pytest.raises(MalformedError, match="cannot be told"):
        ShuffledOptions(0).row({"question": "?"}, 0)


def test_a_variation_is_named_and_paired_by_origin(folder: Folder) -> None:
    folder.data([{"q": "Which?", "choices": list("wxyz"), "answer": n % 4} for n in range(4)])
    said = {
        "output_type": "multiple_choice",
        "doc_to_text": "{{q}} {{choices|join(' or ')}}",
        "doc_to_choice": ["A", "B", "C", "D"],
        "doc_to_target": "answer",
    }
    plain, other = (folder.open(said, variation=each) for each in (PLAIN, ShuffledOptions(1)))
    pairs = list(zip(asked(plain), asked(other), strict=True))
    assert other.id == "made@shuffle-options:1"
    assert other.digest != plain.digest
    assert all(a.origin == b.origin for a, b in pairs)
    assert any(a.digest != b.digest for a, b in pairs)


def test_white_space_changes_the_prompt_and_not_the_options(folder: Folder) -> None:
    folder.data([{"q": "Which\none?", "a": "this"}])
    said = {"output_type": "loglikelihood", "doc_to_text": "q", "doc_to_target": "a"}
    (sample,) = asked(folder.open(said, variation=MoreSpace("blank-lines")))
    assert sample.requests == (Continuation(context="Which\n\none?", text="this"),)


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("arc_easy", ""),
        ("arc_easy@shuffle-options:7", "@shuffle-options:7"),
        ("arc_easy@shuffle-options", "@shuffle-options:0"),
        ("arc_easy@whitespace:line-ends", "@whitespace:line-ends"),
    ],
)
def test_a_variation_is_part_of_the_name(name: str, suffix: str) -> None:
    task, variation = varied(name)
    assert (task, variation.suffix) == ("arc_easy", suffix)


@pytest.mark.parametrize("name", ["a@b", "a@shuffle-options:x", "a@whitespace:none"])
def test_an_unknown_variation_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        varied(name)
