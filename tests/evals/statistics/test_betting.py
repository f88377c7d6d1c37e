# SPDX-License-Identifier: Apache-2.0
"""Evidence and intervals that hold whenever one stops."""

import random
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.evals.statistics.betting import (
    BETS,
    Bounds,
    evidence_above,
    evidence_below,
    family_bar,
    interval,
    totals,
)
from steelyard.evals.stopping import looks

GAPS = Bounds(low=-1, high=1)
gaps = st.lists(st.sampled_from([-1.0, 0.0, 0.25, 1.0]), max_size=60)


def alone(values: list[float]) -> Counter:
    return totals(values, range(len(values)))


def test_capital_after_two_items_is_what_one_computes_by_hand() -> None:
    # Against a mean of -0.5 or less a share b of the largest bet is b / 0.5. An item that got
    # better gains b * (1 + 0.5) / 0.5 = 3 b, one that is the same b * (0 + 0.5) / 0.5 = b.
    by_hand = sum((1 + 3 * bet) * (1 + bet) for bet in BETS) / len(BETS)
    assert evidence_above(alone([1.0, 0.0]), -0.5, GAPS) == pytest.approx(by_hand, rel=1e-12)


def test_nothing_seen_says_nothing() -> None:
    assert evidence_above(alone([]), -0.01, GAPS) == pytest.approx(1.0)
    assert interval(alone([]), GAPS) == (-1.0, 1.0)


@given(gaps)
def test_turning_the_models_round_turns_evidence_and_interval_round(values: list[float]) -> None:
    there, back = alone(values), alone([-value for value in values])
    assert evidence_above(there, 0.1, GAPS) == evidence_below(back, -0.1, GAPS)
    low, high = interval(there, GAPS)
    assert interval(back, GAPS) == (-high, -low)


@given(gaps.filter(bool), st.floats(-0.9, 0.9))
def test_the_interval_leaves_out_what_there_is_evidence_against(
    values: list[float], mean: float
) -> None:
    seen = alone(values)
    low, high = interval(seen, GAPS)
    assert low - 1e-6 <= sum(values) / len(values) <= high + 1e-6
    if low + 1e-6 < mean < high - 1e-6:
        assert max(evidence_above(seen, mean, GAPS), evidence_below(seen, mean, GAPS)) < 40
    if mean < low - 1e-6:
        assert evidence_above(seen, mean, GAPS) >= 40


@given(st.permutations([-1.0, -1.0, 0.0, 0.0, 0.0, 0.5, 1.0]))
def test_the_order_of_what_was_seen_does_not_matter(values: list[float]) -> None:
    assert evidence_above(alone(values), 0.0, GAPS) == evidence_above(
        alone(sorted(values)), 0.0, GAPS
    )


Draw = Callable[[random.Random], tuple[float, int]]


def single(mean: float, changed: float) -> Draw:
    """Return how to draw items of which a share changed, better or worse."""

    def draw(chance: random.Random) -> tuple[float, int]:
        what = chance.random()
        if what < changed:
            return (1.0 if what < (changed + mean) / 2 else -1.0), 1
        return 0.0, 1

    return draw


def passage(mean: float, changed: float) -> Draw:
    """Return how to draw passages of one to five questions that change all together."""
    one = single(mean, changed)

    def draw(chance: random.Random) -> tuple[float, int]:
        size = chance.randint(1, 5)
        return one(chance)[0] * size, size

    return draw


def stages(draw: Draw, count: int, seed: int) -> Iterator[Counter]:
    """Yield all that was seen at each look."""
    chance = random.Random(seed)
    seen: Counter = Counter()
    done = 0
    for look in looks(count):
        seen.update(draw(chance) for _ in range(look - done))
        done = look
        yield seen


@pytest.mark.parametrize(
    ("draw", "bounds"),
    [
        (single(-0.05, 0.2), GAPS),
        (single(-0.05, 0.06), GAPS),
        (passage(-0.05, 0.2), Bounds(low=-1, high=1, largest=5)),
    ],
)
def test_at_the_margin_looking_often_seldom_ends_in_a_wrong_word(
    draw: Draw, bounds: Bounds
) -> None:
    alarms = {"not worse": 0, "worse": 0, "missed": 0}
    repeats = 400
    for seed in range(repeats):
        said = set()
        for seen in stages(draw, 600, seed):
            above, below = (f(seen, -0.05, bounds) for f in (evidence_above, evidence_below))
            said |= {"not worse"} if above >= family_bar(1) else set()
            said |= {"worse"} if below >= family_bar(1) else set()
        low, high = interval(seen, bounds)
        said |= set() if low <= -0.05 <= high else {"missed"}
        for word in said:
            alarms[word] += 1
    # Bounds of 2.5 % either way; three standard errors of 400 repeats are 2.3 points more.
    assert alarms["not worse"] / repeats <= 0.025 + 0.023
    assert alarms["worse"] / repeats <= 0.025 + 0.023
    assert alarms["missed"] / repeats <= 0.05


def share_asked(draw: Draw, count: int, margin: float) -> float:
    """Return which share of the items is asked on average until something is settled."""
    asked = 0
    for seed in range(40):
        for seen in stages(draw, count, seed):
            above, below = (f(seen, -margin, GAPS) for f in (evidence_above, evidence_below))
            if max(above, below) >= family_bar(1):
                break
        asked += sum(seen.values())
    return asked / 40 / count


@pytest.mark.parametrize(
    ("draw", "margin", "most"),
    [
        (single(0.0, 0.02), 0.02, 0.50),  # another build of the same model
        (single(0.0, 0.12), 0.05, 0.50),  # a quantised one, with some room
        (single(-0.10, 0.20), 0.01, 0.20),  # one that broke
    ],
)
def test_clear_cases_are_settled_by_a_part_of_the_items(
    draw: Draw, margin: float, most: float
) -> None:
    assert share_asked(draw, 2400, margin) < most


def test_more_means_at_once_need_more_evidence() -> None:
    assert [family_bar(rows) for rows in (1, 2, 57)] == [40, 80, 2280]
