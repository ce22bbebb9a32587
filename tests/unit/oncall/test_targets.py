"""Whom the targets of a step mean."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from tests.profiles import Profile
from toban.channels.console.kind import ConsoleChannel
from toban.channels.email.kind import EmailChannel
from toban.channels.slack.kind import SlackChannel
from toban.channels.webhook.kind import WebhookChannel
from toban.oncall.section import Rotation
from toban.oncall.targets import explain, next_channel, resolve
from toban.people.section import Person
from toban.profile.section import SERVICE, Service
from toban.severities.section import Severity

P1 = Severity(label="P1", level=1, via=("slack", "mail"))
MONDAY = datetime(2025, 1, 6, 3, tzinfo=UTC)

PROFILE = Profile(
    service=Service(id="shop", name="Shop"),
    severities=(P1,),
    channels={
        "slack": SlackChannel(webhook_secret="SLACK_WEBHOOK", fallback="mail"),
        "mail": EmailChannel(fallback="console"),
        "team": EmailChannel(to=("a@example.jp", "b@example.jp")),
        "hook": WebhookChannel(url="https://example.jp/hook"),
        "console": ConsoleChannel(),
    },
    people={
        "aoki": Person(name="青木", email="aoki@example.jp", slack="U1"),
        "baba": Person(name="Baba", email="baba@example.jp", language="en"),
        "doi": Person(name="土井"),
    },
    oncall=Rotation(members=("aoki", "baba"), first_shift=date(2025, 1, 6)),
)


def reached(targets, via=(), profile=PROFILE, at=MONDAY):
    found = resolve(profile, targets, via, P1, at)
    return [(c.target, c.channel_id, c.address) for c in found.contacts]


def missed(targets, via=(), profile=PROFILE):
    return list(resolve(profile, targets, via, P1, MONDAY).unreachable)


def test_the_primary_is_reached_through_every_channel_of_the_severity():
    assert reached(["oncall:primary"]) == [
        ("person:aoki", "slack", "U1"),
        ("person:aoki", "mail", "aoki@example.jp"),
    ]


def test_the_channels_of_the_step_replace_those_of_the_severity():
    assert reached(["oncall:secondary"], via=["mail"]) == [
        ("person:baba", "mail", "baba@example.jp")
    ]


def test_all_means_primary_and_secondary():
    assert reached(["oncall:all"], via=["mail"]) == [
        ("person:aoki", "mail", "aoki@example.jp"),
        ("person:baba", "mail", "baba@example.jp"),
    ]


def test_the_answer_depends_on_the_time():
    next_week = datetime(2025, 1, 13, 3, tzinfo=UTC)

    assert reached(["oncall:primary"], via=["mail"], at=next_week) == [
        ("person:baba", "mail", "baba@example.jp")
    ]


def test_a_person_reached_in_two_ways_is_told_once_per_channel():
    assert reached(["oncall:primary", "person:aoki", "oncall:all"], via=["mail"]) == [
        ("person:aoki", "mail", "aoki@example.jp"),
        ("person:baba", "mail", "baba@example.jp"),
    ]


def test_a_contact_says_who_in_which_language_and_how_the_profile_asked():
    found = resolve(PROFILE, ["oncall:secondary", "channel:team"], ["mail"], P1, MONDAY)
    baba, team = found.contacts

    assert (baba.person_id, baba.display_name, baba.language) == ("baba", "Baba", "en")
    assert baba.asked == "oncall:secondary"
    assert (team.person_id, team.display_name, team.language) == (None, "team", "ja")
    assert team.address == "a@example.jp, b@example.jp"


def test_channels_are_told_once_whatever_the_persons_channels_are():
    assert reached(["channel:hook", "channel:slack", "channel:hook"]) == [
        ("channel:hook", "hook", ""),
        ("channel:slack", "slack", ""),
    ]


def test_a_fixed_list_of_recipients_serves_people_without_an_address():
    assert reached(["person:doi"], via=["team"]) == [
        ("person:doi", "team", "a@example.jp, b@example.jp")
    ]


def test_without_an_address_the_fallback_is_used_and_the_lack_is_reported():
    assert reached(["person:doi"]) == [
        ("person:doi", "slack", ""),
        ("person:doi", "console", ""),
    ]
    assert missed(["person:doi"]) == [("person:doi", "no-address:mail")]


def test_without_an_address_and_without_a_fallback_nobody_is_reached():
    channels = PROFILE.channels | {"mail": EmailChannel()}
    profile = msgspec.structs.replace(PROFILE, channels=channels)

    assert reached(["person:doi"], via=["mail"], profile=profile) == []
    assert missed(["person:doi"], via=["mail"], profile=profile) == [
        ("person:doi", "no-address:mail")
    ]


def test_a_loop_of_fallbacks_ends():
    channels = {"one": EmailChannel(fallback="two"), "two": EmailChannel(fallback="one")}
    profile = msgspec.structs.replace(PROFILE, channels=channels)

    assert missed(["person:doi"], via=["one"], profile=profile) == [
        ("person:doi", "no-address:one"),
        ("person:doi", "no-address:two"),
    ]


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("person:nobody", "unknown-person:nobody"),
        ("channel:nowhere", "unknown-channel:nowhere"),
        ("channel:mail", "no-address:mail"),
        ("oncall:boss", "bad-target"),
        ("aoki", "bad-target"),
        ("person:", "bad-target"),
        ("person:aoki:baba", "unknown-person:aoki:baba"),
        ("channel:hook:hook", "unknown-channel:hook:hook"),
    ],
)
def test_what_cannot_be_reached_is_reported_and_does_not_stop_the_rest(target, reason):
    assert missed([target, "oncall:primary"]) == [(target, reason)]
    assert ("person:aoki", "slack", "U1") in reached([target, "oncall:primary"])
    assert explain(reason, "ja")
    assert explain(reason, "en")


def test_a_service_without_oncall_has_nobody_on_call():
    profile = msgspec.structs.replace(PROFILE, oncall=None)

    assert reached(["oncall:all"], profile=profile) == []
    assert missed(["oncall:all"], profile=profile) == [("oncall:all", "nobody-on-call")]
    assert explain("nobody-on-call", "en") == "nobody is on call"


def test_a_missing_secondary_matters_only_to_those_who_ask_for_it():
    alone = Rotation(members=("aoki",), first_shift=date(2025, 1, 6))
    profile = msgspec.structs.replace(PROFILE, oncall=alone)

    assert missed(["oncall:secondary"], profile=profile) == [("oncall:secondary", "no-secondary")]
    assert missed(["oncall:all"], profile=profile) == []


def test_an_override_may_name_a_person_who_was_removed():
    duty = Rotation(members=("gone",), first_shift=date(2025, 1, 6))
    profile = msgspec.structs.replace(PROFILE, oncall=duty)

    assert missed(["oncall:primary"], profile=profile) == [
        ("oncall:primary", "unknown-person:gone")
    ]


def test_no_channel_at_all_is_reported():
    found = resolve(PROFILE, ["oncall:primary"], (), Severity(label="P4", level=4), MONDAY)

    assert list(found.unreachable) == [("oncall:primary", "no-channel")]


def test_the_next_channel_follows_the_fallbacks_until_they_end():
    assert next_channel(PROFILE, "slack") == "mail"
    assert next_channel(PROFILE, "mail") == "console"
    assert next_channel(PROFILE, "console") is None
    assert next_channel(PROFILE, "nowhere") is None
    assert next_channel(PROFILE, "slack", tried=["mail"]) is None


@pytest.mark.parametrize("fallback", ["one", "nowhere"])
def test_a_channel_that_falls_back_to_itself_or_to_nothing_there_has_no_next_one(fallback):
    channels = {"one": EmailChannel(fallback=fallback)}
    profile = msgspec.structs.replace(PROFILE, channels=channels)

    assert next_channel(profile, "one") is None
    assert missed(["person:doi"], via=["one"], profile=profile) == [
        ("person:doi", "no-address:one")
    ]


def test_a_rotation_without_members_has_nobody_on_call():
    empty = Rotation(members=(), first_shift=date(2025, 1, 6))
    profile = msgspec.structs.replace(PROFILE, oncall=empty)

    for target in ("oncall:primary", "oncall:all"):
        assert reached([target], profile=profile) == []
        assert missed([target], profile=profile) == [(target, "nobody-on-call")]


def test_people_are_told_in_their_own_language_or_else_in_that_of_the_service():
    english = msgspec.structs.replace(PROFILE[SERVICE], language="en")
    profile = msgspec.structs.replace(PROFILE, service=english)
    aoki, room = resolve(profile, ["person:aoki", "channel:team"], ["mail"], P1, MONDAY).contacts

    assert (aoki.person_id, aoki.display_name, aoki.language) == ("aoki", "青木", "en")
    assert (aoki.asked, room.asked, room.language) == ("person:aoki", "channel:team", "en")


def test_a_channel_that_is_not_in_the_profile_does_not_stop_the_others():
    assert reached(["person:aoki"], via=["gone", "mail"]) == [
        ("person:aoki", "mail", "aoki@example.jp")
    ]
    assert missed(["person:aoki"], via=["gone", "mail"]) == [
        ("person:aoki", "unknown-channel:gone")
    ]


def test_a_reason_is_said_with_what_it_is_about():
    assert explain("unknown-channel:gone", "en") == "channel gone is not defined"
    assert explain("unknown-person:a:b", "en") == "person a:b is not defined"


def test_a_primary_that_is_not_there_hides_no_secondary():
    only = Rotation(members=(), first_shift=date(2025, 1, 6), secondary=("baba",))
    profile = msgspec.structs.replace(PROFILE, oncall=only)

    assert reached(["oncall:all"], via=["mail"], profile=profile) == [
        ("person:baba", "mail", "baba@example.jp")
    ]
    assert missed(["oncall:all"], via=["mail"], profile=profile) == [
        ("oncall:all", "nobody-on-call")
    ]
