# SPDX-License-Identifier: Apache-2.0
"""The log-probabilities of a prompt, as servers echo them: where each token ends, and its score."""

from collections.abc import Sequence

import msgspec

from steelyard.core.engine import Score

_SPECIAL = 4  # tokens that a server puts before a prompt, at most


class _Logprobs(msgspec.Struct, frozen=True):
    """The `logprobs` of a completion, as far as they are read."""

    token_logprobs: list[float | None]
    text_offset: list[int]
    top_logprobs: list[dict[str, float] | None]
    tokens: list[str] = []

    def __post_init__(self) -> None:
        if not len(self.token_logprobs) == len(self.text_offset) == len(self.top_logprobs) > 0:
            raise ValueError("lists of different lengths")
        if sorted(self.text_offset) != self.text_offset:
            raise ValueError("offsets that do not ascend")


def echoed(text: str, logprobs: object) -> list[tuple[int, Score]]:
    """Return where each token of a server's ends in a text, and its score.

    A character may take several tokens; all of them end where it ends.

    Args:
        text: The prompt.
        logprobs: What the server sent with the prompt and at least one token that it wrote.

    Raises:
        ValueError: There are none, or they do not cover the text; says what is wrong.
    """
    try:
        said = msgspec.convert(logprobs, _Logprobs)
    except msgspec.ValidationError as error:
        raise ValueError(_why(logprobs) or str(error)) from error
    lead = _lead(text, said)
    starts = [offset - lead for offset in said.text_offset]
    spans = []
    for index, (start, end) in enumerate(zip(starts, _ends(starts, len(text)), strict=True)):
        logprob = said.token_logprobs[index]
        if start >= len(text):
            break
        if logprob is None and index:
            raise ValueError(f"none for token {index + 1}")
        if logprob is None or end <= 0:
            continue  # nothing stands before the first; special tokens are no part of the text
        best = max((said.top_logprobs[index] or {}).values(), default=logprob)
        spans.append((end, Score(min(logprob, 0.0), logprob >= best)))
    if not spans or spans[-1][0] < len(text):
        raise ValueError("the prompt does not come back with them")
    return spans


def _why(logprobs: object) -> str:
    """Return why what a server calls log-probabilities are none of the prompt, where that is plain."""
    if not logprobs:
        return "it sends none"
    if isinstance(logprobs, dict) and "content" in logprobs:  # the form of the chat interface
        return "it sends those of what it writes, not of what it is given"
    return ""


def _lead(text: str, said: _Logprobs) -> int:
    """Return how many characters of special tokens, such as `<s>`, a server counts before a text.

    Raises:
        ValueError: It counts the characters of tokens that do not spell the text.

    Source:
        vLLM 0.32, entrypoints/openai/completion/serving.py: the offset of a token is the length of
        all tokens before it, those included that the tokenizer put before the prompt.
    """
    starts = said.text_offset
    counted = zip(said.tokens, starts, starts[1:], strict=False)
    if not said.tokens or any(end - start != len(token) for token, start, end in counted):
        return 0  # the offsets are those of the text itself
    spelt = "".join(said.tokens)
    for start in starts[: _SPECIAL + 1]:
        if spelt.startswith(text, start - starts[0]):
            return start
    raise ValueError("its tokens do not spell the prompt")


def _ends(starts: Sequence[int], length: int) -> list[int]:
    """Return where each token ends: where the next one begins that does not begin with it."""
    ends: list[int] = []
    later, end = max(length, starts[-1]), max(length, starts[-1])
    for start in reversed(starts):
        if start < later:
            later, end = start, later
        ends.append(end)
    return ends[::-1]
