"""Alerts of another environment: incidents of their own, and nobody is called for them."""

from datetime import timedelta

import msgspec
import pytest

from tests.profiles import Profile
from tests.unit.incidents.test_reminders import at, minute
from tests.unit.incidents.world import HOUSE, SHOP, World, fired, resolved
from toban.events import (
    AlertAttached,
    AlertCheckDue,
    AlertCleared,
    AlertFired,
    IncidentOpened,
    IncidentResolved,
    NotificationRequested,
    PageFailed,
    RecheckDue,
)
from toban.incidents.documents import Alert, Group
from toban.kernel.command import Audit
from toban.kernel.handling.effect import Done, Failed
from toban.kernel.handling.receipt import Receipt
from toban.notify.documents import Notification
from toban.profile.section import Environment, Match
from toban.profile.store import apply
from toban.testing import NOON, ListSenders

STAGING = {"app": "shop", "env": "stg"}


def with_environments(profile: Profile = SHOP, **known: Environment) -> Profile:
    service = msgspec.structs.replace(profile.service, environments=known)
    return msgspec.structs.replace(profile, service=service)


def shop(*, pages: bool | None = None, notify: tuple[str, ...] = ("channel:log",)) -> Profile:
    """Staging is told by its label `env`; `notify`: who is told of P1 besides the escalation."""
    rule = Match(labels={"env": "stg"})
    severities = tuple(
        msgspec.structs.replace(s, notify=notify if s.label == "P1" else ())
        for s in SHOP.severities
    )
    return with_environments(
        msgspec.structs.replace(SHOP, severities=severities),
        staging=Environment(match=(rule,), pages=pages),
    )


def world_of(profile: Profile | None = None, answers: list | None = None) -> World:
    """A world with people and channels; every message arrives unless `answers` say otherwise."""
    people = ListSenders(answers if answers is not None else [Done() for _ in range(99)])
    return World(profile or shop(), HOUSE, people=people)


def staging(fingerprint: str = "a", at: float = 0, **more: object) -> AlertFired:
    return fired(fingerprint, at, **{"labels": STAGING, **more})


def told(world: World) -> list[tuple[str, str]]:
    """Who was to be told of what, of the shop."""
    return [
        (r.kind, r.target)
        for r in world.told(NotificationRequested)
        if r.incident.service == "shop"
    ]


def called(world: World) -> set[str]:
    """Everybody who was called, wherever."""
    return {r.target for r in world.told(NotificationRequested) if r.target.startswith("person:")}


def waiting(world: World) -> list[object]:
    """Timers that are due some time, but for those that only look at what is heard of."""
    return [
        timer
        for receipt in world.documents(Receipt)
        for timer in receipt.timers
        if not timer.fired and timer.event.event_type != AlertCheckDue.TYPE
    ]


# --- apart -------------------------------------------------------------------------------------


def test_the_alert_its_incident_and_what_is_said_of_them_are_of_the_environment():
    world = world_of()

    world.tell(staging())
    world.tell(staging("b"))
    world.tell(resolved("a", labels=STAGING, ends_at=minute(1)))
    world.tell(resolved("b", labels=STAGING, ends_at=minute(1)))

    kinds = (IncidentOpened, IncidentResolved, NotificationRequested)
    assert {b.incident.environment for kind in kinds for b in world.told(kind)} == {"staging"}
    assert [b.environment for b in world.told(AlertAttached)] == ["staging"]
    assert [b.environment for b in world.told(AlertCleared)] == ["staging"] * 2
    for cls in (Alert, Notification):
        assert {d.environment for d in world.documents(cls)} == {"staging"}
    assert world.incident.environment == "staging"


def test_what_matches_no_environment_is_production_as_ever():
    world, before = world_of(), World(people=ListSenders([Done()] * 9))

    for each in (world, before):
        each.tell(fired())

    assert world.incident.environment == "production"
    assert [g.id for g in world.documents(Group)] == ["shop"]
    assert [a.id for a in world.documents(Alert)] == [a.id for a in before.documents(Alert)]
    assert called(world) == {"person:aoki"}


def test_alerts_of_two_environments_never_share_an_incident():
    world = world_of()

    world.tell(staging("a"))
    world.tell(fired("b"))
    world.tell(staging("c", rule="other"))

    assert sorted(i.environment for i in world.incidents()) == ["production", "staging"]
    assert world.alert("c").incident == world.alert("a").incident != world.alert("b").incident
    assert called(world) == {"person:aoki"}


def test_a_fingerprint_that_both_environments_use_is_two_alerts():
    world = world_of()

    world.tell(staging("disk"))
    world.tell(fired("disk"))
    world.tell(resolved("disk", labels=STAGING, ends_at=minute(1)))

    found = {a.environment: a.status for a in world.documents(Alert)}
    assert found == {"staging": "resolved", "production": "firing"}
    assert {i.environment: i.status for i in world.incidents()} == {
        "staging": "resolved",
        "production": "open",
    }


def test_a_storm_in_staging_leaves_room_for_production_and_tells_nobody_that_it_is_full():
    grouping = msgspec.structs.replace(SHOP.grouping, window=0)
    world = world_of(msgspec.structs.replace(shop(), grouping=grouping))

    for number in range(6):
        at(world, number, staging(str(number), at=number, rule=f"rule-{number}"))
    assert [i.service for i in world.incidents()] == ["shop"] * 3
    at(world, 7, fired("x", at=7, rule="payment"))

    assert world.incidents()[-1].environment == "production"
    assert [i.service for i in world.incidents()] == ["shop"] * 4


# --- nobody is called --------------------------------------------------------------------------


def test_channels_get_their_posts_and_nobody_is_called_nor_waited_for():
    world = world_of()

    world.tell(staging())
    world.pass_time(60 * 24 * 4)

    assert told(world) == [("opened", "channel:log")]
    assert world.incident.next_step_at is None
    assert world.incident.remind_at is None
    assert waiting(world) == []


def test_where_the_profile_says_so_people_are_called_for_staging():
    world = world_of(shop(pages=True))

    world.tell(staging())
    world.pass_time(6)

    assert world.incident.environment == "staging"
    assert called(world) == {"person:aoki", "person:baba"}


def worse(world: World) -> None:
    world.tell(staging("b", rule="b", at=1, severity="critical"))


def again(world: World) -> None:
    world.tell(resolved("a", labels=STAGING, ends_at=minute(1)))
    world.command("reopen")


def still_firing(world: World) -> None:
    world.command("resolve")
    world.pass_time(60)


def joined(world: World) -> None:
    world.pass_time(30)
    world.tell(staging("b", at=30, severity="warning"))
    world.pass_time(30)


def taken_and_left(world: World) -> None:
    world.command("acknowledge")
    world.pass_time(60 * 24 * 8)


def taken_and_joined(world: World) -> None:
    world.command("acknowledge")
    joined(world)


def by_hand(world: World) -> None:
    world.command("escalate")


def raised_by_hand(world: World) -> None:
    world.command("severity", severity_label="P1")


def lowered_by_hand(world: World) -> None:
    raised_by_hand(world)
    world.command("severity", severity_label="P3")


STORIES = (
    worse, again, still_firing, joined, taken_and_left, taken_and_joined, by_hand, raised_by_hand,
    lowered_by_hand,
)  # fmt: skip


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
@pytest.mark.parametrize("answers", ["arrive", "fail"])
def test_whatever_happens_nobody_is_called(story, answers):
    failed = Failed("no such room", retryable=False)
    world = world_of(answers=[Done() if answers == "arrive" else failed for _ in range(99)])
    world.tell(staging(severity="warning"))

    story(world)
    world.pass_time(60 * 24)

    assert called(world) == set()
    assert {i.service for i in world.incidents()} == {"shop"}, "nor the platform's people"
    assert world.incident.next_step_at is None
    assert world.incident.remind_at is None
    assert waiting(world) == []


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_the_same_in_an_environment_with_pages_calls_somebody(story):
    world = world_of(shop(pages=True))
    world.tell(staging(severity="warning"))

    story(world)
    world.pass_time(60 * 24)

    assert called(world)


def test_people_whom_a_severity_names_are_not_told_either():
    world = world_of(shop(notify=("person:baba", "oncall:all", "channel:log")))

    world.tell(staging())

    assert told(world) == [("opened", "channel:log")]


def test_where_no_channel_is_named_that_is_no_failure():
    world = world_of(shop(notify=()))

    world.tell(staging())
    world.pass_time(60)

    assert told(world) == []
    assert world.told(PageFailed) == []
    assert world.kinds() == ["opened"]


def test_a_post_that_fails_stands_on_the_timeline_alone():
    world = world_of(answers=[Failed("no such room", retryable=False)])

    world.tell(staging())
    world.pass_time(60)

    assert world.kinds() == ["opened", "notification-failed"]
    assert [i.service for i in world.incidents()] == ["shop"]


def test_it_is_worse_joined_and_over_in_the_channel_too():
    world = world_of()

    world.tell(staging(severity="warning"))
    world.tell(staging("b", rule="b", severity="critical"))
    world.command("acknowledge")
    world.tell(resolved("a", labels=STAGING, ends_at=minute(1)))
    world.tell(resolved("b", rule="b", labels=STAGING, ends_at=minute(1)))

    assert [kind for kind, _ in told(world)] == ["opened", "raised", "acknowledged", "resolved"]


def test_a_second_acknowledgement_changes_nothing():
    world = world_of()
    world.tell(staging())
    world.command("acknowledge")
    before = world.kinds()

    world.command("acknowledge")

    assert world.kinds() == before


# --- people's commands, timers, and a profile that changes ---------------------------------------


def test_the_record_of_a_command_says_the_environment():
    world = world_of()
    world.tell(staging())

    world.command("acknowledge", about=f"incidents/{world.incident.id}", proof="local:aoki")

    assert [a.environment for a in world.documents(Audit)] == ["staging"]


def test_timers_say_the_environment():
    world = world_of()
    world.tell(staging())
    world.command("resolve")
    world.pass_time(60)

    assert [b.environment for b in world.told(RecheckDue)] == ["staging"]


def test_an_alert_that_fires_when_its_environment_is_declared_moves_there():
    world = World(SHOP, HOUSE, people=ListSenders([Done() for _ in range(99)]))
    world.tell(staging())
    apply(world.store.inner, [shop(), HOUSE], world.clock.now())
    world.clock.advance(timedelta(minutes=1))

    world.tell(staging())

    found = {i.environment: i.status for i in world.incidents()}
    assert found == {"production": "resolved", "staging": "open"}
    world.tell(resolved("a", labels=STAGING, ends_at=NOON + timedelta(minutes=2)))
    assert {i.status for i in world.incidents()} == {"resolved"}


def test_its_end_is_heard_wherever_it_was_counted_to():
    world = World(SHOP, HOUSE, people=ListSenders([Done() for _ in range(99)]))
    world.tell(staging())
    apply(world.store.inner, [shop(), HOUSE], world.clock.now())
    world.clock.advance(timedelta(minutes=1))

    world.tell(resolved("a", labels=STAGING, ends_at=NOON + timedelta(minutes=2)))

    assert [(i.environment, i.status) for i in world.incidents()] == [("production", "resolved")]


def test_an_old_end_that_comes_late_ends_nothing_elsewhere():
    world = World(SHOP, HOUSE, people=ListSenders([Done() for _ in range(99)]))
    world.tell(staging(at=-60))
    world.tell(staging(at=-1))
    apply(world.store.inner, [shop(), HOUSE], world.clock.now())
    world.clock.advance(timedelta(minutes=1))

    world.tell(resolved("a", at=-60, labels=STAGING, ends_at=NOON - timedelta(minutes=30)))

    assert [(i.environment, i.status) for i in world.incidents()] == [("production", "open")]


def test_an_alert_that_becomes_production_calls_people():
    world = world_of()
    world.tell(staging())
    only = with_environments(shop(), staging=Environment(match=(Match(labels={"env": "test"}),)))
    apply(world.store.inner, [only, HOUSE], world.clock.now())
    world.clock.advance(timedelta(minutes=1))

    world.tell(staging())

    found = {i.environment: i.status for i in world.incidents()}
    assert found == {"staging": "resolved", "production": "open"}
    assert called(world) == {"person:aoki"}
