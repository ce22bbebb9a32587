"""
Messages that are wrong on the Pub/Sub side: set aside and reported, or refused until our own
deployment catches up; never looping, never lost. Shown on `open_incident`, which starts the chain.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests import payloads
from tests.security.desk import NOW, Desk, logged
from toban.adapters.local.memory.bus import MemoryBus
from toban.adapters.local.memory.store import VirtualClock
from toban.adapters.local.sqlite.subscriptions import QueueSubscription
from toban.events import AlertFired, MessageParked
from toban.incidents.opening.triage import HANDLERS
from toban.kernel.errors import UnknownVersion
from toban.kernel.event import from_message, to_message
from toban.kernel.handling.decision import Handled
from toban.kernel.handling.handle import handle
from toban.ports import Delivered, Key, Message
from toban.testing import TestPlatform

FUNCTION = "open_incident"
TOPICS = ("alert-fired", "alert-resolved", "incident-opened", "alert-attached", "alert-cleared")


class World(TestPlatform):
    """`open_incident` on a bus that redelivers, with a second subscription that only watches."""

    def __init__(self) -> None:
        clock = VirtualClock(NOW)
        consumed = ("alert-fired", "alert-resolved")
        bus = MemoryBus(
            [QueueSubscription(topic, FUNCTION, min_backoff_s=10) for topic in consumed]
            + [QueueSubscription("message-parked", "watcher")],
            clock,
            TOPICS,
        )
        super().__init__(handlers={FUNCTION: HANDLERS}, clock=clock, bus=bus)

    def handle(self, message: Message, message_id: str = "m-1") -> Handled:
        """Deliver one message; returning means acknowledged."""
        with logged():
            return self.deliver(
                FUNCTION, Delivered(message, message_id, f"{message.topic}--{FUNCTION}", 1)
            )

    def reports(self) -> list[MessageParked]:
        """What was published about parked messages."""
        bodies = [from_message(delivered.message).body for delivered in self.bus.due()]
        return [body for body in bodies if isinstance(body, MessageParked)]


def message(body: object = None, path: str = "/cloud-monitoring") -> Message:
    """The message of a good alert, as the ingress publishes it."""
    (event,) = Desk().events(path, payloads.cloud_monitoring() if body is None else body)
    return to_message(event)


def altered(data: bytes | None = None, **attributes: str | None) -> Message:
    """A good message with another body, or attributes changed or (None) removed."""
    good = message()
    merged = dict(good.attributes)
    for name, value in attributes.items():
        key = name.replace("_", "-")
        if value is None:
            merged.pop(key)
        else:
            merged[key] = value
    return replace(good, data=good.data if data is None else data, attributes=merged)


POISON = {
    "a brace": altered(b"{"),
    "empty": altered(b""),
    "not UTF-8": altered(b'{"source":"\xff"}'),
    "another shape": altered(b'{"rule":7}'),
    "an array": altered(b"[]"),
    "100,000 deep": altered(b'{"labels":' + b"[" * 100_000),
    "a time without offset": altered(
        message().data.replace(
            b'"starts_at":"2026-11-22T03:00:00Z"', b'"starts_at":"2026-11-22T03:00:00"'
        )
    ),
    "no id": altered(ce_id=None),
    "no type": altered(ce_type=None),
    "no source": altered(ce_source=None),
    "no time": altered(ce_time=None),
    "specversion 9.9": altered(ce_specversion="9.9"),
    "a time that is none": altered(ce_time="yesterday"),
    "an unknown type": altered(ce_type="com.example.thing.happened.v1"),
    "a type of toban that it does not consume": altered(
        ce_type="toban.minute.passed.v1", data=b"{}"
    ),
    "no attributes at all": Message("alert-fired", b'{"hello":"world"}', {}),
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_55_what_can_never_be_handled_is_parked_and_acknowledged(poison):
    world = World()
    assert world.handle(poison).outcome == "parked"
    (parked,) = world.documents("parked")
    assert parked["function"] == FUNCTION
    assert parked["data"] == poison.data
    assert parked["attributes"] == poison.attributes
    assert parked["error"]
    (report,) = world.reports()
    assert (report.function, report.reason) == (FUNCTION, "invalid")
    assert report.event_type == poison.attributes.get("ce-type", "")
    assert world.documents("incidents") == []
    assert world.documents("receipts") == []


def test_the_time_that_lost_its_offset_really_did():
    assert POISON["a time without offset"].data != message().data


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_55_delivered_again_it_is_the_same_report(poison):
    world = World()
    world.handle(poison)
    world.clock.advance(60)
    world.handle(poison)
    assert len(world.documents("parked")) == 1
    one, two = (d.message for d in world.bus.due())
    assert one == two


def test_57_a_newer_version_waits_for_our_deployment():
    world = World()
    with pytest.raises(UnknownVersion):
        world.handle(altered(ce_type="toban.alert.fired.v2"))
    assert world.documents("parked") == []
    assert world.reports() == []


def test_57_it_becomes_a_dead_letter_when_the_deployment_does_not_come():
    world = World()
    world.bus.publish([altered(ce_type="toban.alert.fired.v2")])
    attempts = 0
    while (due := world.bus.next_due()) is not None:
        world.clock.set(max(due, world.clock.now()))
        with logged():
            world.bus.deliver_next(
                lambda delivered: handle(FUNCTION, HANDLERS, delivered, world.platform)
            )
        attempts += 1
    assert attempts == 5
    (letter,) = world.bus.pull(f"alert-fired--{FUNCTION}", 10)
    assert letter.message.attributes["ce-type"] == "toban.alert.fired.v2"


def test_another_body_under_an_id_that_was_handled_is_parked():
    world = World()
    good = message()
    assert world.handle(good, "m-1").outcome == "done"
    forged = replace(good, data=good.data.replace(b"Critical", b"Warning!"))
    assert forged.data != good.data
    assert world.handle(forged, "m-2").outcome == "parked"
    (report,) = world.reports()
    assert "another body" in report.error
    assert len(world.documents("incidents")) == 1


def test_59_resolved_before_firing_opens_nothing():
    world = World()
    world.handle(message(payloads.cloud_monitoring("closed")), "m-1")
    world.handle(message(payloads.cloud_monitoring("open")), "m-2")
    assert world.documents("incidents") == []
    (alert,) = world.documents("alerts")
    assert alert["status"] == "resolved"


def test_59_an_older_occurrence_that_arrives_late_reopens_no_ghost():
    world = World()
    later = int((payloads.STARTED + timedelta(hours=1)).timestamp())
    for number, (state, started) in enumerate(
        [("open", later), ("closed", later), ("open", None), ("closed", None)]
    ):
        more = {} if started is None else {"started_at": started, "ended_at": later + 60}
        world.clock.advance(30)
        world.handle(message(payloads.cloud_monitoring(state, **more)), f"m-{number}")
    (alert,) = world.documents("alerts")
    assert alert["status"] == "resolved"
    assert len(world.documents("incidents")) == 1


def test_61_one_poisonous_message_does_not_hold_up_the_others():
    world = World()
    world.bus.publish([altered(ce_type="toban.alert.fired.v2"), altered(b"{"), message()])
    outcomes = []
    with logged():
        while any(d.subscription.endswith(FUNCTION) for d in world.bus.due()):
            pick = next(
                n for n, d in enumerate(world.bus.due()) if d.subscription.endswith(FUNCTION)
            )
            step = world.bus.deliver_next(
                lambda delivered: outcomes.append(
                    handle(FUNCTION, HANDLERS, delivered, world.platform).outcome
                ),
                pick,
            )
            if step is not None and step.error is not None:
                outcomes.append("refused")
    assert outcomes == ["refused", "parked", "done"]
    assert len(world.documents("incidents")) == 1


def test_what_is_parked_becomes_an_alert_of_the_platform_itself():
    world = World()
    world.handle(altered(b"{"))
    (delivered,) = world.bus.due()
    assert world.handle(delivered.message, "m-2").outcome == "done"
    (incident,) = world.documents("incidents")
    assert "invalid" in str(incident["title"])


def test_an_alert_of_the_ingress_is_one_the_chain_accepts():
    for path, body in (
        ("/cloud-monitoring", payloads.cloud_monitoring_test()),
        ("/alertmanager", payloads.alertmanager()),
        ("/generic", payloads.generic()),
    ):
        world = World()
        good = message(body, path)
        assert isinstance(from_message(good).body, AlertFired)
        assert world.handle(good).outcome == "done"
        assert len(world.documents("incidents")) == 1
        assert world.store.get([Key("parked", "x")]) == [None]
