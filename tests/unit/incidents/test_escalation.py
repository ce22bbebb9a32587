"""Each step once, in time, until somebody answers."""

from datetime import timedelta

import msgspec
import pytest

from tests.unit.incidents.world import HOUSE, NOON, SHOP, World, fired, resolved
from toban.events import (
    AlertFired,
    EscalationDue,
    IncidentEscalated,
    IncidentSnapshot,
    NotificationFailed,
    NotificationRequested,
    Page,
    PageFailed,
)
from toban.incidents.documents import Incident
from toban.incidents.lifecycle import MAX_TIMELINE, note
from toban.kernel.event import Event
from toban.kernel.work import Work


@pytest.fixture
def world() -> World:
    world = World()
    world.tell(fired())
    return world


# --- by time ---------------------------------------------------------------------------------


def test_the_steps_come_at_their_times_counted_from_the_opening(world):
    world.pass_time(4.99)
    assert world.pages() == [("opened", 0)]
    world.pass_time(0.01)
    assert world.pages() == [("opened", 0), ("escalated", 1)]
    assert world.incident.next_step_at == NOON + timedelta(minutes=15)
    world.pass_time(10)
    assert world.pages() == [("opened", 0), ("escalated", 1), ("escalated", 2)]
    assert world.incident.next_step_at is None
    world.pass_time(59)
    assert len(world.pages()) == 3, "what comes then: test_reminders"
    assert [p.at - NOON for p in world.incident.pages] == [
        timedelta(0),
        timedelta(minutes=5),
        timedelta(minutes=15),
    ]


def test_each_page_is_told_with_the_step_it_calls(world):
    world.pass_time(15)
    assert [(e.page.number, e.page.step, e.by) for e in world.told(IncidentEscalated)] == [
        (1, 1, ""),
        (2, 2, ""),
    ]
    assert [e.detail for e in world.incident.timeline if e.kind == "escalated"] == [
        {"step": "2", "why": "time"},
        {"step": "3", "why": "time"},
    ]


def test_nothing_escalates_once_it_is_acknowledged(world):
    world.pass_time(5)
    world.command("acknowledge")
    world.pass_time(59)
    assert world.pages() == [("opened", 0), ("escalated", 1)]


def due(world: World, step: int, generation: int | None = None) -> EscalationDue:
    incident = world.incident
    now = incident.generation if generation is None else generation
    return EscalationDue(incident_id=incident.id, step=step, generation=now)


@pytest.mark.parametrize("step", [0, 2, 3, 7])
def test_a_step_is_taken_only_from_the_one_before_it(world, step):
    before = world.incident
    world.tell(due(world, step))
    assert world.incident == before


@pytest.mark.parametrize("generation", [0, 2])
def test_a_timer_of_another_generation_does_nothing(world, generation):
    before = world.incident
    world.tell(due(world, 1, generation))
    assert world.incident == before


def test_the_same_timer_twice_is_one_step(world):
    timer = due(world, 1)
    world.tell(timer)
    world.tell(timer)
    assert world.pages() == [("opened", 0), ("escalated", 1)]


def test_a_late_tick_takes_the_steps_one_after_the_other(world):
    world.clock.set(NOON + timedelta(minutes=20))
    world.pass_time(0)
    assert world.pages() == [("opened", 0), ("escalated", 1), ("escalated", 2)]


# --- by failure ------------------------------------------------------------------------------


def failed(
    world: World, page: int = 0, contacts: int = 1, name: str = "n-1", **changes
) -> NotificationFailed:
    """A notification of a page that no channel could deliver."""
    request = NotificationRequested(
        notification_id=name,
        kind=changes.pop("kind", "opened"),
        incident=world.incidents()[0].snapshot(),
        page=page,
        target="person:aoki",
        target_name="Aoki",
        channel="log",
        contacts=contacts,
        replaces=changes.pop("replaces", []),
    )
    return NotificationFailed(request=request, error="HTTP 500", at=NOON, **changes)


def test_a_page_that_reached_nobody_does_not_wait_for_its_time(world):
    world.pass_time(1)
    world.tell(failed(world))
    assert world.pages() == [("opened", 0), ("escalated", 1)]
    assert [(e.kind, e.detail.get("why")) for e in world.incident.timeline[1:]] == [
        ("notification-failed", None),
        ("escalated", "unreached"),
    ]
    assert world.incident.next_step_at == NOON + timedelta(minutes=15)
    world.pass_time(4)
    assert len(world.pages()) == 2, "the timer of the step that was taken early is stale"


def test_all_its_notifications_must_have_failed(world):
    world.tell(failed(world, contacts=2, name="n-1"))
    world.tell(failed(world, contacts=2, name="n-1"))
    assert world.pages() == [("opened", 0)]
    world.tell(failed(world, contacts=2, name="n-2"))
    assert world.pages() == [("opened", 0), ("escalated", 1)]


def test_while_there_is_a_fallback_nothing_is_lost_yet(world):
    world.tell(failed(world, fallback="mail"))
    assert world.pages() == [("opened", 0)]
    assert world.kinds() == ["opened", "notification-failed"]
    world.tell(failed(world, name="n-1-fallback", replaces=["n-1"]))
    assert world.pages() == [("opened", 0), ("escalated", 1)]


def test_a_page_that_is_not_the_newest_has_been_overtaken(world):
    world.pass_time(5)
    world.tell(failed(world, page=0))
    assert world.pages() == [("opened", 0), ("escalated", 1)]


@pytest.mark.parametrize("kind", ["acknowledged", "resolved"])
def test_good_news_that_cannot_be_delivered_call_nobody(world, kind):
    world.tell(failed(world, kind=kind))
    assert world.pages() == [("opened", 0)]
    assert world.kinds() == ["opened", "notification-failed"]


def test_after_an_acknowledgement_a_failure_is_only_noted(world):
    world.command("acknowledge")
    world.tell(failed(world))
    assert world.pages() == [("opened", 0)]


def test_a_page_with_nobody_to_go_to_goes_on_at_once(world):
    page = world.incident.pages[0]
    body = PageFailed(
        incident_id=world.incident.id, page=page, generation=1, reason="nobody on duty", at=NOON
    )
    world.tell(body)
    assert world.pages() == [("opened", 0), ("escalated", 1)]
    assert world.kinds() == ["opened", "page-failed", "escalated"]


def reach_nobody(world: World) -> None:
    """Every page of the incident fails, and then once more."""
    incident = world.incidents()[0].id
    for name in ("n-1", "n-2", "n-3", "n-3"):
        newest = next(i for i in world.incidents() if i.id == incident).pages[-1].number
        world.tell(failed(world, page=newest, name=name))


def test_when_nobody_at_all_was_reached_the_platforms_people_are_told_once(world):
    reach_nobody(world)
    incident, own = sorted(world.incidents(), key=lambda i: i.service != "shop")
    assert world.pages(incident) == [("opened", 0), ("escalated", 1), ("escalated", 2)]
    assert own.service == "house"
    assert own.title == f"shop: nobody reached for {incident.id}"
    assert (own.summary, own.labels["incident"]) == ("api a", incident.id)
    assert world.pages(own) == [("opened", 0)]


def test_that_is_settled_by_a_person_and_then_stays_settled(world):
    reach_nobody(world)
    own = next(i for i in world.incidents() if i.service == "house")
    assert world.alert(own.rules[0] + "/" + own.labels["incident"]).status == "event"
    world.command("resolve", incident=own.id)
    world.pass_time(600)
    (own,) = (i for i in world.incidents() if i.service == "house")
    assert own.status == "resolved"


def test_the_default_service_does_not_report_itself_to_itself():
    world = World()
    world.tell(fired(labels={}))
    world.tell(failed(world))
    assert len(world.incidents()) == 1
    assert [body for body in world.told(AlertFired) if body.source == "toban"] == []


def test_nor_does_the_built_in_one():
    world = World(SHOP)
    world.tell(fired(labels={}))
    assert world.incident.service == "toban"
    world.tell(failed(world))
    assert len(world.incidents()) == 1


def test_a_severity_without_escalation_calls_its_first_page_and_no_more():
    quiet = msgspec.structs.replace(SHOP, escalation=())
    world = World(quiet, HOUSE)
    world.tell(fired())
    assert world.incident.next_step_at is None
    world.pass_time(59)
    assert world.pages() == [("opened", 0)]


# --- the timeline ----------------------------------------------------------------------------


def test_a_timeline_keeps_its_beginning_and_its_end(world):
    incident = world.incident
    work = Work(
        store=world.store,
        event=Event(id="e", source="/s", time=NOON, body=due(world, 1)),
        function="f",
        now=NOON,
    )
    for number in range(MAX_TIMELINE + 100):
        note(incident, work, "note", text=str(number))
    kept = [entry.detail.get("text") for entry in incident.timeline]
    assert len(kept) == MAX_TIMELINE
    assert kept[:3] == [None, "0", "1"]
    assert kept[-1] == str(MAX_TIMELINE + 99)
    assert kept[MAX_TIMELINE // 2 :] == [str(n) for n in range(350, 600)]


def test_a_snapshot_says_what_the_incident_says(world):
    incident = world.incident
    snapshot = incident.snapshot()
    assert isinstance(snapshot, IncidentSnapshot)
    for name in IncidentSnapshot.__struct_fields__:
        assert getattr(snapshot, name) == getattr(incident, name), name


def test_pages_are_counted_from_zero_without_a_gap(world):
    world.pass_time(15)
    world.tell(resolved())
    world.command("reopen")
    assert [page.number for page in world.incident.pages] == [0, 1, 2, 3]
    assert all(isinstance(page, Page) for page in world.incident.pages)
    assert isinstance(world.incident, Incident)
