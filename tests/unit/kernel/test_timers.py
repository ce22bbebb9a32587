"""Timers: kept with the state that wants them, fired once they are due, never lost."""

import json
from datetime import timedelta

import msgspec
import pytest

from tests.unit.kernel.world import NOON, Counter, Crash, World, crash, follow_up, once, unavailable
from toban.kernel.handling.receipt import KEEP
from toban.kernel.handling.timers import BATCH, fire_due, next_due, put_right
from toban.ports import Unavailable, Update

MINUTE = timedelta(minutes=1)
HOUR = 60 * MINUTE


@pytest.fixture
def world() -> World:
    return World()


def set_timers(*minutes: float):
    """A decision that sets timers so many minutes from noon, numbered in the order set."""

    def decide(_, work):
        for number, minute in enumerate(minutes):
            work.at(NOON + minute * MINUTE, follow_up(number))

    return decide


def at(world: World, minute: float) -> list[int]:
    """The numbers of the timers that fire at that minute."""
    world.clock.set(NOON + minute * MINUTE)
    fire_due("tick", world.platform)
    return [event.body.generation for event in world.bus.take()]


def test_a_timer_is_part_of_the_receipt_and_costs_no_write_of_its_own(world):
    handled = world.handle(set_timers(5))
    assert world.store.cost() == (0, 1)
    assert handled.timers == (("toban.recheck.due.v1", "2026-11-24T03:05:00.000000Z"),)
    assert world.receipt().due == NOON + 5 * MINUTE
    assert world.bus.messages == []


def test_it_fires_once_when_it_is_due_and_not_before(world):
    world.handle(set_timers(5))
    assert at(world, 4.99) == []
    assert at(world, 5) == [0]
    assert at(world, 6) == []
    assert world.receipt().due is None


def test_several_timers_of_one_receipt_fire_each_in_its_time(world):
    world.handle(set_timers(30, 5, 5, 15))
    assert world.receipt().due == NOON + 5 * MINUTE
    assert at(world, 5) == [1, 2]
    assert world.receipt().due == NOON + 15 * MINUTE
    assert at(world, 15) == [3]
    assert at(world, 29) == []
    assert at(world, 40) == [0], "late is possible, lost is not"


def test_a_receipt_outlives_its_last_timer(world):
    days = timedelta(days=100)
    world.handle(set_timers(5, days / MINUTE))
    assert world.receipt().expires_at == NOON + days + KEEP


def test_timers_of_many_receipts_fire_in_one_go(world):
    for number in range(BATCH + 5):
        world.handle(set_timers(1), message_id=f"m-{number}", id=f"evt-{number}")
    assert len(at(world, 2)) == BATCH + 5
    assert at(world, 3) == []


def test_dying_between_publishing_and_marking_fires_the_same_event_again(world):
    world.handle(set_timers(5))
    world.clock.set(NOON + 5 * MINUTE)
    world.store.before = once(crash)
    with pytest.raises(Crash):
        fire_due("tick", world.platform)
    (first,) = world.bus.take()
    fire_due("tick", world.platform)
    assert world.bus.take() == [first]
    assert at(world, 6) == []


def test_a_bus_that_is_down_leaves_it_due(world):
    world.handle(set_timers(5))
    world.clock.set(NOON + 5 * MINUTE)
    world.bus.before = once(unavailable)
    with pytest.raises(Unavailable):
        fire_due("tick", world.platform)
    assert at(world, 6) == [0]


def test_two_ticks_at_once_publish_one_event_under_one_id(world):
    world.handle(set_timers(5))
    world.clock.set(NOON + 5 * MINUTE)
    world.store.before = once(lambda: fire_due("tick", world.platform))
    handled = fire_due("tick", world.platform)
    assert handled.outcome == "nothing", "the other one has marked it"
    assert len({event.id for event in world.bus.take()}) == 1


def test_a_repetition_of_the_cause_sets_no_second_timer(world):
    world.handle(set_timers(5))
    world.handle(set_timers(5))
    assert at(world, 5) == [0]
    world.handle(set_timers(5))
    assert at(world, 6) == []


def test_what_is_emitted_leaves_at_once_and_what_is_timed_later(world):
    def decide(_, work):
        work.create(Counter(id="c"))
        work.emit(follow_up(7))
        work.at(NOON + MINUTE, follow_up(8))

    world.handle(decide)
    assert [event.body.generation for event in world.bus.take()] == [7]
    assert at(world, 1) == [8]


def test_a_clock_put_back_moves_a_timer_by_as_much_as_it_was_ahead(world):
    world.clock.set(NOON + 9 * HOUR)
    world.handle(lambda _, work: work.at(NOON + 12 * HOUR, follow_up(0)))
    shown = NOON + 11 * HOUR  # two hours later by the wrong clock, as by any other
    world.clock.set(NOON + 2 * HOUR)

    assert put_right(world.platform, shown) == 9 * HOUR

    assert next_due(world.platform) == NOON + 3 * HOUR


def test_where_nobody_saw_it_what_the_clock_wrote_last_tells(world):
    world.clock.set(NOON + 9 * HOUR)
    world.handle(lambda _, work: work.at(NOON + 12 * HOUR, follow_up(0)))
    world.clock.set(NOON + 10 * HOUR)
    world.handle(set_timers(630), id="evt-2")
    world.clock.set(NOON + 2 * HOUR)

    assert put_right(world.platform) == 8 * HOUR, "at least"

    assert world.receipt().due == NOON + 4 * HOUR, "late, but not early"


def test_however_many_there_are(world, capsys):
    world.clock.set(NOON + 9 * HOUR)
    for number in range(BATCH + 5):
        world.handle(set_timers(10 * 60), message_id=f"m-{number}", id=f"evt-{number}")
    world.clock.set(NOON)
    capsys.readouterr()
    put_right(world.platform)
    (line,) = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (line["timers"], line["ahead_s"]) == (BATCH + 5, 9 * 3600)
    assert len(at(world, 61)) == BATCH + 5


def test_whoever_waits_is_told_when_the_next_is_due(world):
    assert next_due(world.platform) is None
    world.handle(set_timers(30, 5))
    world.handle(set_timers(10), id="evt-2")
    assert next_due(world.platform) == NOON + 5 * MINUTE
    at(world, 5)
    assert next_due(world.platform) == NOON + 10 * MINUTE


def test_an_idle_tick_costs_one_read(world):
    assert fire_due("tick", world.platform).outcome == "nothing"
    assert world.store.cost() == (1, 0)


def test_when_the_next_one_is_due_is_one_read_however_many_there_are(world):
    for number in range(4):
        world.handle(set_timers(30 - number), id=f"evt-{number}")
    world.store.cost()
    assert next_due(world.platform) == NOON + 27 * MINUTE
    assert world.store.cost() == (1, 0)


def test_one_timer_that_cannot_be_fired_holds_up_no_other(world, capsys):
    for number in range(3):
        world.handle(set_timers(5 + number), id=f"evt-{number}")
    key = world.receipt("evt-0").key(world.receipt("evt-0").id)
    (found,) = world.store.inner.get([key])
    world.store.inner.commit([Update(key, found.data | {"timers": "?"}, found.version)])
    world.clock.set(NOON + 10 * MINUTE)
    with pytest.raises(msgspec.ValidationError):
        fire_due("tick", world.platform)
    said = capsys.readouterr().out
    assert "timer not fired" in said
    assert found.key.id in said
    assert len(world.bus.take()) == 2
    assert world.receipt("evt-1").due is None
    assert world.receipt("evt-2").due is None


def test_while_the_bus_is_down_no_timer_is_marked_as_fired(world):
    for number in range(2):
        world.handle(set_timers(5), id=f"evt-{number}")
    world.clock.set(NOON + 10 * MINUTE)
    world.bus.before = once(unavailable)
    with pytest.raises(Unavailable):
        fire_due("tick", world.platform)
    assert world.bus.take() == []
    assert fire_due("tick", world.platform).outcome == "done"
    assert [event.body.generation for event in world.bus.take()] == [0, 0]
