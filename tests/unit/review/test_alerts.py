"""Alerts whose sender's clock, severity or way of reporting is not the ordinary one."""

from datetime import timedelta

import msgspec
import pytest

from tests.unit.incidents.world import NOON, SHOP, World, fired, resolved
from toban.events import IncidentResolved, NotificationRequested
from toban.kernel.document import encode
from toban.ports import Update
from toban.profile.store import CurrentProfile, apply
from toban.severities.section import Severity
from toban.testing import ListSenders


@pytest.fixture
def world():
    return World()


def test_a_clock_that_was_years_ahead_once_loses_no_later_alert(world):
    world.tell(fired(starts_at=NOON + timedelta(days=400)))
    world.tell(resolved(starts_at=NOON + timedelta(days=400)))
    world.clock.set(NOON + timedelta(hours=2))
    world.tell(fired(at=119))
    assert world.alert().status == "firing"
    assert [i.status for i in world.incidents()].count("open") == 1


def test_an_alert_that_becomes_worse_raises_its_incident(world):
    world.tell(fired(severity="warning"))
    world.command("acknowledge")
    world.tell(fired(severity="critical"))
    assert (world.incident.severity_label, world.incident.status) == ("P1", "open")
    assert world.pages() == [("opened", 0), ("raised", 0)]
    world.tell(fired(severity="critical"))
    world.tell(fired(severity="warning"))
    assert world.incident.severity_label == "P1"
    assert len(world.pages()) == 2


def test_a_report_without_a_time_that_was_sent_before_the_end_opens_nothing_after_it(world):
    def undated(report, minutes):
        return msgspec.structs.replace(
            report, starts_at=NOON + timedelta(minutes=minutes), dated=False
        )

    world.clock.set(NOON + timedelta(minutes=10))
    world.tell(undated(fired(), 1))
    world.tell(undated(resolved(), 5))
    world.tell(undated(fired(), 3))  # the sender's second try, late
    assert [i.status for i in world.incidents()] == ["resolved"]
    world.tell(undated(fired(), 6))
    assert [i.status for i in world.incidents()].count("open") == 1


def test_people_called_under_a_renamed_severity_are_told_that_it_is_over():
    world = World(people=ListSenders())
    world.tell(fired(severity="warning"))
    renamed = msgspec.structs.replace(
        SHOP,
        severities=(Severity(label="SEV1", level=1, words=("critical",), via=("log",)),),
        escalation=(),
    )
    apply(world.store.inner, [renamed], world.clock.now())
    world.platform.cache.clear()
    world.tell(fired("b", severity="critical"))
    assert world.incident.severity_label == "P1"  # as its own profile calls it
    world.command("severity", severity_label="P3")
    world.command("resolve")
    asked = world.told(NotificationRequested)
    called = {n.target for n in asked if n.kind in ("opened", "raised")}
    assert "person:aoki" in called
    assert called <= {n.target for n in asked if n.kind == "resolved"}


def test_an_acknowledgement_that_holds_no_more_is_closed_as_well():
    world = World(people=ListSenders())
    world.tell(fired(severity="warning"))
    world.command("acknowledge")
    world.command("escalate")
    world.command("resolve")
    (ack,) = [n for n in world.told(NotificationRequested) if n.kind == "acknowledged"]
    closings = [n for n in world.told(NotificationRequested) if n.kind == "resolved"]
    assert ack.notification_id in {name for n in closings for name in n.closes}
    assert world.told(IncidentResolved)[0].incident.acknowledged_at is None


def test_a_profile_applied_by_newer_code_is_read_by_older_code(world):
    (snapshot,) = world.store.inner.get([CurrentProfile.key("shop")])
    data = encode(CurrentProfile(id="shop", version="v", applied_at=NOON, profile=SHOP))
    data["profile"]["service"]["colour"] = "blue"
    data["profile"]["maintenance"] = {"every": "day"}
    world.store.inner.commit([Update(snapshot.key, data, snapshot.version)])
    world.tell(fired())
    assert world.incidents()[0].service == "shop"
