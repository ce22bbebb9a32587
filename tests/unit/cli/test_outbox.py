"""`toban outbox`: what channels without their settings would have sent, on a real data directory."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest

from toban import entry
from toban.channels.email.message import Mail
from toban.channels.slack.kind import SlackChannel
from toban.kernel.document import encode
from toban.kernel.edge.http import Request
from toban.kernel.handling.effect import Failed
from toban.local.outbox.kept import MOST, Outbox, OutboxMessage, outbox_of
from toban.local.outbox.senders import OutboxSenders, unset_channels
from toban.local.world import open_world
from toban.notify.documents import Notification
from toban.ports import Create

PROFILE = """\
service: {id: shop, name: 売店, name_en: Shop, language: en, timezone: Asia/Tokyo, default: true}
severities:
  - {label: P1, level: 1, words: [critical], notify: ["channel:room", "channel:hook"], via: [mail]}
channels:
  room: {type: slack, webhook_secret: SLACK_WEBHOOK_OUTBOX_ROOM, fallback: log}
  hook: {type: webhook, url: "https://hooks.example.jp/x", signing_secret: WEBHOOK_OUTBOX_KEY}
  mail: {type: email, sender: toban@example.jp, fallback: log}
  log: {type: console}
people:
  hanako: {name: Hanako, email: hanako@example.jp}
oncall: {members: [hanako], first_shift: 2025-01-06}
escalation:
  - {severities: [P1], steps: [{after: 0m, notify: ["oncall:primary"]}]}
"""
AT = datetime(2026, 11, 22, 3, tzinfo=UTC)


@pytest.fixture
def unset(empty, monkeypatch):
    """A service of which no channel is configured, with an incident."""
    monkeypatch.delenv("TOBAN_SMTP_HOST", raising=False)
    monkeypatch.setenv("TOBAN_PUBLIC_URL", "https://ops.test")
    monkeypatch.setenv("TOBAN_SECRET_LINK_SIGNING", "a-signing-secret")
    (empty.services / "shop.yaml").write_text(PROFILE, encoding="utf-8")
    assert empty.run("apply").code == 0
    assert empty.alert(title="Too many <errors> & more").code == 0
    return empty


def kept(desk, channel):
    listed = desk.run("outbox", "list", "--json").json()
    (id,) = [message["id"] for message in listed if message["channel"] == channel]
    return id


def test_what_is_not_configured_is_kept_and_nobody_believes_that_it_was_sent(unset):
    listed = unset.run("outbox", "list", "--json").json()
    assert {(m["channel"], m["to"], m["lacks"]) for m in listed} == {
        ("mail", "hanako@example.jp", "TOBAN_SMTP_HOST"),
        ("room", "(secret SLACK_WEBHOOK_OUTBOX_ROOM)", "SLACK_WEBHOOK_OUTBOX_ROOM"),
        ("hook", "https://hooks.example.jp/x", "WEBHOOK_OUTBOX_KEY"),
    }
    assert {m["incident"] for m in listed} == {unset.only()["id"]}
    told = unset.run("notifications", "list", "--json").json()
    assert {n["status"] for n in told} == {"outbox"}
    lines = unset.run("incidents", "show", unset.only()["id"], "--json").json()["timeline"]
    said = [line["text"] for line in lines if line["kind"] == "notified"]
    assert len(said) == 3
    assert all("nobody was told" in text for text in said)
    in_japanese = unset.run("incidents", "show", unset.only()["id"], lang="ja").out
    assert in_japanese.count("実際には送っていません") == 3
    shown = unset.run("outbox", "list").out
    assert "Too many <errors> & more" in shown
    assert "incident opened" in shown
    assert unset.run("outbox", "list", "--incident", "inc-nothing", "--json").json() == []
    for narrowed in ("--incident=inc-nothing", "--service=api"):
        assert "Nothing like that" in unset.run("outbox", "list", narrowed).out


def test_beside_an_id_that_is_none_a_few_are_named_as_the_list_has_them(unset):
    said = unset.run("outbox", "show", "zzzzzzzzzzzzzz")
    ids = [m["id"].removeprefix("ntf-")[:8] for m in unset.run("outbox", "list", "--json").json()]
    assert said.code == 1
    assert f"There are: {', '.join(ids[::-1][:5])}." in said.err


def test_a_mail_is_shown_with_subject_and_text_and_its_html_in_a_file(unset, tmp_path):
    id = kept(unset, "mail")
    said = unset.run("outbox", "show", id[:9])
    assert "Hanako <hanako@example.jp>" in said.out
    assert re.search(r"^Subject: P1 .*Too many <errors> & more", said.out, re.MULTILINE)
    assert "5xx ratio 18 %" in said.out
    assert re.search(r"^At: \d{4}-\d\d-\d\d \(\w+\) [\d:]{8} JST$", said.out, re.MULTILINE)
    file = tmp_path / "mail.html"
    assert unset.run("outbox", "show", id, "--html", str(file)).code == 0
    assert "Too many &lt;errors&gt; &amp; more" in file.read_text(encoding="utf-8")
    found = unset.run("outbox", "show", id, "--json").json()
    assert found["html"] == file.read_text(encoding="utf-8")
    (path,) = (unset.data / "outbox").glob(f"*{id}.json")
    assert path.stat().st_mode & 0o77 == 0  # its links are permissions


def test_slack_is_shown_in_words_and_as_what_would_be_posted(unset):
    said = unset.run("outbox", "show", kept(unset, "room"))
    assert "Too many <errors> & more" in said.out
    assert re.search(r"^Subject: P1 .*Too many <errors> & more", said.out, re.MULTILINE)
    assert re.search(r"^Severity: P1$", said.out, re.MULTILINE)
    assert re.search(r"^\S.*: https://ops.test/ingest_action/a\?c=", said.out, re.MULTILINE)
    payload = json.loads(
        unset.run("outbox", "show", kept(unset, "room"), "--json").json()["payload"]
    )
    assert payload["blocks"][0]["type"] == "header"
    assert payload["attachments"][0]["color"].startswith("#")
    refused = unset.run("outbox", "show", kept(unset, "room"), "--html", "x.html")
    assert refused.code == 1
    assert "no HTML" in refused.err


def test_a_webhook_is_shown_as_what_would_be_posted(unset):
    said = unset.run("outbox", "show", kept(unset, "hook"))
    assert "POST https://hooks.example.jp/x" in said.out
    assert "(secret WEBHOOK_OUTBOX_KEY)" in said.out
    shown = unset.run("outbox", "show", kept(unset, "hook"), "--json").json()
    assert json.loads(shown["payload"])["incident"]["id"] == unset.only()["id"]


def test_a_link_in_it_works(unset):
    text = unset.run("outbox", "show", kept(unset, "mail"), "--json").json()["text"]
    query = re.search(r"/ingest_action/a\?(\S+)", text)[1]
    with open_world(unset.data) as world:
        request = Request("POST", "/a", dict(parse_qsl(query)), {}, b"")
        answer = entry.answer_endpoint(
            "ingest_action",
            entry.ENDPOINTS["ingest_action"],
            request,
            world.edges()["ingest_action"],
        )
    assert answer.status == 200
    unset.run("incidents", "note", unset.only()["id"], "looked")  # works the queue off
    assert (unset.only()["status"], unset.only()["assignee"]) == ("acknowledged", "Hanako")


def test_without_the_outbox_it_fails_as_in_the_cloud(empty, monkeypatch):
    monkeypatch.setenv("TOBAN_OUTBOX", "false")
    monkeypatch.delenv("TOBAN_SMTP_HOST", raising=False)
    (empty.services / "shop.yaml").write_text(PROFILE, encoding="utf-8")
    empty.run("apply")
    empty.alert()
    said = empty.run("notifications", "list", "--json").json()
    assert {(n["channel"], n["status"]) for n in said} >= {("mail", "failed"), ("log", "sent")}
    assert empty.run("outbox", "list", "--json").json() == []
    assert "empty" in empty.run("outbox", "list").out
    assert empty.run("outbox", "show").code == 1


class Sent:
    def __init__(self):
        self.ids = []

    def send(self, outgoing):
        self.ids.append(outgoing.id)
        return Failed("no", retryable=False)


@pytest.mark.parametrize(
    ("channel", "environ", "secrets", "goes"),
    [
        ("mail", {}, {}, "outbox"),
        ("mail", {"TOBAN_SMTP_HOST": "mx"}, {}, "out"),
        # Its fallback is configured and leaves the machine: it has to be called.
        ("mail", {}, {"SLACK_WEBHOOK_OUTBOX_ROOM": "https://hooks.slack.com/x"}, "out"),
        ("room", {}, {"SLACK_WEBHOOK_OUTBOX_ROOM": "https://hooks.slack.com/x"}, "out"),
        ("hook", {}, {"WEBHOOK_OUTBOX_KEY": "k"}, "out"),
        ("log", {}, {}, "out"),
    ],
)
def test_a_channel_that_is_configured_is_called(empty, channel, environ, secrets, goes):
    profile = PROFILE.replace("fallback: log}\n  log", "fallback: room}\n  log")
    (empty.services / "shop.yaml").write_text(profile, encoding="utf-8")
    empty.run("apply")
    environ = environ | {f"TOBAN_SECRET_{name}": value for name, value in secrets.items()}
    record = Notification(
        id="ntf-x",
        incident="inc-x",
        service="shop",
        target="person:hanako",
        target_name="Hanako",
        channel=channel,
        kind="opened",
        page=0,
        created_at=AT,
        lease_until=AT,
    )
    inner, outbox = Sent(), outbox_of(empty.data)
    with open_world(empty.data, environ=environ) as world:
        world.platform.store.commit([Create(record.key(record.id), encode(record))])
        senders = OutboxSenders(inner, outbox, world.platform, world.secrets, environ)
        result = senders.send(
            Mail(
                id="ntf-x",
                incident="",
                created_at=AT,
                to=("a@b.jp",),
                subject="s",
                text="",
                html="",
            )
        )
    assert (inner.ids == ["ntf-x"], bool(outbox.find("ntf-x"))) == (goes == "out", goes == "outbox")
    assert isinstance(result, Failed) == (goes == "out")


def test_slack_has_two_ways_and_one_is_enough():
    channel = SlackChannel(token_secret="TOKEN", webhook_secret="HOOK", channel="#room")
    assert channel.lacks(lambda _: False) == "TOKEN"
    assert channel.lacks(lambda name: name == "HOOK") == ""
    assert channel.lacks(lambda name: name == "TOKEN") == ""


def a_message(number, **more):
    fields = {
        "id": f"ntf-{number}",
        "at": AT + timedelta(seconds=number),
        "service": "shop",
        "incident": "inc-1",
        "channel": "mail",
        "kind": "opened",
        "target_name": "Hanako",
        "lacks": "TOBAN_SMTP_HOST",
        "to": "hanako@example.jp",
        "subject": "s",
        "text": "t",
    }
    return OutboxMessage(**(fields | more))


def test_the_oldest_go_and_one_that_comes_twice_is_one(tmp_path):
    outbox = Outbox(tmp_path / "outbox", most=3)
    assert outbox.messages() == []
    for number in range(5):
        outbox.keep(a_message(number))
    outbox.keep(a_message(4, at=AT + timedelta(seconds=9), text="again"))
    assert [(m.id, m.text) for m in outbox.messages()] == [
        ("ntf-2", "t"),
        ("ntf-3", "t"),
        ("ntf-4", "again"),
    ]
    (tmp_path / "outbox" / "20261122T030000.000000-ntf-9.json").write_text("{")
    assert len(outbox.messages()) == 3  # what cannot be read hides nothing
    outbox.expire(AT + timedelta(seconds=3))
    assert [m.id for m in outbox.messages()] == ["ntf-3", "ntf-4"]
    assert MOST == 500


def test_it_knows_no_project(empty, capsys):
    said = empty.run("outbox", "list", "--project", "p")
    assert said.code == 2
    assert "--project" in said.err


def test_what_is_said_at_the_start_is_what_becomes_of_a_message(empty, monkeypatch):
    """A channel that another one stands in for is not kept: that one is called."""
    monkeypatch.delenv("TOBAN_SMTP_HOST", raising=False)
    profile = PROFILE.replace("ROOM, fallback: log", "ROOM, fallback: mail")
    (empty.services / "shop.yaml").write_text(profile, encoding="utf-8")
    assert empty.run("apply").code == 0

    def told(**environ: str):
        with open_world(empty.data) as world:
            return unset_channels(world.platform.documents(), world.secrets, environ)

    room, hook = "SLACK_WEBHOOK_OUTBOX_ROOM", "WEBHOOK_OUTBOX_KEY (hook)"
    assert told() == (sorted([f"{room} (room)", "TOBAN_SMTP_HOST (mail)", hook]), [])
    assert told(TOBAN_SMTP_HOST="mail.test") == ([hook], [f"{room} (room → mail)"])

    monkeypatch.setenv("TOBAN_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("TOBAN_SMTP_PORT", "1")
    monkeypatch.setenv("TOBAN_PUBLIC_URL", "https://ops.test")
    empty.alert()
    assert {m["channel"] for m in empty.run("outbox", "list", "--json").json()} == {"hook"}
