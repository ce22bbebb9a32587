"""What comes of each command in each state, and what is noted where nobody could be reached."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.incidents.test_escalation import failed, reach_nobody
from tests.unit.incidents.world import HOUSE, NOON, SHOP, World, fired
from toban.events import (
    AlertFired,
    IncidentAcknowledged,
    IncidentRaised,
    IncidentResolved,
    PageFailed,
)
from toban.kernel.command import Audit
from toban.kernel.environment import PRODUCTION
from toban.profile.section import Environment

PROOF = "local:aoki"


@pytest.fixture
def world() -> World:
    world = World()
    world.tell(fired())
    return world


def outcome(world: World, action: str, **more) -> tuple[str, str]:
    """What the record says of a command."""
    before = {audit.id for audit in world.documents(Audit)}
    world.command(action, proof=PROOF, **more)
    (made,) = (audit for audit in world.documents(Audit) if audit.id not in before)
    assert (made.actor, made.environment, made.via) == ("aoki", PRODUCTION, "cli")
    return made.outcome, made.reason


TO = {
    "open": (),
    "acknowledged": ("acknowledge",),
    "resolved": ("resolve",),
}


@pytest.mark.parametrize(
    ("state", "action", "expected"),
    [
        ("open", "acknowledge", "done"),
        ("open", "resolve", "done"),
        ("open", "reopen", "nothing"),
        ("open", "escalate", "done"),
        ("open", "note", "done"),
        ("acknowledged", "acknowledge", "nothing"),
        ("acknowledged", "resolve", "done"),
        ("acknowledged", "reopen", "nothing"),
        ("acknowledged", "escalate", "done"),
        ("acknowledged", "note", "done"),
        ("resolved", "acknowledge", "nothing"),
        ("resolved", "resolve", "nothing"),
        ("resolved", "reopen", "done"),
        ("resolved", "escalate", "nothing"),
        ("resolved", "note", "done"),
    ],
)
def test_what_comes_of_an_action_depends_on_the_state(world, state, action, expected):
    for step in TO[state]:
        world.command(step)
    more = {"note": "x"} if action == "note" else {}
    assert outcome(world, action, **more) == (
        (expected, "" if expected == "done" else f"it was {state} already")
    )


@pytest.mark.parametrize(
    ("state", "severity", "expected"),
    [
        ("open", "P2", "done"),
        ("open", "P1", "nothing"),
        ("acknowledged", "P3", "done"),
        ("resolved", "P2", "nothing"),
    ],
)
def test_a_severity_is_changed_where_it_is_another_and_the_incident_is_not_over(
    world, state, severity, expected
):
    for step in TO[state]:
        world.command(step)
    assert outcome(world, "severity", severity_label=severity)[0] == expected


def test_at_the_last_step_asking_for_another_is_done_and_noted(world):
    outcome(world, "escalate")
    outcome(world, "escalate")
    assert outcome(world, "escalate") == ("done", "")
    assert world.kinds()[-1] == "no-further-step"


def test_a_note_with_the_resolution_is_kept_before_it(world):
    assert outcome(world, "resolve", note="disk replaced") == ("done", "")
    assert world.kinds()[-2:] == ["note", "resolved"]
    note = world.incident.timeline[-2]
    assert (note.detail["text"], note.actor) == ("disk replaced", "aoki")


def test_the_last_resort_hears_what_happened_and_how_bad_it_is(world):
    reach_nobody(world)
    (alert,) = (body for body in world.told(AlertFired) if body.source == "toban")
    incident = next(i for i in world.incidents() if i.service == "shop")
    assert (alert.severity, alert.rule, alert.starts_at) == ("critical", "nobody-reached", NOON)
    assert alert.fingerprint == f"nobody-reached/{incident.id}"
    assert alert.labels == {"service": "toban", "incident": incident.id}
    own = next(i for i in world.incidents() if i.service == "house")
    assert own.severity_label == "high"


def test_a_page_that_reached_nobody_is_noted_with_step_and_reason(world):
    page = world.incident.pages[0]
    world.tell(
        PageFailed(
            incident_id=world.incident.id, page=page, generation=1, reason="nobody on duty", at=NOON
        )
    )
    noted = next(entry for entry in world.incident.timeline if entry.kind == "page-failed")
    assert noted.detail == {"reason": "nobody on duty", "step": "1"}


def test_a_failed_notification_is_noted_with_target_channel_and_reason(world):
    world.tell(failed(world))
    noted = next(e for e in world.incident.timeline if e.kind == "notification-failed")
    assert noted.detail.keys() >= {"target", "channel", "error"}
    assert len(noted.detail["error"]) <= 300


@pytest.mark.parametrize(
    ("first", "second", "stays"),
    [("critical", "warning", "P1"), ("warning", "critical", "P1"), ("error", "error", "P2")],
)
def test_an_alert_is_as_bad_as_it_ever_was(first, second, stays):
    world = World()
    for severity in (first, second):
        world.tell(fired(severity=severity))
        world.clock.advance(60)
    assert world.alert().severity_label == stays
    assert world.incident.severity_label == stays


def test_late_news_of_an_earlier_end_changes_nothing(world):
    world.command("resolve")
    (told,) = world.told(IncidentResolved)
    world.command("reopen")
    before = world.incident
    assert not any(handled.timers for handled in world.tell(told, id="late-1"))
    assert world.incident == before
    world.command("resolve")
    before = world.incident
    assert not any(handled.timers for handled in world.tell(told, id="late-2"))
    assert world.incident == before


def test_what_is_resolved_by_hand_is_looked_at_again_while_it_fires(world):
    handled = world.command("resolve")
    assert handled.outcome == "done"
    world.pass_time(29)
    assert world.incident.status == "resolved"
    world.pass_time(2)
    assert world.incident.status == "open"
    assert world.incident.timeline[-1].detail["why"] == "still-firing"


def test_whoever_is_called_for_a_worse_severity_hears_what_it_was_before():
    world = World()
    world.tell(fired(severity="error"))
    world.command("severity", severity_label="P1")
    raised = world.told(IncidentRaised)[-1]
    assert (raised.why, raised.by, raised.incident.severity_label) == ("P2", "aoki", "P1")
    assert raised.page.reason == "raised"


def test_whoever_is_called_for_an_alert_that_joined_hears_which(world):
    world.command("acknowledge")
    world.pass_time(2)
    world.tell(fired("b", at=2, rule="db"))
    raised = world.told(IncidentRaised)[-1]
    assert (raised.page.reason, raised.why, raised.by) == ("joined", "db b", "")


def test_where_nobody_is_called_taking_it_twice_changes_nothing():
    service = msgspec.structs.replace(SHOP.service, environments={"staging": Environment()})
    world = World(msgspec.structs.replace(SHOP, service=service), HOUSE)
    world.tell(fired(labels={"app": "shop", "environment": "staging"}))
    assert world.incident.environment == "staging"
    for expected in ("done", "nothing"):
        world.command("acknowledge", proof=PROOF)
        newest = max(world.documents(Audit), key=lambda audit: audit.at)
        assert (newest.outcome, newest.environment) == (expected, "staging")
        world.clock.advance(60)
    assert len(world.told(IncidentAcknowledged)) == 1
    assert world.incident.remind_at is None
