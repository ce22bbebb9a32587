"""What a person who has just been woken sees: the right clock, what is next, the fewest keys."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from toban.cli.incidents import commands as command
from toban.cli.incidents import tables
from toban.cli.kit.times import Times, soon


@pytest.fixture
def elsewhere(monkeypatch):
    """The machine stands in another zone than the service."""
    import time

    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def later(monkeypatch):
    """The command is given so long after now."""

    def go(**much: float) -> None:
        for module in (command, tables):
            monkeypatch.setattr(module, "now", lambda: datetime.now(UTC) + timedelta(**much))

    return go


def tokyo(moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(UTC) + timedelta(hours=9)


# --- the clock -------------------------------------------------------------------------------


def test_lists_show_the_clock_of_the_service_and_name_its_zone_once(desk, elsewhere):
    desk.alert()
    opened = tokyo(desk.only()["opened_at"])
    head, row = desk.run("incidents", "list").out.splitlines()
    assert "OPENED (JST)" in head
    assert f"{opened:%m-%d %H:%M} " in row
    assert "JST" not in row
    head, *rows = desk.run("notifications", "list").out.splitlines()
    assert head.startswith("SENT (JST)")
    assert all(row.startswith(f"{opened:%m-%d %H:}") for row in rows)


def test_where_services_are_in_different_zones_each_time_names_its_own(desk):
    other = desk.services / "bakery.yaml"
    text = (desk.services / "shop.yaml").read_text(encoding="utf-8")
    text = text.replace("id: shop", "id: bakery").replace("Asia/Tokyo", "Asia/Kolkata")
    other.write_text(text.replace("default: true", "default: false"), encoding="utf-8")
    desk.run("apply")
    desk.alert()
    desk.alert(fingerprint="oven", labels={"service": "bakery"})
    head, *rows = desk.run("incidents", "list").out.splitlines()
    assert "OPENED  " in head
    assert sorted(re.findall(r"JST|IST", "\n".join(rows))) == ["IST", "JST"]


def test_zones_of_one_name_and_two_offsets_are_told_apart():
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert Times([(at, "America/Chicago"), (at, "Asia/Shanghai")]).title("OPENED") == "OPENED"
    assert Times([(at, "Asia/Tokyo")] * 2).title("OPENED") == "OPENED (JST)"
    assert Times([]).title("OPENED") == "OPENED"


def test_a_time_today_needs_no_date():
    now = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)  # 23:00 in Tokyo
    assert soon("en", now + timedelta(minutes=30), "Asia/Tokyo", now) == "23:30:00 JST"
    assert (
        soon("en", now + timedelta(hours=2), "Asia/Tokyo", now) == "2026-11-23 (Mon) 01:00:00 JST"
    )


def test_a_trace_has_one_clock_for_events_and_timers(desk, elsewhere):
    desk.alert()
    incident = desk.only()
    told = desk.run("trace", incident["id"]).out
    fired = tokyo(incident["opened_at"])
    due = tokyo(incident["next_step"]["at"])
    assert f"alert.fired.v1 {fired:%H:%M:}" in told
    assert f"escalation.due.v1 at {due:%H:%M:%S}" in told
    assert told.rstrip().endswith("Times in Asia/Tokyo.")


# --- what is next ------------------------------------------------------------------------------


def test_the_list_says_in_how_long_the_next_step_comes(desk, later):
    desk.alert()
    assert "in 14 min" in desk.run("incidents", "list").out
    assert "あと14分" in desk.run("incidents", "list", lang="ja").out
    later(minutes=19, seconds=30)
    assert "4 min late" in desk.run("incidents", "list").out
    assert "4分超過" in desk.run("incidents", "list", lang="ja").out


def test_the_column_of_the_next_step_is_called_so(desk):
    desk.alert()
    assert "NEXT STEP" in desk.run("incidents", "list").out.splitlines()[0]
    assert "次の段階" in desk.run("incidents", "list", lang="ja").out.splitlines()[0]
    assert "NEXT  " in desk.run("schedules").out.splitlines()[0]
    assert "次回" in desk.run("schedules", lang="ja").out.splitlines()[0]


def test_resolved_by_hand_while_alerts_fire_says_when_it_reopens(desk, later):
    desk.alert()
    id_ = desk.only()["id"]
    desk.alert(fingerprint="errors-2")
    said = desk.run("incidents", "resolve", id_)
    again = tokyo(desk.only()["resolved_at"]) + timedelta(minutes=30)
    assert "2 alerts still fire; the incident reopens at" in said.out
    assert f"{again:%H:%M:%S} JST (in 29 min" in said.out
    assert "it is over" not in said.out
    assert "アラートがまだ2件続いています" in desk.run("incidents", "show", id_, lang="ja").out
    later(minutes=40)
    late = desk.run("incidents", "show", id_).out
    assert "was due to reopen" in late
    assert "toban dev" in late


def test_resolved_when_all_is_quiet_is_over(desk):
    desk.alert()
    id_ = desk.only()["id"]
    desk.alert_ends()
    assert desk.only()["status"] == "resolved"
    assert "it is over" in desk.run("incidents", "show", id_).out


# --- the fewest keys -----------------------------------------------------------------------------


def test_whatever_is_done_to_the_only_incident_needs_no_id(desk):
    desk.alert()
    id = desk.only()["id"]
    assert desk.run("incidents", "note", "the", "disk", "is", "full").code == 0
    assert desk.run("incidents", "escalate").code == 0
    assert desk.run("incidents", "ack").code == 0
    assert desk.run("incidents", "note", id, "cleared").code == 0
    assert desk.run("incidents", "note", "inc-nothere", "cleared").code == 1
    assert desk.run("incidents", "note", id).code == 2
    assert desk.run("incidents", "note", "", "cleared").code == 1  # what a script has of nothing
    assert desk.run("incidents", "resolve", "--note", "moved the logs").code == 0
    timeline = desk.run("incidents", "show", id, "--json").json()["timeline"]
    notes = [entry["text"] for entry in timeline if entry["kind"] == "note"]
    words = [text.partition(": ")[2] for text in notes]
    assert words == ["the disk is full", "cleared", "moved the logs"]


def test_ack_alone_takes_the_only_open_incident(desk):
    desk.alert()
    said = desk.run("incidents", "ack", "--as", "hanako")
    assert said.code == 0
    assert desk.only()["assignee"] == "hanako"
    again = desk.run("incidents", "ack")
    assert again.code == 1
    assert f"The last one is acknowledged: toban incidents show {desk.only()['id']}" in again.err


def test_ack_alone_keeps_the_one_that_has_called_since_it_was_taken(desk):
    """The message about another rule's alert, and a reminder, ask to acknowledge once more."""
    desk.alert()
    desk.run("incidents", "ack", "--as", "hanako")
    desk.alert(fingerprint="slow-1", rule="slow", title="Too slow")
    said = desk.run("incidents", "ack", "--as", "hanako")
    assert said.code == 0, said.err
    assert "hanako is still on it" in said.out
    assert desk.run("incidents", "ack").code == 1


def two_incidents(desk) -> tuple[str, str]:
    """The newer one, then the older one (the profile groups what comes within five minutes)."""
    path = desk.services / "shop.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "grouping: {window: 0m}\n", encoding="utf-8")
    desk.run("apply")
    desk.alert()
    desk.alert(fingerprint="slow-1", rule="slow", title="Too slow")
    newer, older = desk.incidents()
    return newer["id"], older["id"]


def test_ack_alone_with_several_open_lists_them_and_takes_none(desk):
    newer, older = two_incidents(desk)
    said = desk.run("incidents", "ack")
    assert said.code == 2
    assert newer in said.out
    assert older in said.out
    assert "2 incidents are open; say which" in said.err
    assert {i["status"] for i in desk.incidents()} == {"open"}
    assert desk.run("incidents", "ack", "--json").out == ""


def test_nothing_else_is_done_to_one_of_several_either(desk):
    newer, older = two_incidents(desk)
    before = [desk.run("incidents", "show", id, "--json").json() for id in (newer, older)]
    for does in ("resolve", "escalate", "note it is the disk"):
        said = desk.run("incidents", *does.split())
        assert said.code == 2, does
        assert f"2 incidents are open; say which: {newer}, {older}" in said.err
    after = [desk.run("incidents", "show", id, "--json").json() for id in (newer, older)]
    assert after == before


def test_ack_alone_looks_only_at_what_nobody_has_acknowledged(desk):
    newer, older = two_incidents(desk)
    desk.run("incidents", "ack", newer, "--as", "taro")
    desk.run("incidents", "ack", "--as", "hanako")
    assert {i["id"]: i["assignee"] for i in desk.incidents()} == {newer: "taro", older: "hanako"}


def test_show_alone_is_the_newest_open_one_and_mentions_the_others(desk):
    newer, older = two_incidents(desk)
    said = desk.run("incidents", "show")
    assert said.out.startswith(newer)
    assert "1 more not resolved" in said.err
    desk.run("incidents", "ack", newer)
    assert desk.run("incidents", "show").out.startswith(older)
    assert desk.run("incidents", "show", "--json").json()["id"] == older


def test_show_alone_where_nothing_is_open_names_the_last_one(desk):
    nothing = desk.run("incidents", "show")
    assert (nothing.code, nothing.out) == (1, "")
    assert "toban send generic" in nothing.err
    desk.alert()
    id_ = desk.only()["id"]
    desk.run("incidents", "resolve", id_)
    assert (
        f"The last one is resolved: toban incidents show {id_}" in desk.run("incidents", "show").err
    )


# --- empty lists say what to do ------------------------------------------------------------------


def test_an_empty_list_says_what_to_do_next(desk, later):
    assert "toban send generic" in desk.run("incidents", "list").out
    assert "toban incidents list" in desk.run("notifications", "list").out
    assert "could be understood" in desk.run("parked", "list").out
    assert "given up" in desk.run("dead", "list").out
    desk.alert()
    assert "list --all" in desk.run("incidents", "list", "--status", "resolved").out
    desk.run("incidents", "resolve", desk.only()["id"])
    later(days=8)
    assert "Older ones: toban incidents list --all" in desk.run("incidents", "list").out
