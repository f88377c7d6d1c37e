# SPDX-License-Identifier: Apache-2.0
"""Two models on the same items."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.evals.statistics.families import holm
from steelyard.evals.statistics.paired import difference, mcnemar
from steelyard.evals.statistics.sequential import e_value, settled_after
from steelyard.evals.statistics.tango import tango

pairs = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=2, max_size=50)


@given(pairs)
def test_swapping_the_models_turns_the_difference_round(found: list[tuple[int, int]]) -> None:
    old, new = zip(*found, strict=True)
    there, back = difference(old, new), difference(new, old)
    assert (there.value, there.low, there.high) == (-back.value, -back.high, -back.low)
    assert (there.p, there.exact, there.better) == (back.p, back.exact, back.worse)


def test_a_model_compared_with_itself_has_no_difference() -> None:
    scores = [0, 1, 1, 0, 1]
    found = difference(scores, scores)
    assert (found.value, found.p, found.exact) == (0, 1, 1)


def test_a_few_pairs_without_a_change_do_not_say_that_none_will_come() -> None:
    few, many = (difference([1, 0] * n, [1, 0] * n) for n in (10, 500))
    assert few.low < -0.1 < -0.01 < many.low < 0  # by the rule of three: 3 of 20, 3 of 1000
    together = difference([1, 0] * 500, [1, 0] * 500, [index // 10 for index in range(1000)])
    assert together.low < 5 * many.low


@pytest.mark.parametrize(
    ("better", "worse", "n"), [(0.01, 0.01, 100), (0.02, 0, 100), (0.1, 0.05, 60)]
)
def test_the_interval_of_changed_pairs_holds_the_difference(
    better: float, worse: float, n: int
) -> None:
    chance = random.Random(11)
    held = 0
    for _ in range(1000):
        draws = [chance.random() for _ in range(n)]
        gained = sum(draw < better for draw in draws)
        lost = sum(better <= draw < better + worse for draw in draws)
        low, high = tango(gained, lost, n)
        held += low <= better - worse <= high
    assert held > 935  # of 1000, 950 are meant


@pytest.mark.parametrize(("n", "most"), [(5, 0.4345), (60, 0.0602), (1000, 0.0038)])
def test_few_answers_that_all_stayed_do_not_rule_out_a_difference(n: int, most: float) -> None:
    found = difference([1] * n, [1] * n)
    assert (found.low, found.high) == pytest.approx((-most, most), abs=1e-4)


def test_pairs_see_what_two_intervals_would_not() -> None:
    chance = random.Random(1)
    old = [chance.randrange(2) for _ in range(1000)]
    new = [1 if index % 25 == 0 else score for index, score in enumerate(old)]
    found = difference(old, new)
    assert found.low > 0  # 20 items better, none worse: 2 points, of which intervals say 6 wide


def test_the_detectable_difference_is_found_eight_times_in_ten() -> None:
    chance = random.Random(3)

    def trial(shift: float) -> tuple[float, bool]:
        old = [chance.gauss(0, 1) for _ in range(80)]
        found = difference(old, [score + chance.gauss(shift, 1) for score in old])
        return found.detectable, found.low > 0

    size = sum(trial(0)[0] for _ in range(50)) / 50
    assert 0.7 < sum(trial(size)[1] for _ in range(300)) / 300 < 0.9


def test_a_single_cluster_tells_nothing() -> None:
    found = difference([0, 0, 0], [1, 1, 1], ["same"] * 3)
    assert found.p == 1.0


def test_scores_that_do_not_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        difference([1], [1, 0])


def test_mcnemar_is_the_binomial_test_of_the_items_that_changed() -> None:
    assert mcnemar(0, 5) == 0.0625
    assert mcnemar(4, 4) == 1.0
    assert mcnemar(0, 0) == 1.0


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_never_makes_a_value_smaller_and_keeps_their_order(values: list[float]) -> None:
    adjusted = holm(values)
    assert all(a >= round(v, 7) for a, v in zip(adjusted, values, strict=True))
    assert sorted(range(len(values)), key=lambda i: (values[i], i)) == sorted(
        range(len(values)), key=lambda i: (adjusted[i], values[i], i)
    )


def test_looking_after_every_item_seldom_cries_wolf() -> None:
    chance = random.Random(7)
    alarms = 0
    for _ in range(300):
        found = [(chance.randrange(2), chance.randrange(2)) for _ in range(150)]
        alarms += settled_after(found) is not None
    assert alarms / 300 <= 0.05


def test_a_clear_difference_settles_early() -> None:
    assert settled_after([(0, 1)] * 100) == 7
    assert settled_after([(1, 1)] * 100) is None


def test_evidence_grows_with_one_sided_changes_only() -> None:
    assert e_value(5, 5) < 1 < e_value(10, 0) < e_value(11, 0)
