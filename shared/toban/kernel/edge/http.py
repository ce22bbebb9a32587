"""
HTTP at the edge, independent of the web framework.

An endpoint is a function from `Request` and `Edge` to `Response`. It keeps no state: it checks,
normalises and publishes; 2xx means that the bus has the events.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from toban.kernel.documents import Documents
from toban.kernel.event import Event
from toban.ports import Clock, Secrets

MAX_BODY = 1024 * 1024
"""Bytes of a request body that are read at most; a larger one is answered 413."""


@dataclass(frozen=True, slots=True)
class Request:
    """
    An HTTP request as received.

    `path` is relative to the function and still percent-encoded; header names are lower-case;
    values of repeated names are joined by a comma, in headers and `query`. `body` is None when it was
    larger than `MAX_BODY` (it was not read further).
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = b""


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Edge:
    """The ports that an endpoint may use."""

    clock: Clock
    secrets: Secrets
    publish: Callable[[Sequence[Event]], None]
    """Returns when the bus has all of them; raises `toban.ports.Unavailable` otherwise."""
    identify: Callable[[str, datetime], str] | None = None
    """The address of whom an ID token proves (`toban.kernel.edge.identity`); None: nobody's is."""
    documents: Callable[[], Documents] | None = None
    """The documents, to read only, for a row that shows some; None: there is no store."""


Endpoint: TypeAlias = Callable[[Request, Edge], Response]


def answer(status: int, **fields: Any) -> Response:
    """Return a response in JSON."""
    return Response(status, msgspec.json.encode(fields) + b"\n")


def problem(status: int, error: str, **fields: Any) -> Response:
    """Return an error response in JSON: what is wrong and where, never a secret."""
    return answer(status, error=error, **fields)
