# SPDX-License-Identifier: Apache-2.0
"""Try a model in a small pack: what sees more than its own branch would be scored wrongly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from steelyard.core.engine import Group, Pack, Score, Tokens
from steelyard.core.errors import EngineError
from steelyard.engines.transformers.loading import Loaded

if TYPE_CHECKING:
    import torch

_LENGTH = 8  # tokens of the prefix, and of each branch
_ASKED = 64  # tokens of the vocabulary whose scores are held against each other
_ROUNDING = {"float32": 0.01, "bfloat16": 0.25}
"""Largest error of a branch alone, as a share of how far the scores of one node lie apart."""
_BESIDE = {"float32": 0.001, "bfloat16": 0.05}
"""Largest error beside another branch that is always rounding, in the same unit."""
_TIMES = 4  # as large as the error alone: an error beside another branch that may be rounding

_REFUSALS = (RuntimeError, TypeError, ValueError, IndexError, AttributeError)
_HINT = "convert the model to GGUF and use the engine llama"


def try_packs(loaded: Loaded, score: Callable[[Group], Iterator[tuple[Score, ...]]]) -> None:
    """Hold the scores of a branch, beside another one and alone, against a plain pass through it.

    Args:
        loaded: The model.
        score: As of an engine.

    Raises:
        EngineError: The model cannot be run in packs, or its scores in one are others: its
            attention goes by the place of a token in memory (ALiBi, for one), not by positions
            and masks.
    """
    vocabulary = loaded.card.vocabulary
    asked = range(0, vocabulary, max(1, vocabulary // _ASKED))
    tokens = tuple(vocabulary * (2 * at + 1) // (6 * _LENGTH) for at in range(3 * _LENGTH))
    prefix, other, branch = tokens[:_LENGTH], tokens[_LENGTH:-_LENGTH], tokens[-_LENGTH:]
    packs = _pack((other, branch), asked), _pack((branch,), asked)
    kind, dtype = loaded.model.config.model_type, str(loaded.dtype).removeprefix("torch.")
    try:
        found = list(score(Group(prefix=prefix, packs=packs)))
        plain = _plain(loaded, prefix, branch, asked)
    except _REFUSALS as error:
        raise EngineError(
            f"{kind} models cannot be scored in packs: {error}", hint=_HINT
        ) from error
    beside, alone = (_error(scores, plain) for scores in found)
    if not (alone <= _ROUNDING[dtype] and beside <= _TIMES * alone + _BESIDE[dtype]):
        raise EngineError(
            f"this {kind} model scores a text otherwise in a pack than by itself", hint=_HINT
        )


def _pack(branches: tuple[Tokens, ...], asked: range) -> Pack:
    """Return a pack of some branches that asks about the nodes of the last one."""
    tokens = tuple(token for branch in branches for token in branch)
    nodes = range(len(tokens))
    return Pack(
        tokens=tokens,
        parents=tuple(node - 1 if node % _LENGTH else -1 for node in nodes),
        targets=tuple((node, token) for node in nodes[-_LENGTH:] for token in asked),
    )


def _plain(loaded: Loaded, prefix: Tokens, branch: Tokens, asked: range) -> torch.Tensor:
    """Return log-probabilities after each token of a branch, as the model itself has them.

    Returns:
        Tokens of the branch x asked.
    """
    import torch

    with torch.inference_mode():
        tokens = torch.tensor([[*prefix, *branch]], device=loaded.device)
        logits = loaded.model(input_ids=tokens, use_cache=False).logits[0, len(prefix) :]
        return logits.float().log_softmax(-1)[:, list(asked)].cpu()


def _error(found: tuple[Score, ...], plain: torch.Tensor) -> float:
    """Return how far scores lie from the plain ones, as a share of how far those lie apart."""
    import torch

    packed = torch.tensor([score.logprob for score in found]).reshape(plain.shape)
    apart = (plain - plain.mean(1, keepdim=True)).norm()
    return float((packed - plain).norm() / apart.clamp_min(torch.finfo(torch.float32).tiny))
