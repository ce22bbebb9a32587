"""What a closing closes, what was tried, and what each of several addressees has besides."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.notify.test_page import fail
from tests.unit.notify.test_shared_channel import TWO, by_channel, opening, world_of
from tests.unit.notify.world import (
    NOON,
    PROFILE,
    World,
    acknowledged,
    by_pair,
    page,
    paging,
    requests,
    resolved,
)
from toban.events import PageFailed
from toban.notify.identity import notification_id
from toban.notify.page import first_channel, tried_channels
from toban.profile.section import SERVICE, Environment
from toban.profile.version import profile_version

MAIL = ("person:aoki", "mail")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"generation": 1}, False),
        ({"generation": 2}, True),
        ({"generation": 1, "acknowledged_at": NOON}, True),
    ],
)
def test_an_acknowledgement_is_closed_where_there_may_have_been_one(changes, expected):
    closing = by_pair(World().page(resolved(page(0), **changes)))[MAIL]
    told = notification_id("acknowledged", "inc-7", 0, *MAIL)
    assert (told in closing.closes) is expected
    assert notification_id("opened", "inc-7", 0, *MAIL) in closing.closes


def test_what_was_tried_is_known_from_the_first_to_the_last():
    world = World()
    request = by_pair(world.page(paging()))["channel:room", "room"]
    (second,) = requests(world.page(fail(request, "slack"), "evt-2"))
    (third,) = requests(world.page(fail(second, "last"), "evt-3"))
    for asked, tried in ((request, {"room"}), (second, {"room", "slack"}),
                         (third, {"room", "slack", "last"})):  # fmt: skip
        assert first_channel(PROFILE, asked) == "room"
        assert set(tried_channels(PROFILE, asked)) == tried
    unknown = msgspec.structs.replace(second, replaces=["ntf-gone"])
    assert first_channel(PROFILE, unknown) == ""


@pytest.mark.parametrize("event", [acknowledged, resolved])
def test_each_of_those_who_share_a_message_has_other_channels_of_their_own(event):
    world = world_of(TWO)
    body = event(page(0))
    pinned = msgspec.structs.replace(body.incident, profile_version=profile_version(TWO))
    asked = requests(
        world.page(
            msgspec.structs.replace(
                body, incident=pinned, by="", **({"proof": ""} if event is acknowledged else {})
            )
        )
    )
    (shared,) = by_channel(asked, "slack")
    assert {each.target: each.others for each in shared.together} == {
        "person:aoki": ["mail"], "person:baba": ["mail"],
    }  # fmt: skip
    assert shared.others == ["mail"]


def test_that_a_page_reached_nobody_says_of_which_environment_it_was():
    service = msgspec.structs.replace(
        PROFILE[SERVICE], environments={"preview": Environment(pages=True)}
    )
    profile = msgspec.structs.replace(PROFILE, service=service)
    body = paging(severity=4, severity_label="Silent", environment="preview",
                  profile_version=profile_version(profile))  # fmt: skip
    (failed,) = World(profile=profile).page(body)
    assert isinstance(failed, PageFailed)
    assert (failed.environment, failed.page.number) == ("preview", 0)


def test_a_page_carries_who_brought_it_about_and_whom_it_did_not_reach():
    body = msgspec.structs.replace(paging(1, "escalated"), by="Aoki", why="asked")
    (request,) = requests(World().page(body))
    assert (request.by, request.why, request.unreached) == ("Aoki", "asked", [])
    warning = paging(severity=2, severity_label="Warning")
    asked = requests(World().page(warning))
    assert {tuple(r.unreached) for r in asked} == {
        ("person:nobody: 担当者 nobody は定義されていません",)
    }


def test_that_nobody_was_reached_says_why_of_everybody():
    (warning,) = (e for e in PROFILE.escalation if e.severities == ("Warning",))
    (step,) = warning.steps
    nobody = msgspec.structs.replace(step, notify=("person:none", "channel:gone"))
    policy = msgspec.structs.replace(warning, steps=(nobody,))
    profile = msgspec.structs.replace(PROFILE, escalation=(policy,))
    body = paging(severity=2, severity_label="Warning", profile_version=profile_version(profile))
    (failed,) = World(profile=profile).page(body)
    assert failed.reason == (
        "person:none: 担当者 none は定義されていません; "
        "channel:gone: チャンネル gone は定義されていません"
    )


def test_what_is_sent_in_place_of_another_channel_is_closed_under_that_name_alone():
    closings = by_pair(World().page(resolved(page(0), generation=1)))
    for channel in ("last", "room"):
        instead = "room" if channel == "last" else ""
        name = notification_id("opened", "inc-7", 0, "channel:room", channel, instead_of=instead)
        assert closings["channel:room", channel].closes == [name]


def test_each_of_those_who_are_called_by_one_message_has_other_channels_of_their_own():
    (shared,) = by_channel(opening(world_of(TWO)), "slack")
    assert {each.target: each.others for each in shared.together} == {
        "person:aoki": ["mail"], "person:baba": ["mail"],
    }  # fmt: skip
    assert {each.target: (each.target_name, each.address) for each in shared.together} == {
        "person:aoki": ("青木", "U0AOKI"), "person:baba": ("馬場", "U0BABA"),
    }  # fmt: skip
