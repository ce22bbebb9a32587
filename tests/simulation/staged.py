"""
The simulations with a staging environment beside production, for which nobody is called.

Classes of their own, so that the seeds of the others keep what they mean. What is of staging is known
from the labels that the outside gave, not from what the platform noted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec

from tests.simulation.invariants import everything, violations
from tests.simulation.platform import START, Simulated
from tests.simulation.profiles import PROFILES, QUIET, with_staging
from tests.simulation.sender_sim import SERVICE, SenderSimulation, small
from tests.simulation.senders import Outage
from tests.simulation.sim import Occurrence, Simulation
from toban.events import (
    AlertAttached,
    AlertFired,
    AlertReport,
    EscalationDue,
    IncidentEscalated,
    IncidentOpened,
    IncidentReminded,
    NotificationRequested,
    PagingEvent,
    ReminderDue,
)
from toban.incidents.documents import Alert
from toban.kernel.event import Body, from_message
from toban.profile.store import apply


class StagedSimulation(Simulation):
    """
    One seed of the plain simulation; every third alert is of staging.

    What the room does not take reaches nobody there: then the platform's people are called, for
    production.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        _declare(self.world, [with_staging(_without_last_resort(p)) for p in PROFILES])

    def _report(self, report: AlertReport, occurrence: Occurrence) -> None:
        if int(report.fingerprint[1:]) % 3 == 0:
            labels = {**report.labels, "environment": QUIET}
            report = msgspec.structs.replace(report, labels=labels)
            self.truth.alerts[report.fingerprint] = report
        super()._report(report, occurrence)

    def broken(self) -> list[str]:
        """Everything that is wrong at the end."""
        return [*violations(self), *called_wrongly(self.world)]


class StagedSenders(SenderSimulation):
    """One seed of Prometheus and Alertmanager; one host in three is of staging."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        profiles = [small(p) if p.service.id == SERVICE else p for p in PROFILES]
        _declare(self.world, [with_staging(p) for p in profiles])

    def _placed(self, outage: Outage) -> Outage:
        return replace(outage, environment="stg") if outage.instance == "host2" else outage

    def broken(self) -> list[str]:
        """Everything that a person would believe and that is not so."""
        return [*super().broken(), *called_wrongly(self.world), *_nobody_called(self.world)]


def _without_last_resort(profile: Any) -> Any:
    room = msgspec.structs.replace(profile.channels["room"], fallback="")
    channels = {**profile.channels, "room": room}
    return msgspec.structs.replace(profile, channels=channels)


def _declare(world: Simulated, profiles: list[Any]) -> None:
    apply(world.memory, profiles, START)
    world.platform.cache.clear()


def called_wrongly(world: Simulated) -> Iterator[str]:
    """People who were called, or would have been, for what is of staging."""
    quiet, loud = set(), set()
    for incident, is_quiet in _attached(world):
        (quiet if is_quiet else loud).add(incident)
    yield from (f"{incident} is of staging and of production" for incident in quiet & loud)
    for body in _published(world):
        if isinstance(body, NotificationRequested):
            if body.incident.id in quiet and body.target.startswith("person:"):
                yield f"{body.target} is called for {body.incident.id}, which is of staging"
        elif isinstance(body, IncidentEscalated | IncidentReminded):
            if body.incident.id in quiet:
                yield f"{body.incident.id} is of staging: {type(body).__name__}"
        elif isinstance(body, EscalationDue | ReminderDue):
            ends_at_people = isinstance(body, EscalationDue) or body.what == "reminder"
            if ends_at_people and body.incident_id in quiet:
                yield f"a timer ran for {body.incident_id}, which is of staging"
        elif isinstance(body, AlertFired) and body.labels.get("incident") in quiet:
            yield f"the platform's people are called: {body.title}"


def _nobody_called(world: Simulated) -> Iterator[str]:
    """Pages of the worst severity of production for which no person was called."""
    called = {
        (body.incident.id, body.page)
        for body in _published(world)
        if isinstance(body, NotificationRequested) and body.target.startswith("person:")
    }
    loud = {incident for incident, is_quiet in _attached(world) if not is_quiet}
    for body in _published(world):
        if not isinstance(body, PagingEvent) or body.page.severity_label != "P1":
            continue
        if body.incident.id in loud and (body.incident.id, body.page.number) not in called:
            yield f"nobody is called by page {body.page.number} of {body.incident.id}"


def _published(world: Simulated) -> Iterator[Body]:
    return (from_message(message).body for message in world.out.published)


def _attached(world: Simulated) -> Iterator[tuple[str, bool]]:
    """Every incident that an alert was attached to, and whether that alert is of staging."""
    labels = {alert.id: alert.labels for alert in everything(world, Alert)}
    for body in _published(world):
        if isinstance(body, IncidentOpened):
            yield body.incident.id, _is_quiet(body.incident.labels)
        elif isinstance(body, AlertAttached) and body.alert_id in labels:
            yield body.incident_id, _is_quiet(labels[body.alert_id])


def _is_quiet(labels: dict[str, str]) -> bool:
    return labels.get("environment") == QUIET or labels.get("env") == "stg"
