"""
The ways in for alerts: a row for each source.

What is said once for all ways in (order, sizes, answers) is in `toban.kernel.edge`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from toban.alerts import alertmanager, auth, cloud_monitoring, generic, text
from toban.alerts.report import RawAlert, to_event
from toban.events import AlertFired, AlertReport
from toban.kernel import log
from toban.kernel.edge.fields import InvalidField
from toban.kernel.edge.http import Request
from toban.kernel.edge.row import (
    Answers,
    AuthContext,
    AuthenticatedRequest,
    IngressResult,
    Row,
    RowRequest,
)
from toban.kernel.edge.serve import Rows
from toban.kernel.edge.signed import signed_row
from toban.kernel.event import Event
from toban.kernel.ids import body_hash, derive
from toban.kernel.secrecy.masking import mask

_SERVICE = re.compile(r"[a-z][a-z0-9-]{0,62}")
_FAR_AHEAD = timedelta(minutes=10)
_ANSWERS = Answers("alerts")


# Each check returns the start to take where the sender gives none.


def _cloud_monitoring(request: Request, keys: AuthContext) -> datetime:
    auth.check_cloud_monitoring(request, keys.secrets)
    return keys.now


def _alertmanager(request: Request, keys: AuthContext) -> datetime:
    auth.check_alertmanager(request, keys.secrets)
    return keys.now


def _reader(
    source: str, reports: Callable[[Any, str], list[RawAlert]]
) -> Callable[[AuthenticatedRequest[datetime]], IngressResult]:
    """Reads the reports of one source; ``?service=`` names their service."""

    def read(sent: AuthenticatedRequest[datetime]) -> IngressResult:
        service = sent.request.query.get("service", "")
        if service and not _SERVICE.fullmatch(service):
            raise InvalidField(f"service: expected a service id ({_SERVICE.pattern})")
        found = reports(sent.content, service)
        events = [to_event(report, service, sent.now, sent.who) for report in found]
        return IngressResult(events, _notes(source, sent.content, events, sent.now))

    return read


def _lost(asked: RowRequest, status: int, cause: Exception) -> Event:
    """
    Return the platform's own alert that a known sender's alerts were refused.

    Alertmanager drops a whole group on any 4xx, and nobody would ever hear of it: in a storm of a thousand
    alerts, of nothing at all. People are told once an hour.
    """
    service, source = asked.request.query.get("service", ""), asked.row.source
    service = service if _SERVICE.fullmatch(service) else "toban"
    body = AlertFired(
        source="toban",
        fingerprint=f"alerts-refused/{source}/{service}",
        rule="alerts-refused",
        title=f"alerts of {source} are lost: refused with {status}",
        summary=mask(str(cause))[: text.SUMMARY],
        severity="critical" if status == 413 else "warning",
        labels={"service": service, "sender": source},
        starts_at=asked.now,
    )
    hour = asked.now.replace(minute=0, second=0, microsecond=0)
    once = msgspec.structs.replace(body, starts_at=hour)
    id_ = derive("refused", source, body_hash(msgspec.json.encode(once)))
    return Event.first(id_, f"/ingress/{source}", asked.now, body)


def _notes(source: str, body: Any, events: list[Event], now: datetime) -> dict[str, int]:
    """What is accepted but should be known: left-out alerts, and clocks that cannot be right."""
    notes = {}
    if source == alertmanager.SOURCE and (left_out := alertmanager.truncated(body)) > 0:
        notes["truncated"] = left_out
        log.warning("alerts left out by sender", source=source, truncated=left_out)
    odd = dict.fromkeys(
        e.id for e in events if isinstance(e.body, AlertReport) and _odd_times(e.body, now)
    )
    if odd:
        log.warning("alert times implausible", source=source, events=list(odd)[:20], count=len(odd))
    return notes


def _odd_times(report: AlertReport, now: datetime) -> bool:
    ends_before = report.ends_at is not None and report.ends_at < report.starts_at
    return ends_before or report.starts_at > now + _FAR_AHEAD


ingest = Rows(
    Row(
        "/cloud-monitoring",
        "INGEST_CLOUD_MONITORING",
        check=_cloud_monitoring,
        read=_reader(cloud_monitoring.SOURCE, cloud_monitoring.reports),
        answers=_ANSWERS,
        # Cloud Monitoring's basic authentication sends credentials only after such a challenge.
        challenge='Basic realm="toban", charset="UTF-8"',
        lost=_lost,
    ),
    Row(
        "/alertmanager",
        "INGEST_ALERTMANAGER",
        check=_alertmanager,
        read=_reader(alertmanager.SOURCE, alertmanager.reports),
        answers=_ANSWERS,
        challenge='Bearer realm="toban"',
        lost=_lost,
    ),
    # A replay of the request is then the same event.
    signed_row("/generic", "INGEST_GENERIC", _reader(generic.SOURCE, generic.reports), "alerts"),
)
