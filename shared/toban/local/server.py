"""What a local runtime serves: ``/<function>/…`` and ``/healthz``."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TypeAlias
from urllib.parse import urlsplit

import msgspec

from toban.entry import parse_query
from toban.kernel import log
from toban.kernel.edge.http import Request, Response, problem
from toban.local.httpd import ReceivedRequest
from toban.topology.types import Topology

Answer: TypeAlias = Callable[[Request], Response]


class Application:
    """
    The HTTP paths: ``/<function>/…`` to the function, ``/healthz``, and 404 for all others.

    Access lines hold method, path, status and time, never a query: tokens travel in it.
    """

    def __init__(self, functions: Mapping[str, Answer], health: Callable[[], Response]) -> None:
        """`health` answers ``/healthz``."""
        self._functions = functions
        self._health = health

    def __call__(self, received: ReceivedRequest) -> Response:
        """The answer; never raises."""
        began = time.perf_counter()
        path, query = _split(received.target)
        response = self._answer(received, path, query)
        log.write(
            "DEBUG" if path == "/healthz" else "INFO",
            "request",
            method=received.method,
            path=path[:200],
            status=response.status,
            ms=round((time.perf_counter() - began) * 1000, 2),
        )
        return response

    def _answer(self, received: ReceivedRequest, path: str, query: str) -> Response:
        if path == "/healthz":
            if received.method in {"GET", "HEAD"}:
                return self._health()
            return Response(405, headers={"Allow": "GET, HEAD"})
        name, slash, rest = path[1:].partition("/")
        function = self._functions.get(name)
        if function is None:
            return problem(404, "no such function", functions=sorted(self._functions))
        try:
            request = Request(
                method=received.method,
                path=slash + rest,
                query=parse_query(query) if query else {},
                headers=received.headers,
                body=received.body,
            )
            return function(request)
        except Exception as error:  # noqa: BLE001  the last line before the sender
            log.error("request failed", error=error)
            return Response(500)


def _split(target: str) -> tuple[str, str]:
    """Path (still percent-encoded) and query; of the absolute form only these."""
    if not target.startswith("/"):
        try:
            parts = urlsplit(target)
        except ValueError:
            return "/", ""
        return parts.path or "/", parts.query
    path, _, query = target.partition("?")
    return path, query


def health_of(topology: Topology, runtime: str) -> Callable[[], Response]:
    """Return what ``/healthz`` says once everything runs."""
    said = {"status": "ready", "runtime": runtime, "functions": list(topology.functions)}
    body = msgspec.json.encode(said) + b"\n"
    return lambda: Response(200, body)
