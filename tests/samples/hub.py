# SPDX-License-Identifier: Apache-2.0
"""A hub on this machine: the few answers that a download needs, and a cache as huggingface_hub lays it out."""

import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {"config.json": b'{"model_type": "llama"}', "sub/weights.bin": bytes(range(256)) * 4096}

_REFUSALS = {  # by repository: status, and the code that huggingface_hub tells the cases apart by
    "org/gone": (404, "RepoNotFound"),
    "org/gated": (403, "GatedRepo"),
    "org/down": (503, ""),
}


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def _answer(self, body):
        self.server.asked.append(f"{self.command} {self.path}")
        path = self.path.partition("?")[0].removeprefix("/api/models").lstrip("/")
        repository = "/".join(path.split("/")[:2])
        if repository in _REFUSALS:
            self._send(*_REFUSALS[repository])
        elif f"/revision/{COMMIT}" in path or path.endswith("/revision/main"):
            siblings = [{"rfilename": name, "size": len(data)} for name, data in FILES.items()]
            self._json({"id": repository, "sha": COMMIT, "siblings": siblings})
        elif "/revision/" in path:
            self._send(404, "RevisionNotFound")
        elif "/tree/" in path:
            self._json(
                [
                    {"type": "file", "path": name, "size": len(data), "oid": _oid(data)}
                    for name, data in FILES.items()
                ]
            )
        elif "/resolve/" in path:
            self._file(FILES[path.partition(f"/resolve/{COMMIT}/")[2]], body)
        else:
            self._send(404, "")

    def _send(self, status, code):
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _json(self, document):
        data = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _file(self, data, body):
        self.send_response(200)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{_oid(data)}"')
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data)


def _oid(data):
    return hashlib.sha1(data).hexdigest()


@contextmanager
def serving():
    """Serve the model `org/name`; yields the server, with its `url` and the requests `asked` of it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.asked = []
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def cache_snapshot(
    cache: Path, files=FILES, *, commit=COMMIT, name="org--name", listing=True
) -> Path:
    """Lay out a cached snapshot: blobs, links to them, the ref `main`, and the listing of the commit."""
    repository = cache / f"models--{name}"
    snapshot = repository / "snapshots" / commit
    for path, data in files.items():
        blob = repository / "blobs" / _oid(data)
        blob.parent.mkdir(parents=True, exist_ok=True)
        blob.write_bytes(data)
        link = snapshot / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(Path(*[".."] * (path.count("/") + 2), "blobs", blob.name))
    (repository / "refs").mkdir(exist_ok=True)
    (repository / "refs" / "main").write_text(commit)
    if listing:
        tree = {path: {"size": len(data), "blob_id": _oid(data)} for path, data in files.items()}
        (repository / "trees").mkdir(exist_ok=True)
        document = {"format_version": 1, "files": tree}
        (repository / "trees" / f"{commit}.json").write_text(json.dumps(document))
    return snapshot
