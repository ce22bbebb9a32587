"""
The HTTP ingress of alerts: stateless, and strict in one order.

Path and method → size → who sends (over the raw bytes) → content type → strict JSON → fields →
normalise → publish → 200. What can pass by itself is always 503 and never another code:
Alertmanager drops a notification on any 4xx, 429 included.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from toban.alerts import alertmanager, auth, cloud_monitoring, generic
from toban.alerts.fields import Misfit
from toban.alerts.report import Report, to_event
from toban.events import AlertReport
from toban.kernel import log, strictjson
from toban.kernel.event import Event, utc
from toban.kernel.http import MAX_BODY, Edge, Request, Response, answer, problem
from toban.ports import Unavailable

_SERVICE = re.compile(r"[a-z][a-z0-9-]{0,62}")
_JSON = re.compile(r"application/(json|[a-z0-9.-]+\+json)")
_FAR_AHEAD = timedelta(minutes=10)

Check = Callable[[Request, Sequence[str], datetime], datetime]
Read = Callable[[Any, str], list[Report]]


@dataclass(frozen=True)
class _Way:
    """One way in: who may send, and how to read what they send."""

    secret: str
    check: Check
    """Returns the start to take where the sender gives none; raises `auth.Refused`."""
    read: Read
    challenge: str
    """``WWW-Authenticate``."""


def _cloud_monitoring(request: Request, secrets: Sequence[str], now: datetime) -> datetime:
    auth.check_cloud_monitoring(request, secrets)
    return now


def _alertmanager(request: Request, secrets: Sequence[str], now: datetime) -> datetime:
    auth.check_alertmanager(request, secrets)
    return now


def _generic(request: Request, secrets: Sequence[str], now: datetime) -> datetime:
    # The time of signing and not of receipt: a replay of the request is then the same event.
    return datetime.fromtimestamp(auth.check_generic(request, secrets, now), UTC)


_WAYS = {
    # Cloud Monitoring's basic authentication sends credentials only after such a challenge.
    "/cloud-monitoring": _Way(
        "INGEST_CLOUD_MONITORING",
        _cloud_monitoring,
        cloud_monitoring.reports,
        'Basic realm="toban", charset="UTF-8"',
    ),
    "/alertmanager": _Way(
        "INGEST_ALERTMANAGER", _alertmanager, alertmanager.reports, 'Bearer realm="toban"'
    ),
    "/generic": _Way("INGEST_GENERIC", _generic, generic.reports, "Toban-Signature"),
}


def ingest(request: Request, edge: Edge) -> Response:
    """
    Check a monitor's report and publish its alerts.

    Answers 200 with the ids of the events once the bus has them all; 400 (with the place), 401,
    404, 405, 413, 415; 503 when the bus has not, or the secret is not set.
    """
    way = _WAYS.get(request.path)
    if way is None:
        return problem(404, "no such path", paths=list(_WAYS))
    source = request.path[1:]
    if request.method != "POST":
        return Response(405, headers={"Allow": "POST"})
    if request.body is None or len(request.body) > MAX_BODY:
        return problem(413, f"body larger than {MAX_BODY} bytes")
    secrets = [secret for secret in edge.secrets.values(way.secret) if secret]
    if not secrets:
        return _not_set(way, edge)
    now = utc(edge.clock.now())
    try:
        default_start = way.check(request, secrets, now)
    except auth.Refused as refused:
        return _refused(source, way, refused)
    if not _is_json(request.headers.get("content-type", "")):
        return problem(415, "expected content type application/json in UTF-8")
    service = request.query.get("service", "")
    if service and not _SERVICE.fullmatch(service):
        return problem(400, f"service: expected a service id ({_SERVICE.pattern})")
    try:
        body = strictjson.loads(request.body)
        reports = way.read(body, service)
    except (strictjson.NotStrictJson, Misfit) as error:
        log.warning("report refused", source=source, reason=str(error))
        return problem(400, str(error))
    made = (to_event(report, service, now, default_start) for report in reports)
    events = list({event.id: event for event in made}.values())
    return _publish(source, events, _notes(source, body, events, now), edge)


def _is_json(content_type: str) -> bool:
    kind, *parameters = (part.strip() for part in content_type.lower().split(";"))
    charsets = [p.partition("=")[2].strip(' "') for p in parameters if p.startswith("charset")]
    return bool(_JSON.fullmatch(kind)) and all(c in {"utf-8", "utf8"} for c in charsets)


def _publish(source: str, events: list[Event], notes: dict[str, int], edge: Edge) -> Response:
    try:
        if events:
            edge.publish(events)
    except Unavailable as error:
        log.error("alerts not accepted: the bus is unavailable", source=source, error=error)
        return problem(503, "try again")
    ids = [event.id for event in events]
    log.info("alerts accepted", source=source, accepted=len(ids), events=ids[:20], **notes)
    return answer(200, accepted=len(ids), events=ids, **notes)


def _not_set(way: _Way, edge: Edge) -> Response:
    """
    503, not 401: the fault is ours and will be mended, and a sender that retries keeps its alert
    (a 401 makes Alertmanager drop it).
    """
    others = [
        w.secret for w in _WAYS.values() if w is not way and not edge.secrets.values(w.secret)
    ]
    log.error(f"secret {way.secret} is not set", missing=way.secret, also_not_set=others)
    return problem(503, "not configured")


def _refused(source: str, way: _Way, refused: auth.Refused) -> Response:
    if isinstance(refused, auth.NotAsked):
        log.info("credentials asked for", source=source)
    else:
        log.security("request refused", source=source, reason=str(refused))
    return Response(401, headers={"WWW-Authenticate": way.challenge})


def _notes(source: str, body: Any, events: list[Event], now: datetime) -> dict[str, int]:
    """What is accepted but should be known: left-out alerts, and clocks that cannot be right."""
    notes = {}
    if source == alertmanager.SOURCE and (left_out := alertmanager.truncated(body)) > 0:
        notes["truncated"] = left_out
        log.warning("the sender left alerts out", source=source, truncated=left_out)
    odd = [e.id for e in events if isinstance(e.body, AlertReport) and _odd_times(e.body, now)]
    if odd:
        log.warning("times that cannot be right", source=source, events=odd[:20], count=len(odd))
    return notes


def _odd_times(report: AlertReport, now: datetime) -> bool:
    ends_before = report.ends_at is not None and report.ends_at < report.starts_at
    return ends_before or report.starts_at > now + _FAR_AHEAD
