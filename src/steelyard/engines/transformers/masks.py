# SPDX-License-Identifier: Apache-2.0
"""Which node of a pack sees which: a row for each node, a column for each it may see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray


def ancestors(parents: Sequence[int]) -> NDArray[np.bool_]:
    """Return who is an ancestor of whom, or the same.

    Args:
        parents: Index of each node's parent, smaller than its own; -1 for none.

    Returns:
        Nodes x nodes; the row of a node tells what it sees.

    Example:
        >>> ancestors((-1, 0, 0)).astype(int).tolist()
        [[1, 0, 0], [1, 1, 0], [1, 0, 1]]
    """
    import numpy as np

    seen: NDArray[np.bool_] = np.zeros((len(parents), len(parents)), dtype=np.bool_)
    for node, parent in enumerate(parents):
        if parent >= 0:
            seen[node, : parent + 1] = seen[parent, : parent + 1]
        seen[node, node] = True
    return seen


def visible(parents: Sequence[int], prefix: int, window: int | None = None) -> NDArray[np.bool_]:
    """Return what each node of a pack sees: the prefix, its ancestors and itself.

    Args:
        parents: As in a pack.
        prefix: Tokens of the prefix.
        window: How many tokens back a layer looks, the token itself included; None for all.

    Returns:
        Nodes x (prefix + nodes).
    """
    import numpy as np

    among = ancestors(parents)
    seen = np.concatenate((np.ones((len(parents), prefix), dtype=np.bool_), among), axis=1)
    if window is not None:
        own = prefix + among.sum(axis=1) - 1
        all_positions = np.concatenate((np.arange(prefix), own))
        seen &= own[:, None] - all_positions[None, :] < window
    return seen


def additive(seen: NDArray[np.bool_], dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """Return what is added to the attention scores: 0 for what is seen, else the least number.

    Args:
        seen: Nodes x columns.
        dtype: Of the scores.
        device: Of the scores.

    Returns:
        1 x 1 x nodes x columns.
    """
    import torch

    mask = torch.zeros((1, 1, *seen.shape), dtype=dtype, device=device)
    return mask.masked_fill_(torch.from_numpy(~seen).to(device), torch.finfo(dtype).min)
