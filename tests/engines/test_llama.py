# SPDX-License-Identifier: Apache-2.0
"""Engine `llama`: the same scores however a run is cut, and no library but the one that fits."""

from pathlib import Path

import pytest

from steelyard.core.engine import Pack, Sampling
from steelyard.core.errors import EngineError
from steelyard.engines.groups import runs
from steelyard.engines.llama import library
from steelyard.engines.llama.branches import Branch, branches
from steelyard.evals.answers import answers
from steelyard.evals.planner import Plan, Shape
from steelyard.evals.requests import Completion, Continuation, Request

pytest.importorskip("cffi")
pytest.importorskip("xllamacpp")

from steelyard.engines.llama import Llama


@pytest.mark.model
def test_scores_are_the_same_to_the_bit_however_a_run_is_cut(real_model: Path) -> None:
    shots = "Question: What is the capital of France?\nAnswer: Paris\n\n"
    asked: list[Request] = [
        Continuation(context=f"{shots}Question: What is the capital of {land}?\nAnswer:", text=text)
        for land in ("Germany", "Spain")
        for text in (" Rome", " Madrid", " Paris is nice")
    ]
    engine = Llama(real_model, threads=1)
    plans = [Plan(asked, engine, Shape(pack=pack, call=call)) for pack, call in ((512, 24), (6, 0))]
    one, many = ([len(steps) for _, steps in plan.groups()] for plan in plans)
    assert one == [1]
    assert many == [1, 1]
    whole, pieces = (answers(plan, engine) for plan in plans)
    alone = [answers(Plan([request], engine, Shape()), engine)[0] for request in asked]
    assert whole == pieces == alone
    assert engine.card().numerics["flash_attention"] == "off"
    engine.close()


@pytest.mark.model
def test_texts_are_generated_side_by_side_behind_what_they_share(real_model: Path) -> None:
    shots = "Question: What is the capital of France?\nAnswer: Paris\n\n"
    sampling = Sampling(most_tokens=8, stop=("\n",))
    asked: list[Request] = [
        Completion(
            context=f"{shots}Question: What is the capital of {land}?\nAnswer:", sampling=sampling
        )
        for land in ("Germany", "Italy")
    ]
    engine = Llama(real_model, threads=1)
    texts = [answer.text for answer in answers(Plan(asked, engine, Shape()), engine)]  # type: ignore[union-attr]
    assert texts == [" Berlin", " Rome"]
    engine.close()


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF" + bytes(60))
    with pytest.raises(EngineError, match="cannot load"):
        Llama(tmp_path / "model.gguf", threads=1)


def test_another_version_of_the_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "VERSION", "2027.1.1")
    library.llama_cpp.cache_clear()
    with pytest.raises(EngineError, match=r"its version is '2026.* not '2027.1.1'"):
        library.llama_cpp()


@pytest.mark.parametrize("name", ["_SIZES", "_MODEL_DEFAULTS", "_CONTEXT_DEFAULTS"])
def test_structures_that_do_not_fit_are_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = dict(getattr(library, name))
    expected[next(iter(expected))] = 12345
    monkeypatch.setattr(library, name, expected)
    library.llama_cpp.cache_clear()
    with pytest.raises(EngineError, match="does not fit"):
        library.llama_cpp()


def test_a_library_that_is_not_llama_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.so").write_bytes(b"\x7fELF")
    with pytest.raises(EngineError, match=r"no llama\.cpp"):
        library.Library(tmp_path / "other.so")


def test_a_library_that_is_not_installed_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(library, "PACKAGE", "not_installed_at_all")
    library.llama_cpp.cache_clear()
    with pytest.raises(EngineError, match="not installed") as caught:
        library.llama_cpp()
    assert "steelyard[llama]" in caught.value.hint


@pytest.fixture(autouse=True)
def _forget_the_library() -> None:
    """Let no test see the library that another one was refused."""
    library.llama_cpp.cache_clear()


def test_branches_continue_what_still_stands() -> None:
    pack = Pack(tokens=(1, 2, 3, 4, 5), parents=(-1, 0, 0, 2, -1), targets=())
    assert list(branches(pack)) == [
        Branch(0, range(0, 2)),
        Branch(1, range(2, 4)),
        Branch(0, range(4, 5)),
    ]


def test_neighbours_run_together_where_they_share_most() -> None:
    prompts = [(1, 2, 3, 4, 5), (1, 2, 3, 4, 6), (1, 2, 3, 7), (9, 1), (9, 2)]
    assert list(runs(prompts)) == [(0, 3, 3), (3, 5, 1)]
    assert list(runs([(1, 2)])) == [(0, 1, 0)]
    assert list(runs([])) == []
