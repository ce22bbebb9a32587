"""``--project``: what a project answers is what the data directory answers, from the same documents."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
import pytest

from tests.plugins.google_keys import claims, signed
from tests.security.desk import google_keys, logged
from tests.unit.cli.conftest import Desk, Said
from toban import entry
from toban.adapters.google.identity import GoogleTokens
from toban.adapters.local.files.blobs import EnvSecrets, SystemClock
from toban.adapters.local.sqlite.database import SqliteDatabase
from toban.adapters.local.sqlite.store import SqliteStore
from toban.backups.documents import Backup
from toban.cli.backups.keeping import keep
from toban.cli.kit.places import caller, cloud
from toban.cli.kit.terminal import Problem, Terminal
from toban.cli.kit.times import now
from toban.kernel.document import encode
from toban.kernel.edge.http import Edge, Response
from toban.kernel.edge.identity import Callers
from toban.kernel.event import Event, to_message
from toban.local.httpd import HttpServer, ReceivedRequest
from toban.local.server import Application
from toban.local.world import load_functions, open_world
from toban.ports import Create, Message
from toban.topology.reader import load

PROJECT = ("--project", "p-1")


@pytest.fixture
def project(desk: Desk, monkeypatch):
    """A project whose documents are those of the desk, and whose functions are somewhere else."""
    with contextlib.ExitStack() as stack:

        def documents(name: str) -> SqliteStore:
            assert name == "p-1"
            database = SqliteDatabase(desk.data / "toban.db")
            stack.callback(database.close)
            return SqliteStore(database)

        def platform(session: cloud.CloudSession) -> Any:
            return stack.enter_context(open_world(desk.data)).platform

        monkeypatch.setattr(cloud, "documents", documents)
        monkeypatch.setattr(cloud.CloudSession, "platform", property(platform))
        monkeypatch.setattr(cloud.CloudSession, "secrets", EnvSecrets({}))
        monkeypatch.setattr(cloud.CloudSession, "waits_s", 0.3)
        url = stack.enter_context(ingest_action(desk))
        monkeypatch.setenv("TOBAN_PUBLIC_URL", url)
        monkeypatch.setenv("TOBAN_ID_TOKEN", signed(claims(AOKI, f"{url}/ingest_action")))
        yield desk


AOKI = "aoki@example.jp"


@contextlib.contextmanager
def ingest_action(desk: Desk) -> Iterator[str]:
    """The function, over HTTP; it publishes to the queue of the desk. Its address without its name."""
    load_functions(load())
    functions: dict[str, Any] = {}
    application = Application(functions, lambda: Response(200))

    def elsewhere(received: ReceivedRequest) -> Response:
        with logged():
            return application(received)

    server = HttpServer(elsewhere, "127.0.0.1", 0)
    callers = Callers.of(
        GoogleTokens(google_keys().url), f"{server.url}/ingest_action", f"{AOKI}, @shop.example"
    )

    def publish(events: Sequence[Event]) -> None:
        with open_world(desk.data) as world:
            world.platform.publish("ingest_action", [to_message(event) for event in events])

    edge = Edge(SystemClock(), EnvSecrets({}), publish, callers.identify)
    endpoint = entry.ENDPOINTS["ingest_action"]
    functions["ingest_action"] = partial(
        entry.answer_endpoint, "ingest_action", endpoint, edge=edge
    )
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server.url
    finally:
        server.stop()
        thread.join()


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
        ("test-page", "--list"),
        ("backups", "list"),
        ("audit",),
    ):
        here, there = both(project, *arguments, "--json")
        assert (here.code, there.code) == (there.code, here.code), arguments
        assert here.json() == there.json(), arguments
        plain_here, plain_there = both(project, *arguments, "--lang", "ja")
        assert moving(plain_here.out) == moving(plain_there.out), arguments
    here, there = both(project, "parked", "show", parked["id"][:8])
    assert here.json() == there.json()


def moving(out: str) -> list[str]:
    """Without where it was looked up, and without how long it is until something happens."""
    here = ("postmortems/", "あと", "によります。", "によります（")
    return [line for line in out.splitlines() if not any(word in line for word in here)]


def test_what_retiring_does_to_the_jobs_is_said_first(project):
    said = project.run("services", "retire", "shop", "--dry-run", *PROJECT)
    assert said.code == 0
    assert "Its Cloud Scheduler jobs do nothing any more" in said.err


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


def catch_up(desk: Desk) -> None:
    """The functions of the project do what waits for them."""
    with open_world(desk.data) as world:
        dispatcher = world.dispatcher()
        dispatcher.start()
        assert dispatcher.drain(30)
        dispatcher.stop()


@pytest.fixture
def working(project, monkeypatch):
    """A project whose functions work at once."""
    post = caller.post

    def posted(*arguments: Any) -> dict[str, Any]:
        said = post(*arguments)
        catch_up(project)
        return said

    monkeypatch.setattr(caller, "post", posted)
    return project


def test_who_acts_is_who_the_token_proves(working):
    id_ = story(working)
    working.alert(fingerprint="again", rule="again")
    newest = next(i for i in working.incidents() if i["status"] == "open")
    said = working.run("incidents", "ack", newest["id"], *PROJECT)
    assert said.code == 0, said.err
    assert "acknowledged by aoki@example.jp" in said.out
    assert "(entered by" not in said.out.splitlines()[0]
    (line,) = [
        entry["text"]
        for entry in working.run("incidents", "show", newest["id"], "--json").json()["timeline"]
        if entry["kind"] == "acknowledged"
    ]
    assert line == "aoki@example.jp acknowledged (by command line)", "proven: nothing more to say"
    assert working.run("incidents", "show", id_, *PROJECT).code == 0


def test_a_test_page_is_asked_for_by_whom_the_token_proves(working, monkeypatch):
    monkeypatch.setenv("TOBAN_SECRET_LINK_SIGNING", "a-signing-secret")
    profile = working.services / "shop.yaml"
    by_mail = profile.read_text().replace(
        "pager: {type: console}", "pager: {type: email, sender: t@e.jp}"
    )
    profile.write_text(by_mail, encoding="utf-8")
    working.run("apply")
    said = working.run("test-page", "hanako", *PROJECT)
    if said.code:  # else it is still under way: somebody else delivers it
        assert (said.code, "pager: failed (TOBAN_SMTP_HOST is not set)" in said.out) == (1, True)
    (listed, _) = working.run("test-page", "--list", *PROJECT, "--json").json()
    assert (listed["person"], listed["test"]["asked_by"]) == ("hanako", AOKI)
    assert not (working.data / "outbox").exists(), "no project has an outbox"
    refused = working.run("test-page", "hanako", "--as", "Taro", *PROJECT)
    assert (refused.code, "you act as yourself" in refused.err) == (2, True)


def test_nobody_acts_in_another_s_name(working):
    id_ = story(working)
    said = working.run("incidents", "note", id_, "x", "--as", "Hanako", *PROJECT)
    assert said.code == 2
    assert "you act as yourself" in said.err


def test_a_late_command_is_told_so(working, monkeypatch):
    id_ = story(working)
    issue = cloud.CloudSession.issue

    def late(session: cloud.CloudSession, body: Any) -> Any:
        return issue(session, msgspec.structs.replace(body, generation=0))

    monkeypatch.setattr(cloud.CloudSession, "issue", late)
    said = working.run("incidents", "reopen", id_, *PROJECT)
    assert said.code == 0
    assert "not done, it had moved on since you saw it; it is resolved" in said.out


def test_what_a_function_refuses_is_a_failure(working, monkeypatch):
    id_ = story(working)
    issue = cloud.CloudSession.issue

    def impossible(session: cloud.CloudSession, body: Any) -> Any:
        wrong = msgspec.structs.replace(body, action="severity", severity_label="worst")
        return issue(session, wrong)

    monkeypatch.setattr(cloud.CloudSession, "issue", impossible)
    said = working.run("incidents", "note", id_, "x", *PROJECT)
    assert said.code == 1
    assert "'worst' is none of shop's: P1, P3" in said.err


@pytest.mark.parametrize(
    ("token", "told"),
    [
        ("hunter2-hunter2", "does not accept your ID token"),
        ("foreign", "you are not in TOBAN_ACTORS"),
        ("elsewhere", "does not accept your ID token"),
    ],
)
def test_a_token_that_is_not_taken_is_explained(project, monkeypatch, token, told):
    id_ = story(project)
    url = os.environ["TOBAN_PUBLIC_URL"]
    tokens = {
        "foreign": signed(claims("somebody@gmail.com", f"{url}/ingest_action", hd=None)),
        "elsewhere": signed(claims(AOKI, "https://elsewhere.example")),
    }
    monkeypatch.setenv("TOBAN_ID_TOKEN", tokens.get(token, token))
    before = project.run("incidents", "show", id_, "--json").json()["timeline"]
    said = project.run("incidents", "note", id_, "x", *PROJECT)
    assert said.code == 1
    assert told in said.err
    assert tokens.get(token, token) not in said.err
    catch_up(project)
    assert project.run("incidents", "show", id_, "--json").json()["timeline"] == before


def test_nothing_is_published_by_a_person(project, monkeypatch):
    id_ = story(project)
    platform = cloud.CloudSession.platform.fget

    def without_a_bus(session: cloud.CloudSession) -> Any:
        return replace(platform(session), bus=None)

    monkeypatch.setattr(cloud.CloudSession, "platform", property(without_a_bus))
    monkeypatch.setattr(cloud.CloudSession, "dead_letters", lambda _: {"a--b": 1})
    asked = []
    monkeypatch.setattr(caller, "post", lambda url, token, body, _: asked.append(body) or SAID)
    project.run("incidents", "note", id_, "x", *PROJECT)
    project.run("dead", "redrive", *PROJECT)
    assert [(body["subject"], body["action"]) for body in asked] == [
        (f"incidents/{id_}", "note"),
        ("dead-letters/*", "redrive"),
    ]


SAID = {"accepted": 1, "events": ["e-1"], "at": "2026-11-22T03:00:00Z"}


# --- what a person marks without a function ------------------------------------------------------

MARKS = (("pin",), ("unpin",), ("discard", "--yes"))


@pytest.fixture
def ahead(project) -> Backup:
    """A backup that can be pinned as well as discarded; nothing removes it afterwards."""
    at = now() + timedelta(days=3)
    backup = Backup(
        id="shop.media.daily.1", service="shop", source="media", class_="daily", kind="bucket",
        status="verified", slot=at, started_at=at,
    )  # fmt: skip
    with open_world(project.data) as world:
        world.platform.store.commit([Create(Backup.key(backup.id), encode(backup))])
    return backup


def marked(desk: Desk, id_: str) -> dict[str, Any]:
    with open_world(desk.data) as world:
        (found,) = world.platform.store.get([Backup.key(id_)])
    assert found is not None
    return found.data


@pytest.mark.parametrize("mark", MARKS)
def test_nobody_can_be_named_in_a_project_and_nothing_is_written(project, ahead, mark):
    before = marked(project, ahead.id)
    command, *options = mark
    named = project.run("backups", command, ahead.id, *options, "--as", "The President", *PROJECT)
    assert (named.code, "act as yourself" in named.err) == (2, True)
    assert marked(project, ahead.id) == before
    assert project.run("audit", "--json", *PROJECT).json() == []


@pytest.mark.parametrize(
    ("mark", "outcome"), [*((m, "done") for m in MARKS[::2]), (MARKS[1], "nothing")]
)
def test_a_mark_in_a_project_is_on_the_audit_of_nobody_proven(
    project, ahead, mark, outcome, monkeypatch
):
    monkeypatch.setattr(keep, "_carry_out", lambda *_: 0)  # what follows a discard is a command
    monkeypatch.setattr(getpass, "getuser", lambda: "jiro")
    command, *options = mark
    assert project.run("backups", command, ahead.id, *options, *PROJECT).code == 0
    (row,) = project.run("audit", "--json", *PROJECT).json()
    assert (row["action"], row["subject"], row["outcome"]) == (
        command, f"backups/{ahead.id}", outcome,
    )  # fmt: skip
    assert (row["actor"], row["proof"], row["proven"]) == ("jiro", "", False)
    data = marked(project, ahead.id)
    assert (data["pinned_by"], data["discarded_by"]) == (
        "jiro" if command == "pin" else "", "jiro" if command == "discard" else "",
    )  # fmt: skip


# --- where from, and where to ----------------------------------------------------------------------


GCLOUD = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/asked"
case "$*" in
  *--audiences*) [ "$KIND" = person ] && { echo "ERROR: Invalid account type for --audiences" >&2; exit 1; } ;;
esac
[ "$KIND" = nobody ] && { echo "ERROR: You do not currently have an active account" >&2; exit 1; }
echo "token-of-$KIND"
"""


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("service", ["--audiences=https://t.example/ingest_action --include-email"]),
        (
            "person",
            [
                "--audiences=https://t.example/ingest_action --include-email",
                "--audiences=https://t.example/ingest_action",
                "",
            ],
        ),
    ],
)
def test_a_token_comes_from_gcloud(tmp_path, monkeypatch, kind, asked):
    gcloud(tmp_path, monkeypatch, kind)
    url = "https://t.example/ingest_action"
    assert caller.token(url, Terminal("en")) == f"token-of-{kind}"
    lines = (tmp_path / "asked").read_text().splitlines()
    assert [line.removeprefix("auth print-identity-token").strip() for line in lines] == asked


def gcloud(tmp_path: Any, monkeypatch: Any, kind: str) -> None:
    (tmp_path / "gcloud").write_text(GCLOUD)
    (tmp_path / "gcloud").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("KIND", kind)
    monkeypatch.delenv("TOBAN_ID_TOKEN", raising=False)


def test_without_an_account_gcloud_s_own_words_are_told(tmp_path, monkeypatch):
    gcloud(tmp_path, monkeypatch, "nobody")
    with pytest.raises(Problem, match="do not currently have an active account"):
        caller.token("https://t.example", Terminal("en"))


def test_without_gcloud_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("TOBAN_ID_TOKEN", raising=False)
    with pytest.raises(Problem, match="gcloud auth login"):
        caller.token("https://t.example", Terminal("en"))


@pytest.mark.parametrize(
    ("url", "location", "found"),
    [
        ("https://t.example/", "", "https://t.example/ingest_action"),
        ("", "asia-northeast1", "https://asia-northeast1-p-1.cloudfunctions.net/ingest_action"),
        ("http://127.0.0.1:8080", "", "http://127.0.0.1:8080/ingest_action"),
    ],
)
def test_the_function_is_where_it_is_said_or_deployed(monkeypatch, url, location, found):
    monkeypatch.setenv("TOBAN_PUBLIC_URL", url)
    assert caller.address("p-1", location, Terminal("en")) == found


@pytest.mark.parametrize(
    "url", ["", "http://t.example", "http://127.0.0.1.evil.example", "ftp://t"]
)
def test_a_token_goes_nowhere_else(monkeypatch, url):
    monkeypatch.setenv("TOBAN_PUBLIC_URL", url)
    with pytest.raises(Problem):
        caller.address("p-1", "", Terminal("en"))


# --- backups by command ----------------------------------------------------------------------------


@pytest.fixture
def kept(vault, monkeypatch):
    """A project with a backup of each source, whose functions refuse whatever they are asked."""
    assert vault.run("backups", "run", "shop", "media", "daily").code == 0
    asked: list[dict[str, Any]] = []
    with contextlib.ExitStack() as stack:

        def documents(_: str) -> SqliteStore:
            database = SqliteDatabase(vault.desk.data / "toban.db")
            stack.callback(database.close)
            return SqliteStore(database)

        def platform(_: cloud.CloudSession) -> Any:
            return replace(stack.enter_context(open_world(vault.desk.data)).platform, bus=None)

        def refused(session: Any, event: Any, function: str) -> dict[str, str]:
            assert function == "start_backup"
            return {"outcome": "refused", "reason": "not today"}

        monkeypatch.setattr(cloud, "documents", documents)
        monkeypatch.setattr(cloud.CloudSession, "platform", property(platform))
        monkeypatch.setattr(cloud.CloudSession, "secrets", EnvSecrets({}))
        monkeypatch.setattr(cloud.CloudSession, "answer", refused)
        monkeypatch.setattr(caller, "post", lambda url, token, body, _: asked.append(body) or SAID)
        monkeypatch.setenv("TOBAN_PUBLIC_URL", "https://t.example")
        monkeypatch.setenv("TOBAN_ID_TOKEN", "a token")
        vault.asked = asked
        yield vault


ASKS = [
    (("backups", "run", "shop", "media", "daily"), "take", "backups/shop/media/daily"),
    (("backups", "verify", "ID"), "verify", "backups/ID"),
    (("backups", "replicate", "ID"), "replicate", "backups/ID"),
    (("backups", "test", "shop", "media"), "test-restore", "backups/shop/media"),
    (("restore", "shop", "media", "--to", "bucket=new", "--yes"), "restore", "restores/restore-"),
]


def test_backups_are_asked_for_by_command_and_a_refusal_is_told(kept):
    (id_,) = (row["id"] for row in kept.backups())
    for arguments, action, about in ASKS:
        kept.asked.clear()
        said = kept.run(*(word.replace("ID", id_) for word in arguments), *PROJECT)
        assert (said.code, kept.asked[0]["action"]) == (1, action), said.err
        assert "refused: not today" in said.err
        assert kept.asked[0]["subject"].startswith(about.replace("ID", id_))
    given = kept.asked[0]["arguments"]
    assert given.pop("region").startswith("asia-northeast")
    assert given == {"backup": id_, "onto_source": "no", "target.bucket": "new"}
