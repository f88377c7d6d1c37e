# SPDX-License-Identifier: Apache-2.0
"""Talk to a server that speaks JSON over HTTP: patient where that helps, and never for ever."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from steelyard.core.errors import EngineError

_TRIES = 6
_FIRST_WAIT = 0.5  # seconds; doubled at each try, with chance so that clients spread
_LONGEST_WAIT = 60.0
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_CONNECT = 10.0  # seconds
_LATE = 2  # answers that took too long; what a server computes for nobody makes it slower still
_OWN = frozenset({"localhost", "127.0.0.1", "::1"})
_SHOWN = 200  # characters of an answer that is no JSON
_MOST_BYTES = 256 << 20  # of an answer
_ADDRESS = "name the address of its API, such as http://localhost:8000/v1"
_KEPT = "what was computed is kept: once the server answers, run the same command again"
_REQUEST = (
    "it does not take such a request; where it is too long, start the server with a larger context, "
    "or ask with fewer examples: --num-fewshot"
)
_REFUSED = {
    401: "set the key in STEELYARD_API_KEY",
    403: "the key in STEELYARD_API_KEY may not do that",
    404: "check the address, which ends in /v1, and the name of the model",
}


class Endpoint:
    """A server under one address; of one event loop.

    Args:
        url: Its address, up to and including `/v1`.
        key: Sent as bearer token; empty for none. It is in no message.
        timeout: Seconds for one answer.
        wait: Waits for some seconds.
    """

    def __init__(
        self,
        url: str,
        key: str = "",
        *,
        timeout: float = 600.0,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        import httpx2

        headers = {"Authorization": f"Bearer {key}"} if key else {}
        own = httpx2.URL(url).host in _OWN  # no proxy stands between a machine and itself
        self._client = httpx2.AsyncClient(
            headers=headers,
            timeout=httpx2.Timeout(timeout, connect=min(_CONNECT, timeout), pool=None),
            follow_redirects=False,
            trust_env=not own,
        )
        self._key = key
        self._timeout = timeout
        self._wait = wait
        self._reached = False
        self.url = url.rstrip("/")

    async def get(self, path: str) -> dict[str, Any]:
        """Return what is at a path, asked for as in `post`; nothing where the server has none there.

        Raises:
            EngineError: It cannot be reached, or takes too long.
        """
        answer = await self._answer("GET", path, None)
        return (_object(answer.text) or {}) if answer.status == 200 else {}

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to a request, asked again while the server is busy.

        Raises:
            EngineError: It cannot be reached, refuses, takes too long, or answers no JSON.
        """
        return self._decoded(await self._answer("POST", path, body))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _answer(self, method: str, path: str, body: Mapping[str, Any] | None) -> "_Answer":
        import httpx2

        why = ""
        late = 0
        for attempt in range(_TRIES):
            wait = 0.0
            try:
                answer = await self._sent(method, path, body)
            except httpx2.HTTPError as error:
                why = f"{type(error).__name__}: {error}".removesuffix(": ")
                late += isinstance(error, httpx2.ReadTimeout)
                if late >= _LATE:
                    raise self._too_slow() from error
                if not self._reached and isinstance(error, httpx2.ConnectError):
                    raise EngineError(
                        f"{self.url} cannot be reached: {error}",
                        hint="start the server, or check the address",
                    ) from error
            else:
                self._reached = True
                if answer.status not in _AGAIN:
                    return answer
                why = (
                    f"status {answer.status} {self._shown(_reason(_object(answer.text)))}".rstrip()
                )
                wait = _asked_for(answer.headers.get("retry-after", ""))
            if attempt + 1 < _TRIES:
                patience = _FIRST_WAIT * 2**attempt * (1 + random.random())  # noqa: S311 - no secret
                await self._wait(min(_LONGEST_WAIT, max(wait, patience)))
        raise EngineError(f"{self.url} gave no answer in {_TRIES} tries: {why}", hint=_KEPT)

    async def _sent(self, method: str, path: str, body: Mapping[str, Any] | None) -> "_Answer":
        """Return the answer to a request, asked once."""
        async with self._client.stream(method, f"{self.url}{path}", json=body) as response:
            text = bytearray()
            async for piece in response.aiter_bytes():
                text += piece
                if len(text) > _MOST_BYTES:
                    raise EngineError(
                        f"{self.url} answers with more than {_MOST_BYTES:,} bytes",
                        hint="it does not speak OpenAI's interface: check the address",
                    )
            return _Answer(response.status_code, response.headers, bytes(text))

    def _too_slow(self) -> EngineError:
        return EngineError(
            f"{self.url} took longer than {self._timeout:g} s for an answer, {_LATE} times",
            hint="ask fewer at once with --threads; what was answered is kept",
        )

    def _decoded(self, answer: "_Answer") -> dict[str, Any]:
        found = _object(answer.text)
        begins = self._shown(answer.text.decode("utf-8", "replace"))
        if found is None:
            kind = answer.headers.get("content-type", "nothing")
            raise EngineError(
                f"{self.url} answered status {answer.status} with {kind} where a JSON object was "
                f"expected: {begins!r}",
                hint=_ADDRESS,
            )
        if answer.status != 200:
            said = self._shown(_reason(found)) or begins
            raise EngineError(
                f"{self.url} refused with status {answer.status}: {said}",
                hint=_REFUSED.get(answer.status, _REQUEST),
            )
        return found

    def _shown(self, text: str) -> str:
        """Return the beginning of what a server says, without the key that some repeat."""
        return (text.replace(self._key, "***") if self._key else text)[:_SHOWN]


class _Answer(msgspec.Struct, frozen=True):
    status: int
    headers: Mapping[str, str]
    text: bytes


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _asked_for(header: str) -> float:
    """Return how many seconds a server asks to wait; 0 where it does not say so in seconds."""
    try:
        return max(0.0, float(header))
    except ValueError:
        return 0.0


def _reason(found: Mapping[str, Any] | None) -> str:
    error = found.get("error") if found else None
    said = error.get("message") if isinstance(error, dict) else error
    return str(said) if said else ""
