# SPDX-License-Identifier: Apache-2.0
"""Load a folder of safetensors with transformers: local files, no code of the model's own."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steelyard.core.digest import Digest
from steelyard.core.engine import Card
from steelyard.core.errors import EngineError
from steelyard.engines.files import digest_files
from steelyard.engines.memory import free_memory
from steelyard.engines.transformers.attention import NAME, register
from steelyard.engines.transformers.slices import LOGITS, NODES

if TYPE_CHECKING:
    import torch

_LENGTHS = ("n_positions", "max_position_embeddings", "n_ctx")  # as lm-eval 0.4.13 looks for them
_UNKNOWN_LENGTH = 2048
_TOKENIZER = ("tokenizer", "vocab", "merges", "special_tokens", "added_tokens", "spiece")


class Loaded:
    """A model in memory, and what of it engines ask again and again.

    Attributes:
        model: A causal language model of transformers.
        tokenizer: Its tokenizer.
        card: Which model it is, and how it computes.
        begin: The token of the beginning, else of the end.
        begin_text: The text of that token.
        dtype: Of the computation.
        device: Where it happens.
        ends: Tokens that end a text.
        rows: Rows of logits to look at at once: few enough to stay in the processor's cache.
        texts: Texts to write side by side.
        takes_blocks: Whether packs may be attended to block by block.
        window: How many tokens back layers with a sliding window look; None where none has one.
        kinds: `full_attention`, `sliding_attention` or both.
        cache_argument: What the model calls keys and values; transformers 5.23 renamed it.
    """

    def __init__(self, model: Any, tokenizer: Any, card: Card) -> None:  # noqa: ANN401 - theirs
        self.model = model
        self.tokenizer = tokenizer
        self.card = card
        begin = tokenizer.bos_token_id
        self.begin: int | None = begin if begin is not None else tokenizer.eos_token_id
        self.begin_text: str = "" if self.begin is None else tokenizer.decode(self.begin)
        self.dtype: torch.dtype = model.dtype
        self.device: torch.device = model.device
        self.ends = _ends(model, tokenizer)
        self.rows = 8 if self.device.type == "cpu" else 256
        self.texts = 8 if self.device.type == "cpu" else 32
        self.takes_blocks = model.config._attn_implementation == NAME
        config = getattr(model.config, "text_config", None) or model.config
        window = getattr(config, "sliding_window", None)
        kinds = getattr(config, "layer_types", None) or ["sliding_attention"]
        self.kinds = set(kinds) if window else {"full_attention"}
        self.window: int | None = window if "sliding_attention" in self.kinds else None
        named = inspect.signature(model.forward).parameters
        self.cache_argument = "cache" if "cache" in named else "past_key_values"

    def new_cache(self) -> Any:  # noqa: ANN401
        """Return keys and values of nothing."""
        from transformers import DynamicCache

        return DynamicCache()

    def free_memory(self, limit: int | None) -> int | None:
        """Return how many bytes of the device may still be taken; see `engines.memory`."""
        import torch

        if self.device.type != "cuda":
            return free_memory(limit)
        free, _ = torch.cuda.mem_get_info(self.device)
        held = torch.cuda.memory_allocated(self.device)
        spare = torch.cuda.memory_reserved(self.device) - held
        there = int(free + spare)
        return there if limit is None else min(there, limit - int(held))

    def pass_bytes(self, tokens: int) -> int:
        """Return about how many bytes a pass takes that ends a sequence of so many tokens.

        These are masks, what the layers hand on, and logits; keys and values are not among them.
        """
        config = getattr(self.model.config, "text_config", None) or self.model.config
        hidden = int(config.hidden_size)
        inner = int(getattr(config, "intermediate_size", None) or 4 * hidden)
        nodes = min(NODES, tokens)
        layers = 2 * tokens + 3 * inner + 8 * hidden
        logits = min(nodes * self.card.vocabulary * self.dtype.itemsize, LOGITS)
        return int(nodes * layers * self.dtype.itemsize + logits)

    def by_kind(
        self, full: torch.Tensor, near: torch.Tensor
    ) -> torch.Tensor | dict[str, torch.Tensor]:
        """Return masks as the model takes them: by kind of layer where the kinds differ.

        Args:
            full: Of layers that see all of the past.
            near: Of layers with a sliding window.
        """
        if len(self.kinds) > 1:
            return {"full_attention": full, "sliding_attention": near}
        return full if self.window is None else near

    def forward(
        self,
        tokens: Sequence[int],
        positions: Sequence[int],
        mask: torch.Tensor | dict[str, torch.Tensor] | None,
        cache: Any,  # noqa: ANN401
        keep: Sequence[int],
        **rest: Any,  # noqa: ANN401 - for the attention
    ) -> torch.Tensor:
        """Return logits, and have keys and values in the cache.

        Args:
            tokens: One row of them.
            positions: Of each.
            mask: As `by_kind` returns it; None where each sees all before it.
            cache: Of what comes before; is longer by the tokens afterwards.
            keep: Which of the tokens the logits are wanted after.
            rest: What the attention takes beside.

        Returns:
            keep x vocabulary.

        Raises:
            EngineError: The card has no room for it.
        """
        import torch

        with torch.inference_mode():
            try:
                output = self.model(
                    input_ids=torch.tensor([list(tokens)], device=self.device),
                    position_ids=torch.tensor([list(positions)], device=self.device),
                    attention_mask=mask,
                    use_cache=True,
                    logits_to_keep=torch.tensor(list(keep), device=self.device),
                    **{self.cache_argument: cache},
                    **rest,
                )
            except torch.OutOfMemoryError as error:
                raise EngineError(
                    f"the card has no room for {len(tokens):,} tokens more: {error}",
                    hint="--dtype bfloat16 takes half of it, --device cpu none",
                ) from error
        logits: torch.Tensor = output.logits[0]
        return logits


def load(folder: Path, *, dtype: str, device: str, digests: Mapping[str, Digest]) -> Loaded:
    """Load the model of a folder.

    Raises:
        EngineError: It cannot be loaded, or cannot be run in packs.
    """
    import torch
    import transformers

    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise EngineError(
            f"no safetensors in {str(folder)!r}",
            hint="GGUF files run on the engine llama; pickled weights are not loaded",
        )
    transformers.utils.logging.disable_progress_bar()
    local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **local)
        model = transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype=getattr(torch, dtype), use_safetensors=True, **local
        )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise EngineError(
            f"transformers cannot load {str(folder)!r}: {error}",
            hint="steelyard check tells what the folder holds",
        ) from error
    try:
        model = model.eval().to(device)
    except torch.OutOfMemoryError as error:
        raise EngineError(
            f"the card has no room for the weights: {error}",
            hint="--dtype bfloat16 halves them, or --device cpu",
        ) from error
    if model.config._attn_implementation == "sdpa":
        register()
        model.set_attn_implementation(NAME)
    if getattr(model, "_is_stateful", False) or not _only_attention(model.config):
        raise EngineError(
            f"{model.config.model_type} models keep a state that requests cannot share",
            hint="convert the model to GGUF and use the engine llama",
        )
    if "local" in getattr(model.config, "attention_layers", ()):
        raise EngineError(
            f"{model.config.model_type} models look back by the place of a token in memory, which"
            " is another one in a pack",
            hint="convert the model to GGUF and use the engine llama",
        )
    return Loaded(model, tokenizer, _card(folder, weights, model, tokenizer, digests))


def _only_attention(config: Any) -> bool:  # noqa: ANN401
    """Tell whether every layer looks at all of the past, or at the last of it."""
    kinds = getattr(getattr(config, "text_config", None) or config, "layer_types", None)
    return set(kinds or ()) <= {"full_attention", "sliding_attention"}


def _card(
    folder: Path,
    weights: list[Path],
    model: Any,  # noqa: ANN401
    tokenizer: Any,  # noqa: ANN401
    digests: Mapping[str, Digest],
) -> Card:
    import torch
    import transformers

    files = [path for path in sorted(folder.iterdir()) if path.name.startswith(_TOKENIZER)]
    config = getattr(model.config, "text_config", None) or model.config
    return Card(
        engine="transformers",
        version=f"{transformers.__version__}, torch {torch.__version__}",
        model=folder.name,
        weights=digest_files([folder / "config.json", *weights], digests),
        tokenizer=digest_files(files, digests),
        numerics={
            "dtype": str(model.dtype).removeprefix("torch."),
            "device": model.device.type,
            "attention": model.config._attn_implementation,
            **(_exactly(model.device) if model.device.type == "cuda" else {}),
        },
        context=_context(config, tokenizer),
        vocabulary=int(model.get_input_embeddings().num_embeddings),
    )


def _exactly(device: torch.device) -> dict[str, str]:
    """Have a CUDA card compute as exactly as the type allows; return that, and which card it is."""
    import torch

    torch.set_float32_matmul_precision("highest")  # no TF32, whatever the environment says
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    return {
        "card": torch.cuda.get_device_name(device),
        "cuda": str(torch.version.cuda),
        "tf32": "off",
        "bf16_sums": "float32",
    }


def _context(config: Any, tokenizer: Any) -> int:  # noqa: ANN401
    """Return the longest sequence, found where lm-eval 0.4.13 finds it (resolve_max_length)."""
    for name in _LENGTHS:
        if (length := getattr(config, name, None)) is not None:
            return int(length)
    length = tokenizer.model_max_length
    return int(length) if length < 1 << 40 else _UNKNOWN_LENGTH


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:  # noqa: ANN401
    named = model.generation_config.eos_token_id
    ends = named if isinstance(named, list) else [named]
    return frozenset(end for end in (*ends, tokenizer.eos_token_id) if end is not None)
