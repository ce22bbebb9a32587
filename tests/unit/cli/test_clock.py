"""A night played from a shell: `toban dev --clock virtual`, and commands that let time pass."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from toban.adapters.local.sqlite.database import SqliteDatabase
from toban.adapters.local.sqlite.store import SqliteStore
from toban.cli.kit.reader import StoreReader
from toban.incidents.documents import Alert
from toban.local import control
from toban.local.world import ROOT

START = "2026-11-25T02:00:00+09:00"
WAIT_S = 60.0


@pytest.fixture
def night(desk, monkeypatch, tmp_path):
    """A desk whose data directory has a virtual clock, and a process of its own that runs on it."""
    desk = replace(desk, data=tmp_path / "night")
    ways = ("GENERIC", "CLOUD_MONITORING", "ALERTMANAGER")
    secrets = {f"TOBAN_SECRET_INGEST_{way}": "key" for way in ways}
    secrets["TOBAN_SECRET_LINK_SIGNING"] = "links"
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    arguments = ["--data", desk.data, "--services", desk.services, "dev", "--port", "0", "--quiet"]
    process = subprocess.Popen(
        [sys.executable, "-m", "toban.cli", *arguments, "--clock", "virtual", "--at", START],
        env={**os.environ, "PYTHONPATH": str(ROOT / "shared")},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + WAIT_S
    while control.find(desk.data) is None:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield desk
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=WAIT_S)
    assert process.returncode == 0


def test_an_unanswered_alert_is_escalated_when_the_shell_lets_time_pass(night):
    assert night.run("clock", "show").out == "2026-11-25 (Wed) 02:00:00 JST (virtual)\n"
    assert night.run("send", "generic", "--service", "shop").code == 0
    (incident,) = night.run("incidents", "list", "--json").json()
    assert incident["status"] == "open"
    assert incident["opened_at"] == "2026-11-24T17:00:00.000000Z"

    moved = night.run("clock", "advance", "14m", "--json").json()
    assert moved["now"] == "2026-11-24T17:14:00.000000Z"
    assert [e["kind"] for e in timeline(night)].count("escalated") == 0
    assert "in 1 min" in night.run("incidents", "list").out

    said = night.run("clock", "advance", "to", "2026-11-25T02:15:00+09:00")
    assert "2026-11-25 (Wed) 02:14:00 JST → 2026-11-25 (Wed) 02:15:00 JST" in said.out
    assert [e["kind"] for e in timeline(night)].count("escalated") == 1

    assert night.run("incidents", "ack", "--as", "taro").code == 0
    acknowledged = [e for e in timeline(night) if e["kind"] == "acknowledged"]
    assert [e["at"] for e in acknowledged] == ["2026-11-24T17:15:00.000000Z"]
    assert night.run("clock", "advance", "until-idle").code == 0


def test_a_sample_is_ended_by_the_same_words_with_another_state(night):
    for what, firing, over in (
        ("generic", (), ("status=resolved",)),
        ("generic", ("title=The disk is full",), ("title=The disk is full", "status=resolved")),
        ("cloud-monitoring", (), ("incident.state=closed",)),
        ("alertmanager", (), ("alerts.0.status=resolved", "alerts.1.status=resolved")),
    ):
        send = ["send", what, "--service", "shop"]
        assert night.run(*send, *(w for s in firing for w in ("--set", s))).code == 0
        (incident,) = night.run("incidents", "list", "--status", "open", "--json").json()
        began = {alert.id: alert.starts_at for alert in alerts(night)}
        night.run("clock", "advance", "8m")
        assert night.run(*send, *(w for s in over for w in ("--set", s))).code == 0
        night.run("clock", "advance", "1h")
        shown = night.run("incidents", "show", incident["id"], "--json").json()
        assert shown["status"] == "resolved", what
        ended = alerts(night)
        assert {alert.id: alert.starts_at for alert in ended} == began, what
        assert all(alert.ends_at - alert.starts_at >= timedelta(minutes=8) for alert in ended), what


def alerts(night):
    with contextlib.closing(SqliteDatabase(night.data / "toban.db")) as database:
        return StoreReader(SqliteStore(database)).find(Alert)


def timeline(night):
    (incident,) = night.run("incidents", "list", "--all", "--json").json()
    return night.run("incidents", "show", incident["id"], "--json").json()["timeline"]


@pytest.mark.parametrize(
    "words",
    [["25"], ["-5m"], ["to"], ["to", "soon"], ["to", "2026"], ["25m", "5m"]],
    ids=" ".join,
)
def test_what_cannot_be_read_moves_nothing(night, words):
    said = night.run("clock", "advance", *words)
    assert said.code == 2
    assert said.err
    assert night.run("clock", "show", "--json").json()["now"] == "2026-11-24T17:00:00.000000Z"


def test_where_there_is_no_directory_no_clock_is_claimed(empty):
    said = empty.run("clock", "show")
    assert (said.code, f"there is nothing in {empty.data} yet" in said.err) == (1, True)


def test_time_that_has_passed_does_not_come_back(night):
    said = night.run("clock", "advance", "to", "2026-11-25T01:59:00+09:00")
    assert said.code == 1
    assert "does not go back" in said.err
    # Without an offset a time is meant in the zone of the services.
    assert night.run("clock", "advance", "to", "2026-11-25T02:01").code == 0
    assert night.run("clock", "show", "--json").json()["now"] == "2026-11-24T17:01:00.000000Z"


def test_only_a_directory_with_a_virtual_clock_has_one_to_move(desk):
    desk.run("incidents", "list")
    said = desk.run("clock", "advance", "5m")
    assert said.code == 1
    assert "dev --clock virtual" in said.err


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_project_is_refused(desk, lang):
    for words in (["advance", "5m"], ["show"]):
        said = desk.run("clock", *words, "--project", "prod", lang=lang)
        assert said.code == 2
        assert "--project" in said.err


def test_when_it_begins_is_said_with_an_offset_and_of_a_virtual_clock_only(desk):
    for words in (["--at", "2026-11-25T02:00:00"], ["--at", START], ["--at", "noon"]):
        virtual = ["--clock", "virtual"] if words[1] != START else []
        said = desk.run("dev", *words, *virtual)
        assert said.code == 2
        assert "--at" in said.err
