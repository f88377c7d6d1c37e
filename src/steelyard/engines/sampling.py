# SPDX-License-Identifier: Apache-2.0
"""Choosing the next token, the same way in every engine, and knowing when a text is done."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from steelyard.core.engine import Generated, Sampling

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float32]


class Draft:
    """A text while it is generated.

    What is drawn depends on the seed and the prompt alone, not on which prompts run beside it.

    Attributes:
        text: What came so far.
        done: Whether it is over.
        most: Tokens of it at most.
    """

    def __init__(
        self,
        prompt: Sequence[int],
        sampling: Sampling,
        ends: frozenset[int],
        decode: Callable[[Sequence[int]], str],
    ) -> None:
        self._sampling = sampling
        self._ends = ends
        self._decode = decode
        self._tokens: list[int] = []
        self._random = _random(prompt, sampling.seed) if sampling.temperature else None
        self.most = sampling.most_tokens
        self.text = ""
        self.done = sampling.most_tokens < 1

    def choose(self, logits: Floats) -> int:
        """Return the next token, and take it.

        Args:
            logits: Of the whole vocabulary, float32, finite.
        """
        token = self._drawn(logits) if self._random else int(logits.argmax())
        self.add(token)
        return token

    def add(self, token: int) -> None:
        """Take a token; `done` tells whether it was the last."""
        self._tokens.append(token)
        if token in self._ends:
            self.done = True
            return
        self.text = self._decode(self._tokens)
        if (at := _first_stop(self.text, self._sampling.stop)) is not None:
            self.text = self.text[:at]
            self.done = True
        self.done = self.done or len(self._tokens) >= self._sampling.most_tokens

    def generated(self) -> Generated:
        """Return what came; the token that ended it counts too."""
        return Generated(text=self.text, tokens=len(self._tokens))

    def _drawn(self, logits: Floats) -> int:
        import numpy as np

        scaled = logits.astype(np.float64) / self._sampling.temperature
        order = np.argsort(-scaled, kind="stable")
        chances = np.exp(scaled[order] - scaled[order[0]])
        sums = np.cumsum(chances)
        kept = int(np.searchsorted(sums, self._sampling.top_p * sums[-1])) + 1
        kept = min(kept, len(sums))
        drawn = self._random.random() * sums[kept - 1] if self._random else 0.0
        return int(order[min(int(np.searchsorted(sums, drawn, side="right")), kept - 1)])


def _random(prompt: Sequence[int], seed: int) -> np.random.Generator:
    import numpy as np

    digest = hashlib.sha256(f"{seed}:{','.join(map(str, prompt))}".encode()).digest()
    return np.random.Generator(np.random.Philox(int.from_bytes(digest[:16], "big")))


def _first_stop(text: str, stops: Sequence[str]) -> int | None:
    found = [at for stop in stops if stop and (at := text.find(stop)) >= 0]
    return min(found, default=None)
