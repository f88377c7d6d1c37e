# SPDX-License-Identifier: Apache-2.0
"""Attention of a pack, block by block: what other questions of the pack say is never looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.engines.groups import depths

if TYPE_CHECKING:
    import torch

NAME = "steelyard-blocks"
_ROWS = 64  # of a block at least: smaller ones cost more in calls than they spare
_OTHER_RULES = (
    "softcap",
    "s_aux",
    "sliding_window",
)  # of models whose attention is not the plain one


class Block(msgspec.Struct, frozen=True):
    """Some nodes of a pack, and what any of them sees.

    Attributes:
        start: The first node.
        end: One past the last.
        columns: The nodes that are seen beside the prefix: ancestors before the block, then it;
            None where these are all nodes up to its end.
        mask: 1 x 1 x (end - start) x (prefix + columns), added to the scores.
    """

    start: int
    end: int
    columns: torch.Tensor | None
    mask: torch.Tensor


def blocks(parents: Sequence[int], mask: torch.Tensor) -> tuple[Block, ...]:
    """Return a pack in blocks, cut where the nodes have the fewest ancestors.

    Args:
        parents: As in a pack.
        mask: 1 x 1 x nodes x (prefix + nodes), added to the scores.
    """
    import torch

    prefix = mask.shape[3] - len(parents)
    beside = torch.arange(prefix, device=mask.device)
    found = []
    for start, end in _ranges(parents):
        above = _ancestors(parents, start, end)
        if len(above) == start:
            found.append(Block(start, end, None, mask[:, :, start:end, : prefix + end]))
            continue
        seen = [*sorted(above), *range(start, end)]
        columns = torch.tensor(seen, device=mask.device)
        part = mask[:, :, start:end].index_select(3, torch.cat((beside, columns + prefix)))
        found.append(Block(start, end, columns, part))
    return tuple(found)


def _ranges(parents: Sequence[int]) -> Iterator[tuple[int, int]]:
    depth = depths(parents)
    start = 0
    while len(parents) - start > 2 * _ROWS:
        end = min(range(start + _ROWS, start + 2 * _ROWS), key=depth.__getitem__)
        yield start, end
        start = end
    yield start, len(parents)


def _ancestors(parents: Sequence[int], start: int, end: int) -> set[int]:
    """Return the ancestors of some nodes that come before all of them."""
    found: set[int] = set()
    for node in range(start, end):
        above = parents[node]
        while 0 <= above < start and above not in found:
            found.add(above)
            above = parents[above]
    return found


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
    blocks: Sequence[Block] | None = None,
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
        blocks: The pack in blocks; None where it is one.
        scaling: Of the scores.
        rest: Rules that some models add; with any of them, the plain way is taken.

    Returns:
        1 x nodes x heads x width.
    """
    import torch
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    plainly = attention_mask is None or any(rest.get(name) for name in _OTHER_RULES)
    if blocks is None and attention_mask is not None and not plainly and query.shape[2] <= _ROWS:
        return _attend_few(query, key, value, attention_mask, scaling), None
    if blocks is None or plainly:
        plain: tuple[torch.Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, **rest
        )
        return plain
    _, heads, nodes, width = query.shape
    shared = key.shape[1]
    grouped = query.reshape(shared, heads // shared, nodes, width)
    keys, values = _Gathered(key, nodes, blocks), _Gathered(value, nodes, blocks)
    found = query.new_empty((nodes, shared, heads // shared, value.shape[3]))
    for block in blocks:
        seen = torch.nn.functional.scaled_dot_product_attention(
            grouped[:, :, block.start : block.end],
            keys.seen(block).expand(-1, heads // shared, -1, -1),
            values.seen(block).expand(-1, heads // shared, -1, -1),
            attn_mask=block.mask,
            scale=scaling,
        )
        found[block.start : block.end] = seen.permute(2, 0, 1, 3)
    return found.reshape(1, nodes, heads, -1), None


def _attend_few(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor,
    scaling: float | None,
) -> torch.Tensor:
    """Return what few nodes attend to, without a copy of keys and values for each of their heads.

    The heads that share keys are laid one below the other, as further nodes.
    """
    import torch

    _, heads, nodes, width = query.shape
    shared = key.shape[1]
    many = heads // shared
    found = torch.nn.functional.scaled_dot_product_attention(
        query.reshape(1, shared, many * nodes, width),
        key,
        value,
        attn_mask=mask.expand(1, many, nodes, -1).reshape(1, 1, many * nodes, -1),
        scale=scaling,
    )
    return found.reshape(1, heads, nodes, -1).transpose(1, 2).contiguous()


class _Gathered:
    """Keys or values of the prefix, with room behind them for what one block sees beside it."""

    def __init__(self, whole: torch.Tensor, nodes: int, blocks: Sequence[Block]) -> None:
        self._whole = whole[0]
        self._prefix = whole.shape[2] - nodes
        widest = max(
            (len(block.columns) for block in blocks if block.columns is not None), default=0
        )
        if widest:
            self._held = whole.new_empty((whole.shape[1], self._prefix + widest, whole.shape[3]))
            self._held[:, : self._prefix] = self._whole[:, : self._prefix]

    def seen(self, block: Block) -> torch.Tensor:
        """Return key heads x 1 x (prefix + columns) x width; the next call overwrites it."""
        if block.columns is None:
            return self._whole[:, None, : self._prefix + block.end]
        end = self._prefix + len(block.columns)
        pack = self._whole[:, self._prefix :]
        self._held[:, self._prefix : end] = pack.index_select(1, block.columns)
        return self._held[:, None, :end]
