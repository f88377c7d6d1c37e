# SPDX-License-Identifier: Apache-2.0
"""A model's architecture as the metadata of a GGUF file describe it."""

from collections.abc import Mapping

import msgspec

from steelyard.formats.architecture_table import GgufTable
from steelyard.formats.gguf_metadata import ArrayInfo, Value
from steelyard.formats.memory import Architecture, Layer

_MAX_LAYERS = 512  # LLAMA_MAX_LAYERS
_MAX_NUMBER = 1 << 31  # loaders keep these settings in 32-bit numbers


def gguf_architecture(metadata: Mapping[str, Value], table: GgufTable) -> Architecture | str:
    """Return the architecture, or why it cannot be told.

    Args:
        metadata: Of the GGUF file.
        table: What is known of architectures.

    Source:
        llama.cpp b10605, src/llama-model.cpp (load_hparams), src/llama-hparams.cpp.
    """
    name = metadata.get("general.architecture")
    if not isinstance(name, str):
        return "the metadata name no architecture"
    if name in table.not_described:
        return f"the architecture {name!r} is not described: {table.not_described[name]}"
    try:
        return _Reader(name, metadata, table).architecture()
    except LookupError as missing:
        return str(missing.args[0])


class _Reader:
    def __init__(self, name: str, metadata: Mapping[str, Value], table: GgufTable) -> None:
        self._name = name
        self._metadata = metadata
        self._table = table
        self._count = self._need("block_count")
        if not 0 < self._count <= _MAX_LAYERS:
            count = f"{self._count:,}" if self._count else "no"
            raise LookupError(f"the metadata give it {count} layers, at most {_MAX_LAYERS} work")

    def architecture(self) -> Architecture:
        layers = self._layers()
        most, doubt = layers, ""
        if self._is_latent():
            most, doubt = (
                self._expanded(layers),
                "loaders differ in how they cache latent attention",
            )
        elif any(layer.state for layer in layers):
            most = tuple(msgspec.structs.replace(layer, state=2 * layer.state) for layer in layers)
            doubt = "recurrent states were not measured; loaders may keep a second copy"
        return Architecture(
            name=self._name,
            context=self._need("context_length"),
            vocabulary=self._vocabulary(),
            embedding=self._need("embedding_length"),
            layers=layers,
            most=most,
            doubt=doubt,
        )

    def _layers(self) -> tuple[Layer, ...]:
        name, table = self._name, self._table
        indexes = range(self._count)
        if name in table.no_cache:
            return ()
        if name in table.recurrent:
            return (Layer(state=self._state()),) * self._count
        if name in table.recurrent_beside_attention:
            state = self._state()
            return tuple(msgspec.structs.replace(layer, state=state) for layer in self._attention())
        if name in table.recurrent_without_heads:
            heads = self._per_layer("attention.head_count_kv")
            return self._mixed([heads[index] == 0 for index in indexes])
        if name in table.recurrent_interval:
            every = self._number("full_attention_interval", table.recurrent_interval[name]) or 1
            return self._mixed([(index + 1) % every != 0 for index in indexes])
        if name in table.attention:
            return self._attention()
        raise LookupError(f"the architecture {name!r} is not known")

    def _mixed(self, recurrent: list[bool]) -> tuple[Layer, ...]:
        state = self._state()
        pairs = zip(recurrent, self._attention(), strict=False)
        return tuple(Layer(state=state) if is_state else layer for is_state, layer in pairs)

    def _attention(self) -> tuple[Layer, ...]:
        heads = self._per_layer("attention.head_count")
        kv_heads = self._per_layer("attention.head_count_kv", heads)
        size = self._need("embedding_length") // heads[0] if heads[0] else 0
        windows = self._windows()
        sizes = [self._head_sizes(size, windowed=bool(window)) for window in windows]
        latent = self._is_latent()
        count = self._cached()
        return tuple(
            Layer(key=kv * key, value=0 if latent else kv * value, window=window)
            for kv, (key, value), window in zip(kv_heads, sizes, windows, strict=True)
        )[:count]

    def _cached(self) -> int:
        """Return how many of the first layers keep keys and values."""
        first = self._table.first_layers_cached.get(self._name)
        if first is not None:
            return min(first, self._count)
        count = self._count - self._number("attention.shared_kv_layers", 0)
        if self._name in self._table.trunk_only:
            count -= self._number("nextn_predict_layers", 0)
        return max(0, count)

    def _head_sizes(self, size: int, *, windowed: bool) -> tuple[int, int]:
        key = self._number("attention.key_length", size)
        value = self._number("attention.value_length", size)
        if windowed:
            key = self._number("attention.key_length_swa", key)
            value = self._number("attention.value_length_swa", value)
        return key, value

    def _windows(self) -> list[int]:
        """Return for each layer how many tokens it attends to; 0 for all."""
        rule = self._table.windows.get(self._name)
        none = [0] * self._count
        if rule is None or (rule.layers and rule.layers != self._count):
            return none
        said = self._number("attention.sliding_window", rule.size)
        size = rule.size if rule.fixed and said else said
        key = f"{self._name}.attention.sliding_window_pattern"
        pattern = self._metadata.get(key)
        if isinstance(pattern, ArrayInfo) and rule.array:
            if not pattern.whole or pattern.count != self._count:
                raise LookupError(
                    f"{key} has {pattern.count:,} elements for {self._count:,} layers"
                )
            return [size if windowed else 0 for windowed in pattern.head]
        period = pattern if isinstance(pattern, int) else rule.period
        if size and not period:
            raise LookupError(f"the metadata lack {key}")
        dense = 0 if rule.dense_first else period - 1
        return [size if index % period != dense else 0 for index in range(self._count)]

    def _is_latent(self) -> bool:
        keys = ("attention.key_length_mla", "attention.value_length_mla")
        return all(self._number(key, 0) for key in keys)

    def _expanded(self, layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
        """Return the layers with latent attention's keys and values written out for each head."""
        heads = self._per_layer("attention.head_count")
        key, value = (
            self._need("attention.key_length_mla"),
            self._need("attention.value_length_mla"),
        )
        return tuple(
            Layer(key=count * key, value=count * value) if layer.key else layer
            for count, layer in zip(heads, layers, strict=False)
        )

    def _state(self) -> int:
        """Return the elements of a layer's recurrent state.

        Source:
            llama.cpp b10605, src/llama-hparams.cpp, n_embd_r and n_embd_s.
        """
        width = self._need("embedding_length")
        if wkv := self._number("wkv.head_size", 0):
            return width * (self._number("token_shift_count", 2) + wkv)
        if taps := self._number("shortconv.l_cache", 0):
            return width * (taps - 1)
        convolution = max(0, self._need("ssm.conv_kernel") - 1)
        if kda := self._number("kda.head_dim", 0):
            heads = self._per_layer("attention.head_count")[0]
            return heads * kda * (3 * convolution + kda)
        inner, state = self._need("ssm.inner_size"), self._need("ssm.state_size")
        groups = self._number("ssm.group_count", 0)
        return convolution * (inner + 2 * groups * state) + inner * state

    def _vocabulary(self) -> int:
        tokens = self._metadata.get("tokenizer.ggml.tokens")
        if isinstance(tokens, ArrayInfo):
            return tokens.count
        return self._need("vocab_size")

    def _per_layer(self, key: str, default: list[int] | None = None) -> list[int]:
        value = self._metadata.get(f"{self._name}.{key}")
        if isinstance(value, ArrayInfo):
            numbers = [number for number in value.head if isinstance(number, int)]
            if len(numbers) != self._count or min(numbers) < 0 or max(numbers) > _MAX_NUMBER:
                raise LookupError(f"{self._name}.{key} does not have a number for each layer")
            return numbers
        if value is None and default is not None:
            return default
        return [self._need(key)] * self._count

    def _need(self, key: str) -> int:
        number = self._number(key, -1)
        if number < 0:
            raise LookupError(f"the metadata lack {self._name}.{key}")
        return number

    def _number(self, key: str, default: int) -> int:
        value = self._metadata.get(f"{self._name}.{key}")
        if not isinstance(value, int) or isinstance(value, bool):
            return default
        if not 0 <= value <= _MAX_NUMBER:
            raise LookupError(f"{self._name}.{key} is {value:,}")
        return value
