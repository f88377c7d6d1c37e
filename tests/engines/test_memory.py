# SPDX-License-Identifier: Apache-2.0
"""What does not fit into memory is refused before it is computed."""

from pathlib import Path

import pytest

from steelyard.core.engine import Pack, Sampling
from steelyard.core.errors import EngineError
from steelyard.engines import memory
from steelyard.engines.echo import Echo
from steelyard.engines.groups import at_once
from steelyard.evals.planner import Plan, Shape
from steelyard.evals.requests import Completion, Whole
from tests.engines.tiny import write_llama


def test_a_limit_counts_what_the_process_has_already() -> None:
    everything = memory.free_memory(None)
    if everything is None:
        pytest.skip("this system does not tell how much memory is free")
    left = memory.free_memory(1 << 20)
    assert left is not None
    assert left < 0 < everything


def test_a_control_group_bounds_what_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "memory.max").write_text("500000\n")
    (tmp_path / "memory.stat").write_text("anon 120000\nfile 300000\n")
    monkeypatch.setattr(memory, "_GROUP", tmp_path)
    assert memory.free_memory(None) == 380_000
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.free_memory(None) != 380_000


def test_a_refusal_says_how_much_is_needed_and_what_helps() -> None:
    memory.refuse(8192, 1 << 40, None, "nobody knows")
    memory.refuse(8192, 5, 5, "it fits")
    with pytest.raises(
        EngineError, match=r"8,192 tokens needs 1.50 GiB .* there are 1.00 GiB"
    ) as caught:
        memory.refuse(8192, 3 << 29, 1 << 30, "take less")
    assert caught.value.hint == "take less"


def test_texts_side_by_side_get_fewer_the_longer_they_are() -> None:
    assert [at_once(longest, 8) for longest in (0, 100, 2048, 2049, 8192, 100_000)] == [
        8, 8, 8, 7, 2, 1,
    ]  # fmt: skip


def test_a_plan_knows_its_longest_sequence() -> None:
    engine = Echo(context=64)
    asked = [Whole(text="x" * 30), Completion(context="y" * 20, sampling=Sampling(most_tokens=40))]
    plan = Plan(asked, engine, Shape())
    (written,) = plan.asked()[1]
    assert plan.longest({}) > 50
    assert plan.longest({written}) <= 31
    assert plan.longest(plan.keys()) == 0


@pytest.mark.torch
def test_transformers_refuses_what_does_not_fit(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from steelyard.engines.transformers import Transformers

    engine = Transformers(write_llama(tmp_path), threads=1, device="cpu", memory=64 << 30)
    engine.reserve(256)
    with pytest.raises(EngineError, match="100,000,000 tokens needs") as caught:
        engine.reserve(100_000_000)
    assert "--memory" in caught.value.hint


@pytest.mark.model
def test_llama_refuses_what_does_not_fit(real_model: Path) -> None:
    pytest.importorskip("xllamacpp")
    from steelyard.engines.llama import Llama

    engine = Llama(real_model, threads=1)
    engine.reserve(2048)
    with pytest.raises(EngineError, match="100,000,000 tokens needs"):
        engine.reserve(100_000_000)
    engine.close()


@pytest.mark.model
def test_llama_scores_to_the_bit_the_same_in_smaller_batches(
    real_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("xllamacpp")
    from steelyard.core.engine import Group
    from steelyard.engines.llama import Llama, window

    found = []
    for logits in (1 << 28, 32 * 4 * 49152):
        monkeypatch.setattr(window, "_LOGITS", logits)
        engine = Llama(real_model, threads=1)
        tokens = engine.encode("The quick brown fox jumps over the lazy dog. " * 8)[:70]
        pack = Pack(
            tokens=tokens[:-1],
            parents=tuple(range(-1, len(tokens) - 2)),
            targets=tuple(enumerate(tokens[1:])),
        )
        found += engine.score(Group(prefix=(), packs=(pack,)))
        engine.close()
    assert found[0] == found[1]
