"""A destination that does not answer: when its breaker opens, who is let through, what closes it."""

import json
from datetime import timedelta
from operator import attrgetter

import msgspec
import pytest

from tests.unit.notify.test_deliver import ROOM, Story
from tests.unit.notify.world import NOON, PROFILE, ListSenders, World, by_pair, paging
from toban.channels.console.message import ConsoleLine
from toban.channels.email.message import Mail
from toban.channels.slack.message import SlackMessage
from toban.channels.webhook.message import WebhookCall
from toban.events import NotificationFailed
from toban.kernel.errors import TryLater
from toban.kernel.event import Event, to_message
from toban.kernel.handling.effect import Failed
from toban.notify.destinations import (
    PROBE_EVERY,
    TIMEOUTS,
    WINDOW,
    Breakers,
    lane_of,
)
from toban.ports import Message

destination = attrgetter("destination")
SILENT = Failed("timed out", retryable=True, unknown=True, timed_out=True)
HERE, THERE = ("webhook", "https://a.test"), ("webhook", "https://b.test")
SECOND = timedelta(seconds=1)


def silent(breakers, times=TIMEOUTS, where=HERE, at=NOON):
    for _ in range(times):
        breakers.note(where, at, answered=False, channel="shop/hook")


@pytest.fixture
def breakers():
    return Breakers()


# --- the breaker -------------------------------------------------------------------------------


def test_a_breaker_opens_after_some_calls_in_a_row_without_an_answer(breakers):
    silent(breakers, TIMEOUTS - 1)
    assert breakers.admits(HERE, NOON)
    silent(breakers, 1)
    assert not breakers.admits(HERE, NOON)
    assert breakers.admits(THERE, NOON), "another destination has nothing to do with it"


def test_an_answer_in_between_starts_the_count_anew(breakers):
    silent(breakers, TIMEOUTS - 1)
    breakers.note(HERE, NOON, answered=True, channel="shop/hook")
    silent(breakers, TIMEOUTS - 1)
    assert breakers.admits(HERE, NOON)


def test_silence_long_ago_is_not_in_a_row(breakers):
    for number in range(TIMEOUTS + 2):
        silent(breakers, 1, at=NOON + number * WINDOW)
    assert breakers.admits(HERE, NOON + (TIMEOUTS + 2) * WINDOW)


def test_calls_five_minutes_apart_are_not_in_a_row(breakers):
    for number in range(9):
        silent(breakers, 1, at=NOON + number * timedelta(minutes=5))
        assert breakers.admits(HERE, NOON + number * timedelta(minutes=5))


def test_one_probe_is_let_through_from_time_to_time_and_its_answer_closes(breakers):
    silent(breakers)
    for number in range(1, 4):
        at = NOON + number * PROBE_EVERY
        assert not breakers.admits(HERE, at - SECOND)
        assert breakers.admits(HERE, at)
        assert not breakers.admits(HERE, at), "one probe, not two"
        silent(breakers, 1, at=at)
    at = NOON + 4 * PROBE_EVERY
    assert breakers.admits(HERE, at)
    breakers.note(HERE, at, answered=True, channel="shop/hook")
    assert breakers.admits(HERE, at)
    assert breakers.admits(HERE, at)


def test_three_silent_calls_less_than_five_minutes_apart_open_it_and_one_in_30_s_goes_through(
    breakers, capsys
):
    apart = timedelta(minutes=4, seconds=59)
    for number in range(5):
        silent(breakers, 1, at=NOON + number * apart)
    last = NOON + 4 * apart
    passed = [s for s in range(70) if breakers.admits(HERE, last + s * SECOND)]
    assert passed == [30, 60]
    breakers.note(HERE, last, answered=True, channel="shop/hook")
    breakers.note(HERE, last, answered=True, channel="shop/hook")

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["message"].partition(":")[0], line["channel"]) for line in lines] == [
        ("breaker open", "shop/hook"),
        ("breaker closed", "shop/hook"),
    ]
    assert lines[0]["calls"] == 3


def test_a_probe_that_never_came_back_does_not_keep_the_breaker_open(breakers):
    silent(breakers)
    assert breakers.admits(HERE, NOON + PROBE_EVERY)
    assert breakers.admits(HERE, NOON + 2 * PROBE_EVERY)


def test_a_clock_that_was_ahead_does_not_keep_a_breaker_open(breakers):
    silent(breakers, at=NOON + timedelta(days=300))
    assert breakers.admits(HERE, NOON)


def test_a_line_on_the_log_always_answers(breakers):
    silent(breakers, 9, where=None)
    assert breakers.admits(None, NOON)


# --- where things go ---------------------------------------------------------------------------


def test_channels_that_call_the_same_have_one_destination():
    given = {"id": "n", "incident": "i", "created_at": NOON}
    slack = {"text": "", "blocks": [], **given}
    mail = {"to": ("a@b.test",), "subject": "", "text": "", "html": "", **given}

    assert destination(WebhookCall(url="u", body=b"", **given)) == ("webhook", "u")
    assert destination(WebhookCall(url_secret="S", body=b"", **given)) == ("webhook", "S")
    assert destination(SlackMessage(token_secret="T", channel="C1", **slack)) == destination(
        SlackMessage(token_secret="T", channel="C2", **slack)
    )
    assert destination(SlackMessage(webhook_secret="W", **slack)) == ("slack", "W")
    assert destination(Mail(**mail)) == destination(Mail(**{**mail, "to": ("c@d.test",)}))
    assert destination(ConsoleLine(text="", **given)) is None


def test_each_channel_of_each_service_has_its_lane():
    world = World()
    requests = by_pair(world.page(paging()))

    def lane(request):
        event = Event(id="e", source="/test", time=NOON, body=request)
        return lane_of(to_message(event))

    assert {lane(request) for request in requests.values()} == {
        "shop/slack", "shop/mail", "shop/room", "shop/hook",
    }  # fmt: skip
    elsewhere = msgspec.structs.replace(
        requests[ROOM],
        incident=msgspec.structs.replace(requests[ROOM].incident, service="search"),
    )
    assert lane(elsewhere) == "search/room"


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b'{"channel": 1}', b"\xff"])
def test_what_is_no_request_has_the_lane_without_a_name(data):
    assert lane_of(Message("notification-requested", data, {})) == ""


# --- in the delivery ---------------------------------------------------------------------------


def pages(story, numbers, key=ROOM):
    """Requests of further incidents for the same target by the same channel."""
    for number in numbers:
        body = paging()
        other = msgspec.structs.replace(
            body, incident=msgspec.structs.replace(body.incident, id=f"inc-{number}")
        )
        yield by_pair(story.world.page(other, f"evt-{number}"))[key]


def try_once(story, request):
    try:
        return story.send(request)
    except TryLater:
        return "again"


def test_once_a_destination_is_silent_the_next_page_goes_to_the_fallback_at_once():
    story = Story(*[SILENT] * TIMEOUTS)
    for request in pages(story, range(TIMEOUTS)):
        assert try_once(story, request) == "again"

    (request,) = pages(story, [10])
    assert try_once(story, request) == "done"

    (failed,) = story.world.take()
    assert isinstance(failed, NotificationFailed)
    assert (failed.fallback, failed.error) == (
        "slack",
        "room was not called: it has stopped answering",
    )
    assert len(story.senders.sent) == TIMEOUTS
    record = story.record(request)
    assert (record.status, record.unknown) == ("failed", False)
    (replacement,) = story.world.page(failed, "evt-f")
    assert story.send(replacement) == "done"
    assert story.record(replacement).status == "sent"


def test_a_try_that_is_repeated_finds_the_breaker_open_and_stays_perhaps_sent():
    story = Story(*[SILENT] * TIMEOUTS)
    requests = list(pages(story, range(TIMEOUTS)))
    for request in requests:
        try_once(story, request)

    assert try_once(story, requests[0]) == "done"

    (failed,) = story.world.take()
    assert failed.fallback == "slack"
    record = story.record(requests[0])
    assert (record.status, record.maybe_sent) == ("failed", True)


def test_a_probe_that_is_answered_opens_the_way_again():
    story = Story(*[SILENT] * TIMEOUTS)
    for request in pages(story, range(TIMEOUTS)):
        try_once(story, request)
    story.world.clock.advance(PROBE_EVERY)

    probe, after = pages(story, [10, 11])

    assert try_once(story, probe) == "done"
    assert try_once(story, after) == "done"
    assert story.world.take() == []
    assert [story.record(r).status for r in (probe, after)] == ["sent", "sent"]


def test_the_last_way_is_tried_however_silent_it_has_been():
    # Neither channel has a fallback: there is nobody else to turn to.
    channels = {
        name: msgspec.structs.replace(channel, fallback="")
        for name, channel in PROFILE.channels.items()
        if name != "last"
    }
    profile = msgspec.structs.replace(PROFILE, channels=channels)
    senders = ListSenders([SILENT] * 4 * TIMEOUTS)
    world = World(senders, profile)
    from toban.profile.version import profile_version

    story = Story()
    story.world, story.senders = world, senders

    def request(number):
        body = paging(profile_version=profile_version(profile))
        incident = msgspec.structs.replace(body.incident, id=f"inc-{number}")
        other = msgspec.structs.replace(body, incident=incident)
        return by_pair(world.page(other, f"evt-{number}"))[ROOM]

    for number in range(TIMEOUTS):
        try_once(story, request(number))
    assert len(senders.sent) == TIMEOUTS

    last = request(10)
    for _ in range(3):
        try_once(story, last)

    assert [outgoing.id for outgoing in senders.sent[TIMEOUTS:]] == [last.notification_id] * 3
    (failed,) = world.take()
    assert (failed.fallback, failed.error) == ("", "timed out")
    senders.answers.clear()
    assert try_once(story, request(11)) == "done", "an answer to the last way closes the breaker"


def test_a_chain_of_silent_channels_ends_with_a_call():
    story = Story(*[SILENT] * 2 * TIMEOUTS)
    for request in pages(story, range(TIMEOUTS)):
        try_once(story, request)
    (request,) = pages(story, [10])
    for number in range(TIMEOUTS):  # the fallback of the room keeps silent as well
        (page,) = pages(story, [20 + number], ("person:aoki", "slack"))
        try_once(story, page)
    story.world.take()

    sent = len(story.senders.sent)
    channels = []
    while True:
        assert try_once(story, request) == "done"
        taken = story.world.take()
        if not taken:
            break
        channels.append(taken[0].fallback)
        (request,) = story.world.page(taken[0], f"evt-f{len(channels)}")

    assert channels == ["slack", "last"]
    assert [type(outgoing) for outgoing in story.senders.sent[sent:]] == [ConsoleLine]


def test_failures_that_are_answers_open_nothing():
    story = Story(*[Failed("HTTP 500", retryable=True)] * 9)
    for request in pages(story, range(9)):
        try_once(story, request)
    assert len(story.senders.sent) == 9
    (request,) = pages(story, [10])
    assert try_once(story, request) == "done"
    assert isinstance(story.senders.sent[-1], SlackMessage)
    assert story.senders.answers == []
