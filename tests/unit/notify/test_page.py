"""Who is told of an incident, and by which channel."""

import msgspec
import pytest

from tests.profiles import Profile
from tests.unit.notify.world import (
    NOON,
    PROFILE,
    World,
    acknowledged,
    by_pair,
    incident,
    page,
    paging,
    pairs,
    requests,
    resolved,
)
from toban.channels.console.kind import ConsoleChannel
from toban.channels.email.kind import EmailChannel
from toban.events import NotificationFailed, NotificationRequested, PageFailed
from toban.notify.contacts import chain, reach
from toban.notify.identity import notification_id
from toban.oncall.targets import contact_by
from toban.profile.store import apply
from toban.profile.version import profile_version
from toban.severities.section import SEVERITIES


@pytest.fixture
def world() -> World:
    return World()


def test_opening_calls_the_step_and_tells_the_severitys_own_targets(world):
    asked = requests(world.page(paging()))
    assert [(r.target, r.channel) for r in asked] == [
        ("person:aoki", "slack"),
        ("person:aoki", "mail"),
        ("channel:room", "room"),
        ("channel:hook", "hook"),
    ]
    assert {r.contacts for r in asked} == {4}
    assert {(r.kind, r.by, r.why) for r in asked} == {("opened", "", "")}
    slack, mail, *_ = asked
    assert (slack.address, mail.address) == ("U0AOKI", "aoki@shop.test")
    assert (slack.others, mail.others) == (["mail"], ["slack"])


@pytest.mark.parametrize("reason", ["opened", "raised", "reopened"])
def test_the_severitys_own_targets_hear_of_each_turn(world, reason):
    asked = by_pair(world.page(paging(1, reason)))
    assert asked[("channel:hook", "hook")].kind == reason


def test_escalating_calls_only_the_next_step(world):
    (only,) = requests(world.page(paging(1, "escalated")))
    assert (only.target, only.channel, only.language) == ("person:baba", "mail", "en")
    assert (only.kind, only.page) == ("escalated", 1)


def test_who_is_on_duty_is_decided_by_the_time_of_the_page(world):
    event = paging()
    next_week = msgspec.structs.replace(event.page, at=NOON.replace(month=12, day=1))
    asked = world.page(msgspec.structs.replace(event, page=next_week))
    assert ("person:baba", "mail") in pairs(asked)
    assert ("person:aoki", "mail") not in pairs(asked)


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("Aoki", {("person:aoki", "mail")}),
        # Of no address at all, and unknown: those whom the step names.
        ("endo", {("person:baba", "mail")}),
        ("somebody in #alerts", {("person:baba", "mail")}),
    ],
)
def test_a_page_for_one_person_goes_to_the_steps_people_where_it_cannot_reach_them(to, expected):
    one = msgspec.structs.replace(page(1, 1, "reminded"), to=to)
    mailed = msgspec.structs.replace(PROFILE[SEVERITIES][0], via=("mail",))
    profile = msgspec.structs.replace(
        PROFILE, severities=(mailed,), channels={"mail": EmailChannel(sender="toban@shop.test")}
    )
    found = reach(profile, incident(), one)
    assert {(contact.target, contact.channel_id) for contact in found.contacts} == expected
    assert found.unreachable == ()


def test_doing_it_twice_asks_for_the_same_in_the_same_words(world):
    first = world.page(paging())
    world.clock.advance(3600)
    messages_before = [msgspec.json.encode(body) for body in first]
    again = World().page(paging())
    assert [msgspec.json.encode(body) for body in again] == messages_before


def test_the_same_page_twice_publishes_equal_event_ids(world):
    body = paging()
    for _ in range(2):
        world._hand("page_responders", body, "evt-1")
    half = len(world.bus.messages) // 2
    assert world.bus.messages[:half] == world.bus.messages[half:]


def test_a_target_that_leads_nowhere_is_on_the_log_and_one_that_does_not_is_not(world, capsys):
    world.page(paging())
    assert "page incomplete" not in capsys.readouterr().out
    world.page(paging(severity=2, severity_label="Warning"), "evt-2")
    assert capsys.readouterr().out.count("page incomplete") == 1


def test_a_target_that_leads_nowhere_is_mentioned_to_those_who_are_reached(world):
    (only,) = requests(world.page(paging(severity=2, severity_label="Warning")))
    assert only.target == "person:aoki"
    assert only.contacts == 1
    assert only.unreached == ["person:nobody: 担当者 nobody は定義されていません"]


def test_without_an_escalation_the_severitys_targets_are_told(world):
    asked = world.page(paging(severity=4, severity_label="Info"))
    assert pairs(asked) == {("channel:hook", "hook")}


def test_when_nobody_can_be_reached_that_is_said_exactly_once(world):
    (failed,) = world.page(paging(severity=4, severity_label="Silent"))
    assert isinstance(failed, PageFailed)
    assert failed.reason == "重大度 Silent の連絡先が設定されていません"
    assert (failed.incident_id, failed.generation, failed.at) == ("inc-7", 1, NOON)


def test_a_step_past_the_end_calls_the_last_one(world):
    event = paging(4, "escalated")
    beyond = msgspec.structs.replace(event, page=msgspec.structs.replace(event.page, step=9))
    assert pairs(world.page(beyond)) == {("person:baba", "mail")}


def test_acknowledging_is_shown_in_every_channel_and_to_all_who_were_called_but_the_one_who_did(
    world,
):
    opened = by_pair(world.page(paging()))
    escalated = by_pair(world.page(paging(1, "escalated"), "evt-2"))
    asked = requests(world.page(acknowledged(page(0), page(1, 1, "escalated")), "evt-3"))
    assert {(r.kind, r.by, r.page) for r in asked} == {("acknowledged", "青木", 1)}
    assert [(r.target, r.channel) for r in asked if not r.follows] == [
        ("channel:room", "room"),
        ("channel:hook", "hook"),
    ]
    told = {(r.target, r.channel): r.follows for r in asked if r.follows}
    # Aoki's own mailbox hears nothing; where others read what called Aoki, it is shown.
    assert set(told) == {
        ("person:aoki", "slack"),
        ("person:aoki", "last"),
        ("person:baba", "mail"),
        ("person:baba", "last"),
    }
    assert told[("person:aoki", "slack")] == [opened[("person:aoki", "slack")].notification_id]
    assert told[("person:baba", "mail")] == [escalated[("person:baba", "mail")].notification_id]


def test_a_name_that_nothing_proves_does_not_keep_its_owner_in_the_dark(world):
    asked = requests(world.page(acknowledged(page(0), proof="link:")))
    assert ("person:aoki", "mail") in pairs(asked)


def test_resolving_closes_every_pair_of_every_page_and_its_fallbacks(world):
    opened = by_pair(world.page(paging()))
    escalated = by_pair(world.page(paging(1, "escalated"), "evt-2"))
    closings = by_pair(world.page(resolved(page(0), page(1, 1, "escalated")), "evt-3"))
    assert {pair: r.kind for pair, r in closings.items()} == dict.fromkeys(
        {
            ("person:aoki", "slack"),
            ("person:aoki", "mail"),
            ("person:aoki", "last"),
            ("person:baba", "mail"),
            ("person:baba", "last"),
            ("channel:room", "room"),
            ("channel:room", "last"),
            ("channel:hook", "hook"),
            ("channel:hook", "last"),
        },
        "resolved",
    )
    for pair, request in {**opened, **escalated}.items():
        assert request.notification_id in closings[pair].closes
    # What the channel shows instead of the other room is closed by the one message there.
    instead = notification_id("opened", "inc-7", 0, "channel:room", "slack", instead_of="room")
    assert instead in closings[("person:aoki", "slack")].closes


def test_a_closing_says_who_resolved_it(world):
    world.page(paging())
    assert {r.by for r in requests(world.page(resolved(page(0), by="Baba"), "evt-2"))} == {"Baba"}
    assert {r.by for r in requests(world.page(resolved(page(0)), "evt-3"))} == {""}


def test_resolving_after_an_acknowledgement_also_supersedes_that(world):
    shown = by_pair(world.page(acknowledged(page(0), by="Baba")))
    closing = by_pair(world.page(resolved(page(0), acknowledged_at=NOON), "evt-2"))
    assert len(shown) == 5
    for pair, request in shown.items():
        assert request.notification_id in closing[pair].closes
        failed = world.page(fail(request, "last"), f"evt-{pair}") if pair[1] != "last" else []
        for following in requests(failed):
            name = following.notification_id
            assert name in closing[following.target, following.channel].closes


def test_each_turn_of_an_incident_has_closings_of_its_own(world):
    first = by_pair(world.page(resolved(page(0))))
    second = by_pair(world.page(resolved(page(0), page(1, 0, "reopened")), "evt-2"))
    pair = ("person:aoki", "mail")
    assert first[pair].notification_id != second[pair].notification_id
    assert set(first[pair].closes) < set(second[pair].closes)


def fail(request: NotificationRequested, fallback: str) -> NotificationFailed:
    return NotificationFailed(request=request, error="no", fallback=fallback, at=NOON)


def test_a_failed_channel_is_followed_by_its_fallback_for_the_same_page(world):
    opened = by_pair(world.page(paging()))
    request = opened[("channel:room", "room")]
    (following,) = requests(world.page(fail(request, "slack"), "evt-2"))
    assert (following.target, following.channel) == ("channel:room", "slack")
    assert following.replaces == [request.notification_id]
    assert (following.kind, following.page, following.contacts) == ("opened", 0, 4)
    (last,) = requests(world.page(fail(following, "last"), "evt-3"))
    assert last.replaces == [request.notification_id, following.notification_id]
    closings = by_pair(world.page(resolved(page(0)), "evt-4"))
    assert following.notification_id in closings[("person:aoki", "slack")].closes
    assert last.notification_id in closings[("channel:room", "last")].closes


def test_fallbacks_that_lead_round_in_a_circle_end():
    channels = {
        "a": ConsoleChannel(fallback="b"),
        "b": ConsoleChannel(fallback="c"),
        "c": ConsoleChannel(fallback="a"),
    }
    profile = msgspec.structs.replace(PROFILE, channels=channels)
    first = contact_by(profile, "person:aoki", "a")
    assert [link.channel_id for link in chain(profile, first, ())] == ["a", "b", "c"]
    assert [link.channel_id for link in chain(profile, first, ("b",))] == ["a", "c"]


def test_a_failure_without_fallback_asks_for_nothing(world):
    request = requests(world.page(paging()))[0]
    assert world.page(fail(request, ""), "evt-2") == []


def test_an_incident_without_pages_has_nothing_to_close(world):
    assert world.page(resolved()) == []
    assert world.page(acknowledged()) == []


def test_the_pinned_version_counts_not_the_newest(world):
    other = msgspec.structs.replace(PROFILE, escalation=())
    apply(world.store, [other], NOON)
    assert ("person:aoki", "mail") in pairs(world.page(paging()))
    moved = paging(profile_version=profile_version(other))
    assert pairs(world.page(moved, "evt-2")) == {("channel:hook", "hook")}


def test_a_profile_that_is_not_in_the_store_is_a_failure_not_a_lost_page(world):
    with pytest.raises(LookupError, match="no version 000"):
        world.page(paging(profile_version="000"))


def test_the_built_in_profile_calls_the_log():
    asked = World(profile=Profile(service=PROFILE.service)).page(
        paging(profile_version="builtin", severity_label="critical")
    )
    assert pairs(asked) == {("channel:console", "console")}
