"""What the chain reads and writes, counted exactly: this is what it costs, and where it gets hot."""

import pytest

from tests.unit.incidents.world import Cost, World, fired, resolved
from tests.unit.notify.world import ListSenders
from toban.incidents.documents import Alert, Group, Incident


@pytest.fixture
def world() -> World:
    """Warm instances: profiles are in their caches."""
    world = World(people=ListSenders())
    world.tell(fired("warm-up", labels={}))
    world.tell(fired("warm-up-2", rule="warm"))
    world.tell(resolved("warm-up-2", rule="warm"))
    world.take_costs()
    return world


def cost(world: World, body: object, **of: str) -> list[Cost]:
    world.take_costs()
    world.tell(body, **of)
    return world.take_costs()


def test_a_first_alert_costs_three_reads_and_six_writes_from_end_to_end(world):
    assert cost(world, fired("a")) == [
        Cost("open_incident", reads=2, writes=4),  # receipt, group; receipt, alert, incident, group
        Cost("page_responders", reads=0, writes=0),
        Cost("deliver_notification", reads=1, writes=2),  # claim, incident, record
    ]


def test_a_repetition_of_a_firing_alert_costs_one_read(world):
    cost(world, fired("a"), id="report-1")
    assert cost(world, fired("a"), id="report-1") == [Cost("open_incident", 1, 0)]


def test_even_when_the_sender_words_it_anew_it_costs_no_write(world):
    cost(world, fired("a"))
    (again,) = cost(world, fired("a", value="13 %"))
    # receipt, alert, and the receipt once more; 5 on an instance that has not met the alert yet
    assert again == Cost("open_incident", reads=3, writes=0)


def test_a_repetition_is_noted_as_heard_of_ten_times_a_day_at_most(world):
    cost(world, fired("a"))
    writes = 0
    for number in range(1, 24 * 6):  # every ten minutes
        world.pass_time(10)
        world.take_costs()
        found = cost(world, fired("a", value=f"{number} %"))
        writes += sum(c.writes for c in found if c.function == "open_incident")
    assert writes == 2 * 9  # receipt, alert


def test_whether_an_incident_is_heard_of_costs_two_writes_a_day(world):
    cost(world, fired("a"))
    world.pass_time(36 * 60)
    world.take_costs()
    world.pass_time(24 * 60)
    looks = [c for c in world.take_costs() if c.function == "open_incident"]
    # incident, its alerts; receipt, incident; the first of both reads the two profiles anew
    assert looks == [
        Cost("open_incident", reads=4, writes=2),
        Cost("open_incident", reads=2, writes=2),
    ]


def test_an_alert_that_joins_writes_itself_and_no_incident(world):
    cost(world, fired("a"))
    assert cost(world, fired("b")) == [
        Cost("open_incident", reads=2, writes=2),  # receipt, group; receipt, alert
        Cost("settle_incident", reads=2, writes=0),  # incident, receipt
    ]


def test_a_storm_writes_neither_group_nor_incident(world):
    cost(world, fired("a"))
    versions = _versions(world)
    for number in range(20):
        world.tell(fired(f"b{number}"))
    assert _versions(world) == versions


def _versions(world: World) -> list[str]:
    keys = [Incident.key(i.id) for i in world.incidents()]
    keys += [Group.key(group.id) for group in world.documents(Group)]
    return [found.version for found in world.store.inner.get(keys)]


def test_an_alert_that_clears_while_others_fire(world):
    cost(world, fired("a"))
    cost(world, fired("b"))
    assert cost(world, resolved("b")) == [
        Cost("open_incident", reads=1, writes=2),  # alert; receipt, alert
        Cost("settle_incident", reads=3, writes=0),  # incident, a firing alert, receipt
    ]


def test_the_last_one_resolves_the_incident_and_closes_what_was_opened(world):
    cost(world, fired("a"))
    settled = cost(world, resolved("a"))
    assert settled[:2] == [
        Cost("open_incident", reads=1, writes=2),
        Cost("settle_incident", reads=4, writes=3),  # incident, 2 queries, group; receipt, both
    ]
    assert [c for c in settled[2:] if c.function == "settle_incident"] == [
        Cost("settle_incident", reads=3, writes=0)  # 2 queries, receipt
    ]


def test_an_acknowledgement(world):
    cost(world, fired("a"))
    world.take_costs()
    world.command("acknowledge", incident=world.alert("a").incident)
    assert world.take_costs()[0] == Cost("act_on_incident", reads=1, writes=2)


def test_a_stale_timer_costs_two_reads(world):
    cost(world, fired("a"))
    world.command("acknowledge", incident=world.alert("a").incident)
    world.take_costs()
    world.pass_time(5)
    assert Cost("escalate_incident", reads=2, writes=0) in world.take_costs()


def test_an_alert_has_one_document_however_often_it_fires(world):
    for minute in range(0, 30, 10):
        cost(world, fired("a", at=minute))
        cost(world, resolved("a", at=minute))
    assert len([a for a in world.documents(Alert) if a.fingerprint == "a"]) == 1
