# SPDX-License-Identifier: Apache-2.0
"""From logits to scores, a few rows at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from steelyard.core.engine import Score
from steelyard.core.errors import EngineError

if TYPE_CHECKING:
    import torch


def read(
    logits: torch.Tensor,
    row: Sequence[int],
    token: Sequence[int],
    positions: Sequence[int],
    at_once: int,
) -> list[Score]:
    """Return the score of each target.

    Args:
        logits: Rows x vocabulary.
        row: Of each target.
        token: Of each target.
        positions: Of each row in its sequence, for the message.
        at_once: Rows to look at at once.

    Raises:
        EngineError: A row holds what is no number.
    """
    import torch

    rows = torch.tensor(row, device=logits.device)
    tokens = torch.tensor(token, device=logits.device)
    sums = torch.empty(len(logits), device=logits.device)
    most = torch.empty(len(logits), device=logits.device)
    for at in range(0, len(logits), at_once):
        some = logits[at : at + at_once].float()
        most[at : at + len(some)] = some.amax(-1)
        sums[at : at + len(some)] = some.logsumexp(-1)
    check_finite(sums, positions)
    chosen = logits[rows, tokens].float()
    greedy = chosen == most[rows]
    for place in greedy.nonzero()[:, 0].tolist():  # of equals, the first is the greedy one
        greedy[place] = logits[rows[place]].argmax() == tokens[place]
    return list(map(Score, (chosen - sums[rows]).tolist(), greedy.tolist()))


def check_finite(sums: torch.Tensor, positions: Sequence[int]) -> None:
    """Refuse what is no number; raises as `read`.

    Args:
        sums: Of each row, the logarithm of the sum of exponentials.
        positions: Of each row.
    """
    wrong = (~sums.isfinite()).nonzero()
    if len(wrong):
        raise EngineError(
            f"the model computed no number after token {positions[int(wrong[0])]:,} of a sequence",
            hint="try --dtype float32; if that fails too, the weights are damaged",
        )
