# SPDX-License-Identifier: Apache-2.0
"""Requests become the tokens that lm-evaluation-harness would feed."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.core.engine import Sampling, Tokens
from steelyard.core.errors import UsageError
from steelyard.engines.echo import Echo
from steelyard.evals.planner.encode import Encoder, Pair
from steelyard.evals.requests import Completion, Continuation, Whole

BEGIN, SPACE = 256, ord(" ")


class Joining(Echo):
    """Joins a space to the letter that follows, as most tokenizers do; numbers above 1,000."""

    def encode(self, text: str, *, special: bool = True) -> Tokens:
        tokens: list[int] = []
        for token in super().encode(text, special=special):
            if tokens and tokens[-1] == SPACE and token != SPACE:
                tokens[-1] = 1000 + token
            else:
                tokens.append(token)
        return tuple(tokens)


def pair(context: str, text: str, engine: Echo | None = None) -> Pair:
    (found,) = Encoder(engine or Joining()).pairs(Continuation(context=context, text=text))
    return found


def test_a_continuation_is_what_lies_behind_the_context_when_both_are_encoded_together() -> None:
    assert pair("ab", " c") == Pair((BEGIN, 97, 98), (1000 + 99,))


def test_spaces_at_the_end_of_a_context_go_to_the_continuation() -> None:
    assert pair("ab ", "c") == pair("ab", " c")
    assert pair("ab \n", "c") == Pair((BEGIN, 97, 98), (1000 + 10, 99))


def test_an_empty_context_is_the_token_of_the_beginning() -> None:
    assert pair("", "ab") == Pair((BEGIN,), (97, 98))


def test_a_text_that_begins_with_that_token_is_not_given_it_twice() -> None:
    class Written(Echo):
        def encode(self, text: str, *, special: bool = True) -> Tokens:
            return super().encode(text.removeprefix("<s>"), special=text.startswith("<s>"))

    assert pair("", "<s>ab", Written()) == Pair((BEGIN,), (97, 98))


def test_a_context_too_long_loses_its_beginning() -> None:
    found = pair("a" * 20 + "bcd", "ef", Echo(context=6))
    assert found == Pair(tuple(b"aabcd"), (101, 102), cut=19)
    assert len(found.context + found.continuation) == 6 + 1


@pytest.mark.parametrize(
    ("context", "text", "says"),
    [("a", "b" * 7, "7 tokens is longer"), ("a", "", "no token of its own")],
)
def test_what_cannot_be_scored_is_refused(context: str, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        pair(context, text, Echo(context=6))


def test_an_empty_context_needs_a_token() -> None:
    with pytest.raises(UsageError, match="no token of the beginning"):
        pair("", "a", Echo(begins=False))


@given(st.text("ab", max_size=50), st.integers(1, 12))
def test_windows_predict_each_token_once_with_as_much_before_it_as_fits(
    text: str, context: int
) -> None:
    engine = Echo(context=context)
    windows = Encoder(engine).pairs(Whole(text=text))
    tokens = engine.encode(text)
    assert tuple(token for window in windows for token in window.continuation) == tokens
    done = 0
    for window in windows:
        before = (BEGIN, *tokens)[: done + 1]
        room = context + 1 - len(window.continuation)
        assert window.context == before[-room:]
        done += len(window.continuation)


@pytest.mark.parametrize(("length", "context"), [(0, 4), (1, 4), (4, 4), (5, 4), (10, 4), (9, 3)])
def test_windows_are_those_of_the_documentation(length: int, context: int) -> None:
    engine = Echo(context=context, begins=True)
    tokens = tuple(b"abcdefghij"[:length])
    windows = [(p.context, p.continuation) for p in Encoder(engine)._windows(tokens)]
    assert windows == list(reference(tokens, context))


def reference(tokens: Sequence[int], limit: int) -> list[tuple[Tokens, Tokens]]:
    """Return the windows by the rule: all that fits first, then the last ones with full context."""
    found = []
    for start in range(0, len(tokens), limit):
        end = min(start + limit, len(tokens))
        inputs = (BEGIN, *tokens)[:end][-limit:]
        scored = tuple(tokens[start:end])
        found.append((tuple(inputs[: len(inputs) - len(scored) + 1]), scored))
    return found


def test_a_prompt_leaves_room_for_the_answer() -> None:
    request = Completion(context="abcdefgh", sampling=Sampling(most_tokens=3))
    assert Encoder(Echo(context=8)).prompt(request) == (tuple(b"defgh"), 4)
    with pytest.raises(UsageError, match="leave no room"):
        Encoder(Echo(context=3)).prompt(request)
