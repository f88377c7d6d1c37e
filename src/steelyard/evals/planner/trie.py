# SPDX-License-Identifier: Apache-2.0
"""The token trie of a run, kept as sorted sequences and how much each shares with the one before."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Integers: TypeAlias = NDArray[np.int64]

TOKEN_BYTES = 4  # a token as an unsigned big-endian number: bytes then sort as their tokens do


def pack_tokens(tokens: Sequence[int]) -> bytes:
    """Return tokens as bytes that sort, and are equal, as the tokens are."""
    return struct.pack(f">{len(tokens)}I", *tokens)


def unpack_tokens(data: bytes) -> Integers:
    """Return the tokens that `pack_tokens` was given."""
    import numpy as np

    return np.frombuffer(data, dtype=">u4").astype(np.int64)


class Trie:
    """Different token sequences, sorted: neighbours share the most.

    Attributes:
        sequences: The sequences, packed, strictly ascending.
        length: Length of each, in tokens, at least 1.
        shared: How many first tokens each has in common with the one before; 0 for the first.
        free: How many first tokens of each predict nothing that is asked for; less than its length.
    """

    def __init__(self, sequences: Sequence[bytes], free: Sequence[int]) -> None:
        import numpy as np

        self.sequences = sequences
        self.length = np.asarray([len(data) // TOKEN_BYTES for data in sequences], dtype=np.int64)
        self.shared: Integers = np.zeros(len(sequences), dtype=np.int64)
        for index in range(1, len(sequences)):
            self.shared[index] = _common(sequences[index - 1], sequences[index])
        self.free = np.asarray(free, dtype=np.int64)

    def nodes(self) -> int:
        """Return how many nodes the trie has: the fewest tokens that answer every request."""
        return int((self.length - self.shared).sum())

    def common(self, one: int, other: int) -> int:
        """Return how many first tokens two sequences share, by their indices."""
        if one == other:
            return int(self.length[one])
        low, high = min(one, other), max(one, other)
        return int(self.shared[low + 1 : high + 1].min())

    def between(self, chosen: Integers) -> Integers:
        """Return what each of some sequences, ascending, shares with the one before; 0 first."""
        import numpy as np

        shared: Integers = np.zeros(len(chosen), dtype=np.int64)
        if len(chosen) < 2:
            return shared
        shared[1:] = np.minimum.reduceat(self.shared[: chosen[-1] + 1], chosen[:-1] + 1)
        return shared


def _common(one: bytes, other: bytes) -> int:
    import numpy as np

    size = min(len(one), len(other))
    differ = np.frombuffer(one[:size], np.uint32) != np.frombuffer(other[:size], np.uint32)
    first = int(differ.argmax()) if size else 0
    return first if size and differ[first] else size // TOKEN_BYTES
