"""One message is for all who are called by one shared channel; whoever it cannot reach is not lost."""

from __future__ import annotations

import msgspec

from tests.profiles import EmailChannel, Escalation, EscalationStep, Profile, Seconds
from tests.unit.notify.world import PROFILE, World, page, paging, requests, resolved
from toban.channels.email.message import Mail
from toban.channels.slack.message import SlackMessage
from toban.events import NotificationFailed, NotificationRequested
from toban.kernel.handling.effect import Done, Failed
from toban.notify.documents import Notification
from toban.profile.version import profile_version
from toban.severities.section import Severity
from toban.testing import ListSenders


def shop(*notify: str, **channels: object) -> Profile:
    """Everybody in `notify` is called by Slack and by mail."""
    people = {
        name: msgspec.structs.replace(person, slack=person.slack or f"U0{name.upper()}")
        for name, person in PROFILE.people.items()
    }
    return msgspec.structs.replace(
        PROFILE,
        people={**people, "baba": msgspec.structs.replace(people["baba"], name="馬場")},
        channels={**PROFILE.channels, **channels},
        severities=(Severity(label="Critical", level=1, via=("slack", "mail")),),
        escalation=(
            Escalation(
                severities=("Critical",),
                steps=(EscalationStep(after=Seconds(0), notify=notify),),
            ),
        ),
    )


TWO = shop("person:aoki", "person:baba")


def opening(world: World) -> list[NotificationRequested]:
    asked = world.page(paging(profile_version=profile_version(PROFILE_OF[id(world)])))
    return requests(asked)


PROFILE_OF: dict[int, Profile] = {}


def world_of(profile: Profile, *answers: object) -> World:
    world = World(ListSenders(list(answers)), profile)
    PROFILE_OF[id(world)] = profile
    return world


def closing(world: World) -> list[NotificationRequested]:
    version = profile_version(PROFILE_OF[id(world)])
    return requests(world.page(resolved(page(0), profile_version=version), "evt-r"))


def by_channel(asked: list[NotificationRequested], channel: str) -> list[NotificationRequested]:
    return [request for request in asked if request.channel == channel]


def test_two_people_in_one_slack_channel_are_mentioned_in_one_message():
    world = world_of(TWO)
    (request,) = by_channel(opening(world), "slack")
    assert request.target_name == "青木, 馬場"
    assert {each.target for each in request.together} == {"person:aoki", "person:baba"}
    world.notify(request)
    (sent,) = world.senders.sent
    assert isinstance(sent, SlackMessage)
    assert sent.text.startswith("<@U0AOKI> <@U0BABA> ")
    assert len(by_channel(opening(world_of(TWO)), "mail")) == 2, "mail is everybody's own"


def test_a_channel_that_is_called_itself_and_through_a_person_gets_one_message_under_its_own_name():
    (request,) = by_channel(opening(world_of(shop("person:aoki", "channel:slack"))), "slack")
    assert request.target == "channel:slack"
    assert {each.target for each in request.together} == {"channel:slack", "person:aoki"}


def test_how_many_are_called_stays_what_it_was():
    assert {request.contacts for request in opening(world_of(TWO))} == {4}


def test_mail_to_one_list_goes_there_once_whoever_is_called():
    listed = shop("person:aoki", "person:baba", mail=EmailChannel(to=("ops@shop.test",)))
    world = world_of(listed)
    (request,) = by_channel(opening(world), "mail")
    world.notify(request)
    (sent,) = world.senders.sent
    assert isinstance(sent, Mail)
    assert sent.to == ("ops@shop.test",)


def test_when_it_fails_everybody_is_called_by_their_own_fallback():
    alone = shop("person:aoki", "person:baba")
    alone = msgspec.structs.replace(
        alone, severities=(msgspec.structs.replace(alone.severities[0], via=("slack",)),)
    )
    world = world_of(alone, Failed("HTTP 404", retryable=False))
    (request,) = opening(world)
    world.notify(request)
    failures = world.take()
    assert all(isinstance(failed, NotificationFailed) for failed in failures)
    assert len({failed.request.notification_id for failed in failures}) == 2
    following = [
        asked
        for n, failed in enumerate(failures)
        for asked in requests(world.page(failed, f"f{n}"))
    ]
    assert {(r.target, r.channel, r.address) for r in following} == {
        ("person:aoki", "mail", "aoki@shop.test"),
        ("person:baba", "mail", "baba@shop.test"),
    }
    for asked in following:
        world.notify(asked)
    assert len(world.senders.sent) == 3
    closes = {name for request in closing(world) for name in request.closes}
    assert {asked.notification_id for asked in (request, *following)} <= closes


def test_the_channel_is_told_once_that_it_is_over():
    world = world_of(shop("person:aoki", "person:baba", "channel:slack"))
    for request in opening(world):
        world.notify(request)
    world.senders.sent.clear()
    for request in closing(world):
        world.notify(request)
    assert len([sent for sent in world.senders.sent if isinstance(sent, SlackMessage)]) == 1


def test_what_an_earlier_release_sent_to_each_of_them_is_closed_once():
    world = world_of(TWO)
    (request,) = by_channel(opening(world), "slack")
    for each in request.together:  # as it would have asked
        world.notify(
            msgspec.structs.replace(
                request,
                notification_id=name_of(each.target),
                target=each.target,
                target_name=each.target_name,
                together=[],
            )
        )
    assert len(world.senders.sent) == 2
    for asked in closing(world):
        world.notify(asked)
    assert len(world.senders.sent) == 3


def name_of(target: str) -> str:
    from toban.notify.identity import notification_id

    return notification_id("opened", "inc-7", 0, target, "slack")


def test_the_record_names_all_for_whom_it_was():
    world = world_of(TWO)
    (request,) = by_channel(opening(world), "slack")
    world.notify(request)
    (record,) = world.documents(Notification)
    assert (record.target_name, record.address) == ("青木, 馬場", "U0AOKI, U0BABA")


def test_a_later_page_to_a_person_answers_the_message_that_the_channel_got_first():
    profile = shop("person:aoki", "channel:room")
    profile = msgspec.structs.replace(
        profile, severities=(msgspec.structs.replace(profile.severities[0], via=("room",)),)
    )
    world = world_of(profile, Done("C0ROOM/1.0"))
    (first,) = opening(world)
    world.notify(first)
    later = msgspec.structs.replace(
        first,
        notification_id="ntf-later",
        kind="escalated",
        page=1,
        target="person:aoki",
        together=[],
    )
    world.notify(later)
    assert world.senders.sent[-1].thread == "C0ROOM/1.0"


def test_what_is_told_by_a_list_names_people_and_no_channel_among_them():
    listed = shop("person:aoki", "channel:slack", mail=EmailChannel(to=("ops@shop.test",)))
    world = world_of(listed)
    (over,) = by_channel(closing(world), "mail")
    assert {each.target for each in over.together} == {"person:aoki", "channel:slack"}
    assert over.target_name == "青木"
    (opened,) = by_channel(opening(world_of(shop("person:aoki", "channel:slack"))), "slack")
    assert opened.target_name == "slack, 青木", "the room's own message, under its own name"


def abroad(profile: Profile) -> Profile:
    """The first of them lives in London and reads English; the service is in Tokyo and Japanese."""
    aoki = msgspec.structs.replace(profile.people["aoki"], language="en", timezone="Europe/London")
    service = msgspec.structs.replace(profile.service, language="ja", timezone="Asia/Tokyo")
    baba = msgspec.structs.replace(profile.people["baba"], language="ja")
    people = {**profile.people, "aoki": aoki, "baba": baba}
    return msgspec.structs.replace(profile, service=service, people=people)


def test_what_several_people_read_is_in_the_language_and_zone_of_the_service():
    world = world_of(abroad(TWO))
    for asked in (opening(world), closing(world)):
        for request in asked:
            world.notify(request)
    rooms = [str(sent.body()) for sent in world.senders.sent if isinstance(sent, SlackMessage)]
    assert len(rooms) == 2
    assert all("JST" in text and "GMT" not in text for text in rooms)
    assert "発生" in rooms[0]
    assert "解決" in rooms[1]
    own = [sent for sent in world.senders.sent if isinstance(sent, Mail)]
    mine = [mail.text for mail in own if "aoki@shop.test" in mail.to]
    assert mine
    assert all("GMT" in text and "JST" not in text for text in mine)


def test_a_call_of_one_person_is_in_their_language_and_zone_in_a_room_too():
    world = world_of(abroad(shop("person:aoki")))
    (request,) = by_channel(opening(world), "slack")
    world.notify(request)
    (sent,) = world.senders.sent
    assert isinstance(sent, SlackMessage)
    assert "GMT" in str(sent.body())


def test_by_their_own_fallback_everybody_reads_their_own_language():
    alone = abroad(TWO)
    alone = msgspec.structs.replace(
        alone, severities=(msgspec.structs.replace(alone.severities[0], via=("slack",)),)
    )
    world = world_of(alone, Failed("HTTP 404", retryable=False))
    (request,) = opening(world)
    assert request.language == "ja"
    world.notify(request)
    following = [
        asked
        for n, failed in enumerate(world.take())
        for asked in requests(world.page(failed, f"f{n}"))
    ]
    assert {each.target: each.language for each in following} == {
        "person:aoki": "en",
        "person:baba": "ja",
    }
