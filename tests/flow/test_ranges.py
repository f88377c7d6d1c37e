# SPDX-License-Identifier: Apache-2.0
"""Bytes that lie elsewhere read like bytes that lie here, and fewer are fetched than there are."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.errors import LimitError
from steelyard.flow.ranges import BLOCK, RangeSource

DATA = bytes(range(251)) * (20 * BLOCK // 251) + b"the end"


def source(data=DATA, limit=1 << 30):
    asked = []

    def fetch(offset, size):
        asked.append((offset, size))
        assert 0 <= offset < offset + size <= len(data)
        return data[offset : offset + size]

    return RangeSource(fetch, len(data), limit), asked


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(-9, len(DATA) + 9), st.integers(-9, 3 * BLOCK)),
        min_size=1,
        max_size=8,
    )
)
def test_reads_give_what_a_file_would(reads):
    remote, _ = source()
    for offset, size in reads:
        start = max(0, offset)
        assert remote.read(offset, size) == DATA[start : start + max(0, size)]


def test_what_was_fetched_is_not_fetched_again():
    remote, asked = source()
    remote.read(0, 10)
    remote.read(BLOCK - 5, 5)
    assert asked == [(0, BLOCK)]


def test_a_reader_that_goes_on_is_read_ahead_for():
    remote, asked = source()
    for offset in range(0, len(DATA), BLOCK // 2):
        remote.read(offset, BLOCK // 2)
    assert len(asked) <= 6
    assert sum(size for _, size in asked) == len(DATA)


def test_jumps_fetch_single_blocks():
    remote, asked = source()
    for number in (9, 3, 15, 6):
        remote.read(number * BLOCK + 7, 1)
    assert [size for _, size in asked] == [BLOCK] * 4


@pytest.mark.parametrize("size", [3 * BLOCK, 1 << 40])
def test_more_than_may_be_fetched_is_over_the_limit(size):
    remote = RangeSource(lambda offset, count: bytes(count), 1 << 41, 2 * BLOCK)
    with pytest.raises(LimitError, match="would have to be fetched"):
        remote.read(0, size)
