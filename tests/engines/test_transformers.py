# SPDX-License-Identifier: Apache-2.0
"""Engine `transformers`: architectures, damaged weights, and folders that hold no model."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from msgspec import structs

from steelyard.core.engine import Engine, Generated, Group, Pack, Sampling, Score, Tokens
from steelyard.core.errors import EngineError
from steelyard.evals.answers import answers
from steelyard.evals.planner import Plan, Shape
from steelyard.evals.requests import Continuation, Likelihood, Request, Whole
from tests.engines.tiny import BYTES, write_llama, write_model

pytestmark = pytest.mark.torch
pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from steelyard.engines.transformers import Dtype, Transformers, slices  # noqa: E402
from steelyard.engines.transformers.beside import Beside  # noqa: E402
from steelyard.engines.transformers.trial import try_packs  # noqa: E402
from steelyard.engines.transformers.writing import write, write_alone  # noqa: E402

SIZES = {
    "vocab_size": BYTES + 2,
    "hidden_size": 48,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 12,
    "max_position_embeddings": 256,
    "bos_token_id": BYTES,
    "eos_token_id": BYTES + 1,
    "pad_token_id": BYTES + 1,
}


def requests() -> list[Request]:
    shots = "Q: what is it? A: this\n" * 3
    found: list[Request] = [
        Continuation(context=f"{shots}Q: and {'so ' * (n % 4)}what is {n}? A:", text=text)
        for n in range(30)
        for text in (" this", " that", " these things")
    ]
    return [*found, Whole(text="all of it " * 60), Continuation(context="", text="nothing before")]


def logprobs(engine: Engine, asked: Sequence[Request], shape: Shape) -> list[float]:
    plan = Plan(asked, engine, shape)
    return [answer.logprob for answer in answers(plan, engine) if isinstance(answer, Likelihood)]


ARCHITECTURES = {
    "llama": ("Llama", {}),
    "mistral, window 16": ("Mistral", {"sliding_window": 16}),
    "gemma 2, window 16": ("Gemma2", {"sliding_window": 16, "query_pre_attn_scalar": 12}),
    "gemma 3, window 16": ("Gemma3", {"sliding_window": 16, "query_pre_attn_scalar": 12}),
    "qwen 2": ("Qwen2", {}),
    "qwen 3": ("Qwen3", {}),
    "phi 3": ("Phi3", {}),
}


def write_family(folder: Path, name: str) -> Path:
    """Write a small model of a family; return the folder."""
    family, settings = ARCHITECTURES[name]
    suffix = "Text" if family == "Gemma3" else ""
    config = getattr(transformers, f"{family}{suffix}Config")(**SIZES, **settings)
    return write_model(folder, getattr(transformers, f"{family}ForCausalLM")(config))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_packs_score_as_sequences_do(name: str, tmp_path: Path) -> None:
    engine = Transformers(write_family(tmp_path, name), threads=1, device="cpu")
    asked = requests()
    packed = logprobs(engine, asked, Shape())
    single = [logprobs(engine, [request], Shape(pack=4096))[0] for request in asked]
    assert packed == pytest.approx(single, abs=1e-3)
    engine.close()


def test_scores_are_those_of_a_plain_pass_through_the_model(tmp_path: Path) -> None:
    import torch

    engine = Transformers(write_llama(tmp_path), threads=1, device="cpu")
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
    asked = requests()[:12]
    found = logprobs(engine, asked, Shape())
    for request, logprob in zip(asked, found, strict=True):
        assert isinstance(request, Continuation)
        tokens = torch.tensor([engine.encode(request.context + request.text)])
        with torch.no_grad():
            table = model(tokens).logits[0].log_softmax(-1)
        start = len(engine.encode(request.context))
        plain = sum(float(table[at - 1, tokens[0, at]]) for at in range(start, tokens.shape[1]))
        assert logprob == pytest.approx(plain, abs=1e-3)


@pytest.mark.parametrize("name", ["llama", "gemma 3, window 16"])
def test_slices_score_as_one_pass_does(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Transformers(write_family(tmp_path, name), threads=1, device="cpu")
    asked = requests()
    whole = logprobs(engine, asked, Shape(pack=4096))
    monkeypatch.setattr(slices, "NODES", 7)
    few_nodes = logprobs(engine, asked, Shape(pack=4096))
    monkeypatch.setattr(slices, "LOGITS", 4 * 3 * (BYTES + 2))  # three rows
    few_rows = logprobs(engine, asked, Shape(pack=64))
    assert few_nodes == pytest.approx(whole, abs=1e-3)
    assert few_rows == pytest.approx(whole, abs=1e-3)


def test_a_pass_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    engine = Transformers(write_llama(tmp_path), threads=1, device="cpu")
    pack = Pack(tokens=(65, 66), parents=(-1, 0), targets=((1, 1),))
    group = Group(prefix=(70, 71), packs=(pack,))
    (expected,) = engine.score(group)

    def fail(*_: object) -> None:
        raise RuntimeError("out of memory")

    hook = engine._loaded.model.model.layers[1].register_forward_pre_hook(fail)
    with pytest.raises(RuntimeError):
        list(engine.score(group))
    hook.remove()
    assert list(engine.score(group)) == [expected]


def prompts(engine: Engine) -> list[Tokens]:
    """Return prompts that share a beginning, of many lengths."""
    shots = "Q: what is it? A: this\n" * 2
    return sorted(engine.encode(f"{shots}Q:{' so' * (n % 5)} {n}? A:") for n in range(11))


@pytest.mark.parametrize("name", ["llama", "gemma 2, window 16", "gemma 3, window 16"])
@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_texts_side_by_side_are_those_written_alone(
    name: str, temperature: float, tmp_path: Path
) -> None:
    engine = Transformers(write_family(tmp_path, name), threads=1, device="cpu")
    sampling = Sampling(most_tokens=24, stop=("e",), temperature=temperature)
    together = dict(engine.generate(prompts(engine), sampling))
    assert engine._write is write
    engine._write = write_alone
    alone = dict(engine.generate(prompts(engine), sampling))
    assert together == alone


def test_a_text_that_ends_makes_room_for_the_next(tmp_path: Path) -> None:
    engine = Transformers(write_llama(tmp_path), threads=1, device="cpu")
    engine._loaded.texts = 3
    sampling = Sampling(most_tokens=24, stop=("e",), temperature=0.7)
    found = list(engine.generate(prompts(engine), sampling))
    assert len({written.tokens for _, written in found}) > 2  # they end at other times
    assert [index for index, _ in found] != sorted(index for index, _ in found)
    engine._loaded.texts = 1
    assert dict(found) == dict(engine.generate(prompts(engine), sampling))


def test_a_model_that_would_write_otherwise_in_company_writes_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Transformers(write_llama(tmp_path), threads=1, device="cpu")
    sampling = Sampling(most_tokens=8)
    expected = dict(engine.generate(prompts(engine), sampling))
    monkeypatch.setattr(Beside, "_mask", lambda *_: None)  # each sees all that lies before it
    again = Transformers(tmp_path, threads=1, device="cpu")
    assert dict(again.generate(prompts(engine), sampling)) == expected
    assert again._write is write_alone


def test_no_token_is_written_where_none_is_wanted(tmp_path: Path) -> None:
    engine = Transformers(write_llama(tmp_path), threads=1, device="cpu")
    found = dict(engine.generate([(65,), (66, 67)], Sampling(most_tokens=0)))
    assert found == {0: Generated(text="", tokens=0), 1: Generated(text="", tokens=0)}


def test_bfloat16_is_close_and_says_so(tmp_path: Path) -> None:
    write_llama(tmp_path)
    exact = Transformers(tmp_path, threads=1, device="cpu")
    rough = Transformers(tmp_path, threads=1, device="cpu", dtype="bfloat16")
    assert rough.card().numerics["dtype"] == "bfloat16"
    assert rough.card().weights == exact.card().weights
    asked = requests()[:12]
    assert logprobs(rough, asked, Shape()) == pytest.approx(
        logprobs(exact, asked, Shape()), rel=0.1, abs=1.0
    )


def test_damaged_weights_name_the_token(tmp_path: Path) -> None:
    engine = Transformers(write_llama(tmp_path), threads=1, device="cpu")
    engine._loaded.model.get_input_embeddings().weight.data[65] = math.nan
    pack = Pack(tokens=(65,), parents=(-1,), targets=((0, 1),))
    with pytest.raises(EngineError, match="after token 2 of a sequence"):
        list(engine.score(Group(prefix=(70, 71), packs=(pack,))))
    with pytest.raises(EngineError, match="after token 1 of a sequence"):
        list(engine.generate([(70, 65)], Sampling(most_tokens=2)))


def test_models_with_a_state_are_refused(tmp_path: Path) -> None:
    config = transformers.MambaConfig(
        vocab_size=BYTES + 2, hidden_size=16, num_hidden_layers=1, state_size=4
    )
    write_model(tmp_path, transformers.MambaForCausalLM(config))
    with pytest.raises(EngineError, match="keep a state"):
        Transformers(tmp_path, device="cpu")


SMALL = {key: SIZES[key] for key in ("vocab_size", "bos_token_id", "eos_token_id")}
REFUSED = {
    "bloom": ("Bloom", {"hidden_size": 16, "n_layer": 1, "n_head": 2}),
    "mpt": ("Mpt", {"d_model": 16, "n_layers": 1, "n_heads": 2, "max_seq_len": 64}),
    "falcon": (
        "Falcon",
        {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "alibi": True},
    ),
    "gpt_neo": (
        "GPTNeo",
        {
            "hidden_size": 16,
            "num_layers": 2,
            "num_heads": 2,
            "attention_types": [[["global", "local"], 1]],
        },
    ),
}


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", REFUSED)
def test_models_that_go_by_the_place_in_memory_are_refused(
    name: str, dtype: Dtype, tmp_path: Path
) -> None:
    family, settings = REFUSED[name]
    config = getattr(transformers, f"{family}Config")(**SMALL, **settings)
    write_model(tmp_path, getattr(transformers, f"{family}ForCausalLM")(config))
    with pytest.raises(EngineError, match=f"{name} model") as caught:
        Transformers(tmp_path, threads=1, device="cpu", dtype=dtype)
    assert "llama" in caught.value.hint


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_model_whose_branches_see_each_other_is_refused(dtype: Dtype, tmp_path: Path) -> None:
    engine = Transformers(write_llama(tmp_path), threads=1, device="cpu", dtype=dtype)

    def in_one_line(group: Group) -> Iterator[tuple[Score, ...]]:
        lines = [
            structs.replace(pack, parents=tuple(range(-1, len(pack.tokens) - 1)))
            for pack in group.packs
        ]
        return engine.score(Group(prefix=group.prefix, packs=tuple(lines)))

    try_packs(engine._loaded, engine.score)
    with pytest.raises(EngineError, match="otherwise in a pack than by itself"):
        try_packs(engine._loaded, in_one_line)


def test_a_folder_without_safetensors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(EngineError, match="no safetensors"):
        Transformers(tmp_path)


def test_a_folder_that_wants_its_own_code_is_refused(tmp_path: Path) -> None:
    write_llama(tmp_path)
    config = (tmp_path / "config.json").read_text()
    (tmp_path / "config.json").write_text(
        config.replace('"llama"', '"own"').replace(
            "{", '{"auto_map": {"AutoConfig": "own.C", "AutoModelForCausalLM": "own.M"},', 1
        )
    )
    (tmp_path / "own.py").write_text("raise SystemExit('it ran')")
    with pytest.raises(EngineError, match="cannot load"):
        Transformers(tmp_path)
