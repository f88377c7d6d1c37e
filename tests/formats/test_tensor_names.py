# SPDX-License-Identifier: Apache-2.0
"""The same tensor is known under every name that programs give it."""

import pytest

from steelyard.formats.gguf_rotation import heads_of, row_in_file
from steelyard.formats.tensor_names import Place, place_of


@pytest.mark.parametrize(
    ("place", "names"),
    [
        (
            Place(3, "attn_q"),
            [
                "model.layers.3.self_attn.q_proj.weight",
                "blk.3.attn_q.weight",
                "layers.3.attention.wq.weight",
                "model.language_model.layers.3.self_attn.q_proj.weight",
                "base_model.model.model.layers.3.self_attn.q_proj.weight",
                "bert.encoder.layer.3.attention.self.query.weight",
            ],
        ),
        (Place(0, "ffn_down"), ["transformer.h.0.mlp.c_proj.weight", "blk.0.ffn_down.weight"]),
        (Place(-1, "token_embd"), ["model.embed_tokens.weight", "token_embd.weight", "wte.weight"]),
        (Place(-1, "output"), ["lm_head.weight", "output.weight"]),
        (Place(12, "attn_q.bias"), ["model.layers.12.self_attn.q_proj.bias", "blk.12.attn_q.bias"]),
        (
            Place(2, "ffn_gate_exps", 7),
            [
                "model.layers.2.mlp.experts.7.gate_proj.weight",
                "model.layers.2.block_sparse_moe.experts.7.w1.weight",
            ],
        ),
        (Place(2, "ffn_gate_exps"), ["blk.2.ffn_gate_exps.weight"]),
    ],
)
def test_names_of_one_tensor_lead_to_one_place(place: Place, names: list[str]) -> None:
    assert {place_of(name) for name in names} == {place}


def test_layers_of_another_part_of_a_model_keep_apart() -> None:
    vision = place_of("vision_tower.vision_model.encoder.layers.3.self_attn.q_proj.weight")
    assert vision.layer == 3
    assert vision.role.endswith("/attn_q")
    assert vision != place_of("model.layers.3.self_attn.q_proj.weight")


@pytest.mark.parametrize("name", ["", ".", "weight", ".weight", "layers..x", "layers.1", "é.b"])
def test_odd_names_are_places_of_their_own(name: str) -> None:
    assert place_of(name).layer == -1


def test_rows_of_queries_are_found_where_the_converter_put_them() -> None:
    rows = list(range(12))
    size, half = 6, 3
    put = [
        head * size + which * half + place
        for head in range(2)
        for place in range(half)
        for which in (0, 1)
    ]
    assert [put[row_in_file(row, 12, 2)] for row in rows] == rows


def test_rows_are_reordered_for_some_architectures_only() -> None:
    llama = {"general.architecture": "llama", "llama.attention.head_count": 9}
    assert heads_of(llama, "attn_k") == heads_of(llama, "attn_q") == 9
    assert heads_of(llama, "attn_v") == 0
    assert (
        heads_of({"general.architecture": "qwen2", "qwen2.attention.head_count": 9}, "attn_q") == 0
    )
