"""One notification is one call: through failures, crashes and arrivals in any order."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from tests.unit.notify.world import (
    NOON,
    Crash,
    ListSenders,
    World,
    acknowledged,
    by_pair,
    incident,
    page,
    paging,
    resolved,
)
from toban.channels.console.message import ConsoleLine
from toban.channels.email.message import Mail
from toban.channels.slack.message import SlackMessage
from toban.channels.webhook.message import WebhookCall
from toban.events import NotificationFailed
from toban.kernel.errors import TryLater
from toban.kernel.handling.effect import Done, Failed
from toban.notify.deliver import as_it_is, is_overtaken

ROOM = ("channel:room", "room")
MAIL = ("person:aoki", "mail")
LATER = timedelta(seconds=31)


class Story:
    """One critical incident and the requests that its events lead to."""

    def __init__(self, *answers) -> None:
        self.senders = ListSenders(list(answers))
        self.world = World(self.senders)
        self.opened = by_pair(self.world.page(paging()))
        self.escalated = by_pair(self.world.page(paging(1, "reopened"), "evt-2"))
        self.acknowledged = by_pair(self.world.page(acknowledged(page(0)), "evt-3"))
        self.resolved = by_pair(self.world.page(resolved(page(0), acknowledged_at=NOON), "evt-4"))

    def record(self, request):
        return self.world.notifications()[request.notification_id]

    def send(self, request, message_id=""):
        return self.world.notify(request, message_id)

    def kinds(self) -> list[str]:
        """What was sent, told by the record of each."""
        records = self.world.notifications()
        return [records[outgoing.id].kind for outgoing in self.senders.sent]


@pytest.fixture
def story() -> Story:
    return Story()


def test_each_kind_of_channel_gets_its_kind_of_message(story):
    for request in story.opened.values():
        assert story.send(request) == "done"
    slack, mail, room, hook = story.senders.sent
    assert isinstance(slack, SlackMessage)
    assert (slack.webhook_secret, slack.update) == ("SLACK_WEBHOOK_OPS", False)
    assert isinstance(mail, Mail)
    assert (mail.to, mail.urgent) == (("aoki@shop.test",), True)
    assert isinstance(room, SlackMessage)
    assert (room.token_secret, room.channel) == ("SLACK_BOT_TOKEN", "C0ROOM")
    assert isinstance(hook, WebhookCall)
    body = msgspec.json.decode(hook.body)
    assert (body["id"], body["kind"], body["incident"]["id"]) == (hook.id, "opened", "inc-7")


def test_a_sent_notification_is_recorded_with_time_and_reference(story):
    story.send(story.opened[ROOM])
    record = story.record(story.opened[ROOM])
    assert (record.status, record.attempts, record.sent_at) == ("sent", 1, NOON)
    assert record.reference == "C0ROOM/1.0"


def test_a_repetition_sends_nothing(story):
    request = story.opened[ROOM]
    story.send(request)
    assert story.send(request) == "duplicate"
    assert story.send(request, message_id="m-other") == "duplicate"
    assert len(story.senders.sent) == 1


def test_two_deliveries_at_once_make_one_call(story):
    request = story.opened[ROOM]
    refused = []

    class Slow(ListSenders):
        def send(self, outgoing):
            with pytest.raises(TryLater):
                story.send(request)  # the second delivery arrives during the call
            refused.append(outgoing.id)
            return super().send(outgoing)

    story.world.handlers = World(slow := Slow()).handlers
    story.send(request)
    assert (len(slow.sent), len(refused)) == (1, 1)


def test_a_failure_worth_repeating_is_repeated_three_times_then_the_next_channel_is_due():
    story = Story(*[Failed("busy", retryable=True)] * 3)
    request = story.opened[ROOM]
    for _ in range(2):
        with pytest.raises(TryLater, match="busy"):
            story.send(request)
        assert story.record(request).status == "waiting"
    assert story.send(request) == "done"
    (failed,) = story.world.take()
    assert isinstance(failed, NotificationFailed)
    assert (failed.fallback, failed.error) == ("slack", "busy")
    record = story.record(request)
    assert (record.status, record.attempts, record.error) == ("failed", 3, "busy")


def test_a_failure_for_good_is_not_repeated():
    story = Story(Failed("no such channel", retryable=False))
    story.send(story.opened[ROOM])
    (failed,) = story.world.take()
    assert failed.fallback == "slack"
    assert len(story.senders.sent) == 1


def test_the_whole_chain_of_fallbacks_is_used_and_ends():
    story = Story(*[Failed("no", retryable=False)] * 9)
    request, channels = story.opened[ROOM], []
    for number in range(9):
        story.send(request)
        (failed,) = story.world.take()
        channels.append(failed.fallback)
        if not failed.fallback:
            break
        (request,) = story.world.page(failed, f"evt-f{number}")
    # The mail channel has no address for a channel target and is passed over.
    assert channels == ["slack", "last", ""]
    assert isinstance(story.senders.sent[-1], ConsoleLine)


def test_a_channel_that_already_reaches_the_person_is_no_fallback():
    story = Story(Failed("no", retryable=False))
    story.send(story.opened[("person:aoki", "slack")])  # falls back to mail, which is asked too
    (failed,) = story.world.take()
    assert failed.fallback == "last"


# --- crashes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("commit", [1, 2])
@pytest.mark.parametrize("when", ["before", "after"])
def test_whenever_the_process_dies_the_next_delivery_finishes_the_work(commit, when):
    story = Story()
    request = story.opened[ROOM]
    story.world.die = (story.world.store.commits + commit, when)
    with pytest.raises(Crash):
        story.send(request)
    story.world.die = None
    if commit == 1 and when == "after":
        with pytest.raises(TryLater):
            story.send(request)  # the lease still runs
    story.world.clock.advance(LATER)
    story.send(request)
    assert story.record(request).status == "sent"
    calls = story.senders.sent
    if (commit, when) == (2, "before"):
        # Called, not recorded: the sender is told that the outcome of the first is unknown.
        assert [call.unknown for call in calls] == [False, True]
        assert calls[0].id == calls[1].id
        assert calls[0].created_at == calls[1].created_at
    elif (commit, when) == (1, "after"):
        assert [call.unknown for call in calls] == [True]
    else:
        assert [call.unknown for call in calls] == [False]


def test_dying_after_the_record_still_hands_over_to_the_next_channel():
    story = Story(Failed("no", retryable=False))
    request = story.opened[ROOM]
    story.world.die = (story.world.store.commits + 2, "after")
    with pytest.raises(Crash):
        story.send(request)
    story.world.die = None
    assert story.world.take() == []
    assert story.send(request) == "duplicate"
    (failed,) = story.world.take()
    assert failed.fallback == "slack"
    assert len(story.senders.sent) == 1


def test_who_comes_back_after_his_lease_may_not_record():
    story = Story()
    request = story.opened[ROOM]

    class Sleepy(ListSenders):
        def send(self, outgoing):
            result = super().send(outgoing)
            if len(self.sent) == 1:
                story.world.clock.advance(LATER)
                story.send(request)  # another delivery takes over and finishes
            return result

    sleepy = Sleepy()
    story.world.handlers = World(sleepy).handlers
    with pytest.raises(TryLater, match="took over"):
        story.send(request)
    assert story.record(request).fence == 2
    assert story.send(request) == "duplicate"


# --- closing ---------------------------------------------------------------------------------


def test_what_was_opened_is_closed(story):
    story.send(story.opened[MAIL])
    assert story.send(story.resolved[MAIL]) == "done"
    assert story.kinds() == ["opened", "resolved"]


def test_closed_before_it_was_opened_nothing_is_ever_sent(story):
    assert story.send(story.resolved[MAIL]) == "done"
    assert story.send(story.opened[MAIL]) == "duplicate"
    assert story.senders.sent == []
    assert story.record(story.opened[MAIL]).status == "void"
    assert story.send(story.resolved[MAIL]) == "nothing"


def test_an_opening_waiting_for_another_try_is_not_tried_again_once_closed():
    story = Story(Failed("busy", retryable=True))
    with pytest.raises(TryLater):
        story.send(story.opened[MAIL])
    story.send(story.resolved[MAIL])
    assert story.send(story.opened[MAIL]) == "duplicate"
    assert len(story.senders.sent) == 1


def test_an_opening_that_may_have_arrived_is_closed():
    story = Story(Failed("timed out", retryable=True, unknown=True))
    with pytest.raises(TryLater):
        story.send(story.opened[MAIL])
    story.send(story.resolved[MAIL])
    assert story.kinds() == ["opened", "resolved"]
    assert story.send(story.opened[MAIL]) == "duplicate"


def test_a_closing_waits_while_its_opening_is_being_sent():
    story = Story()

    class Meanwhile(ListSenders):
        def send(self, outgoing):
            if not self.sent:
                with pytest.raises(TryLater, match="under way"):
                    story.send(story.resolved[MAIL])
            return super().send(outgoing)

    story.world.handlers = World(meanwhile := Meanwhile()).handlers
    story.send(story.opened[MAIL])
    story.send(story.resolved[MAIL])
    assert len(meanwhile.sent) == 2


def test_an_opening_whose_sender_died_counts_as_sent_and_is_closed(story):
    story.world.die = (story.world.store.commits + 2, "before")
    with pytest.raises(Crash):
        story.send(story.opened[MAIL])
    story.world.die = None
    story.world.clock.advance(LATER)
    story.send(story.resolved[MAIL])
    assert story.kinds() == ["opened", "resolved"]
    assert story.send(story.opened[MAIL]) == "duplicate"


@pytest.mark.parametrize("commit", [1, 2])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_closing_survives_crashes_although_what_it_closes_is_settled_by_then(commit, when):
    """The first try voided the opening; the second must still know that it may have been sent."""
    story = Story()
    opening, closing = story.opened[MAIL], story.resolved[MAIL]
    story.world.die = (story.world.store.commits + 2, "before")
    with pytest.raises(Crash):
        story.send(opening)
    story.world.clock.advance(LATER)
    story.world.die = (story.world.store.commits + commit, when)
    with pytest.raises(Crash):
        story.send(closing)
    story.world.die = None
    story.world.clock.advance(LATER)
    story.send(closing)
    assert story.record(closing).status == "sent"
    assert "resolved" in story.kinds()


def test_a_late_fallback_of_a_closed_page_is_not_sent():
    story = Story(Failed("no", retryable=False))
    story.send(story.opened[ROOM])
    (failed,) = story.world.take()
    (following,) = story.world.page(failed, "evt-f")
    story.send(story.resolved[("person:aoki", "slack")])
    assert story.send(following) == "duplicate"
    assert len(story.senders.sent) == 1


def test_a_late_acknowledgement_does_not_undo_a_closing(story):
    story.send(story.opened[ROOM])
    story.send(story.resolved[ROOM])
    assert story.send(story.acknowledged[ROOM]) == "duplicate"
    assert story.kinds() == ["opened", "resolved"]


def test_a_closing_that_fails_is_told_by_the_fallback():
    story = Story(Done("C0ROOM/1.0"), Failed("no", retryable=False))
    story.send(story.opened[ROOM])
    story.send(story.resolved[ROOM])
    (failed,) = story.world.take()
    (following,) = story.world.page(failed, "evt-f")
    assert story.send(following) == "done"
    assert story.kinds() == ["opened", "resolved", "resolved"]


def test_every_order_of_opening_and_closing_ends_closed():
    """Openings, fallbacks and closings of one pair, in every order: never open at the end."""
    from itertools import permutations

    for order in permutations(["opened", "acknowledged", "resolved"]):
        story = Story()
        for name in order:
            story.send(getattr(story, name)[ROOM])
        for name in order:  # everything is delivered again
            story.send(getattr(story, name)[ROOM])
        kinds = story.kinds()
        if kinds:
            assert kinds[-1] == "resolved", order
            assert kinds.count("resolved") == 1


# --- Slack messages that are updated ---------------------------------------------------------


def test_later_states_update_the_first_message_and_later_pages_answer_it(story):
    story.send(story.opened[ROOM])
    story.send(story.escalated[ROOM])
    story.send(story.acknowledged[ROOM])
    story.send(story.resolved[ROOM])
    seen = [(sent.thread, sent.update) for sent in story.senders.sent]
    first = "C0ROOM/1.0"
    assert seen == [("", False), (first, False), (first, True), (first, True)]


def test_a_state_never_updates_the_message_of_a_later_page(story):
    story.send(story.escalated[ROOM])
    story.send(msgspec.structs.replace(story.acknowledged[ROOM], page=0))
    assert [(sent.thread, sent.update) for sent in story.senders.sent] == [("", False), ("", True)]


def test_an_acknowledgement_waits_for_the_message_it_updates(story):
    class Meanwhile(ListSenders):
        def send(self, outgoing):
            if not self.sent:
                with pytest.raises(TryLater, match="before it"):
                    story.send(story.acknowledged[ROOM])
            return super().send(outgoing)

    story.world.handlers = World(Meanwhile()).handlers
    story.send(story.opened[ROOM])
    assert story.send(story.acknowledged[ROOM]) == "done"


def test_what_an_earlier_release_asked_for_leaves_without_its_credentials():
    """Its request was waiting already when this one began to mask what comes in."""
    story = Story()
    secret = "ghp_" + "a1B2" * 9
    request = story.opened[ROOM]
    story.send(
        msgspec.structs.replace(
            request,
            incident=msgspec.structs.replace(
                request.incident, title=f"push with {secret}", labels={"token": secret}
            ),
        )
    )
    (sent,) = story.senders.sent
    assert secret not in repr(sent)
    assert "push with" in repr(sent)


@pytest.mark.parametrize(
    ("asked", "kind", "status", "overtaken"),
    [
        ("open", "opened", "open", False),
        ("open", "opened", "acknowledged", True),
        ("open", "joined", "acknowledged", False),
        ("acknowledged", "raised", "acknowledged", False),
        ("acknowledged", "reopened", "open", False),
        ("open", "joined", "resolved", True),
    ],
)
def test_a_page_is_overtaken_by_whoever_took_it_since_and_by_the_end(
    asked, kind, status, overtaken
):
    request = msgspec.structs.replace(
        by_pair(World().page(paging()))[ROOM], kind=kind, incident=incident(status=asked)
    )
    now: Any = SimpleNamespace(status=status, snapshot=lambda: incident(status=status))
    assert is_overtaken(request, now) == overtaken
    taken = asked == "open" and status == "acknowledged"
    assert (as_it_is(request, now).incident.status) == (status if taken else asked)
    assert as_it_is(request, None) == request


@pytest.mark.parametrize("remind_at", [NOON, None])
def test_a_reminder_is_overtaken_when_it_was_answered(remind_at):
    request = msgspec.structs.replace(
        by_pair(World().page(paging()))[ROOM],
        kind="reminded",
        incident=incident(status="acknowledged", remind_at=NOON),
    )
    now: Any = SimpleNamespace(status="acknowledged", remind_at=remind_at)
    assert is_overtaken(request, now) == (remind_at is None)
