# SPDX-License-Identifier: Apache-2.0
"""What servers with OpenAI's interface answer, as far as it is read."""

from collections.abc import Mapping
from typing import Any

import msgspec


class Logprobs(msgspec.Struct, frozen=True):
    """The `logprobs` of a completion, as far as they are read."""

    token_logprobs: list[float | None]
    text_offset: list[int]
    top_logprobs: list[dict[str, float] | None]

    def __post_init__(self) -> None:
        if not len(self.token_logprobs) == len(self.text_offset) == len(self.top_logprobs) > 0:
            raise ValueError("lists of different lengths")
        if sorted(self.text_offset) != self.text_offset:
            raise ValueError("offsets that do not ascend")


def why_none(logprobs: object) -> str:
    """Return why what a server calls log-probabilities are none of the prompt, where that is plain."""
    if not logprobs:
        return "it sends none"
    if isinstance(logprobs, dict) and "content" in logprobs:  # the form of the chat interface
        return "it sends those of what it writes, not of what it is given"
    return ""


def served(said: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the names of each model that a server lists, the foremost first."""
    try:
        models = msgspec.convert(said, _Models).data
    except msgspec.ValidationError:
        return []
    return [(model.id, *model.aliases) for model in models]


class _Model(msgspec.Struct, frozen=True):
    id: str
    aliases: tuple[str, ...] = ()


class _Models(msgspec.Struct, frozen=True):
    """The answer of `/models`, as far as it is read; llama-server tells aliases, others none."""

    data: tuple[_Model, ...]
