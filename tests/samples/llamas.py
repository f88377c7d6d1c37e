# SPDX-License-Identifier: Apache-2.0
"""Small llamas of random numbers, in the forms that weights come in, and what is derived from them."""

import random
import struct
from collections.abc import Callable, Mapping

from tests.samples.weights import U32, llama, safetensors

WIDTH, INNER, HEADS, KEYS, TOKENS = 64, 96, 4, 2, 300
HEAD = WIDTH // HEADS
NORMS = ("input_layernorm", "post_attention_layernorm")
SHAPES = {
    "self_attn.q_proj": (WIDTH, WIDTH),
    "self_attn.k_proj": (KEYS * HEAD, WIDTH),
    "self_attn.v_proj": (KEYS * HEAD, WIDTH),
    "self_attn.o_proj": (WIDTH, WIDTH),
    "mlp.gate_proj": (INNER, WIDTH),
    "mlp.up_proj": (INNER, WIDTH),
    "mlp.down_proj": (WIDTH, INNER),
}
GGUF_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}

Matrix = list[list[float]]
State = dict[str, Matrix]


def state(seed: int, layers: int = 8) -> State:
    """Return random weights under transformers' names; vectors are matrices of one row."""
    chance = random.Random(seed)

    def matrix(rows: int, columns: int) -> Matrix:
        return [[_single(chance.gauss(0, 0.05)) for _ in range(columns)] for _ in range(rows)]

    def norm() -> Matrix:
        return [[_single(abs(chance.gauss(1, 0.3))) for _ in range(WIDTH)]]

    made = {"model.embed_tokens.weight": matrix(TOKENS, WIDTH), "model.norm.weight": norm()}
    for layer in range(layers):
        for name in NORMS:
            made[f"model.layers.{layer}.{name}.weight"] = norm()
        for name, (rows, columns) in SHAPES.items():
            made[f"model.layers.{layer}.{name}.weight"] = matrix(rows, columns)
    return made


def _single(value: float) -> float:
    return struct.unpack("<f", struct.pack("<f", value))[0]


def changed(one: State, change: Callable[[str, float], float]) -> State:
    """Return weights each of which was changed by a function of its tensor's name and itself."""
    return {
        name: [[change(name, value) for value in row] for row in matrix]
        for name, matrix in one.items()
    }


def noisy(one: State, size: float, seed: int = 99) -> State:
    """Return weights with noise of a size that is relative to 0.05, as training leaves it."""
    chance = random.Random(seed)
    return changed(one, lambda _, value: value + chance.gauss(0, 0.05 * size))


def encode(values: list[float], dtype: str) -> bytes:
    """Return numbers as they lie in a file."""
    if dtype == "F32":
        return struct.pack(f"<{len(values)}f", *values)
    if dtype == "F16":
        return struct.pack(f"<{len(values)}e", *values)
    words = struct.unpack(f"<{len(values)}I", struct.pack(f"<{len(values)}f", *values))
    rounded = [(word + 0x7FFF + (word >> 16 & 1)) >> 16 for word in words]
    return struct.pack(f"<{len(values)}H", *rounded)


def q8_0(values: list[float]) -> bytes:
    """Return numbers in blocks of 32, as llama.cpp quantises them."""
    out = b""
    for at in range(0, len(values), 32):
        block = values[at : at + 32]
        scale = max(map(abs, block)) / 127
        levels = [round(value / scale) if scale else 0 for value in block]
        out += struct.pack("<e32b", scale, *levels)
    return out


def as_safetensors(one: State, dtype: str = "F32") -> bytes:
    """Return a safetensors file."""
    header, data = {}, b""
    for name, matrix in one.items():
        raw = encode([value for row in matrix for value in row], dtype)
        shape = [len(matrix), len(matrix[0])] if len(matrix) > 1 else [len(matrix[0])]
        offsets = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": offsets}
        data += raw
    return safetensors(header, data)


def as_gguf(one: State, kind: str = "f32") -> bytes:
    """Return a GGUF file with the rows of queries and keys in ggml's order, as the converter does."""
    writer = llama(
        block_count=8,
        embedding_length=WIDTH,
        attention__head_count=HEADS,
        attention__head_count_kv=KEYS,
    ).key("general.file_type", U32, 0)
    for name, matrix in one.items():
        rows = _reordered(name, matrix)
        values = [value for row in rows for value in row]
        extents = [len(rows[0]), len(rows)] if len(rows) > 1 else [len(rows[0])]
        if kind == "q8_0" and len(rows) > 1:
            writer.tensor(_gguf_name(name), extents, 8, q8_0(values))
        else:
            writer.tensor(_gguf_name(name), extents, 0, encode(values, "F32"))
    return writer.finish()


def _gguf_name(name: str) -> str:
    if ".layers." not in name:
        return {"model.embed_tokens.weight": "token_embd.weight"}.get(name, "output_norm.weight")
    _, _, layer, rest = name.split(".", 3)
    return f"blk.{layer}.{GGUF_NAMES[rest.removesuffix('.weight')]}.weight"


def _reordered(name: str, matrix: Matrix) -> Matrix:
    heads = HEADS if ".q_proj." in name else KEYS if ".k_proj." in name else 0
    if not heads:
        return matrix
    size = len(matrix) // heads
    order = [
        head * size + half * (size // 2) + place
        for head in range(heads)
        for place in range(size // 2)
        for half in (0, 1)
    ]
    return [matrix[row] for row in order]


def renamed(one: State, names: Mapping[str, str]) -> State:
    """Return weights with parts of their names replaced."""
    out = {}
    for name, matrix in one.items():
        for old, new in names.items():
            name = name.replace(old, new)
        out[name] = matrix
    return out
