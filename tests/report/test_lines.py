# SPDX-License-Identifier: Apache-2.0
"""Lines that fit, in columns of a terminal."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from steelyard.report.summary.lines import columns, labelled, wrapped

WORDS = st.lists(
    st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=30), max_size=12
).map(" ".join)


@given(WORDS, st.integers(2, 60))
def test_no_line_is_too_wide_and_no_letter_is_lost(text: str, width: int) -> None:
    lines = list(wrapped(text, width))
    assert all(columns(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(line == line.strip() for line in lines)


def test_wide_letters_take_two_columns_and_marks_none() -> None:
    for text in ("plain", "模型 ok", "e\u0301", "한국어", "\u00fc"):
        assert columns(text) == cell_len(text)
    assert list(wrapped("模型模型模型", 5)) == ["模型", "模型", "模型"]


def test_a_word_that_does_not_fit_begins_its_own_line_and_is_cut() -> None:
    assert list(wrapped("at a/very/long/path now", 6)) == ["at", "a/very", "/long/", "path", "now"]


def test_spaces_that_set_a_line_in_are_kept() -> None:
    assert list(wrapped("  step one", 9)) == ["  step", "one"]
    assert list(wrapped("", 9)) == [""]


def test_texts_stand_beside_their_labels_and_below_each_other() -> None:
    rows = [("warn", "one two three"), ("", "four")]
    first, *rest = labelled(rows, 16, indent=2, styles={"warn": "yellow"})
    assert (first.text, first.style, first.start, first.end) == ("  warn  one two", "yellow", 2, 6)
    assert [(line.text, line.style) for line in rest] == [
        ("        three", ""),
        ("        four", ""),
    ]
