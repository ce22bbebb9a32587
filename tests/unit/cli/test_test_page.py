"""`toban test-page`: from the command to the tap on the link, on a real data directory."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest

from toban import entry
from toban.cli.kit.times import now
from toban.events import PageTestDue
from toban.kernel.edge.http import Request
from toban.kernel.event import Event, to_message
from toban.local.world import open_world

PROFILE = """\
service: {id: shop, name: 売店, name_en: Shop, language: en, timezone: Asia/Tokyo, default: true}
severities:
  - {label: P1, level: 1, words: [critical], notify: ["channel:log"], via: [mail, room]}
  - {label: P3, level: 3, words: [warning], notify: ["channel:log"], via: [mail]}
channels:
  room: {type: slack, webhook_secret: SLACK_WEBHOOK_TESTPAGE}
  mail: {type: email, sender: toban@example.jp}
  log: {type: console}
people:
  hanako: {name: Hanako, email: hanako@example.jp, slack: U1}
  taro: {name: Taro, email: taro@example.jp, language: ja}
  jiro: {name: Jiro, email: jiro@example.jp}
oncall: {members: [hanako, taro], first_shift: 2025-01-06}
escalation:
  - {severities: [P1, P3], steps: [{after: 0m, notify: ["oncall:primary"]}]}
"""


@pytest.fixture
def shop(empty, monkeypatch):
    """Nothing is configured: whatever is sent goes to the outbox."""
    monkeypatch.delenv("TOBAN_SMTP_HOST", raising=False)
    monkeypatch.setenv("TOBAN_PUBLIC_URL", "https://ops.test")
    monkeypatch.setenv("TOBAN_SECRET_LINK_SIGNING", "a-signing-secret")
    (empty.services / "shop.yaml").write_text(PROFILE, encoding="utf-8")
    assert empty.run("apply").code == 0
    return empty


def in_outbox(shop, channel, kind="test"):
    listed = shop.run("outbox", "list", "--json").json()
    ids = [m["id"] for m in listed if (m["channel"], m["kind"]) == (channel, kind)]
    return [shop.run("outbox", "show", id, "--json").json() for id in ids]


def tap(shop, message, method="POST", **more):
    """Follow the link of a message; the text that the page shows."""
    query = re.search(r"/ingest_action/test\?(\S+)", message["text"])[1].replace("&amp;", "&")
    with open_world(shop.data) as world:
        request = Request(method, "/test", dict(parse_qsl(query)) | more, {}, b"")
        function = entry.ENDPOINTS["ingest_action"]
        edge = world.edges()["ingest_action"]
        answer = entry.answer_endpoint("ingest_action", function, request, edge)
    return answer.status, (answer.body or b"").decode()


def publish(shop, body, id):
    """An event comes in by itself; the next command works it off."""
    with open_world(shop.data) as world:
        sent = Event(id=id, source="/test", time=now(), subject=body.subject(), body=body)
        world.platform.bus.publish([to_message(sent)])
    assert shop.run("send", "minute-passed").code == 0


def state_of(shop, person):
    (found,) = shop.run("test-page", "--list", person, "--json").json()
    return found


def test_a_test_page_goes_by_every_channel_and_says_that_it_is_one(shop):
    said = shop.run("test-page", "Hanako", "--as", "the lead")
    assert said.code == 0
    assert "test page to Hanako by mail, room" in said.out
    assert "mail: outbox" in said.out
    (mail,), (slack,) = in_outbox(shop, "mail"), in_outbox(shop, "room")
    assert mail["subject"] == "TEST test page: Can you be called by this? (Hanako) [Shop]"
    assert "This is a test, asked for by the lead." in mail["text"]
    assert "Nothing is wrong." in mail["text"]
    assert "Acknowledge" not in mail["text"] + mail["html"] + slack["text"]
    assert not re.search(r"(^|\s)P1\b", mail["text"] + slack["text"], re.MULTILINE)
    assert slack["subject"].startswith("<@U1> TEST test page")
    assert shop.incidents() == []


def test_one_tap_is_the_answer_and_the_page_says_that_it_worked(shop):
    shop.run("test-page", "hanako")
    (mail,), (slack,) = in_outbox(shop, "mail"), in_outbox(shop, "room")
    before = tap(shop, mail, "GET")
    assert before[0] == 200
    assert "It reached me" in before[1]
    assert state_of(shop, "hanako")["test"]["status"] == "sent"  # looking is no answer

    status, page = tap(shop, mail)
    assert (status, "not yet recorded" in page) == (200, True)
    assert 'http-equiv="refresh"' in page
    shop.run("send", "minute-passed")
    found = state_of(shop, "hanako")
    assert (found["standing"], found["test"]["status"]) == ("shown", "answered")
    assert found["test"]["proof"] == "link:person:hanako"
    answered = {c["channel"]: c["answered_at"] is not None for c in found["test"]["contacts"]}
    assert answered == {"mail": True, "room": False}
    page = tap(shop, mail, "GET")[1]
    assert "It worked" in page
    assert "<button" not in page

    # A second tap changes nothing; the message that others can read names whom it is for.
    tap(shop, mail)
    shop.run("send", "minute-passed")
    assert state_of(shop, "hanako") == found
    page = tap(shop, slack, "GET")[1]
    assert "I am Hanako" in page
    tap(shop, slack)
    shop.run("send", "minute-passed")
    assert all(c["answered_at"] for c in state_of(shop, "hanako")["test"]["contacts"])
    said = shop.run("test-page", "--list")
    assert re.search(
        r"^hanako +shop +shown +mail, room .* answered +mail, room$", said.out, re.MULTILINE
    )


def test_it_is_read_in_the_language_of_its_person(shop):
    shop.run("test-page", "taro", lang="ja")
    (mail,) = in_outbox(shop, "mail")
    assert "【テスト】 テスト呼び出し" in mail["subject"]
    assert "届きました" in tap(shop, mail, "GET")[1]
    tap(shop, mail)
    shop.run("send", "minute-passed")
    assert "テスト成功" in tap(shop, mail, "GET")[1]
    assert "確認済み" in shop.run("test-page", "--list", lang="ja").out


def test_a_link_that_has_expired_answers_nothing(shop, monkeypatch):
    shop.run("test-page", "hanako")
    (mail,) = in_outbox(shop, "mail")
    later = now() + timedelta(days=2, seconds=1)
    monkeypatch.setattr("toban.adapters.local.files.blobs.SystemClock.now", lambda _: later)
    status, page = tap(shop, mail)
    assert (status, "expired" in page) == (410, True)
    shop.run("send", "minute-passed")
    assert state_of(shop, "hanako")["standing"] == "never"


def test_what_is_not_answered_is_said_and_a_late_answer_counts(shop):
    shop.run("test-page", "hanako")
    id = state_of(shop, "hanako")["test"]["id"]
    publish(shop, PageTestDue(test=id), "due-1")
    assert state_of(shop, "hanako")["test"]["status"] == "unanswered"
    assert "not answered" in shop.run("test-page", "--list").out
    (mail,) = in_outbox(shop, "mail")
    tap(shop, mail)
    shop.run("send", "minute-passed")
    publish(shop, PageTestDue(test=id), "due-2")
    assert state_of(shop, "hanako")["test"]["status"] == "answered"


def test_the_store_is_checked_for_people_who_never_answered_or_are_called_otherwise_since(shop):
    found = shop.run("check", "--store", "--json").json()
    assert {(f["code"], f["id"]) for f in found} == {
        ("person-never", "shop/hanako"),
        ("person-never", "shop/taro"),  # jiro is called by nothing
    }
    assert "toban test-page hanako --service shop" in found[0]["do"]
    for person in ("hanako", "taro"):
        shop.run("test-page", person)
    for mail in in_outbox(shop, "mail"):
        tap(shop, mail)
    shop.run("send", "minute-passed")
    assert shop.run("check", "--store").code == 0

    changed = PROFILE.replace("taro@example.jp", "taro@example.com")
    (shop.services / "shop.yaml").write_text(changed, encoding="utf-8")
    shop.run("apply")
    (left,) = shop.run("check", "--store", "--json").json()
    assert (left["code"], left["id"]) == ("person-changed", "shop/taro")
    assert "Taro" in left["what"]


def test_whoever_is_meant_has_to_be_there_once(shop):
    assert "Did you mean hanako?" in shop.run("test-page", "hanak").err
    assert shop.run("test-page").code == 2
    other = PROFILE.replace("id: shop, name: 売店", "id: api, name: 窓口").replace(
        ", default: true", ""
    )
    (shop.services / "api.yaml").write_text(other, encoding="utf-8")
    shop.run("apply")
    said = shop.run("test-page", "hanako")
    assert (said.code, "--service api, --service shop" in said.err) == (2, True)
    assert shop.run("test-page", "hanako", "--service", "api").code == 0
    (mail,) = in_outbox(shop, "mail")
    tap(shop, mail)
    shop.run("send", "minute-passed")
    # The same mail and the same room: what was shown for one service holds for the other.
    listed = shop.run("test-page", "--list", "hanako", "--json").json()
    assert {(found["service"], found["standing"]) for found in listed} == {
        ("api", "shown"),
        ("shop", "shown"),
    }


def test_nobody_is_asked_who_can_only_be_reached_by_a_log(desk):
    said = desk.run("test-page", "hanako")
    assert said.code == 1
    assert "no channel of the service shop reaches hanako" in said.err
    assert "Nobody is called" in desk.run("test-page", "--list").out


@pytest.mark.parametrize("missing", ["TOBAN_PUBLIC_URL", "TOBAN_SECRET_LINK_SIGNING"])
def test_a_test_page_that_could_be_sent_nowhere_is_not_called_sent(shop, monkeypatch, missing):
    """Nobody could answer it: no link can be made."""
    changed = PROFILE.replace("sender: toban@example.jp", "sender: toban@example.jp, fallback: log")
    (shop.services / "shop.yaml").write_text(changed, encoding="utf-8")
    assert shop.run("apply").code == 0
    monkeypatch.delenv(missing)
    said = shop.run("test-page", "hanako", lang="ja")
    assert said.code == 1
    assert "届いていません" in said.out
    assert "✓" not in said.out
    assert "リンクを作れず" in said.out
    assert "no link can be made" not in said.out
    assert "以内にリンクから" not in said.out
    lines = [line for line in said.out.splitlines() if line.startswith("  ")]
    assert len(lines) == len(set(lines)) == 3  # mail, its fallback log, room
    assert "送信失敗" in shop.run("test-page", "--list", lang="ja").out
    assert state_of(shop, "hanako")["test"]["status"] == "failed"
    assert shop.run("test-page", "hanako", "--json").code == 1


def test_a_line_on_the_log_in_place_of_a_message_reaches_nobody(shop, monkeypatch):
    changed = PROFILE.replace("sender: toban@example.jp", "sender: toban@example.jp, fallback: log")
    changed = changed.replace("via: [mail, room]", "via: [mail]")
    (shop.services / "shop.yaml").write_text(changed, encoding="utf-8")
    assert shop.run("apply").code == 0
    monkeypatch.setenv("TOBAN_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("TOBAN_SMTP_PORT", "1")
    monkeypatch.setattr("toban.notify.deliver.MAX_ATTEMPTS", 1)
    said = shop.run("test-page", "hanako")
    assert (said.code, "reached nobody" in said.out) == (1, True), said.out


def test_who_was_never_tested_is_not_said_to_have_failed(shop):
    said = shop.run("test-page", "--list").out
    assert re.search(r"^hanako +shop +not yet ", said, re.MULTILINE)
