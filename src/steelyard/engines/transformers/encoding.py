# SPDX-License-Identifier: Apache-2.0
"""The tokenizer of transformers as a function, with a memory where its kind allows one."""

import json
from collections.abc import Iterator
from typing import Any

from steelyard.core.engine import Tokens
from steelyard.engines.encoding import Encode, Remembering

_SPLITTERS = {"ByteLevel", "Digits", "Split", "Sequence"}
_NORMALIZERS = {"NFC", "NFD", "NFKC", "NFKD"}
_FRAMES = {"ByteLevel", "Sequence", "TemplateProcessing"}


def encoder(tokenizer: Any) -> Encode:  # noqa: ANN401 - of transformers
    """Return what encodes a text, as `tokenizer.encode` does."""
    inner = getattr(tokenizer, "backend_tokenizer", None)
    if inner is None:
        return lambda text, special: tuple(tokenizer.encode(text, add_special_tokens=special))

    def encode(text: str, special: bool) -> Tokens:
        return tuple(inner.encode(text, add_special_tokens=special).ids)

    rules = json.loads(inner.to_str())
    return Remembering(encode).encode if _splits_by_pattern(rules) else encode


def _splits_by_pattern(rules: dict[str, Any]) -> bool:
    """Tell whether a tokenizer is byte-level, splits by patterns, and does nothing at the ends."""
    splitters = list(_parts(rules.get("pre_tokenizer"), "pretokenizers"))
    frames = list(_parts(rules.get("post_processor"), "processors"))
    return (
        rules["model"]["type"] == "BPE"
        and any(part["type"] == "ByteLevel" for part in splitters)
        and any(part["type"] == "Split" or part.get("use_regex") for part in splitters)
        and {part["type"] for part in splitters} <= _SPLITTERS
        and not any(part.get("add_prefix_space") for part in splitters)
        and {part["type"] for part in _parts(rules.get("normalizer"), "normalizers")}
        <= _NORMALIZERS
        and {part["type"] for part in frames} <= _FRAMES
        and all(_ends_with_text(part) for part in frames)
        and not any("\n" in token["content"] for token in rules.get("added_tokens", ()))
        and not (rules.get("truncation") or rules.get("padding"))
    )


def _parts(rule: dict[str, Any] | None, inner: str) -> Iterator[dict[str, Any]]:
    if rule is None:
        return
    if rule["type"] != "Sequence":
        yield rule
    for part in rule.get(inner, ()):
        yield from _parts(part, inner)


def _ends_with_text(frame: dict[str, Any]) -> bool:
    single = frame.get("single")
    return not single or "Sequence" in single[-1]
