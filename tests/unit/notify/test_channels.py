"""
From the request to the receiver, over real connections, when the process dies between the call
and its record: once where that can be settled, marked as a repetition where it cannot.
"""

import json
import re
import subprocess
import sys
from datetime import timedelta

import msgspec
import pytest

from tests.unit.notify.world import NOON, PROFILE, Crash, World, by_pair, page, paging, resolved
from toban.adapters.local.memory.store import FixedClock, MemorySecrets
from toban.channels.config import ChannelConfig
from toban.channels.senders import ChannelSenders
from toban.channels.webhook.kind import WebhookChannel
from toban.events import NotificationFailed
from toban.kernel import log
from toban.kernel.edge.links import verify
from toban.notify import deliver
from toban.notify.links import action_links
from toban.profile.version import profile_version


@pytest.fixture
def world(slack_server, hook_server, smtp):
    host, port = smtp
    secrets = MemorySecrets(
        {
            "SLACK_BOT_TOKEN": ["xoxb-not-a-real-token"],
            "SLACK_WEBHOOK_OPS": [slack_server.webhook],
            "LINK_SIGNING": ["a-signing-secret"],
        }
    )
    config = ChannelConfig(
        slack_base_url=slack_server.base_url,
        smtp_host=host,
        smtp_port=port,
        smtp_starttls=False,
        environment="local",
    )
    channels = {**PROFILE.channels, "hook": WebhookChannel(url=hook_server.url, fallback="last")}
    profile = msgspec.structs.replace(PROFILE, channels=channels)
    made = World(ChannelSenders(config, secrets, FixedClock(NOON)), profile)
    made.handlers["deliver_notification"] = deliver.handlers(
        made.senders, action_links("https://ops.test/", secrets)
    )
    made.version = profile_version(profile)
    return made


def opened(world):
    return by_pair(world.page(paging(profile_version=world.version)))


def die_between_call_and_record(world, request):
    """Two deliveries: the first dies right after its call, the second comes after its lease."""
    world.die = (world.store.commits + 2, "before")
    with pytest.raises(Crash):
        world.notify(request)
    world.die = None
    world.clock.advance(timedelta(seconds=31))
    assert world.notify(request) == "done"
    assert world.notifications()[request.notification_id].status == "sent"


def test_slack_with_a_token_shows_the_message_once(world, slack_server):
    die_between_call_and_record(world, opened(world)[("channel:room", "room")])
    assert len(slack_server.messages) == 1
    (record,) = world.notifications().values()
    assert record.reference == f"C0ROOM/{slack_server.messages[0]['ts']}"


def test_slack_by_webhook_shows_a_second_message_that_says_so(world, slack_server):
    die_between_call_and_record(world, opened(world)[("person:aoki", "slack")])
    first, second = (json.dumps(m, ensure_ascii=False) for m in slack_server.messages)
    assert "再送の可能性" not in first
    assert "再送の可能性があります（#inc-7·1）" in second


def test_mail_is_sent_again_as_the_same_message(world, mailbox):
    die_between_call_and_record(world, opened(world)[("person:aoki", "mail")])
    ids = {
        line for e in mailbox.envelopes for line in e.content.splitlines() if b"Message-ID" in line
    }
    assert (len(mailbox.envelopes), len(ids)) == (2, 1)


def test_a_webhook_gets_the_same_key_and_the_same_body(world, hook_server):
    die_between_call_and_record(world, opened(world)[("channel:hook", "hook")])
    first, second = hook_server.received
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.body == second.body


def test_the_console_says_that_a_line_may_be_a_repetition(world, capsys):
    request = opened(world)[("channel:hook", "hook")]
    request = msgspec.structs.replace(request, channel="last")
    die_between_call_and_record(world, request)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    first, second = (line for line in lines if line["message"].startswith("NOTIFICATION"))
    assert "repetition" not in first
    assert "#inc-7·1" in second["repetition"]


def test_the_first_message_ends_up_resolved_in_place(world, slack_server):
    request = opened(world)[("channel:room", "room")]
    world.notify(request)
    over = by_pair(world.page(resolved(page(0), profile_version=world.version), "evt-2"))
    world.notify(over[("channel:room", "room")])
    (message,) = slack_server.messages
    assert "解決済み" in message["text"]
    assert message["attachments"][0]["color"] == "#2e7d32"


def test_a_message_offers_signed_links_the_same_at_every_try(world, hook_server, slack_server):
    request = opened(world)[("person:aoki", "slack")]
    die_between_call_and_record(world, request)
    first, second = (json.dumps(m) for m in slack_server.messages)
    link = first[first.index("https://ops.test/ingest_action/a?c=") :].partition("|")[0]
    assert link in second


@pytest.mark.parametrize("pair", [("person:aoki", "slack"), ("channel:room", "room")])
def test_a_link_that_others_can_read_is_nobodys_own(pair, world, slack_server):
    """Whoever clicks it: neither the channel nor whom the message calls."""
    world.notify(opened(world)[pair])
    (message,) = slack_server.messages
    (payload, signature) = re.search(
        r"a\?c=([^&]+)&(?:amp;)?s=([\w-]+)", json.dumps(message)
    ).groups()
    link = verify(payload, signature, ["a-signing-secret"], NOON)
    room = PROFILE.channels[pair[1]].named(pair[1])
    assert (link.actor, link.person) == (f"{room} の誰か", "")


def test_an_unset_secret_leads_to_the_fallback(world, slack_server):
    world.senders._secrets.set("SLACK_BOT_TOKEN")
    request = opened(world)[("channel:room", "room")]
    world.notify(request)
    (failed,) = world.take()
    assert isinstance(failed, NotificationFailed)
    assert (failed.error, failed.fallback) == ("secret SLACK_BOT_TOKEN is not set", "slack")
    (following,) = world.page(failed, "evt-f")
    world.notify(following)
    assert len(slack_server.messages) == 1


def test_a_channel_that_is_broken_by_a_defect_is_given_up_for_the_next(world, monkeypatch, capsys):
    monkeypatch.setattr("toban.channels.slack.message.SlackMessage.body", None)
    request = opened(world)[("channel:room", "room")]
    for _ in range(2):
        with pytest.raises(Exception, match="unexpected TypeError"):
            world.notify(request)
    world.notify(request)
    (failed,) = world.take()
    assert failed.fallback == "slack"
    assert "Traceback" in capsys.readouterr().out


def test_secrets_do_not_reach_the_log_or_the_records(world, slack_server, capsys):
    slack_server.script = [404, 403]
    requests = opened(world)
    for pair in (("channel:room", "room"), ("person:aoki", "slack")):
        world.notify(requests[pair])
    log.warning("a line that quotes xoxb-not-a-real-token", url=slack_server.webhook)
    out = capsys.readouterr().out
    records = repr(list(world.notifications().values()))
    for secret in ("xoxb-not-a-real-token", "secretpart"):
        assert secret not in out
        assert secret not in records


def test_a_channel_is_imported_only_when_it_is_used():
    program = (
        "import sys\n"
        "import toban.notify.deliver, toban.channels.senders\n"
        "print([m for m in ('slack_sdk', 'smtplib', 'http.client', 'yaml') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
