"""A clock that was ahead by 300 days, once: what it has written holds nothing up afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.kernel.test_effect import Outside
from tests.unit.kernel.test_job import LEASE, Digger, Digging, first, kept
from tests.unit.kernel.world import NOON, Crash, World, crash, follow_up
from toban.adapters.local.memory.store import VirtualClock
from toban.adapters.local.sqlite.database import SqliteDatabase
from toban.adapters.local.sqlite.queue import SqliteBus
from toban.adapters.local.sqlite.subscriptions import QueueSubscription
from toban.kernel.clock.skew import TOLERANCE, holds, is_future, not_ahead
from toban.kernel.errors import TryLater
from toban.kernel.handling.job import ABANDONED
from toban.kernel.handling.timers import LOOK_EACH, fire_due
from toban.kernel.work import Cache
from toban.ports import Message

AHEAD = timedelta(days=300)
SECOND = timedelta(seconds=1)


@pytest.fixture
def world() -> World:
    return World()


def test_a_few_minutes_are_two_right_clocks_and_more_is_a_wrong_one():
    assert not is_future(NOON + TOLERANCE, NOON)
    assert is_future(NOON + TOLERANCE + SECOND, NOON)
    assert not is_future(None, NOON)
    assert not_ahead(NOON + AHEAD, NOON) is None
    assert not_ahead(NOON, NOON) == NOON


def test_a_lease_that_ends_further_ahead_than_its_length_does_not_hold():
    assert holds(NOON + LEASE, LEASE, NOON)
    assert holds(NOON + LEASE + TOLERANCE, LEASE, NOON), "clocks differ"
    assert not holds(NOON + LEASE + TOLERANCE + SECOND, LEASE, NOON)
    assert not holds(NOON, LEASE, NOON)
    assert not holds(None, LEASE, NOON)


def test_a_job_whose_holder_died_while_the_clock_was_ahead_is_taken_over_at_once(world):
    world.clock.set(NOON + AHEAD)
    with pytest.raises(Crash):
        world.handle(Digger(during=lambda *_: crash()).job())
    world.clock.set(NOON + SECOND)

    assert world.handle(Digger().job()).outcome == "done"


def test_an_effect_whose_holder_died_while_the_clock_was_ahead_is_taken_over_at_once(world):
    world.clock.set(NOON + AHEAD)
    outside = Outside()
    outside.during = crash
    with pytest.raises(Crash):
        world.handle(outside.effect())
    world.clock.set(NOON + SECOND)
    outside.during = lambda: None

    assert world.handle(outside.effect()).outcome == "done"
    assert outside.seen[-1].unknown, "the first call may have taken effect"


def test_a_holder_renews_its_lease_as_soon_as_the_clock_is_put_back(world):
    until: list[Any] = []

    def put_back(_: Digging, claim: Any) -> None:
        world.clock.set(NOON + SECOND)
        claim.beat()
        until.append(kept(world).lease_until)
        with pytest.raises(TryLater, match="another delivery is at it"):
            world.handle(Digger().job(), message_id="m-2")

    world.clock.set(NOON + AHEAD)
    world.handle(Digger(during=first(put_back)).job())

    assert until == [NOON + SECOND + LEASE]


def test_a_step_ends_when_the_clock_is_put_back_under_it(world):
    elapsed: list[timedelta] = []

    def put_back(_: Digging, claim: Any) -> None:
        world.clock.set(NOON)
        elapsed.append(claim.elapsed())

    world.clock.set(NOON + AHEAD)
    world.handle(Digger(during=first(put_back)).job())

    assert elapsed == [AHEAD]


def test_a_sign_of_life_from_the_future_is_none():
    job = Digging(id="garden", touched_at=NOON + AHEAD)
    assert job.is_stale(NOON)
    assert not Digging(id="garden", touched_at=NOON).is_stale(NOON + ABANDONED)


def test_a_timer_set_while_the_clock_was_ahead_comes_as_late_as_it_was_meant_to(world):
    world.clock.set(NOON + AHEAD)
    world.handle(lambda _, work: work.at(work.now + timedelta(minutes=20), follow_up(1)))
    right = NOON + timedelta(minutes=LOOK_EACH - 1)
    for minutes, fired in ((0, []), (19, []), (20, [follow_up(1)]), (30, []), (40, [])):
        world.clock.set(right + timedelta(minutes=minutes))
        fire_due("tick", world.platform)
        assert [event.body for event in world.bus.take()] == fired, minutes


def test_a_timer_that_is_meant_to_come_late_is_left_alone(world):
    world.handle(lambda _, work: work.at(work.now + timedelta(days=1), follow_up(1)))
    world.clock.set(NOON + timedelta(minutes=LOOK_EACH - 1))
    fire_due("tick", world.platform)
    assert world.receipt().due == NOON + timedelta(days=1)


def test_an_instance_reads_anew_what_it_read_while_the_clock_was_ahead():
    cache = Cache()
    read = iter(("old", "new"))
    age = timedelta(seconds=30)
    assert cache.get("profile", NOON + AHEAD, age, lambda: next(read)) == "old"
    assert cache.get("profile", NOON, age, lambda: next(read)) == "new"


# --- the queue of a laptop ----------------------------------------------------------------------


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOON + AHEAD)


@pytest.fixture
def queue(tmp_path, clock):
    with SqliteDatabase(tmp_path / "toban.db") as database:
        yield SqliteBus(database, [QueueSubscription("t", "f", 3)], clock)


def test_what_was_published_while_the_clock_was_ahead_is_delivered_once_it_is_right(queue, clock):
    queue.publish([Message("t", b"1", {})])
    assert queue.claim(["t--nobody"]) is None  # somebody looked meanwhile
    clock.set(NOON)

    assert queue.claim(["t--f"]).delivered.message.data == b"1"
    assert queue.claim(["t--f"]) is None, "it is being delivered"


def test_what_was_put_back_while_the_clock_was_ahead_comes_again(queue, clock):
    queue.publish([Message("t", b"1", {})])
    queue.refuse(queue.claim(["t--f"]))
    clock.set(NOON)

    assert queue.claim(["t--f"]).delivered.attempt == 2


def test_a_runtime_that_starts_finds_what_another_left_with_its_clock_ahead(queue, clock):
    queue.publish([Message("t", b"1", {})])
    later = SqliteBus(queue.database, [QueueSubscription("t", "f", 3)], clock)
    clock.set(NOON)
    later.release_claims()

    assert later.claim(["t--f"]) is not None


def test_back_off_is_not_cut_short_by_a_restart(queue, clock):
    queue.publish([Message("t", b"1", {})])
    queue.refuse(queue.claim(["t--f"]))
    queue.release_claims()

    assert queue.claim(["t--f"]) is None
