# SPDX-License-Identifier: Apache-2.0
"""What a model weighs and what memory it takes: exact where it can be, an interval or a gap else."""

import json
from pathlib import Path
from typing import Any

import pytest
from benchmarks.weights import torch_zip
from hypothesis import given
from hypothesis import strategies as st

from steelyard.checks.footprint import look
from steelyard.core.claim import Claim
from steelyard.formats.memory import Layer, contexts, kv_bytes
from steelyard.formats.tensor import TensorInfo
from steelyard.formats.variants import Holding
from tests.samples.weights import (
    STRING,
    claims,
    entry,
    facts,
    gaps,
    intervals,
    llama,
    safetensors,
)

MIB = 1 << 20
F16 = safetensors({"w": entry(0, 16, [2, 4], "F16"), "n": entry(16, 24, [2])}, bytes(24))


def of_gguf(**settings: Any) -> list[Claim]:
    writer = llama(**settings).tensor("w", [32, 2], 8, bytes(68))
    return claims(look, {"m.gguf": writer.finish()})


def of_config(config: Any) -> list[Claim]:
    files = {"model.safetensors": F16, "config.json": json.dumps(config).encode()}
    return claims(look, files)


def cache(found: list[Claim], tokens: int) -> tuple[float, float]:
    low, high = intervals(found)[f"footprint.kv-cache.{tokens}"]
    return low / MIB, high / MIB


def exact(mib: float) -> tuple[float, float]:
    return mib, mib


# What llama.cpp allocates, as it reported it for models of these shapes.


@pytest.mark.parametrize(("tokens", "mib"), [(512, 11.25), (2048, 45), (8192, 180)])
def test_grouped_query_attention_caches_what_llama_cpp_allocates(tokens: int, mib: float) -> None:
    assert cache(of_gguf(), tokens) == exact(mib)


@pytest.mark.parametrize(("tokens", "mib"), [(2048, 8), (16384, 64)])
def test_a_mixture_of_experts_caches_what_llama_cpp_allocates(tokens: int, mib: float) -> None:
    shape = {"block_count": 4, "attention__head_count": 8, "attention__head_count_kv": 4}
    found = of_gguf(**shape, embedding_length=512, context_length=tokens)
    assert cache(found, tokens) == exact(mib)


@pytest.mark.parametrize(("tokens", "mib"), [(2048, 12), (16384, 68)])
def test_alternating_windows_cache_what_llama_cpp_allocates(tokens: int, mib: float) -> None:
    shape = {"block_count": 4, "attention__head_count": 8, "attention__head_count_kv": 4}
    found = of_gguf(
        architecture="gemma2",
        **shape,
        attention__key_length=128,
        attention__value_length=128,
        attention__sliding_window=512,
        context_length=tokens,
    )
    assert cache(found, tokens) == exact(mib)
    assert facts(found)["footprint.architecture"]["windowed_layers"] == 2


@pytest.mark.parametrize(("kind", "size"), [("f16", 2), ("q8_0", 1.0625), ("q4_0", 0.5625)])
def test_a_quantised_cache_counts_the_scales_of_its_blocks(kind: str, size: float) -> None:
    assert kv_bytes((Layer(key=64, value=64),), 256, kind) == 256 * 128 * size
    assert kv_bytes((Layer(key=65, value=64),), 256, "q8_0") is None


@pytest.mark.parametrize(
    ("tokens", "resident"), [(512, (134,)), (2048, (168, 364.1)), (8192, (303,))]
)
def test_what_was_measured_resident_lies_inside_the_interval(
    tokens: int, resident: tuple[float, ...]
) -> None:
    weights = 96_576_768  # SmolLM2-135M as Q4_1; 364.1 MiB was with all logits of a batch
    elements = weights // 34 * 32
    writer = llama().tensor("w", [32, elements // 32], 8, bytes(elements // 32 * 34))
    found = claims(look, {"m.gguf": writer.finish()})
    low, high = intervals(found)[f"footprint.memory.{tokens}"]
    assert low / MIB <= min(resident) <= max(resident) <= high / MIB


def test_layers_may_differ_in_heads_and_windows() -> None:
    found = of_gguf(
        architecture="gemma4",
        block_count=4,
        attention__head_count_kv=[1, 2, 0, 1],
        attention__key_length=64,
        attention__value_length=32,
        attention__key_length_swa=128,
        attention__value_length_swa=64,
        attention__sliding_window=256,
        attention__sliding_window_pattern=[True, False, False, True],
        attention__shared_kv_layers=1,
    )
    windowed, full = 768 * (128 + 64) * 2, 8192 * 2 * (64 + 32) * 2
    assert cache(found, 8192) == exact((windowed + full) / MIB)


def test_a_context_is_padded_to_256_tokens() -> None:
    row = Layer(key=1, value=1)
    assert [kv_bytes((row,), tokens) for tokens in (1, 256, 257)] == [1024, 1024, 2048]


def test_latent_attention_is_an_interval_from_compressed_to_written_out() -> None:
    found = of_gguf(
        architecture="deepseek2",
        block_count=1,
        attention__head_count=16,
        attention__head_count_kv=1,
        attention__key_length=576,
        attention__value_length=512,
        attention__key_length_mla=192,
        attention__value_length_mla=128,
    )
    assert cache(found, 512) == (512 * 576 * 2 / MIB, 512 * 16 * 320 * 2 / MIB)
    assert "latent" in facts(found)["footprint.architecture"]["doubt"]


def test_a_recurrent_state_does_not_grow_with_the_context() -> None:
    found = of_gguf(
        architecture="mamba",
        block_count=2,
        attention__head_count=0,
        ssm__conv_kernel=4,
        ssm__inner_size=1024,
        ssm__state_size=16,
    )
    state = 2 * 4 * (3 * 1024 + 1024 * 16)
    assert cache(found, 512) == cache(found, 8192) == (state / MIB, 2 * state / MIB)


def test_a_hybrid_keeps_a_state_where_a_layer_has_no_heads() -> None:
    found = of_gguf(
        architecture="lfm2",
        block_count=2,
        attention__head_count_kv=[0, 1],
        shortconv__l_cache=3,
    )
    kv, state = 512 * 128 * 2, 576 * 2 * 4
    assert cache(found, 512) == ((kv + state) / MIB, (kv + 2 * state) / MIB)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"architecture": "nosuch"}, "the architecture 'nosuch' is not known"),
        ({"architecture": "deepseek4"}, "compresses its cache in a way of its own"),
        ({"attention__head_count": None}, "the metadata lack llama.attention.head_count"),
        ({"context_length": None}, "the metadata lack llama.context_length"),
        ({"block_count": 1 << 30}, "1,073,741,824 layers"),
        ({"block_count": 0}, "no layers"),
        ({"attention__head_count_kv": [3, 3]}, "does not have a number for each layer"),
        ({"architecture": "gemma4", "attention__sliding_window": 8}, "sliding_window_pattern"),
    ],
)
def test_what_the_metadata_do_not_say_is_a_gap(settings: dict[str, Any], reason: str) -> None:
    found = of_gguf(**settings)
    assert reason in gaps(found)["footprint.memory"]
    assert "footprint.memory" not in facts(found)


def test_a_part_of_a_model_has_no_memory_of_its_own() -> None:
    writer = llama().key("general.type", STRING, "mmproj").tensor("w", [8], 0, bytes(32))
    found = claims(look, {"m.gguf": writer.finish()})
    assert "of the type 'mmproj'" in gaps(found)["footprint.memory"]


LLAMA = {
    "model_type": "llama",
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "hidden_size": 576,
    "max_position_embeddings": 8192,
    "vocab_size": 49152,
}


def test_a_configuration_gives_the_same_figures_as_the_metadata_of_a_gguf() -> None:
    found = of_config(LLAMA)
    assert cache(found, 2048) == exact(45)
    ours, theirs = facts(found)["footprint.memory"][1], facts(of_gguf())["footprint.memory"][1]
    assert {**ours, "weights": 0, "steady": 0, "worst": 0} == {
        **theirs,
        "weights": 0,
        "steady": 0,
        "worst": 0,
    }


@pytest.mark.parametrize(
    ("more", "low", "high"),
    [
        ({"model_type": "mistral", "sliding_window": 1024}, 33.75, 180),
        ({"model_type": "mistral", "sliding_window": None}, 180, 180),
        ({"model_type": "gemma2", "sliding_window": 512}, 101.25, 101.25),
        (
            {"model_type": "qwen2", "use_sliding_window": False, "sliding_window": 512},
            180,
            180,
        ),
        (
            {
                "model_type": "qwen2",
                "use_sliding_window": True,
                "sliding_window": 512,
                "max_window_layers": 15,
            },
            101.25,
            101.25,
        ),
        (
            {
                "model_type": "gpt_oss",
                "sliding_window": 512,
                "layer_types": ["sliding_attention", "full_attention"] * 15,
            },
            101.25,
            101.25,
        ),
        ({"head_dim": 128}, 360, 360),
        ({"num_key_value_heads": None}, 540, 540),
        ({"model_type": "falcon", "num_key_value_heads": None}, 60, 60),
        (
            {
                "model_type": "deepseek_v3",
                "kv_lora_rank": 512,
                "qk_rope_head_dim": 64,
                "qk_nope_head_dim": 128,
                "v_head_dim": 128,
            },
            270,
            1350,
        ),
        ({"model_type": "bert"}, 0, 0),
    ],
)
def test_a_configuration_tells_heads_and_windows(
    more: dict[str, Any], low: float, high: float
) -> None:
    assert cache(of_config({**LLAMA, **more}), 8192) == (low, high)


def test_of_a_model_of_several_parts_the_language_model_counts() -> None:
    assert cache(of_config({"model_type": "llava", "text_config": LLAMA}), 8192) == exact(180)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({**LLAMA, "model_type": "nosuch"}, "the model type 'nosuch' is not known"),
        ({**LLAMA, "hidden_size": None}, "lacks hidden_size"),
        ({**LLAMA, "vocab_size": "many"}, "lacks vocab_size"),
        ({**LLAMA, "num_attention_heads": -1}, "num_attention_heads is -1"),
        ({**LLAMA, "layer_types": ["linear_attention"] * 30}, "'linear_attention'"),
        ({**LLAMA, "layer_types": ["full_attention"]}, "1 elements for 30 layers"),
        ({"architectures": []}, "names no model type"),
        ([1], "no JSON object"),
    ],
)
def test_what_a_configuration_does_not_say_is_a_gap(config: Any, reason: str) -> None:
    assert reason in gaps(of_config(config))["footprint.memory"]


def test_without_a_configuration_memory_is_a_gap_and_weights_are_exact() -> None:
    found = claims(look, {"sub/model.safetensors": F16, "config.json": b"{}"})
    assert gaps(found) == {"footprint.memory": "there is no config.json beside the weights"}
    assert intervals(found) == {
        "footprint.weights": (24, 24),
        "footprint.tensor-count": (2, 2),
        "footprint.parameters": (10, 10),
        "footprint.bits-per-weight": (19.2, 19.2),
    }
    assert facts(found)["footprint.tensors"] == {
        "f16": {"count": 1, "parameters": 8, "bytes": 16},
        "f32": {"count": 1, "parameters": 2, "bytes": 8},
    }


def test_shards_count_together_and_other_forms_of_the_weights_apart() -> None:
    files = {
        "model-00001-of-00002.safetensors": F16,
        "model-00002-of-00002.safetensors": F16,
        "model.fp16.safetensors": F16,
        "m.Q8_0.gguf": llama().tensor("w", [32, 2], 8, bytes(68)).finish(),
        "m.F32.gguf": llama().tensor("w", [32, 2], 0, bytes(256)).finish(),
    }
    found = claims(look, files)
    weights = {
        claim.where: claim.value
        for claim in found
        if getattr(claim, "metric", "") == "footprint.weights"
    }
    assert weights == {
        "m.F32.gguf": 256,
        "m.Q8_0.gguf": 68,
        "model-*-of-00002.safetensors": 48,
        "model.fp16.safetensors": 24,
    }


def test_a_torch_archive_is_weighed_without_torch(tmp_path: Path) -> None:
    torch_zip(tmp_path / "m.bin", 4 << 20)
    files = {"pytorch_model.bin": (tmp_path / "m.bin").read_bytes()}
    found = claims(look, {**files, "config.json": json.dumps(LLAMA).encode()})
    assert intervals(found)["footprint.weights"] == (4 << 20, 4 << 20)
    assert intervals(found)["footprint.bits-per-weight"] == (16, 16)
    assert cache(found, 2048) == exact(45)
    assert not gaps(found)


def test_optimizer_states_are_not_weights(tmp_path: Path) -> None:
    torch_zip(tmp_path / "m.bin", 2 << 20)
    found = claims(look, {"optimizer.pt": (tmp_path / "m.bin").read_bytes()})
    assert list(gaps(found)) == ["footprint.weights"]


def test_tied_weights_count_once() -> None:
    tied = [TensorInfo("embed", "f16", (4, 2), 16, "0"), TensorInfo("head", "f16", (4, 2), 16, "0")]
    sliced = [TensorInfo("a", "f16", (4,), 8, "1"), TensorInfo("b", "f16", (2,), 4, "1")]
    holding = Holding("m.bin", "torch", (*tied, *sliced))
    assert [nbytes for _, nbytes in holding.weighed()] == [16, 0, 8, 4]


def test_while_shards_are_missing_nothing_is_weighed() -> None:
    found = claims(look, {"model-00002-of-00003.safetensors": F16})
    assert [(claim.name, claim.where, claim.reason) for claim in found] == [
        ("footprint.weights", "model-*-of-00003.safetensors", "2 of 3 shards are missing")
    ]


def test_packed_weights_are_not_counted() -> None:
    packed = safetensors({"a.qweight": entry(0, 16, [4], "I32")}, bytes(16))
    found = claims(look, {"model.safetensors": packed})
    assert "footprint.parameters" in gaps(found)
    assert "footprint.bits-per-weight" not in intervals(found)


def test_a_model_without_weights_is_a_gap() -> None:
    assert list(gaps(claims(look, {"config.json": b"{}"}))) == ["footprint.weights"]
    assert list(gaps(claims(look, {"m.gguf": b"GGUF"}))) == ["footprint.weights"]


def test_an_adapter_takes_memory_on_top_of_its_model() -> None:
    files = {"adapter_model.safetensors": F16, "config.json": json.dumps(LLAMA).encode()}
    assert "an adapter" in gaps(claims(look, files))["footprint.memory"]


@given(st.integers(1, 1 << 40))
def test_contexts_rise_and_end_with_the_models_own(longest: int) -> None:
    found = contexts(longest)
    assert found == sorted(set(found))
    assert found[-1] == longest
    assert len(found) < 20


@given(st.integers(1, 1 << 20), st.integers(0, 4096), st.integers(0, 4096), st.integers(0, 8192))
def test_a_window_never_costs_more_than_none(
    tokens: int, key: int, value: int, window: int
) -> None:
    windowed = kv_bytes((Layer(key=key, value=value, window=window),), tokens)
    assert windowed <= kv_bytes((Layer(key=key, value=value),), tokens)


@pytest.mark.model
def test_the_real_model_weighs_what_its_tensors_weigh(real_model) -> None:
    found = claims(look, {"m.gguf": real_model.read_bytes()})
    assert intervals(found)["footprint.weights"] == (96_576_768, 96_576_768)
    assert intervals(found)["footprint.parameters"] == (134_515_008, 134_515_008)
    assert [cache(found, tokens) for tokens in (512, 2048, 8192)] == [
        exact(11.25),
        exact(45),
        exact(180),
    ]
