# SPDX-License-Identifier: Apache-2.0
"""Texts generated side by side behind their common beginning, or one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from steelyard.core.engine import Generated, Pack, Tokens
from steelyard.engines.groups import at_once
from steelyard.engines.sampling import Draft
from steelyard.engines.transformers.beside import Beside, finite
from steelyard.engines.transformers.held import Held
from steelyard.engines.transformers.loading import Loaded
from steelyard.engines.transformers.slices import NODES

Write: TypeAlias = Callable[
    [Loaded, Held, Sequence[Tokens], Callable[[Tokens], Draft]], Iterator[tuple[int, Generated]]
]
"""Yields the index of each prompt with its text, as it is done; at least one token of each prompt
lies behind what is held."""


class _Line:
    """A text on its way: where it is, and which token comes next."""

    def __init__(self, index: int, prompt: Tokens, draft: Draft) -> None:
        self.index = index
        self.draft = draft
        self.prompt = prompt
        self.length = len(prompt)
        self.token = -1


def write(
    loaded: Loaded, held: Held, prompts: Sequence[Tokens], draft: Callable[[Tokens], Draft]
) -> Iterator[tuple[int, Generated]]:
    """Write texts side by side; a text that is done makes room for the next."""
    waiting = [_Line(index, prompt, draft(prompt)) for index, prompt in enumerate(prompts)][::-1]
    beside = Beside(loaded, held)
    longest = max(line.draft.most + line.length for line in waiting) - len(held.tokens)
    most = at_once(longest, loaded.texts)
    lines: list[_Line] = []
    while waiting or lines:
        while waiting and len(lines) < most:
            some = _some(waiting, len(held.tokens), most - len(lines))
            _begin(held, beside, some)
            lines += some
        if done := [line for line in lines if line.draft.done]:
            beside.drop([line.index for line in done])
            lines = [line for line in lines if not line.draft.done]
            yield from ((line.index, line.draft.generated()) for line in done)
        if lines:
            _step(beside, lines)


def write_alone(
    loaded: Loaded, held: Held, prompts: Sequence[Tokens], draft: Callable[[Tokens], Draft]
) -> Iterator[tuple[int, Generated]]:
    """Write one text after another, with nothing that the model has not made itself."""
    for index, prompt in enumerate(prompts):
        line = _Line(index, prompt, draft(prompt))
        tokens = prompt
        while not line.draft.done:
            logits = held.next(tokens)
            tokens = (*tokens, line.draft.choose(finite(logits, [len(tokens) - 1])[0]))
        yield index, line.draft.generated()


def _some(waiting: list[_Line], held: int, most: int) -> list[_Line]:
    """Return who of those that wait, the last ones, begin in one pass; at least one."""
    some = [waiting.pop()]
    nodes = some[0].length - held
    while waiting and len(some) < most and (nodes := nodes + waiting[-1].length - held) <= NODES:
        some.append(waiting.pop())
    return some


def _begin(held: Held, beside: Beside, lines: Sequence[_Line]) -> None:
    """Compute prompts, as a pack behind the prefix, and choose the first token of each text."""
    prefix = len(held.tokens)
    tokens: list[int] = []
    parents: list[int] = []
    owners: list[int] = []
    places: list[int] = []
    last: dict[int, _Line] = {}
    for line in lines:
        parents += [-1, *range(len(tokens), len(tokens) + line.length - prefix - 1)]
        tokens += line.prompt[prefix:]
        owners += [line.index] * (line.length - prefix)
        places += range(prefix, line.length)
        last[len(tokens) - 1] = line
    pack = Pack(tokens=tuple(tokens), parents=tuple(parents), targets=())
    try:
        for nodes, logits in held.compute(pack, sorted(last)):
            for node, row in zip(
                nodes, finite(logits, [places[node] for node in nodes]), strict=True
            ):
                if not last[node].draft.done:
                    last[node].token = last[node].draft.choose(row)
        beside.take(held, owners, places)
    finally:
        held.drop()


def _step(beside: Beside, lines: Sequence[_Line]) -> None:
    """Let each text go on by a token."""
    rows = beside.step(
        [line.index for line in lines],
        [line.token for line in lines],
        [line.length for line in lines],
    )
    for line, row in zip(lines, rows, strict=True):
        line.length += 1
        line.token = line.draft.choose(row)
