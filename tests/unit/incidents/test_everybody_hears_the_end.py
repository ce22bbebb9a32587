"""Everything opened is closed: whoever was told of an incident hears of its end."""

from datetime import date

import msgspec
import pytest

from tests.unit.incidents.world import HOUSE, SHOP, World, fired, resolved
from tests.unit.notify.world import ListSenders
from toban.adapters.local.memory.store import MemorySecrets
from toban.escalation.section import Escalation, EscalationStep
from toban.events import NotificationRequested
from toban.notify.links import action_links
from toban.oncall.section import Rotation
from toban.people.section import Person
from toban.strictyaml.values import Seconds

CALLED = msgspec.structs.replace(
    SHOP,
    escalation=(
        Escalation(
            severities=("P1",),
            steps=(
                EscalationStep(after=Seconds(0), notify=("oncall:primary", "channel:log")),
                EscalationStep(after=Seconds(300), notify=("oncall:secondary",)),
            ),
        ),
    ),
)
"""The second step does not call the channel that shows who has taken it."""


@pytest.fixture
def world() -> World:
    world = World(CALLED, HOUSE, people=ListSenders())
    world.tell(fired())
    return world


def requests(world: World, *kinds: str) -> list[NotificationRequested]:
    return [r for r in world.told(NotificationRequested) if not kinds or r.kind in kinds]


def end(world: World) -> None:
    world.pass_time(5)
    world.tell(resolved(ends_at=world.clock.now()))


def test_acknowledgements_that_a_channel_was_told_of_are_closed_whatever_page_they_answered(world):
    """A late one would show an incident as taken that is over."""
    world.pass_time(6)
    world.command("acknowledge", actor="Baba")
    world.pass_time(61)
    world.command("acknowledge", actor="Baba")
    end(world)
    closed = {name for r in requests(world, "resolved") for name in r.closes}
    told = requests(world, "opened", "escalated", "reminded", "acknowledged")
    assert {r.kind for r in told} == {"opened", "escalated", "reminded", "acknowledged"}
    assert [r for r in told if r.notification_id not in closed] == []


def test_whoever_was_called_weeks_ago_hears_of_the_end():
    people = msgspec.structs.replace(
        CALLED,
        people={**SHOP.people, "endo": Person(name="Endo")},
        oncall=Rotation(members=("endo", "aoki", "baba"), first_shift=date(2026, 11, 23), weeks=4),
    )
    world = World(people, HOUSE, people=ListSenders())
    world.tell(fired())
    world.pass_time(60 * 24 * 54)
    end(world)
    called = {r.target for r in requests(world, "opened", "escalated", "repeated")}
    assert called == {"person:endo", "person:aoki", "person:baba", "channel:log"}
    assert {r.target for r in requests(world, "resolved")} == called


def test_an_incident_that_was_confirmed_every_hour_for_days_ends_where_it_began(world):
    world.command("acknowledge", actor="Baba")
    for _ in range(60):
        world.pass_time(61)
        world.command("acknowledge", actor="Baba")
    end(world)
    assert {r.target for r in requests(world, "resolved")} == {
        "person:aoki", "person:baba", "channel:log",
    }  # fmt: skip


def test_whoever_is_asked_whether_they_still_have_it_can_say_so_by_a_link(world):
    world.command("acknowledge", actor="Baba")
    world.pass_time(20)
    world.tell(fired("b", at=20))
    world.pass_time(41)
    offer = action_links("https://ops.test", MemorySecrets({"LINK_SIGNING": ["k" * 32]}))
    offered = {
        r.kind: len(offer(r, world.clock.now()))
        for r in requests(world, "acknowledged", "joined", "reminded")
    }
    assert offered == {"acknowledged": 1, "joined": 2, "reminded": 2}
