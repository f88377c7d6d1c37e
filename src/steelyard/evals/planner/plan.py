# SPDX-License-Identifier: Apache-2.0
"""The plan of a run: every request as tokens, what is computed for them, and in which order."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.digest import Digest, canonical, digest_bytes
from steelyard.core.engine import Engine, Generated, Group, Sampling, Score, Tokens
from steelyard.evals.planner.cuts import Cut, Shape, cuts
from steelyard.evals.planner.encode import Encoder, Pair
from steelyard.evals.planner.packs import Filled, Scored, fill
from steelyard.evals.planner.trie import Trie, pack_tokens, unpack_tokens
from steelyard.evals.requests import Answer, Completion, Likelihood, Request, Written

if TYPE_CHECKING:
    from steelyard.evals.planner.trie import Integers

_PACKS = 64  # of a group at once; a longer one follows as another group with the same prefix

Key = Digest
"""What was asked, by its tokens: names a result in a store, beside the card of the engine."""

Result = Score | Generated
"""What an engine says of a key: the sum over its tokens and whether all are greedy, or a text."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What scoring costs, in tokens fed to the model; generation is not among it.

    Attributes:
        computed: As this plan has them computed.
        minimum: Nodes of the trie: no plan computes fewer.
        naive: Each different sequence by itself, as lm-evaluation-harness does with transformers.
    """

    computed: int
    minimum: int
    naive: int


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What the scores of one pack answer.

    Attributes:
        keys: What was asked.
        found: For each of them, the indices of its targets in the pack.
    """

    keys: tuple[Key, ...]
    found: tuple[tuple[int, ...], ...]


class Writing(msgspec.Struct, frozen=True, kw_only=True):
    """Prompts to be answered with the same sampling, sorted by their tokens.

    Attributes:
        sampling: How.
        keys: What is asked by each prompt.
        prompts: The prompts.
    """

    sampling: Sampling
    keys: tuple[Key, ...]
    prompts: tuple[Tokens, ...]


class _Asked(msgspec.Struct, frozen=True):
    """A request by the keys of its parts; several only for a text in windows."""

    keys: tuple[Key, ...]
    tokens: int
    cut: int


class Plan:
    """What to compute for some requests, and how their answers follow from it.

    The same requests in any order give the same groups.

    Attributes:
        counts: What scoring costs.
        root: Digest of all that is asked, in no order: equal where the same tokens are scored and
            written, whatever the texts and tasks they came from.
    """

    def __init__(self, requests: Iterable[Request], engine: Engine, shape: Shape) -> None:
        self._asked: list[_Asked] = []
        self._prompts: dict[Key, tuple[Sampling, Tokens]] = {}
        self._keys: dict[tuple[bytes, int, int], Key] = {}
        encoder = Encoder(engine)
        for request in requests:
            if isinstance(request, Completion):
                self._ask_text(request, *encoder.prompt(request))
            else:
                self._ask_scores(encoder.pairs(request))
        self._trie, self._scored = self._sorted()
        self._cuts = tuple(cuts(self._trie, shape)) if self._scored else ()
        self.counts = Counts(
            computed=self.cost(frozenset()),
            minimum=self._trie.nodes(),
            naive=int(self._trie.length.sum()),
        )
        self.root = digest_bytes("".join(sorted([*self._keys.values(), *self._prompts])).encode())

    def keys(self) -> set[Key]:
        """Return the keys of all that is asked."""
        return {key for asked in self._asked for key in asked.keys}

    def asked(self) -> list[tuple[Key, ...]]:
        """Return the keys of each request, in the order of the requests."""
        return [asked.keys for asked in self._asked]

    def longest(self, known: Container[Key]) -> int:
        """Return the tokens of the longest sequence of what is not known, answers included."""
        scored = (
            len(unpack_tokens(place[0])) for place, key in self._keys.items() if key not in known
        )
        written = (
            len(prompt) + sampling.most_tokens
            for key, (sampling, prompt) in self._prompts.items()
            if key not in known
        )
        return max(itertools.chain(scored, written), default=0)

    def cost(self, known: Container[Key]) -> int:
        """Return how many tokens are computed for all that is not known."""
        computed, held, holds = 0, 0, 0  # length of the held prefix, and a sequence it begins
        for cut in self._cuts:
            packs = [wanted for chosen in cut.packs if (wanted := self._wanted(chosen, known))]
            if not packs:
                continue
            first = packs[0][0]
            kept = min(held, cut.prefix, self._trie.common(holds, first)) if held else 0
            computed += cut.prefix - kept
            computed += sum(self._nodes(wanted) - cut.prefix for wanted in packs)
            held, holds = cut.prefix, first
        return computed

    def groups(
        self, known: Container[Key] = frozenset()
    ) -> Iterator[tuple[Group, tuple[Step, ...]]]:
        """Yield what to score, in order, with what each pack answers.

        Packs of which everything is known are left out, and others shrink to what is not: a run
        that goes on computes the packs that it would have computed.
        """
        for cut in self._cuts:
            filled: list[Filled] = []
            steps: list[Step] = []
            head: bytes = b""
            for chosen in cut.packs:
                wanted = self._wanted(chosen, known)
                if not wanted:
                    continue
                head = self._trie.sequences[wanted[0]]
                filled.append(self._fill(wanted, cut.prefix, known))
                steps.append(Step(keys=self._keys_of(wanted, known), found=filled[-1].found))
                if len(steps) == _PACKS:
                    yield _group(head, cut, filled), tuple(steps)
                    filled, steps = [], []
            if steps:
                yield _group(head, cut, filled), tuple(steps)

    def writings(self, known: Container[Key] = frozenset()) -> Iterator[Writing]:
        """Yield what to generate, prompts with the same sampling together."""
        by_sampling: dict[bytes, list[Key]] = {}
        for key, (sampling, _) in self._prompts.items():
            if key not in known:
                by_sampling.setdefault(canonical(sampling), []).append(key)
        for _, keys in sorted(by_sampling.items()):
            keys.sort(key=lambda key: (self._prompts[key][1], key))
            yield Writing(
                sampling=self._prompts[keys[0]][0],
                keys=tuple(keys),
                prompts=tuple(self._prompts[key][1] for key in keys),
            )

    def prompts(self, known: Container[Key] = frozenset()) -> int:
        """Return the tokens of the prompts of texts to write, common beginnings once.

        No engine computes fewer; how many it did compute, an engine does not say.
        """
        found = 0
        for writing in self.writings(known):
            before: Tokens = ()
            for prompt in writing.prompts:
                found += len(prompt) - _common(prompt, before)
                before = prompt
        return found

    def answers(self, results: Mapping[Key, Result]) -> list[Answer]:
        """Return the answer to each request, in the order of the requests.

        Args:
            results: The result of every key.
        """
        return [_answer(asked, [results[key] for key in asked.keys]) for asked in self._asked]

    def _ask_scores(self, pairs: Sequence[Pair]) -> None:
        keys = []
        for pair in pairs:
            tokens = pack_tokens(pair.context + pair.continuation[:-1])
            place = (tokens, len(pair.context), pair.continuation[-1])
            if place not in self._keys:
                self._keys[place] = _key(*place)
            keys.append(self._keys[place])
        scored = sum(len(pair.continuation) for pair in pairs)
        self._asked.append(_Asked(tuple(keys), scored, sum(pair.cut for pair in pairs)))

    def _ask_text(self, request: Completion, prompt: Tokens, cut: int) -> None:
        text = canonical(request.sampling) + b"\0" + pack_tokens(prompt)
        key = digest_bytes(text)
        self._prompts[key] = (request.sampling, prompt)
        self._asked.append(_Asked((key,), 0, cut))

    def _sorted(self) -> tuple[Trie, list[list[Scored]]]:
        found: dict[bytes, list[tuple[int, int]]] = {}
        for tokens, start, last in self._keys:
            found.setdefault(tokens, []).append((start, last))
        sequences = sorted(found)
        scored = [[Scored(*place) for place in sorted(found[tokens])] for tokens in sequences]
        return Trie(sequences, [things[0].start - 1 for things in scored]), scored

    def _wanted(self, chosen: Integers, known: Container[Key]) -> list[int]:
        return [index for index in chosen.tolist() if self._missing(index, known)]

    def _missing(self, index: int, known: Container[Key]) -> list[Scored]:
        return [thing for thing in self._scored[index] if self._key(index, thing) not in known]

    def _fill(self, wanted: list[int], prefix: int, known: Container[Key]) -> Filled:
        tokens = [unpack_tokens(self._trie.sequences[index]) for index in wanted]
        return fill(tokens, [self._missing(index, known) for index in wanted], prefix)

    def _keys_of(self, wanted: list[int], known: Container[Key]) -> tuple[Key, ...]:
        return tuple(
            self._key(index, thing) for index in wanted for thing in self._missing(index, known)
        )

    def _key(self, index: int, thing: Scored) -> Key:
        return self._keys[self._trie.sequences[index], thing.start, thing.last]

    def _nodes(self, chosen: list[int]) -> int:
        """Return the nodes of the trie that some sequences, ascending, span."""
        import numpy as np

        indices = np.asarray(chosen)
        return int(self._trie.length[indices].sum() - self._trie.between(indices).sum())


def _group(head: bytes, cut: Cut, filled: Sequence[Filled]) -> Group:
    prefix = tuple(unpack_tokens(head)[: cut.prefix].tolist())
    return Group(prefix=prefix, packs=tuple(one.pack for one in filled))


def _key(tokens: bytes, start: int, last: int) -> Key:
    digest = hashlib.sha256(b"%d:%d:" % (start, last))
    digest.update(tokens)
    return f"sha256:{digest.hexdigest()}"


def _common(one: Tokens, other: Tokens) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (mine, yours) in pairs if mine != yours), min(len(one), len(other)))


def _answer(asked: _Asked, results: Sequence[Result]) -> Answer:
    first = results[0] if results else None
    if isinstance(first, Generated):
        return Written(text=first.text, tokens=first.tokens, cut=asked.cut)
    scores = [result for result in results if isinstance(result, Score)]
    return Likelihood(
        logprob=sum(score.logprob for score in scores),
        greedy=all(score.greedy for score in scores),
        tokens=asked.tokens,
        cut=asked.cut,
    )
