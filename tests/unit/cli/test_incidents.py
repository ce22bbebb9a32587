"""`toban incidents`, `toban notifications` and `toban trace` on a real data directory."""

from __future__ import annotations

import getpass
import re
from datetime import UTC, datetime

import msgspec
import pytest

from toban.incidents.documents import Incident, TimelineEntry
from toban.kernel.document import decode, encode
from toban.kernel.event import timestamp
from toban.local.world import open_world
from toban.ports import Query, Update

STABLE = {
    "id", "service", "severity", "severity_label", "status", "title", "opened_at",
    "acknowledged_at", "resolved_at", "alerts", "assignee", "next_step",
}  # fmt: skip


def test_without_a_data_directory_there_is_no_list_but_a_hint(empty):
    said = empty.run("incidents", "list", "--json")
    assert (said.code, said.out) == (1, "")
    assert "toban dev" in said.err
    assert not empty.data.exists()


def test_the_list_for_scripts_has_the_stable_fields(desk):
    desk.alert()
    incident = desk.only()
    assert set(incident) >= STABLE
    assert incident["service"] == "shop"
    assert (incident["severity"], incident["severity_label"]) == (1, "P1")
    assert (incident["status"], incident["title"]) == ("open", "Too many errors")
    assert incident["opened_at"].endswith("Z")
    assert (incident["acknowledged_at"], incident["resolved_at"]) == (None, None)
    assert (incident["alerts"], incident["assignee"]) == (1, "")
    assert incident["next_step"]["step"] == 2
    assert len(incident["next_step"]["calls"]) == 1


def test_the_notifications_for_scripts_have_the_stable_fields(desk):
    desk.alert()
    found = desk.run("notifications", "list", "--json").json()
    stable = {"id", "incident", "target", "channel", "status", "attempts", "sent_at", "kind"}
    assert all(set(n) >= stable for n in found)
    assert {n["target"].partition(":")[0] for n in found} == {"person", "channel"}
    assert {(n["status"], n["kind"], n["attempts"]) for n in found} == {("sent", "opened", 1)}
    assert {n["incident"] for n in found} == {desk.only()["id"]}


def test_acknowledging_by_the_beginning_of_the_id_takes_effect_at_once(desk):
    desk.alert()
    id_ = desk.only()["id"]
    said = desk.run("incidents", "ack", id_[4:10], "--as", "hanako")
    assert said.code == 0
    assert f"✓ {id_}: acknowledged by hanako" in said.out
    incident = desk.only()
    assert (incident["status"], incident["assignee"]) == ("acknowledged", "hanako")
    assert incident["next_step"] is None


def test_acknowledging_twice_changes_nothing_and_says_so(desk):
    desk.alert()
    id_ = desk.only()["id"]
    desk.run("incidents", "ack", id_, "--as", "hanako")
    said = desk.run("incidents", "ack", id_, "--as", "taro")
    assert said.code == 0
    assert "nothing to do; it is acknowledged" in said.out
    assert desk.only()["assignee"] == "hanako"


def test_the_actor_is_the_user_unless_another_is_named(desk, monkeypatch):
    desk.alert()
    monkeypatch.setattr(getpass, "getuser", lambda: "jiro")
    desk.run("incidents", "resolve", desk.only()["id"], "--note", "rolled back")
    incident = desk.only()
    assert (incident["status"], incident["resolved_by"]) == ("resolved", "jiro")


def test_a_story_from_alert_to_postmortem_reads_in_order(desk):
    desk.alert()
    id_ = desk.only()["id"]
    desk.run("incidents", "note", id_, "looking", "into", "it", "--as", "hanako")
    desk.run("incidents", "severity", id_, "p3", "--as", "hanako")
    desk.run("incidents", "escalate", id_, "--as", "hanako")
    desk.run("incidents", "resolve", id_, "--as", "taro")
    desk.run("incidents", "reopen", id_, "--as", "taro")
    desk.run("incidents", "resolve", id_, "--as", "taro")
    detail = desk.run("incidents", "show", id_, "--json").json()
    kinds = [line["kind"] for line in detail["timeline"] if line["kind"] != "notified"]
    assert kinds == [
        "opened",
        "note",
        "lowered",
        "escalated",
        "resolved",
        "postmortem",
        "reopened",
        "resolved",
        "postmortem",
    ]
    drafts = sorted((desk.data / "blobs" / "postmortems" / "shop").iterdir())
    assert len(drafts) == 2
    assert detail["postmortem"] in [f"postmortems/shop/{draft.name}" for draft in drafts]
    told = desk.run("incidents", "show", id_).out
    assert "hanako: looking into it" in told
    assert f"file://{desk.data}/blobs/{detail['postmortem']}" in told


def test_show_says_who_is_called_next(desk):
    desk.alert()
    told = desk.run("incidents", "show", desk.only()["id"]).out
    (name,) = desk.only()["next_step"]["calls"]
    assert "Unless somebody acknowledges by" in told
    assert f"step 2 calls {name}." in told


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_reminder_is_promised_to_whom_it_will_go_and_not_to_a_stranger(desk, lang):
    """A user of this machine has it: nobody of the profile, so those of the step are asked."""
    desk.alert()
    id_ = desk.only()["id"]
    desk.run("incidents", "ack", id_, "--as", "root")
    *_, told = desk.run("incidents", "show", id_, lang=lang).out.strip().splitlines()
    assert ("root has it." if lang == "en" else "root が対応しています。") in told
    assert re.search("(Hanako|Taro)", told)
    assert told.count("root") == 1


def test_the_same_in_japanese(desk):
    desk.alert()
    told = desk.run("incidents", "show", desk.only()["id"], lang="ja").out
    assert "アラート「Too many errors」（generic）により発生しました" in told
    assert "第 2 段階として" in told


def test_alert_text_cannot_steer_the_terminal(desk):
    desk.alert(title="bad\x1b[2J\r\ntitle\u202e", summary="\x1b]0;owned\x07")
    for said in (desk.run("incidents", "list"), desk.run("incidents", "show", "inc")):
        assert "\x1b" not in said.out
        assert "\u202e" not in said.out
        assert "\r" not in said.out


def test_an_unknown_id_is_answered_with_the_nearest_one(desk):
    desk.alert()
    id_ = desk.only()["id"]
    wrong = id_[:-1] + ("a" if id_[-1] != "a" else "b")
    said = desk.run("incidents", "show", wrong)
    assert said.code == 1
    assert f"Did you mean {id_}?" in said.err


@pytest.mark.parametrize("command", [("incidents", "show"), ("incidents", "ack"), ("trace",)])
@pytest.mark.parametrize("word", ["x" * 3000, "\udcff", "a/b", "日" * 300])
def test_what_can_be_no_id_is_answered_like_an_unknown_one(desk, command, word):
    desk.alert()
    said = desk.run(*command, word)
    assert (said.code, desk.only()["status"]) == (1, "open")
    assert said.err.startswith("toban: ")


@pytest.mark.parametrize("action", ["ack", "resolve"])
def test_an_empty_id_is_none_at_all_and_acts_on_nothing(desk, action):
    desk.alert()
    assert desk.run("incidents", action, "").code == 1
    assert desk.only()["status"] == "open"


def test_an_ambiguous_beginning_is_refused(desk):
    desk.alert()
    desk.run("incidents", "resolve", desk.only()["id"])
    desk.alert(fingerprint="errors-2")
    said = desk.run("incidents", "ack", "inc-")
    assert said.code == 2
    assert all(incident["id"] in said.err for incident in desk.incidents())


def test_an_unknown_severity_is_answered_with_those_there_are(desk):
    desk.alert()
    said = desk.run("incidents", "severity", desk.only()["id"], "urgent")
    assert said.code == 1
    assert "There are: P1, P3." in said.err


def test_status_narrows_the_list(desk):
    desk.alert()
    id_ = desk.only()["id"]
    assert [i["id"] for i in desk.incidents("--status", "open")] == [id_]
    assert desk.incidents("--status", "resolved") == []
    assert desk.incidents("--service", "other") == []


def test_a_trace_is_the_tree_of_causes(desk):
    said = desk.alert()
    event_id = said.out.split()[-1]
    (root,) = desk.run("trace", event_id, "--json").json()
    assert (root["id"], root["type"]) == (event_id, "toban.alert.fired.v1")
    (opened,) = root["handled"]
    assert (opened["function"], opened["outcome"], opened["attempts"]) == (
        "open_incident",
        "done",
        1,
    )
    assert any(change.startswith("created incidents/") for change in opened["changes"])
    assert [timer["type"] for timer in opened["timers"]] == [
        "toban.escalation.due.v1",
        "toban.alert.check-due.v1",
    ]
    (event,) = opened["emitted"]
    assert event["type"] == "toban.incident.opened.v1"
    (paged,) = event["handled"]
    assert [e["type"] for e in paged["emitted"]] == ["toban.notification.requested.v1"] * 2
    assert {h["function"] for e in paged["emitted"] for h in e["handled"]} == {
        "deliver_notification"
    }


def test_the_trace_of_an_incident_has_every_story_that_touched_it(desk):
    desk.alert()
    id_ = desk.only()["id"]
    desk.run("incidents", "ack", id_, "--as", "hanako")
    roots = desk.run("trace", id_, "--json").json()
    assert [root["type"] for root in roots] == [
        "toban.alert.fired.v1",
        "toban.command.issued.v1",
    ]
    drawn = desk.run("trace", id_[:8]).out
    assert "open_incident  done" in drawn
    assert "timer set: escalation.due.v1 at" in drawn


def test_a_trace_of_nothing_says_so(desk):
    said = desk.run("trace", "nothing")
    assert said.code == 1
    assert "nothing: no event, incident or correlation" in said.err


def test_a_message_that_does_not_fit_is_parked_and_can_be_looked_at(desk):
    from toban.adapters.local.files.blobs import SystemClock
    from toban.adapters.local.sqlite.database import SqliteDatabase
    from toban.adapters.local.sqlite.queue import SqliteBus
    from toban.local.world import subscriptions_of
    from toban.ports import Message
    from toban.topology import load

    database = SqliteDatabase(desk.data / "toban.db")
    bus = SqliteBus(database, subscriptions_of(load()), SystemClock())
    attributes = {
        "ce-id": "bad-1",
        "ce-type": "toban.alert.fired.v1",
        "ce-source": "/test",
        "ce-time": "2026-11-22T03:00:00Z",
        "ce-specversion": "1.0",
    }
    bus.publish([Message("alert-fired", b'{"source": 1}', attributes)])
    database.close()
    desk.alert()
    (parked,) = desk.run("parked", "list", "--json").json()
    assert (parked["event_id"], parked["function"]) == ("bad-1", "open_incident")
    shown = desk.run("parked", "show", parked["id"][:6]).json()
    assert shown["body"] == '{"source": 1}'
    assert desk.run("parked", "list").out.count("\n") == 2
    assert desk.run("dead", "redrive", "--json").json() == {"before": 0, "after": 0}


@pytest.mark.parametrize("command", ["show", "ack", "resolve", "note"])
def test_acting_where_nothing_is_says_how_to_begin(empty, command):
    more = ["text"] if command == "note" else []
    said = empty.run("incidents", command, "inc-1", *more)
    assert said.code == 1
    assert "toban dev" in said.err
    assert said.err.count("\n") == 1


def test_a_running_runtime_carries_out_the_command(desk, monkeypatch):
    from toban.kernel import log
    from toban.local.runtime import Runtime
    from toban.local.world import open_world

    desk.alert()
    id_ = desk.only()["id"]
    # Elsewhere the runtime is a process of its own; here its log would mix with the command's JSON.
    monkeypatch.setattr(log.Settings, "level", 100)
    with open_world(desk.data) as world:
        runtime = Runtime(world)
        runtime.start()
        with runtime:
            said = desk.run("incidents", "ack", id_, "--as", "hanako", "--json")
            again = desk.run("incidents", "ack", id_, "--as", "taro")
    assert said.code == 0
    assert said.json()["status"] == "acknowledged"
    assert "nothing to do" in again.out
    assert desk.only()["assignee"] == "hanako"


def test_what_was_never_tried_is_listed_only_when_asked_for(desk):
    path = desk.services / "shop.yaml"
    text = path.read_text()
    path.write_text(
        text.replace("pager: {type: console}", "pager: {type: console, fallback: room}")
    )
    desk.run("apply")
    desk.alert()
    desk.run("incidents", "resolve", desk.only()["id"])
    listed = desk.run("notifications", "list", "--json").json()
    everything = desk.run("notifications", "list", "--all", "--json").json()
    assert {n["status"] for n in listed} == {"sent"}
    assert {n["status"] for n in everything} == {"sent", "withdrawn"}


# --- environments ------------------------------------------------------------------------------


@pytest.fixture
def staged(desk):
    """An incident of staging, where nobody is called, beside one of production."""
    profile = desk.services / "shop.yaml"
    profile.write_text(
        profile.read_text().replace("default: true", "default: true\n  environments: {staging: {}}")
    )
    assert desk.run("apply").code == 0
    desk.alert(labels={"service": "shop", "environment": "staging"})
    desk.alert()
    return desk


def test_lists_say_the_environment_and_can_be_narrowed_to_one(staged):
    found = staged.run("incidents", "list", "--json").json()
    assert sorted(i["environment"] for i in found) == ["production", "staging"]
    table = staged.run("incidents", "list").out
    assert table.count("shop [staging]") == 1
    assert table.count("[production]") == 0

    for name in ("staging", "production"):
        only = staged.run("incidents", "list", "--environment", name, "--json").json()
        assert [i["environment"] for i in only] == [name]
    assert (
        "No incident is like that" in staged.run("incidents", "list", "--environment", "test").out
    )
    told = staged.run("notifications", "list", "--json").json()
    assert {(n["environment"], n["target"].partition(":")[0]) for n in told} == {
        ("staging", "channel"),
        ("production", "channel"),
        ("production", "person"),
    }


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "staging: nobody is called."), ("ja", "staging では誰も呼び出しません。")],
)
def test_show_says_that_nobody_is_called(staged, lang, said):
    (id_,) = (
        i["id"]
        for i in staged.run("incidents", "list", "--environment", "staging", "--json").json()
    )

    assert said in staged.run("incidents", "show", id_, lang=lang).out
    shown = staged.run("incidents", "show", id_, "--json").json()
    assert (shown["calls_people"], shown["next_step"], shown["remind_at"]) == (False, None, None)
    assert {a["environment"] for a in shown["alert_list"]} == {"staging"}


def test_what_people_are_called_for_comes_before_what_is_newer(staged):
    staged.alert(fingerprint="newer", labels={"service": "shop", "environment": "staging"})

    assert "[staging]" not in staged.run("incidents", "show").out
    assert "nobody is called" not in staged.run("incidents", "show").out
    assert staged.run("incidents", "ack", "--as", "hanako").code == 0
    taken = staged.run("incidents", "list", "--status", "acknowledged", "--json").json()
    assert [i["environment"] for i in taken] == ["production"]


def test_the_record_of_what_somebody_did_says_the_environment(staged):
    (id_,) = (
        i["id"]
        for i in staged.run("incidents", "list", "--environment", "staging", "--json").json()
    )
    staged.run("incidents", "ack", id_, "--as", "hanako")

    assert [a["environment"] for a in staged.run("audit", "--json").json()] == ["staging"]
    for command in (("audit",), ("notifications", "list")):
        assert f"{id_} [staging]" in staged.run(*command).out
    assert "nobody is called" in staged.run("incidents", "show", id_).out


def unheard(desk, **fields: object) -> None:
    """Store of its only incident that nothing has been heard of its alerts."""
    with open_world(desk.data) as world:
        store = world.platform.store
        (snapshot,) = store.query(Query(Incident.COLLECTION))
        incident = decode(Incident, snapshot.data)
        since = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
        changed = msgspec.structs.replace(incident, unheard_since=since, **fields)
        store.commit([Update(snapshot.key, encode(changed), snapshot.version)])


@pytest.mark.parametrize(("lang", "words"), [("en", "Not heard of since"), ("ja", "最後の続報")])
def test_since_when_nothing_is_heard_of_its_alerts_is_said(desk, lang, words):
    desk.alert()
    unheard(desk)
    assert words.casefold() in desk.run("incidents", "list", lang=lang).out.casefold()
    assert words in desk.run("incidents", "show", lang=lang).out
    assert desk.only()["unheard_since"] == "2026-11-22T03:00:00.000000Z"


@pytest.mark.parametrize(("lang", "no"), [("en", "resolved"), ("ja", "解決")])
def test_what_was_closed_by_expiry_is_not_called_resolved(desk, lang, no):
    desk.alert()
    now = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)
    line = TimelineEntry(at=now, kind="closed-unheard", detail={"since": timestamp(now)})
    unheard(desk, status="resolved", resolved_at=now, timeline=[line])
    for command in (
        ("list", "--all"),
        ("show", desk.run("incidents", "list", "--all", "--json").json()[0]["id"]),
    ):
        said = desk.run("incidents", *command, lang=lang).out
        assert said
        assert no not in said.casefold()


def test_what_is_known_of_an_incident_is_shown_in_the_order_of_the_messages(desk):
    desk.alert(
        value="0.142857142857",
        threshold="0.02",
        summary="\n".join(f"line {n}" for n in range(9)),
        labels={
            "service": "shop",
            "pod": "web-1",
            "zone": "a",
            **{f"x{n:02}": "y" for n in range(12)},
        },
    )
    said = desk.run("incidents", "show").out
    assert "Value: 0.142857, threshold 0.02" in said
    assert "Labels: pod=web-1  zone=a  x00=y" in said
    assert "+2 more (--json shows all)" in said
    assert "| +3 more (--json shows all)" in said
    assert said.index("Value:") < said.index("Since:") < said.index("Labels:")


def test_for_scripts_it_says_what_was_left_out(desk, monkeypatch):
    desk.alert(value="3", threshold="2")
    found = desk.run("incidents", "show", "--json").json()
    assert (found["value"], found["threshold"]) == ("3", "2")
    assert found["left_out"] == {"alert_list": 0, "timeline": 0}
    desk.alert(fingerprint="errors-2")
    monkeypatch.setattr("toban.cli.incidents.views.MOST_ALERTS", 1)
    monkeypatch.setattr("toban.cli.incidents.views.alerts", lambda *_: [])
    found = desk.run("incidents", "show", "--json").json()
    assert found["alerts"] == 2
    assert found["left_out"] == {"alert_list": 2, "timeline": 1}
