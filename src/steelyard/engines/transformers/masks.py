# SPDX-License-Identifier: Apache-2.0
"""Which node of a pack sees which: a row for each node, a column for each it may see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from steelyard.engines.groups import depths

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray


def ancestors(parents: Sequence[int], rows: range | None = None) -> NDArray[np.bool_]:
    """Return who is an ancestor of whom, or the same.

    Args:
        parents: Index of each node's parent, smaller than its own; -1 for none.
        rows: The nodes asked about, consecutive; None for all.

    Returns:
        Rows x nodes up to the last of the rows; the row of a node tells what it sees.

    Example:
        >>> ancestors((-1, 0, 0)).astype(int).tolist()
        [[1, 0, 0], [1, 1, 0], [1, 0, 1]]
        >>> ancestors((-1, 0, 0), range(2, 3)).astype(int).tolist()
        [[1, 0, 1]]
    """
    import numpy as np

    rows = range(len(parents)) if rows is None else rows
    seen: NDArray[np.bool_] = np.zeros((len(rows), rows.stop), dtype=np.bool_)
    for row, node in enumerate(rows):
        parent = parents[node]
        if parent >= rows.start:
            seen[row, : parent + 1] = seen[parent - rows.start, : parent + 1]
        else:
            seen[row, list(_line(parents, parent))] = True
        seen[row, node] = True
    return seen


def visible(
    parents: Sequence[int], prefix: int, rows: range | None = None, window: int | None = None
) -> NDArray[np.bool_]:
    """Return what nodes of a pack see: the prefix, their ancestors and themselves.

    Args:
        parents: As in a pack.
        prefix: Tokens of the prefix.
        rows: The nodes asked about, consecutive; None for all.
        window: How many tokens back a layer looks, the token itself included; None for all.

    Returns:
        Rows x (prefix + nodes up to the last of the rows).
    """
    import numpy as np

    among = ancestors(parents, rows)
    seen = np.concatenate((np.ones((len(among), prefix), dtype=np.bool_), among), axis=1)
    if window is not None:
        own = prefix + among.sum(axis=1) - 1
        deep = prefix + np.asarray(depths(parents[: among.shape[1]]))
        seen &= own[:, None] - np.concatenate((np.arange(prefix), deep))[None, :] < window
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


def _line(parents: Sequence[int], node: int) -> Iterator[int]:
    """Yield a node and its ancestors; nothing for -1."""
    while node >= 0:
        yield node
        node = parents[node]
