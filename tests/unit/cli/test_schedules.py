"""`toban schedules`, and `toban plan` and `apply` against a project with a Cloud Scheduler stand-in."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.plugins.scheduler_standin import CloudScheduler, Fault
from tests.unit.schedules.services import the_map
from toban.adapters.google import scheduler
from toban.adapters.local.memory.store import MemoryStore
from toban.cli.kit import times
from toban.cli.profiles import cloud
from toban.cli.schedules import commands as schedules
from toban.ports import Query

BACKUP = """\
backup:
  destinations:
    - {bucket: shop-backups, region: asia-northeast1}
  sources:
    orders: {type: logs, paths: [/var/log/orders]}
  plans:
    - {source: orders, class: daily, schedule: "0 3 * * *", keep: {daily: 7}}
    - {source: orders, class: weekly, schedule: "0 4 * * 0", zone: America/New_York, keep: {weekly: 4}}
"""
IN_PROJECT = ("--project", "p-1", "--location", "asia-northeast1")
PARENT = scheduler.parent_of("p-1", "asia-northeast1")
DAILY, WEEKLY = "toban-shop--orders--daily", "toban-shop--orders--weekly"


@pytest.fixture(autouse=True)
def _map(monkeypatch):
    for module in (cloud, schedules):
        monkeypatch.setattr(module, "load", the_map)
    for name in ("GOOGLE_CLOUD_PROJECT", "TOBAN_LOCATION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def shop(empty):
    """A service with two backup plans."""
    write(empty, BACKUP)
    return empty


def write(desk, backup: str) -> None:
    file = desk.services / "shop.yaml"
    file.write_text(file.read_text("utf-8").partition("backup:")[0] + backup, encoding="utf-8")


@pytest.fixture
def standin(monkeypatch):
    """What stands where Cloud Scheduler would."""
    with CloudScheduler() as running:
        monkeypatch.setenv(scheduler.EMULATOR, running.address)
        scheduler.connect.cache_clear()  # ports come again
        yield running
        scheduler.connect().transport.close()
        scheduler.connect.cache_clear()


@pytest.fixture
def documents(monkeypatch):
    """The project's documents."""
    store = MemoryStore()
    monkeypatch.setattr(cloud, "documents", lambda project: store)
    return store


# --- toban schedules -------------------------------------------------------------------------


def test_every_schedule_is_shown_with_its_next_times(shop, monkeypatch):
    monkeypatch.setattr(times, "now", lambda: datetime(2026, 11, 22, 3, 0, tzinfo=UTC))
    found = {s["name"]: s for s in shop.run("schedules", "--json").json()}
    assert {"each-minute", "redrive", "shop--orders--daily", "shop--orders--weekly"} <= set(found)
    daily, weekly = found["shop--orders--daily"], found["shop--orders--weekly"]
    assert daily["service"] == "shop"
    assert (daily["cron"], daily["zone"], daily["last"]) == ("0 3 * * *", "Asia/Tokyo", None)
    assert [slot["utc"] for slot in daily["next"]] == [
        "2026-11-22T18:00:00Z",
        "2026-11-23T18:00:00Z",
        "2026-11-24T18:00:00Z",
    ]
    assert weekly["next"][0] == {"utc": "2026-11-22T09:00:00Z", "local": "2026-11-22T04:00-05:00"}

    said = shop.run("schedules").out
    (line,) = (line for line in said.splitlines() if line.startswith("shop--orders--weekly"))
    assert "11-22 04:00 EST" in line
    assert "11-22 09:00" in line
    assert "前回" in shop.run("schedules", lang="ja").out


def test_the_last_slot_that_was_fired_is_shown(shop):
    from toban.adapters.local.sqlite.database import SqliteDatabase
    from toban.adapters.local.sqlite.store import SqliteStore
    from toban.kernel.document import encode
    from toban.local.clockwork import FiredSchedule
    from toban.ports import Create

    assert shop.run("apply").code == 0
    slot = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
    database = SqliteDatabase(shop.data / "toban.db")
    for name, fired in (("shop--orders--daily", slot), ("shop--orders--weekly", None)):
        note = FiredSchedule(id=name, slot=slot + timedelta(hours=1), fired=fired)
        SqliteStore(database).commit([Create(note.key(name), encode(note))])
    database.close()
    found = {s["name"]: s["last"] for s in shop.run("schedules", "--json").json()}
    assert found["shop--orders--daily"] == "2026-11-21T18:00:00Z"
    assert found["shop--orders--weekly"] is None, "it has begun, and not fired yet"


def test_what_was_applied_counts_not_what_a_file_says_since(shop):
    assert shop.run("apply").code == 0
    write(shop, BACKUP.replace("0 3 * * *", "0 5 * * *"))
    found = {s["name"]: s["cron"] for s in shop.run("schedules", "--json").json()}
    assert found["shop--orders--daily"] == "0 3 * * *"


# --- plan and apply --------------------------------------------------------------------------


def changes(said) -> dict[str, str]:
    return {c["job"]: c["change"] for c in said.json() if "job" in c}


def test_the_schedules_of_a_project_are_those_applied_to_it_with_their_last_runs(
    shop, standin, documents, monkeypatch
):
    monkeypatch.setattr("toban.cli.kit.places.cloud.documents", lambda project: documents)
    assert shop.run("apply", *IN_PROJECT).code == 0
    (shop.services / "shop.yaml").unlink()  # what is deployed counts
    standin._send(standin.job(DAILY), datetime(2026, 11, 21, 18, 0, tzinfo=UTC))

    said = shop.run("schedules", *IN_PROJECT, "--json")
    found = {schedule["name"]: schedule for schedule in said.json()}
    assert found["shop--orders--daily"]["last"] == "2026-11-21T18:00:00Z"
    assert found["shop--orders--weekly"]["last"] is None
    assert "each-minute" in found
    assert said.err == ""

    standin.calls.clear()
    said = shop.run("schedules", "--project", "p-1", "--json")
    assert {s["name"]: s["last"] for s in said.json()}["shop--orders--daily"] is None
    assert "--location" in said.err
    assert standin.calls == []


def test_schedules_of_a_project_without_permission_are_one_line(
    shop, standin, documents, monkeypatch
):
    import grpc

    monkeypatch.setattr("toban.cli.kit.places.cloud.documents", lambda project: documents)
    standin.faults = lambda method, number: Fault(grpc.StatusCode.PERMISSION_DENIED, "no")
    said = shop.run("schedules", *IN_PROJECT)
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "cloudscheduler.jobs.list" in said.err


def test_a_plan_shows_what_apply_then_does_and_the_next_plan_is_empty(shop, standin, documents):
    said = shop.run("plan", *IN_PROJECT)
    assert (said.code, standin.names()) == (0, [])
    assert DAILY in said.out
    assert "Nothing was written." in said.out
    assert documents.query(Query("profiles")) == []

    planned = changes(shop.run("plan", *IN_PROJECT, "--json"))
    assert planned[DAILY] == "create"
    assert changes(shop.run("apply", *IN_PROJECT, "--json")) == planned
    assert standin.names() == sorted(planned)
    assert [s.key.id for s in documents.query(Query("profiles"))] == ["shop"]
    assert standin.job(WEEKLY).time_zone == "America/New_York"

    assert set(changes(shop.run("plan", *IN_PROJECT, "--json")).values()) == {"unchanged"}
    said = shop.run("plan", *IN_PROJECT, lang="ja")
    assert f"{len(planned)} 件は変更不要" in said.out


def test_the_project_may_come_from_the_environment(shop, standin, documents, monkeypatch):
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p-1")
    assert shop.run("apply").code == 0, "a project alone is not ours to read something into"
    assert standin.names() == []
    assert (shop.data / "toban.db").exists()
    monkeypatch.setenv("TOBAN_LOCATION", "asia-northeast1")
    assert shop.run("apply").code == 0
    assert DAILY in standin.names()


def test_half_a_place_is_asked_wrongly(shop):
    said = shop.run("plan", "--project", "p-1")
    assert said.code == 2
    assert "--location" in said.err


def test_nothing_is_deleted_without_being_asked(shop, standin, documents):
    assert shop.run("apply", *IN_PROJECT).code == 0
    write(shop, BACKUP.rpartition("    - {source")[0])
    said = shop.run("apply", *IN_PROJECT)
    assert said.code == 2
    assert WEEKLY in said.err
    assert "--yes" in said.err
    assert WEEKLY in standin.names()
    (profile,) = documents.query(Query("profiles"))
    assert len(profile.data["profile"]["backup"]["plans"]) == 2, "nothing at all was written"

    assert shop.run("plan", *IN_PROJECT).code == 0, "looking needs no consent"
    assert changes(shop.run("apply", *IN_PROJECT, "--yes", "--json"))[WEEKLY] == "delete"
    assert WEEKLY not in standin.names()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 1), ("no\n", 1)])
def test_at_a_terminal_it_asks(shop, standin, documents, monkeypatch, answer, code):
    assert shop.run("apply", *IN_PROJECT).code == 0
    write(shop, BACKUP.rpartition("    - {source")[0])
    keyboard = io.StringIO(answer)
    keyboard.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", keyboard)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    said = shop.run("apply", *IN_PROJECT)
    assert said.code == code
    assert "[y/N]" in said.out
    assert (WEEKLY in standin.names()) == bool(code)


def test_services_applied_before_keep_their_jobs(shop, standin, documents):
    assert shop.run("apply", *IN_PROJECT).code == 0
    text = (shop.services / "shop.yaml").read_text("utf-8")
    (shop.services / "shop.yaml").unlink()
    other = text.replace("id: shop", "id: cafe")
    (shop.services / "cafe.yaml").write_text(other, encoding="utf-8")
    done = changes(shop.run("apply", *IN_PROJECT, "--json"))
    assert done["toban-cafe--orders--daily"] == "create"
    assert done[DAILY] == "unchanged"


def test_a_job_that_is_not_ours_is_told_and_fails_the_command(shop, standin, documents):
    standin.put(PARENT, DAILY, description="mine")
    for verb in ("plan", "apply"):
        said = shop.run(verb, *IN_PROJECT)
        assert said.code == 1
        assert "managed by toban" in said.out
    assert standin.job(DAILY).description == "mine"
    assert WEEKLY in standin.names()


def test_a_job_paused_by_hand_is_shown_and_stays(shop, standin, documents):
    assert shop.run("apply", *IN_PROJECT).code == 0
    standin._switch(standin.job(DAILY), 1, 2)
    said = shop.run("apply", *IN_PROJECT)
    assert "paused (by hand)" in said.out
    assert standin.job(DAILY).state.name == "PAUSED"


def test_a_missing_permission_is_one_line(shop, standin, documents):
    import grpc

    standin.faults = lambda method, number: Fault(grpc.StatusCode.PERMISSION_DENIED, "no")
    said = shop.run("plan", *IN_PROJECT)
    assert said.code == 1
    assert said.err.count("\n") == 1
    assert "cloudscheduler.jobs.list" in said.err


def test_a_wrong_profile_reaches_no_project(shop, standin, documents):
    write(shop, BACKUP.replace("0 3 * * *", "0 25 * * *"))
    assert shop.run("apply", *IN_PROJECT).code != 0
    assert standin.calls == []


def test_without_a_project_apply_makes_no_jobs(shop, standin):
    said = shop.run("apply", "--json")
    assert said.code == 0
    assert [set(change) for change in json.loads(said.out)] == [
        {"service", "change", "version", "before", "fields", "secrets_unset"}
    ]
    assert standin.calls == []
