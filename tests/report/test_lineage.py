# SPDX-License-Identifier: Apache-2.0
"""The lineage in reports: in words, as a tree, as a drawing."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.report.html import render as page
from steelyard.report.html.lineage import LAYER, Drawing, drawing
from steelyard.report.md import render as comment
from steelyard.report.summary.lineage import branches, descent
from steelyard.report.terminal import lines
from tests.samples import dossiers
from tests.samples.dossiers import descended, edge, node

CHAIN = descended(
    [
        node("", "declared", kind="adapter"),
        node("a/one", "presumed", "Apache-2.0"),
        node("./two", "declared", "llama-3.1"),
        node("/data/three"),
    ],
    [
        edge("", "a/one", "adapter_config", 1, "adapter"),
        edge("", "a/one", "card", 3),
        edge("a/one", "./two", "card", 3, "quantized"),
        edge("./two", "/data/three", "prose", 7),
    ],
)


def drawn(made, name: str = "x") -> Drawing:
    found = descent(made)
    assert found is not None
    return drawing(found, name)


def on_a_terminal(made) -> str:
    text = "\n".join(line.text for line in lines(made, 80))
    match = re.search(r"^Lineage\n(.*?)\n\n", text, re.MULTILINE | re.DOTALL)
    return match[1] if match else ""


def test_the_terminal_shows_the_tree_with_who_says_so_and_what_is_known() -> None:
    assert on_a_terminal(CHAIN).splitlines() == [
        "  3 ancestors: 3 models; of 1 the licence is not known",
        "  this adapter",
        "  └─ adapter of a/one: Apache-2.0, presumed (adapter config, card)",
        "     └─ quantised from ./two: llama-3.1, declared (card)",
        "        └─ made from /data/three: a path, model not known (hint: prose)",
    ]


def test_a_long_branch_takes_two_lines_within_the_strokes() -> None:
    far = "somebody-with-a-long-name/a-model-with-a-longer-name-7b"
    made = descended(
        [node(""), node(far), node("b/y")],
        [edge("", far, "mergekit", 2, "merge"), edge("", "b/y", "card", 3)],
    )
    assert on_a_terminal(made).splitlines()[2:] == [
        f"  ├─ merged from {far}",
        "  │    licence not known (merge config)",
        "  └─ made from b/y: licence not known (card)",
    ]


def test_what_comes_again_is_named_and_not_followed_for_ever() -> None:
    assert on_a_terminal(dossiers.circling()).splitlines()[2:] == [
        "  ├─ fine-tuned from a/left: MIT, declared (card)",
        "  │  └─ made from b/right: llama-3.1, presumed (card)",
        "  │     ├─ made from a/left: see above (card)",
        "  │     └─ made from this model: see above (model config)",
        "  └─ trained on outputs of b/right: see above (hint: prose)",
    ]


def test_of_very_many_ancestors_the_terminal_shows_some_and_counts_the_rest() -> None:
    lines = on_a_terminal(dossiers.merged()).splitlines()
    assert lines[-1] == "  └─ and 196 more"
    assert max(map(len, lines)) <= 80


def test_the_licence_section_no_longer_repeats_what_the_graph_shows() -> None:
    assert "base:" not in comment(CHAIN)
    assert comment(CHAIN).count("a/one") == 1


def test_a_comment_shows_the_tree_as_a_list() -> None:
    assert (
        "  - adapter of `a/one`: `Apache-2.0, presumed (adapter config, card)`\n"
        "    - quantised from `./two`: `llama-3.1, declared (card)`\n"
    ) in comment(CHAIN)


def test_a_drawing_has_a_box_for_each_model_and_a_line_for_each_relation() -> None:
    made = drawn(CHAIN)
    assert [box.name for box in made.boxes] == ["x", "one", "./two", "/data/three"]
    assert [box.kind for box in made.boxes] == ["own", "presumed", "declared", "unknown"]
    assert [(line.words, line.strength) for line in made.lines] == [
        ("adapter of", "strong"),
        ("quantised from", "said"),
        ("made from", "hint"),
    ]
    assert made.lines[0].source == "adapter config, card"


def test_a_long_line_of_descent_runs_downwards_and_a_wide_one_sideways() -> None:
    assert drawn(CHAIN).height > drawn(CHAIN).width
    wide = descended(
        [node(f"a/{number}") for number in range(5)],
        [edge("", f"a/{number}", "card", 3) for number in range(5)],
    )
    assert len({box.x for box in drawn(wide).boxes}) == 2


def test_a_drawing_of_very_many_models_is_folded_and_the_list_has_them() -> None:
    made = drawn(dossiers.merged())
    assert len(made.boxes) == 1 + LAYER + 1
    assert made.boxes[-1].name == "192 more"
    assert len(made.branches) == 204
    assert made.height < 1_200


def test_what_a_circle_leads_back_to_is_drawn_as_shown_before() -> None:
    again = [box for box in drawn(dossiers.circling()).boxes if box.kind == "again"]
    assert [(box.name, box.below) for box in again] == [
        ("right", "shown before"),
        ("left", "shown before"),
        ("this model", "shown before"),
    ]


def test_the_page_without_a_graph_says_that_this_means_nothing() -> None:
    assert "That does not mean that there is no base" in page(dossiers.unknown())


def test_a_name_that_means_harm_stays_text() -> None:
    text = page(dossiers.merged(0))
    assert "<script" not in text and "&lt;script" in text


IDS = st.sampled_from(["", "a/b", "./c", "d", "e/f"])
NODES = st.builds(
    node,
    IDS,
    st.sampled_from(["declared", "presumed", "unknown", "odd"]),
    kind=st.sampled_from(["model", "dataset", "odd"]),
)
EDGES = st.builds(
    edge,
    IDS,
    IDS,
    st.sampled_from(["card", "odd"]),
    st.integers(0, 9),
    relation=st.sampled_from(["derived_from", "trained_on", "odd"]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(NODES, max_size=5), st.lists(EDGES, max_size=12))
def test_any_graph_is_drawn_each_model_once_and_within_the_picture(nodes, edges) -> None:
    made = drawn(descended(nodes, edges))
    kin = [box.title for box in made.boxes if box.kind not in ("again", "more")]
    assert len(kin) == len(set(kin))
    assert all(0 <= box.x <= made.width - box.width for box in made.boxes)
    assert all(0 <= box.y <= made.height - box.height for box in made.boxes)
    listed = [branch for branch in made.branches if branch.kin and not branch.again]
    assert len({branch.kin.id for branch in listed}) == len(listed)


@pytest.mark.parametrize("value", [None, 7, [], {"nodes": 1}, {"nodes": [], "edges": [{}]}])
def test_a_graph_of_another_shape_is_shown_as_it_is(value) -> None:
    fact = dossiers.Fact(name="lineage.graph", value=value)
    made = dossiers.dossier("x", [dossiers.artifact("a")], [("lineage", fact)])
    assert descent(made) is None
    assert page(made)


def test_the_tree_of_a_deep_chain_is_bounded() -> None:
    ids = [f"a/{number}" for number in range(2_000)]
    kin = [node(id) for id in ids]
    links = [edge(child, parent, "card", 3) for child, parent in zip(["", *ids], ids, strict=False)]
    found = descent(descended(kin, links))
    assert len(list(branches(found, most=24, each=9))) == 25
    assert drawing(found, "x").boxes
