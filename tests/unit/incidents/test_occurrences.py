"""An occurrence is an interval: merged starts, two senders of one outage, clocks that are ahead."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.incidents.world import NOON, World, fired, resolved
from toban.incidents.documents import Alert


@pytest.fixture
def world() -> World:
    return World()


def minute(number: float):
    return NOON + timedelta(minutes=number)


def at(world: World, number: float, body):
    """Tell `body` at that minute."""
    world.clock.set(minute(number))
    return world.tell(body)


def states(world: World) -> list[str]:
    return [incident.status for incident in world.incidents()]


# --- merged starts -----------------------------------------------------------------------------


def test_a_resolution_with_the_older_of_two_starts_ends_the_outage(world):
    """Two Prometheus, or a restarted one; clustered Alertmanagers merge to the earliest start."""
    at(world, 0, fired(at=0))
    at(world, 5, fired(at=5))
    at(world, 9, resolved(at=0, ends_at=minute(8)))
    assert world.alert().status == "resolved"
    assert world.incident.status == "resolved"


def test_and_the_next_outage_pages_again(world):
    at(world, 0, fired(at=0))
    at(world, 5, fired(at=5))
    at(world, 9, resolved(at=0, ends_at=minute(8)))
    at(world, 60, fired(at=60))
    assert states(world) == ["resolved", "open"]
    assert world.pages(world.incidents()[1]) == [("opened", 0)]


def test_a_firing_report_with_an_older_start_moves_the_start_back(world):
    at(world, 5, fired(at=5))
    at(world, 6, fired(at=0))
    assert world.alert().starts_at == minute(0)
    at(world, 9, resolved(at=5, ends_at=minute(8)))
    assert (world.alert().status, world.alert().starts_at) == ("resolved", minute(0))


def test_late_news_of_an_older_outage_and_its_end_leave_the_newer_one_firing(world):
    at(world, 60, fired(at=60))
    at(world, 61, fired(at=0))
    at(world, 62, resolved(at=0, ends_at=minute(30)))
    assert (world.alert().status, world.alert().starts_at) == ("firing", minute(60))
    at(world, 70, resolved(at=60, ends_at=minute(69)))
    assert world.incident.status == "resolved"


def test_the_later_of_two_ends_counts(world):
    at(world, 0, fired(at=0))
    at(world, 9, resolved(at=0, ends_at=minute(8)))
    at(world, 12, resolved(at=0, ends_at=minute(11)))
    assert world.alert().ends_at == minute(11)


def test_an_outage_that_begins_in_the_very_minute_in_which_the_last_one_ended_opens_anew(world):
    at(world, 0, fired(at=0))
    at(world, 10, resolved(at=0, ends_at=minute(10)))
    at(world, 10.5, fired(at=10))
    assert states(world) == ["resolved", "open"]


# --- senders that tell the present ---------------------------------------------------------------


def now_fires(start: float):
    return fired(at=start, source="alertmanager", current=True)


def now_is_over(start: float, end: float):
    return resolved(at=start, source="alertmanager", current=True, ends_at=minute(end))


def test_what_fires_again_with_the_merged_start_is_an_outage_of_its_own(world):
    """
    One of two Prometheus resolves what the other still sees: Alertmanager sends a resolution, and
    then the merged alert anew, with the start that it had.
    """
    at(world, 0, now_fires(0))
    at(world, 9, now_is_over(0, 8))
    at(world, 10, now_fires(0))
    assert world.alert().status == "firing"
    assert sorted(states(world)) == ["open", "resolved"]


def test_a_post_that_was_overtaken_changes_nothing(world):
    at(world, 0, now_fires(0))
    at(world, 9, now_is_over(0, 8))
    world.tell_as_of(minute(5), now_fires(0))
    assert world.alert().status == "resolved"
    at(world, 20, now_fires(20))
    world.tell_as_of(minute(19), now_is_over(0, 18))
    assert world.alert().status == "firing"


def test_a_late_repetition_outweighs_the_resolution_that_it_overtook(world):
    at(world, 0, now_fires(0))
    world.clock.set(minute(11))
    world.tell_as_of(minute(10), now_fires(0))
    world.tell_as_of(minute(9), now_is_over(0, 8))
    assert world.alert().status == "firing"


def test_a_repetition_in_time_writes_nothing(world):
    at(world, 0, now_fires(0))
    before = world.alert()
    (handled,) = at(world, 5, now_fires(0))
    assert (handled.outcome, world.alert()) == ("nothing", before)


# --- clocks that are ahead -----------------------------------------------------------------------


@pytest.mark.parametrize("ahead", [4, 60, 60 * 24 * 300])
def test_after_a_sender_s_clock_was_ahead_its_next_outage_pages(world, ahead):
    at(world, 0, fired(at=ahead))
    assert world.alert().starts_at == NOON
    at(world, 5, resolved(at=ahead, ends_at=minute(ahead + 5)))
    assert (world.incident.status, world.alert().ends_at) == ("resolved", minute(5))
    at(world, 7, fired(at=7))
    assert states(world) == ["resolved", "open"]


def test_a_clock_put_right_in_mid_outage_ends_the_outage(world):
    at(world, 0, fired(at=60))
    at(world, 5, resolved(at=0, ends_at=minute(4)))
    assert world.incident.status == "resolved"


def test_a_few_minutes_ahead_are_the_senders_own_affair(world):
    at(world, 0, fired(at=2))
    assert world.alert().starts_at == minute(2)


def test_after_our_own_clock_was_ahead_alerts_end_and_fire_again(world):
    far = timedelta(days=300)
    world.clock.set(NOON + far)
    world.tell(fired(at=0, dated=False, starts_at=NOON + far))
    world.clock.set(minute(2))
    world.tell(resolved(at=2, dated=False))
    assert world.alert().status == "resolved"
    at(world, 5, fired(at=5, dated=False))
    assert world.alert().status == "firing"
    assert world.incidents()[0].status == "open"


def test_an_incident_that_our_clock_dated_ahead_does_not_take_in_what_has_its_own_rule(world):
    world.clock.set(NOON + timedelta(days=300))
    world.tell(fired("a", rule="api", starts_at=world.clock.now()))
    at(world, 2, fired("b", at=2, rule="disk"))
    assert len(world.incidents()) == 2


def some_time_later(world: World, number: float, body):
    """Handle `body` a moment after it came in at that minute, as it really is."""
    world.clock.set(minute(number) + timedelta(milliseconds=50))
    return world.tell_as_of(minute(number), body)


@pytest.mark.parametrize(
    ("first", "over"),
    [
        (now_fires(0), now_is_over(0, 4.5)),
        (fired(dated=False, starts_at=minute(60 * 24 * 300)), resolved(at=5, dated=False)),
        (fired(at=60 * 24 * 300), resolved(at=0, ends_at=minute(4.5))),
    ],
    ids=["tells the present", "undated", "its clock ahead too"],
)
def test_what_came_in_under_our_clock_ahead_outweighs_nothing_that_comes_later(world, first, over):
    at(world, 60 * 24 * 300, first)
    some_time_later(world, 5, over)
    assert (world.alert().status, world.incident.status) == ("resolved", "resolved")
    some_time_later(world, 9, fired(at=9, source=first.source))
    assert world.alert().status == "firing"


def test_a_start_ahead_that_is_repeated_is_the_same_outage(world):
    """A sender whose clock is an hour ahead for good: each post says that it began in the future."""
    at(world, 0, fired(at=60, source="alertmanager", current=True))
    world.command("acknowledge")
    for number in (20, 40):
        at(world, number, fired(at=60, source="alertmanager", current=True))
    world.pass_time(10)
    assert world.pages() == [("opened", 0)]
    at(world, 55, resolved(at=60, ends_at=minute(115), source="alertmanager", current=True))
    assert world.incident.status == "resolved"


def test_the_end_of_the_very_outage_that_is_known_counts_whatever_its_time(world):
    """The sender's clock was two minutes ahead when it began, and right when it ended."""
    at(world, 0, fired(at=2))
    at(world, 1.5, resolved(at=2, ends_at=minute(1.4)))
    assert world.incident.status == "resolved"


@pytest.mark.parametrize("second", [0.25, 0.75, 1.9])
def test_two_senders_that_see_one_outage_begin_a_little_apart_call_people_once(world, second):
    at(world, 0.5, now_fires(0))
    world.command("acknowledge")
    at(world, 3, now_fires(second))
    world.pass_time(30)
    assert world.pages() == [("opened", 0)]


# --- any order at all ------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), min_size=1, max_size=4),
    st.booleans(),
    st.data(),
)
def test_outages_told_by_two_senders_in_any_order_end_as_the_world_did(parts, lasts, data):
    """
    Each outage is seen by both senders, whose starts differ; its resolution carries the merged
    (earliest) start and its end. In whatever order they are handled: what fires, fires here.
    """
    outages = []
    begin = 0
    for gap, length in parts:
        begin += gap + 1
        outages.append((begin, begin + length))
        begin += length + 1
    told = []
    for number, (start, end) in enumerate(outages):
        told += [(start, fired(at=start)), (start + 0.5, fired(at=start + 0.5))]
        if not (lasts and number == len(outages) - 1):
            told.append((end, resolved(at=start, ends_at=minute(end))))
    world = World()
    world.clock.set(minute(begin + 10))
    for heard, body in data.draw(st.permutations(told)):
        world.clock.advance(7)
        world.tell_as_of(minute(heard), body)
    alert = world.documents(Alert)[0]
    assert alert.status == ("firing" if lasts else "resolved")
    still_open = [i for i in world.incidents() if i.status == "open"]
    assert [i.id for i in still_open] == ([alert.incident] if lasts else [])
