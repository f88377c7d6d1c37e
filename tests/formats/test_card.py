# SPDX-License-Identifier: Apache-2.0
"""Model cards: the fields of the front matter, whatever its YAML is like."""

import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.formats import card as module
from steelyard.formats.card import Card, parse_card
from tests.samples.licences import card

FULL = """---
license: other
license_name: llama3.1
license_link: LICENSE
base_model:
- meta-llama/Llama-3.1-8B
- some/other
base_model_relation: merge
datasets: [a/b, c/d]
language:
- no
- en
tags:
  - on
library_name: transformers
extra_gated_prompt: |
  You agree to
  the terms.
---
# A model
"""


def codes(found: Card) -> list[str]:
    return [flaw.code for flaw in found.flaws]


def test_the_fields_that_name_terms_and_bases_are_read() -> None:
    found = parse_card(FULL)
    assert found.license == ("other",)
    assert found.license_name == ("llama3.1",)
    assert found.license_link == ("LICENSE",)
    assert found.base_model == ("meta-llama/Llama-3.1-8B", "some/other")
    assert found.base_model_relation == ("merge",)
    assert found.datasets == ("a/b", "c/d")
    assert found.library_name == ("transformers",)
    assert found.extra_gated_prompt == ("You agree to\nthe terms.",)
    assert found.flaws == ()


def test_norwegian_stays_a_language_and_is_no_truth_value() -> None:
    found = parse_card(FULL)
    assert found.language == ("no", "en")
    assert found.tags == ("on",)


def test_each_field_knows_its_line() -> None:
    lines = parse_card(FULL).lines
    assert FULL.splitlines()[lines["license"] - 1] == "license: other"
    assert FULL.splitlines()[lines["language"] - 1] == "language:"


def test_evaluation_results_are_kept_as_they_stand() -> None:
    text = "---\nmodel-index:\n- name: m\n  results: [{value: 0.5}]\n---\n"
    assert parse_card(text).fields["model-index"] == [{"name": "m", "results": [{"value": "0.5"}]}]


@pytest.mark.parametrize("text", ["", "A model.", "# Title\n---\nlicense: mit\n---\n", "--- x\n"])
def test_a_text_without_front_matter_is_no_card(text: str) -> None:
    assert parse_card(text) is None


@pytest.mark.parametrize("start", ["\n\n---\r\n", "---  \n", "---\r\n"])
def test_front_matter_may_begin_as_the_hub_lets_it(start: str) -> None:
    assert parse_card(f"{start}license: mit\n---\nx").license == ("mit",)


@pytest.mark.parametrize("nothing", ["", "~", "null", "[]", "''", "{a: b}"])
def test_an_empty_licence_is_none(nothing: str) -> None:
    assert parse_card(f"---\nlicense: {nothing}\n---\n").license == ()


def test_a_key_that_stands_twice_keeps_both_values_and_is_a_flaw() -> None:
    found = parse_card("---\nlicense: mit\nlicense: apache-2.0\n---\n")
    assert found.license == ("mit", "apache-2.0")
    assert [(flaw.code, flaw.at) for flaw in found.flaws] == [("twice", 3)]


def test_broken_yaml_keeps_what_stood_before_the_break() -> None:
    found = parse_card("---\nlicense: mit\ntags: [a, b\n---\nx")
    assert found.license == ("mit",)
    assert codes(found) == ["broken"]


def test_a_character_that_yaml_forbids_is_a_flaw() -> None:
    assert codes(parse_card("---\nlicense: \x07\n---\n")) == ["broken"]


def test_front_matter_without_an_end_is_read_and_is_a_flaw() -> None:
    found = parse_card("---\nlicense: mit\n")
    assert found.license == ("mit",)
    assert codes(found) == ["unclosed"]


def test_front_matter_that_is_no_mapping_is_a_flaw() -> None:
    assert codes(parse_card("---\njust words\n---\n")) == ["no-mapping"]


def test_aliases_are_not_followed_so_that_none_can_explode() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    started = time.process_time()
    found = parse_card(f"---\nlicense: mit\n{bomb}---\n")
    assert time.process_time() - started < 1
    assert found.license == ("mit",)
    assert "alias" in codes(found)


@pytest.mark.parametrize("deep", ["[" * 20_000, "{a: " * 20_000, "- " * 20_000, "? " * 20_000])
def test_nesting_without_end_is_cut_off_at_once(deep: str) -> None:
    started = time.process_time()
    found = parse_card(f"---\nlicense: mit\nx:\n  {deep}\n---\n")
    assert time.process_time() - started < 1
    assert codes(found) in (["too-much"], ["broken"])


def test_front_matter_longer_than_any_card_is_left_alone(monkeypatch) -> None:
    monkeypatch.setattr(module, "FRONT_MATTER_CHARACTERS", 100)
    found = parse_card(f"---\nlicense: mit\ntags: {'x' * 100}\n---\n")
    assert found.license == ()
    assert codes(found) == ["too-long"]


@given(st.text(max_size=400))
@settings(max_examples=150)
def test_any_text_ends_in_a_card_or_in_none(text: str) -> None:
    for whole in (text, f"---\n{text}\n---\n", f"---\nlicense: {text}"):
        assert isinstance(parse_card(whole), Card | None)


@given(st.integers(0, len(FULL)), st.text(max_size=5))
@settings(max_examples=150)
def test_any_change_to_a_card_still_ends_in_a_card_or_in_none(at: int, text: str) -> None:
    assert isinstance(parse_card(FULL[:at] + text + FULL[at + 3 :]), Card | None)


words = st.text(st.characters(min_codepoint=33, max_codepoint=0x17F, exclude_characters="\x7f\x85"))


@given(st.lists(words.filter(str.strip), min_size=1, max_size=4, unique=True))
@settings(max_examples=100)
def test_what_a_yaml_writer_wrote_is_read_back(tags: list[str]) -> None:
    dumped = yaml.safe_dump({"license": tags}, allow_unicode=True)
    found = parse_card(f"---\n{dumped}---\nx")
    assert found.license == tuple(tag.strip() for tag in tags)


def test_the_builder_of_cards_makes_cards() -> None:
    assert parse_card(card(license="mit").decode()).license == ("mit",)
