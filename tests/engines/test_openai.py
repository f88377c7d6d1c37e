# SPDX-License-Identifier: Apache-2.0
"""Servers with OpenAI's interface, on the loopback address."""

import json
from typing import Any

import pytest

from steelyard.core.engine import Group, Pack, Sampling
from steelyard.core.errors import EngineError
from steelyard.engines.endpoint import Endpoint
from steelyard.engines.openai import OpenAI
from tests.samples.completions import completion, honest, logprob, serving


def engine(url: str, waits: list[float] | None = None, key: str = "") -> OpenAI:
    record = [] if waits is None else waits
    return OpenAI(Endpoint(url, key, timeout=5, wait=record.append), "model")


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


def test_an_option_gets_the_sum_of_the_servers_tokens() -> None:
    with serving() as (url, _):
        found = sums(engine(url), "Is it so?", " yes", " no way")
    before = len("Is it so?")
    no = logprob("x" * before, " no") + logprob("x" * (before + 3), " way")
    assert found == pytest.approx([-0.2, no])


def test_a_token_that_straddles_the_border_counts_for_the_option() -> None:
    with serving() as (url, _):
        found = sums(engine(url), "Is it so? y", "es", "on")
    assert found[0] == pytest.approx(-0.2)  # the server's token is ' yes'
    assert found[1] < -2


def test_a_server_without_logprobs_of_prompts_is_refused() -> None:
    def silent(path: str, body: dict[str, Any], number: int) -> tuple[int, str, str]:
        answer = completion(body)
        answer["choices"][0]["logprobs"] = None
        return 200, "application/json", json.dumps(answer)

    with serving(silent) as (url, _), pytest.raises(EngineError, match="no log-probabilities"):
        sums(engine(url), "Is it so?", " yes")


def test_a_server_that_scores_everything_alike_is_refused() -> None:
    def chance(path: str, body: dict[str, Any], number: int) -> tuple[int, str, str]:
        answer = completion(body)
        said = answer["choices"][0]["logprobs"]
        said["token_logprobs"] = [None, *[-1.0] * (len(said["tokens"]) - 1)]
        return 200, "application/json", json.dumps(answer)

    with serving(chance) as (url, _), pytest.raises(EngineError, match="' Paris' after"):
        sums(engine(url), "Is it so?", " yes")


def test_a_server_that_returns_only_what_it_generated_is_refused() -> None:
    def last(path: str, body: dict[str, Any], number: int) -> tuple[int, str, str]:
        answer = completion(body)
        said = answer["choices"][0]["logprobs"]
        cut = {key: value[-1:] for key, value in said.items()}
        cut["text_offset"] = [0]
        answer["choices"][0]["logprobs"] = cut
        return 200, "application/json", json.dumps(answer)

    with serving(last) as (url, _), pytest.raises(EngineError, match="no log-probabilities"):
        sums(engine(url), "Is it so?", " yes")


def test_a_busy_server_is_asked_again_as_late_as_it_says() -> None:
    def busy(path: str, body: dict[str, Any], number: int) -> tuple[int, str, str]:
        return honest(path, body, number) if number > 2 else (503, "text/plain", "busy")

    waits: list[float] = []
    with serving(busy) as (url, seen):
        found = engine(url, waits)
        assert next(found.generate([(65,)], Sampling(most_tokens=9)))[1].tokens == 5
    assert len(seen) == 3
    assert 0.5 <= waits[0] <= 1 <= waits[1] <= 2


def test_a_page_of_html_is_an_error_that_says_so() -> None:
    def page(path: str, body: dict[str, Any], number: int) -> tuple[int, str, str]:
        return 200, "text/html", "<html>Sign in"

    with (
        serving(page) as (url, _),
        pytest.raises(EngineError, match="text/html where a JSON object"),
    ):
        list(engine(url).generate([(65,)], Sampling(most_tokens=9)))


def test_a_refusal_is_told_without_the_key() -> None:
    def refuse(path: str, body: dict[str, Any], number: int) -> tuple[int, str, str]:
        return 401, "application/json", json.dumps({"error": {"message": "bad key"}})

    with serving(refuse) as (url, seen), pytest.raises(EngineError, match="401: bad key") as told:
        list(engine(url, key="secret").generate([(65,)], Sampling(most_tokens=9)))
    assert seen[0]["authorization"] == "Bearer secret"
    assert "secret" not in str(told.value)


def test_a_key_that_a_server_repeats_is_told_to_nobody() -> None:
    def repeat(path: str, body: dict[str, Any], number: int) -> tuple[int, str, str]:
        return 401, "application/json", json.dumps({"error": {"message": "no key s3cr3t here"}})

    with serving(repeat) as (url, _), pytest.raises(EngineError, match=r"no key \*\*\* here"):
        list(engine(url, key="s3cr3t").generate([(65,)], Sampling(most_tokens=9)))


def test_a_server_that_is_not_there_is_told_at_once() -> None:
    with serving() as (url, _):
        pass
    waits: list[float] = []
    with pytest.raises(EngineError, match="cannot be reached"):
        list(engine(url, waits).generate([(65,)], Sampling(most_tokens=9)))
    assert waits == []


def test_a_server_that_died_is_an_error_after_some_tries() -> None:
    waits: list[float] = []
    with serving() as (url, _):
        asked = engine(url, waits)
        list(asked.generate([(65,)], Sampling(most_tokens=9)))
    with pytest.raises(EngineError, match="no answer in 6 tries"):
        list(asked.generate([(65,)], Sampling(most_tokens=9)))
    assert len(waits) == 5


def test_a_server_that_stays_busy_says_why() -> None:
    def spent(path: str, body: dict[str, Any], number: int) -> tuple[int, str, str]:
        return 429, "application/json", json.dumps({"error": {"message": "no credit left"}})

    with serving(spent) as (url, _), pytest.raises(EngineError, match="429 no credit left"):
        list(engine(url, []).generate([(65,)], Sampling(most_tokens=9)))


def test_an_answer_without_end_is_broken_off(monkeypatch) -> None:
    monkeypatch.setattr("steelyard.engines.endpoint._MOST_BYTES", 1000)

    def long(path: str, body: dict[str, Any], number: int) -> tuple[int, str, str]:
        return 200, "application/json", " " * 5000

    with serving(long) as (url, _), pytest.raises(EngineError, match="more than 1,000 bytes"):
        list(engine(url).generate([(65,)], Sampling(most_tokens=9)))


def test_text_ends_before_the_stop_text_whatever_the_server_does() -> None:
    with serving() as (url, seen):
        found = list(engine(url).generate([(65,), (66,)], Sampling(most_tokens=9, stop=("END",))))
    assert [text.text for _, text in found] == [" written by the server "] * 2
    assert sorted(body["prompt"] for body in seen) == ["A", "B"]


def test_a_conversation_goes_to_the_chat_interface() -> None:
    with serving() as (url, seen):
        found = engine(url)
        prompt = found.encode(found.chat([{"role": "user", "content": "hello"}]))
        assert next(found.generate([prompt], Sampling(most_tokens=9)))[1].text == "you said hello"
    assert seen[0]["messages"] == [{"role": "user", "content": "hello"}]
