# SPDX-License-Identifier: Apache-2.0
"""Two runs side by side."""

import random

import msgspec
import pytest

from steelyard.core.digest import digest_bytes
from steelyard.core.errors import UsageError
from steelyard.core.policy import Outcome
from steelyard.evals.comparability import MAY_DIFFER
from steelyard.evals.comparison import compare
from tests.samples.runs import card, run


def test_a_run_compared_with_itself_passes_any_margin() -> None:
    one = run({"quiz": [1, 0, 1, 1, 0]})
    found = compare(one, one, margin=0.0)
    assert found.outcome is Outcome.PASS
    assert [(row.says, row.difference.value) for row in found.rows] == [("same", 0.0)]


def test_a_clear_regression_fails_the_margin() -> None:
    old, new = run({"quiz": [1] * 60}), run({"quiz": [0] * 20 + [1] * 40})
    found = compare(old, new, margin=0.01)
    assert found.outcome is Outcome.FAIL
    assert found.rows[0].says == "worse"
    assert [flip.index for flip in found.rows[0].flips] == list(range(20))


def test_too_few_samples_leave_it_unknown() -> None:
    found = compare(run({"quiz": [1, 1, 1, 0]}), run({"quiz": [1, 1, 0, 0]}), margin=0.01)
    assert found.outcome is Outcome.UNKNOWN


def test_a_single_cluster_leaves_it_unknown() -> None:
    old, new = (
        run({"quiz": [1, 0, 1]}, clusters=["passage"] * 3, subject=digest_bytes(name))
        for name in (b"one", b"other")
    )
    assert compare(old, new, margin=0.5).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(("n", "outcome"), [(20, Outcome.UNKNOWN), (500, Outcome.PASS)])
def test_another_model_with_the_same_answers_passes_where_there_are_enough(n, outcome) -> None:
    old, new = (run({"quiz": [1] * n}, subject=digest_bytes(name)) for name in (b"one", b"other"))
    assert compare(old, new, margin=0.01).outcome is outcome


def test_two_models_of_a_name_are_told_apart() -> None:
    old, new = (run({"quiz": [1, 0]}, subject=digest_bytes(name)) for name in (b"one", b"other"))
    found = compare(old, new)
    assert found.old != found.new
    assert found.old.startswith("model (")


def test_a_refusal_names_the_settings_that_differ() -> None:
    old = run({"quiz": [1, 0]}, settings={"limit": "2"})
    new = run({"quiz": [1, 0, 1]}, settings={"limit": "3", "chat": "yes"})
    with pytest.raises(UsageError, match=r"samples of quiz.*chat \(no against yes\), limit"):
        compare(old, new)


def test_samples_are_paired_by_their_digest_not_by_their_order() -> None:
    scores = [random.Random(2).randrange(2) for _ in range(40)]
    old, new = run({"quiz": scores}), run({"quiz": scores})
    turned = (new[0], new[1][::-1])
    assert compare(old, turned).rows == compare(old, new).rows


@pytest.mark.parametrize("what", ["task", "data", "samples"])
def test_runs_of_other_tasks_data_or_samples_are_never_compared(what: str) -> None:
    old, (new, found) = run({"quiz": [1, 0]}), run({"quiz": [1, 0]})
    other = msgspec.structs.replace(new.tasks[0], **{what: digest_bytes(b"other")})
    changed = msgspec.structs.replace(new, tasks=(other,))
    with pytest.raises(UsageError, match=f"they differ in {what} of quiz"):
        compare(old, (changed, found), despite=MAY_DIFFER)


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("tokenizer", {"tokenizer": digest_bytes(b"other")}),
        ("engine", {"engine": "other"}),
        ("numerics", {"numerics": {"dtype": "bfloat16"}}),
    ],
)
def test_another_engine_is_compared_only_when_allowed(what: str, changes: dict) -> None:
    old, new = run({"quiz": [1, 0]}), run({"quiz": [1, 0]}, card=card(**changes))
    with pytest.raises(UsageError, match=f"they differ in {what}") as refused:
        compare(old, new)
    assert f"--despite {what}" in refused.value.hint
    assert [one.what for one in compare(old, new, despite={what}).differs] == [what]


def test_many_tasks_without_a_difference_raise_no_alarm() -> None:
    chance = random.Random(11)
    old = {f"task{number}": [chance.randrange(2) for _ in range(50)] for number in range(20)}
    new = {task: [chance.randrange(2) for _ in range(50)] for task in old}
    assert {row.says for row in compare(run(old), run(new)).rows} == {"same"}


def test_less_is_better_where_the_metric_says_so() -> None:
    def perplexity(scores: list[float]) -> tuple:
        made, found = run({"text": scores})
        metric = msgspec.structs.replace(made.tasks[0].metrics[0], higher_is_better=False)
        task = msgspec.structs.replace(made.tasks[0], metrics=(metric,))
        return msgspec.structs.replace(made, tasks=(task,)), found

    old = [2.0 + index / 100 for index in range(30)]
    found = compare(perplexity(old), perplexity([score + 1 for score in old]), margin=0.1)
    assert (found.rows[0].says, found.outcome) == ("worse", Outcome.FAIL)


def test_runs_without_a_common_task_are_refused() -> None:
    with pytest.raises(UsageError, match="no task in common"):
        compare(run({"a": [1]}), run({"b": [1]}))


def test_tasks_that_only_one_run_has_are_named() -> None:
    found = compare(run({"a": [1, 0], "b": [1, 0]}), run({"a": [1, 0], "c": [1, 0]}))
    assert found.missing == ("b", "c")
