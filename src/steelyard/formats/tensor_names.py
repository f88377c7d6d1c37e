# SPDX-License-Identifier: Apache-2.0
"""What a tensor is in its model, whatever the program that named it calls it.

Source:
    The names that transformers 5.24 (src/transformers/models), Meta's llama (llama/model.py) and GGUF
    (gguf 0.19.0, gguf/tensor_mapping.py) give to the same tensors.
"""

from typing import NamedTuple

from steelyard.core.patterns import late

_LAYER = late(
    r"(?:(?P<before>.*?)\.)?(?:layers|layer|h|blocks|block|blk)\.(?P<layer>\d{1,5})\.(?P<rest>.+)"
)
_EXPERT = late(r"(?P<before>.*?)\.?experts\.(?P<expert>\d{1,5})\.(?P<rest>.+)")
_WRAPPERS = late(
    r"(?:(?:base_model|model|module|transformer|language_model|text_model|gpt_neox|backbone|bert|roberta"
    r"|decoder|encoder|_orig_mod)(?:\.|$))*"
)
_ENDINGS = (".weight", ".bias")


class Place(NamedTuple):
    """What a tensor is in its model.

    Attributes:
        layer: Number of the layer it is in; -1 for what stands outside of the layers.
        role: What it does there, such as `attn_q`; where that is not known, what is left of its name.
        expert: Number of the expert it belongs to; -1 where there are none, or it holds all of them.
    """

    layer: int
    role: str
    expert: int = -1


def place_of(name: str) -> Place:
    """Return what a tensor is in its model.

    Args:
        name: As the file has it.

    Example:
        >>> place_of("model.layers.3.self_attn.q_proj.weight")
        Place(layer=3, role='attn_q', expert=-1)
        >>> place_of("blk.3.attn_q.weight") == place_of("layers.3.attention.wq.weight")
        True
    """
    stem, ending = _stem(name)
    match = _LAYER.fullmatch(stem)
    if match is None:
        bare = _WRAPPERS.sub("", stem, count=1) or stem
        return Place(-1, _ALONE.get(bare, bare) + ending)
    before = _WRAPPERS.sub("", match["before"] or "", count=1)
    lead = f"{before}/" if before else ""
    role, expert = _inside(match["rest"])
    return Place(int(match["layer"]), f"{lead}{role}{ending}", expert)


def _stem(name: str) -> tuple[str, str]:
    """Return a name without `.weight`, and what tells biases from weights."""
    for ending in _ENDINGS:
        if name.endswith(ending):
            return name.removesuffix(ending), "" if ending == ".weight" else ending
    return name, ""


def _inside(rest: str) -> tuple[str, int]:
    role = _ROLES.get(rest)
    if role is not None:
        return role, -1
    expert = _EXPERT.fullmatch(rest)
    if expert is not None:
        inner = f"mlp.{expert['rest']}"
        part = _ROLES.get(inner, _ROLES.get(f"feed_forward.{expert['rest']}", inner))
        return f"{part}_exps", int(expert["expert"])
    return rest, -1


def _known(table: str) -> dict[str, str]:
    """Return by each name the role that leads its line."""
    lines = (line.split() for line in table.strip().splitlines())
    return {name: role for role, *names in lines for name in (role, *names)}


_ALONE = _known("""
token_embd embed_tokens wte tok_embeddings word_embeddings embed_in embeddings.word_embeddings
output lm_head embed_out output_layer
output_norm norm ln_f final_layer_norm final_layernorm norm_f
position_embd wpe embed_positions position_embeddings embeddings.position_embeddings
token_types embeddings.token_type_embeddings token_type_embeddings
token_embd_norm embeddings.LayerNorm word_embeddings_layernorm
rope_freqs rotary_emb.inv_freq
""")

_ROLES = _known("""
attn_norm input_layernorm attention_norm ln_1 operator_norm pre_attention_layernorm
attn_q self_attn.q_proj attention.wq attention.self.query attn.q_proj self_attention.q_proj
attn_k self_attn.k_proj attention.wk attention.self.key attn.k_proj self_attention.k_proj
attn_v self_attn.v_proj attention.wv attention.self.value attn.v_proj self_attention.v_proj
attn_qkv self_attn.qkv_proj self_attn.query_key_value self_attention.query_key_value attention.query_key_value attn.c_attn attn.Wqkv self_attn.W_pack attention.wqkv
attn_output self_attn.o_proj self_attn.out_proj attention.wo self_attn.dense self_attention.dense attention.dense attention.output.dense attn.c_proj attn.out_proj self_attn.c_proj
attn_q_norm self_attn.q_norm self_attn.q_layernorm
attn_k_norm self_attn.k_norm self_attn.k_layernorm
ffn_norm post_attention_layernorm ln_2 pre_ff_layernorm
ffn_gate mlp.gate_proj feed_forward.w1
ffn_down mlp.down_proj feed_forward.w2 mlp.c_proj mlp.fc2 mlp.dense_4h_to_h fc2 output.dense
ffn_up mlp.up_proj feed_forward.w3 mlp.c_fc mlp.fc1 mlp.dense_h_to_4h fc1 intermediate.dense mlp.gate_up_proj
ffn_gate_inp mlp.gate block_sparse_moe.gate mlp.router
attn_output_norm attention.output.LayerNorm
layer_output_norm output.LayerNorm
self_attn_norm self_attn_layer_norm
""")
