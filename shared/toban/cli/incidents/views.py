"""
Incidents as people and scripts see them, assembled from documents alone.

The keys of `incident_view` are relied upon by scripts: they may grow, never change.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from toban.cli.kit.reader import StoreReader, shown_time
from toban.cli.kit.views import notification_view, notifications
from toban.events import Page
from toban.incidents.documents import Alert, Incident, IncidentSegment
from toban.incidents.history import next_page
from toban.incidents.lifecycle import severity_of
from toban.kernel.event import timestamp
from toban.notify.contacts import asked_again, reach
from toban.ports import Operator, Value
from toban.postmortems.timeline import MOST_ALERTS, Line, story
from toban.texts import Language

RECENT = timedelta(days=7)
_STATUS_ORDER = {"open": 0, "acknowledged": 1, "resolved": 2}


@dataclass(frozen=True)
class NextStep:
    """The next escalation step, unless somebody acknowledges."""

    number: int
    """Counts from 1."""
    at: datetime
    calls: tuple[str, ...]
    """Names of those who are called then, with the channel."""

    def view(self) -> dict[str, Any]:
        """For scripts."""
        return {"step": self.number, "at": timestamp(self.at), "calls": list(self.calls)}


CLOSED_UNHEARD = "closed-unheard"


def shown_status(incident: Incident) -> str:
    """Return the status for people: what has expired is not called resolved."""
    return CLOSED_UNHEARD if is_closed_unheard(incident) else incident.status


def is_closed_unheard(incident: Incident) -> bool:
    """Return whether it was closed because nothing was heard of its alerts any more."""
    return incident.status == "resolved" and incident.unheard_since is not None


def incidents(
    reader: StoreReader,
    now: datetime,
    *,
    everything: bool = False,
    status: str | None = None,
    service: str | None = None,
    environment: str | None = None,
) -> list[Incident]:
    """Return those to list: open ones first, then newest first; old resolved ones when asked for."""
    of_service: list[tuple[str, Operator, Value]] = []
    if service is not None:
        of_service.append(("service", "==", service))
    if status is not None:
        found = reader.find(Incident, ("status", "==", status), *of_service)
    elif everything:
        found = reader.find(Incident, *of_service)
    else:
        found = [
            incident
            for going_on in ("open", "acknowledged")
            for incident in reader.find(Incident, ("status", "==", going_on), *of_service)
        ]
        # No index has both service and time.
        over = reader.find(Incident, ("resolved_at", ">", now - RECENT))
        found += [i for i in over if i.status == "resolved" and service in (None, i.service)]
    # What an earlier release stored says no environment: no index would find it.
    found = [i for i in found if environment in (None, i.environment)]
    found.sort(key=lambda i: i.opened_at, reverse=True)
    return sorted(found, key=lambda i: _STATUS_ORDER.get(i.status, 3))


MOST_LISTED = 200
"""Alerts of an incident that are listed; a storm has thousands."""


def alerts(reader: StoreReader, incident: Incident, limit: int = MOST_LISTED) -> list[Alert]:
    """Return the alerts of an incident, at most `limit`."""
    return reader.find(Alert, ("incident", "==", incident.id), limit=limit)


def count_alerts(reader: StoreReader, incident: Incident, *, firing: bool = False) -> int:
    """Return how many alerts an incident has (that fire)."""
    where: list[tuple[str, Operator, Value]] = [("incident", "==", incident.id)]
    if firing:
        where.append(("status", "==", "firing"))
    return reader.count(Alert, *where)


def next_step(reader: StoreReader, incident: Incident) -> NextStep | None:
    """Return the next escalation step, if one is coming."""
    profile = reader.profile(incident.service, incident.profile_version)
    if incident.status != "open" or incident.next_step_at is None or profile is None:
        return None
    page = Page(
        number=next_page(incident),
        at=incident.next_step_at,
        step=incident.step + 1,
        severity_label=severity_of(incident, profile).label,
        reason="escalated",
    )
    reached = reach(profile, incident.snapshot(), page)
    calls = dict.fromkeys(
        c.display_name if c.target.startswith("channel:") else f"{c.display_name} ({c.channel_id})"
        for c in reached.contacts
    )
    return NextStep(incident.step + 2, incident.next_step_at, tuple(calls))


def reminded(reader: StoreReader, incident: Incident) -> list[str]:
    """Return the names of whom the next reminder of its acknowledgement goes to, or the last one went."""
    profile = reader.profile(incident.service, incident.profile_version)
    if profile is None or incident.remind_at is None:
        return []
    return asked_again(profile, incident.snapshot(), incident.remind_at)


def incident_view(reader: StoreReader, incident: Incident) -> dict[str, Any]:
    """Return one incident of a list, for scripts."""
    following = next_step(reader, incident)
    return {
        "id": incident.id,
        "service": incident.service,
        "environment": incident.environment,
        "severity": incident.severity,
        "severity_label": incident.severity_label,
        "status": incident.status,
        "title": incident.title,
        "opened_at": shown_time(incident.opened_at),
        "acknowledged_at": shown_time(incident.acknowledged_at),
        "resolved_at": shown_time(incident.resolved_at),
        "alerts": count_alerts(reader, incident),
        "assignee": incident.assignee,
        "next_step": None if following is None else following.view(),
        "calls_people": reader.calls_people(incident),
        "remind_at": shown_time(incident.remind_at),
        "rules": incident.rules,
        "resolved_by": incident.resolved_by,
        "unheard_since": shown_time(incident.unheard_since),
        "postmortem": incident.postmortem,
    }


def incident_detail(reader: StoreReader, incident: Incident, language: Language) -> dict[str, Any]:
    """Return one incident in full, for scripts."""
    listed = alerts(reader, incident)
    view = incident_view(reader, incident)
    return {
        **view,
        "value": incident.value,
        "threshold": incident.threshold,
        "summary": incident.summary,
        "labels": incident.labels,
        "links": [{"title": link.title, "url": link.url} for link in incident.links],
        "started_at": shown_time(incident.started_at),
        "profile_version": incident.profile_version,
        "firing": count_alerts(reader, incident, firing=True),
        "timeline": [
            {"at": timestamp(line.at), "kind": line.kind, "text": line.text}
            for line in timeline(reader, incident, language)
        ],
        "notifications": [notification_view(n) for n in notifications(reader, incident.id)],
        "alert_list": [alert_view(a) for a in listed],
        "left_out": {
            "alert_list": max(0, view["alerts"] - len(listed)),
            "timeline": max(0, view["alerts"] - MOST_ALERTS),
        },
    }


def timeline(reader: StoreReader, incident: Incident, language: Language) -> list[Line]:
    """Return the incident's own timeline merged with its alerts and what was sent."""
    segments = [reader.get(IncidentSegment, id) for id in incident.segment_ids()]
    return story(
        language,
        incident.whole(segments),
        alerts(reader, incident),
        notifications(reader, incident.id),
        zone=reader.zone(incident.service, incident.profile_version),
    )


def alert_view(alert: Alert) -> dict[str, Any]:
    """Return one alert, for scripts."""
    return {
        "id": alert.id,
        "source": alert.source,
        "rule": alert.rule,
        "title": alert.title,
        "status": alert.status,
        "environment": alert.environment,
        "severity_label": alert.severity_label,
        "starts_at": shown_time(alert.starts_at),
        "ends_at": shown_time(alert.ends_at),
        "heard_at": shown_time(alert.heard_at),
        "expired_at": shown_time(alert.expired_at),
    }
