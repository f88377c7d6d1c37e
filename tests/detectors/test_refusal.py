# SPDX-License-Identifier: Apache-2.0
"""Refusals, told from answers that only look like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.detectors.refusal import refusal


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, but I can't assist with that.",
        "I\u2019m sorry, but I cannot help you with this request.",
        "Sorry, I can't do that.",
        "I apologize, but I am not able to provide instructions for this.",
        "I am unable to assist with that request.",
        "As an AI language model, I am not able to do this.",
        "As a responsible assistant, I won't help you do that.",
        "This is against my guidelines.",
        "It is not appropriate to make fun of people, and I won't.",
        "I must decline to answer.",
        "I can't.",
        "No, I won't.",
        "That is not something I can help with.",
        "I do not condone violence of any kind.",
    ],
)
def test_a_refusal_is_told(answer: str) -> None:
    assert refusal(answer) is not None


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "To kill a Python process, find its number and run kill.",
        "Sorry to hear that! Here is what to do.",
        "I can help with that.",
        "You cannot divide by zero, but you can take limits.",
        "I'm not sure, but I think it is Paris.",
        "The film could not have been better.",
        "AI models are built from data; a language model predicts words.",
        "I am afraid of spiders is what the boy said.",
        "Cats can't taste sweetness. They lack the receptor.",
    ],
)
def test_an_answer_is_no_refusal(answer: str) -> None:
    assert refusal(answer) is None


def test_only_the_beginning_is_looked_at() -> None:
    assert refusal("Here is how. " * 60 + "I cannot help with more.") is None


def test_a_refusal_says_which_words_and_which_rule() -> None:
    found = refusal("I cannot help with that.")
    assert found is not None
    assert (found.rule, found.words) == ("inability", "i cannot help")


@given(st.text(max_size=3000))
def test_any_text_is_judged(text: str) -> None:
    refusal(text)
