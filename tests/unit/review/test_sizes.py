"""Whatever is said, an incident stays changeable and the news of it stays below 64 KB."""

from dataclasses import replace

import msgspec
import pytest

from tests.unit.incidents.world import World, fired
from tests.unit.kernel.world import World as Kernel
from tests.unit.kernel.world import add_one, cause
from toban.adapters.google.pubsub.bus import check
from toban.alerts.report import RawAlert, to_event
from toban.events import IncidentResolved, MessageParked, NotificationRequested, PostmortemDrafted
from toban.incidents.documents import Incident
from toban.kernel.document import decode, encode
from toban.kernel.event import to_message
from toban.ports import Delivered, Message, Update
from toban.testing import ListSenders

LARGEST_DOCUMENT = 1_000_000
TURNS = 900


class CheckedBus:
    """Refuses what Pub/Sub could never take, as the adapter does."""

    def __init__(self, inner):
        self.inner = inner
        self.largest = 0
        self.messages = inner.messages

    def publish(self, messages):
        for message in messages:
            check(message)
            self.largest = max(self.largest, len(message.data))
        self.inner.publish(messages)

    def take(self):
        return self.inner.take()


@pytest.fixture
def world():
    made = World(people=ListSenders())
    made.bus = CheckedBus(made.bus)
    made.platform = replace(made.platform, bus=made.bus)
    return made


def largest_report(fingerprint="a", rule="r"):
    """As much as the edge lets through."""
    report = RawAlert(
        source="generic",
        status="firing",
        fingerprint=fingerprint,
        rule=rule * 300,
        title="題" * 300,
        summary="要" * 3000,
        severity="critical",
        labels={"app": "shop", **{f"label{n}": "値" * 500 for n in range(28)}},
        starts_at=fired().starts_at,
        links=(("runbook", "https://example.com/" + "x" * 1900),),
    )
    return to_event(report, "", fired().starts_at, fired().starts_at).body


def test_the_largest_alert_is_told_paged_and_closed(world):
    body = largest_report()
    assert len(msgspec.json.encode(body)) > 54_000
    world.tell(body)
    for n in range(12):
        rule = chr(0x3042 + n)
        world.tell(largest_report(f"b{n}", rule))
    world.command("acknowledge")
    world.command("resolve")
    assert world.incidents()[0].status == "resolved"
    assert [b for b in world.told(NotificationRequested) if b.kind == "resolved"]


def test_an_incident_that_was_reopened_hundreds_of_times_can_still_be_closed(world):
    world.tell(fired())
    key = Incident.key(world.incident.id)
    (stored,) = world.store.inner.get([key])
    incident = decode(Incident, stored.data)
    first = incident.pages[0]
    incident.pages = [msgspec.structs.replace(first, number=n) for n in range(TURNS)]
    world.store.inner.commit([Update(key, encode(incident), stored.version)])
    world.command("resolve")
    assert world.incident.status == "resolved"
    assert world.told(IncidentResolved)[-1].pages[-1].number == TURNS - 1


def test_long_notes_do_not_make_an_incident_unchangeable(world):
    world.tell(fired())
    for _ in range(60):
        world.command("note", note="長" * 20_000)
    assert len(msgspec.json.encode(encode(world.incident))) < LARGEST_DOCUMENT
    world.command("acknowledge")
    assert world.incident.status == "acknowledged"


def test_a_parked_message_is_reported_however_long_its_faults_are():
    world = Kernel()
    bus = world.bus = CheckedBus(world.bus)
    world.platform = replace(world.platform, bus=bus)
    whole = to_message(cause())
    message = Message(
        whole.topic,
        b'{"incident_id": 1, "blob": "x", "at": "' + b"9" * 60_000 + b'"}',
        {**whole.attributes, "ce-id": "\u96fb" * 300, "ce-correlationid": "\u96fb" * 300},
    )
    world.deliver(add_one, Delivered(message, "m-1"))
    (report,) = world.reports()
    assert isinstance(report, MessageParked)
    assert report.reason == "invalid"


def test_a_decision_whose_news_could_never_leave_changes_nothing():
    def shout(_, work):
        add_one(_, work)
        work.emit(PostmortemDrafted(incident_id="i", blob="x" * 70_000, at=work.now))

    world = Kernel()
    assert world.handle(shout).outcome == "parked"
    assert world.value() is None


def test_ids_of_others_that_could_not_travel_on_are_left_out():
    world = Kernel()
    message = to_message(cause(correlation_id="\u96fb" * 300, traceparent="0" * 900))
    world.deliver(add_one, Delivered(message, "m-1"))
    for published in world.bus.messages:
        check(published)
    assert world.value() == 1
