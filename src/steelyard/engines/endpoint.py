# SPDX-License-Identifier: Apache-2.0
"""Talk to a server that speaks JSON over HTTP: patient where that helps, and never for ever."""

import random
import time
from collections.abc import Callable, Mapping
from typing import Any

from steelyard.core.errors import EngineError

_TRIES = 6
_FIRST_WAIT = 0.5  # seconds; doubled at each try, with chance so that clients spread
_LONGEST_WAIT = 60.0
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_OWN = frozenset({"localhost", "127.0.0.1", "::1"})
_SHOWN = 200  # characters of an answer that is no JSON


class Endpoint:
    """A server under one address; may be used from several threads.

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
        timeout: float = 300.0,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        import httpx2

        headers = {"Authorization": f"Bearer {key}"} if key else {}
        own = httpx2.URL(url).host in _OWN  # no proxy stands between a machine and itself
        self._client = httpx2.Client(
            headers=headers, timeout=timeout, follow_redirects=False, trust_env=not own
        )
        self._wait = wait
        self.url = url.rstrip("/")

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to a request, asked again while the server is busy.

        Raises:
            EngineError: It cannot be reached, refuses, or answers something that is no JSON.
        """
        import httpx2

        why = ""
        for attempt in range(_TRIES):
            try:
                response = self._client.post(f"{self.url}{path}", json=body)
            except httpx2.HTTPError as error:
                why = f"{type(error).__name__}: {error}"
                wait = 0.0
            else:
                if response.status_code not in _AGAIN:
                    return self._decoded(response)
                why = f"status {response.status_code}"
                wait = _asked_for(response.headers.get("retry-after", ""))
            if attempt + 1 < _TRIES:
                patience = _FIRST_WAIT * 2**attempt * (1 + random.random())  # noqa: S311 - no secret
                self._wait(min(_LONGEST_WAIT, max(wait, patience)))
        raise EngineError(
            f"{self.url} gave no answer in {_TRIES} tries: {why}",
            hint="what was computed is kept: once the server answers, run the same command again",
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _decoded(self, response: Any) -> dict[str, Any]:  # noqa: ANN401 - httpx2 comes when used
        text = response.text[:_SHOWN]
        try:
            found = response.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            kind = response.headers.get("content-type", "nothing")
            raise EngineError(
                f"{self.url} answered {kind} where JSON was expected: {text!r}",
                hint="name the address of its API, such as http://localhost:8000/v1",
            )
        if response.status_code != 200:
            raise EngineError(
                f"{self.url} refused with status {response.status_code}: {_reason(found) or text}",
                hint="check the address, the name of the model and the key",
            )
        return found


def _asked_for(header: str) -> float:
    """Return how many seconds a server asks to wait; 0 where it does not say so in seconds."""
    try:
        return max(0.0, float(header))
    except ValueError:
        return 0.0


def _reason(found: Mapping[str, Any]) -> str:
    error = found.get("error")
    said = error.get("message") if isinstance(error, dict) else error
    return str(said)[:_SHOWN] if said else ""
