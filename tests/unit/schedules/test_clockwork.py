"""Schedules fired on a laptop: a virtual clock, profiles that come and go, outages, a year's clocks."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.profiles import Profile
from tests.unit.schedules.services import plan, profile, the_map
from toban.adapters.local.memory.bus import MemoryBus
from toban.adapters.local.memory.store import MemoryBlobs, MemoryStore, VirtualClock
from toban.kernel.event import from_message
from toban.kernel.platform import Platform
from toban.local.clockwork import Clockwork, FiredSchedule
from toban.local.world import subscriptions_of
from toban.ports import Create, Delete, Key, Message, Query, Unavailable, Update
from toban.profile.store import CurrentProfile, apply

DAILY = "/schedules/chat--main-db--daily"


class RecordingBus:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.published: list[Message] = []
        self.fails = False

    def publish(self, messages) -> None:
        if self.fails:
            raise Unavailable("the queue is away")
        self.published += messages


class Laptop:
    """The clockwork on a virtual clock, turned by hand; of the map's schedules only `redrive`."""

    def __init__(self, begin: datetime, *profiles: Profile) -> None:
        self.clock = VirtualClock(begin)
        topology = the_map()
        schedules = {n: s for n, s in topology.schedules.items() if n == "redrive"}
        self.topology = msgspec.structs.replace(topology, schedules=schedules)
        self.bus = RecordingBus()
        self.platform = Platform(
            store=MemoryStore(), bus=self.bus, blobs=MemoryBlobs(), clock=self.clock
        )
        self.apply(*profiles)
        self.start()

    def apply(self, *profiles: Profile) -> None:
        apply(self.platform.store, profiles, self.clock.now())

    def remove(self, service: str) -> None:
        key = CurrentProfile.key(service)
        (found,) = self.platform.store.get([key])
        self.platform.store.commit([Delete(key, found.version)])

    def start(self) -> None:
        self.clockwork = Clockwork(self.platform, self.topology)
        self.clockwork.turn()

    def after(self, **time: float) -> list[str]:
        """Ids of what profiles' schedules published once that time was over."""
        return self.at(self.clock.now() + timedelta(**time))

    def at(self, moment: datetime) -> list[str]:
        self.clock.advance(moment - self.clock.now())
        self.clockwork.turn()
        return self.taken()

    def taken(self) -> list[str]:
        found = [m.attributes["ce-id"] for m in self.bus.published]
        self.bus.published.clear()
        return [id_ for id_ in found if "--" in id_]

    def noted(self) -> set[str]:
        return {s.key.id for s in self.platform.store.query(Query(FiredSchedule.COLLECTION))}


NOON = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)  # in Tokyo
NIGHT = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)  # 03:00 in Tokyo


def test_a_plan_fires_at_its_time_with_its_body():
    laptop = Laptop(NOON, profile("chat"))
    assert laptop.at(NIGHT - timedelta(seconds=1)) == []
    laptop.clock.advance(timedelta(seconds=1))
    laptop.clockwork.turn()
    (message,) = (m for m in laptop.bus.published if m.topic == "backup-due")
    event = from_message(message)
    assert event.id == f"{DAILY}|2026-11-22T18:00Z"
    assert (event.source, event.time) == (DAILY, NIGHT)
    assert (event.body.service, event.body.source, event.body.class_) == (
        "chat",
        "main-db",
        "daily",
    )
    laptop.taken()
    assert laptop.after(seconds=1) == []
    assert laptop.after(hours=24) == [f"{DAILY}|2026-11-23T18:00Z"]


def test_a_restore_test_fires_by_its_calendar():
    laptop = Laptop(NOON, profile("chat", test="0 5 * * 1"))
    assert laptop.at(datetime(2026, 11, 22, 20, 0, tzinfo=UTC)) == [
        f"{DAILY}|2026-11-22T18:00Z",
        "/schedules/chat--restore-test|2026-11-22T20:00Z",
    ]


# --- profiles that change --------------------------------------------------------------------


def test_a_new_plan_is_noticed_within_half_a_minute_and_begins_with_its_next_slot():
    laptop = Laptop(NIGHT + timedelta(hours=1))
    laptop.apply(profile("chat"))
    assert laptop.after(seconds=29) == []
    assert laptop.noted() == {"redrive"}
    assert laptop.after(seconds=1) == [], "last night's slot was before its time"
    assert laptop.noted() == {"redrive", "chat--main-db--daily"}
    assert laptop.after(hours=23) == [f"{DAILY}|2026-11-23T18:00Z"]


def test_a_removed_plan_stops():
    laptop = Laptop(NOON, profile("chat"))
    laptop.apply(profile("chat", plan(class_="weekly", cron="0 4 * * 0")))
    laptop.after(seconds=30)
    assert laptop.noted() == {"redrive", "chat--main-db--weekly"}
    assert laptop.at(NIGHT) == []


def test_a_plan_that_comes_back_does_not_make_up_for_its_absence():
    laptop = Laptop(NOON, profile("chat"))
    laptop.remove("chat")
    assert laptop.after(days=3) == []
    laptop.apply(profile("chat"))
    assert laptop.after(seconds=31) == []
    assert laptop.after(hours=24) == [f"{DAILY}|2026-11-25T18:00Z"]


def test_a_changed_cron_begins_with_its_next_slot():
    laptop = Laptop(NOON, profile("chat"))
    laptop.apply(profile("chat", plan(cron="30 11 * * *")))  # half an hour ago in Tokyo
    assert laptop.after(seconds=30) == []
    assert laptop.at(NIGHT) == []
    assert laptop.at(NOON + timedelta(hours=23, minutes=30)) == [f"{DAILY}|2026-11-23T02:30Z"]


def test_a_change_while_nothing_ran_begins_with_its_next_slot_as_well():
    laptop = Laptop(NOON, profile("chat"))
    laptop.clock.advance(timedelta(days=2))
    laptop.apply(profile("chat", plan(cron="30 11 * * *")))
    laptop.start()
    assert laptop.taken() == []


def test_a_changed_zone_is_a_changed_schedule():
    laptop = Laptop(NOON, profile("chat"))
    laptop.apply(profile("chat", plan(zone="Etc/UTC")))
    laptop.after(seconds=30)
    assert laptop.at(NIGHT) == []
    assert laptop.at(datetime(2026, 11, 23, 3, 0, tzinfo=UTC)) == [f"{DAILY}|2026-11-23T03:00Z"]


def test_a_schedule_that_cannot_be_read_holds_up_no_other():
    laptop = Laptop(NOON, profile("bad", plan(cron="61 * * * *")), profile("chat"))
    assert laptop.at(NIGHT) == [f"{DAILY}|2026-11-22T18:00Z"]


def test_profiles_that_cannot_be_read_leave_what_was_known():
    laptop = Laptop(NOON, profile("chat"))
    store = laptop.platform.store
    key = CurrentProfile.key("chat")
    (found,) = store.get([key])
    store.commit([Update(key, {**found.data, "profile": {"service": 7}}, found.version)])
    laptop.clock.advance(NIGHT - NOON)
    with pytest.raises(msgspec.ValidationError):
        laptop.clockwork.turn()  # its thread logs that and goes on
    assert laptop.after(seconds=1) == [f"{DAILY}|2026-11-22T18:00Z"]


# --- outages ---------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [1, 7, 40])
def test_of_the_slots_missed_in_an_outage_the_newest_runs_once(days):
    laptop = Laptop(NOON, profile("chat"))
    laptop.clock.advance(timedelta(days=days))
    laptop.start()
    newest = NIGHT + timedelta(days=days - 1)
    assert laptop.taken() == [f"{DAILY}|{newest:%Y-%m-%dT%H:%MZ}"]
    laptop.start()
    assert laptop.taken() == [], "started once more"
    assert laptop.after(hours=24) == [f"{DAILY}|{NIGHT + timedelta(days=days):%Y-%m-%dT%H:%MZ}"]


def test_a_slot_that_could_not_be_published_is_tried_until_it_is():
    laptop = Laptop(NOON, profile("chat"))
    laptop.bus.fails = True
    laptop.clock.advance(NIGHT - NOON)
    for _ in range(3):
        laptop.clock.advance(timedelta(minutes=1))
        with pytest.raises(Unavailable):
            laptop.clockwork.turn()
    laptop.bus.fails = False
    assert laptop.after(minutes=1) == [f"{DAILY}|2026-11-22T18:00Z"]


def test_a_crash_between_publishing_and_noting_publishes_the_same_id_again(monkeypatch):
    laptop = Laptop(NOON, profile("chat"))
    monkeypatch.setattr(Clockwork, "_note", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    laptop.clock.advance(NIGHT - NOON)
    with pytest.raises(KeyboardInterrupt):
        laptop.clockwork._publish_slot(
            laptop.clockwork._schedules["chat--main-db--daily"], laptop.clock.now()
        )
    monkeypatch.undo()
    laptop.start()
    assert laptop.taken() == [f"{DAILY}|2026-11-22T18:00Z"] * 2


# --- a year ----------------------------------------------------------------------------------


def fired_in_new_york(cron: str, begin: str, end: str, step: timedelta) -> list[str]:
    zone = ZoneInfo("America/New_York")
    moment, last = (
        datetime.fromisoformat(d).replace(tzinfo=zone).astimezone(UTC) for d in (begin, end)
    )
    laptop = Laptop(moment, profile("chat", plan(cron=cron), zone="America/New_York"))
    fired: list[str] = []
    while moment + step < last:
        moment += step
        fired += [id_.partition("|")[2] for id_ in laptop.at(moment)]
    assert Counter(fired).most_common(1)[0][1] == 1, "no slot twice"
    return fired


@pytest.mark.parametrize(
    ("cron", "spring", "autumn"),
    [
        ("30 2 * * *", "2026-03-08T07:00Z", "2026-11-01T07:30Z"),
        ("30 1 * * *", "2026-03-08T06:30Z", "2026-11-01T05:30Z"),
    ],
)
def test_a_daily_schedule_fires_once_a_day_for_a_year(cron, spring, autumn):
    fired = fired_in_new_york(cron, "2026-01-01", "2027-01-01", timedelta(hours=6))
    assert len(fired) == 365
    assert {spring, autumn} <= set(fired)


@pytest.mark.parametrize(
    ("begin", "end", "hours"), [("2026-03-06", "2026-03-10", 95), ("2026-10-30", "2026-11-03", 97)]
)
def test_an_hourly_schedule_fires_in_every_hour_there_is(begin, end, hours):
    fired = fired_in_new_york("15 * * * *", begin, end, timedelta(minutes=15))
    assert len(fired) == hours


def test_an_outage_over_the_hour_that_comes_twice_makes_up_for_its_slot():
    zone = ZoneInfo("America/New_York")
    begin = datetime(2026, 10, 31, 12, tzinfo=zone).astimezone(UTC)
    laptop = Laptop(begin, profile("chat", plan(cron="30 1 * * *"), zone="America/New_York"))
    second_ten_past_one = datetime(2026, 11, 1, 6, 10, tzinfo=UTC)
    laptop.clock.advance(second_ten_past_one - begin)
    laptop.start()
    assert laptop.taken() == [f"{DAILY}|2026-11-01T05:30Z"]
    assert laptop.after(minutes=20) == [], "the second half past one is the same slot"
    assert laptop.after(hours=24) == [f"{DAILY}|2026-11-02T06:30Z"]


def test_the_map_is_fired_as_before():
    topology = the_map()
    clock = VirtualClock(NOON)
    bus = MemoryBus(subscriptions_of(topology), clock, topology.topics)
    platform = Platform(store=MemoryStore(), bus=bus, blobs=MemoryBlobs(), clock=clock)
    clockwork = Clockwork(platform, topology)
    clockwork.turn()
    clock.advance(timedelta(minutes=1))
    clockwork.turn()
    assert "/schedules/each-minute|2026-11-22T03:01Z" in [
        d.message.attributes["ce-id"] for d in bus.due()
    ]


# --- a clock that was ahead once -----------------------------------------------------------------


@pytest.mark.parametrize("restarted", [False, True])
def test_a_schedule_fires_again_after_the_clock_was_300_days_ahead_for_a_minute(restarted):
    laptop = Laptop(NOON, profile("chat"))
    laptop.at(NOON + timedelta(days=300))
    laptop.after(minutes=1)
    laptop.clock.set(NOON + timedelta(minutes=1))
    if restarted:
        laptop.start()
    laptop.clockwork.turn()
    laptop.taken()

    assert laptop.at(NIGHT) == [f"{DAILY}|2026-11-22T18:00Z"]
    assert laptop.after(hours=24) == [f"{DAILY}|2026-11-23T18:00Z"]


def test_receipts_outlive_a_clock_that_was_ahead_for_a_minute():
    laptop = Laptop(NOON, profile("chat"))
    store = laptop.platform.store
    store.commit(
        [Create(Key("receipts", "r"), {"id": "r", "expires_at": NOON + timedelta(days=40)})]
    )
    laptop.at(NOON + timedelta(days=300))
    laptop.after(minutes=1)
    laptop.clock.set(NOON + timedelta(minutes=2))
    laptop.after(hours=2)
    assert store.get([Key("receipts", "r")])[0] is not None

    laptop.at(NOON + timedelta(days=41))
    laptop.after(hours=1)
    assert store.get([Key("receipts", "r")])[0] is None
