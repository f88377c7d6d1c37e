# SPDX-License-Identifier: Apache-2.0
"""A real server with OpenAI's interface: that of llama.cpp, which comes with xllamacpp."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.core.engine import Engine, Place, Sampling, Wish
from steelyard.core.errors import EngineError, UsageError
from steelyard.engines.endpoint import Endpoint
from steelyard.engines.openai import OpenAI
from steelyard.evals.answers import answers
from steelyard.evals.planner import Plan, Shape
from steelyard.evals.requests import Continuation
from steelyard.flow.engines import open_engine
from tests.samples.llama_server import CELLS, NAME, llama_server

pytest.importorskip("httpx2")
pytest.importorskip("xllamacpp")
pytestmark = pytest.mark.model

SHOTS = "Question: What is the capital of France?\nAnswer: Paris\n\n"
ASKED = [f"{SHOTS}Question: What is the capital of {land}?\nAnswer:" for land in ("Italy", "Spain")]

Server = tuple[str, subprocess.Popen[str]]


@pytest.fixture(scope="module")
def server(real_model: Path) -> Iterator[Server]:
    with llama_server(real_model) as found:
        yield found


@pytest.fixture
def asked(server: Server) -> Iterator[Engine]:
    engine = open_engine(Place(url=server[0]), Wish(threads=2))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def here(real_model: Path) -> Iterator[Engine]:
    engine = open_engine(Place(path=real_model), Wish(threads=1))
    yield engine
    engine.close()


def texts(engine: Engine, prompts: list[str], sampling: Sampling) -> list[str]:
    found = dict(engine.generate([engine.encode(text) for text in prompts], sampling))
    return [found[index].text for index in range(len(prompts))]


def alone(engine: Engine, prompts: list[str], sampling: Sampling) -> list[str]:
    return [text for prompt in prompts for text in texts(engine, [prompt], sampling)]


def test_it_writes_what_the_same_file_writes_in_this_process(asked: Engine, here: Engine) -> None:
    sampling = Sampling(most_tokens=24, stop=("\n\n", "Question: What is the"))
    found = texts(asked, ASKED, sampling)
    assert found == alone(here, ASKED, sampling)
    assert found[0].startswith(" Rome")


def test_it_answers_in_a_conversation_as_the_same_file_does_by_its_template(
    asked: Engine, here: Engine
) -> None:
    talk = [{"role": "user", "content": "What is the capital of France?"}]
    sampling = Sampling(most_tokens=12)
    assert texts(asked, [asked.chat(talk)], sampling) == alone(here, [here.chat(talk)], sampling)


def test_its_only_model_needs_no_name_and_no_other_is_asked_for(
    asked: Engine, server: Server
) -> None:
    assert asked.card().model == NAME
    with pytest.raises(UsageError, match=f"serves '{NAME}' alone, and not 'another'"):
        open_engine(Place(url=server[0]), Wish(model="another"))


def test_it_scores_only_what_it_writes_and_is_refused(asked: Engine) -> None:
    options = [Continuation(context=ASKED[0], text=text) for text in (" Rome", " gravel")]
    with pytest.raises(EngineError, match="of what it writes, not of what it is given"):
        answers(Plan(options, asked, Shape()), asked)


def test_what_is_longer_than_its_context_is_refused_with_its_reason(asked: Engine) -> None:
    with pytest.raises(EngineError, match=f"status 400.*{CELLS}") as told:
        list(asked.generate([asked.encode("word " * 2 * CELLS)], Sampling(most_tokens=4)))
    assert "--num-fewshot" in told.value.hint


def test_one_that_is_killed_midway_keeps_what_it_had_answered(real_model: Path) -> None:
    async def no_wait(seconds: float) -> None:
        del seconds

    with llama_server(real_model) as (url, process):
        engine = OpenAI(Endpoint(url, wait=no_wait), NAME, at_once=1)
        prompts = [engine.encode(text) for text in ASKED]
        writing = engine.generate(prompts, Sampling(most_tokens=4))
        assert next(writing)[1].text.strip().startswith("Rome")
        process.kill()
        process.wait()
        with pytest.raises(EngineError, match="no answer in 6 tries") as told:
            list(writing)
        engine.close()
    assert "run the same command again" in told.value.hint
