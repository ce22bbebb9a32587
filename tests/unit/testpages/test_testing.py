"""`test_contacts`: what it sends to whom, which answers it takes, and before which shift it asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.profiles import (
    ConsoleChannel,
    EmailChannel,
    Escalation,
    EscalationStep,
    Override,
    Person,
    Profile,
    Rotation,
    Service,
    Severity,
    SlackChannel,
)
from toban.events import (
    CommandIssued,
    NotificationFailed,
    NotificationRequested,
    PageTestDue,
    ShiftWatchDue,
)
from toban.kernel.command import Audit
from toban.kernel.handling.effect import Done, Failed
from toban.notify import deliver
from toban.notify.documents import Notification
from toban.notify.links import action_links
from toban.profile.store import apply
from toban.strictyaml.values import Seconds
from toban.testing import TestPlatform
from toban.testing.platform import NOON
from toban.testing.senders import ListSenders
from toban.testpages.documents import PageTest, TestedContact
from toban.testpages.testing import AHEAD, ANSWER_WITHIN
from toban.testpages.ways import called, key_of, quietly, severity_of, standing, ways

SHOP = Profile(
    service=Service(id="shop", name="売店", language="en", timezone="Asia/Tokyo", default=True),
    severities=(
        Severity(label="P1", level=1, via=("room", "mail"), notify=("person:chiba",)),
        Severity(label="P2", level=2, via=("mail", "log")),
        Severity(label="P3", level=3, via=("room",)),
    ),
    channels={
        "mail": EmailChannel(sender="t@example.jp", fallback="room"),
        "room": SlackChannel(webhook_secret="SLACK_WEBHOOK_ROOM"),
        "desk": EmailChannel(to=("desk@example.jp",)),
        "log": ConsoleChannel(),
    },
    people={
        "aoki": Person(name="Aoki", email="aoki@example.jp", slack="U1", language="ja"),
        "baba": Person(name="Baba", email="baba@example.jp", slack="U2"),
        "chiba": Person(name="Chiba", slack="U3"),
        "doi": Person(name="Doi", email="doi@example.jp"),
    },
    oncall=Rotation(members=("aoki", "baba"), secondary=("doi",), first_shift=date(2026, 11, 2)),
    escalation=(
        Escalation(
            severities=("P1",),
            steps=(EscalationStep(after=Seconds(0), notify=("oncall:primary",)),),
        ),
        Escalation(
            severities=("P2",),
            steps=(EscalationStep(after=Seconds(0), notify=("oncall:all",), via=("desk",)),),
        ),
    ),
)
MONDAY = NOON + timedelta(days=5, hours=21)
"""2026-11-30 09:00 in Tokyo: aoki takes over from baba."""


@pytest.fixture
def shop() -> TestPlatform:
    made = TestPlatform(SHOP, senders=ListSenders(), secrets={"LINK_SIGNING": ["k"]})
    links = action_links("https://ops.test", made.secrets)
    made.handlers["deliver_notification"] = deliver.handlers(made.senders, links)
    return made


def ask(
    platform: TestPlatform, about: str, action="test-page", proof="local:lead", **more
) -> Audit:
    command = CommandIssued(
        about=f"test-pages/{about}", action=action, actor="lead", proof=proof, via="cli", at=NOON,
        arguments=more,
    )  # fmt: skip
    before = {audit.id for audit in platform.documents(Audit)}
    platform.send(command)
    platform.drain()
    (audit,) = [audit for audit in platform.documents(Audit) if audit.id not in before]
    return audit


def sent(platform: TestPlatform, kind="test") -> list[NotificationRequested]:
    return [r for r in platform.published(NotificationRequested) if r.kind == kind]


# --- whom, and by what ------------------------------------------------------------------------


def test_whoever_may_be_called_is_found_wherever_the_profile_names_them():
    assert called(SHOP) == ["aoki", "baba", "doi", "chiba"]
    stand_in = Override(start=NOON, end=NOON + timedelta(days=1), person="chiba")
    rotation = msgspec.structs.replace(SHOP.oncall, overrides=(stand_in,))
    changed = msgspec.structs.replace(SHOP, oncall=rotation, severities=())
    assert called(changed) == ["aoki", "baba", "doi", "chiba"]


@pytest.mark.parametrize(
    ("person", "by", "severity"),
    [
        # The primary of P1 by its channels; for P2 the step has channels of its own.
        ("aoki", ["room", "mail", "desk"], "P1"),
        ("chiba", ["room"], "P1"),  # has no mail: its fallback is the room
    ],
)
def test_a_person_is_called_by_every_way_that_a_page_would_take(person, by, severity):
    assert [contact.channel_id for contact in ways(SHOP, person)] == by
    assert severity_of(SHOP, person).label == severity


def test_whoever_is_called_for_little_is_asked_by_what_calls_them_then():
    least = msgspec.structs.replace(SHOP.severities[2], notify=("person:eto",))
    people = {**SHOP.people, "eto": Person(name="Eto", email="eto@example.jp", slack="U5")}
    changed = msgspec.structs.replace(SHOP, severities=(*SHOP.severities[:2], least), people=people)
    assert [contact.channel_id for contact in ways(changed, "eto")] == ["room"]
    assert severity_of(changed, "eto").label == "P3"


def test_whoever_nobody_calls_is_reached_as_for_every_severity():
    alone = msgspec.structs.replace(SHOP, oncall=None)
    assert [contact.channel_id for contact in ways(alone, "aoki")] == ["room", "mail"]
    assert [contact.channel_id for contact in quietly(alone, "aoki")] == ["room"]


def test_a_way_is_known_by_what_sends_and_where_to():
    (room, mail, _) = ways(SHOP, "aoki")
    keys = {key_of(SHOP, room), key_of(SHOP, mail)}
    assert len(keys) == 2
    assert not any("aoki" in key or "U1" in key for key in keys)
    other = msgspec.structs.replace(
        SHOP, channels={**SHOP.channels, "mail": EmailChannel(sender="t@example.jp")}
    )
    assert key_of(other, mail) == key_of(SHOP, mail)  # a fallback is another way
    elsewhere = replace(mail, address="aoki@example.com")
    assert key_of(SHOP, elsewhere) != key_of(SHOP, mail)
    by_other = msgspec.structs.replace(
        SHOP, channels={**SHOP.channels, "room": SlackChannel(webhook_secret="SLACK_WEBHOOK_NEW")}
    )
    assert key_of(by_other, room) != key_of(SHOP, room)


def a_test(*keys: str, answered: bool = True) -> PageTest:
    return PageTest(
        id="tst-1",
        service="shop",
        person="aoki",
        person_name="Aoki",
        asked_by="lead",
        asked_at=NOON,
        contacts=[TestedContact(channel=key, key=key) for key in keys],
        answered_at=NOON if answered else None,
    )


@pytest.mark.parametrize(
    ("keys", "tests", "expected"),
    [
        (["a"], [], "never"),
        (["a"], [a_test("a", answered=False)], "never"),
        (["a"], [a_test("a")], "shown"),
        (["a", "b"], [a_test("a"), a_test("b")], "shown"),  # by two
        (["b"], [a_test("a", "b", "c")], "shown"),  # a way less
        (["a", "b"], [a_test("a")], "changed"),
        (["a", "b"], [a_test("a"), a_test("b", answered=False)], "changed"),
    ],
)
def test_an_answer_holds_for_what_was_called_and_for_nothing_else(keys, tests, expected):
    assert standing(keys, tests) == expected


# --- sending and answering ------------------------------------------------------------------------


def test_it_goes_by_every_way_in_the_words_of_its_reader(shop):
    assert ask(shop, "shop/aoki").outcome == "done"
    requests = sent(shop)
    assert [r.channel for r in requests] == ["room", "mail", "desk"]
    assert requests[0].others == ["mail", "desk"]  # no fallback for what goes there anyway
    assert {(r.target, r.language, r.incident.severity) for r in requests} == {
        ("person:aoki", "ja", 1)
    }
    assert "これはテストです（依頼: lead）" in requests[0].incident.summary
    (test,) = shop.documents(PageTest)
    assert [c.channel for c in test.contacts] == ["room", "mail", "desk"]
    assert (test.status, test.asked_by, test.expires_at) == ("sent", "lead", None)
    assert {n.incident for n in shop.documents(Notification)} == {test.id}


@pytest.mark.parametrize(
    ("about", "proof", "why"),
    [
        ("shop/nobody", "local:lead", "has no person 'nobody'"),
        ("api/aoki", "local:lead", "there is no service 'api'"),
        ("shop", "local:lead", "has no person ''"),
        ("shop/aoki", "", "it needs an actor who is proven"),
        ("shop/aoki", "forged:lead", "it needs an actor who is proven"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_reason(shop, about, proof, why):
    audit = ask(shop, about, proof=proof)
    assert (audit.outcome, why in audit.reason) == ("refused", True)
    assert (sent(shop), shop.documents(PageTest)) == ([], [])


@pytest.mark.parametrize(
    ("proof", "outcome"),
    [
        ("link:person:aoki", "done"),
        ("link:", "done"),  # a message that others can read, too
        ("link:person:baba", "refused"),
        ("google:aoki@example.jp", "refused"),
        ("local:aoki", "refused"),
        ("local:person:aoki", "refused"),
    ],
)
def test_only_the_link_of_a_message_to_them_is_an_answer(shop, proof, outcome):
    ask(shop, "shop/aoki")
    (test,) = shop.documents(PageTest)
    assert ask(shop, test.id, "answer", proof, channel="room").outcome == outcome
    (test,) = shop.documents(PageTest)
    assert (test.status == "answered") == (outcome == "done")
    assert test.proof == (proof if outcome == "done" else "")
    assert ask(shop, "tst-nothing", "answer", proof).outcome == "refused"
    assert ask(shop, f"{test.id}/x", "answer", proof).outcome == "refused"


def test_each_way_is_answered_once_and_a_late_answer_counts(shop):
    ask(shop, "shop/aoki")
    (test,) = shop.documents(PageTest)
    shop.advance(ANSWER_WITHIN)
    shop.drain()
    assert shop.published(PageTestDue) == [PageTestDue(test=test.id)]
    (test,) = shop.documents(PageTest)
    assert (test.status, test.expires_at) == ("unanswered", NOON + timedelta(days=400))
    own = "link:person:aoki"
    assert ask(shop, test.id, "answer", own, channel="mail").outcome == "done"
    assert ask(shop, test.id, "answer", own, channel="mail").outcome == "nothing"
    shop.advance(60)
    assert ask(shop, test.id, "answer", "link:", channel="room").outcome == "done"
    (test,) = shop.documents(PageTest)
    answered = {c.channel: c.answered_at for c in test.contacts}
    first = NOON + ANSWER_WITHIN
    assert answered == {"mail": first, "room": first + timedelta(seconds=60), "desk": None}
    assert (test.status, test.answered_at, test.proof) == ("answered", first, own)


def test_an_answered_one_is_not_given_up(shop):
    ask(shop, "shop/aoki")
    (test,) = shop.documents(PageTest)
    ask(shop, test.id, "answer", "link:person:aoki", channel="mail")
    shop.advance(ANSWER_WITHIN)
    shop.drain()
    assert shop.documents(PageTest)[0].status == "answered"


def test_what_nobody_could_answer_is_not_sent():
    shop = TestPlatform(SHOP)
    ask(shop, "shop/aoki")
    records = shop.documents(Notification)
    assert {(record.status, "LINK_SIGNING" in record.error) for record in records} == {
        ("failed", True)
    }
    assert shop.senders.sent == []


def test_a_way_that_fails_is_followed_by_its_fallback_and_no_incident_is_touched(shop):
    senders = shop.senders
    senders.answers = [Done(), Failed("SMTP 550", retryable=False)]
    ask(shop, "shop/baba")
    (failed,) = shop.published(NotificationFailed)
    assert (failed.request.channel, failed.fallback) == ("mail", "")  # the room has it already
    assert len(senders.sent) == 3


# --- before a shift ---------------------------------------------------------------------------


def watch(platform: TestPlatform) -> None:
    platform.send(ShiftWatchDue())
    platform.drain()


def until(platform: TestPlatform, at) -> None:
    platform.advance(at - platform.clock.now())


def test_whoever_comes_on_duty_and_never_answered_is_asked_and_others_are_told_once(shop):
    watch(shop)
    assert shop.documents(PageTest) == []  # the hand-over is in a week
    until(shop, MONDAY - AHEAD - timedelta(minutes=1))
    watch(shop)
    assert shop.documents(PageTest) == []
    until(shop, MONDAY - AHEAD + timedelta(minutes=1))
    watch(shop)
    (test,) = shop.documents(PageTest)
    assert (test.person, test.shift_at, test.asked_by) == ("aoki", MONDAY, "")
    assert [r.channel for r in sent(shop)] == ["room", "mail", "desk"]
    assert "当番が 2026-11-30" in sent(shop)[0].incident.summary
    (told,) = sent(shop, "shift")  # baba has duty, and hears of it by what does not wake them
    assert (told.target, told.channel) == ("person:baba", "room")
    assert "The shift of Aoki begins at 2026-11-30" in told.incident.summary
    for _ in range(3):
        shop.advance(3600)
        watch(shop)
    assert len(sent(shop)) == 3
    assert len(sent(shop, "shift")) == 1
    assert {n.kind for n in shop.documents(Notification)} == {"test", "shift"}


def test_whoever_has_answered_is_left_alone_until_they_are_called_otherwise(shop):
    ask(shop, "shop/aoki")
    (test,) = shop.documents(PageTest)
    ask(shop, test.id, "answer", "link:person:aoki", channel="mail")
    until(shop, MONDAY - timedelta(hours=14))
    watch(shop)
    assert len(shop.documents(PageTest)) == 1
    people = {**SHOP.people, "aoki": msgspec.structs.replace(SHOP.people["aoki"], slack="U9")}
    changed = msgspec.structs.replace(SHOP, people=people)
    apply(shop.platform.store, [changed], shop.clock.now())
    shop.advance(3600)
    watch(shop)
    assert [t.shift_at for t in shop.documents(PageTest) if t.asked_by == ""] == [MONDAY]


@pytest.mark.parametrize("hour", [21, 23, 0, 3, 8])
def test_nobody_is_woken_by_a_test_before_their_shift(shop, hour):
    until(shop, MONDAY - timedelta(hours=(9 - hour) % 24))  # their shift begins at nine
    watch(shop)
    assert shop.documents(PageTest) == []
    asleep = Person(name="Aoki", email="aoki@example.jp", timezone="America/New_York")
    people = {**SHOP.people, "aoki": asleep}
    apply(shop.platform.store, [msgspec.structs.replace(SHOP, people=people)], shop.clock.now())
    shop.advance(60)
    watch(shop)
    there = shop.clock.now().astimezone(ZoneInfo("America/New_York")).hour
    assert len(shop.documents(PageTest)) == (9 <= there < 21)


def test_a_person_of_several_services_is_asked_once(shop):
    service = msgspec.structs.replace(SHOP.service, id="api", default=False)
    apply(shop.platform.store, [msgspec.structs.replace(SHOP, service=service)], NOON)
    until(shop, MONDAY - timedelta(hours=14))
    watch(shop)
    assert len(shop.documents(PageTest)) == 1


def test_a_stand_in_is_asked_before_their_turn(shop):
    begins = NOON + timedelta(hours=5)
    stand_in = Override(start=begins, end=begins + timedelta(hours=1), person="chiba")
    rotation = msgspec.structs.replace(SHOP.oncall, overrides=(stand_in,))
    apply(shop.platform.store, [msgspec.structs.replace(SHOP, oncall=rotation)], NOON)
    shop.advance(60)
    watch(shop)
    (test,) = shop.documents(PageTest)
    assert (test.person, test.shift_at) == ("chiba", begins)
