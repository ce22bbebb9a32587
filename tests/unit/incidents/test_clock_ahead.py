"""Our own clock is 300 days ahead for a minute while something is wrong; then it is right."""

from datetime import timedelta

import pytest

from tests.unit.incidents.world import NOON, World, fired, resolved
from toban.kernel.handling.timers import LOOK_EACH, fire_due

AHEAD = timedelta(days=300)


def minute(number: float):
    return NOON + timedelta(minutes=number)


def run_until(world: World, last: int) -> None:
    """The tick of each minute."""
    while world.clock.now() < minute(last):
        world.clock.advance(60)
        fire_due("tick", world.platform)
        world.go_on()


@pytest.fixture
def world() -> World:
    """An incident opened while the clock was ahead; it is right again a minute later."""
    world = World()
    world.clock.set(NOON + AHEAD)
    world.tell(fired("a", starts_at=NOON))
    world.clock.set(minute(1))
    return world


def test_its_steps_are_taken_as_long_after_the_clock_is_right_as_they_were_meant_to_be(world):
    run_until(world, 1 + LOOK_EACH + 5)
    assert world.pages() == [("opened", 0), ("escalated", 1)]
    run_until(world, 1 + LOOK_EACH + 20)
    assert world.pages()[2:] == [("escalated", 2)]


def test_an_acknowledgement_stops_them_and_runs_out_in_time(world):
    world.command("acknowledge", actor="aoki")
    run_until(world, 59)
    assert world.pages() == [("opened", 0)]
    run_until(world, 80)
    assert world.pages()[1:] == [("reminded", 0), ("expired", 0)]


def test_one_given_while_the_clock_was_ahead_is_asked_about_and_may_be_confirmed():
    world = World()
    world.tell(fired("a"))
    world.clock.set(NOON + AHEAD)
    world.command("acknowledge", actor="aoki")
    world.clock.set(minute(1))
    run_until(world, 1 + LOOK_EACH + 60)
    assert world.pages() == [("opened", 0), ("reminded", 0)]
    world.command("acknowledge", actor="aoki")
    assert world.incident.acknowledged_at == world.clock.now()
    run_until(world, LOOK_EACH + 120)
    assert world.pages() == [("opened", 0), ("reminded", 0)]


def test_it_resolves_and_the_next_outage_opens_a_new_one(world):
    world.clock.set(minute(5))
    world.tell(resolved("a", ends_at=minute(4)))
    assert world.incident.status == "resolved"
    world.clock.set(minute(30))
    world.tell(fired("a", at=30))
    assert sorted(i.status for i in world.incidents()) == ["open", "resolved"]
    assert [i.pages[0].at for i in world.incidents() if i.status == "open"] == [minute(30)]


def test_resolved_by_hand_it_is_looked_at_again_though_the_clock_was_ahead_then():
    world = World()
    world.tell(fired("a"))
    world.clock.set(NOON + AHEAD)
    world.command("resolve", actor="aoki")
    world.clock.set(minute(1))
    run_until(world, 1 + LOOK_EACH + 31)
    assert world.pages()[-1] == ("reopened", 0), "it still fires"


def test_what_joined_while_the_clock_was_ahead_is_told_of():
    world = World()
    world.tell(fired("a"))
    world.command("acknowledge")
    world.clock.set(NOON + AHEAD)
    world.tell(fired("b", starts_at=world.clock.now()))
    world.clock.set(minute(1))
    run_until(world, 20)
    assert world.pages()[1:] == [("joined", 0)]
