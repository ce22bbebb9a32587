"""The time within which somebody is to respond, from when people were called."""

from __future__ import annotations

from datetime import timedelta

from toban.events import ResponseDue
from toban.incidents.documents import Incident
from toban.kernel.work import Work
from toban.profile.environments import calls_people
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.severities.section import severity_named

SOONEST = timedelta(minutes=1)
"""A target of "at once" is watched as this."""


def expect_response(incident: Incident, work: Work, profile: Profile) -> None:
    """Have it noted when nobody has acknowledged within the severity's target from now on."""
    target = severity_named(profile, incident.severity_label, incident.severity).respond_within
    if target is None or not calls_people(profile[SERVICE], incident.environment):
        incident.respond_by = None
        return
    incident.respond_by = work.now + max(timedelta(seconds=target), SOONEST)
    work.at(
        incident.respond_by,
        ResponseDue(
            incident_id=incident.id, at=incident.respond_by, environment=incident.environment
        ),
    )
