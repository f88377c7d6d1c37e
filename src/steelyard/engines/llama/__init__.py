# SPDX-License-Identifier: Apache-2.0
"""Engine `llama`: GGUF models in llama.cpp, in this process, on the processor."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.core.digest import Digest
from steelyard.core.engine import (
    Card,
    Engine,
    Generated,
    Group,
    Kind,
    Pack,
    Place,
    Sampling,
    Score,
    Tokens,
    Wish,
)
from steelyard.core.errors import EngineError, UsageError
from steelyard.engines.chat import render_chat
from steelyard.engines.files import digest_file
from steelyard.engines.groups import at_once, check_group, fresh, runs
from steelyard.engines.llama.branches import branches
from steelyard.engines.llama.library import VERSION, llama_cpp
from steelyard.engines.llama.model import Model
from steelyard.engines.llama.window import Entry, Window, chain, window_bytes
from steelyard.engines.llama.writing import SIDE_BY_SIDE, write
from steelyard.engines.memory import free_memory, refuse
from steelyard.engines.sampling import Draft

if TYPE_CHECKING:
    from steelyard.engines.sampling import Floats

_LATER_SHARD = re.compile(r"-(?!00001)\d{5}-of-\d{5}\.gguf$")


class Llama:
    """Scores packs branch by branch, behind what they share; flash attention is off.

    Args:
        path: The GGUF file; of a sharded model, the first.
        threads: Threads of llama.cpp; the processors this process may use when None.
        digests: Digests of files that are known already, by name.
        memory: Bytes to have in memory at most, weights included; None for what is free.

    Raises:
        EngineError: llama.cpp is not installed in the version that fits, the file cannot be loaded,
            or the model keeps a state that sequences cannot share.
    """

    def __init__(
        self,
        path: Path,
        *,
        threads: int | None = None,
        digests: Mapping[str, Digest] | None = None,
        memory: int | None = None,
    ) -> None:
        loaded = llama_cpp()
        self._model = Model(path, loaded)
        if self._model.keeps_state:
            self._model.close()
            raise EngineError(
                f"the model in {path.name!r} keeps a state that requests cannot share",
                hint="only models whose layers all are attention run on the engine llama",
            )
        self._window = Window(self._model, loaded, threads or len(os.sched_getaffinity(0)))
        self._memory = memory
        self._held: Tokens = ()
        self._card = Card(
            engine="llama",
            version=VERSION,
            model=path.name,
            weights=digest_file(path, digests or {}),
            tokenizer=self._model.tokenizer_digest(),
            numerics={"flash_attention": "off", "kv": "f16", "device": "cpu"},
            context=self._model.context,
            vocabulary=self._model.vocabulary,
        )

    def card(self) -> Card:
        """Return which engine runs which model, and how."""
        return self._card

    def begin(self) -> int | None:
        """Return the token of the beginning, else of the end."""
        return self._model.begin

    def encode(self, text: str, *, special: bool = True) -> Tokens:
        """Return the tokens of a text."""
        return self._model.encode(text, special=special)

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of some tokens, special ones left out."""
        return self._model.decode(tokens)

    def chat(self, messages: Sequence[Mapping[str, str]]) -> str:
        """Return the text of a conversation by the model's own template."""
        return render_chat(self._model.template(), messages, self._model.special())

    def score(self, group: Group) -> Iterator[tuple[Score, ...]]:
        """Yield, for each pack in order, the scores of its targets in order."""
        check_group(group, self._model.vocabulary)
        room = len(group.prefix) + max(len(pack.tokens) for pack in group.packs)
        self._hold(group.prefix, room)
        for pack in group.packs:
            yield self._scores(pack)

    def generate(
        self, prompts: Sequence[Tokens], sampling: Sampling
    ) -> Iterator[tuple[int, Generated]]:
        """Yield the index of each prompt with what was generated, as it is done."""

        def draft(prompt: Tokens) -> Draft:
            return Draft(prompt, sampling, self._model.ends, self._model.decode)

        for start, end, common in runs(prompts):
            some = prompts[start:end]
            longest = max(map(len, some)) - common + sampling.most_tokens
            lines = at_once(longest, SIDE_BY_SIDE)
            self._hold(some[0][:common], common + lines * longest)
            for index, generated in write(self._window, some, common, draft, lines):
                yield start + index, generated

    def reserve(self, tokens: int) -> None:
        """See to it that there is memory for sequences of so many tokens."""
        needed = window_bytes(self._model, tokens)
        if needed is not None:
            hint = "a machine with more memory, or tasks with shorter texts"
            if self._memory is not None:
                hint = "raise --memory"
            refuse(tokens, needed, free_memory(self._memory), hint)

    def close(self) -> None:
        """Let go of the model."""
        self._window.close()
        self._model.close()

    def _hold(self, prefix: Tokens, room: int) -> None:
        """Have exactly a prefix as sequence 0, computing what is new of it."""
        if self._window.reserve(room):
            self._held = ()
        kept = fresh(prefix, self._held)
        self._window.drop(0, kept)
        self._held = prefix[:kept]
        for _ in self._window.compute_alone(chain(prefix[kept:], kept, 0, last=False)):
            pass  # no logits are wanted
        self._held = prefix

    def _scores(self, pack: Pack) -> tuple[Score, ...]:
        prefix = len(self._held)
        wanted: dict[int, list[tuple[int, int]]] = {}
        for place, (node, token) in enumerate(pack.targets):
            wanted.setdefault(node, []).append((place, token))
        scores: dict[int, Score] = {}
        try:
            for branch in branches(pack):
                start = prefix + branch.depth
                self._window.drop(0, start)
                entries = [
                    Entry(pack.tokens[node], start + index, (0,), node in wanted)
                    for index, node in enumerate(branch.nodes)
                ]
                nodes = [node for node in branch.nodes if node in wanted]
                for node, row in zip(nodes, self._window.compute_alone(entries), strict=True):
                    scores.update(_read(row, wanted[node]))
        finally:
            self._window.drop(0, prefix)
        return tuple(scores[place] for place in range(len(pack.targets)))


def _read(row: Floats, wanted: Sequence[tuple[int, int]]) -> Iterator[tuple[int, Score]]:
    import numpy as np

    best = int(row.argmax())
    exact = row.astype(np.float64)
    total = float(exact[best] + np.log(np.exp(exact - exact[best]).sum()))
    for place, token in wanted:
        yield place, Score(float(exact[token]) - total, token == best)


def _files(path: Path) -> list[Path]:
    """Return the GGUF files at a place; of a sharded model the first alone."""
    found = sorted(path.glob("*.gguf")) if path.is_dir() else [path]
    return [one for one in found if one.suffix == ".gguf" and not _LATER_SHARD.search(one.name)]


def _open(place: Place, wish: Wish) -> Engine:
    if place.path is None:
        raise UsageError("llama runs files, not servers", hint="--engine openai")
    if wish.dtype or wish.device not in ("", "cpu"):
        raise UsageError(
            "llama computes as the file's types say, on the processor",
            hint="leave out --dtype and --device; the engine transformers takes them",
        )
    found = _files(place.path)
    if not found:
        raise UsageError(
            f"there is no GGUF model in {str(place.path)!r}",
            hint="a folder with config.json and safetensors runs on the engine transformers",
        )
    if len(found) > 1:
        many = ", ".join(one.name for one in found[:5])
        raise UsageError(
            f"{str(place.path)!r} holds {len(found)} GGUF models: {many}", hint="name the file"
        )
    return Llama(found[0], threads=wish.threads, digests=place.digests, memory=wish.memory)


LLAMA = Kind(
    id="llama",
    title="GGUF files, in llama.cpp",
    page="""
A GGUF file, run in this process by the llama.cpp of the package xllamacpp. Needs the extra `llama`. Flash
attention is off, since with it a score depends on what else is computed beside it; the card of each run
says so. It is the engine for writing text and for little memory; for scoring many questions transformers
is faster on most processors.
""",
    suits=lambda place: place.path is not None and bool(_files(place.path)),
    open=_open,
)
