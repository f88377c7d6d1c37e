# SPDX-License-Identifier: Apache-2.0
"""Talk to a server that speaks JSON over HTTP: patient where that helps, and never for ever."""

import json
import random
import threading
from collections.abc import Callable, Mapping
from typing import Any

from steelyard.core.errors import EngineError

_TRIES = 6
_FIRST_WAIT = 0.5  # seconds; doubled at each try, with chance so that clients spread
_LONGEST_WAIT = 60.0
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_OWN = frozenset({"localhost", "127.0.0.1", "::1"})
_SHOWN = 200  # characters of an answer that is no JSON
_MOST_BYTES = 256 << 20  # of an answer


class Endpoint:
    """A server under one address; may be used from several threads.

    Args:
        url: Its address, up to and including `/v1`.
        key: Sent as bearer token; empty for none. It is in no message.
        timeout: Seconds for one answer.
        wait: Waits for some seconds; None waits until then or until it is closed.
    """

    def __init__(
        self,
        url: str,
        key: str = "",
        *,
        timeout: float = 300.0,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        import httpx2

        headers = {"Authorization": f"Bearer {key}"} if key else {}
        own = httpx2.URL(url).host in _OWN  # no proxy stands between a machine and itself
        self._client = httpx2.Client(
            headers=headers, timeout=timeout, follow_redirects=False, trust_env=not own
        )
        self._key = key
        self._closed = threading.Event()
        self._wait = wait or self._closed.wait
        self._answered = False
        self.url = url.rstrip("/")

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to a request, asked again while the server is busy.

        Raises:
            EngineError: It cannot be reached, refuses, or answers something that is no JSON.
        """
        import httpx2

        why = ""
        for attempt in range(_TRIES):
            if self._closed.is_set():
                raise EngineError(f"the connection to {self.url} was closed")
            try:
                status, headers, text = self._sent(path, body)
            except httpx2.HTTPError as error:
                why = f"{type(error).__name__}: {error}"
                wait = 0.0
                if isinstance(error, httpx2.ConnectError) and not self._answered:
                    raise EngineError(
                        f"{self.url} cannot be reached: {error}",
                        hint="start the server, or check the address",
                    ) from error
            else:
                self._answered = True
                if status not in _AGAIN:
                    return self._decoded(status, headers, text)
                why = f"status {status} {self._shown(_reason(_object(text)))}".rstrip()
                wait = _asked_for(headers.get("retry-after", ""))
            if attempt + 1 < _TRIES:
                patience = _FIRST_WAIT * 2**attempt * (1 + random.random())  # noqa: S311 - no secret
                self._wait(min(_LONGEST_WAIT, max(wait, patience)))
        raise EngineError(
            f"{self.url} gave no answer in {_TRIES} tries: {why}",
            hint="what was computed is kept: once the server answers, run the same command again",
        )

    def close(self) -> None:
        """Close the connections."""
        self._closed.set()
        self._client.close()

    def _sent(self, path: str, body: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        """Return status, headers and text of the answer to a request, asked once."""
        with self._client.stream("POST", f"{self.url}{path}", json=body) as response:
            text = bytearray()
            for piece in response.iter_bytes():
                text += piece
                if len(text) > _MOST_BYTES:
                    raise EngineError(
                        f"{self.url} answers with more than {_MOST_BYTES:,} bytes",
                        hint="it does not speak OpenAI's interface: check the address",
                    )
            return response.status_code, response.headers, bytes(text)

    def _decoded(self, status: int, headers: Mapping[str, str], text: bytes) -> dict[str, Any]:
        found = _object(text)
        begins = self._shown(text.decode("utf-8", "replace"))
        if found is None:
            kind = headers.get("content-type", "nothing")
            raise EngineError(
                f"{self.url} answered status {status} with {kind} where a JSON object was expected:"
                f" {begins!r}",
                hint="name the address of its API, such as http://localhost:8000/v1",
            )
        if status != 200:
            raise EngineError(
                f"{self.url} refused with status {status}: {self._shown(_reason(found)) or begins}",
                hint="check the address, the name of the model and the key",
            )
        return found

    def _shown(self, text: str) -> str:
        """Return the beginning of what a server says, without the key that some repeat."""
        return (text.replace(self._key, "***") if self._key else text)[:_SHOWN]


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
