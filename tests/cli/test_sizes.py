# SPDX-License-Identifier: Apache-2.0
"""Sizes as people write them."""

import click
import pytest

from steelyard.cli.sizes import Size


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8GiB", 8 << 30),
        ("8 gib", 8 << 30),
        ("1.5GiB", 3 << 29),
        ("8GB", 8_000_000_000),
        ("500M", 500_000_000),
        ("2ki", 2048),
        ("1000000", 1_000_000),
        ("12B", 12),
    ],
)
def test_a_size_is_read_as_written(text: str, expected: int) -> None:
    assert Size().convert(text, None, None) == expected


@pytest.mark.parametrize("text", ["", "0", "0GiB", "-1", "8XB", "GiB", "1e3", "8GiB more", "nan"])
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(click.BadParameter, match="write it as 8GiB"):
        Size().convert(text, None, None)
