"""An incident of years and thousands of lines still opens, escalates, closes and is told whole."""

from __future__ import annotations

import random
from datetime import timedelta

import msgspec
import pytest

from tests.unit.incidents.world import World, fired, resolved
from tests.unit.kernel.test_sweep import DAY, Cloud, incident
from tests.unit.kernel.test_sweep import resolved as over
from toban.cli.incidents.views import incident_detail, next_step
from toban.cli.kit.reader import StoreReader
from toban.events import CommandIssued, IncidentAcknowledged, IncidentResolved, PostmortemDrafted
from toban.incidents import history
from toban.incidents.documents import Incident, IncidentSegment
from toban.incidents.history import (
    EARLIER_PAGES,
    KEPT_PAGES,
    LATEST_PAGES,
    MAX_PAGES,
    MAX_TIMELINE,
    OVERFLOW,
    latest_pages,
)
from toban.incidents.lifecycle import call, note
from toban.incidents.reminders import last_call
from toban.kernel.document import decode, encode
from toban.kernel.event import Event
from toban.kernel.work import Work
from toban.ports import Delete, Update
from toban.postmortems import draft

LINES = 5_000
LARGEST = 900_000
"""Of a document's JSON: Firestore counts a little differently, up to 1,048,576."""


@pytest.fixture
def world():
    made = World()
    made.tell(fired())
    return made


def change(world, do, times, each=50):
    """Do it so often, some in each commit."""
    for start in range(0, times, each):
        event = Event(
            id=f"grow-{start}", source="/test", time=world.clock.now(), body=fired("grow")
        )
        work = Work(store=world.store, event=event, function="test", now=world.clock.now())
        incident = work.get(Incident, world.incident.id)
        for number in range(start, min(start + each, times)):
            do(incident, work, number)
        work.put(incident)
        assert sum(len(msgspec.json.encode(w.data)) for w in work.writes) < 2_500_000
        world.store.commit(list(work.writes))
        world.clock.advance(timedelta(seconds=1))


def whole(world, incident=None):
    incident = incident or world.incident
    reader = StoreReader(world.store)
    return incident.whole([reader.get(IncidentSegment, id) for id in incident.segment_ids()])


def sizes(world):
    documents = [*world.documents(Incident), *world.documents(IncidentSegment)]
    return [len(msgspec.json.encode(encode(document))) for document in documents]


def write_lines(world, count=LINES, text="報告" * 165):
    change(world, lambda i, work, n: note(i, work, "note", "aoki", text=f"{n} {text}"), count)


def numbers(incident):
    return [
        int(entry.detail["text"].split()[0]) for entry in incident.timeline if entry.kind == "note"
    ]


# --- the timeline --------------------------------------------------------------------------------


def test_five_thousand_lines_still_open_escalate_and_show(world):
    write_lines(world)
    assert max(sizes(world)) < LARGEST
    assert numbers(whole(world)) == list(range(LINES))
    assert whole(world).timeline[0].kind == "opened"
    assert len(world.incident.timeline) <= MAX_TIMELINE

    # It goes on as any other.
    world.pass_time(5)
    assert world.pages()[-1] == ("escalated", 1)
    world.tell(fired("b", at=8))
    assert world.alert("b").incident == world.incident.id
    assert world.command("acknowledge").outcome == "done"
    assert world.command("note", note="found it").outcome == "done"
    assert [e.kind for e in whole(world).timeline if e.kind not in ("note", "joined")] == [
        "opened", "escalated", "acknowledged",
    ]  # fmt: skip

    # And it is shown whole, as a person and as a script sees it.
    detail = incident_detail(StoreReader(world.store), world.incident, "en")
    shown = [line for line in detail["timeline"] if line["kind"] == "note"]
    assert len(shown) == LINES + 1
    assert [line["at"] for line in shown] == sorted(line["at"] for line in shown)
    assert "found it" in shown[-1]["text"]

    # What is written down at its end, as well.
    world.tell(resolved("b", at=8))
    world.tell(resolved())
    (told,) = world.told(IncidentResolved)
    event = Event(id="r", source="/test", time=world.clock.now(), body=told)
    work = Work(store=world.store, event=event, function="draft", now=world.clock.now())
    draft.on_resolved(told, work)
    (drafted,) = work.objects
    text = drafted.data.decode()
    assert all(f": {n} 報告" in text for n in range(LINES))
    assert isinstance(work.emitted[0].body, PostmortemDrafted)
    world.command("reopen")
    assert world.incident.status == "open"


def test_long_lines_split_by_their_size(world):
    write_lines(world, 400, "長" * 3_900)
    assert max(sizes(world)) < LARGEST
    assert numbers(whole(world)) == list(range(400))
    assert world.incident.kept_first < MAX_TIMELINE // 2


def test_as_long_as_the_document_holds_it_nothing_is_split_off(world):
    write_lines(world, MAX_TIMELINE - 1, "short")
    assert encode(world.incident)["segments"] == 0
    assert world.documents(IncidentSegment) == []
    assert numbers(world.incident) == list(range(MAX_TIMELINE - 1))


def test_beyond_that_one_line_in_many_costs_a_write_more(world, monkeypatch):
    monkeypatch.setattr(history, "OVERFLOW", 10)
    write_lines(world, MAX_TIMELINE, "short")
    world.take_costs()
    costs = []
    for number in range(20):
        world.command("note", note=f"{number}")
        (cost,) = world.take_costs()
        costs.append((cost.reads, cost.writes))
    ordinary = costs[0]
    more = [cost for cost in costs if cost != ordinary]
    assert more == [(ordinary[0], ordinary[1] + 1)] * 2


def test_a_decision_that_lost_its_race_splits_off_once(world):
    write_lines(world, MAX_TIMELINE + OVERFLOW - 2, "short")
    assert world.documents(IncidentSegment) == []

    def interfere():
        change(world, lambda i, work, n: note(i, work, "note", "baba", text="9998 first"), 1)

    world.before_commit("act_on_incident", interfere)
    world.command("note", note="9999 then")
    (segment,) = world.documents(IncidentSegment)
    assert len(segment.timeline) >= OVERFLOW
    assert numbers(whole(world))[-2:] == [9998, 9999]
    assert len(set(numbers(whole(world)))) == len(numbers(whole(world)))


def test_a_command_that_comes_again_splits_nothing_off_again(world):
    write_lines(world, MAX_TIMELINE + OVERFLOW - 2, "short")
    body = CommandIssued(
        action="note", actor="aoki", via="cli", at=world.clock.now(), note="9999 x",
        incident_id=world.incident.id,
    )  # fmt: skip
    world.tell(body, "e-1", "m-1")
    world.tell(body, "e-1", "m-1")
    world.tell(body, "e-1", "m-2")
    assert numbers(whole(world))[-2:] == [MAX_TIMELINE + OVERFLOW - 3, 9999]
    assert len(world.documents(IncidentSegment)) == 1


def test_a_segment_that_is_gone_leaves_the_rest(world):
    write_lines(world, MAX_TIMELINE + 3 * OVERFLOW, "short")
    first, *_ = sorted(world.documents(IncidentSegment), key=lambda s: s.number)
    found = world.store.get([first.key(first.id)])[0]
    world.store.commit([Delete(found.key, found.version)])
    left = numbers(whole(world))
    assert len(left) == MAX_TIMELINE + 3 * OVERFLOW - len(first.timeline)
    assert left == sorted(left)


# --- pages ---------------------------------------------------------------------------------------


def test_pages_are_numbered_through_wherever_they_stand(world):
    change(world, lambda i, work, _: call(i, work, "joined"), LINES)
    assert max(sizes(world)) < LARGEST
    assert KEPT_PAGES <= len(world.incident.pages) <= MAX_PAGES
    assert [page.number for page in whole(world).pages] == list(range(LINES + 1))
    world.pass_time(5)
    assert world.incident.pages[-1].number == LINES + 1
    following = next_step(StoreReader(world.store), world.incident)
    assert following is not None
    world.command("acknowledge")
    world.command("resolve")
    assert len(world.told(IncidentAcknowledged)[-1].pages) <= LATEST_PAGES + EARLIER_PAGES


def told_of_all(pages):
    """As the release before this told of them, with all of them in one document."""
    earlier = {
        (page.step, page.severity_label, page.reason, page.to, page.at.isocalendar()[:2]): page
        for page in pages[:-LATEST_PAGES]
    }
    kept = sorted(earlier.values(), key=lambda page: page.number)
    return [*kept[-EARLIER_PAGES:], *pages[-LATEST_PAGES:]]


@pytest.mark.parametrize("seed", range(6))
def test_whom_a_closing_tells_does_not_depend_on_where_pages_stand(world, seed):
    chance = random.Random(seed)
    everything = list(world.incident.pages)

    def page(incident, work, _):
        incident.step = chance.choice([0, 0, 0, 1, 2])
        reason = chance.choice(["joined", "escalated", "repeated", "reminded"])
        to = chance.choice(["aoki", "baba"]) if seed % 2 or chance.random() < 0.9 else ""
        incident.severity_label = chance.choice(["P1", "P2"])
        everything.append(call(incident, work, reason, to))

    for _ in range(40):
        change(world, page, 20, each=10)
        world.clock.advance(timedelta(days=chance.choice([0, 0, 1, 5])))
        incident = world.incident
        assert latest_pages(incident) == told_of_all(everything)
        work = Work(store=world.store, event=None, function="f", now=world.clock.now())
        assert last_call(incident, work) == next(p for p in reversed(everything) if not p.to).at
    assert world.documents(IncidentSegment)
    assert whole(world).pages == everything


def test_who_was_not_reached_is_kept_with_the_pages(world):
    def page(incident, work, number):
        call(incident, work, "joined")
        incident.unreached = {**incident.unreached, str(number + 1): [f"n{number + 1}"] * 20}

    change(world, page, 1_000)
    assert max(sizes(world)) < LARGEST
    assert len(world.incident.unreached) <= MAX_PAGES
    assert sorted(map(int, whole(world).unreached)) == list(range(1, 1_001))


# --- an incident of the release before -----------------------------------------------------------


def test_one_that_is_full_already_goes_on_and_loses_nothing_more(world):
    key = Incident.key(world.incident.id)
    (stored,) = world.store.get([key])
    incident = decode(Incident, stored.data)
    line, page = incident.timeline[0], incident.pages[0]
    incident.timeline = [
        msgspec.structs.replace(line, kind="note", detail={"text": f"{n} old"})
        for n in range(MAX_TIMELINE)
    ]
    incident.pages = [msgspec.structs.replace(page, number=n) for n in range(2_500)]
    data = encode(incident)
    for name in ("earlier_pages", "kept_first", "overflow", "segments"):
        del data[name]
    world.store.commit([Update(key, data, stored.version)])

    change(
        world, lambda i, work, n: note(i, work, "note", text=f"{MAX_TIMELINE + n} new"), OVERFLOW
    )
    assert numbers(whole(world)) == list(range(MAX_TIMELINE + OVERFLOW))
    world.pass_time(5)
    assert world.pages()[-1] == ("escalated", 1)
    assert [page.number for page in whole(world).pages] == list(range(2_501))
    assert max(sizes(world)) < LARGEST
    world.tell(resolved())
    assert world.incident.status == "resolved"


# --- how long segments live ----------------------------------------------------------------------


def test_segments_live_exactly_as_long_as_their_incident():
    cloud = Cloud()
    cloud.put(incident(segments=2))
    for number, days in ((0, 1), (1, 250)):
        cloud.after(days * DAY, step=10 * DAY)
        cloud.put(
            IncidentSegment(id=f"inc-1.{number}", incident="inc-1", number=number, at=cloud.now)
        )
    for _ in range(3):  # resolved, and reopened a year later
        cloud.put(over(cloud.now, segments=2))
        cloud.after(380 * DAY, step=5 * DAY)
        assert cloud.get(Incident, "inc-1") is not None
        assert cloud.get(IncidentSegment, "inc-1.0") is not None
        assert cloud.get(IncidentSegment, "inc-1.1") is not None
        cloud.put(incident(segments=2))
        cloud.after(100 * DAY, step=5 * DAY)
    cloud.put(over(cloud.now, segments=2))
    cloud.after(395 * DAY, step=5 * DAY)
    while cloud.get(Incident, "inc-1") is not None:
        assert cloud.get(IncidentSegment, "inc-1.0") is not None
        assert cloud.get(IncidentSegment, "inc-1.1") is not None
        cloud.after(DAY, step=DAY)
    assert cloud.get(IncidentSegment, "inc-1.0") is None
    assert cloud.get(IncidentSegment, "inc-1.1") is None
