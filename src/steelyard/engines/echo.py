# SPDX-License-Identifier: Apache-2.0
"""Engine `echo`: no model at all, for tests of whatever stands on an engine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from steelyard.core.digest import digest_bytes
from steelyard.core.engine import Card, Generated, Group, Kind, Pack, Sampling, Score, Tokens
from steelyard.engines.chat import render_chat
from steelyard.engines.groups import check_group, fresh
from steelyard.engines.sampling import Draft

if TYPE_CHECKING:
    from steelyard.engines.sampling import Floats

_BEGIN, _END, _VOCABULARY = 256, 257, 258
_TEMPLATE = "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}<assistant>"


class Echo:
    """Answers from a hash of all the tokens a node may see; a token is a byte of UTF-8.

    The probabilities are true ones, and they change with every token on the path, so that a wrong
    parent, a wrong prefix or a wrong order changes the scores. Greedy texts follow from the same.

    Args:
        context: Longest sequence, in tokens.
        begins: Whether there is a token of the beginning, put before each text; without it neither
            is there one of the end.

    Attributes:
        computed: How many tokens have been computed, as an engine that keeps the last prefix would.
        calls: How many passes that took.
    """

    def __init__(self, context: int = 2048, *, begins: bool = True) -> None:
        self._context = context
        self._begins = begins
        self._held: Tokens = ()
        self.computed = 0
        self.calls = 0

    def card(self) -> Card:
        """Return which engine runs which model, and how."""
        return Card(
            engine="echo",
            version="1",
            model="echo",
            weights=digest_bytes(b"echo"),
            tokenizer=digest_bytes(b"bytes"),
            numerics={},
            context=self._context,
            vocabulary=_VOCABULARY,
        )

    def begin(self) -> int | None:
        """Return the token of the beginning."""
        return _BEGIN if self._begins else None

    def encode(self, text: str, *, special: bool = True) -> Tokens:
        """Return the bytes of a text."""
        tokens = tuple(text.encode())
        return (_BEGIN, *tokens) if special and self._begins else tokens

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of some bytes; what is no UTF-8 shows as such."""
        return bytes(token for token in tokens if token < _BEGIN).decode(errors="replace")

    def chat(self, messages: Sequence[Mapping[str, str]]) -> str:
        """Return a conversation, one line a message."""
        return render_chat(_TEMPLATE, messages, {})

    def score(self, group: Group) -> Iterator[tuple[Score, ...]]:
        """Yield, for each pack in order, the scores of its targets in order."""
        check_group(group, _VOCABULARY)
        self._hold(group.prefix)
        root = _state(b"", group.prefix)
        for pack in group.packs:
            self.computed += len(pack.tokens)
            self.calls += 1
            yield _scores(pack, root)

    def generate(
        self, prompts: Sequence[Tokens], sampling: Sampling
    ) -> Iterator[tuple[int, Generated]]:
        """Yield the index of each prompt with what follows from its hash."""
        for index, prompt in enumerate(prompts):
            draft = Draft(prompt, sampling, frozenset({_BEGIN, _END}), self.decode)
            state = _state(b"", prompt)
            while not draft.done:
                state = _state(state, (draft.choose(_logits(state)),))
            yield index, draft.generated()

    def reserve(self, tokens: int) -> None:
        """Do nothing: there is no model."""

    def close(self) -> None:
        """Do nothing."""

    def _hold(self, prefix: Tokens) -> None:
        new = len(prefix) - fresh(prefix, self._held)
        self.computed += new
        self.calls += new > 0
        self._held = prefix


def _scores(pack: Pack, root: bytes) -> tuple[Score, ...]:
    import numpy as np

    states: list[bytes] = []
    for token, parent in zip(pack.tokens, pack.parents, strict=True):
        states.append(_state(states[parent] if parent >= 0 else root, (token,)))
    rows = {node: _logits(states[node]).astype(np.float64) for node, _ in pack.targets}
    sums = {node: float(np.log(np.exp(row).sum())) for node, row in rows.items()}
    return tuple(
        Score(float(rows[node][token]) - sums[node], int(rows[node].argmax()) == token)
        for node, token in pack.targets
    )


def _state(before: bytes, tokens: Sequence[int]) -> bytes:
    for token in tokens:
        before = hashlib.blake2b(before + token.to_bytes(4, "big"), digest_size=16).digest()
    return before


def _logits(state: bytes) -> Floats:
    """Return logits in -8..8 of what follows a state: half of the printable bytes are likely."""
    import numpy as np

    stream = hashlib.shake_128(state).digest(2 * _VOCABULARY)
    logits = np.frombuffer(stream, dtype="<u2").astype(np.float32) / 4096 - 8
    logits[32:127] += 4
    return logits


ECHO = Kind(
    id="echo",
    title="No model at all, for tests",
    page="""
Answers from a hash of all that a token may see. Its scores mean nothing, cost nothing, and are the same
on every machine: for trying a task file, and for tests of whatever stands on an engine.
""",
    suits=lambda place: False,
    open=lambda place, wish: Echo(),
)
