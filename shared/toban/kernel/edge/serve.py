"""
One order of checks for every way in.

Path and method → size (of alerts after the sender) → sender (over the raw bytes) → content type →
strict decoding → reading → publish → 2xx. No state, and a refused request costs no read (only what
is behind a valid link looks at a document). A temporary failure is always 503 and never another code: Alertmanager drops a
notification on any 4xx, 429 included, and GitHub never retries by itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from toban.kernel import log
from toban.kernel.edge.fields import InvalidField
from toban.kernel.edge.http import MAX_BODY, Edge, Request, Response
from toban.kernel.edge.row import (
    Answers,
    AuthContext,
    AuthenticatedRequest,
    IngressResult,
    RequestRefused,
    Row,
    RowRequest,
    SettingMissing,
)
from toban.kernel.event import utc
from toban.kernel.strictjson import NotStrictJson
from toban.ports import Unavailable

_TOO_LARGE = ValueError(f"body larger than {MAX_BODY} bytes")


class Rows:
    """
    The ways into one function: an `Endpoint`.

    Answers 2xx once the bus has every event; 400 (with the place), 401 or 403, 404, 405, 413,
    415; 503 when the bus has not taken them, or a secret is not set.
    """

    def __init__(self, *rows: Row[Any], stranger: Answers | None = None) -> None:
        """`stranger` answers to a path that is none of the rows' (default: JSON)."""
        self.by_path = {row.path: row for row in rows}
        self._stranger = stranger or Answers("request")

    def __call__(self, request: Request, edge: Edge) -> Response:
        """The answer to one request."""
        row = self.by_path.get(request.path or "/")
        if row is None:
            return self._stranger.say(404, "no such path", request, paths=list(self.by_path))
        if request.method not in row.methods:
            return Response(405, headers={"Allow": ", ".join(row.methods)})
        return self._let_in(row, request, edge)

    def _let_in(self, row: Row[Any], request: Request, edge: Edge) -> Response:
        now = utc(edge.clock.now())
        asked = RowRequest(row, request, now)
        too_large = request.body is None or len(request.body) > MAX_BODY
        if too_large and row.lost is None:
            return row.answers.refused(asked, 413, _TOO_LARGE)
        secrets = [s for s in edge.secrets.values(row.secret) if s] if row.secret else []
        if row.secret and not secrets:
            return self._secret_not_set(row, request, edge)
        try:
            who = row.check(request, AuthContext(secrets, now, edge.identify))
        except SettingMissing as missing:
            log.error("setting not set", missing=str(missing))
            return row.answers.say(503, "not configured", request)
        except RequestRefused as refused:
            if too_large:  # a signature cannot be looked at
                return row.answers.refused(asked, 413, _TOO_LARGE)
            return row.answers.refused(asked, refused.status, refused)
        except Unavailable as error:
            log.error(
                "request not checked: verification unavailable", source=row.source, error=error
            )
            return row.answers.say(503, "try again", request)
        asked = RowRequest(row, request, now, who)
        if too_large or request.body is None:
            return _refuse(asked, 413, _TOO_LARGE, edge)
        if row.look is not None and request.method != "POST":
            return row.look(AuthenticatedRequest(request, who, now, documents=edge.documents))
        return _take(asked, request.body, edge)

    def _secret_not_set(self, row: Row[Any], request: Request, edge: Edge) -> Response:
        """
        503, not 401: the fault is ours and will be mended, and a sender that retries keeps what it
        has to say (a 401 makes Alertmanager drop it).
        """
        others = dict.fromkeys(
            r.secret
            for r in self.by_path.values()
            if r.secret not in ("", row.secret) and not edge.secrets.values(r.secret)
        )
        log.error("secret not set", missing=row.secret, also_not_set=list(others))
        return row.answers.say(503, "not configured", request)


def _refuse(asked: RowRequest, status: int, cause: Exception, edge: Edge) -> Response:
    """Refuse what a known sender sent; people are told first where it is lost by that."""
    row = asked.row
    if row.lost is not None:
        try:
            edge.publish([row.lost(asked, status, cause)])
        except Unavailable as error:
            return row.answers.unavailable(asked, error)
    return row.answers.refused(asked, status, cause)


def _take(asked: RowRequest, body: bytes, edge: Edge) -> Response:
    """Read what somebody sent who may, and publish it."""
    row, request = asked.row, asked.request
    content = None
    if row.content is not None:
        if request.headers.get("content-encoding", "").strip().lower() not in ("", "identity"):
            refusal = _refuse(asked, 415, ValueError("expected no content encoding"), edge)
            return replace(refusal, headers={**refusal.headers, "Accept-Encoding": "identity"})
        if not row.content.fits(request.headers.get("content-type", "")):
            expected = ValueError(f"expected content type {row.content.expected}")
            return _refuse(asked, 415, expected, edge)
        try:
            content = row.content.decode(body)
        except NotStrictJson as error:
            return _refuse(asked, 400, error, edge)
    asked = RowRequest(row, request, asked.now, asked.who, content, edge.documents)
    try:
        sent = AuthenticatedRequest(request, asked.who, asked.now, content, edge.documents)
        reading = row.read(sent)
    except InvalidField as error:
        return _refuse(asked, 400, error, edge)
    events = list({event.id: event for event in reading.events}.values())
    try:
        if events:
            edge.publish(events)
    except Unavailable as error:
        return row.answers.unavailable(asked, error)
    return row.answers.accepted(asked, IngressResult(events, reading.notes))
