# SPDX-License-Identifier: Apache-2.0
"""A hub on this machine that gives ranges of files, well or in one of many wrong ways."""

import hashlib
import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"
_REFUSALS = {
    "org/gone": (404, "RepoNotFound"),
    "org/gated": (403, "GatedRepo"),
    "org/private": (401, ""),
    "org/busy": (429, ""),
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        hub, path = self.server.hub, self.path.partition("?")[0]
        span = self.headers.get("Range", "")
        hub.asked.append((path, span, self.headers.get("Authorization", "")))
        try:
            if path.startswith("/api/models/"):
                self._listing(hub, "/".join(path.split("/")[3:5]))
            elif "/resolve/" in path:
                self._file(hub, path.partition(f"/resolve/{COMMIT}/")[2], span)
            else:
                self._file(hub, path.removeprefix("/cdn/"), span, direct=True)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _listing(self, hub, repository):
        if repository in _REFUSALS:
            status, code = _REFUSALS[repository]
            self._send(status, b"", {"X-Error-Code": code} if code else {})
            return
        siblings = [hub.entry(name) for name in hub.files]
        document = {"id": repository, "sha": COMMIT, "siblings": siblings}
        self._send(200, json.dumps(document).encode(), {"Content-Type": "application/json"})

    def _file(self, hub, name, span, direct=False):
        mode = hub.modes.get(name, "")
        if mode == "redirect" and not direct:
            self._send(302, b"", {"Location": f"{hub.cdn or hub.url}/cdn/{name}"})
        elif mode == "expires" and not direct:
            self._send(302, b"", {"Location": f"{hub.url}/cdn/{name}"})
        elif mode == "expires" and hub.turn(name) > 1 and hub.turn(name) < 4:
            self._send(403, b"")
        elif mode.isdecimal():
            self._send(int(mode), b"", {"Retry-After": "7"})
        elif mode == "busy first" and hub.turn(name) < 3:
            self._send(503, b"")
        else:
            self._range(hub, name, span, mode)

    def _range(self, hub, name, span, mode):
        data = hub.files[name]
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", span)
        first, last = int(match[1]), min(int(match[2]), len(data) - 1)
        if mode == "ignores ranges":
            self._send(200, data)
            return
        if first >= len(data):
            self._send(416, b"", {"Content-Range": f"bytes */{len(data)}"})
            return
        total = len(data) + 1 if mode == "lies about the total" else len(data)
        shift = 1 if mode == "sends another range" else 0
        said = f"bytes {first + shift}-{last + shift}/{total}"
        headers = {"Content-Range": "" if mode == "says no range" else said}
        if mode == "packs":
            headers["Content-Encoding"] = "gzip"
        body = data[first : last + 1]
        if mode == "sends more":
            self._send(206, body + b"more than anybody asked for" * 1000, headers)
        elif mode == "cuts" or (mode == "cuts first" and hub.turn(name) < 3):
            self._send(206, body, headers, cut=len(body) // 2)
        else:
            self._send(206, body, headers)

    def _send(self, status, body, headers=(), cut=None):
        self.send_response(status)
        for key, value in dict(headers).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        if cut is not None:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body[:cut])
        self.close_connection = cut is not None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Say nothing: clients here hang up whenever they have enough."""


class Hub:
    """What the server serves, and what it was asked for.

    Attributes:
        files: Content by name.
        modes: How a file is served, by name.
        lies: What the listing says of a file that is not true, by name.
        asked: Path, range and authorization of each request.
        cdn: Where it redirects to.
    """

    def __init__(self, files):
        self.files = files
        self.modes = {}
        self.lies = {}
        self.asked = []
        self.cdn = ""
        self.url = ""
        self._turns = {}

    def turn(self, name):
        self._turns[name] = self._turns.get(name, 0) + 1
        return self._turns[name]

    def entry(self, name):
        data = self.files[name]
        entry = {"rfilename": name, "size": len(data)}
        if name.endswith((".json", ".md")):
            entry["blobId"] = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        else:
            digest = hashlib.sha256(data).hexdigest()
            entry["blobId"] = "0" * 40
            entry["lfs"] = {"size": len(data), "sha256": digest, "pointerSize": 130}
        return entry | self.lies.get(name, {})

    def fetched(self, name):
        """Return how many bytes of a file were asked for."""
        spans = [span for path, span, _ in self.asked if path.endswith(name) and span]
        ends = [span.removeprefix("bytes=").split("-") for span in spans]
        return sum(int(last) - int(first) + 1 for first, last in ends)


@contextmanager
def serving(files):
    """Serve some files as the model of any name but those that are refused; yields the `Hub`."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.hub = Hub(files)
    server.hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
