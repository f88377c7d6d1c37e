# SPDX-License-Identifier: Apache-2.0
"""Ranges of a file on an HTTP server, from servers that break off, lie, refuse, or take their time.

Source: RFC 9110, sections 14 (range requests) and 15.4 (redirection).
"""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from steelyard.core.errors import UnreadableError
from steelyard.flow.jobs import check_wanted

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})
_STALE = frozenset({401, 403, 404, 410})  # what a signed address answers once it has expired


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long to wait for a server.

    Attributes:
        connect_s: For a connection.
        silence_s: Between two pieces of an answer.
        request_s: For a whole answer, however steadily it drips; longer in proportion to what is
            asked for, at `bytes_per_s`.
        bytes_per_s: Slowest rate that is waited for.
        tries: How often an answer that breaks off, or says to come again, is asked for.
        pause_s: Before the second try; twice as long before each further one.
        longest_pause_s: Longest pause that a server may ask for.
    """

    connect_s: float = 10.0
    silence_s: float = 20.0
    request_s: float = 60.0
    bytes_per_s: float = 50_000.0
    tries: int = 4
    pause_s: float = 0.5
    longest_pause_s: float = 30.0


class _Again(Exception):
    """An answer that another try may better."""

    def __init__(self, reason: str, pause_s: float = 0.0) -> None:
        super().__init__(reason)
        self.pause_s = pause_s


class RemoteFile:
    """A file on a server.

    Args:
        client: An HTTP client with the interface of httpx.
        failures: What it raises when an exchange fails.
        url: Where the file is; redirections are followed, and remembered while they last.
        size: In bytes, as the listing says.
        headers: For the server that `url` names, and no other.
        patience: How long to wait.
        sleep: Waits.
    """

    def __init__(
        self,
        client: Any,  # noqa: ANN401 - httpx or its successor, whichever huggingface_hub brings
        failures: tuple[type[Exception], ...],
        url: str,
        size: int,
        *,
        headers: Mapping[str, str],
        patience: Patience,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._failures = failures
        self._url = url
        self._size = size
        self._headers = dict(headers)
        self._patience = patience
        self._sleep = sleep
        self._direct = ""

    def fetch(self, offset: int, size: int) -> bytes:
        """Return just so many bytes from an offset.

        Raises:
            UnreadableError: The server does not give them, or gives something else.
        """
        data = bytearray()
        pause, problem = self._patience.pause_s, ""
        for attempt in range(self._patience.tries):
            if attempt:
                self._sleep(pause)
                pause *= 2
            check_wanted()
            try:
                self._ask(offset + len(data), size - len(data), data)
                return bytes(data)
            except _Again as error:
                problem, pause = str(error), max(pause, error.pause_s)
            except self._failures as error:
                problem = type(error).__name__
        raise UnreadableError(
            f"cannot be fetched: {problem}, {self._patience.tries} times", hint="try again later"
        )

    def _ask(self, offset: int, size: int, data: bytearray) -> None:
        """Ask once for bytes, and add those that come."""
        direct = bool(self._direct)
        headers = {} if direct else self._headers
        span = {"Range": f"bytes={offset}-{offset + size - 1}", "Accept-Encoding": "identity"}
        with self._client.stream(
            "GET",
            self._direct or self._url,
            headers=headers | span,
            follow_redirects=True,
            timeout=self._timeout(),
        ) as answer:
            if direct and answer.status_code in _STALE:
                self._direct = ""
                raise _Again("the address it was redirected to has expired")
            self._check(answer, offset, size, begun=len(data))
            if answer.history:
                self._direct = str(answer.url)
            if answer.status_code == 200:  # all of it was wanted, and comes from its beginning
                data.clear()
                size = self._size
            self._take(answer, size, data)

    def _timeout(self) -> tuple[float, float, float, float]:
        patience = self._patience
        return patience.connect_s, patience.silence_s, patience.silence_s, patience.connect_s

    def _check(self, answer: Any, offset: int, size: int, *, begun: int) -> None:  # noqa: ANN401
        """Check that an answer holds what was asked for, of which some may have come before."""
        status = answer.status_code
        if status in _WORTH_ANOTHER_TRY:
            raise _Again(f"the server answers {status}", self._asked_pause(answer))
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise UnreadableError("the server packs what it sends, so that ranges mean nothing")
        if status == 200 and begun == offset and offset + size == self._size:
            return
        if status == 200:
            raise UnreadableError(
                "the server gives whole files only, no ranges", hint="check it without --headers"
            )
        if status == 416:
            raise UnreadableError(f"the server has fewer than the {self._size:,} bytes listed")
        if status != 206:
            raise UnreadableError(f"the server answers {status}", hint="check it without --headers")
        self._check_range(answer, offset, size)

    def _check_range(self, answer: Any, offset: int, size: int) -> None:  # noqa: ANN401
        match = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", ""))
        if match is None or int(match[1]) != offset or int(match[2]) > offset + size - 1:
            raise UnreadableError("the server sends another range than it was asked for")
        if match[3] not in ("*", str(self._size)):
            raise UnreadableError(
                f"the server has {int(match[3]):,} bytes, the listing says {self._size:,}"
            )

    def _asked_pause(self, answer: Any) -> float:  # noqa: ANN401
        asked = str(answer.headers.get("retry-after", ""))
        return min(float(asked), self._patience.longest_pause_s) if asked.isdecimal() else 0.0

    def _take(self, answer: Any, size: int, data: bytearray) -> None:  # noqa: ANN401
        """Take so many bytes of an answer, whatever it has."""
        end = time.monotonic() + self._patience.request_s + size / self._patience.bytes_per_s
        left = size
        for piece in answer.iter_raw():
            data += piece[:left]
            left -= min(left, len(piece))
            if not left:
                return
            if time.monotonic() > end:
                raise _Again(f"{left:,} of {size:,} bytes took too long")
            check_wanted()
        raise _Again(f"the answer broke off {left:,} bytes before its end")
