# SPDX-License-Identifier: Apache-2.0
"""Try a model in a small pack: what sees more than its own branch would be scored wrongly.

And beside another text: what sees that one would write another text than alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from msgspec import structs

from steelyard.core.engine import Group, Pack, Score, Tokens
from steelyard.core.errors import EngineError
from steelyard.engines.groups import depths
from steelyard.engines.transformers.beside import Beside
from steelyard.engines.transformers.held import Held
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
    prefix, other, branch = _texts(vocabulary)
    packs = _pack((other, branch), asked), _pack((branch,), asked)
    kind, dtype = loaded.model.config.model_type, _dtype(loaded)
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


def same_in_company(loaded: Loaded) -> bool:
    """Tell whether a token written beside another text is followed by what a plain pass says."""
    import torch

    prefix, other, text = _texts(loaded.card.vocabulary)
    pack = _pack((other, text), range(0))
    nodes = len(pack.tokens) - 1  # the last token of the text is the one written
    begun = structs.replace(pack, tokens=pack.tokens[:nodes], parents=pack.parents[:nodes])
    owners = [int(node >= len(other)) for node in range(nodes)]
    held = Held(loaded)
    try:
        held.hold(prefix)
        beside = Beside(loaded, held)
        list(held.compute(begun, ()))
        beside.take(held, owners, [len(prefix) + depth for depth in depths(begun.parents)])
        end = len(prefix) + len(other)
        rows = torch.from_numpy(beside.step((0, 1), (other[0], text[-1]), (end, end - 1)))
        plain = _plain(loaded, prefix, text, range(loaded.card.vocabulary))
    except (*_REFUSALS, EngineError):
        return False
    return _apart(rows[1:].log_softmax(-1), plain[-1:]) <= _ROUNDING[_dtype(loaded)]


def _texts(vocabulary: int) -> tuple[Tokens, Tokens, Tokens]:
    """Return a prefix and two texts of tokens from all over the vocabulary."""
    tokens = tuple(vocabulary * (2 * at + 1) // (6 * _LENGTH) for at in range(3 * _LENGTH))
    return tokens[:_LENGTH], tokens[_LENGTH:-_LENGTH], tokens[-_LENGTH:]


def _dtype(loaded: Loaded) -> str:
    return str(loaded.dtype).removeprefix("torch.")


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
    """Return how far scores lie from the plain ones, in the unit of `_apart`."""
    import torch

    return _apart(torch.tensor([score.logprob for score in found]).reshape(plain.shape), plain)


def _apart(found: torch.Tensor, plain: torch.Tensor) -> float:
    """Return how far rows lie from the plain ones, as a share of how far a row's numbers lie apart."""
    import torch

    spread = (plain - plain.mean(1, keepdim=True)).norm()
    return float((found - plain).norm() / spread.clamp_min(torch.finfo(torch.float32).tiny))
