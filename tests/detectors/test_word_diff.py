# SPDX-License-Identifier: Apache-2.0
"""What two sequences have in common."""

from array import array

from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.detectors.word_diff import align

numbers = st.lists(st.integers(2, 40), max_size=120).map(lambda items: array("H", items))


def test_a_change_in_the_middle_leaves_two_blocks() -> None:
    known = array("H", range(2, 102))
    other = array("H", [*range(2, 52), 0, 0, *range(55, 102)])
    assert align(known, other) == [(0, 0, 50), (53, 52, 47)]


@given(numbers, numbers)
@settings(max_examples=150)
def test_blocks_are_equal_in_order_and_do_not_overlap(known, other) -> None:
    end = where = 0
    for a, b, size in align(known, other):
        assert size > 0 and a >= end and b >= where
        assert known[a : a + size] == other[b : b + size]
        end, where = a + size, b + size


@given(st.lists(st.integers(2, 5000), unique=True, min_size=5).map(lambda items: array("H", items)))
@settings(max_examples=50)
def test_a_sequence_is_wholly_in_common_with_itself(known) -> None:
    assert align(known, known) == [(0, 0, len(known))]
