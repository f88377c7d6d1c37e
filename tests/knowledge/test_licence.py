# SPDX-License-Identifier: Apache-2.0
"""What is known of licences: every file is sound, and no doubtful fact ever becomes a yes."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard import knowledge
from steelyard.knowledge import licence as module
from steelyard.knowledge.answers import answer, rank
from steelyard.knowledge.licence import known_licences, licence, named, page, presumed
from steelyard.knowledge.terms import QUESTIONS, Licence, Term

ALL = known_licences()


def by_id(value: object) -> str:
    return value.id if isinstance(value, Licence) else ""


def ids(name: str) -> list[str]:
    return [found.id for found in named(name)]


def test_every_file_is_one_licence_named_as_the_file() -> None:
    assert [found.id for found in ALL] == sorted(
        (name for name, _ in knowledge.entries("licences")), key=str.lower
    )
    assert len(ALL) >= 75


def test_a_field_or_a_word_that_is_not_listed_is_refused() -> None:
    sound = msgspec.json.decode(knowledge.entry("licences", "MIT"))
    for broken in (
        sound | {"comercial": "yes"},
        sound | {"read": "mostly"},
        sound | {"facts": sound["facts"] | {"use": [True, "1"]}},
        sound | {"facts": sound["facts"] | {"use": ["maybe", "1"]}},
    ):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(broken, Licence)


@pytest.mark.parametrize("terms", ALL, ids=by_id)
def test_what_was_not_read_or_is_doubtful_never_gives_a_yes(terms: Licence) -> None:
    for question in QUESTIONS:
        term: Term = getattr(terms.facts, question)
        found = answer(terms, question)
        if terms.read not in ("full", "operative", "standard"):
            assert found.may != "yes"
        if term.value != "yes" or not term.section or "unverified" in term.section:
            assert found.may != "yes"
        if any(conflict.topic == f"facts.{question}" for conflict in terms.conflicts):
            assert found.may == "unknown"
        assert rank(found.may) <= rank(answer(terms, "use").may)


@pytest.mark.parametrize("terms", ALL, ids=by_id)
def test_a_bar_is_never_softened(terms: Licence) -> None:
    for question in QUESTIONS:
        if getattr(terms.facts, question).value == "no" and not terms.conflicts:
            assert answer(terms, question).may == "no"


@pytest.mark.parametrize(
    ("id", "answers"),
    [
        ("MIT", ["yes", "yes", "yes", "yes", "yes"]),
        ("llama-3.1", ["if", "if", "if", "if", "if"]),
        ("CC-BY-NC-4.0", ["if", "no", "if", "if", "if"]),
        ("CC-BY-ND-4.0", ["yes", "yes", "yes", "no", "yes"]),
        ("qwen-research", ["if", "no", "if", "if", "if"]),
        ("jamba-open", ["unknown"] * 5),
        ("falcon-180b", ["unknown"] * 5),
        ("glm-4-9b", ["yes", "unknown", "yes", "yes", "yes"]),
        ("kimi-k2-modified-mit", ["yes", "yes", "yes", "yes", "yes"]),
        ("mistral-modified-mit-2026", ["if", "if", "if", "if", "if"]),
    ],
)
def test_the_answers_follow_the_text(id: str, answers: list[str]) -> None:
    assert [answer(licence(id), question).may for question in QUESTIONS] == answers


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("apache-2.0", ["Apache-2.0"]),
        ("Apache License 2.0", ["Apache-2.0"]),
        ("apache license, version 2.0", ["Apache-2.0"]),
        ("MIT License", ["MIT"]),
        ("llama3.1", ["llama-3.1"]),
        ("LLAMA 3.1 COMMUNITY LICENSE AGREEMENT", ["llama-3.1"]),
        ("gpl-3.0-or-later", ["GPL-3.0-only"]),
        ("gemma", ["gemma", "gemma-2024-02-21"]),
        ("modified-mit", ["kimi-k2-modified-mit", "mistral-modified-mit-2026"]),
        ("nvidia-open-model-license", ["nvidia-open-model-2025"]),
        (
            "https://huggingface.co/Qwen/Qwen2.5-72B-Instruct/blob/main/LICENSE",
            ["qwen"],
        ),
    ],
)
def test_a_name_means_every_text_that_goes_by_it(name: str, found: list[str]) -> None:
    assert ids(name) == found


@pytest.mark.parametrize(
    "name", ["", " ", "other", "unknown", "license", "the license", "v", "mit2", "apache", "llam"]
)
def test_what_names_no_text_means_none(name: str) -> None:
    assert ids(name) == []


@given(st.text(max_size=60))
def test_any_name_is_looked_up(name: str) -> None:
    assert isinstance(named(name), tuple)


@pytest.mark.parametrize(
    ("base", "id"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", "llama-3.1"),
        ("META-LLAMA/llama-3.1-8b", "llama-3.1"),
        ("meta-llama/Meta-Llama-3-8B", "llama-3"),
        ("HuggingFaceTB/SmolLM2-135M", "Apache-2.0"),
        ("Qwen/Qwen2.5-3B-Instruct", "qwen-research"),
        ("Qwen/Qwen2.5-7B", "Apache-2.0"),
    ],
)
def test_the_licence_of_a_base_is_presumed_from_its_id(base: str, id: str) -> None:
    assert presumed(base).id == id


@pytest.mark.parametrize("base", ["", "someone/a-model", "Llama-3.1-8B", "*", "meta-llama/*"])
def test_nothing_is_presumed_of_a_base_that_no_hint_names(base: str) -> None:
    assert presumed(base) is None


def test_every_hint_leads_to_a_licence_there_are_facts_of() -> None:
    for _, suffix, id in module._base_hints():
        assert licence(id) is not None
        assert "*" not in (suffix or "")


def test_every_fingerprint_belongs_to_a_licence_there_are_facts_of() -> None:
    document = msgspec.json.decode(knowledge.entry("licence_texts", "prints"))
    named_there = {id for record in document["records"] for id in record["licences"]}
    assert {id for id in named_there if licence(id) is None} == set()


@pytest.mark.parametrize("terms", ALL, ids=by_id)
def test_a_page_says_how_well_the_text_was_read_and_that_it_is_no_advice(terms: Licence) -> None:
    text = page(terms)
    assert text.startswith(f"{terms.name}. Facts of a text in our own words. Not legal advice.")
    assert f"facts as of {terms.as_of}" in text
    assert "## What the text says" in text
    for word in ("legally", "compliant", "safe to use", "exempted"):
        assert word not in text.lower()


def test_a_page_shows_thresholds_duties_and_limits_with_their_sections() -> None:
    text = page(licence("llama-3.2"))
    assert "more than 700,000,000 monthly active users" in text
    assert "“Built with Llama”" in text
    assert "not for EU" in text
    assert "(1.b.i)" in text
