"""What `toban check` says of a rotation and of targets."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from tests.profiles import Profile
from toban.channels.console.kind import ConsoleChannel
from toban.channels.email.kind import EmailChannel
from toban.channels.slack.kind import SlackChannel
from toban.oncall.check import check
from toban.oncall.check_targets import (
    check_target,
    is_human,
    mentioned_by,
    people_meant,
    reach_problems,
)
from toban.oncall.section import Handover, Override, Rotation
from toban.oncall.shifts import handover_day
from toban.people.section import Person
from toban.profile.context import CheckContext
from toban.profile.section import Service
from toban.strictyaml.report import Report

MONDAY = date(2025, 1, 6)
NINE = datetime(2025, 1, 8, 9, tzinfo=UTC)

PROFILE = Profile(
    service=Service(id="shop", name="Shop"),
    channels={
        "mail": EmailChannel(),
        "list": EmailChannel(to=("all@example.jp",)),
        "slack": SlackChannel(webhook_secret="SLACK"),
        "console": ConsoleChannel(),
    },
    people={
        "aoki": Person(name="Aoki", email="aoki@example.jp"),
        "baba": Person(name="Baba"),
        "chiba": Person(name="Chiba", email="chiba@example.jp"),
        "doi": Person(name="Doi"),
    },
    oncall=Rotation(members=("aoki", "baba"), first_shift=MONDAY),
)


def on_call(*members: str, **fields) -> Profile:
    rotation = Rotation(members=members, first_shift=fields.pop("first_shift", MONDAY), **fields)
    return msgspec.structs.replace(PROFILE, oncall=rotation)


def stand_in(person: str, hours: float = 1, role: str = "primary", after: float = 0) -> Override:
    start = NINE + timedelta(hours=after)
    return Override(start=start, end=start + timedelta(hours=hours), person=person, role=role)


def findings(profile: Profile) -> list[str]:
    report = Report()
    check(profile, report, CheckContext())
    return [f"{f.severity} {f.code} {f.path}: {f.message.en}" for f in report.sorted()]


def of_target(target: str, profile: Profile = PROFILE) -> list[str]:
    report = Report()
    check_target(profile, target, "at", report)
    return [f"{f.severity} {f.code} {f.path}: {f.message.en}" for f in report.sorted()]


def test_a_rotation_in_order_has_no_findings():
    assert findings(PROFILE) == []
    assert findings(msgspec.structs.replace(PROFILE, oncall=None)) == []


@pytest.mark.parametrize("weekday", ["mon", "tue", "wed", "thu", "fri", "sat", "sun"])
def test_every_day_of_the_week_may_be_the_day_of_the_hand_over(weekday):
    rotation = Rotation(members=("aoki",), first_shift=MONDAY, handover=Handover(weekday=weekday))
    assert f"{handover_day(rotation):%a}".lower() == weekday
    assert 0 <= (handover_day(rotation) - MONDAY).days < 7


def test_a_first_shift_is_told_which_day_is_meant():
    (found,) = findings(on_call("aoki", first_shift=date(2025, 1, 8)))
    assert found == (
        "error first-shift oncall.first_shift: 2025-01-08 is a Wednesday, "
        "the hand-over is on Monday. Did you mean 2025-01-13?"
    )


def test_everybody_named_has_to_be_there_and_some_have_to_be_named():
    assert findings(on_call("aoki", "bab", secondary=("doy",))) == [
        "error unknown-person oncall.members[1]: there is no person 'bab'. Did you mean baba?",
        "error unknown-person oncall.secondary[0]: there is no person 'doy'. Did you mean doi?",
    ]
    assert findings(on_call(weeks=0)) == [
        "error uncovered oncall.members: without members nobody is on duty at any hour.",
        "error wrong-value oncall.weeks: at least 1.",
    ]


@pytest.mark.parametrize(("hours", "wrong"), [(-1, True), (0, True), (0.01, False)])
def test_an_override_ends_after_it_starts(hours, wrong):
    found = findings(on_call("aoki", "baba", overrides=(stand_in("doi", hours),)))
    said = "error override-time oncall.overrides[0].end: it does not end after it starts."
    assert found == ([said] if wrong else [])


@pytest.mark.parametrize(
    ("first", "second", "codes"),
    [
        (stand_in("doi", 2), stand_in("chiba", 1, after=1), ["override-overlap"]),
        (stand_in("doi", 1), stand_in("chiba", 2, after=-1), ["override-overlap"]),
        (stand_in("doi", 1), stand_in("chiba", 1, after=1), []),
        (stand_in("doi", 1, after=1), stand_in("chiba", 1), []),
        (stand_in("doi", 2), stand_in("doi", 1, "secondary", after=1), ["override-both"]),
        (stand_in("doi", 2), stand_in("chiba", 1, "secondary", after=1), []),
        (stand_in("doi", 1), stand_in("doi", 1, "secondary", after=1), []),
    ],
)
def test_two_overrides_are_told_where_one_would_win_over_the_other(first, second, codes):
    found = findings(on_call("aoki", "baba", overrides=(first, second)))
    said = {
        "override-overlap": "it overlaps oncall.overrides[0]; this later one wins.",
        "override-both": "doi is primary and secondary at once; the next member becomes secondary.",
    }
    assert found == [f"warning {code} oncall.overrides[1]: {said[code]}" for code in codes]


def test_an_override_is_told_of_each_earlier_one_that_it_overlaps():
    three = tuple(stand_in(person, 3) for person in ("doi", "chiba", "doi"))
    found = findings(on_call("aoki", "baba", overrides=three))
    assert [line.split(";")[0].split("overlaps ")[1] for line in found] == [
        "oncall.overrides[0]", "oncall.overrides[0]", "oncall.overrides[1]",
    ]  # fmt: skip


def test_people_are_those_by_name_and_on_duty():
    assert is_human("oncall:all")
    assert is_human("person:aoki")
    assert not is_human("channel:mail")
    assert not is_human("aoki")


@pytest.mark.parametrize(
    "target", ["oncall:primary", "oncall:secondary", "oncall:all", "person:doi", "channel:list"]
)
def test_a_target_that_means_somebody_is_in_order(target):
    assert of_target(target) == []


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (
            "channel:mial",
            "error unknown-channel at: there is no channel 'mial'. Did you mean mail?",
        ),
        ("person:aok", "error unknown-person at: there is no person 'aok'. Did you mean aoki?"),
        (
            "person:a:b",
            "error unknown-person at: there is no person 'a:b'. Known: aoki, baba, chiba, doi.",
        ),
        ("aoki", "Did you mean person:aoki?"),
        ("mail", "Did you mean channel:mail?"),
        ("all", "Did you mean oncall:all?"),
        ("person:", "Did you mean person:doi?"),
        ("oncall:secondry", "Did you mean oncall:secondary?"),
        ("chanel:list", "Did you mean channel:list?"),
        # Written as if it had a kind, it is told what there is with that kind.
        (":aoki", "Did you mean person:aoki?"),
    ],
)
def test_a_target_that_means_nobody_is_told_what_may_be_meant(target, said):
    (found,) = of_target(target)
    assert found.endswith(said)
    if not found.startswith("error unknown"):
        assert found.startswith(f"error bad-target at: '{target}' is not a target")


def test_a_target_that_is_like_none_is_told_what_there_is():
    (found,) = of_target("xyz")
    assert "oncall:all, oncall:primary, oncall:secondary, person:aoki" in found
    assert "channel:console, channel:list, channel:mail" in found


def test_whoever_is_on_call_needs_a_rotation():
    nobody = msgspec.structs.replace(PROFILE, oncall=None)
    assert of_target("oncall:primary", nobody) == [
        "error no-oncall at: oncall:primary needs an oncall section."
    ]


@pytest.mark.parametrize(
    ("target", "profile", "warned"),
    [
        ("oncall:secondary", on_call("aoki"), True),
        ("oncall:secondary", on_call("aoki", "aoki"), True),
        ("oncall:secondary", on_call("aoki", "baba"), False),
        ("oncall:secondary", on_call("aoki", secondary=("doi",)), False),
        ("oncall:all", on_call("aoki"), False),
    ],
)
def test_a_rotation_of_one_has_no_secondary_which_matters_where_one_is_asked_for(
    target, profile, warned
):
    said = "warning no-secondary at: the rotation has a single member, so there is no secondary."
    assert of_target(target, profile) == ([said] if warned else [])


def test_a_target_means_all_who_may_be_on_duty_at_some_time():
    profile = on_call("aoki", "baba", secondary=("chiba", "aoki"), overrides=(stand_in("doi"),))
    assert people_meant(profile, "oncall:primary") == ["aoki", "baba", "doi"]
    assert people_meant(profile, "oncall:secondary") == ["aoki", "baba", "chiba", "doi"]
    assert people_meant(profile, "oncall:all") == ["aoki", "baba", "chiba", "doi"]
    assert people_meant(profile, "person:doi") == ["doi"]
    assert people_meant(profile, "channel:mail") == []
    assert people_meant(msgspec.structs.replace(profile, oncall=None), "oncall:all") == []


def test_targets_mention_channels_and_all_whom_they_may_mean():
    assert list(mentioned_by(PROFILE, ["channel:mail", "oncall:primary", "person:doi"])) == [
        ("channels", "mail"), ("people", "aoki"), ("people", "baba"), ("people", "doi"),
    ]  # fmt: skip


def problems(target: str, *via: str, profile: Profile = PROFILE) -> list[str]:
    return [problem.en for problem in reach_problems(profile, target, via)]


def test_a_channel_that_is_a_target_needs_a_room_of_its_own():
    assert problems("channel:list") == problems("channel:slack") == []
    assert problems("channel:gone", "mail") == []
    assert problems("channel:mail", "list") == [
        "channel:mail has no 'to': it can only be used for people (via)."
    ]


def test_people_need_a_way_and_an_address_there():
    no_way = "there is no channel to reach {} by: give via, in the severity or the step."
    assert problems("person:aoki") == [no_way.format("person:aoki")]
    assert problems("oncall:all") == [no_way.format("oncall:all")]
    assert problems("person:nobody") == []
    assert problems("oncall:all", "gone", "mail", "slack", "list") == [
        "baba has no email address, which mail needs."
    ]
    doi = on_call("baba", "aoki", "gone", overrides=(stand_in("doi"),))
    assert problems("oncall:primary", "mail", profile=doi) == [
        "baba has no email address, which mail needs.",
        "doi has no email address, which mail needs.",
    ]
