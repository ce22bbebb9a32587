"""Slack, against a server that behaves like it."""

import socket
from datetime import timedelta

import pytest

from tests.unit.notify.world import NOON
from toban.adapters.local.memory.store import MemorySecrets
from toban.channels.config import ChannelConfig
from toban.channels.slack import adapter as slack
from toban.channels.slack.adapter import SlackSender
from toban.channels.slack.message import SlackMessage
from toban.kernel.handling.effect import Done, Failed

TOKEN = "xoxb-not-a-real-token"
AGAIN = {"type": "context", "elements": [{"type": "plain_text", "text": "may be a repetition"}]}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(slack, "TIMEOUT_S", 0.3)
    monkeypatch.setattr(slack, "LOOKUP_TIMEOUT_S", 0.3)


@pytest.fixture
def sender(slack_server):
    secrets = MemorySecrets({"BOT": [TOKEN], "HOOK": [slack_server.webhook]})
    return SlackSender(ChannelConfig(slack_base_url=slack_server.base_url), secrets)


def message(**changes) -> SlackMessage:
    given = {
        "id": "ntf-1",
        "incident": "inc-7",
        "created_at": NOON,
        "token_secret": "BOT",
        "channel": "C0ROOM",
        "text": "Critical",
        "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "Critical"}}],
        "details": [{"type": "divider"}],
        "color": "#c62828",
        "repetition": AGAIN,
    }
    return SlackMessage(**{**given, **changes})


def by_webhook(**changes) -> SlackMessage:
    return message(token_secret="", webhook_secret="HOOK", **changes)


# --- bot token -------------------------------------------------------------------------------


def test_a_message_carries_the_notifications_id_and_unfurls_nothing(sender, slack_server):
    assert sender.send(message()) == Done("C0ROOM/1700000000.000100")
    (posted,) = slack_server.messages
    assert posted["metadata"]["event_payload"]["notification_id"] == "ntf-1"
    assert (posted["unfurl_links"], posted["unfurl_media"]) == (False, False)
    assert posted["link_names"] is False
    assert posted["attachments"][0]["color"] == "#c62828"
    assert slack_server.received[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_a_later_state_changes_the_first_message(sender, slack_server):
    first = sender.send(message())
    second = sender.send(message(id="ntf-2", text="over", thread=first.reference, update=True))
    assert second == first
    assert [m["text"] for m in slack_server.messages] == ["over"]
    assert slack_server.calls() == ["chat.postMessage", "chat.update"]


def test_a_first_message_that_is_gone_is_replaced_by_a_new_one(sender, slack_server):
    gone = message(id="ntf-2", thread="C0ROOM/1600000000.000000", update=True)
    assert isinstance(sender.send(gone), Done)
    assert slack_server.calls() == ["chat.update", "chat.postMessage"]


def test_a_later_page_answers_the_first_message_where_all_can_see_it(sender, slack_server):
    first = sender.send(message())
    sender.send(message(id="ntf-2", thread=first.reference))
    assert slack_server.messages[1]["thread_ts"] == "1700000000.000100"
    assert slack_server.messages[1]["reply_broadcast"] is True


@pytest.mark.parametrize("lost", ["hang", "cut"])
def test_a_message_whose_answer_was_lost_is_looked_up_and_not_posted_again(
    sender, slack_server, lost
):
    slack_server.script = [lost]
    failed = sender.send(message())
    assert isinstance(failed, Failed)
    assert (failed.retryable, failed.unknown) == (True, True)
    assert failed.timed_out == (lost == "hang")
    assert sender.send(message(unknown=True)) == Done("C0ROOM/1700000000.000100")
    assert len(slack_server.messages) == 1


def test_an_answer_in_a_thread_is_looked_up_there(sender, slack_server):
    first = sender.send(message())
    slack_server.script = ["cut"]
    reply = message(id="ntf-2", thread=first.reference)
    sender.send(reply)
    assert sender.send(message(id="ntf-2", thread=first.reference, unknown=True)) == Done(
        "C0ROOM/1700000001.000100"
    )
    assert slack_server.calls()[-1] == "conversations.replies"
    assert len(slack_server.messages) == 2


def test_a_message_that_never_arrived_is_posted_without_a_remark(sender, slack_server):
    sender.send(message(unknown=True))
    (posted,) = slack_server.messages
    assert slack_server.calls() == ["conversations.history", "chat.postMessage"]
    assert AGAIN not in posted["attachments"][0]["blocks"]


def test_where_it_may_not_look_it_posts_and_says_that_it_may_be_a_repetition(sender, slack_server):
    slack_server.readable = False
    sender.send(message(unknown=True))
    assert AGAIN in slack_server.messages[0]["attachments"][0]["blocks"]


@pytest.mark.parametrize(
    ("answer", "again", "unknown"),
    [
        (500, True, False),
        (503, True, False),
        (504, True, True),
        (429, True, False),
        (404, False, False),
        (403, False, False),
        ("ratelimited", True, False),
        ("internal_error", True, True),
        ("channel_not_found", False, False),
        ("invalid_auth", False, False),
    ],
)
def test_what_slack_answers_decides_whether_to_try_again(
    sender, slack_server, answer, again, unknown
):
    slack_server.script = [answer]
    failed = sender.send(message())
    assert isinstance(failed, Failed)
    assert (failed.retryable, failed.unknown) == (again, unknown)
    assert len(slack_server.received) == 1, "the SDK must not try again by itself"


def test_no_secret_means_the_next_channel_not_a_crash(slack_server):
    sender = SlackSender(ChannelConfig(), MemorySecrets())
    assert sender.send(message()) == Failed("secret BOT is not set", retryable=False)
    assert sender.send(by_webhook()) == Failed("secret HOOK is not set", retryable=False)


def test_a_channel_with_both_uses_the_webhook_while_there_is_no_token(slack_server):
    sender = SlackSender(ChannelConfig(), MemorySecrets({"HOOK": [slack_server.webhook]}))
    assert sender.send(message(webhook_secret="HOOK")) == Done()
    assert slack_server.received[0].path.startswith("/services/")


# --- incoming webhook ------------------------------------------------------------------------


def test_a_webhook_gets_the_same_message(sender, slack_server):
    assert sender.send(by_webhook()) == Done()
    (posted,) = slack_server.messages
    assert posted["text"] == "Critical"
    assert AGAIN not in posted["attachments"][0]["blocks"]


def test_a_webhooks_second_copy_says_that_it_may_be_one(sender, slack_server):
    slack_server.script = ["hang"]
    failed = sender.send(by_webhook())
    assert (failed.retryable, failed.unknown, failed.timed_out) == (True, True, True)
    sender.send(by_webhook(unknown=True))
    assert len(slack_server.messages) == 2
    assert AGAIN in slack_server.messages[1]["attachments"][0]["blocks"]


@pytest.mark.parametrize(
    ("answer", "again", "unknown"),
    [(500, True, False), (502, True, True), (429, True, False), (404, False, False)],
)
def test_what_a_webhook_answers_decides_whether_to_try_again(
    sender, slack_server, answer, again, unknown
):
    slack_server.script = [answer]
    failed = sender.send(by_webhook())
    assert (failed.retryable, failed.unknown) == (again, unknown)


def test_a_refused_connection_had_no_effect():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    base = f"http://127.0.0.1:{port}/"
    secrets = MemorySecrets({"BOT": [TOKEN], "HOOK": [base + "services/secretpart"]})
    sender = SlackSender(ChannelConfig(slack_base_url=base), secrets)
    for failed in (sender.send(message()), sender.send(by_webhook())):
        assert (failed.retryable, failed.unknown) == (True, False)
        assert "secretpart" not in failed.error
        assert TOKEN not in failed.error


# --- asked to wait --------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [message, by_webhook])
def test_slack_says_how_long_it_wants_to_be_left_alone(sender, slack_server, make):
    slack_server.script = [429]
    slack_server.also = {"Retry-After": "17"}
    failed = sender.send(make())
    assert isinstance(failed, Failed)
    assert (failed.retryable, failed.after) == (True, timedelta(seconds=17))
