# SPDX-License-Identifier: Apache-2.0
"""A server with OpenAI's completions interface on the loopback address, honest or not."""

import contextlib
import json
import math
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LIKELY = {"Paris": -0.1, "yes": -0.2}


def tokens(text: str) -> list[str]:
    """Return the words of a text, each with the space before it."""
    return re.findall(r"\s?[^\s]+|\s", text)


def logprob(before: str, token: str) -> float:
    """Return the log-probability of a token: of known words fixed, of others by what stands before."""
    known = LIKELY.get(token.strip())
    return known if known is not None else -2.0 - len(before) % 7 / 10 - len(token) / 5


def completion(body: dict[str, Any]) -> dict[str, Any]:
    """Answer as an honest server does."""
    prompt = body.get("prompt", "")
    text = " written by the server END more"
    choice: dict[str, Any] = {"text": text, "index": 0}
    if body.get("echo"):
        found = [*tokens(prompt), " next"]
        starts = [sum(map(len, found[:number])) for number in range(len(found))]
        scores = [
            logprob(prompt[:start], token) for start, token in zip(starts, found, strict=True)
        ]
        choice["logprobs"] = {
            "tokens": found,
            "token_logprobs": [None, *scores[1:]],
            "text_offset": starts,
            "top_logprobs": [
                None,
                *(
                    {token: score, "other": math.log(0.5)}
                    for token, score in zip(found[1:], scores[1:], strict=True)
                ),
            ],
        }
    return {"choices": [choice], "usage": {"completion_tokens": 5}}


Answer = Callable[[str, dict[str, Any], int], tuple[int, str, str]]


def honest(path: str, body: dict[str, Any], number: int) -> tuple[int, str, str]:
    """Answer every request."""
    del number
    if path.endswith("/chat/completions"):
        said = body["messages"][-1]["content"]
        choice = {"message": {"role": "assistant", "content": f"you said {said}"}}
        return 200, "application/json", json.dumps({"choices": [choice]})
    return 200, "application/json", json.dumps(completion(body))


@contextlib.contextmanager
def serving(
    answer: Answer = honest, models: list[dict[str, Any]] | None = None
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Serve on the loopback address; yields the address and the bodies that came in.

    Args:
        answer: Gives status, content type and body for a path, a body and its number.
        models: What it lists as served; None lists nothing.
    """
    seen: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            seen.append({**body, "authorization": self.headers.get("authorization", "")})
            self._say(*answer(self.path, body, len(seen)))

        def do_GET(self) -> None:
            status = 404 if models is None else 200
            self._say(status, "application/json", json.dumps({"data": models}))

        def _say(self, status: int, kind: str, text: str) -> None:
            data = text.encode()
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # who asked may have gone
                self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
