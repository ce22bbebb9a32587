"""
HTTP on 127.0.0.1 for the local runtimes: one thin WSGI application behind waitress.

A request becomes a `toban.kernel.http.Request` straight from the WSGI environment; no framework
stands in between. Stopping is graceful: nothing new is accepted, what was received is answered.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import msgspec
import waitress.server
from waitress import wasyncore

from toban.entry import parse_query
from toban.kernel import log
from toban.kernel.http import MAX_BODY, Request, Response, problem
from toban.topology.types import Topology

Answer: TypeAlias = Callable[[Request], Response]
StartResponse: TypeAlias = Callable[[str, list[tuple[str, str]]], object]

GRACE_S = 10.0
"""How long stopping waits for requests under way."""
_READ_AT_MOST = 4 * MAX_BODY
"""Larger bodies are refused by waitress while they arrive; those in between are told by us."""

_REASONS = {
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 302: "Found", 303: "See Other",
    304: "Not Modified", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
    404: "Not Found", 405: "Method Not Allowed", 409: "Conflict", 410: "Gone",
    413: "Content Too Large", 415: "Unsupported Media Type", 422: "Unprocessable Content",
    429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Timeout",
}  # fmt: skip


def read_request(environ: Mapping[str, Any], path: str) -> Request:
    """The request of a WSGI environment; `path` is what it says after the function's name."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    headers = {
        name[5:].lower().replace("_", "-"): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    if "CONTENT_TYPE" in environ:
        headers["content-type"] = environ["CONTENT_TYPE"]
    if "CONTENT_LENGTH" in environ:
        headers["content-length"] = environ["CONTENT_LENGTH"]
    query = environ.get("QUERY_STRING", "")
    return Request(
        method=environ["REQUEST_METHOD"],
        path=path,
        query=parse_query(query) if query else {},
        headers=headers,
        body=environ["wsgi.input"].read(length) if length <= MAX_BODY else None,
    )


class Application:
    """
    ``/<function>/…`` to the function's answer, ``/healthz``, and 404 for whatever else.

    Access lines hold method, path, status and time, never a query: tokens travel in it.
    """

    def __init__(self, functions: Mapping[str, Answer], health: Callable[[], Response]) -> None:
        """`health` answers ``/healthz``."""
        self._functions = functions
        self._health = health

    def __call__(
        self, environ: Mapping[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        """WSGI (PEP 3333)."""
        began = time.perf_counter()
        method = environ["REQUEST_METHOD"]
        path = _path(environ)
        response = self._answer(environ, method, path)
        headers = [
            ("Content-Type", response.content_type),
            ("Content-Length", str(len(response.body))),
            *response.headers.items(),
        ]
        status = response.status
        start_response(f"{status} {_REASONS.get(status, 'Status')}", headers)
        log.write(
            "DEBUG" if path == "/healthz" else "INFO",
            "request",
            method=method,
            path=path[:200],
            status=status,
            ms=round((time.perf_counter() - began) * 1000, 2),
        )
        return [b"" if method == "HEAD" else response.body]

    def _answer(self, environ: Mapping[str, Any], method: str, path: str) -> Response:
        if path == "/healthz":
            if method in {"GET", "HEAD"}:
                return self._health()
            return Response(405, headers={"Allow": "GET, HEAD"})
        name, slash, rest = path[1:].partition("/")
        function = self._functions.get(name)
        if function is None:
            return problem(404, "no such function", functions=sorted(self._functions))
        return function(read_request(environ, slash + rest))


def _path(environ: Mapping[str, Any]) -> str:
    """The path as it was sent: still percent-encoded."""
    target = str(environ.get("REQUEST_URI") or environ.get("PATH_INFO") or "/")
    if target.startswith("/"):
        return target.partition("?")[0]
    try:
        return urlsplit(target).path or "/"  # the absolute form, as proxies send it
    except ValueError:
        return "/"


class HttpServer:
    """
    An application on a port, in `threads` threads; a port of 0 takes any free one.

    Raises `OSError` when the port is taken. Connections made before `serve` wait.
    """

    def __init__(self, application: Application, host: str, port: int, threads: int = 8) -> None:
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._server = waitress.server.create_server(
            application,
            host=host,
            port=port,
            threads=threads,
            ident="",
            backlog=256,
            channel_timeout=60,
            max_request_body_size=_READ_AT_MOST,
            inbuf_overflow=_READ_AT_MOST,
            asyncore_use_poll=True,
        )
        self._stop = threading.Event()
        self.port = int(self._server.effective_port)
        self.url = f"http://{host}:{self.port}"

    def serve(self) -> None:
        """Answer until `stop`; then finish what was received, and return."""
        server = self._server
        while not self._stop.is_set():
            _turn(server, 1.0)
        wasyncore.dispatcher.close(server)  # the listening socket only; the wake-up pipe stays
        deadline = time.monotonic() + GRACE_S
        while any(map(_busy, list(server.active_channels.values()))):
            if time.monotonic() > deadline:
                log.warning("stopped with requests under way")
                break
            _turn(server, 0.05)
        server.task_dispatcher.shutdown(timeout=1)
        for channel in list(server.active_channels.values()):
            channel.handle_close()
        server.trigger.close()

    def stop(self) -> None:
        """Ask `serve` to come to its end; may be called from a signal handler."""
        self._stop.set()
        try:
            self._server.pull_trigger()
        except OSError:
            return  # it has ended already


def _turn(server: Any, timeout_s: float) -> None:
    wasyncore.loop(timeout=timeout_s, map=server._map, use_poll=True, count=1)


def _busy(channel: Any) -> bool:
    return bool(channel.requests or channel.total_outbufs_len)


def health_of(topology: Topology, runtime: str) -> Callable[[], Response]:
    """What ``/healthz`` says once everything runs."""
    said = {"status": "ready", "runtime": runtime, "functions": list(topology.functions)}
    body = msgspec.json.encode(said) + b"\n"
    return lambda: Response(200, body)
