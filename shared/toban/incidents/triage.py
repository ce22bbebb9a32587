"""
`open_incident`: from an alert to its incident.

Event time decides, arrival order does not. An alert's occurrence is named by `starts_at`: what
speaks of an older occurrence than the one known changes nothing, and a resolution that arrives
first is kept, so that its late firing opens nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from toban.events import (
    AlertAttached,
    AlertCleared,
    AlertFired,
    AlertReport,
    AlertResolved,
    IncidentOpened,
    MessageParked,
)
from toban.incidents.documents import OWN, Alert, Group, Incident, OpenIncident
from toban.incidents.lifecycle import call, note, start_escalation
from toban.kernel.decision import Decision
from toban.kernel.handle import Handlers
from toban.kernel.ids import derive
from toban.kernel.work import Work
from toban.profile.builtin import BUILTIN, BUILTIN_VERSION
from toban.profile.match import default_service, match_service
from toban.profile.store import current
from toban.profile.types import Grouping, Profile

MAX_AHEAD = timedelta(days=1)
"""How far a sender's clock may be ahead (local time called UTC, and slack). What begins later is
taken to begin when it is heard of: the far future would make everything after it old news."""

MAX_SUMMARY = 1_500
MAX_LINKS = 5
MAX_LABELS_BYTES = 12_000
"""What an incident takes over of its first alert: it travels in every event of the incident, which
stays below 64 KB with all else that it says. The alert itself keeps the rest."""


def began(report: AlertReport, work: Work) -> datetime:
    """When the occurrence began, by the sender's clock if that can be right."""
    return report.starts_at if report.starts_at <= work.now + MAX_AHEAD else work.now


def ended(report: AlertReport, work: Work) -> datetime:
    """When it ended; a report without any time of its own carries that of its receipt."""
    return report.ends_at or (work.now if report.dated else began(report, work))


def _first_labels(labels: dict[str, str]) -> dict[str, str]:
    kept, size = {}, 0
    for name, value in labels.items():
        size += len(name.encode()) + len(value.encode())
        if size > MAX_LABELS_BYTES:
            break
        kept[name] = value
    return kept


def alert_id(report: AlertReport) -> str:
    """Where the alert lives; one sender's fingerprints never meet another's."""
    return derive("alert", report.source, report.labels.get("service", ""), report.fingerprint)


def responsible(report: AlertReport, work: Work) -> tuple[Profile, str]:
    """The profile (and its version) an alert belongs to; there always is one."""
    profiles = current(work)
    by_id = {id: document.profile for id, document in profiles.items()}
    service = match_service(by_id, report.labels) or default_service(by_id)
    if service is None:
        return BUILTIN, BUILTIN_VERSION
    return profiles[service].profile, profiles[service].version


def group_key(report: AlertReport, grouping: Grouping) -> str:
    """What alerts that share an incident have in common, readable."""
    values = (
        (name, report.rule if name == "rule" else report.labels.get(name, ""))
        for name in grouping.by
    )
    return ",".join(f"{name}={value}" for name, value in values)[:500]


def joinable(group: Group, key: str, grouping: Grouping, work: Work) -> OpenIncident | None:
    """
    The open incident an alert joins: the same key, else one that is still young, else — when too
    many are open — the newest.
    """
    for entry in group.open:
        if entry.key == key:
            return entry
    newest = max(group.open, key=lambda entry: entry.opened_at, default=None)
    if newest is None:
        return None
    # Decisions that race may see an opening later than their own now: its age is none.
    age = max(work.now - newest.opened_at, timedelta(0))
    young = age < timedelta(seconds=grouping.window)
    return newest if young or len(group.open) >= grouping.max_open else None


def on_fired(report: AlertFired, work: Work) -> None:
    """Attach a firing alert to its open incident, or open one."""
    # What the platform reports of itself (nobody was reached) has no end that anybody would send.
    _take_in(report, work, lasting=report.source != OWN)


def on_resolved(report: AlertResolved, work: Work) -> None:
    """Note that an alert stopped firing; its incident is settled by what that emits."""
    known = work.get(Alert, alert_id(report))
    if known is None:
        profile, _ = responsible(report, work)
        alert = _alert(report, profile, work)
        alert.status, alert.ends_at = "resolved", ended(report, work)
        work.put(alert)
        return
    starts_at = began(report, work)
    older = starts_at < known.starts_at
    repeated = known.status == "resolved" and starts_at <= known.starts_at
    if older or repeated:
        return
    was_firing = known.status == "firing"
    known.status = "resolved"
    known.starts_at = starts_at if report.dated else known.starts_at
    known.ends_at = ended(report, work)
    work.put(known)
    if was_firing and known.incident is not None:
        work.emit(
            AlertCleared(
                incident_id=known.incident, alert_id=known.id, title=known.title, at=work.now
            )
        )


def on_parked(parked: MessageParked, work: Work) -> None:
    """A message that could not be handled is the platform's own trouble, and somebody's to see."""
    report = AlertFired(
        source=OWN,
        fingerprint=parked.parked_id,
        rule=f"message-{parked.reason}",
        title=f"{parked.function}: {parked.event_type or 'message'} {parked.reason}",
        summary=parked.error,
        severity="critical" if parked.reason == "given-up" else "warning",
        labels={"service": "toban", "function": parked.function},
        starts_at=parked.at,
    )
    _take_in(report, work, lasting=False)


def _take_in(report: AlertReport, work: Work, lasting: bool) -> None:
    known = work.get_assuming_new(Alert, alert_id(report))
    if known is not None:
        starts_at = began(report, work)
        if known.status == "firing" and starts_at >= known.starts_at:
            _still_fires(report, known, starts_at, work)
            return
        if starts_at <= known.starts_at:
            return  # a repetition, or late news of an occurrence that is over
        if not report.dated and known.ends_at is not None and starts_at <= known.ends_at:
            return  # sent before the end that we have heard of, and come after it
    profile, version = responsible(report, work)
    alert = _alert(report, profile, work)
    alert.status = "firing" if lasting else "event"
    alert.attached_at = work.now
    group = work.get(Group, profile.service.id) or Group(id=profile.service.id)
    key = group_key(report, profile.grouping)
    found = joinable(group, key, profile.grouping, work)
    if found is not None:
        alert.incident = found.incident
        work.put(alert)
        work.emit(_attached(alert, found.incident, work))
        return
    incident = _open(report, alert, key, profile, version, work)
    alert.incident = incident.id
    group.open = [
        *group.open,
        OpenIncident(key=key, incident=incident.id, opened_at=work.now),
    ]
    work.put(alert)
    work.put(group)


def _still_fires(report: AlertReport, known: Alert, starts_at: datetime, work: Work) -> None:
    """
    A firing alert is reported again: a new occurrence, whose predecessor's end we have not heard
    of (yet), or the same one. Its incident is asked to look when the alert is worse than it was,
    or fires anew: a person may have resolved the incident in the meantime.
    """
    anew = report.dated and starts_at > known.starts_at
    if report.dated:
        known.starts_at = starts_at
    profile, _ = responsible(report, work)
    severity = profile.severity_for(report.severity)
    worse = severity.level < known.severity
    if worse:
        known.severity, known.severity_label = severity.level, severity.label
    if (worse or anew) and known.incident is not None:
        work.emit(_attached(known, known.incident, work))
    work.put(known)


def _attached(alert: Alert, incident: str, work: Work) -> AlertAttached:
    return AlertAttached(
        incident_id=incident,
        alert_id=alert.id,
        rule=alert.rule,
        title=alert.title,
        severity=alert.severity,
        severity_label=alert.severity_label,
        at=work.now,
    )


def _alert(report: AlertReport, profile: Profile, work: Work) -> Alert:
    severity = profile.severity_for(report.severity)
    return Alert(
        id=alert_id(report),
        service=profile.service.id,
        source=report.source,
        fingerprint=report.fingerprint,
        rule=report.rule,
        title=report.title,
        status="firing",
        severity=severity.level,
        severity_label=severity.label,
        starts_at=began(report, work),
        labels=report.labels,
    )


def _open(
    report: AlertReport, alert: Alert, key: str, profile: Profile, version: str, work: Work
) -> Incident:
    incident = Incident(
        id=f"inc-{work.derive('incident', length=10)}",
        service=profile.service.id,
        profile_version=version,
        group_key=key,
        title=report.title,
        summary=report.summary[:MAX_SUMMARY],
        severity=alert.severity,
        severity_label=alert.severity_label,
        rules=[report.rule],
        labels=_first_labels(report.labels),
        links=list(report.links[:MAX_LINKS]),
        opened_at=work.now,
        started_at=min(report.starts_at, work.now),
        escalating_since=work.now,
    )
    note(incident, work, "opened", alert=report.title, source=report.source)
    start_escalation(incident, work, profile)
    page = call(incident, work, "opened")
    work.create(incident)
    work.emit(IncidentOpened(incident=incident.snapshot(), page=page))
    return incident


HANDLERS: Handlers = {
    AlertFired: Decision(on_fired, receipt_first=True),
    AlertResolved: Decision(on_resolved),
    MessageParked: Decision(on_parked),
}
