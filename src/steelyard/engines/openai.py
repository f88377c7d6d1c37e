# SPDX-License-Identifier: Apache-2.0
"""Any server with OpenAI's completions interface, held to account before its scores are believed.

The server's own tokens are not known beforehand, so characters stand for them, in pieces that
tokenizers do not reach across: words with the space before them, digits, runs of punctuation. The
last character of a piece is another token than the same one within; all that the server's tokens say
of a piece counts there. Requests go out in the order of the plan, so that a server with a prefix
cache finds the same beginnings one after the other.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

import msgspec

from steelyard.core.digest import digest_of
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
from steelyard.core.errors import EngineError, SteelyardError, UsageError
from steelyard.engines.endpoint import Endpoint
from steelyard.engines.logprobs import echoed

_CHAT = "\0chat:"  # begins a prompt that is a conversation; no text of a task can hold it
_CHARACTERS = 1 << 20  # of a prompt; the server knows its own bound and says so
_PLACE = "The capital of France is"
_RIGHT, _WRONG = " Paris", " gravel"
_LISTED, _NAME = 8, 80  # models named in a message, characters of each
_WORDS = 6  # of both; a server that gives fewer scores does not give those of the prompt
_ENDS = 0x200000  # added to the last character of a piece; beyond all of Unicode
_PIECE = re.compile(
    r"\s*[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\s*[^\W\d_]+|\s*\d|\s*(?:[^\w\s]|_)+|\s+"
)
"""Words, digits and punctuation, as the pre-tokenizers of byte-level encodings part them; what is
written without spaces, character by character."""

T = TypeVar("T")


class OpenAI:
    """A model behind a server; see `core.engine.Engine`.

    Args:
        endpoint: The server.
        model: Name of the model, as the server knows it.
        at_once: Requests in flight at a time, at least 1.
    """

    def __init__(self, endpoint: Endpoint, model: str, *, at_once: int = 8) -> None:
        self._endpoint = endpoint
        self._model = model
        self._at_once = at_once
        self._believed = False
        self._loop = asyncio.new_event_loop()

    def meet(self) -> None:
        """Ask what the server serves, and take its only model where none was named.

        Raises:
            EngineError: Nothing answers.
            UsageError: It serves several and none was named, or one alone and another was.
        """
        models = _served(self._loop.run_until_complete(self._endpoint.get("/models")))
        names = ", ".join(repr(names[0][:_NAME]) for names in models[:_LISTED])
        if not self._model:
            if len(models) != 1:
                what = f"serves {names}" if names else "does not say which models it serves"
                raise UsageError(
                    f"{self._endpoint.url} {what}",
                    hint="name one with --model; the address ends in /v1",
                )
            self._model = models[0][0]
        elif len(models) == 1 and self._model not in models[0]:
            raise UsageError(
                f"{self._endpoint.url} serves {names} alone, and not {self._model!r}",
                hint="leave out --model, or ask another server",
            )

    def card(self) -> Card:
        """Return which server and model; its weights are known by name alone."""
        return Card(
            engine="openai",
            version="v1",
            model=self._model,
            weights=digest_of({"url": self._endpoint.url, "model": self._model}),
            tokenizer=digest_of(_PIECE.pattern),
            numerics={"dtype": "unknown", "tokens": "pieces"},
            context=_CHARACTERS,
            vocabulary=_ENDS + 0x110000,
        )

    def begin(self) -> int | None:
        """Return a line break: a server takes no empty prompt."""
        return ord("\n") + _ENDS

    def encode(self, text: str, *, special: bool = True) -> Tokens:
        """Return the characters of a text, the last of each piece marked."""
        del special
        found = list(map(ord, text))
        for piece in _PIECE.finditer(text):
            found[piece.end() - 1] += _ENDS
        return tuple(found)

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of some characters."""
        return "".join(chr(token % _ENDS) for token in tokens)

    def chat(self, messages: Sequence[Mapping[str, str]]) -> str:
        """Return a conversation in a form that `generate` hands to the server as such."""
        return _CHAT + json.dumps([dict(message) for message in messages])

    def score(self, group: Group) -> Iterator[tuple[Score, ...]]:
        """Yield the scores of each pack; raises as `core.engine.Engine.score`.

        The first call tests whether the server's log-probabilities mean anything, and refuses where
        they do not: some servers answer with those of the generated token, or with none.
        """
        if any(_CHAT in self.decode((*group.prefix, *pack.tokens)) for pack in group.packs):
            raise UsageError(
                f"{self._endpoint.url} cannot score options in a conversation: its chat interface "
                "says nothing of text that it is given",
                hint="leave out --chat, or ask tasks that generate text",
            )
        self._test()
        for pack in group.packs:
            yield self._pack(group.prefix, pack)

    def generate(
        self, prompts: Sequence[Tokens], sampling: Sampling
    ) -> Iterator[tuple[int, Generated]]:
        """Yield what the server writes; raises as `core.engine.Engine.generate`."""
        texts = [self.decode(prompt) for prompt in prompts]
        yield from self._together(lambda text: self._written(text, sampling), texts)

    def reserve(self, tokens: int) -> None:
        """Do nothing: the memory is the server's."""

    def close(self) -> None:
        """Close the connections."""
        self._loop.run_until_complete(self._endpoint.close())
        self._loop.close()

    def _pack(self, prefix: Tokens, pack: Pack) -> tuple[Score, ...]:
        paths = _paths(prefix, pack)
        asked = [(*paths[node], token) for node, token in pack.targets]
        texts = {sequence: self.decode(sequence) for sequence in asked}
        longest = _longest(set(texts.values()))
        echoes = {longest[index]: echo for index, echo in self._together(self._echo, longest)}
        return tuple(
            _score(
                sequence, echoes[next(one for one in longest if one.startswith(texts[sequence]))]
            )
            for sequence in asked
        )

    async def _echo(self, text: str) -> list[tuple[int, Score]]:
        """Return where each token of the server's ends in a text, and its score.

        Raises:
            EngineError: There are none, or they do not cover the text.
        """
        body = {"prompt": text, "max_tokens": 1, "echo": True, "logprobs": 1, "temperature": 0}
        choice = await self._choice("/completions", body)
        try:
            return echoed(text, choice.get("logprobs"))
        except ValueError as error:
            raise self._no_logprobs(str(error)) from error

    def _test(self) -> None:
        if self._believed:
            return
        before = len(_PLACE)
        found = dict(self._together(self._echo, [_PLACE + text for text in (_RIGHT, _WRONG)]))
        echoes = [found[0], found[1]]
        if min(map(len, echoes)) < _WORDS - 1:  # nothing is said of the first
            raise self._no_logprobs(f"{len(echoes[0])} for a sentence of {_WORDS} words")
        sums = [sum(score.logprob for end, score in echo if end > before) for echo in echoes]
        if not sums[0] > sums[1]:
            raise self._no_logprobs(
                f"{_RIGHT!r} after {_PLACE!r} gets {sums[0]:.3f}, {_WRONG!r} {sums[1]:.3f}"
            )
        self._believed = True

    def _no_logprobs(self, why: str) -> EngineError:
        return EngineError(
            f"{self._endpoint.url} gives no log-probabilities of prompts that could be scored: {why}",
            hint="tasks that generate text work with it; to score, use --engine llama or "
            "transformers, or a server that echoes prompts with logprobs, such as vLLM",
        )

    async def _written(self, prompt: str, sampling: Sampling) -> Generated:
        body: dict[str, Any] = {
            "max_tokens": sampling.most_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed,
            "stop": list(sampling.stop[:4]) or None,  # servers take no more than four
        }
        if prompt.startswith(_CHAT):
            said = json.loads(prompt.removeprefix(_CHAT))
            choice = await self._choice("/chat/completions", {**body, "messages": said})
            message = choice.get("message")
            text = message.get("content") if isinstance(message, dict) else None
        else:
            choice = await self._choice("/completions", {**body, "prompt": prompt})
            text = choice.get("text")
        text = _before(text if isinstance(text, str) else "", sampling.stop)
        return Generated(text=text, tokens=choice["usage"])

    async def _choice(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        answer = await self._endpoint.post(path, {"model": self._model, **body})
        try:
            found = dict(answer["choices"][0])
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise EngineError(
                f"{self._endpoint.url} answered without a choice",
                hint="it does not speak OpenAI's interface: check the address",
            ) from error
        usage = answer.get("usage")
        written = usage.get("completion_tokens") if isinstance(usage, dict) else None
        return {**found, "usage": written if isinstance(written, int) else 0}

    def _together(
        self, do: Callable[[str], Awaitable[T]], texts: Sequence[str]
    ) -> Iterator[tuple[int, T]]:
        """Yield the index of each text with what came of it, as it is done, several in flight.

        Who stops listening, or meets an error, waits for none of those in flight.
        """
        todo = iter(enumerate(texts))
        flying: dict[asyncio.Future[T], int] = {}
        try:
            while True:
                for index, text in islice(todo, self._at_once - len(flying)):
                    flying[asyncio.ensure_future(do(text), loop=self._loop)] = index
                if not flying:
                    return
                waiting = asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
                done, _ = self._loop.run_until_complete(waiting)
                # What did come is not lost to an error that came with it.
                for answer in sorted(done, key=lambda one: one.exception() is not None):
                    yield flying.pop(answer), answer.result()
        finally:
            self._loop.run_until_complete(_left(flying))


async def _left(flying: Iterable[asyncio.Future[Any]]) -> None:
    """Leave requests that nobody waits for."""
    for unwanted in flying:
        unwanted.cancel()
    await asyncio.gather(*flying, return_exceptions=True)


def _served(said: Mapping[str, Any]) -> list[tuple[str, ...]]:
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


def _paths(prefix: Tokens, pack: Pack) -> list[Tokens]:
    """Return the tokens from the beginning up to each node."""
    found: list[Tokens] = []
    for token, parent in zip(pack.tokens, pack.parents, strict=True):
        found.append((*(found[parent] if parent >= 0 else prefix), token))
    return found


def _longest(texts: Iterable[str]) -> list[str]:
    """Return the texts that none of the others begins with, sorted."""
    found: list[str] = []
    for text in sorted(texts, reverse=True):  # a text comes right after one that begins with it
        if not found or not found[-1].startswith(text):
            found.append(text)
    return found[::-1]


def _score(sequence: Tokens, echo: Sequence[tuple[int, Score]]) -> Score:
    """Return what the server's tokens say of the last token of a sequence."""
    end = len(sequence)
    if sequence[-1] < _ENDS:
        return Score(0.0, True)
    start = next((at for at in range(end - 1, 0, -1) if sequence[at - 1] >= _ENDS), 0)
    inside = [score for at, score in echo if start < at <= end]
    return Score(sum(score.logprob for score in inside), all(score.greedy for score in inside))


def _before(text: str, stops: Sequence[str]) -> str:
    """Return a text up to the first of some others."""
    ends = [at for stop in stops if stop and (at := text.find(stop)) >= 0]
    return text[: min(ends, default=len(text))]


def _open(place: Place, wish: Wish) -> Engine:
    if not place.url:
        raise UsageError(
            f"{str(place.path)!r} is no server",
            hint="name an address, such as http://localhost:8000/v1, or leave out --engine",
        )
    if wish.dtype or wish.device or wish.memory:
        raise UsageError(
            "a server computes as it was started: it takes no --dtype, --device or --memory"
        )
    engine = OpenAI(Endpoint(place.url, wish.key), wish.model, at_once=wish.threads or 8)
    try:
        engine.meet()
    except SteelyardError:
        engine.close()
        raise
    return engine


OPENAI = Kind(
    id="openai",
    title="Any server with OpenAI's completions interface",
    page="""
A model behind an address such as `http://localhost:8000/v1`: vLLM, llama-server, TGI, a provider.
`--model` names it; a server of one model needs no name, and is not asked for another. The key is read
from `STEELYARD_API_KEY` or `OPENAI_API_KEY`; `--threads` is the number of requests in flight. Busy
servers are asked again, as late as they say; what was answered is kept.

To score options a server must echo prompts with log-probabilities (`echo` and `logprobs` of
`/completions`, as vLLM does). Before the first score it is put to a test: a right word must be more
probable than a wrong one, and every token of the prompt must have a score. A server that fails is
refused, for its scores would be those of chance; llama-server is, as it scores only what it writes.
What is asked without a context comes after a line break, as servers take no empty prompt, and scores
differ from those after a token of the beginning. Tasks that generate text need none of this; with `--chat` they go to `/chat/completions`, where options
cannot be scored at all.

What it cannot see: which weights and which numerics stand behind the name. Results name the address
and the model, and are as good as that.
""",
    suits=lambda place: bool(place.url),
    open=_open,
)
