# SPDX-License-Identifier: Apache-2.0
"""Constants are folded with bounds: nothing enormous is ever made, and nothing is run."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from steelyard.formats import folding
from steelyard.formats.folding import LONGEST, Enormous, Unknown

CONSTANTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats()
    | st.text(max_size=12)
    | st.binary(max_size=6)
    | st.builds(range, st.integers(-5, 10**10)),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner),
    max_leaves=4,
)
OPERATORS = st.sampled_from(["Add", "Sub", "Mul", "Div", "FloorDiv", "Mod", "Pow"])
NAMES = st.sampled_from(
    [*folding._FILTERS, "format", "split", "center", "zfill", "encode", "items", "translate", "x"]
)


@pytest.mark.parametrize(
    ("operator", "left", "right", "result"),
    [
        ("Add", "a", "b", "ab"),
        ("Mul", "_", 2, "__"),
        ("Mul", 2, "_", "__"),
        ("Mod", "%c%s", (95, "x"), "_x"),
        ("Mod", 7, 4, 3),
        ("Pow", 2, 10, 1024),
    ],
)
def test_operators_are_applied(operator: str, left: object, right: object, result: object) -> None:
    assert folding.binary(operator, left, right) == result


@pytest.mark.parametrize(
    ("operator", "left", "right"),
    [
        ("Mul", "a", 10**9),
        ("Mul", [1], 10**9),
        ("Pow", 9, 9**9),
        ("Pow", 2**4000, 10**6),
        ("Mod", "%999999999d", 1),
        ("Mod", "%*d", (10**9, 1)),
    ],
)
def test_what_would_be_enormous_is_not_made(operator: str, left: object, right: object) -> None:
    with pytest.raises(Enormous):
        folding.binary(operator, left, right)


@pytest.mark.parametrize(
    ("operator", "left", "right"),
    [("Add", "a", 1), ("Mul", "a" * LONGEST, 2), ("Div", 1, 0), ("Sub", "a", "b"), ("Shift", 1, 2)],
)
def test_what_cannot_be_told_is_unknown(operator: str, left: object, right: object) -> None:
    with pytest.raises(Unknown):
        folding.binary(operator, left, right)


def test_ranges_of_any_size_have_a_length() -> None:
    assert folding.length(range(10**30)) == 10**30
    assert folding.length(range(10, 0, -3)) == 4
    assert folding.length(range(0)) == 0


def test_no_range_is_made_a_list_that_is_too_long() -> None:
    with pytest.raises(Enormous):
        folding.filtered("list", range(10**12), [])
    with pytest.raises(Unknown):
        folding.method("", "join", [range(10**12)])


def test_fields_of_a_format_are_listed_with_those_inside() -> None:
    assert folding.format_fields("{} {a.b[0]!r:>{width}} {{x}}") == ["", "a.b[0]", "width"]


@settings(max_examples=300)
@given(OPERATORS, CONSTANTS, CONSTANTS)
def test_any_operator_on_anything_ends_soon(operator: str, left: object, right: object) -> None:
    begin = time.thread_time()
    try:
        result = folding.binary(operator, left, right)
    except Unknown:
        return
    finally:
        assert time.thread_time() - begin < 1
    assert not isinstance(result, str | bytes | list | tuple) or len(result) <= LONGEST


@settings(max_examples=300)
@example("join", [], [[]])
@example("first", [], [])
@given(NAMES, CONSTANTS, st.lists(CONSTANTS, max_size=2))
def test_any_method_or_filter_of_anything_ends_soon(
    name: str, value: object, args: list[object]
) -> None:
    begin = time.thread_time()
    for fold in (folding.method, folding.filtered):
        try:
            result = fold(value, name, args) if fold is folding.method else fold(name, value, args)
        except Unknown:
            continue
        assert not isinstance(result, str | bytes | list | tuple) or len(result) <= LONGEST
    assert time.thread_time() - begin < 1
