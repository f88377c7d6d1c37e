# SPDX-License-Identifier: Apache-2.0
"""Engine `transformers`: safetensors models in torch, on the processor or a CUDA card."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, cast, get_args

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
from steelyard.core.errors import UsageError
from steelyard.engines.chat import render_chat
from steelyard.engines.groups import check_group, depths, runs
from steelyard.engines.memory import refuse
from steelyard.engines.sampling import Draft
from steelyard.engines.transformers.encoding import encoder
from steelyard.engines.transformers.held import Held
from steelyard.engines.transformers.loading import Loaded, load
from steelyard.engines.transformers.scores import read
from steelyard.engines.transformers.trial import same_in_company, try_packs
from steelyard.engines.transformers.writing import Write, write, write_alone

_ALLOCATOR = 3  # a share on top: measured 670 MiB where keys, values and a pass are 506

Dtype = Literal["float32", "bfloat16"]


class Transformers:
    """Scores packs, with a mask that shows a node its ancestors alone.

    Args:
        folder: `config.json`, tokenizer files and safetensors; nothing else of it is loaded.
        dtype: Of weights and computation.
        threads: Threads of torch; the processors this process may use when None.
        device: `cpu`, `cuda`, or None for a CUDA card where there is one.
        digests: Digests of files in the folder that are known already, by name.
        memory: Bytes to have in memory at most, of the device, weights included; None for what is
            free.

    Raises:
        EngineError: The folder cannot be loaded, the model needs its own code or a state that
            packs cannot share, or it scores a small pack otherwise than sequences (`try_packs`).
    """

    def __init__(
        self,
        folder: Path,
        *,
        dtype: Dtype = "float32",
        threads: int | None = None,
        device: str | None = None,
        digests: Mapping[str, Digest] | None = None,
        memory: int | None = None,
    ) -> None:
        import torch

        torch.set_num_threads(threads or len(os.sched_getaffinity(0)))
        chosen = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self._loaded: Loaded = load(folder, dtype=dtype, device=chosen, digests=digests or {})
        self._encode = encoder(self._loaded.tokenizer)
        self._held = Held(self._loaded)
        try_packs(self._loaded, self.score)
        self._token_bytes = self._held.token_bytes()
        self._memory = memory

    def card(self) -> Card:
        """Return which engine runs which model, and how."""
        return self._loaded.card

    def begin(self) -> int | None:
        """Return the token of the beginning, else of the end."""
        return self._loaded.begin

    def encode(self, text: str, *, special: bool = True) -> Tokens:
        """Return the tokens of a text."""
        if special and self._loaded.begin_text and text.startswith(self._loaded.begin_text):
            special = False
        return self._encode(text, special)

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of some tokens, special ones left out."""
        return str(self._loaded.tokenizer.decode(list(tokens), skip_special_tokens=True))

    def chat(self, messages: Sequence[Mapping[str, str]]) -> str:
        """Return the text of a conversation by the model's own template."""
        tokenizer = self._loaded.tokenizer
        template = tokenizer.chat_template
        if isinstance(template, dict):
            template = template.get("default", "")
        return render_chat(template or "", messages, tokenizer.special_tokens_map)

    def score(self, group: Group) -> Iterator[tuple[Score, ...]]:
        """Yield, for each pack in order, the scores of its targets in order."""
        check_group(group, self._loaded.card.vocabulary)
        self._held.hold(group.prefix)
        for pack in group.packs:
            yield self._scores(pack)

    def generate(
        self, prompts: Sequence[Tokens], sampling: Sampling
    ) -> Iterator[tuple[int, Generated]]:
        """Yield the index of each prompt with what was generated, as it is done."""

        def draft(prompt: Tokens) -> Draft:
            return Draft(prompt, sampling, self._loaded.ends, self.decode)

        for start, end, common in runs(prompts):
            self._held.hold(prompts[start][:common])
            for index, generated in self._write(
                self._loaded, self._held, prompts[start:end], draft
            ):
                yield start + index, generated

    def reserve(self, tokens: int) -> None:
        """See to it that there is memory for sequences of so many tokens."""
        needed = tokens * self._token_bytes + self._loaded.pass_bytes(tokens)
        needed += needed // _ALLOCATOR
        hint = (
            "--dtype bfloat16, which halves it"
            if self._loaded.dtype.itemsize > 2
            else "a GGUF file on --engine llama"
        )
        if self._memory is not None:
            hint = f"raise --memory, or use {hint}"
        refuse(tokens, needed, self._loaded.free_memory(self._memory), hint)

    def close(self) -> None:
        """Let go of the keys and values."""
        self._held.forget()

    @functools.cached_property
    def _write(self) -> Write:
        """Texts side by side, or one by one where the model writes others in company."""
        return write if same_in_company(self._loaded) else write_alone

    def _scores(self, pack: Pack) -> tuple[Score, ...]:
        wanted: dict[int, list[int]] = {}
        for place, (node, _) in enumerate(pack.targets):
            wanted.setdefault(node, []).append(place)
        positions = [len(self._held.tokens) + depth for depth in depths(pack.parents)]
        found: dict[int, Score] = {}
        try:
            for nodes, logits in self._held.compute(pack, sorted(wanted)):
                places = [(place, row) for row, node in enumerate(nodes) for place in wanted[node]]
                scores = read(
                    logits,
                    [row for _, row in places],
                    [pack.targets[place][1] for place, _ in places],
                    [positions[node] for node in nodes],
                    self._loaded.rows,
                )
                found.update(zip((place for place, _ in places), scores, strict=True))
        finally:
            self._held.drop()
        return tuple(found[place] for place in range(len(pack.targets)))


def _open(place: Place, wish: Wish) -> Engine:
    if place.path is None:
        raise UsageError("transformers runs files, not servers", hint="--engine openai")
    dtype = wish.dtype or "float32"
    if dtype not in get_args(Dtype):
        raise UsageError(
            f"transformers does not compute in {dtype!r}", hint=" or ".join(get_args(Dtype))
        )
    if wish.device not in ("", "cpu") and not _is_card(wish.device):
        raise UsageError(
            f"there is no device {wish.device!r} that torch knows of here", hint="--device cpu"
        )
    return Transformers(
        place.path,
        dtype=cast(Dtype, dtype),
        threads=wish.threads,
        device=wish.device or None,
        digests=place.digests,
        memory=wish.memory,
    )


def _is_card(device: str) -> bool:
    import torch

    return torch.cuda.is_available() and device in {
        "cuda",
        *(f"cuda:{number}" for number in range(torch.cuda.device_count())),
    }


def _suits(place: Place) -> bool:
    return place.path is not None and (place.path / "config.json").is_file()


TRANSFORMERS = Kind(
    id="transformers",
    title="Folders of safetensors, in torch",
    page="""
A folder with `config.json`, a tokenizer and safetensors, as the hub has them. Needs the extra `hf`. It is
the reference for scores: `float32` by default, `bfloat16` by `--dtype`; on a CUDA card where there is
one. Code of the model's own is never run.
""",
    suits=_suits,
    open=_open,
)
