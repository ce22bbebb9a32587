"""
A way in over HTTP as a row: its path, who may send, and how to read what they send.

`toban.kernel.edge.serve` handles every row in the same order, so a domain writes only its own
parts: a check over the raw bytes and a reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from toban.kernel import log, strictjson
from toban.kernel.documents import Documents
from toban.kernel.edge.http import Request, Response, answer, problem
from toban.kernel.event import Event

W = TypeVar("W")
"""What a check proved: the sender, or something else."""

_JSON = re.compile(r"application/(json|[a-z0-9.-]+\+json)")


class RequestRefused(Exception):
    """
    The request is refused.

    The message is the reason for the log and holds no credential; the sender is told `told`,
    and of a 401 nothing at all.
    """

    status = 401
    told = "refused"


class CredentialsMissing(RequestRefused):
    """
    The request has no credentials: a client that waits to be asked for them (RFC 7617) begins
    so.
    """


class SettingMissing(Exception):
    """A setting that the check needs is not set; the message is its name."""


@dataclass(frozen=True)
class AuthContext:
    """What a check compares a request with: valid secrets, the time, the token verifier."""

    secrets: Sequence[str]
    """Every valid value of the row's secret; none is empty."""
    now: datetime
    identify: Callable[[str, datetime], str] | None = None
    """As in `toban.kernel.edge.http.Edge`."""


@dataclass(frozen=True)
class BodyType:
    """A content type that a row accepts, and how to decode it."""

    expected: str
    """What a sender of another type is told."""
    fits: Callable[[str], bool]
    """Return whether a ``Content-Type`` is of this type."""
    decode: Callable[[bytes], Any]
    """Raises `NotStrictJson`."""


def _is_json(content_type: str) -> bool:
    kind, *parameters = (part.strip() for part in content_type.lower().split(";"))
    charsets = [p.partition("=")[2].strip(' "') for p in parameters if p.startswith("charset")]
    return bool(_JSON.fullmatch(kind)) and all(c in {"utf-8", "utf8"} for c in charsets)


JSON = BodyType("application/json in UTF-8", _is_json, strictjson.loads)


@dataclass(frozen=True)
class AuthenticatedRequest(Generic[W]):
    """A request whose sender is known, with its decoded body (None where the row reads none)."""

    request: Request
    who: W
    now: datetime
    content: Any = None
    documents: Callable[[], Documents] | None = None
    """As in `toban.kernel.edge.http.Edge`."""


@dataclass(frozen=True)
class IngressResult:
    """What was read from a request: the events to publish, and counts for answer and log."""

    events: Sequence[Event]
    notes: Mapping[str, int] = field(default_factory=dict)
    """Counts that the answer and the log line show besides the events."""


@dataclass(frozen=True)
class Row(Generic[W]):
    """One way in over HTTP. `check` and `read` refuse by raising."""

    path: str
    """As on the map, relative to the function."""
    secret: str
    """Name of the secret the check needs; empty: none."""
    check: Callable[[Request, AuthContext], W]
    """Who sends, over the bytes as received. Raises `RequestRefused`, `SettingMissing`."""
    read: Callable[[AuthenticatedRequest[W]], IngressResult]
    """What they send. Raises `toban.kernel.edge.fields.InvalidField`."""
    answers: Answers
    challenge: str = ""
    """``WWW-Authenticate`` of a 401."""
    content: BodyType | None = JSON
    """None: the body is ignored, because everything is in the address (a signed link)."""
    look: Callable[[AuthenticatedRequest[W]], Response] | None = None
    """What GET answers; it changes nothing. None: the row takes POST only."""
    lost: Callable[[RowRequest, int, Exception], Event] | None = None
    """
    What tells people that a known sender's request is refused, where that loses it; with the status and
    the cause. None: the sender is told, and that is enough.
    """

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods it accepts; any other gets 405."""
        return ("GET", "HEAD", "POST") if self.look else ("POST",)

    @property
    def source(self) -> str:
        """The row's name in the log."""
        return self.path[1:]


@dataclass(frozen=True)
class RowRequest:
    """A request to a row: as received, with the result of its check."""

    row: Row[Any]
    request: Request
    now: datetime
    who: Any = None
    """The result of the check; None: it was not reached."""
    content: Any = None
    documents: Callable[[], Documents] | None = None
    """As in `toban.kernel.edge.http.Edge`."""


class Answers:
    """
    The responses and log lines of a row.

    These are for machines that use JSON; a row for others (people, Slack) has answers of its
    own.
    """

    def __init__(self, what: str) -> None:
        """`what` is sent by these ways: the noun of the log lines."""
        self.what = what

    def say(self, status: int, error: str, request: Request, **more: Any) -> Response:  # noqa: ARG002 for answers in the sender's language
        """Return an error response: what is wrong and where, never a secret."""
        return problem(status, error, **more)

    def refused(self, asked: RowRequest, status: int, cause: Exception) -> Response:
        """Log and answer a request that is refused."""
        row = asked.row
        if isinstance(cause, CredentialsMissing):
            log.info("credentials requested", source=row.source)
        elif isinstance(cause, RequestRefused):
            log.security("request refused", source=row.source, reason=str(cause))
        elif status == 400:
            log.warning(f"{self.what} refused", source=row.source, reason=str(cause))
        if status == 401:
            return Response(401, headers={"WWW-Authenticate": row.challenge})
        told = cause.told if isinstance(cause, RequestRefused) else str(cause)
        return self.say(status, told, asked.request)

    def unavailable(self, asked: RowRequest, cause: Exception) -> Response:
        """Log and answer a request whose events the bus did not take: the sender may retry."""
        log.error(
            f"{self.what} not accepted: bus unavailable",
            source=asked.row.source,
            error=cause,
        )
        return self.say(503, "try again", asked.request)

    def accepted(self, asked: RowRequest, reading: IngressResult) -> Response:
        """Log and answer a request whose events the bus has taken."""
        ids = [event.id for event in reading.events]
        log.info(
            f"{self.what} accepted",
            source=asked.row.source,
            accepted=len(ids),
            events=ids[:20],
            **reading.notes,
        )
        return answer(200, accepted=len(ids), events=ids, **reading.notes)
