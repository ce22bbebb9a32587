"""An alert's sender is gone: whoever has the incident is told once, and in the end it expires."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from tests.simulation.platform import START, Simulated
from tests.simulation.profiles import PATIENT, profile
from tests.simulation.story import Step, Story
from toban.alerts import alertmanager
from toban.events import AlertFired, CommandIssued, MinutePassed
from toban.kernel.event import Body, Event, to_message
from toban.ports import Message
from toban.profile.store import apply
from toban.strictyaml.values import Seconds

EXPIRY = timedelta(hours=12)
FORGETFUL = msgspec.structs.replace(
    PATIENT,
    grouping=msgspec.structs.replace(
        PATIENT.grouping, expire_after=Seconds(int(EXPIRY.total_seconds()))
    ),
    severities=tuple(
        msgspec.structs.replace(severity, remind_after=Seconds(86_400))
        for severity in PATIENT.severities
    ),
)
"""Its alerts expire long before anybody is reminded of an acknowledgement."""


def world(faults: Any) -> Simulated:
    """Only the forgetful service, and the platform's own."""
    made = Simulated(faults)
    apply(made.memory, (FORGETFUL, profile("toban", default=True)), START)
    return made


def _sent(id: str, body: Body, now: datetime) -> list[Message]:
    return [to_message(Event(id=id, source="/story", time=now, subject=body.subject(), body=body))]


def _fires(now: datetime, _incidents: list[dict[str, Any]]) -> list[Message]:
    body = AlertFired(
        source=alertmanager.SOURCE,
        fingerprint="disk",
        rule="disk-full",
        title="disk of disk-full",
        severity="critical",
        labels={"service": "patient"},
        starts_at=START,
    )
    return _sent(f"fires-{now}", body, now)


def _taken(now: datetime, incidents: list[dict[str, Any]]) -> list[Message]:
    body = CommandIssued(
        about=f"incidents/{incidents[0]['id']}",
        action="acknowledge",
        actor="aoki",
        proof="link:person:aoki",
        via="story",
        at=START,
    )
    return _sent("taken", body, now)


def _minute(now: datetime, _incidents: list[dict[str, Any]]) -> list[Message]:
    return _sent(f"tick-{now}", MinutePassed(), now)


HALF = EXPIRY.total_seconds() / 2
STEPS = (
    Step("an alert opens an incident", 0, _fires),
    Step("somebody takes it", 30, _taken),
    Step("nothing is heard of it", HALF + 1800, _minute),
    Step("it is heard of again", 60, _fires),
    Step("and falls silent again, for good", 2 * HALF + 1800, _minute),
)
STORY = Story(
    STEPS,
    world,
    ("alerts", "incidents", "notifications", "groups"),
    functions=frozenset({"open_incident"}),
)
