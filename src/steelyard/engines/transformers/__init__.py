# SPDX-License-Identifier: Apache-2.0
"""Engine `transformers`: safetensors models in torch, on the processor or a CUDA card."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

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
from steelyard.engines.groups import check_group, depths, fresh
from steelyard.engines.sampling import Draft
from steelyard.engines.transformers.attention import Block, blocks
from steelyard.engines.transformers.encoding import encoder
from steelyard.engines.transformers.loading import Loaded, load
from steelyard.engines.transformers.masks import additive, visible
from steelyard.engines.transformers.trial import try_packs

if TYPE_CHECKING:
    import torch

    from steelyard.engines.sampling import Floats

Dtype = Literal["float32", "bfloat16"]


class Transformers:
    """Scores packs in one pass each, with a mask that shows a node its ancestors alone.

    Args:
        folder: `config.json`, tokenizer files and safetensors; nothing else of it is loaded.
        dtype: Of weights and computation.
        threads: Threads of torch; the processors this process may use when None.
        device: `cpu`, `cuda`, or None for a CUDA card where there is one.
        digests: Digests of files in the folder that are known already, by name.

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
    ) -> None:
        import torch

        torch.set_num_threads(threads or len(os.sched_getaffinity(0)))
        chosen = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self._loaded: Loaded = load(folder, dtype=dtype, device=chosen, digests=digests or {})
        self._encode = encoder(self._loaded.tokenizer)
        self._held: Tokens = ()
        self._cache: Any = None
        try_packs(self._loaded, self.score)

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
        self._hold(group.prefix)
        for pack in group.packs:
            yield self._scores(pack)

    def generate(
        self, prompts: Sequence[Tokens], sampling: Sampling
    ) -> Iterator[tuple[int, Generated]]:
        """Yield the index of each prompt with what was generated, one prompt after another.

        Prompts in the order of their tokens share their beginnings.
        """
        for index, prompt in enumerate(prompts):
            draft = Draft(prompt, sampling, self._loaded.ends, self.decode)
            tokens = prompt
            while not draft.done:
                tokens = (*tokens, draft.choose(self._next(tokens)))
            yield index, draft.generated()

    def close(self) -> None:
        """Let go of the model."""
        self._cache = None
        self._held = ()

    def _hold(self, prefix: Tokens) -> None:
        """Have keys and values of exactly a prefix, computing what is new of it."""
        import torch

        kept = fresh(prefix, self._held) if self._cache is not None else 0
        if self._cache is None:
            self._cache = self._loaded.new_cache()
        elif kept < len(self._held):
            self._cache = self._loaded.cropped(self._cache, len(self._held) - kept, kept)
        self._held = prefix[:kept]
        if kept < len(prefix):
            with torch.inference_mode():
                self._forward(prefix[kept:], range(kept, len(prefix)), None, keep=[0])
        self._held = prefix

    def _next(self, tokens: Tokens) -> Floats:
        """Return the logits of what follows some tokens, of which all but the last may be held."""
        import torch

        self._hold(tokens[:-1])
        position = len(tokens) - 1
        with torch.inference_mode():
            logits = self._forward(tokens[-1:], [position], None, keep=[0])[0].float()
            _check_finite(logits.logsumexp(-1, keepdim=True), [position])
        self._held = tokens
        row: Floats = logits.cpu().numpy()
        return row

    def _scores(self, pack: Pack) -> tuple[Score, ...]:
        import torch

        prefix = len(self._held)
        positions = [prefix + depth for depth in depths(pack.parents)]
        nodes = sorted({node for node, _ in pack.targets})
        with torch.inference_mode():
            mask = self._mask(pack.parents, max(positions))
            in_blocks = (
                blocks(pack.parents, mask)
                if self._loaded.takes_blocks and isinstance(mask, torch.Tensor)
                else None
            )
            logits = self._forward(pack.tokens, positions, mask, keep=nodes, blocks=in_blocks)
            self._cache = self._loaded.cropped(self._cache, len(pack.tokens), prefix)
            return self._read(logits, nodes, positions, pack.targets)

    def _mask(
        self, parents: Sequence[int], furthest: int
    ) -> torch.Tensor | dict[str, torch.Tensor]:
        """Return what each node of a pack sees, by kind of layer where the kinds differ."""
        loaded, prefix = self._loaded, len(self._held)
        full = additive(visible(parents, prefix), loaded.dtype, loaded.device)
        if loaded.window is None:
            return full
        near = full
        if furthest >= loaded.window:
            near = additive(visible(parents, prefix, loaded.window), loaded.dtype, loaded.device)
        if loaded.kinds == {"sliding_attention"}:
            return near
        return {"full_attention": full, "sliding_attention": near}

    def _forward(
        self,
        tokens: Sequence[int],
        positions: Sequence[int],
        mask: torch.Tensor | dict[str, torch.Tensor] | None,
        keep: Sequence[int],
        blocks: Sequence[Block] | None = None,
    ) -> torch.Tensor:
        import torch

        device = self._loaded.device
        output = self._loaded.model(
            input_ids=torch.tensor([tokens], device=device),
            position_ids=torch.tensor([list(positions)], device=device),
            attention_mask=mask,
            use_cache=True,
            logits_to_keep=torch.tensor(list(keep), device=device),
            **{self._loaded.cache_argument: self._cache},
            **({"blocks": blocks} if blocks else {}),
        )
        logits: torch.Tensor = output.logits[0]
        return logits

    def _read(
        self,
        logits: torch.Tensor,
        nodes: Sequence[int],
        positions: Sequence[int],
        targets: Sequence[tuple[int, int]],
    ) -> tuple[Score, ...]:
        import torch

        rows = {node: row for row, node in enumerate(nodes)}
        row = torch.tensor([rows[node] for node, _ in targets], device=logits.device)
        token = torch.tensor([token for _, token in targets], device=logits.device)
        sums = torch.empty(len(nodes), device=logits.device)
        most = torch.empty(len(nodes), device=logits.device)
        for at in range(0, len(nodes), self._loaded.rows):
            some = logits[at : at + self._loaded.rows].float()
            most[at : at + len(some)] = some.amax(-1)
            sums[at : at + len(some)] = some.logsumexp(-1)
        _check_finite(sums, [positions[node] for node in nodes])
        chosen = logits[row, token].float()
        greedy = chosen == most[row]
        for place in greedy.nonzero()[:, 0].tolist():  # of equals, the first is the greedy one
            greedy[place] = logits[row[place]].argmax() == token[place]
        return tuple(map(Score, (chosen - sums[row]).tolist(), greedy.tolist()))


def _check_finite(sums: torch.Tensor, positions: Sequence[int]) -> None:
    wrong = (~sums.isfinite()).nonzero()
    if len(wrong):
        raise EngineError(
            f"the model computed no number after token {positions[int(wrong[0])]:,} of a sequence",
            hint="try --dtype float32; if that fails too, the weights are damaged",
        )


def _open(place: Place, wish: Wish) -> Engine:
    if place.path is None:
        raise UsageError("transformers runs files, not servers", hint="--engine openai")
    dtype = wish.dtype or "float32"
    if dtype not in get_args(Dtype):
        raise UsageError(
            f"transformers does not compute in {dtype!r}", hint=" or ".join(get_args(Dtype))
        )
    return Transformers(
        place.path,
        dtype=cast(Dtype, dtype),
        threads=wish.threads,
        device=wish.device or None,
        digests=place.digests,
    )


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
