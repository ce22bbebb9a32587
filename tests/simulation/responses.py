"""
Response targets: an incident that waited longer than its target without an answer says so.

The simulation of its own has targets that some meet and some miss, so that the seeds of the plain one
keep what they mean.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from tests.profiles import Profile as WrittenProfile
from tests.simulation.platform import START
from tests.simulation.profiles import PROFILES
from tests.simulation.sim import Simulation
from toban.incidents.documents import Incident
from toban.incidents.response import SOONEST
from toban.profile.environments import calls_people
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.profile.store import apply
from toban.severities.section import severity_named
from toban.strictyaml.values import Seconds

LATE = timedelta(minutes=2)
OVERDUE = "response-overdue"
_BEGINS = ("opened", "raised", "reopened", "ack-expired")
_ENDS = ("acknowledged", "confirmed", "resolved", "closed-unheard")


TARGETS = (Seconds(600), Seconds(1200))
"""The worst severity's, and the other one's."""


def hurried(profile: WrittenProfile) -> WrittenProfile:
    """The same service with `TARGETS`."""
    severities = (
        msgspec.structs.replace(severity, respond_within=target)
        for severity, target in zip(profile.severities, TARGETS, strict=True)
    )
    return msgspec.structs.replace(profile, severities=tuple(severities))


class HurriedSimulation(Simulation):
    """One seed of the plain simulation in which every severity has a target."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        apply(self.world.memory, [hurried(profile) for profile in PROFILES], START)
        self.world.platform.cache.clear()


def missed_targets(incident: Incident, profile: Profile, now: datetime) -> list[str]:
    """What the timeline says too early, twice, or not at all of the incident's response targets."""
    if not calls_people(profile[SERVICE], incident.environment):
        return []
    found = []
    label = _first_label(incident)
    since, acknowledged = incident.opened_at, False
    waits: timedelta | None = _target(profile, incident, label)
    for line in incident.timeline:
        waited = line.at - since
        if line.kind == OVERDUE:
            if waits is None or waited < waits:
                found.append(f"{incident.id}: {line.at} is too early for, or has no, target")
            waits = None
            continue
        if line.kind in ("raised", "lowered"):
            label = line.detail["after"]
        # A step by hand takes it from whoever had it: somebody is waited for anew.
        given_up = line.kind == "escalated" and acknowledged
        lowered = line.kind == "lowered" and not acknowledged
        if line.kind in (*_BEGINS, *_ENDS) or given_up or lowered:
            if waits is not None and waited > waits + LATE:
                found.append(f"{incident.id}: nobody had answered for {waited}, which is not noted")
            acknowledged = line.kind in _ENDS
            since, waits = line.at, None if acknowledged else _target(profile, incident, label)
    if waits is not None and now - since > waits + LATE:
        found.append(f"{incident.id}: nobody has answered since {since}, which is not noted")
    return found


def _first_label(incident: Incident) -> str:
    changes = (e.detail["before"] for e in incident.timeline if e.kind in ("raised", "lowered"))
    return next(changes, incident.severity_label)


def _target(profile: Profile, incident: Incident, label: str) -> timedelta | None:
    target = severity_named(profile, label, incident.severity).respond_within
    return None if target is None else max(timedelta(seconds=target), SOONEST)
