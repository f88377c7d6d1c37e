# SPDX-License-Identifier: Apache-2.0
"""Attention of a pack, block by block: what other questions of the pack say is never looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

NAME = "steelyard-blocks"
_ROWS = 96  # of a block at least: smaller ones cost more in calls than they spare
_OTHER_RULES = (
    "softcap",
    "s_aux",
    "sliding_window",
)  # of models whose attention is not the plain one

Blocks = tuple[tuple[int, int], ...]


def blocks(parents: Sequence[int]) -> Blocks:
    """Return ranges of nodes that see nothing of each other.

    Args:
        parents: As in a pack, nodes depth first.

    Returns:
        Pairs (start, end) that cover all nodes, in order.
    """
    roots = [node for node, parent in enumerate(parents) if parent < 0]
    starts = [0]
    for root in roots:
        if root - starts[-1] >= _ROWS:
            starts.append(root)
    return tuple(zip(starts, [*starts[1:], len(parents)], strict=True))


def register() -> None:
    """Make the attention known to transformers under its name."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, sdpa_mask)


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    blocks: Blocks | None = None,
    scaling: float | None = None,
    **rest: Any,  # noqa: ANN401 - what transformers hands on
) -> tuple[torch.Tensor, None]:
    """Return what the nodes of a pack attend to, as transformers' own `sdpa` would.

    Args:
        module: The layer.
        query: 1 x heads x nodes x width.
        key: 1 x key heads x (prefix + nodes) x width.
        value: As `key`.
        attention_mask: 1 x 1 x nodes x (prefix + nodes), added to the scores.
        blocks: Ranges of nodes that see nothing of each other; None where all is one.
        scaling: Of the scores.
        rest: Rules that some models add; with any of them, the plain way is taken.

    Returns:
        1 x nodes x heads x width.
    """
    import torch
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    if blocks is None or attention_mask is None or any(rest.get(name) for name in _OTHER_RULES):
        plain: tuple[torch.Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, **rest
        )
        return plain
    _, heads, nodes, width = query.shape
    shared = key.shape[1]
    group = heads // shared  # queries that share their keys: rows of one, not copies of the other
    prefix = key.shape[2] - nodes
    rows = query.reshape(shared, group, nodes, width)
    found = query.new_empty((1, nodes, heads, value.shape[3]))
    for start, end in blocks:
        many = group * (end - start)
        seen = torch.nn.functional.scaled_dot_product_attention(
            rows[:, :, start:end].reshape(1, shared, many, width),
            _visible(key, prefix, start, end),
            _visible(value, prefix, start, end),
            attn_mask=_visible(attention_mask[:, :, start:end].transpose(2, 3), prefix, start, end)
            .transpose(2, 3)
            .repeat(1, 1, group, 1),
            scale=scaling,
        )
        found[0, start:end] = seen.reshape(heads, end - start, -1).transpose(0, 1)
    return found, None


def _visible(whole: torch.Tensor, prefix: int, start: int, end: int) -> torch.Tensor:
    """Return the prefix and one block of keys, values or columns, along the third dimension."""
    import torch

    if start == 0 and prefix + end == whole.shape[2]:
        return whole
    return torch.cat((whole[:, :, :prefix], whole[:, :, prefix + start : prefix + end]), dim=2)
