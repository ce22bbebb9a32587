"""Event time decides; the order of arrival does not."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.incidents.world import NOON, World, fired, resolved
from toban.events import AlertAttached, AlertCleared, AlertReport, AlertResolved, IncidentOpened


@pytest.fixture
def world() -> World:
    return World()


def test_a_resolution_that_comes_first_leaves_its_trace_and_the_late_firing_opens_nothing(world):
    world.tell(resolved(at=0))
    assert (world.alert().status, world.alert().incident) == ("resolved", None)
    world.tell(fired(at=0))
    assert world.incidents() == []


def test_but_the_next_occurrence_opens_an_incident(world):
    world.tell(resolved(at=0))
    world.tell(fired(at=1))
    assert world.incident.status == "open"
    assert world.alert().status == "firing"


def test_a_repetition_of_what_is_known_changes_nothing(world):
    world.tell(fired())
    before = world.alert(), world.incident
    assert [h.outcome for h in world.tell(fired())] == ["nothing"]
    assert (world.alert(), world.incident) == before


def test_late_news_of_an_occurrence_that_is_over_reopens_no_ghost(world):
    world.tell(fired(at=60))
    world.tell(resolved(at=60))
    world.tell(fired(at=0))
    assert world.alert().status == "resolved"
    assert len(world.incidents()) == 1


def test_the_end_of_an_older_occurrence_does_not_end_the_newer_one(world):
    world.tell(fired(at=0))
    world.clock.advance(3600)
    world.tell(fired(at=60))
    world.tell(resolved(at=0))
    assert world.alert().status == "firing"
    assert world.incident.status == "open"
    world.tell(resolved(at=60))
    assert world.incident.status == "resolved"


def test_an_end_that_is_ahead_of_its_beginning_ends_the_older_occurrence_as_well(world):
    world.tell(fired(at=0))
    world.tell(resolved(at=60))
    assert world.incident.status == "resolved"
    world.tell(fired(at=60))
    assert len(world.incidents()) == 1


def test_firing_again_after_a_resolution_is_a_new_incident(world):
    world.tell(fired(at=0))
    world.tell(resolved(at=0))
    world.pass_time(10)
    world.tell(fired(at=10))
    first, second = world.incidents()
    assert (first.status, second.status) == ("resolved", "open")
    assert world.alert().incident == second.id


def test_clocks_of_senders_may_be_wrong(world):
    """The receipt is older than the firing it reports: only its own times are compared."""
    world.clock.set(NOON)
    world.tell(fired(at=500))
    world.tell(resolved(at=500))
    assert world.incident.status == "resolved"


# --- senders that give no time ---------------------------------------------------------------


def undated(report: type, minute: float) -> AlertReport:
    """A report received at that minute that says nothing of when the alert began."""
    return report(at=minute, dated=False)


def test_an_undated_resolution_ends_what_fires(world):
    world.tell(fired(at=0))
    world.tell(undated(resolved, 5))
    assert world.incident.status == "resolved"
    assert world.alert().starts_at == NOON, "its time of receipt is no beginning"


def test_an_undated_repetition_of_what_fires_changes_nothing(world):
    world.tell(undated(fired, 0))
    before = world.alert()
    assert [h.outcome for h in world.tell(undated(fired, 1))] == ["nothing"]
    assert world.alert() == before


def test_an_undated_alert_fires_again_after_its_resolution(world):
    for report, minute in ((fired, 0), (resolved, 5), (fired, 10)):
        world.clock.set(NOON + timedelta(minutes=minute))
        world.tell(undated(report, minute))
    assert [i.status for i in world.incidents()].count("open") == 1
    assert len(world.incidents()) == 2


def test_an_undated_resolution_that_overtook_its_firing_still_ends_it(world):
    world.tell(undated(resolved, 5))
    world.tell(undated(fired, 0))
    assert world.incidents() == []


# --- any order at all ------------------------------------------------------------------------


def truth(reports: list[AlertReport]) -> str:
    """What the newest occurrence says of itself: it fires, unless its end is among the reports."""
    newest = max(report.starts_at for report in reports)
    over = any(isinstance(r, AlertResolved) and r.starts_at == newest for r in reports)
    return "resolved" if over else "firing"


REPORTS = st.lists(
    st.builds(
        lambda kind, minute: kind(at=minute), st.sampled_from((fired, resolved)), st.integers(0, 3)
    ),
    min_size=1,
    max_size=9,
)


@settings(max_examples=150, deadline=None)
@given(REPORTS, st.data())
def test_any_order_with_any_repetitions_ends_in_what_event_time_dictates(reports, data):
    order = data.draw(st.permutations(reports))
    world = World()
    for report in order:
        world.clock.advance(7)
        world.tell(report)
    alert = world.alert()
    assert alert.status == truth(reports)
    assert (alert.newest_start or alert.starts_at) == max(report.starts_at for report in reports)
    open_now = [i for i in world.incidents() if i.status == "open"]
    if alert.status == "firing":
        assert [i.id for i in open_now] == [alert.incident], "whoever fires has an open incident"
    else:
        assert open_now == [], "nothing is left open"
    assert sorted(world.open_ids()) == sorted(i.id for i in open_now)


@settings(max_examples=60, deadline=None)
@given(st.permutations(["a+", "a-", "b+", "b-", "a+", "b-"]))
def test_two_alerts_of_one_rule_in_any_order_leave_nothing_open(order):
    world = World()
    for word in order:
        world.clock.advance(7)
        world.tell((fired if word[1] == "+" else resolved)(word[0]))
    assert {i.status for i in world.incidents()} <= {"resolved"}
    assert world.open_ids() == []
    joined = len(world.told(AlertAttached)) + len(world.told(IncidentOpened))
    assert joined == len(world.told(AlertCleared)), "each that fired has cleared"
