# SPDX-License-Identifier: Apache-2.0
"""A pack in slices, of which one pass each computes: they bound what a pass needs beside the cache.

A pass needs the mask (nodes x columns), what the layers hand on (nodes x width), and logits
(scored nodes x vocabulary x 4 bytes). None of it then grows with the square of a text's length, nor
with how much of it is scored. The bounds are constants, not the machine's: where a pass ends may
change the last bits of a score.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

NODES = 512  # of a pass at most; measured: 2,500 tokens cost what they do in one pass
LOGITS = 1 << 28  # bytes of logits of a pass at most, as float32


def slices(
    nodes: int, wanted: Sequence[int], vocabulary: int
) -> Iterator[tuple[range, Sequence[int]]]:
    """Yield runs of consecutive nodes, with those of them whose logits are wanted.

    Args:
        nodes: How many there are.
        wanted: Ascending.
        vocabulary: Logits of a node.

    Example:
        >>> [(run, len(some)) for run, some in slices(700, range(600, 700), 49152)]
        [(range(0, 350), 0), (range(350, 700), 100)]
    """
    if not nodes:
        return
    size = -(-nodes // -(-nodes // NODES))
    most = max(1, LOGITS // (4 * vocabulary))
    start = first = 0
    while start < nodes:
        end = min(start + size, nodes)
        last = bisect_left(wanted, end, lo=first)
        if last - first > most:
            last = first + most
            end = wanted[last - 1] + 1
        yield range(start, end), wanted[first:last]
        start, first = end, last
