# SPDX-License-Identifier: Apache-2.0
"""YAML documents are built from events: no tag constructs anything, no alias expands without bound."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from steelyard.core.errors import LimitError, MalformedError
from steelyard.core.limits import Limits
from steelyard.formats.nesting import identify
from steelyard.formats.port import Budget
from steelyard.formats.source import BytesSource
from steelyard.formats.yaml import WHOLE_BYTES, YamlDocument, read
from steelyard.formats.yaml_events import DEPTH, Tag

PIECES = st.sampled_from(
    [
        "a: ",
        "- ",
        "\n",
        "  ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "&x ",
        "*x",
        "!!python/name:os.system ",
        "|",
        "'",
        '"',
        "#",
        "%TAG ! x\n",
        "---\n",
        "? ",
        "1",
    ]
)


def document(data: bytes | str) -> YamlDocument:
    return read(BytesSource(data.encode() if isinstance(data, str) else data), Budget(Limits()))


def test_values_are_read_as_what_they_look_like() -> None:
    text = "a: 1\nb: -2.5\nc: true\nd: null\ne: '1'\nf: [x, {y: z}]\ng: |\n  two\n  lines\nh: 2026-01-01\n"
    assert document(text).value == {
        "a": 1,
        "b": -2.5,
        "c": True,
        "d": None,
        "e": "1",
        "f": ["x", {"y": "z"}],
        "g": "two\nlines\n",
        "h": "2026-01-01",
    }


def test_several_documents_are_a_list() -> None:
    assert document("---\na: 1\n---\nb: 2\n").value == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a: !!python/object/apply:os.system [id]", "tag:yaml.org,2002:python/object/apply:os.system"),
        ("a: !<tag:yaml.org,2002:python/name:os.system> ''", "tag:yaml.org,2002:python/name:os.system"),
        ("%TAG ! tag:yaml.org,2002:python/object/new:\n---\na: !os.system x",
         "tag:yaml.org,2002:python/object/new:os.system"),
        ("a: !new:os.system", "!new:os.system"),
    ],
)  # fmt: skip
def test_tags_are_noted_and_not_honoured(text: str, name: str) -> None:
    found = document(text)
    assert [tag.name for tag in found.tags] == [name]
    assert set(found.value) == {"a"}


def test_a_tag_has_its_line() -> None:
    assert document("a: 1\nb: !x 2\n").tags == (Tag(name="!x", line=2),)


def test_core_types_are_no_tags() -> None:
    assert document("a: !!str 1\nb: !!map {}\nc: !!int '2'\n").tags == ()


def test_a_member_hidden_by_a_later_one_is_kept() -> None:
    found = document("a: 1\na: 2\n")
    assert (found.value, found.shadowed) == ({"a": 2}, (("a", 1),))
    assert [flaw.code for flaw in found.flaws] == ["duplicate-key"]


def test_an_alias_is_what_it_stands_for() -> None:
    assert document("a: &x [1]\nb: *x\n").value == {"a": [1], "b": [1]}


def test_an_alias_to_itself_is_nothing() -> None:
    assert document("a: &x [*x]\n").value == {"a": [None]}


def test_aliases_do_not_expand_without_bound() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    with pytest.raises(LimitError, match="aliases counted"):
        document("\n".join(lines))


@pytest.mark.parametrize("text", ["[" * 100_000, "{" * 100_000, "- " * 100_000, "? " * 100_000])
def test_depth_is_bounded(text: str) -> None:
    with pytest.raises(LimitError, match="levels deep"):
        document(text)


@pytest.mark.parametrize("levels", [DEPTH + 1, 1_000, 1_001, 10_000])
@pytest.mark.parametrize("level", ["[", "{", "[a, ", "{a: ", "&a [", "[\n", "- "])
def test_no_depth_passes_for_broken_yaml(level: str, levels: int) -> None:
    with pytest.raises(LimitError, match=f"more than {DEPTH} levels deep"):
        document(level * levels)


def test_what_comes_before_an_error_is_kept() -> None:
    found = document("a: !new:os.system\n---\nb: [\n")
    assert found.value == {"a": ""}
    assert [tag.name for tag in found.tags] == ["!new:os.system"]
    assert [flaw.code for flaw in found.flaws] == ["not-yaml"]
    assert found.incomplete == "no YAML from line 4 on"


def test_broken_yaml_that_says_nothing_of_interest_is_complete() -> None:
    assert document("a: [\n").incomplete == ""


def test_large_documents_are_only_searched() -> None:
    filler = "x: y\n" * (WHOLE_BYTES // 5 + 1)
    assert document(filler).incomplete == ""
    assert document(filler + "_target_: a.b\n").incomplete.startswith("YAML of 4,")


@pytest.mark.parametrize(
    ("name", "form"), [("x.yaml", "yaml"), ("x.YML", "yaml"), ("README.md", "text")]
)
def test_yaml_is_told_by_its_name(name: str, form: str) -> None:
    assert identify(name, BytesSource(b"---\na: 1\n---\ntext\n")).id == form


@settings(max_examples=150)
@given(st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=40))
@example("\x00")
@example("a: \ud800")
def test_any_text_ends_in_a_document_or_is_refused(text: str) -> None:
    try:
        found = read(BytesSource(text.encode("utf-8", "surrogatepass")), Budget(Limits()))
    except MalformedError:
        return
    assert isinstance(found, YamlDocument)


def test_nothing_is_constructed(never_runs) -> None:
    hostile = "a: !!python/object/apply:os.system [id]\nb: !!python/module:steelyard_trap\n"
    document(hostile)
    with never_runs as tried:
        document(hostile)
    assert tried == []
