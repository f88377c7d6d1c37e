# SPDX-License-Identifier: Apache-2.0
"""What is known of architectures; the data lie in `knowledge/architectures`."""

import msgspec


class Window(msgspec.Struct, frozen=True):
    """Which layers of an architecture attend to a window only.

    Attributes:
        size: Tokens, where the metadata do not say; 0 for none.
        period: Every so many layers one attends to everything; 0 where an array must say.
        dense_first: It is the first of them, not the last.
        array: An array of the metadata may say it layer by layer.
        fixed: The size is always `size`.
        layers: Only models with this many layers have windows; 0 for all.
    """

    size: int = 0
    period: int = 0
    dense_first: bool = False
    array: bool = False
    fixed: bool = False
    layers: int = 0


class GgufTable(msgspec.Struct, frozen=True):
    """What llama.cpp makes of each architecture; `knowledge/architectures/llama-cpp.json`.

    Attributes:
        attention: Keep keys and values in every layer.
        no_cache: Keep nothing: encoders, diffusion.
        recurrent: Keep a state in every layer.
        recurrent_without_heads: Keep a state in the layers without key and value heads.
        recurrent_interval: Keep a state in all layers but every n-th.
        recurrent_beside_attention: Keep both in every layer.
        not_described: Keep something else, with the reason.
        trunk_only: Keep nothing for the layers that predict further tokens.
        first_layers_cached: Keep keys and values in so many first layers only.
        windows: Sliding windows.
    """

    attention: frozenset[str]
    no_cache: frozenset[str]
    recurrent: frozenset[str]
    recurrent_without_heads: frozenset[str]
    recurrent_interval: dict[str, int]
    recurrent_beside_attention: frozenset[str]
    not_described: dict[str, str]
    trunk_only: frozenset[str]
    first_layers_cached: dict[str, int]
    windows: dict[str, Window]


class ConfigTable(msgspec.Struct, frozen=True):
    """What transformers makes of each model type; `knowledge/architectures/transformers.json`.

    Attributes:
        attention: Keep keys and values in every layer.
        latent_attention: Keep a compressed form of them, which some loaders write out.
        no_cache: Keep nothing: encoders.
        recurrent: Keep a state in every layer.
        windows: Sliding windows, where the configuration does not list the layers; without a
            period every layer has one, which some loaders ignore.
    """

    attention: frozenset[str]
    latent_attention: frozenset[str]
    no_cache: frozenset[str]
    recurrent: frozenset[str]
    windows: dict[str, Window]
