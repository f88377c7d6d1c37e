# SPDX-License-Identifier: Apache-2.0
"""The port of every engine: what runs a model, at the level of tokens.

The planner owns the sharing of prefixes, so an engine is asked for groups: a prefix that is
computed once, and packs of suffixes behind it. An engine need not know what a question is.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from steelyard.core.digest import Digest

Tokens = tuple[int, ...]


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """Which engine runs which model, and how it computes: all that a score depends on.

    Attributes:
        engine: Name of the engine, such as `llama`.
        version: Of the engine's library.
        model: Name of the model, for people.
        weights: Digest of the weights.
        tokenizer: Digest of the tokenizer.
        numerics: What else a score depends on, such as `dtype` and `flash_attention`.
        context: Longest sequence, in tokens.
        vocabulary: How many tokens there are.
    """

    engine: str
    version: str
    model: str
    weights: Digest
    tokenizer: Digest
    numerics: Mapping[str, str]
    context: int
    vocabulary: int


class Pack(msgspec.Struct, frozen=True, kw_only=True):
    """Suffixes computed in one pass behind the prefix of their group, as a tree without repetition.

    A node sees the prefix, its ancestors and itself, nothing else. Its position is the length of
    the prefix plus its depth, 0 for a node without a parent in the pack.

    Attributes:
        tokens: The token of each node.
        parents: The index of each node's parent, always smaller than its own; -1 for the prefix.
        targets: Pairs (node, token): the log-probability of that token after that node is wanted.
    """

    tokens: Tokens
    parents: tuple[int, ...]
    targets: tuple[tuple[int, int], ...]


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Packs that share a prefix.

    Attributes:
        prefix: Tokens that all of them begin with; an engine that still holds a beginning of it
            computes the rest alone.
        packs: The suffixes, at least one pack.
    """

    prefix: Tokens
    packs: tuple[Pack, ...]


class Score(msgspec.Struct, frozen=True, array_like=True):
    """What an engine says of one target.

    Attributes:
        logprob: Natural logarithm of the token's probability; at most 0.
        greedy: Whether no other token is more probable.
    """

    logprob: float
    greedy: bool


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """How text is generated.

    Attributes:
        most_tokens: At most so many tokens.
        stop: Texts before the first of which the answer ends.
        temperature: 0 takes the most probable token each time.
        top_p: Share of the probability that is sampled from, above 0 and at most 1.
        seed: Of the sampling; the same seed gives the same text.
    """

    most_tokens: int
    stop: tuple[str, ...] = ()
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0


class Generated(msgspec.Struct, frozen=True, kw_only=True):
    """A text that was generated.

    Attributes:
        text: What came, without the stop text.
        tokens: How many tokens were generated.
    """

    text: str
    tokens: int


class Engine(Protocol):
    """Runs one model."""

    def card(self) -> Card:
        """Return which engine runs which model, and how."""

    def begin(self) -> int | None:
        """Return the token that stands for an empty context: that of the beginning, else the end."""

    def encode(self, text: str, *, special: bool = True) -> Tokens:
        """Return the tokens of a text.

        Args:
            text: The text; special tokens written out in it are recognised.
            special: Whether the tokens come along that the tokenizer puts around any text; they do
                not where the text begins with the text of `begin()` already.
        """

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of some tokens, special ones left out."""

    def chat(self, messages: Sequence[Mapping[str, str]]) -> str:
        """Return the text of a conversation by the model's own template, ready for its answer.

        Raises:
            UsageError: The model has no template.
        """

    def score(self, group: Group) -> Iterator[tuple[Score, ...]]:
        """Yield, for each pack in order, the scores of its targets in order.

        Raises:
            EngineError: The engine failed, or computed something that is no number.
        """

    def generate(
        self, prompts: Sequence[Tokens], sampling: Sampling
    ) -> Iterator[tuple[int, Generated]]:
        """Yield the index of each prompt with what was generated, as it is done.

        Raises:
            EngineError: As `score`.
        """

    def reserve(self, tokens: int) -> None:
        """See to it that there is memory for sequences of so many tokens, before any is computed.

        Raises:
            EngineError: There is not.
        """

    def close(self) -> None:
        """Let go of the model."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a model is.

    Attributes:
        path: Folder or file; None for a server.
        url: Address of a server's interface, up to and including `/v1`; empty for files.
        digests: Digests of the files that are known already, by their path in the folder.
    """

    path: Path | None = None
    url: str = ""
    digests: Mapping[str, Digest] = {}


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """How a model is to be run; an engine that cannot do so says so.

    Attributes:
        dtype: Element type of the computation; empty for the engine's own choice.
        threads: Threads; None for one per free core.
        device: `cpu` or `cuda`; empty for the engine's own choice.
        model: Name of the model behind a server; empty for the only one.
        key: Secret for a server; empty for none.
        memory: Bytes to have in memory at most, weights included; None for what is free.
    """

    dtype: str = ""
    threads: int | None = None
    device: str = ""
    model: str = ""
    key: str = ""
    memory: int | None = None


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of engine: one module of `engines` that defines one.

    Attributes:
        id: One word, lower case, stable.
        title: What it is, in a few words.
        page: Manual page, Markdown.
        suits: Tells whether it can run what is at a place, by names alone.
        open: Loads the model, or raises `EngineError` or `UsageError`.
    """

    id: str
    title: str
    page: str
    suits: Callable[[Place], bool]
    open: Callable[[Place, Wish], Engine]
