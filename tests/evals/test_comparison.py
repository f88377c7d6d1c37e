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
from steelyard.evals.record import Stopping, Whole
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
    assert (found.rows[0].difference.better, found.rows[0].difference.worse) == (0, 30)


def test_runs_without_a_common_task_are_refused() -> None:
    with pytest.raises(UsageError, match="no task in common"):
        compare(run({"a": [1]}), run({"b": [1]}))


def test_tasks_that_only_one_run_has_are_named() -> None:
    found = compare(run({"a": [1, 0], "b": [1, 0]}), run({"a": [1, 0], "c": [1, 0]}))
    assert found.missing == ("b", "c")


def in_part(scores: list[float], asked: int, *, of: tuple, seed: int = 1234) -> tuple:
    """Return a run that stopped after the first samples of another's, which had these scores."""
    whole = of[0].tasks[0]
    made, found = run({"quiz": scores[:asked]})
    task = msgspec.structs.replace(
        made.tasks[0],
        whole=Whole(samples=whole.samples, tokens=whole.tokens, n=whole.n, largest=1),
    )
    stopping = Stopping(
        old="old",
        against=digest_bytes(b"old"),
        margin=0.05,
        alpha=0.05,
        bar=40,
        seed=seed,
        looks=(asked,),
        rows=(),
    )
    return msgspec.structs.replace(made, tasks=(task,), stopping=stopping), found


def test_a_part_is_paired_with_the_same_samples_and_says_what_holds_at_any_time() -> None:
    old = run({"quiz": [1, 0] * 200})
    found = compare(old, in_part([1, 0] * 200, 200, of=old), margin=0.05)
    row = found.rows[0]
    assert (row.difference.n, row.of, found.outcome) == (200, 400, Outcome.PASS)
    ordinary = compare(run({"quiz": [1, 0] * 100}), run({"quiz": [1, 0] * 100})).rows[0]
    assert row.difference.low < ordinary.difference.low
    assert compare(old, in_part([1, 0] * 200, 20, of=old), margin=0.05).outcome is Outcome.PASS
    other = msgspec.structs.replace(old[0], subject=digest_bytes(b"another"))
    few = in_part([1, 0] * 200, 20, of=old)
    assert compare((other, old[1]), few, margin=0.05).outcome is Outcome.UNKNOWN


def test_a_part_of_another_whole_is_refused() -> None:
    old, other = run({"quiz": [1, 0] * 20}), run({"quiz": [1, 0] * 21})
    with pytest.raises(UsageError, match="they differ in samples of quiz"):
        compare(old, in_part([1, 0] * 20, 20, of=other), despite=MAY_DIFFER)


def test_a_part_with_samples_that_the_whole_does_not_have_is_refused() -> None:
    old = run({"quiz": [1, 0] * 20})
    made, found = in_part([1, 0] * 20, 20, of=old)
    found[3] = msgspec.structs.replace(found[3], sample=digest_bytes(b"made up"))
    with pytest.raises(UsageError, match="they differ in samples of quiz"):
        compare(old, (made, found))


def test_two_parts_in_other_orders_are_refused() -> None:
    old = run({"quiz": [1, 0] * 20})
    one, other = (in_part([1, 0] * 20, 20, of=old, seed=seed) for seed in (1, 2))
    with pytest.raises(UsageError, match="they differ in samples"):
        compare(one, other)
    assert compare(one, one).rows[0].of == 40


def test_a_record_that_says_too_little_hangs_together_breaks_nothing() -> None:
    old = run({"quiz": [1, 0] * 20}, clusters=["passage"] * 40)
    made, found = in_part([1, 0] * 20, 20, of=old)
    whole = msgspec.structs.replace(made.tasks[0].whole, largest=0)
    made = msgspec.structs.replace(
        made, tasks=(msgspec.structs.replace(made.tasks[0], whole=whole),)
    )
    clustered = [msgspec.structs.replace(sample, cluster="passage") for sample in found]
    assert compare(old, (made, clustered)).rows[0].difference.low < -0.99


def with_group(made: tuple, value: float) -> tuple:
    group = msgspec.structs.replace(
        made[0].tasks[0],
        id="all",
        members=tuple(task.id for task in made[0].tasks),
        metrics=(msgspec.structs.replace(made[0].tasks[0].metrics[0], value=value),),
    )
    return msgspec.structs.replace(made[0], tasks=(*made[0].tasks, group)), made[1]


def test_a_group_that_is_a_mean_over_samples_passes_or_fails_as_one() -> None:
    scores = {f"subject{number}": [1, 0] * 20 for number in range(20)}
    old, new = with_group(run(scores, "old"), 0.5), with_group(run(scores, "new"), 0.5)
    found = compare(old, new, margin=0.02)
    assert [(row.task, row.outcome) for row in found.rows][:2] == [
        ("all", Outcome.PASS),
        ("subject0", None),
    ]
    assert (found.outcome, found.missing) == (Outcome.PASS, ())
    assert compare(run(scores, "old"), run(scores, "new"), margin=0.02).outcome is Outcome.UNKNOWN


def test_a_subject_that_broke_fails_though_its_group_passes() -> None:
    before = {f"subject{number}": [1] * 40 for number in range(20)}
    after = {**before, "subject7": [0] * 40}
    found = compare(
        with_group(run(before, "old"), 1.0), with_group(run(after, "new"), 0.95), margin=0.2
    )
    assert found.rows[0].outcome is Outcome.PASS
    assert [row.task for row in found.rows if row.outcome is Outcome.FAIL] == ["subject7"]
    assert found.outcome is Outcome.FAIL


def test_a_group_that_is_a_mean_over_tasks_does_not_speak_for_them() -> None:
    scores = {"small": [1] * 4, "large": [0] * 40}
    made = with_group(run(scores), 0.5)  # a mean over samples would be 0.09
    assert [row.task for row in compare(made, made, margin=0.01).rows] == ["small", "large"]
