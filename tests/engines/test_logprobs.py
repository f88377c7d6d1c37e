# SPDX-License-Identifier: Apache-2.0
"""Log-probabilities of prompts, in the forms in which servers send them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.engines.logprobs import echoed


def sent(*tokens: str, unscored: int = 1) -> dict[str, Any]:
    """Return what vLLM sends for some tokens: token n has -n, offsets count what they spell."""
    scores = [None if n < unscored else -float(n) for n in range(len(tokens))]
    return {
        "tokens": list(tokens),
        "token_logprobs": scores,
        "text_offset": [sum(map(len, tokens[:n])) for n in range(len(tokens))],
        "top_logprobs": [None if score is None else {"x": score} for score in scores],
    }


def spans(text: str, said: object) -> list[tuple[int, float]]:
    return [(end, score.logprob) for end, score in echoed(text, said)]


def test_each_token_ends_where_the_next_begins() -> None:
    assert spans("The sea", sent("The", " sea", ".")) == [(7, -1.0)]


def test_tokens_that_spell_part_of_a_character_end_with_it() -> None:
    # vLLM 0.32 on " õ": the first of its two tokens spells nothing, the second all.
    said = sent("oli", "", " õ", "rn", ".")
    assert spans("oli õrn", said) == [(5, -1.0), (5, -2.0), (7, -3.0)]


@pytest.mark.parametrize("special", [("<s>",), ("[gMASK]", "<sop>"), ("",)])
def test_special_tokens_before_the_prompt_do_not_shift_it(special) -> None:
    found = spans("The sea", sent(*special, "The", " sea", "."))
    count = len(special)
    assert found == [(3, -float(count)), (7, -float(count + 1))]


def test_offsets_of_the_text_itself_are_taken_as_they_are() -> None:
    said = {**sent("<s>", "The", " sea", "."), "text_offset": [0, 0, 3, 7]}
    assert spans("The sea", said) == [(3, -1.0), (7, -2.0)]
    del said["tokens"]
    assert spans("The sea", said) == [(3, -1.0), (7, -2.0)]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (None, "sends none"),
        ({"content": []}, "not of what it is given"),
        ({"tokens": []}, "token_logprobs"),
        (sent("Another", " text", "."), "do not spell the prompt"),
        (sent("The", " sea", " is", unscored=2), "none for token 2"),
        ({**sent("The", " sea", "."), "text_offset": [3, 0, 7]}, "do not ascend"),
    ],
)
def test_what_cannot_be_believed_is_refused_with_the_reason(said, why) -> None:
    with pytest.raises(ValueError, match=why):
        echoed("The sea", said)


JSON = st.recursive(
    st.none() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4),
)


@given(
    st.text(max_size=8),
    st.fixed_dictionaries(
        {key: JSON for key in ("tokens", "token_logprobs", "text_offset", "top_logprobs")}
    ),
)
def test_whatever_a_server_sends_ends_in_scores_or_a_reason(text, said) -> None:
    try:
        found = echoed(text, said)
    except ValueError:
        return
    assert all(not score.logprob > 0 for _, score in found)


PARTS = st.lists(st.text(alphabet="aõ 模", max_size=3), min_size=1, max_size=8)


@given(PARTS, st.sampled_from("aõ模"))
def test_every_token_but_the_first_counts_once(parts, last) -> None:
    tokens = [*parts, last]
    found = spans("".join(tokens), sent(*tokens, "."))
    assert sorted(value for _, value in found) == [-float(n) for n in range(len(parts), 0, -1)]
    assert found[-1][0] == len("".join(tokens))
    assert found == sorted(found, key=lambda span: span[0])
