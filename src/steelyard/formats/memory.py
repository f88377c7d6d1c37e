# SPDX-License-Identifier: Apache-2.0
"""How much memory a model takes to run: pure arithmetic on its architecture.

The formulae are those of llama.cpp with its defaults: one sequence, physical batches of 512 tokens, flash
attention on, sliding-window layers that keep their window only. Weights are mapped from the file.
"""

import msgspec

from steelyard.formats.ggml import GGML_TYPES

BATCH_TOKENS = 512  # llama.cpp's n_ubatch
_PAD_TOKENS = 256  # llama.cpp rounds every cache up to this many tokens
_STATE_BYTES = 4  # recurrent states are kept as f32
_TYPES = {kind.name: kind for kind in GGML_TYPES.values()}

_VOCABULARY_LOW = 512  # bytes per token: 24 MiB for 49,152 tokens, tables and graph, measured
_VOCABULARY_HIGH = 576  # bytes per token: 27 MiB for 49,152 tokens, measured
_STREAMS = 8  # activations of the width of an embedding that are alive at once, at most


class Layer(msgspec.Struct, frozen=True):
    """What one layer keeps of the past.

    Attributes:
        key: Elements of the key cache per token.
        value: Elements of the value cache per token.
        window: Tokens that attention looks back; 0 for all.
        state: Elements of the recurrent state, however many tokens there were.
    """

    key: int = 0
    value: int = 0
    window: int = 0
    state: int = 0


class Architecture(msgspec.Struct, frozen=True, kw_only=True):
    """What of a model's architecture its memory depends on.

    Attributes:
        name: As the file has it, such as `llama`.
        context: Tokens it was made for.
        vocabulary: Tokens of its vocabulary.
        embedding: Width of its embeddings.
        layers: What each layer keeps.
        most: What each layer keeps in the loader that keeps most; `layers` where all keep the same.
        doubt: Why `most` differs from `layers`; empty when it does not.
    """

    name: str
    context: int
    vocabulary: int
    embedding: int
    layers: tuple[Layer, ...]
    most: tuple[Layer, ...]
    doubt: str = ""


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that a model takes at one context length.

    Attributes:
        context: Tokens.
        weights: The tensors, as they lie in the file.
        kv: Cache of keys and values as f16, and recurrent states.
        kv_q8_0: The same with keys and values as q8_0; None where rows do not divide into blocks.
        kv_q4_0: The same with keys and values as q4_0; None where rows do not divide into blocks.
        compute: Buffer for activations, at most.
        logits: Of a whole batch, for a caller that asks for all of them.
        steady: What is resident while text is generated.
        worst: What is resident at most, with the logits of a whole batch.
    """

    context: int
    weights: int
    kv: int
    kv_q8_0: int | None
    kv_q4_0: int | None
    compute: int
    logits: int
    steady: int
    worst: int


def kv_bytes(layers: tuple[Layer, ...], context: int, kind: str = "f16") -> int | None:
    """Return the bytes of the cache of one sequence.

    Args:
        layers: What each layer keeps.
        context: Tokens, at least 1.
        kind: ggml type of keys and values; recurrent states are always f32.

    Returns:
        Bytes, or None where the rows of a layer do not divide into blocks of the type.

    Source:
        llama.cpp b10605, src/llama-kv-cache.cpp, llama-kv-cache-iswa.cpp, llama-memory-recurrent.cpp.

    Example:
        >>> kv_bytes((Layer(key=192, value=192),) * 30, 2048)
        47185920
    """
    block, size = _TYPES[kind].block, _TYPES[kind].size
    total = 0
    for layer in layers:
        if layer.key % block or layer.value % block:
            return None
        row = (layer.key + layer.value) // block * size
        total += _cells(context, layer.window) * row + layer.state * _STATE_BYTES
    return total


def _cells(context: int, window: int) -> int:
    """Return for how many tokens a layer keeps keys and values."""
    padded = _padded(context)
    return _padded(min(padded, window + BATCH_TOKENS)) if window else padded


def _padded(tokens: int) -> int:
    return -(-tokens // _PAD_TOKENS) * _PAD_TOKENS


def compute_bytes(architecture: Architecture, context: int) -> int:
    """Return an upper bound of the buffer for activations.

    The logits of a batch, a few activations of the width of an embedding, and the attention mask as
    f16 with its copy. It is 3 to 7 % above what was measured for 49,152 tokens at 512 to 8,192.

    Args:
        architecture: The model's.
        context: Tokens, at least 1.
    """
    width = 4 * architecture.vocabulary + 4 * _STREAMS * architecture.embedding
    return BATCH_TOKENS * (width + 3 * _padded(context))


def memory(architecture: Architecture, weights: int, context: int) -> Memory:
    """Return what a model takes at one context length.

    Args:
        architecture: The model's.
        weights: Bytes of its tensors.
        context: Tokens, at least 1.
    """
    kv = kv_bytes(architecture.layers, context) or 0
    most = kv_bytes(architecture.most, context) or 0
    compute = compute_bytes(architecture, context)
    logits = BATCH_TOKENS * architecture.vocabulary * 4
    overhead = architecture.vocabulary
    return Memory(
        context=context,
        weights=weights,
        kv=kv,
        kv_q8_0=kv_bytes(architecture.layers, context, "q8_0"),
        kv_q4_0=kv_bytes(architecture.layers, context, "q4_0"),
        compute=compute,
        logits=logits,
        steady=weights + kv + overhead * _VOCABULARY_LOW,
        worst=weights + most + compute + logits + overhead * _VOCABULARY_HIGH,
    )


def contexts(longest: int) -> list[int]:
    """Return the context lengths to report: 512 and its quadruples, and the model's own.

    Example:
        >>> contexts(8192)
        [512, 2048, 8192]
    """
    found = []
    tokens = BATCH_TOKENS
    while tokens < longest:
        found.append(tokens)
        tokens *= 4
    return [*found, longest]
