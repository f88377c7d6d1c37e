# SPDX-License-Identifier: Apache-2.0
"""Several texts behind one prefix, in one row of keys and values; the mask tells whose is whose.

So the prefix is held and read once for all of them, texts of any length need no padding, and they
rest on what packs rest on: masks and positions.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from steelyard.engines.transformers.masks import additive
from steelyard.engines.transformers.scores import check_finite

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from steelyard.engines.sampling import Floats
    from steelyard.engines.transformers.held import Held
    from steelyard.engines.transformers.loading import Loaded

_PREFIX = -1  # owner of what all texts see
_ROOM = 512  # tokens there is room for at first, beside the prefix


class Beside:
    """Keys and values of a prefix and of texts behind it, each known by a number from 0.

    Args:
        loaded: The model.
        held: The prefix, copied.
    """

    def __init__(self, loaded: Loaded, held: Held) -> None:
        import numpy as np

        self._loaded = loaded
        self._cache = loaded.new_cache()
        self._prefix = len(held.tokens)
        self._cache.layers = [_roomy()(layer) for layer in held.cache.layers]
        self._owner: NDArray[np.int64] = np.full(self._prefix, _PREFIX)
        self._place: NDArray[np.int64] = np.arange(self._prefix)

    def take(self, held: Held, owners: Sequence[int], places: Sequence[int]) -> None:
        """Take over the pack that was computed behind the prefix.

        Args:
            held: Where it lies.
            owners: The text each node belongs to.
            places: The position of each node.
        """
        while len(self._cache.layers) < len(held.cache.layers):  # there was no prefix
            self._cache.layers.append(_roomy()(None))
        for mine, theirs in zip(self._cache.layers, held.cache.layers, strict=True):
            if theirs.is_initialized:
                mine.update(*(of[:, :, self._prefix :] for of in (theirs.keys, theirs.values)))
        self._note(owners, places)

    def step(self, owners: Sequence[int], tokens: Sequence[int], places: Sequence[int]) -> Floats:
        """Add one token to each of some texts.

        Args:
            owners: The texts.
            tokens: The token of each.
            places: Its position.

        Returns:
            Texts x vocabulary: the logits of what follows.

        Raises:
            EngineError: They are no numbers.
        """
        self._note(owners, places)
        logits = self._loaded.forward(
            tokens, places, self._mask(owners, places), self._cache, keep=range(len(tokens))
        )
        return finite(logits, places)

    def drop(self, owners: Sequence[int]) -> None:
        """Forget some texts."""
        import numpy as np
        import torch

        kept = np.flatnonzero(~np.isin(self._owner, owners))
        self._owner, self._place = self._owner[kept], self._place[kept]
        beyond = torch.from_numpy(kept[self._prefix :]).to(self._loaded.device)
        for layer in self._cache.layers:
            layer.keep(self._prefix, beyond)

    def _note(self, owners: Sequence[int], places: Sequence[int]) -> None:
        import numpy as np

        self._owner = np.concatenate((self._owner, owners))
        self._place = np.concatenate((self._place, places))

    def _mask(
        self, owners: Sequence[int], places: Sequence[int]
    ) -> torch.Tensor | dict[str, torch.Tensor]:
        import numpy as np

        loaded = self._loaded
        seen = (self._owner == _PREFIX) | (self._owner == np.asarray(owners)[:, None])
        full = additive(seen, loaded.dtype, loaded.device)
        if loaded.window is None or max(places) < loaded.window:
            return loaded.by_kind(full, full)
        seen &= np.asarray(places)[:, None] - self._place < loaded.window
        return loaded.by_kind(full, additive(seen, loaded.dtype, loaded.device))


def finite(logits: torch.Tensor, places: Sequence[int]) -> Floats:
    """Return logits as numbers to choose from.

    Args:
        logits: Rows x vocabulary.
        places: Position of each row.

    Raises:
        EngineError: They are no numbers.
    """
    exact = logits.float()
    check_finite(exact.logsumexp(-1), places)
    found: Floats = exact.cpu().numpy()
    return found


class _Buffer:
    """Keys or values of a layer, with room for more: what is there is not copied for each token."""

    def __init__(self) -> None:
        self._all: torch.Tensor | None = None
        self._end = 0

    def add(self, new: torch.Tensor) -> torch.Tensor:
        """Return all there is, 1 x heads x tokens x width, the new ones last."""
        end = self._end + new.shape[2]
        if self._all is None or end > self._all.shape[2]:
            room = max(2 * self._end, end + _ROOM)
            grown = new.new_empty((*new.shape[:2], room, new.shape[3]))
            if self._all is not None:
                grown[:, :, : self._end] = self._all[:, :, : self._end]
            self._all = grown
        self._all[:, :, self._end : end] = new
        self._end = end
        return self._all[:, :, :end]

    def keep(self, prefix: int, beyond: torch.Tensor) -> torch.Tensor | None:
        """Return a prefix and some tokens beyond it, ascending, which alone are left."""
        if self._all is None:
            return None
        end = prefix + len(beyond)
        self._all[:, :, prefix:end] = self._all.index_select(2, beyond)
        self._end = end
        return self._all[:, :, :end]


@functools.cache
def _roomy() -> Any:  # noqa: ANN401 - of transformers
    """Return a kind of layer that holds its keys and values in buffers with room."""
    from transformers.cache_utils import DynamicLayer

    class Roomy(DynamicLayer):  # type: ignore[misc]
        """A copy of another layer, or an empty one."""

        def __init__(self, other: Any) -> None:  # noqa: ANN401
            super().__init__()
            self._buffers = _Buffer(), _Buffer()
            if other is not None and other.is_initialized:
                self.update(other.keys, other.values)

        def update(
            self,
            key_states: torch.Tensor,
            value_states: torch.Tensor,
            *_: Any,  # noqa: ANN401
            **__: Any,  # noqa: ANN401
        ) -> tuple[torch.Tensor, torch.Tensor]:
            if not self.is_initialized:
                self.lazy_initialization(key_states, value_states)
            keys, values = self._buffers
            self.keys, self.values = keys.add(key_states), values.add(value_states)
            return self.keys, self.values

        def keep(self, prefix: int, beyond: torch.Tensor) -> None:
            self.keys, self.values = (buffer.keep(prefix, beyond) for buffer in self._buffers)

    return Roomy
