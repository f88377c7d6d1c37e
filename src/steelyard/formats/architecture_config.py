# SPDX-License-Identifier: Apache-2.0
"""A model's architecture as the `config.json` of transformers describes it."""

from collections.abc import Mapping
from typing import Any

from steelyard.formats.architecture_table import ConfigTable
from steelyard.formats.memory import Architecture, Layer

_MAX_LAYERS = 4096
_MAX_NUMBER = 1 << 40

_LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
_HEADS = ("num_attention_heads", "n_head", "n_heads")
_KV_HEADS = ("num_key_value_heads", "num_kv_heads", "n_head_kv")
_WIDTH = ("hidden_size", "n_embd", "d_model")
_CONTEXT = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "seq_length")
_FULL, _SLIDING, _CHUNKED = "full_attention", "sliding_attention", "chunked_attention"


def config_architecture(config: Mapping[str, Any], table: ConfigTable) -> Architecture | str:
    """Return the architecture, or why it cannot be told.

    Args:
        config: What the document says; of a model of several parts the language model's is taken.
        table: What is known of model types.

    Source:
        transformers 5.23, models/*/configuration_*.py.
    """
    text = config.get("text_config")
    if isinstance(text, Mapping):
        config = text
    kind = config.get("model_type")
    if not isinstance(kind, str):
        return "the configuration names no model type"
    try:
        return _Reader(kind, config, table).architecture()
    except LookupError as missing:
        return str(missing.args[0])


class _Reader:
    def __init__(self, kind: str, config: Mapping[str, Any], table: ConfigTable) -> None:
        self._kind = kind
        self._config = config
        self._table = table

    def architecture(self) -> Architecture:
        layers, most, doubt = self._layers()
        return Architecture(
            name=self._kind,
            context=self._need(*_CONTEXT),
            vocabulary=self._need("vocab_size"),
            embedding=self._need(*_WIDTH),
            layers=layers,
            most=most,
            doubt=doubt,
        )

    def _layers(self) -> tuple[tuple[Layer, ...], tuple[Layer, ...], str]:
        """Return what each layer keeps, what it keeps at most, and why they differ."""
        kind, table = self._kind, self._table
        count = self._need(*_LAYERS)
        if not 0 < count <= _MAX_LAYERS:
            raise LookupError(f"the configuration gives it {count:,} layers")
        if kind in table.no_cache:
            return (), (), ""
        if kind in table.latent_attention:
            layers, most = self._latent(count)
            return layers, most, "loaders differ in how they cache latent attention"
        if kind in table.recurrent:
            state = self._state()
            layers, most = (Layer(state=state),) * count, (Layer(state=2 * state),) * count
            return (
                layers,
                most,
                "recurrent states were not measured; loaders may keep a second copy",
            )
        if kind in table.attention:
            return self._attention(count)
        raise LookupError(f"the model type {kind!r} is not known")

    def _attention(self, count: int) -> tuple[tuple[Layer, ...], tuple[Layer, ...], str]:
        heads = self._need(*_HEADS)
        size = self._number("head_dim", "kv_channels") or self._need(*_WIDTH) // max(1, heads)
        row = self._kv_heads(heads) * size
        windows = self._windows(count)
        layers = tuple(Layer(key=row, value=row, window=window) for window in windows)
        rule = self._table.windows.get(self._kind)
        if rule is not None and not rule.period and any(windows):
            most = (Layer(key=row, value=row),) * count
            return layers, most, "some loaders ignore the window and keep every token"
        return layers, layers, ""

    def _kv_heads(self, heads: int) -> int:
        if self._kind == "gpt_bigcode":
            return 1 if self._config.get("multi_query", True) else heads
        if self._kind == "falcon" and not self._config.get("new_decoder_architecture", False):
            return 1 if self._config.get("multi_query", True) else heads
        nested = self._config.get("attn_config")
        if isinstance(nested, Mapping) and isinstance(nested.get("kv_n_heads"), int):
            return int(nested["kv_n_heads"])
        return self._number(*_KV_HEADS) or heads

    def _windows(self, count: int) -> list[int]:
        """Return for each layer how many tokens it attends to; 0 for all."""
        listed = self._config.get("layer_types")
        if isinstance(listed, list):
            return self._listed_windows(listed, count)
        size = self._number("sliding_window") or 0
        if "use_sliding_window" in self._config:
            used = size if self._config["use_sliding_window"] is True else 0
            first = self._need("max_window_layers") if used else count
            return [0] * min(first, count) + [used] * max(0, count - first)
        rule = self._table.windows.get(self._kind)
        if rule is None or not size:
            return [0] * count
        if not rule.period:
            return [size] * count
        period = self._number("sliding_window_pattern") or rule.period
        return [size if (index + 1) % period else 0 for index in range(count)]

    def _listed_windows(self, listed: list[Any], count: int) -> list[int]:
        if len(listed) != count:
            raise LookupError(f"layer_types has {len(listed):,} elements for {count:,} layers")
        sizes = {_FULL: 0}
        if _SLIDING in listed:
            sizes[_SLIDING] = self._need("sliding_window")
        if _CHUNKED in listed:
            sizes[_CHUNKED] = self._need("attention_chunk_size")
        for kind in listed:
            if not isinstance(kind, str) or kind not in sizes:
                raise LookupError(f"how layers of the type {str(kind)[:40]!r} cache is not known")
        return [sizes[kind] for kind in listed]

    def _latent(self, count: int) -> tuple[tuple[Layer, ...], tuple[Layer, ...]]:
        rope = self._need("qk_rope_head_dim")
        compressed = Layer(key=self._need("kv_lora_rank") + rope)
        heads = self._need(*_HEADS)
        expanded = Layer(
            key=heads * (self._need("qk_nope_head_dim") + rope),
            value=heads * self._need("v_head_dim"),
        )
        return (compressed,) * count, (expanded,) * count

    def _state(self) -> int:
        """Return the elements of a layer's recurrent state, see Mamba's configuration."""
        inner = self._number("intermediate_size") or self._need("expand") * self._need(*_WIDTH)
        state = self._need("state_size")
        groups = self._need("n_groups") if self._kind == "mamba2" else 0
        return (self._need("conv_kernel") - 1) * (inner + 2 * groups * state) + inner * state

    def _need(self, *keys: str) -> int:
        number = self._number(*keys)
        if number is None:
            raise LookupError(f"the configuration lacks {keys[0]}")
        return number

    def _number(self, *keys: str) -> int | None:
        """Return the first of some settings that is a number."""
        for key in keys:
            value = self._config.get(key)
            if isinstance(value, int) and not isinstance(value, bool):
                if not 0 <= value <= _MAX_NUMBER:
                    raise LookupError(f"{key} is {str(value)[:40]}")
                return value
        return None
