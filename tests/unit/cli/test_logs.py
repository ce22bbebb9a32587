"""`toban logs`: the lines that are meant, of every file there is, and what comes after them."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import PROFILE, Desk
from toban.adapters.local.sqlite.database import SqliteDatabase
from toban.adapters.local.sqlite.store import SqliteStore
from toban.cli.kit.places import cloud
from toban.cli.kit.terminal import Terminal
from toban.cli.logs.commands import as_json, follow, shown
from toban.cli.logs.lines import LineFilter, LogLine, LogTail, past, read
from toban.cli.logs.project import expression
from toban.local.world import open_world
from toban.topology.reader import load


def written(at: str, message: str, **fields: Any) -> str:
    line = {"timestamp": f"2026-11-28T{at}Z", "severity": "INFO", "message": message, **fields}
    return json.dumps(line, ensure_ascii=False) + "\n"


def messages(text: str) -> list[str]:
    return [json.loads(line)["message"] for line in text.splitlines()]


@pytest.fixture
def book(desk: Desk) -> Desk:
    """A log that was put aside once, of a directory in which nothing happened."""
    path = desk.data / "toban.log"
    path.with_suffix(".log.1").write_text(
        written("01:00:00.000", "oldest", function="tick", severity="WARNING"), encoding="utf-8"
    )
    path.write_text(
        "a library's own words\n"
        + written("02:00:00.000", "middle", correlation_id="c-1", service="shop")
        + written("03:00:00.000", "failed", severity="ERROR", backup="shop.media.1", error={})
        + written("04:00:00.000", "newest", events=["e-1", "e-2"], severity="DEBUG"),
        encoding="utf-8",
    )
    return desk


def test_an_incident_has_the_lines_of_all_its_events_and_no_others(desk: Desk):
    desk.alert()
    incident = desk.only()["id"]
    with (desk.data / "toban.log").open("a", encoding="utf-8") as file:
        file.write(written("23:59:59.000", "another story", correlation_id="c-2"))
    assert "another story" in messages(desk.run("logs", "--json").out)

    said = desk.run("logs", incident.removesuffix(incident[-3:]), "--json")
    found = [json.loads(line) for line in said.out.splitlines()]

    assert said.code == 0
    functions = {line.get("function") for line in found}
    assert {"open_incident", "page_responders", "deliver_notification"} <= functions
    (correlation,) = {line["correlation_id"] for line in found}
    assert desk.run("logs", correlation, "--json").out == said.out


def test_people_see_the_time_of_their_zone_and_the_fields(desk: Desk):
    desk.alert()
    said = desk.run("logs", "--function", "open_incident").out
    line = next(line for line in said.splitlines() if "open_incident: event handled" in line)
    assert " JST INFO open_incident: event handled  " in line
    assert "outcome=done event_type=toban.alert.fired.v1" in line
    assert "version=" not in line


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", ["oldest", "a library's own words", "middle", "failed", "newest"]),
        ("-n 2", ["failed", "newest"]),
        ("--level warning", ["oldest", "failed"]),
        ("--level error", ["failed"]),
        ("--function tick", ["oldest"]),
        ("--service shop", ["middle", "failed"]),
        ("--since 2026-11-28T12:00+09:00", ["failed", "newest"]),
        ("--since 2026-11-28T12:00", ["failed", "newest"]),  # in the zone of the services
        ("c-1", ["middle"]),
        ("e-2", ["newest"]),
        ("e-2 --level info", None),
    ],
)
def test_lines_are_narrowed_down(book: Desk, asked: str, found: list[str] | None):
    said = book.run("logs", *asked.split(), "--json")
    assert messages(said.out) == (found or [])
    assert said.code == (1 if found is None else 0)


def test_words_without_form_are_shown_where_nothing_is_asked_for(book: Desk):
    assert "a library's own words" in book.run("logs").out
    assert "own words" not in book.run("logs", "--level", "debug").out


def test_of_a_service_is_what_its_incidents_led_to(desk: Desk):
    other = PROFILE.replace("id: shop", "id: kiosk").replace("  default: true\n", "")
    (desk.services / "kiosk.yaml").write_text(other, encoding="utf-8")
    assert desk.run("apply").code == 0
    desk.alert()
    desk.alert(fingerprint="k-1", rule="k", labels={"service": "kiosk"}, title="Kiosk")

    def correlations(service: str) -> set[str]:
        said = desk.run("logs", "--service", service, "--json").out.splitlines()
        return {json.loads(line).get("correlation_id", "") for line in said} - {""}

    assert len(correlations("shop")) == len(correlations("kiosk")) == 1
    assert correlations("shop") != correlations("kiosk")
    assert correlations("nobody") == set()


def test_functions_on_emulators_have_files_of_their_own(desk: Desk):
    logs = desk.data / "logs"
    logs.mkdir()
    (logs / "tick.log").write_text(written("02:00:00.000", "second"), encoding="utf-8")
    (logs / "open_incident.log").write_text(written("01:00:00.000", "first"), encoding="utf-8")
    (logs / "pubsub-emulator.log").write_text("INFO: started\n", encoding="utf-8")
    assert messages(desk.run("logs", "--json").out) == ["first", "second"]


def test_what_is_written_later_is_read_once_also_after_the_file_was_put_aside(tmp_path: Path):
    path = tmp_path / "toban.log"
    path.write_text(written("01:00:00.000", "a"), encoding="utf-8")
    tail = LogTail(tmp_path)

    def new() -> list[str]:
        return [line.fields["message"] for line in tail.new() if line.fields]

    assert (new(), new()) == (["a"], [])
    whole = written("02:00:00.000", "b")
    with path.open("a", encoding="utf-8") as file:
        file.write(whole[:20])
        file.flush()
        assert new() == []  # not a line yet
        file.write(whole[20:])
    path.rename(tmp_path / "toban.log.1")
    path.write_text(written("03:00:00.000", "c"), encoding="utf-8")
    assert (new(), new()) == (["b", "c"], [])
    tail.close()
    assert [line.text for line in past(tmp_path)] == [written("01:00:00.000", "a")[:-1], whole[:-1]]


def test_following_shows_what_fits_and_asks_anew_what_is_meant(tmp_path: Path):
    path = tmp_path / "toban.log"
    path.write_text("", encoding="utf-8")
    tail = LogTail(tmp_path)
    tail.new()
    seen: list[str] = []
    meanings = iter([LineFilter(ids=frozenset({"c-1"})), LineFilter(ids=frozenset({"c-1", "c-2"}))])
    turns = iter([("c-1", "one"), ("c-2", "two"), None])

    def pause(seconds: float) -> None:
        assert seconds < 1
        turn = next(turns)
        if turn is None:
            raise KeyboardInterrupt
        with path.open("a", encoding="utf-8") as file:
            file.write(written("01:00:00.000", turn[1], correlation_id=turn[0]))
            file.write(written("01:00:00.000", "other", correlation_id="c-3"))

    with pytest.raises(KeyboardInterrupt):
        follow(tail, lambda: next(meanings), lambda line: seen.append(line.text), pause)
    tail.close()
    assert messages("\n".join(seen)) == ["one", "two"]


def test_a_line_cannot_steer_the_terminal():
    text = written("01:00:00.000", "bell \x07 and \x1b[2J", note="\u202etxt")
    (line,) = read([text])
    said = shown(line, "UTC", Terminal("en"))
    assert said.startswith("2026-11-28 01:00:00 UTC INFO bell")
    assert not any(c in said for c in "\x07\x1b\u202e")
    assert shown(LogLine("\x1b[2J", "", None), "UTC", Terminal("en")) == "[2J"
    assert json.loads(as_json(LogLine("\x1b[2J", "", None))) == {"message": "\x1b[2J"}
    assert "\x1b" not in as_json(LogLine("\x1b[2J", "", None))


def test_brackets_without_end_are_words_like_others():
    assert [line.fields for line in read(["[" * 100_000, "1"])] == [None, None]


def test_where_nothing_is_logged_or_known_that_is_said(desk: Desk):
    said = desk.run("logs")
    assert (said.code, "toban dev" in said.err) == (1, True)
    (desk.data / "toban.log").write_text("", encoding="utf-8")
    assert desk.run("logs").err == "No line fits.\n"
    assert desk.run("logs", "inc-unknown").code == 1
    assert desk.run("logs", "-n", "0").code == 2
    assert "7d, 12h" in desk.run("logs", "--since", "noon").err


def test_of_a_project_the_command_is_named_that_reads_its_log(desk: Desk, monkeypatch):
    desk.alert()
    with contextlib.ExitStack() as stack:

        def documents(name: str) -> SqliteStore:
            return SqliteStore(stack.enter_context(SqliteDatabase(desk.data / "toban.db")))

        world = stack.enter_context(open_world(desk.data))
        monkeypatch.setattr(cloud, "documents", documents)
        monkeypatch.setattr(cloud.CloudSession, "platform", world.platform)
        monkeypatch.setattr(cloud.CloudSession, "secrets", world.secrets)
        incident = desk.only()["id"]
        said = desk.run("logs", incident, "--level", "error", "--project", "p-1", "--json")
    found = said.json()
    lines = [json.loads(line) for line in desk.run("logs", "--json").out.splitlines()]
    (correlation,) = {line["correlation_id"] for line in lines if "correlation_id" in line}
    assert f'"{correlation}"' in found["filter"]
    assert "severity>=ERROR" in found["filter"]
    assert found["command"][:3] == ["gcloud", "logging", "read"]
    followed = desk.run("logs", "--follow", "--project", "p-1").out
    assert followed.startswith("gcloud beta logging tail ")
    assert "open[-_]incident" in followed


def test_a_filter_of_cloud_logging_says_what_ours_says():
    assert set(load().functions) == {
        name.replace("[-_]", "_")
        for name in expression(LineFilter()).split("^(")[1].split(")$")[0].split("|")
    }
    said = expression(
        LineFilter(
            service="shop", function="tick", since="2026-11-28T01:00:00Z", ids=frozenset("b")
        )
    )
    assert said.split(" AND ")[2:] == [
        'jsonPayload.function="tick"',
        'timestamp>="2026-11-28T01:00:00Z"',
        '("b")',
        '(jsonPayload.service="shop" OR jsonPayload.backup:"shop.")',
    ]
