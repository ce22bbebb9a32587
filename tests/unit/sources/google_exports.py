"""
A stand-in for the SQL Admin API and the Memorystore API on 127.0.0.1: exports and operations only.

Fields and errors are those of ``sqladmin v1`` and ``redis v1`` as far as exports use them; the
services themselves were never asked. An export takes a number of
looks at its operation; then its object appears, all at once, as objects do.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from toban.ports.backup import Bucket


@dataclass
class Export:
    """One operation."""

    name: str
    uri: str
    looks: int
    body: dict[str, Any]
    begun: str = "2026-11-22T02:59:00.123456789Z"
    error: str = ""
    other: bool = False
    """Somebody else's."""

    @property
    def done(self) -> bool:
        return self.looks <= 0


@dataclass
class Google:
    """What the service knows, and how it behaves."""

    bucket: Callable[[str], Bucket]
    content: bytes
    looks: int = 2
    fail: str = ""
    answers: list[tuple[int, str]] = field(default_factory=list)
    """Errors to give to the next requests instead."""
    lose_answers: int = 0
    """Starts whose answer never arrives."""
    exports: list[Export] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def started(self) -> int:
        return len([e for e in self.exports if not e.other])

    def look(self, export: Export) -> None:
        if export.done:
            return
        export.looks -= 1
        if export.done and not export.other:
            export.error = self.fail
            if not self.fail:
                bucket, _, name = export.uri.removeprefix("gs://").partition("/")
                self.bucket(bucket).upload(name, iter([self.content]))

    def start(self, uri: str, body: dict[str, Any], kind: str) -> tuple[int, Any]:
        if any(not e.done for e in self.exports):
            message = "Operation failed because another operation was already in progress."
            return 409, {"error": {"code": 409, "message": message}}
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        if self.bucket(bucket).stat(name):
            return 400, {"error": {"code": 400, "message": "The file already exists"}}
        export = Export(f"{kind}-{len(self.exports)}", uri, self.looks, body)
        self.exports.append(export)
        return 200, export


def _sql(export: Export) -> dict[str, Any]:
    said: dict[str, Any] = {
        "kind": "sql#operation", "name": export.name, "operationType": "EXPORT",
        "status": "DONE" if export.done else "RUNNING", "insertTime": export.begun,
        "exportContext": {"uri": export.uri, "kind": "sql#exportContext"},
    }  # fmt: skip
    if export.error:
        error = {"kind": "sql#operationError", "code": "ERROR_RDBMS", "message": export.error}
        said["error"] = {"kind": "sql#operationErrors", "errors": [error]}
    return said


INSTANCE = "projects/shop/locations/asia-northeast1/instances/cache"


def _redis(export: Export) -> dict[str, Any]:
    said: dict[str, Any] = {
        "name": f"projects/shop/locations/asia-northeast1/operations/{export.name}",
        "metadata": {"createTime": export.begun, "target": INSTANCE, "verb": "export"},
        "done": export.done,
    }
    if export.error:
        said["error"] = {"code": 9, "message": export.error}
    return said


def _answer(google: Google, method: str, path: str, body: Any) -> tuple[int, Any]:
    if method == "POST" and path == "/v1/projects/shop/instances/main/export":
        context = body["exportContext"]
        assert (context["fileType"], context["offload"]) == ("SQL", True)
        status, said = google.start(context["uri"], body, "sql")
        return status, _sql(said) if status == 200 else said
    if method == "POST" and path == f"/v1/{INSTANCE}:export":
        uri = body["outputConfig"]["gcsDestination"]["uri"]
        status, said = google.start(uri, body, "op")
        return status, _redis(said) if status == 200 else said
    if path == "/v1/projects/shop/instances/main":
        return 200, {"databaseVersion": "POSTGRES_15"}
    if path == f"/v1/{INSTANCE}":
        return 200, {"redisVersion": "REDIS_7_0", "state": "READY"}
    if path == "/v1/projects/shop/operations":
        return 200, {"items": [_sql(e) for e in reversed(google.exports)]}
    if path == "/v1/projects/shop/locations/asia-northeast1/operations":
        for export in google.exports:
            google.look(export)
        return 200, {"operations": [_redis(e) for e in google.exports]}
    found = re.search(r"/operations/([\w-]+)$", path)
    for export in google.exports:
        if found and export.name == found.group(1):
            google.look(export)
            return 200, _redis(export) if "locations" in path else _sql(export)
    return 404, {"error": {"code": 404, "message": f"no such thing: {path}"}}


def serve(google: Google) -> tuple[str, Callable[[], None]]:
    """Its URL, and how to stop it."""

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            path = unquote(urlsplit(self.path).path)
            google.requests.append(f"{self.command} {path}")
            google.headers.append(dict(self.headers.items()))
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            if google.answers:
                status, text = google.answers.pop(0)
                data = text.encode()
            else:
                status, said = _answer(google, self.command, path, body)
                data = json.dumps(said).encode()
            if self.command == "POST" and google.lose_answers:
                google.lose_answers -= 1
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = _do  # noqa: N815 - named by the library

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()

    def stop() -> None:
        server.shutdown()
        thread.join()
        server.server_close()

    return f"http://127.0.0.1:{server.server_address[1]}/v1", stop
