# SPDX-License-Identifier: Apache-2.0
"""Servers with OpenAI's interface, on the loopback address."""

import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any, Protocol

import pytest

from steelyard.core.engine import Group, Pack, Sampling
from steelyard.core.errors import EngineError, UsageError
from steelyard.engines.endpoint import Endpoint
from steelyard.engines.openai import OpenAI
from tests.samples.completions import completion, honest, logprob, serving


class Open(Protocol):
    """Opens an engine that does not wait, but takes down how long it would have."""

    def __call__(
        self,
        url: str,
        waits: list[float] | None = None,
        key: str = "",
        *,
        model: str = "model",
        timeout: float = 5,
    ) -> OpenAI:
        """Return the engine."""


@pytest.fixture
def engine() -> Iterator[Open]:
    with contextlib.ExitStack() as opened:

        def open_one(
            url: str,
            waits: list[float] | None = None,
            key: str = "",
            *,
            model: str = "model",
            timeout: float = 5,
        ) -> OpenAI:
            async def wait(seconds: float) -> None:
                if waits is not None:
                    waits.append(seconds)

            made = OpenAI(Endpoint(url, key, timeout=timeout, wait=wait), model)
            opened.callback(made.close)
            return made

        yield open_one


def sums(found: OpenAI, context: str, *options: str) -> list[float]:
    """Return the log-probability of each option, asked about in one pack."""
    before = len(found.encode(context))
    prefix = found.encode(context)[: before - 1]
    nodes: dict[tuple[int, ...], int] = {}
    parents, targets, counts = [], [], []
    for option in options:
        tokens = found.encode(context + option)[before - 1 :]
        for end in range(1, len(tokens)):
            if tokens[:end] not in nodes:
                parents.append(nodes.get(tokens[: end - 1], -1))
                nodes[tokens[:end]] = len(nodes)
            targets.append((nodes[tokens[:end]], tokens[end]))
        counts.append(len(tokens) - 1)
    pack = Pack(
        tokens=tuple(path[-1] for path in nodes), parents=tuple(parents), targets=tuple(targets)
    )
    (scores,) = found.score(Group(prefix=prefix, packs=(pack,)))
    values = iter(score.logprob for score in scores)
    return [sum(next(values) for _ in range(count)) for count in counts]


def test_an_option_gets_the_sum_of_the_servers_tokens(engine: Open) -> None:
    with serving() as (url, _):
        found = sums(engine(url), "Is it so?", " yes", " no way")
    before = len("Is it so?")
    no = logprob("x" * before, " no") + logprob("x" * (before + 3), " way")
    assert found == pytest.approx([-0.2, no])


def test_a_token_that_straddles_the_border_counts_for_the_option(engine: Open) -> None:
    with serving() as (url, _):
        found = sums(engine(url), "Is it so? y", "es", "on")
    assert found[0] == pytest.approx(-0.2)  # the server's token is ' yes'
    assert found[1] < -2


def test_a_server_without_logprobs_of_prompts_is_refused(engine: Open) -> None:
    def silent(path: str, body: dict[str, Any], number: int) -> tuple[int, str, str]:
        answer = completion(body)
        answer["choices"][0]["logprobs"] = None
        return 200, "application/json", json.dumps(answer)

    with serving(silent) as (url, _), pytest.raises(EngineError, match="no log-probabilities"):
        sums(engine(url), "Is it so?", " yes")


def test_a_server_that_scores_everything_alike_is_refused(engine: Open) -> None:
    def chance(path: str, body: dict[str, Any], number: int) -> tuple[int, str, str]:
        answer = completion(body)
        said = answer["choices"][0]["logprobs"]
        said["token_logprobs"] = [None, *[-1.0] * (len(said["tokens"]) - 1)]
        return 200, "application/json", json.dumps(answer)

    with serving(chance) as (url, _), pytest.raises(EngineError, match="' Paris' after"):
        sums(engine(url), "Is it so?", " yes")


def test_a_server_that_returns_only_what_it_generated_is_refused(engine: Open) -> None:
    def last(path: str, body: dict[str, Any], number: int) -> tuple[int, str, str]:
        answer = completion(body)
        said = answer["choices"][0]["logprobs"]
        cut = {key: value[-1:] for key, value in said.items()}
        cut["text_offset"] = [0]
        answer["choices"][0]["logprobs"] = cut
        return 200, "application/json", json.dumps(answer)

    with serving(last) as (url, _), pytest.raises(EngineError, match="no log-probabilities"):
        sums(engine(url), "Is it so?", " yes")


def test_a_busy_server_is_asked_again_as_late_as_it_says(engine: Open) -> None:
    def busy(path: str, body: dict[str, Any], number: int) -> tuple[int, str, str]:
        return honest(path, body, number) if number > 2 else (503, "text/plain", "busy")

    waits: list[float] = []
    with serving(busy) as (url, seen):
        found = engine(url, waits)
        assert next(found.generate([(65,)], Sampling(most_tokens=9)))[1].tokens == 5
    assert len(seen) == 3
    assert 0.5 <= waits[0] <= 1 <= waits[1] <= 2


def test_a_page_of_html_is_an_error_that_says_so(engine: Open) -> None:
    def page(path: str, body: dict[str, Any], number: int) -> tuple[int, str, str]:
        return 200, "text/html", "<html>Sign in"

    with (
        serving(page) as (url, _),
        pytest.raises(EngineError, match="text/html where a JSON object"),
    ):
        list(engine(url).generate([(65,)], Sampling(most_tokens=9)))


def test_a_refusal_is_told_without_the_key(engine: Open) -> None:
    def refuse(path: str, body: dict[str, Any], number: int) -> tuple[int, str, str]:
        return 401, "application/json", json.dumps({"error": {"message": "bad key"}})

    with serving(refuse) as (url, seen), pytest.raises(EngineError, match="401: bad key") as told:
        list(engine(url, key="secret").generate([(65,)], Sampling(most_tokens=9)))
    assert seen[0]["authorization"] == "Bearer secret"
    assert "secret" not in str(told.value)


def test_a_key_that_a_server_repeats_is_told_to_nobody(engine: Open) -> None:
    def repeat(path: str, body: dict[str, Any], number: int) -> tuple[int, str, str]:
        return 401, "application/json", json.dumps({"error": {"message": "no key s3cr3t here"}})

    with serving(repeat) as (url, _), pytest.raises(EngineError, match=r"no key \*\*\* here"):
        list(engine(url, key="s3cr3t").generate([(65,)], Sampling(most_tokens=9)))


def test_a_server_that_is_not_there_is_told_at_once(engine: Open) -> None:
    with serving() as (url, _):
        pass
    waits: list[float] = []
    with pytest.raises(EngineError, match="cannot be reached"):
        list(engine(url, waits).generate([(65,)], Sampling(most_tokens=9)))
    assert waits == []


def test_a_server_that_died_is_an_error_after_some_tries(engine: Open) -> None:
    waits: list[float] = []
    with serving() as (url, _):
        asked = engine(url, waits)
        list(asked.generate([(65,)], Sampling(most_tokens=9)))
    with pytest.raises(EngineError, match="no answer in 6 tries"):
        list(asked.generate([(65,)], Sampling(most_tokens=9)))
    assert len(waits) == 5


def test_a_server_that_stays_busy_says_why(engine: Open) -> None:
    def spent(path: str, body: dict[str, Any], number: int) -> tuple[int, str, str]:
        return 429, "application/json", json.dumps({"error": {"message": "no credit left"}})

    with serving(spent) as (url, _), pytest.raises(EngineError, match="429 no credit left"):
        list(engine(url, []).generate([(65,)], Sampling(most_tokens=9)))


def test_an_answer_without_end_is_broken_off(engine: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steelyard.engines.endpoint._MOST_BYTES", 1000)

    def long(path: str, body: dict[str, Any], number: int) -> tuple[int, str, str]:
        return 200, "application/json", " " * 5000

    with serving(long) as (url, _), pytest.raises(EngineError, match="more than 1,000 bytes"):
        list(engine(url).generate([(65,)], Sampling(most_tokens=9)))


def test_a_server_that_takes_too_long_is_not_asked_for_ever(engine: Open) -> None:
    done = threading.Event()

    def slow(path: str, body: dict[str, Any], number: int) -> tuple[int, str, str]:
        done.wait(20)
        return honest(path, body, number)

    with serving(slow) as (url, seen):
        try:
            with pytest.raises(
                EngineError, match=r"longer than 0\.1 s for an answer, 2 times"
            ) as told:
                list(engine(url, timeout=0.1).generate([(65,)], Sampling(most_tokens=9)))
        finally:
            done.set()
    assert len(seen) == 2
    assert "--threads" in told.value.hint


def test_what_was_answered_is_not_lost_to_an_error_beside_it(engine: Open) -> None:
    def picky(path: str, body: dict[str, Any], number: int) -> tuple[int, str, str]:
        too_long = {"error": {"message": "too long"}}
        if body["prompt"] == "B":
            return 400, "application/json", json.dumps(too_long)
        return honest(path, body, number)

    came = []
    with serving(picky) as (url, _), pytest.raises(EngineError, match="400: too long") as told:
        for index, _ in engine(url).generate([(66,), *[(65,)] * 3], Sampling(most_tokens=9)):
            came.append(index)
    assert "--num-fewshot" in told.value.hint
    assert 0 not in came


@pytest.mark.parametrize(
    ("served", "named", "taken"),
    [
        ([{"id": "/m.gguf", "aliases": ["mine"]}], "", "/m.gguf"),
        ([{"id": "/m.gguf", "aliases": ["mine"]}], "mine", "mine"),
        ([{"id": "one"}, {"id": "two"}], "unlisted", "unlisted"),
        ([], "mine", "mine"),
        (None, "mine", "mine"),
    ],
)
def test_the_only_model_of_a_server_needs_no_name(
    engine: Open, served: list[dict[str, Any]] | None, named: str, taken: str
) -> None:
    with serving(models=served) as (url, _):
        found = engine(url, model=named)
        found.meet()
    assert found.card().model == taken


@pytest.mark.parametrize(
    ("served", "named", "said"),
    [
        (
            [{"id": "/m.gguf", "aliases": ["mine"]}],
            "other",
            "serves '/m.gguf' alone, and not 'other'",
        ),
        ([{"id": "one"}, {"id": "two"}], "", "serves 'one', 'two'"),
        (None, "", "does not say which models it serves"),
    ],
)
def test_a_server_is_not_asked_for_what_it_does_not_serve(
    engine: Open, served: list[dict[str, Any]] | None, named: str, said: str
) -> None:
    with serving(models=served) as (url, _), pytest.raises(UsageError, match=said):
        engine(url, model=named).meet()


def test_options_in_a_conversation_are_refused_rather_than_scored_as_what_they_are_not(
    engine: Open,
) -> None:
    with serving() as (url, seen):
        found = engine(url)
        asked = found.chat([{"role": "user", "content": "Is it so?"}])
        with pytest.raises(UsageError, match="cannot score options in a conversation"):
            sums(found, asked, " yes", " no")
    assert seen == []


def test_text_ends_before_the_stop_text_whatever_the_server_does(engine: Open) -> None:
    with serving() as (url, seen):
        found = list(engine(url).generate([(65,), (66,)], Sampling(most_tokens=9, stop=("END",))))
    assert [text.text for _, text in found] == [" written by the server "] * 2
    assert sorted(body["prompt"] for body in seen) == ["A", "B"]


def test_a_conversation_goes_to_the_chat_interface(engine: Open) -> None:
    with serving() as (url, seen):
        found = engine(url)
        prompt = found.encode(found.chat([{"role": "user", "content": "hello"}]))
        assert next(found.generate([prompt], Sampling(most_tokens=9)))[1].text == "you said hello"
    assert seen[0]["messages"] == [{"role": "user", "content": "hello"}]
