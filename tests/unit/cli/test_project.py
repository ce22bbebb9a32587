"""``--project``: what a project answers is what the data directory answers, from the same documents."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.cli.conftest import Desk, Said
from toban.adapters.local.files.blobs import EnvSecrets
from toban.adapters.local.sqlite.database import Database
from toban.adapters.local.sqlite.store import SqliteStore
from toban.cli.kit import cloud
from toban.local.world import open_world
from toban.ports import Message

PROJECT = ("--project", "p-1")


@pytest.fixture
def project(desk: Desk, monkeypatch):
    """A project whose documents are those of the desk, and whose functions are somewhere else."""
    with contextlib.ExitStack() as stack:

        def documents(name: str) -> SqliteStore:
            assert name == "p-1"
            database = Database(desk.data / "toban.db")
            stack.callback(database.close)
            return SqliteStore(database)

        def platform(session: cloud.CloudSession) -> Any:
            return stack.enter_context(open_world(desk.data)).platform

        monkeypatch.setattr(cloud, "documents", documents)
        monkeypatch.setattr(cloud.CloudSession, "platform", property(platform))
        monkeypatch.setattr(cloud.CloudSession, "secrets", EnvSecrets({}))
        monkeypatch.setattr(cloud.CloudSession, "waits_s", 0.3)
        yield desk


def story(desk: Desk) -> str:
    """An incident with two alerts, a note and an end; a parked message; the incident's id."""
    desk.alert()
    id_ = str(desk.only()["id"])
    desk.alert(fingerprint="errors-2", title="More errors")
    desk.run("incidents", "ack", id_, "--as", "Hanako")
    desk.run("incidents", "note", id_, "restarting")
    desk.alert_ends()
    desk.alert_ends("errors-2")
    with open_world(desk.data) as world:
        world.platform.bus.publish([Message("alert-fired", b"{}", {"ce-type": "nonsense"})])
    desk.alert(fingerprint="other", rule="disk", title="Disk full")  # drains the queue
    return id_


def both(desk: Desk, *arguments: str) -> tuple[Said, Said]:
    here = desk.run(*arguments)
    (desk.data / "toban.db").rename(desk.data / "gone.db")  # nothing of it may be needed
    (desk.data / "gone.db").rename(desk.data / "toban.db")
    return here, desk.run(*arguments, *PROJECT)


def test_every_command_that_reads_gives_the_same_answer_from_a_project(project):
    id_ = story(project)
    (parked,) = project.run("parked", "list", "--json").json()
    for arguments in (
        ("incidents", "list"),
        ("incidents", "list", "--all"),
        ("incidents", "list", "--status", "open"),
        ("incidents", "list", "--service", "shop"),
        ("incidents", "show", id_),
        ("incidents", "show"),
        ("notifications", "list"),
        ("notifications", "list", "--incident", id_, "--all"),
        ("parked", "list"),
        ("oncall", "--at", "2026-11-23T12:00"),
        ("check", "--store"),
        ("backups", "list"),
    ):
        here, there = both(project, *arguments, "--json")
        assert (here.code, there.code) == (there.code, here.code), arguments
        assert here.json() == there.json(), arguments
        plain_here, plain_there = both(project, *arguments, "--lang", "ja")
        assert moving(plain_here.out) == moving(plain_there.out), arguments
    here, there = both(project, "parked", "show", parked["id"][:8])
    assert here.json() == there.json()


def moving(out: str) -> list[str]:
    """Without where a draft lies, and without how long it is until something happens."""
    return [line for line in out.splitlines() if "postmortems/" not in line and "あと" not in line]


def test_an_unknown_id_is_refused_with_a_suggestion(project):
    id_ = story(project)
    wrong = id_[:-1] + ("a" if id_[-1] != "a" else "b")
    here, there = both(project, "incidents", "show", wrong)
    assert (here.code, here.err) == (there.code, there.err)
    assert id_ in there.err


# --- traces --------------------------------------------------------------------------------------


def handlings(events: list[dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Event, function and outcome of every handling in a tree."""
    for event in events:
        for handled in event["handled"]:
            yield event["id"], handled["function"], handled["outcome"]
            yield from handlings(handled["emitted"])


def types(events: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for event in events:
        yield event["id"], event["type"]
        for handled in event["handled"]:
            yield from types(handled["emitted"])


def test_a_trace_from_receipts_has_every_handling_that_changed_something(project):
    id_ = story(project)
    here, there = both(project, "trace", id_, "--json")
    noted, recorded = set(handlings(here.json())), set(handlings(there.json()))
    done = {each for each in noted if each[2] == "done"}
    assert {each for each in recorded if each[2] == "done"} == done
    assert len(done) > 12
    others = {each[:2] for each in noted - done}
    assert {each[:2] for each in recorded if each[2] == "unrecorded"} == others


def test_types_are_known_of_all_but_what_came_from_outside(project):
    id_ = story(project)
    here, there = both(project, "trace", id_, "--json")
    roots = {root["id"] for root in here.json()}
    known = {(id, type) for id, type in types(there.json()) if type}
    assert known <= set(types(here.json()))
    assert {id for id, _ in types(there.json())} - {id for id, _ in known} <= roots


def test_a_trace_of_an_event_is_the_story_it_belongs_to(project):
    id_ = story(project)
    tree = project.run("trace", id_, "--json").json()
    (event, *_) = [
        event for event, function, outcome in handlings(tree)
        if function == "settle_incident" and outcome == "done"
    ]  # fmt: skip
    here, there = both(project, "trace", event, "--json")
    assert [root["id"] for root in here.json()] == [root["id"] for root in there.json()]


def test_a_trace_says_what_receipts_cannot_tell(project):
    id_ = story(project)
    said = project.run("trace", id_, *PROJECT)
    assert "incident.opened.v1" in said.out
    assert not re.search(r"\d ms\b", said.out)
    assert "unrecorded" in said.out
    assert "from what is recorded" in said.out
    assert "Cloud Logging" in said.err
    assert "jsonPayload.correlation_id=" in said.err
    none = project.run("trace", "nothing-like-it", *PROJECT)
    assert none.code == 1
    assert 'jsonPayload.event_id="nothing-like-it"' in none.err
    assert "Cloud Logging" not in project.run("trace", id_).err


# --- acting --------------------------------------------------------------------------------------


def test_a_command_that_leaves_no_receipt_in_time_is_not_told_as_done(project):
    id_ = story(project)
    said = project.run("incidents", "note", id_, "is anybody there", *PROJECT)
    assert said.code == 1
    assert said.out == ""
    assert "nothing has changed within 0 s" in said.err
    project.alert(fingerprint="drains", rule="drains")  # the functions catch up
    timeline = project.run("incidents", "show", id_, "--json").json()["timeline"]
    assert any("is anybody there" in line["text"] for line in timeline), "it had been issued"


def test_json_of_a_command_names_the_event_that_was_issued(project):
    id_ = story(project)
    said = project.run("incidents", "note", id_, "later", "--json", *PROJECT)
    event = json.loads(said.out)["command"]
    project.alert(fingerprint="drains", rule="drains")
    assert project.run("trace", event, *PROJECT).code == 0
