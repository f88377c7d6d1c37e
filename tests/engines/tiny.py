# SPDX-License-Identifier: Apache-2.0
"""A folder with a model of transformers, small and random: 258 tokens, which are bytes."""

from pathlib import Path
from typing import Any

BYTES = 256


def write_tokenizer(folder: Path) -> None:
    """Write a tokenizer of bytes that puts `<s>` before any text."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: index for index, letter in enumerate(alphabet)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<s>", "</s>"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", BYTES)]
    )
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", model_max_length=512
    )
    wrapped.chat_template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<a>"
    wrapped.save_pretrained(folder)


def write_llama(folder: Path, **settings: Any) -> Path:
    """Write a Llama with its tokenizer; return the folder."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    return write_model(
        folder,
        LlamaForCausalLM(
            LlamaConfig(
                vocab_size=BYTES + 2,
                hidden_size=48,
                intermediate_size=96,
                num_hidden_layers=3,
                num_attention_heads=6,
                num_key_value_heads=2,
                max_position_embeddings=256,
                bos_token_id=BYTES,
                eos_token_id=BYTES + 1,
                initializer_range=0.3,
                **settings,
            )
        ).to(torch.float32),
    )


def write_model(folder: Path, model: Any) -> Path:
    """Write a model with random weights, always the same, and the tokenizer."""
    import torch

    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for _, weight in sorted(model.named_parameters()):
            if weight.dim() > 1:  # norms stay as they are
                weight.normal_(0, 0.25, generator=generator)
    model.save_pretrained(folder)
    write_tokenizer(folder)
    return folder
