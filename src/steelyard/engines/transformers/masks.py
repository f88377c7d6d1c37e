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


def additive(
    seen: NDArray[np.bool_], prefix: int, dtype: torch.dtype, device: torch.device
) -> torch.Tensor:
    """Return what is added to the attention scores: 0 for what is seen, else the least number.

    Args:
        seen: Nodes x nodes.
        prefix: Tokens of the prefix, which all nodes see.
        dtype: Of the scores.
        device: Of the scores.

    Returns:
        1 x 1 x nodes x (prefix + nodes).
    """
    import torch

    rows, columns = seen.shape
    mask = torch.zeros((1, 1, rows, prefix + columns), dtype=dtype, device=device)
    hidden = torch.from_numpy(~seen).to(device)
    mask[0, 0, :, prefix:].masked_fill_(hidden, torch.finfo(dtype).min)
    return mask
