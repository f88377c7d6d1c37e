# SPDX-License-Identifier: Apache-2.0
"""Where the trie of a run is cut: which prefixes are computed once, and what is packed behind them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from steelyard.evals.planner.trie import Integers, Trie


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """How a run is cut; scores do not depend on it beyond rounding.

    Attributes:
        pack: Nodes of a pack at most, at least 1; only a single sequence whose scored part is
            longer is let pass. Bounds memory: keys and values, and the mask, grow with it.
        call: What a call of the engine costs beside its tokens, in tokens: a prefix is computed
            apart only where it spares more.
    """

    pack: int = 512
    call: int = 24


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """A group, by the indices of its sequences.

    Attributes:
        prefix: How many first tokens all of its sequences share and none is asked about.
        packs: The sequences of each pack, ascending; at least one pack.
    """

    prefix: int
    packs: tuple[Integers, ...]


class _Branch(msgspec.Struct, frozen=True):
    """Sequences below one node of the trie: indices ascending, and what each shares with the last."""

    chosen: Integers
    shared: Integers


def cuts(trie: Trie, shape: Shape) -> Iterator[Cut]:
    """Yield the groups of a trie, so that each sequence is in exactly one pack.

    Groups come in the order of the sorted trie, nested prefixes after the shorter ones they extend:
    an engine that holds the last prefix computes only what is new of the next.
    """
    if not len(trie.length):
        return
    import numpy as np

    stack = [(_Branch(np.arange(len(trie.length)), trie.shared), 0)]
    while stack:
        branch, prefix = stack.pop()
        light, heavy = _sorted_out(trie, branch, prefix, shape)
        if light:
            yield Cut(prefix=prefix, packs=tuple(_filled(trie, light, prefix, shape)))
        stack.extend(reversed(heavy))


def _sorted_out(
    trie: Trie, branch: _Branch, prefix: int, shape: Shape
) -> tuple[list[_Branch], list[tuple[_Branch, int]]]:
    """Return the parts of a branch that fit into a pack, and those that want a longer prefix."""
    light: list[_Branch] = []
    heavy: list[tuple[_Branch, int]] = []
    stack = [branch]
    while stack:
        part = stack.pop()
        size = _nodes(trie, part, prefix)
        if size <= shape.pack:
            light.append(part)
            continue
        chain = _chain(trie, part)
        free = min(chain, int(trie.free[part.chosen].min()))
        if early := _asked_early(trie, part, chain, free, size, shape):
            stack.extend(early)
        elif _spares(free - prefix, size, shape):
            heavy.append((part, free))
        elif len(part.chosen) == 1:
            light.append(part)
        else:
            stack.extend(reversed(_children(part, chain)))
    return light, heavy


def _nodes(trie: Trie, part: _Branch, prefix: int) -> int:
    """Return the nodes of a part beyond a prefix that all of it begins with."""
    return int(trie.length[part.chosen].sum() - part.shared[1:].sum()) - prefix


def _chain(trie: Trie, part: _Branch) -> int:
    """Return how many first tokens all sequences of a part share."""
    if len(part.chosen) == 1:
        return int(trie.length[part.chosen[0]])
    return min(int(part.shared[1:].min()), int(trie.length[part.chosen[0]]))


def _spares(gain: int, size: int, shape: Shape) -> bool:
    """Tell whether computing `gain` tokens once, apart, costs less than in each pack of a part."""
    if gain <= 0:
        return False
    packs = -(-(size - gain) // max(1, shape.pack - gain))
    return gain * (packs - 1) > shape.call or size - gain <= shape.pack


def _asked_early(
    trie: Trie, part: _Branch, chain: int, free: int, size: int, shape: Shape
) -> list[_Branch]:
    """Return a part in two, where few sequences are asked about within what all of it shares.

    They would keep everything else from sharing a prefix; repeating their own tokens costs less.
    """
    if free >= chain:
        return []
    few = trie.free[part.chosen] < chain
    if few.all():
        return []
    early = _chosen(trie, part.chosen[few])
    if _nodes(trie, early, free) >= (size // shape.pack) * (chain - free):
        return []
    return [_chosen(trie, part.chosen[~few]), early]


def _chosen(trie: Trie, chosen: Integers) -> _Branch:
    return _Branch(chosen, trie.between(chosen))


def _children(part: _Branch, chain: int) -> list[_Branch]:
    """Return a part split where its sequences first differ."""
    import numpy as np

    splits: Integers = np.flatnonzero(part.shared[1:] <= chain) + 1
    ends = [0, *splits.tolist(), len(part.chosen)]
    return [
        _Branch(part.chosen[start:end], part.shared[start:end])
        for start, end in itertools.pairwise(ends)
    ]


def _filled(trie: Trie, parts: list[_Branch], prefix: int, shape: Shape) -> Iterator[Integers]:
    """Yield the sequences of each pack: parts in order, cut where the least has to be repeated."""
    import numpy as np

    parts = sorted(parts, key=lambda part: int(part.chosen[0]))
    sizes = [_nodes(trie, part, prefix) for part in parts]
    repeats = [0] * len(parts)
    for index in range(1, len(parts)):
        before, here = int(parts[index - 1].chosen[-1]), int(parts[index].chosen[0])
        repeats[index] = max(0, trie.common(before, here) - prefix)
    starts = _segments(sizes, repeats, shape)
    for start, end in zip(starts, [*starts[1:], len(parts)], strict=True):
        yield np.sort(np.concatenate([part.chosen for part in parts[start:end]]))


def _segments(sizes: list[int], repeats: list[int], shape: Shape) -> list[int]:
    """Return where each pack starts, so that repeated tokens and calls together cost the least.

    Args:
        sizes: Nodes of each part alone.
        repeats: How many of them are nodes of the part before as well.
        shape: Bounds the nodes of a pack; a part that is larger has a pack of its own.
    """
    count = len(sizes)
    cost = [0] * (count + 1)
    origin = [0] * (count + 1)
    for end in range(1, count + 1):
        best, at, nodes = None, end - 1, 0
        for start in range(end - 1, -1, -1):
            nodes += sizes[start]
            if nodes > shape.pack and start < end - 1:
                break
            total = cost[start] + repeats[start] + shape.call
            if best is None or total <= best:
                best, at = total, start
            nodes -= repeats[start]
        cost[end], origin[end] = best or 0, at
    starts = []
    end = count
    while end:
        end = origin[end]
        starts.append(end)
    return starts[::-1]
