"""One incident by the command line, on a data directory and (``--project``) on an installation."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.chains.worlds import CALLER, ON_EMULATORS, World
from toban.cli import main
from toban.incidents.documents import Incident
from toban.ports import Message

WORLDS = ["embedded", ON_EMULATORS]
Toban = Callable[..., Any]


@pytest.fixture
def acting(world: World) -> tuple[str, ...]:
    """Who acts: in a project the token says so."""
    return () if "--project" in world.place else ("--as", CALLER)


@pytest.fixture
def toban(world: World, capsys, monkeypatch) -> Toban:
    """Run a command; its JSON, or what it wrote. `code` is how it has to end."""
    for name, value in world.environ.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str, code: int = 0) -> Any:
        capsys.readouterr()
        ended = main([*arguments, *world.place, "--lang", "en"])
        out, err = capsys.readouterr()
        # The runtime of a data directory logs in this same process.
        out = "".join(line for line in out.splitlines(True) if not line.startswith('{"timestamp"'))
        assert ended == code, (arguments, out, err)
        return json.loads(out) if "--json" in arguments and code == 0 else out + err

    return run


@pytest.mark.parametrize("world", WORLDS, indirect=True)
def test_the_runbook_works_on_what_is_deployed(world: World, toban: Toban, acting):
    service = world.service
    world.cloud_monitoring("open", severity="Critical")
    id_ = world.incident(what="an open incident").id
    world.wait(lambda: world.paged("opened") == ["Aoki"], "the primary being paged")
    world.settle()

    (row,) = toban("incidents", "list", "--service", service, "--json")
    assert (row["id"], row["status"], row["severity_label"]) == (id_, "open", "P1")
    assert row["next_step"]["calls"] == ["Baba (pager)"]
    assert "NEXT STEP" in toban("incidents", "list", "--service", service).splitlines()[0]
    shown = toban("incidents", "show", id_)
    assert "Told Aoki by pager" in shown
    told = toban("notifications", "list", "--incident", id_, "--json")
    assert {(n["target_name"], n["status"]) for n in told} == {("Aoki", "sent"), ("room", "sent")}

    done = toban("incidents", "ack", id_, *acting)
    assert f"✓ {id_}: acknowledged by {CALLER}" in done
    assert f"{CALLER} has it" in done
    taken = toban("incidents", "note", id_, "restarting", *acting, "--json")
    assert (taken["status"], taken["assignee"]) == ("acknowledged", CALLER)
    toban("incidents", "resolve", id_, *acting)
    world.incident(lambda i: i.postmortem, "the postmortem")
    assert f"postmortems/{service}" in toban("incidents", "show", id_).replace("%2F", "/")
    world.wait(lambda: world.paged("resolved") == ["Aoki"], "the page being closed")
    world.settle()

    # Traces of a data directory are noted a little later than documents.
    world.wait(lambda: set(handlings(toban("trace", id_, "--json"))) >= STORY, "the trace")
    assert [root["id"] for root in toban("trace", taken["command"], "--json")] == [taken["command"]]


STORY = {
    ("open_incident", "done", ("toban.incident.opened.v1",)),
    ("act_on_incident", "done", ("toban.incident.acknowledged.v1",)),
    ("act_on_incident", "done", ()),
    ("act_on_incident", "done", ("toban.incident.resolved.v1",)),
    ("deliver_notification", "done", ()),
    ("draft_postmortem", "done", ("toban.postmortem.drafted.v1",)),
    ("settle_incident", "done", ()),
}


def handlings(events: list[dict[str, Any]]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Function, outcome and the types of what was emitted (timers apart), all through a tree."""
    for event in events:
        for handled in event["handled"]:
            emitted = tuple(e["type"] for e in handled["emitted"] if not e["by_timer"])
            yield handled["function"], handled["outcome"], emitted
            yield from handlings(handled["emitted"])


@pytest.mark.parametrize("world", WORLDS, indirect=True)
def test_what_cannot_be_handled_is_found(world: World, toban: Toban):
    attributes = {
        "ce-id": f"{world.service}-strange",
        "ce-type": "toban.command.issued.v1",
        "ce-source": "/story",
        "ce-time": "2026-11-24T03:00:00Z",
        "ce-specversion": "1.0",
    }
    world.publish_raw(Message("command-issued", b'{"no": "command"}', attributes))

    def ours() -> list[dict[str, Any]]:
        found = toban("parked", "list", "--json")
        mine = [p for p in found if p["event_id"] == f"{world.service}-strange"]
        return [p for p in mine if p["function"] == "act_on_incident"]

    (parked,) = world.wait(ours, "the message being parked")
    assert (parked["topic"], parked["reason"]) == ("command-issued", "invalid")
    assert toban("parked", "show", parked["id"])
    assert "no such parked message" in toban("parked", "show", "nothing", code=1)

    # Stories share an installation: what the next one sets aside is to be an incident of its own.
    def open_still() -> list[Incident]:
        of_ours = [i for i in world.incidents("toban") if "toban.command.issued.v1" in i.title]
        return [i for i in of_ours if i.status == "open"]

    world.wait(open_still, "the desk's incident")
    world.settle()  # start_backup sets it aside, too
    for incident in open_still():
        world.command(incident, "resolve")
    world.wait(lambda: not open_still(), "its end")


@pytest.mark.parametrize("world", WORLDS[1:], indirect=True)
def test_dead_letters_are_counted_without_being_taken_and_redriven(world: World, toban: Toban):
    subscription = "command-issued--act_on_incident"
    attributes = {"ce-id": f"{world.service}-dead", "ce-type": "toban.command.issued.v9"}
    world.publish_raw(Message(f"{subscription}--dead", b"{}", attributes))

    def counted() -> dict[str, int]:
        return {row["subscription"]: row["count"] for row in toban("dead", "list", "--json")}

    first = world.wait(lambda: counted().get(subscription), "the dead letter")
    assert counted()[subscription] == first, "looking takes nothing away"
    said = toban("dead", "redrive", "--json")
    assert said["after"] < said["before"]


@pytest.mark.parametrize("world", WORLDS, indirect=True)
def test_a_command_with_nothing_to_do_is_told_so(world: World, toban: Toban, acting):
    world.alert("AlreadyOver")
    id_ = world.incident(what="an open incident").id
    toban("incidents", "resolve", id_, *acting)
    said = toban("incidents", "resolve", id_, *acting)
    assert f"{id_}: nothing to do; it is resolved" in said


@pytest.mark.parametrize("world", WORLDS[1:], indirect=True)
def test_who_is_on_duty_by_what_was_applied_to_the_project(world: World, toban: Toban):
    (row,) = toban("oncall", "--service", world.service, "--json")
    assert (row["service"], row["primary"]["name"]) == (world.service, "Aoki")


@pytest.mark.parametrize("world", WORLDS, indirect=True)
def test_schedules_are_those_of_the_profiles_applied_there(world: World, toban: Toban):
    names = {row["name"] for row in toban("schedules", "--json")}
    assert {"each-minute", "redrive"} <= names
    assert any(name.startswith("safe-") for name in names), "a backup plan of a profile"
