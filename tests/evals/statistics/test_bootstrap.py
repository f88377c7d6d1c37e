# SPDX-License-Identifier: Apache-2.0
"""Intervals of scores that are no mean."""

import math
import random
from collections.abc import Sequence

from steelyard.evals.statistics.bootstrap import bootstrap
from steelyard.evals.statistics.intervals import estimate


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def test_for_a_mean_it_agrees_with_the_formula() -> None:
    chance = random.Random(4)
    values = [chance.gauss(2, 1) for _ in range(200)]
    found, known = bootstrap(values, mean, range(200)), estimate(values)
    assert found is not None
    assert abs(found[2] - known.error) < 0.1 * known.error
    assert abs(found[0] - known.low) < 0.3 * known.error


def test_whole_clusters_are_drawn() -> None:
    values = [0.0, 1.0] * 20
    alone = bootstrap(values, mean, range(40))
    paired = bootstrap(values, mean, [place // 2 for place in range(40)])
    assert alone is not None
    assert paired is not None
    assert paired[:2] == (0.5, 0.5)
    assert alone[0] < 0.5 < alone[1]


def test_it_is_the_same_at_every_run() -> None:
    values = [math.sqrt(place) for place in range(50)]
    assert bootstrap(values, mean, range(50)) == bootstrap(values, mean, range(50))


def test_one_cluster_or_no_number_gives_no_interval() -> None:
    assert bootstrap([1.0, 2.0], mean, ["same", "same"]) is None
    assert bootstrap([1.0, 2.0], lambda _: math.inf, range(2)) is None
