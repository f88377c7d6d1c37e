# SPDX-License-Identifier: Apache-2.0
"""Intervals of a single score."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.evals.statistics.intervals import estimate, standard_error, wilson

scores = st.lists(st.integers(0, 1), min_size=1, max_size=60)


@given(scores)
def test_the_interval_holds_the_mean_and_stays_among_proportions(values: list[int]) -> None:
    found = estimate(values)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.n == len(values)


@given(scores)
def test_all_right_is_not_certainty(values: list[int]) -> None:
    found = estimate([1] * len(values))
    assert found.low < 1 == found.high


def test_items_that_hang_together_count_for_less() -> None:
    values = [1, 1, 1, 1, 0, 0, 0, 0] * 10
    alone = estimate(values)
    together = estimate(values, [index // 4 for index in range(len(values))])
    assert together.value == alone.value
    assert together.high - together.low > 1.8 * (alone.high - alone.low)
    assert (alone.clusters, together.clusters) == (80, 20)


def test_clusters_of_one_change_nothing() -> None:
    values = [0.25, 0.5, 0.125, 0.75, 0.0]
    assert estimate(values, list("abcde")) == estimate(values)


def test_the_cluster_robust_error_is_that_of_the_sandwich() -> None:
    # statsmodels 0.15.0: OLS(values, ones).fit(cov_type="cluster", ...).bse gives this
    residuals = [0.5, 0.5, -0.5, 0.5, -0.5, -0.5]
    assert standard_error(residuals, [0, 0, 1, 1, 2, 2]) == pytest.approx(0.2886751, abs=1e-7)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    chance = random.Random(5)
    hits = 0
    for _ in range(400):
        found = estimate([int(chance.random() < 0.9) for _ in range(40)])
        hits += found.low <= 0.9 <= found.high
    assert 0.92 <= hits / 400 <= 0.99


def test_items_that_all_hang_together_are_as_good_as_one() -> None:
    found = estimate([1, 0, 1, 0] * 10, ["passage"] * 40)
    assert found.high - found.low > 0.85
    assert found.clusters == 1


def test_a_mean_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        estimate([])


def test_more_successes_than_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="no proportion"):
        wilson(3, 2)


@pytest.mark.parametrize(("right", "of"), [(8, 10), (2, 3), (0, 5), (30, 60)])
def test_a_share_of_items_that_stand_alone_has_the_interval_of_wilson(right: int, of: int) -> None:
    found = estimate([1.0] * right + [0.0] * (of - right))
    assert (found.low, found.high) == pytest.approx(wilson(right, of), abs=1e-6)


def test_items_that_are_alike_within_groups_count_as_their_groups() -> None:
    found = estimate([1.0] * 32 + [0.0] * 8, [index // 4 for index in range(40)])
    assert (found.low, found.high) == pytest.approx(wilson(8, 10), abs=1e-6)
