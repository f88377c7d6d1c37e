# SPDX-License-Identifier: Apache-2.0
"""Requests as tokens, exactly as lm-evaluation-harness 0.4.13 makes them for transformers.

Source:
    lm_eval/api/model.py `TemplateLM._encode_pair`, `loglikelihood`; lm_eval/models/huggingface.py
    `_loglikelihood_tokens`, `loglikelihood_rolling`, `generate_until`; lm_eval/utils.py
    `get_rolling_token_windows`, `make_disjoint_window`.
"""

from collections.abc import Iterator

import msgspec

from steelyard.core.engine import Engine, Tokens
from steelyard.core.errors import UsageError
from steelyard.evals.requests import Completion, Continuation, Whole


class Pair(msgspec.Struct, frozen=True):
    """Tokens to score behind others.

    Attributes:
        context: What stands before, at least one token.
        continuation: What is scored, at least one token.
        cut: How many tokens of the context did not fit and are left out of it.
    """

    context: Tokens
    continuation: Tokens
    cut: int = 0


class Encoder:
    """Makes tokens of requests for one engine; remembers the last context, which repeats."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._limit = engine.card().context
        self._begin = engine.begin()
        self._last: tuple[str, Tokens] = ("", ())

    def pairs(self, request: Continuation | Whole) -> list[Pair]:
        """Return what is scored for a request: one pair, or one for each window of a whole text.

        Raises:
            UsageError: There is nothing to score, or more than the model's context holds.
        """
        if isinstance(request, Whole):
            return list(self._windows(self._engine.encode(request.text)))
        return [self._fitted(*self._pair(request.context, request.text))]

    def prompt(self, request: Completion) -> tuple[Tokens, int]:
        """Return the tokens of a context with room for the answer, and how many were left out.

        Raises:
            UsageError: The answer alone may be longer than the model's context, or the context is
                empty and the tokenizer has no token for that.
        """
        room = self._limit - request.sampling.most_tokens
        if room < 1:
            raise UsageError(
                f"answers of {request.sampling.most_tokens:,} tokens leave no room for a question"
                f" in a context of {self._limit:,}",
                hint="let the task generate fewer tokens (max_gen_toks)",
            )
        tokens = self._engine.encode(request.context) or (self._first(),)
        return tokens[-room:], max(0, len(tokens) - room)

    def _pair(self, context: str, text: str) -> tuple[Tokens, Tokens]:
        if not context:
            scored = self._engine.encode(text, special=False)
            if scored[:1] == (self._begin,):
                return scored[:1], scored[1:]
            return (self._first(),), scored
        spaces = len(context) - len(context.rstrip())
        if spaces:
            context, text = context[:-spaces], context[-spaces:] + text
        known = self._context(context)
        return known, self._engine.encode(context + text)[len(known) :]

    def _context(self, context: str) -> Tokens:
        if self._last[0] != context:
            self._last = (context, self._engine.encode(context))
        return self._last[1]

    def _fitted(self, context: Tokens, scored: Tokens) -> Pair:
        if not context:  # the text was nothing but spaces, and the tokenizer adds no token
            context = (self._first(),)
        if not scored:
            raise UsageError(
                "a continuation has no token of its own, so there is nothing to score",
                hint="look for an empty option, or one that the tokenizer joins to its context",
            )
        if len(scored) > self._limit:
            raise UsageError(
                f"a continuation of {len(scored):,} tokens is longer than the model's context"
                f" ({self._limit:,})",
                hint="use a model with a longer context, or score it as a whole text, in windows",
            )
        cut = max(0, len(context) + len(scored) - (self._limit + 1))
        return Pair(context[cut:], scored, cut)

    def _windows(self, tokens: Tokens) -> Iterator[Pair]:
        """Yield windows that predict each token once, each with as much context as fits."""
        limit = self._limit
        first = tokens[:limit]
        if first:
            yield Pair((self._first(),), first)
        for done in range(limit, len(tokens), limit):
            end = min(done + limit, len(tokens))
            yield Pair(tokens[end - limit - 1 : done], tokens[done:end])

    def _first(self) -> int:
        if self._begin is None:
            raise UsageError(
                "the tokenizer has no token of the beginning or the end, which an empty context needs",
                hint="give every request a context, or name such a token in tokenizer_config.json",
            )
        return self._begin
