"""The time within which somebody is to respond, from when people were called."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from toban.events import ResponseDue
from toban.incidents.documents import Incident, TimelineEntry
from toban.incidents.history import add_line
from toban.kernel import log
from toban.kernel.event import timestamp
from toban.kernel.work import Work
from toban.profile.environments import calls_people
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.severities.section import Severity, severity_named

SOONEST = timedelta(minutes=1)
"""A target of "at once" is watched as this."""
OVERDUE: Final = "response-overdue"


def expect_response(incident: Incident, work: Work, profile: Profile) -> None:
    """Have it noted when nobody has acknowledged within the severity's target from now on."""
    incident.respond_by = None
    severity = severity_named(profile, incident.severity_label, incident.severity)
    within = response_target(profile, severity, incident.environment)
    if within is None:
        return
    incident.respond_by = work.now + within
    work.at(
        incident.respond_by,
        ResponseDue(
            incident_id=incident.id, at=incident.respond_by, environment=incident.environment
        ),
    )


def response_target(profile: Profile, severity: Severity, environment: str) -> timedelta | None:
    """Return within what time somebody is to respond; None: nobody is waited for."""
    target = severity.respond_within
    if target is None or not calls_people(profile[SERVICE], environment):
        return None
    return max(timedelta(seconds=target), SOONEST)


def end_response(incident: Incident, work: Work) -> None:
    """Wait for a response no longer; note a target that has passed, also when its timer is late."""
    due, incident.respond_by = incident.respond_by, None
    if due is None or work.now < due:
        return
    severity, environment = incident.severity_label, incident.environment
    add_line(
        incident, TimelineEntry(at=work.now, kind=OVERDUE, detail={"severity": severity}), work
    )
    fields = {"incident": incident.id, "service": incident.service, "due": timestamp(due)}
    work.after_commit(
        lambda: log.warning(
            "response target missed", severity_label=severity, environment=environment, **fields
        )
    )
