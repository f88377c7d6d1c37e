# SPDX-License-Identifier: Apache-2.0
"""A pack of an engine, made of sequences of the trie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.engine import Pack
from steelyard.engines.groups import in_common

if TYPE_CHECKING:
    from steelyard.evals.planner.trie import Integers


class Scored(msgspec.Struct, frozen=True):
    """One thing to score: the end of a sequence, and one token more.

    Attributes:
        start: How many tokens stand before the first scored one, at least 1.
        last: The last scored token, which is never fed.
    """

    start: int
    last: int


class Filled(msgspec.Struct, frozen=True):
    """A pack, and where the answers to what was asked are found in its targets.

    Attributes:
        pack: The pack.
        found: For each thing scored, sequences in order, the indices of its targets.
    """

    pack: Pack
    found: tuple[tuple[int, ...], ...]


def fill(tokens: Sequence[Integers], asked: Sequence[Sequence[Scored]], prefix: int) -> Filled:
    """Return the pack of some sequences behind a prefix that all of them begin with.

    Args:
        tokens: Each sequence whole, sorted, at least one.
        asked: What is scored of each; each start above `prefix`.
        prefix: Length of the prefix, in tokens.
    """
    nodes: list[int] = []
    parents: list[int] = []
    targets: dict[tuple[int, int], int] = {}
    found: list[tuple[int, ...]] = []
    path: list[int] = []  # node of each depth below the prefix
    last: Sequence[int] = ()
    for sequence, things in zip(tokens, asked, strict=True):
        suffix = sequence[prefix:].tolist()
        shared = in_common(last, suffix)
        del path[shared:]
        for depth in range(shared, len(suffix)):
            parents.append(path[depth - 1] if depth else -1)
            path.append(len(nodes))
            nodes.append(suffix[depth])
        last = suffix
        found.extend(_targets(path, suffix, thing, prefix, targets) for thing in things)
    pack = Pack(tokens=tuple(nodes), parents=tuple(parents), targets=tuple(targets))
    return Filled(pack, tuple(found))


def _targets(
    path: list[int],
    suffix: list[int],
    thing: Scored,
    prefix: int,
    targets: dict[tuple[int, int], int],
) -> tuple[int, ...]:
    first = thing.start - prefix - 1  # the node that predicts the first scored token
    wanted = zip(path[first:], [*suffix[first + 1 :], thing.last], strict=True)
    return tuple(targets.setdefault(pair, len(targets)) for pair in wanted)
