# SPDX-License-Identifier: Apache-2.0
"""What every engine does with a group before it computes anything."""

from collections.abc import Iterator, Sequence

from steelyard.core.engine import Group, Pack, Tokens
from steelyard.core.errors import EngineError

_TOGETHER = 16384  # tokens of texts side by side, beyond what they share


def check_group(group: Group, vocabulary: int) -> None:
    """Refuse a group that no engine could answer.

    Args:
        group: The group.
        vocabulary: Tokens of the model: 0 to one less.

    Raises:
        EngineError: It has no packs, a pack has no tokens, a parent does not come before its child,
            or a token or a node is out of range.
    """
    if not group.packs:
        raise EngineError("a group without packs")
    _check_tokens(group.prefix, vocabulary)
    for pack in group.packs:
        _check_pack(pack, vocabulary)


def fresh(prefix: Tokens, held: Tokens) -> int:
    """Return how many first tokens of a prefix an engine holds already."""
    for index, (mine, yours) in enumerate(zip(prefix, held, strict=False)):
        if mine != yours:
            return index
    return min(len(prefix), len(held))


def runs(prompts: Sequence[Tokens]) -> Iterator[tuple[int, int, int]]:
    """Yield (start, end, length) of neighbours that share most of what the first two share.

    `length` tokens are common to all of them, and at least one of each is left behind these.
    """
    start, common = 0, 0
    for index in range(1, len(prompts) + 1):
        if index == len(prompts):
            break
        shared = min(fresh(prompts[index], prompts[index - 1]), len(prompts[index]) - 1)
        if index == start + 1:
            common = min(shared, len(prompts[start]) - 1)
        elif min(shared, common) < common // 2:
            yield start, index, common
            start, common = index, 0
        else:
            common = min(shared, common)
    if prompts:
        yield start, len(prompts), common


def at_once(longest: int, most: int) -> int:
    """Return how many texts are written side by side, so that their tokens stay few in memory.

    Args:
        longest: Tokens of the longest of them beyond what they share, answer included.
        most: Of them.
    """
    return max(1, min(most, _TOGETHER // max(1, longest)))


def depths(parents: Sequence[int]) -> list[int]:
    """Return the depth of each node of a pack, 0 for one without a parent in it."""
    found: list[int] = []
    for parent in parents:
        found.append(found[parent] + 1 if parent >= 0 else 0)
    return found


def _check_pack(pack: Pack, vocabulary: int) -> None:
    if not pack.tokens:
        raise EngineError("a pack without tokens")
    _check_tokens(pack.tokens, vocabulary)
    _check_tokens([token for _, token in pack.targets], vocabulary)
    if len(pack.parents) != len(pack.tokens):
        raise EngineError(f"{len(pack.tokens):,} tokens with {len(pack.parents):,} parents")
    for node, parent in enumerate(pack.parents):
        if not -1 <= parent < node:
            raise EngineError(f"node {node:,} of a pack has node {parent:,} for a parent")
    for node, _ in pack.targets:
        if not 0 <= node < len(pack.tokens):
            raise EngineError(f"a target at node {node:,} of {len(pack.tokens):,}")


def _check_tokens(tokens: Sequence[int], vocabulary: int) -> None:
    if tokens and not (min(tokens) >= 0 and max(tokens) < vocabulary):
        wrong = next(token for token in tokens if not 0 <= token < vocabulary)
        raise EngineError(f"token {wrong:,} is none of the {vocabulary:,} of the model")
