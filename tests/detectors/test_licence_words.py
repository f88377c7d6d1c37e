# SPDX-License-Identifier: Apache-2.0
"""The words that carry terms: what falls away between two copies, and what never does."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.detectors.licence_words import LONGEST_TEXT, words_of
from tests.samples.licences import APACHE, MIT


def words(text: str) -> str:
    return " ".join(words_of(text).words)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("You MAY use it.", "you may use it"),
        ("the “Software”", 'the "Software"'),
        ("the Licensor\u2019s rights", "the Licensor's rights"),
        ("rights and\n   duties", "rights and duties"),
        ("**You** may _use_ it", "You may use it"),
        ("## Grant\nYou may", "Grant\nYou may"),
        ("> You may\n> use it", "You may\nuse it"),
        ("(a) use, (ii) copy", "use, copy"),
        ("1. Grant\n2.1. Scope", "Grant\nScope"),
        ("see https://example.org/licence for it", "see for it"),
        ("see ai.example.com/terms for it", "see for it"),
        ("<p>You may</p><br/>use it", "You may\nuse it"),
        ("Copyright (c) 2024 A. Person\n\nYou may", "You may"),
        ("Copyright 2020-2024 The Authors <a@b.org>. All rights reserved.\nYou may", "You may"),
        ("Copyright [yyyy] [name of copyright owner]\n\nYou may", "You may"),
        ("© 2024 X\nCopyright © 2023 Y\n\nYou may", "You may"),
        ("You may\r\nuse it", "You may\nuse it"),
    ],
)
def test_what_copies_differ_in_without_differing_in_terms_falls_away(one: str, other: str) -> None:
    assert words(one) == words(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("commercial use", "non-commercial use"),
        ("more than 700 million users", "more than 100 million users"),
        ("20 million users\nor more", "50 million users\nor more"),
        ("version 3.1 of it", "version 3.2 of it"),
        ("patent litigation", "patent or copyright litigation"),
        ("Copyright (c) 2024 X\n\nYou may", "Copyright (c) 2024 X, for research only\n\nYou may"),
        ("Copyright (c) 2024 X\n\nYou may", "Copyright (c) 2024 X, non-commercial\n\nYou may"),
        ("You may", "<not for sale>\nYou may"),
        ("You may", "<!-- but not sell -->\nYou may"),
    ],
)
def test_what_could_be_a_term_never_falls_away(one: str, other: str) -> None:
    assert words(one) != words(other)


def test_a_word_knows_its_line_whatever_was_removed_before_it() -> None:
    text = "Copyright (c) 2024 X\n\n## 1. Grant\nsee https://example.org\n\n(a) you may"
    found = words_of(text)
    assert dict(zip(found.words, found.lines(), strict=True)) == {
        "grant": 3,
        "see": 4,
        "you": 6,
        "may": 6,
    }


def test_each_chinese_character_is_a_word_so_that_line_breaks_do_not_matter() -> None:
    assert words("许可授予") == words("许可\n授予") == "许 可 授 予"


@pytest.mark.parametrize(
    "text", ["a", "a-", "(", "©(", "1.", " ", "@a", "<a ", "\n", "copyright (c) ", "a.ai", "&quot;"]
)
def test_a_huge_text_of_anything_takes_a_moment(text: str) -> None:
    started = time.process_time()
    words_of(text * (2 * LONGEST_TEXT // len(text)))
    assert time.process_time() - started < 2


@given(st.sampled_from([APACHE, MIT]), st.data())
@settings(max_examples=50)
def test_wrapping_lines_anew_changes_no_word(text: str, data: st.DataObject) -> None:
    paragraphs = text.split("\n\n")
    at = data.draw(st.integers(0, len(paragraphs) - 1))
    if "opyright" in paragraphs[at]:
        return
    wrapped = paragraphs.copy()
    wrapped[at] = " ".join(paragraphs[at].split())
    assert words("\n\n".join(wrapped)) == words(text)


@given(st.text(max_size=300))
def test_any_text_has_words_and_as_many_lines(text: str) -> None:
    found = words_of(text)
    assert len(list(found.lines())) == len(found.words)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("within thirty (30) days", "within thirty (60) days"),
        ("within thirty\n   (30) days of it", "within thirty\n   (60) days of it"),
        (
            "more than a wrapped line of forty characters\n30. days",
            "more than a wrapped line of forty characters\n60. days",
        ),
        ("as Section 2(a) says", "as Section 2(b) says"),
        ("under paragraph (a), you", "under paragraph (c), you"),
        ("You may use it", "You may (no) use it"),
        ("outside it", "outside (EU) it"),
        ("You may use it", "You ~~may~~ use it"),
        ("You may use it", "You <!-- may --> use it"),
        ("You may use it", '<span style="font-size:0">You</span> may use it'),
        ("You may use it", "You may\u202e use\u202c it"),
        ("for research purposes.", "for research purposes.ai models"),
        ("Copyright 2024 X\n\nYou may", "Copyright 2024 X, sale forbidden\n\nYou may"),
        ("Copyright 2024 X\n\nYou may", "Copyright 2024 X, noncommercial\n\nYou may"),
        ("You may", "[see https://example.org before any commercial use]\nYou may"),
    ],
)
def test_what_a_reader_would_read_otherwise_is_read_otherwise(one: str, other: str) -> None:
    assert words(one) != words(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("You may; or\n2. sell it", "You may; or\n\n2. sell it"),
        (
            "A heading without a full stop, of more than forty characters\n2.1 Grant\nYou",
            "A heading without a full stop, of more than forty characters\n\n2.1 Grant\nYou",
        ),
        ("do this, (ii) do that", "do this,\n(ii) do that"),
        ("the &#8220;Software&#8221; &amp; more", "the “Software” & more"),
        ("the con\u00adtent of\u200b it", "the content of it"),
        ("the licensor\x92s \x93Work\x94", 'the licensor\'s "Work"'),
        ("<!-- You may use it -->", "You may use it"),
    ],
)
def test_what_reads_the_same_is_the_same(one: str, other: str) -> None:
    assert words(one) == words(other)
