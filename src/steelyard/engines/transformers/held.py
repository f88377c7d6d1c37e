# SPDX-License-Identifier: Apache-2.0
"""Keys and values of a prefix in memory, and of the pack that is computed behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from steelyard.core.engine import Pack, Tokens
from steelyard.engines.groups import depths, fresh
from steelyard.engines.transformers.attention import blocks
from steelyard.engines.transformers.masks import additive, visible
from steelyard.engines.transformers.slices import slices

if TYPE_CHECKING:
    import torch

    from steelyard.engines.transformers.loading import Loaded


class Held:
    """A prefix, and for a while a pack behind it.

    Attributes:
        tokens: The prefix.
        cache: Its keys and values, then those of the pack; None when a pass failed in between.
    """

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self.tokens: Tokens = ()
        self.cache: Any = None
        self._beyond = 0

    def hold(self, prefix: Tokens) -> None:
        """Have exactly a prefix, computing what is new of it."""
        kept = fresh(prefix, self.tokens) if self.cache is not None else 0
        self._crop(self._beyond + len(self.tokens) - kept, kept)
        self.tokens = prefix[:kept]
        for run, _ in slices(len(prefix) - kept, (), self._loaded.card.vocabulary):
            start, end = kept + run.start, kept + run.stop
            parents = range(-1, len(run) - 1)
            mask = self._mask(parents, range(len(run)), end - 1) if start else None
            self._pass(prefix[start:end], range(start, end), mask, keep=[0], parents=parents)
            self.tokens = prefix[:end]

    def next(self, tokens: Tokens) -> torch.Tensor:
        """Return the logits of what follows some tokens, 1 x vocabulary, and hold these."""
        self.hold(tokens[:-1])
        logits = self._pass(tokens[-1:], [len(tokens) - 1], None, keep=[0])
        self.tokens = tokens
        return logits

    def compute(
        self, pack: Pack, wanted: Sequence[int]
    ) -> Iterator[tuple[Sequence[int], torch.Tensor]]:
        """Yield wanted nodes with their logits, until all of a pack is computed behind the prefix.

        Args:
            pack: Its targets do not matter.
            wanted: Nodes, ascending.
        """
        prefix = len(self.tokens)
        positions = [prefix + depth for depth in depths(pack.parents)]
        for run, some in slices(len(pack.tokens), wanted, self._loaded.card.vocabulary):
            keep = [node - run.start for node in some] or [0]
            logits = self._pass(
                pack.tokens[run.start : run.stop],
                positions[run.start : run.stop],
                self._mask(pack.parents, run, max(positions[run.start : run.stop])),
                keep=keep,
                parents=[max(-1, pack.parents[node] - run.start) for node in run],
            )
            self._beyond = run.stop
            if some:
                yield some, logits

    def drop(self) -> None:
        """Forget the pack; everything, when a pass failed."""
        if self.cache is None:
            self.forget()
        else:
            self._crop(self._beyond, len(self.tokens))

    def token_bytes(self) -> int:
        """Return the bytes of the keys and values of a token; something must be held."""
        layers = [layer for layer in self.cache.layers if layer.is_initialized]
        held = sum(layer.keys.nbytes + layer.values.nbytes for layer in layers)
        return int(held // self.cache.get_seq_length())

    def forget(self) -> None:
        """Forget everything."""
        self.cache = None
        self.tokens = ()
        self._beyond = 0

    def _crop(self, dropped: int, left: int) -> None:
        if self.cache is None or not left:
            self.cache = self._loaded.new_cache()
        elif dropped:
            self.cache.crop(-dropped)
        self._beyond = 0

    def _mask(
        self, parents: Sequence[int], rows: range, furthest: int
    ) -> torch.Tensor | dict[str, torch.Tensor]:
        """Return what nodes of a pack see, by kind of layer where the kinds differ."""
        loaded, prefix = self._loaded, len(self.tokens)
        full = additive(visible(parents, prefix, rows), loaded.dtype, loaded.device)
        if loaded.window is None or furthest < loaded.window:
            return loaded.by_kind(full, full)
        near = visible(parents, prefix, rows, loaded.window)
        return loaded.by_kind(full, additive(near, loaded.dtype, loaded.device))

    def _pass(
        self,
        tokens: Sequence[int],
        positions: Sequence[int],
        mask: torch.Tensor | dict[str, torch.Tensor] | None,
        keep: Sequence[int],
        parents: Sequence[int] = (),
    ) -> torch.Tensor:
        import torch

        in_blocks = {}
        if parents and self._loaded.takes_blocks and isinstance(mask, torch.Tensor):
            in_blocks = {"blocks": blocks(parents, mask)}
        cache, self.cache = self.cache, None  # a pass that fails leaves some layers longer
        logits = self._loaded.forward(tokens, positions, mask, cache, keep, **in_blocks)
        self.cache = cache
        return logits
