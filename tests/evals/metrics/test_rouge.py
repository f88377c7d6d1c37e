# SPDX-License-Identifier: Apache-2.0
"""ROUGE against values that rouge-score 0.1.2 gives, and its laws."""

import hashlib
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.evals.metrics.rouge import rouge_l, rouge_lsum, rouge_n

TEXTS = st.text("abc \nÉ1.", max_size=40)
SIGNS = ["a", "b", "cat", "Dog", "x1", "é", "...", "\n", "İ", "K", "2"]
RECORDED = "d03e2590059af3b3c41021ccea4ba0c1ba7a398cd15da3887bd18e831b903d8e"
"""SHA-256 of what rouge-score 0.1.2 gives for the pairs of the test, each as JSON."""


def all_of(reference: str, answer: str) -> list[float]:
    return [
        rouge_n(reference, answer, 1),
        rouge_n(reference, answer, 2),
        rouge_l(reference, answer),
        rouge_lsum(reference, answer),
    ]


@pytest.mark.parametrize(
    ("reference", "answer", "wanted"),
    [
        (
            "The cat sat on the mat.",
            "The cat is on the mat.",
            [0.8333333333333334, 0.6, 0.8333333333333334, 0.8333333333333334],
        ),
        ("the the the", "the", [0.5, 0.0, 0.5, 0.5]),
        ("A b c d e", "e d c b a", [1.0, 0.0, 0.20000000000000004, 0.20000000000000004]),
        (
            "It cost $1,200.50, then.",
            "It cost 1,200.50 dollars",
            [0.8333333333333334, 0.8000000000000002, 0.8333333333333334, 0.8333333333333334],
        ),
        ("猫", "猫", [0.0, 0.0, 0.0, 0.0]),
        ("word", "", [0.0, 0.0, 0.0, 0.0]),
        (
            "a b\nb c\nc a",
            "a c\nb\na b c",
            [1.0, 0.4000000000000001, 0.6666666666666666, 0.8333333333333334],
        ),
        ("İstanbul K2", "istanbul K2", [0.4, 0.0, 0.4, 0.4]),
    ],
)
def test_rouge_is_that_of_rouge_score(reference: str, answer: str, wanted: list[float]) -> None:
    assert all_of(reference, answer) == wanted


def test_five_hundred_drawn_pairs_score_to_the_bit_what_rouge_score_gives() -> None:
    draws = random.Random(7)
    seen = hashlib.sha256()
    for _ in range(500):
        reference, answer = (
            " ".join(draws.choices(SIGNS, k=draws.randrange(30))) for _ in range(2)
        )
        seen.update(json.dumps(all_of(reference, answer)).encode())
    assert seen.hexdigest() == RECORDED


@given(TEXTS, TEXTS)
def test_rouge_lies_between_none_and_all(reference: str, answer: str) -> None:
    assert all(0 <= value <= 1 for value in all_of(reference, answer))


@given(st.text("abc 1", min_size=1, max_size=30).filter(str.strip))
def test_a_text_is_wholly_like_itself(text: str) -> None:
    assert (rouge_n(text, text, 1), rouge_l(text, text), rouge_lsum(text, text)) == (1, 1, 1)
