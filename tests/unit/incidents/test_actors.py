"""Commands with a proven or unproven actor: what they leave behind, done or not."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import get_args
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from tests.security.desk import logged
from tests.unit.incidents.world import NOON, SHOP, World, fired, resolved
from toban.actions.ingress import command
from toban.events import ACTIONS, Action, CommandIssued, IncidentAcknowledged
from toban.incidents.act import on_command
from toban.incidents.documents import Incident, TimelineEntry
from toban.kernel import log
from toban.kernel.command import Audit
from toban.kernel.document import decode
from toban.kernel.edge import links
from toban.kernel.event import Event
from toban.kernel.handling.parking import MessageParked
from toban.kernel.handling.receipt import find_receipt
from toban.kernel.ids import derive
from toban.people.section import Person
from toban.ports import Unavailable
from toban.postmortems.timeline import describe

FIELDS = {
    "actor", "proof", "action", "subject", "seen", "outcome", "reason", "correlation_id",
    "environment",
}  # fmt: skip
"""Of the log line, always all of them."""


@pytest.fixture(autouse=True)
def told_of(monkeypatch):
    monkeypatch.setattr(log.Settings, "level", 20)


@pytest.fixture
def world() -> World:
    world = World()
    world.tell(fired())
    world.clock.advance(60)
    return world


def ask(
    world: World, action: str, proof: str = "link:", id: str = "", **more: object
) -> list[dict]:
    """Give a command; the lines that it leaves on the log."""
    incident = more.pop("incident", None) or world.incident.id
    body = CommandIssued(
        about=f"incidents/{incident}",
        incident_id=incident,
        action=action,
        actor=more.pop("actor", "Aoki"),
        proof=proof,
        via="link",
        at=NOON,
        **more,
    )
    with logged() as lines:
        world.tell(body, id=id)
    said = [json.loads(line) for line in lines.getvalue().splitlines()]
    return [line for line in said if line["message"] == "command"]


def audit(world: World) -> Audit:
    (only,) = world.documents(Audit)
    return only


def last(world: World) -> TimelineEntry:
    return world.incident.timeline[-1]


def told(world: World, language: str = "en") -> str:
    return describe(language, last(world))


def test_what_was_done_is_on_the_log_the_timeline_and_the_record(world):
    seen = world.incident.generation
    (line,) = ask(world, "acknowledge", "google:aoki@example.jp", id="c-1", generation=seen)
    assert world.incident.status == "acknowledged"
    assert set(line) - {"timestamp", "severity", "message", "service", "version"} == FIELDS | {
        "function", "event_id",
    }  # fmt: skip
    assert {name: line[name] for name in FIELDS} == {
        "actor": "Aoki",
        "proof": "google:aoki@example.jp",
        "action": "acknowledge",
        "subject": f"incidents/{world.incident.id}",
        "seen": seen,
        "outcome": "done",
        "reason": "",
        "correlation_id": "c-1",
        "environment": "production",
    }
    kept = audit(world)
    assert {name: getattr(kept, name) for name in FIELDS} == {name: line[name] for name in FIELDS}
    assert (kept.at, kept.expires_at) == (
        world.clock.now(),
        world.clock.now() + timedelta(days=365),
    )
    assert last(world).detail == {"via": "link", "proof": "google:aoki@example.jp"}
    receipt = find_receipt(world.store.inner, "act_on_incident", "c-1")
    assert receipt is not None
    assert receipt.answer == {"outcome": "done", "reason": ""}


@pytest.mark.parametrize(
    ("action", "more"),
    [
        ("acknowledge", {}),
        ("resolve", {"note": "rolled back"}),
        ("escalate", {}),
        ("note", {"note": "looking"}),
        ("severity", {"severity_label": "P3"}),
    ],
)
def test_every_line_that_a_command_leaves_says_what_proves_its_actor(world, action, more):
    before = len(world.incident.timeline)
    ask(world, action, "link:", **more)
    new = world.incident.timeline[before:]
    assert new
    assert {entry.detail["proof"] for entry in new} == {"link:"}
    assert all("proof" not in entry.detail for entry in world.incident.timeline[:before])


@pytest.mark.parametrize("action", get_args(Action))
def test_an_action_of_another_domain_is_refused_and_leaves_all_three(world, action):
    (line,) = ask(world, action, "google:aoki@example.jp", note="x", severity_label="P3")
    kept = audit(world)
    assert (line["outcome"], line["reason"]) == (kept.outcome, kept.reason)
    if action in ACTIONS["incidents"]:
        assert kept.outcome in ("done", "nothing")
        return
    reason = f"{action} is nothing that an incident can be asked for"
    assert (kept.outcome, kept.reason) == ("refused", reason)
    entry = last(world)
    assert (entry.kind, entry.detail["outcome"], entry.detail["reason"]) == (
        "not-done", "refused", reason,
    )  # fmt: skip
    assert told(world) == f"Aoki asked for “{action}”: refused, {reason}"
    assert world.incident.status == "open"


def test_it_is_refused_where_there_is_no_incident_too(world):
    (line,) = ask(world, "take", "google:aoki@example.jp", incident="inc-none")
    assert (line["outcome"], audit(world).subject) == ("refused", "incidents/inc-none")
    assert "there is no incident" in audit(world).reason


def test_an_unproven_actor_may_acknowledge_and_the_timeline_says_so(world):
    ask(world, "acknowledge", "link:", actor="#incidents")
    (event,) = world.told(IncidentAcknowledged)
    assert event.by == "#incidents"
    assert told(world) == (
        "#incidents acknowledged (by link) (who it was is not proven: others can use that link too)"
    )
    assert "本人かどうかは証明されていません" in told(world, "ja")


def test_a_proven_one_needs_no_remark(world):
    ask(world, "acknowledge", "link:person:aoki")
    assert told(world) == "Aoki acknowledged (by link)"


def test_whom_somebody_at_the_machine_names_is_told_with_who_it_was(world):
    ask(world, "note", "local:jiro", actor="Aoki", note="looking")
    assert told(world) == "Aoki: looking (entered by jiro)"
    ask(world, "note", "local:jiro", actor="jiro", note="looking")
    assert told(world) == "jiro: looking"


def test_he_never_approves(world):
    # No such action exists yet: what is decided in one place is decided before the action is.
    before = world.incident
    command = CommandIssued(
        about=f"incidents/{before.id}", action="note", actor="A", proof="link:", via="link", at=NOON
    )
    approve = msgspec.structs.replace(command, action="approve")
    event = Event(id="c-2", source="/t", time=world.clock.now(), body=approve)
    work = world.platform.work("act_on_incident", event)
    on_command(approve, work)
    written = {write.key.collection: write.data for write in work.writes}
    assert written["audits"]["outcome"] == "refused"
    assert written["audits"]["reason"] == "it needs an actor who is proven"
    after = decode(Incident, written["incidents"])
    assert after.timeline[-1].kind == "not-done"
    assert msgspec.structs.replace(after, timeline=before.timeline) == before


def test_a_late_click_changes_nothing_but_is_told(world):
    seen = world.incident.generation
    ask(world, "severity", "local:aoki", severity_label="P3")
    before = world.incident
    (line,) = ask(world, "resolve", "link:person:aoki", generation=seen)
    after = world.incident
    assert msgspec.structs.replace(after, timeline=before.timeline) == before
    assert (line["outcome"], line["seen"]) == ("stale", seen)
    assert last(world).kind == "not-done"
    assert told(world) == "Aoki asked for “resolve”: not done, the incident had moved on since"
    assert [a.outcome for a in world.documents(Audit)].count("stale") == 1


def test_what_is_so_already_is_told_as_well(world):
    ask(world, "acknowledge", "link:person:aoki")
    (line,) = ask(world, "acknowledge", "link:person:baba", actor="Baba")
    assert line["outcome"] == "nothing"
    assert line["reason"] == "it was acknowledged already"
    assert world.incident.assignee == "Aoki"
    assert told(world) == "Baba asked for “acknowledge”: nothing to do, it was so already"


def test_what_cannot_be_done_is_refused_with_its_reason_and_alarms_nobody(world):
    (line,) = ask(world, "severity", "google:aoki@example.jp", severity_label="catastrophe")
    assert (line["outcome"], line["severity"], line["security"]) == ("refused", "WARNING", True)
    assert "is none of shop's: P1, P2, P3" in line["reason"]
    assert "refused, severity_label: 'catastrophe'" in told(world)
    assert world.told(MessageParked) == []


@pytest.mark.parametrize("name", ["inc-unheard-of", "", "a/b", "x" * 400])
def test_an_unknown_incident_is_refused_and_recorded(world, name):
    (line,) = ask(world, "acknowledge", "google:aoki@example.jp", incident=name or "/")
    assert line["outcome"] == "refused"
    assert audit(world).subject == f"incidents/{name or '/'}"
    assert world.told(MessageParked) == []


@pytest.mark.parametrize("subject", ["rollouts/r-1", "runs/r-1", "backups/shop/media/daily", "x"])
def test_the_subject_of_another_domain_is_left_alone(world, subject):
    command = CommandIssued(
        about=subject, action="acknowledge", actor="Aoki", proof="link:", via="link", at=NOON
    )
    before = world.incident
    (handled,) = world.tell(command)
    assert (handled.outcome, world.incident, world.documents(Audit)) == ("nothing", before, [])


def test_a_person_is_called_by_the_name_that_the_service_knows():
    people = {"aoki": Person(name="Aoki", email="Aoki@example.jp"), "baba": Person(name="Baba")}
    world = World(msgspec.structs.replace(SHOP, people=people))
    world.tell(fired())
    ask(world, "acknowledge", "google:aoki@example.jp", actor="aoki@example.jp")
    assert world.incident.assignee == "Aoki", "the reminder finds her"
    assert audit(world).actor == "Aoki"
    ask(world, "note", "google:stranger@example.jp", actor="stranger@example.jp", note="x")
    assert last(world).actor == "stranger@example.jp"


def test_a_command_that_comes_again_is_one_line_of_each(world):
    assert len(ask(world, "note", "link:", id="c-1", note="x")) == 1
    assert ask(world, "note", "link:", id="c-1", note="x") == []
    assert len(world.documents(Audit)) == 1
    assert world.kinds().count("note") == 1


def test_nothing_is_logged_of_what_was_not_committed(world):
    def lost(_: object) -> None:
        world.store.before = lambda _: None
        raise Unavailable("no answer")

    world.store.before = lost
    with logged() as lines, pytest.raises(Unavailable):
        world.tell(
            CommandIssued(
                about=f"incidents/{world.incident.id}", action="acknowledge", actor="Aoki",
                proof="link:", via="link", at=NOON,
            )
        )  # fmt: skip
    assert '"command"' not in lines.getvalue()
    assert world.documents(Audit) == []


# --- the release before -----------------------------------------------------------------------


OLD = {
    "incident_id": "", "action": "acknowledge", "actor": "Aoki", "via": "link",
    "at": "2026-11-24T03:00:00Z", "note": "", "severity_label": "", "generation": None,
}  # fmt: skip


def test_a_body_of_the_release_before_is_handled_as_it_was(world):
    old = msgspec.json.decode(
        msgspec.json.encode({**OLD, "incident_id": world.incident.id}), type=CommandIssued
    )
    assert old.subject() == f"incidents/{world.incident.id}"
    assert world.tell(old)[0].outcome == "done"
    assert last(world).detail == {"via": "link"}
    assert told(world) == "Aoki acknowledged (by link)"
    assert world.tell(old)[0].outcome == "nothing", "no record, no line, no answer"
    assert world.documents(Audit) == []


def test_one_of_a_resolved_incident_still_changes_nothing(world):
    world.tell(resolved())
    before = world.incident
    old = msgspec.convert({**OLD, "incident_id": before.id, "action": "escalate"}, CommandIssued)
    assert world.tell(old)[0].outcome == "nothing"
    assert world.incident == before


def test_a_link_that_was_clicked_before_the_upgrade_and_after_it_acts_once(world):
    made = links.make_link(
        "https://t.example", world.incident.id, "acknowledge", "Aoki",
        world.incident.generation, NOON, "key", "en",
    )  # fmt: skip
    query = parse_qs(urlsplit(made).query)
    link = links.verify(query["c"][0], query["s"][0], ["key"], NOON)
    clicked = OLD | {"incident_id": link.incident, "generation": link.generation}
    world.tell(msgspec.convert(clicked, CommandIssued), id=derive("link", link.nonce, link.action))
    before = world.incident
    assert before.status == "acknowledged"

    again = command(link, world.clock.now())
    world.tell(again.body, id=again.id)

    assert world.told(MessageParked) == [], "two bodies never share an id"
    assert msgspec.structs.replace(world.incident, timeline=before.timeline) == before
    assert told(world) == (
        "Aoki asked for “acknowledge”: nothing to do, it was so already"
        " (who it was is not proven: others can use that link too)"
    )
