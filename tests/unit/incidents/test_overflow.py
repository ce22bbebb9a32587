"""Too many incidents are open at once: first pages still go out, and somebody is told."""

import msgspec

from tests.unit.incidents.test_reminders import at, minute
from tests.unit.incidents.world import HOUSE, SHOP, World, fired, grouped, resolved
from toban.events import IncidentOpened
from toban.incidents.settle import MAX_RULES
from toban.profile.store import apply


def full(**changes: object) -> World:
    """As many incidents as may be open, their steps over."""
    world = World(grouped(window=0, **changes), HOUSE)
    for number in range(3):
        at(world, number, fired(str(number), at=number, rule=f"rule-{number}"))
    world.pass_time(20)
    return world


def newest(world: World):
    return [i for i in world.incidents() if i.service == "shop"][-1]


def test_a_new_rule_is_paged_although_too_many_incidents_are_open():
    world = full()
    before = len(newest(world).pages)
    at(world, 30, fired("x", at=30, rule="payment"))
    assert world.alert("x").incident == newest(world).id
    assert world.pages(newest(world))[before:] == [("joined", 0)]
    world.pass_time(5)
    assert world.pages(newest(world))[before + 1 :] == [("escalated", 1)]


def test_even_when_the_incident_that_it_joins_is_taken_and_lists_its_ten_rules():
    world = full()
    for number in range(MAX_RULES):
        at(world, 30 + number / 10, fired(f"y{number}", at=30, rule=f"more-{number}"))
    world.pass_time(30)
    world.command("acknowledge", incident=newest(world).id)
    before = len(newest(world).pages)
    at(world, 70, fired("x", at=70, rule="payment"))
    assert world.pages(newest(world))[before:] == [("joined", newest(world).step)]
    at(world, 71, fired("z", at=71, rule="search"))
    world.pass_time(4)
    reasons = [r for r, _ in world.pages(newest(world))[before:]]
    assert reasons == ["joined", "joined", "reminded"], "and to be taken, too"


def test_a_storm_of_rules_is_paged_in_bundles():
    world = full()
    before = len(newest(world).pages)
    for number in range(60):
        at(world, 30 + number / 30, fired(f"y{number}", at=30, rule=f"more-{number}"))
    world.pass_time(10)
    reasons = [r for r, _ in world.pages(newest(world))[before:]]
    assert reasons.count("joined") <= 4


def test_that_so_many_are_open_is_told_to_the_platforms_people():
    world = full()
    (own,) = [i for i in world.incidents() if i.service == "house"]
    assert own.title == "Shop: 3 incidents are open at once"
    assert own.severity_label == "high"


def test_that_is_told_once_while_it_lasts_and_again_when_it_happens_anew():
    world = full()
    at(world, 30, fired("x", at=30, rule="payment"))
    opened = [b.incident.service for b in world.told(IncidentOpened)]
    assert opened.count("house") == 1
    world.tell(resolved("0", rule="rule-0", ends_at=minute(30)))
    world.command("resolve", incident=next(i.id for i in world.incidents() if i.service == "house"))
    at(world, 40, fired("0", at=40, rule="rule-0"))
    opened = [b.incident.service for b in world.told(IncidentOpened)]
    assert opened.count("house") == 2


def told_full(world: World) -> int:
    return [b.incident.service for b in world.told(IncidentOpened)].count("house")


def test_it_is_told_as_well_when_one_that_was_reopened_makes_them_too_many():
    world = World(grouped(window=0), HOUSE)
    for number in range(2):
        at(world, number, fired(str(number), at=number, rule=f"rule-{number}"))
    world.tell(resolved("1", at=1, rule="rule-1", ends_at=minute(1)))
    at(world, 3, fired("2", at=3, rule="rule-2"))
    world.command("reopen", incident=world.incidents()[1].id)
    assert (len(world.open_ids()), told_full(world)) == (3, 0)
    at(world, 60, fired("x", at=60, rule="payment"))
    at(world, 61, fired("y", at=61, rule="search"))
    assert told_full(world) == 1


def test_and_when_a_new_profile_allows_fewer_than_are_open():
    world = World(grouped(window=0, max_open=9), HOUSE)
    for number in range(5):
        at(world, number, fired(str(number), at=number, rule=f"rule-{number}"))
    apply(world.store.inner, (grouped(window=0, max_open=3), HOUSE), world.clock.now())
    world.platform.cache.clear()
    at(world, 60, fired("x", at=60, rule="payment"))
    assert told_full(world) == 1


def test_the_platforms_own_service_comes_to_rest_with_too_many_of_its_own():
    own = msgspec.structs.replace(
        HOUSE, grouping=msgspec.structs.replace(HOUSE.grouping, window=0, max_open=2)
    )
    world = World(SHOP, own)
    for number in range(4):
        at(world, number, fired(str(number), at=number, rule=f"r{number}", labels={}))
    assert len(world.open_ids("house")) == 2
    assert {"too-many-open"} <= {r for i in world.incidents() for r in i.rules}
