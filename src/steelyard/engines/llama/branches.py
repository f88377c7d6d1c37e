# SPDX-License-Identifier: Apache-2.0
"""A pack one branch after another, so that every token lies where it would lie alone.

With branches side by side, masked cells of other branches change the order in which attention is
summed. That is a last bit of a float, but models with quantised activations round it to another
integer now and then, and the score of an answer then moves by up to .2 nat (measured: Q4_1).
"""

from collections.abc import Iterator

import msgspec

from steelyard.core.engine import Pack
from steelyard.engines.groups import depths


class Branch(msgspec.Struct, frozen=True):
    """Nodes of which each is the parent of the next.

    Attributes:
        depth: Of the first of them, 0 for one without a parent in the pack.
        nodes: The nodes.
    """

    depth: int
    nodes: range


def branches(pack: Pack) -> Iterator[Branch]:
    """Yield a pack as branches; each continues one that still stands, and ends all beside it.

    The nodes of a pack come depth first, so what lies above a branch is what was computed last.
    """
    deep = depths(pack.parents)
    start = 0
    for node in range(1, len(pack.tokens) + 1):
        if node == len(pack.tokens) or pack.parents[node] != node - 1:
            yield Branch(deep[start], range(start, node))
            start = node
