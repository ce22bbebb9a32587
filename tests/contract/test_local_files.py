"""What only the local adapters promise: files, secrets, clocks, traces."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from toban.adapters.local.files.blobs import EnvSecrets, FileBlobs, SystemClock
from toban.adapters.local.memory.store import MemorySecrets, MemoryTracer, VirtualClock
from toban.adapters.local.sqlite.database import SqliteDatabase
from toban.adapters.local.sqlite.traces import SqliteTracer
from toban.ports import Trace

START = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
def database(tmp_path):
    with SqliteDatabase(tmp_path / "data" / "toban.db") as database:
        yield database


def test_no_unfinished_file_is_left_or_listed(tmp_path):
    blobs = FileBlobs(tmp_path)
    blobs.create("a/b", b"1", "text/plain")
    blobs.create("a/b", b"2", "text/plain")
    (tmp_path / ".tmp" / "left-by-a-crash").write_bytes(b"half")

    assert blobs.names("") == ["a/b"]
    assert [file.name for file in (tmp_path / ".tmp").iterdir()] == ["left-by-a-crash"]


def test_a_link_that_leads_out_of_the_directory_is_not_followed(tmp_path):
    (tmp_path / "outside").mkdir()
    blobs = FileBlobs(tmp_path / "blobs")
    blobs.create("x", b"1", "text/plain")
    (tmp_path / "blobs" / "link").symlink_to(tmp_path / "outside")

    with pytest.raises(ValueError, match="leads out"):
        blobs.create("link/x", b"1", "text/plain")


@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a")])
def test_an_object_cannot_be_a_directory_as_well(tmp_path, names):
    blobs = FileBlobs(tmp_path)
    blobs.create(names[0], b"1", "text/plain")

    with pytest.raises(ValueError, match="below"):
        blobs.create(names[1], b"2", "text/plain")


def test_secrets_come_from_the_environment_and_two_are_valid_during_rotation():
    secrets = EnvSecrets(
        {
            "TOBAN_SECRET_LINK_SIGNING": "new",
            "TOBAN_SECRET_LINK_SIGNING_PREVIOUS": "old",
            "TOBAN_SECRET_BLANK": "  ",
            "TOBAN_SECRET_INGEST_GENERIC": "only",
            "TOBAN_SECRET_INGEST_GENERIC_PREVIOUS": "",
        }
    )

    assert secrets.values("LINK_SIGNING") == ["new", "old"]
    assert secrets.values("INGEST_GENERIC") == ["only"]
    assert secrets.values("BLANK") == secrets.values("UNKNOWN") == []


def test_secrets_in_memory_can_be_rotated():
    secrets = MemorySecrets({"LINK_SIGNING": ["old"]})
    secrets.set("LINK_SIGNING", "new", "old")

    assert secrets.values("LINK_SIGNING") == ["new", "old"]
    assert secrets.values("UNKNOWN") == []


def test_clocks_are_in_utc_and_the_virtual_one_moves_when_told():
    clock = VirtualClock(START)
    assert SystemClock().now().utcoffset() == timedelta(0)
    assert clock.now() == clock.now() == START
    assert clock.advance(1.5) == clock.now() == START + timedelta(seconds=1.5)
    clock.set(START - timedelta(days=1))
    assert clock.now() == START - timedelta(days=1)
    with pytest.raises(ValueError, match="zone"):
        VirtualClock(datetime(2026, 4, 1))  # noqa: DTZ001  that is the point


def trace(number, correlation="story-1"):
    return Trace(
        "open_incident",
        f"event-{number}",
        "toban.alert.fired.v1",
        correlation,
        "",
        1,
        START,
        1.25,
        "done",
        ("created incidents/inc-1",),
        (("toban.incident.opened.v1", "e-2"),),
        (("toban.timer.due.v1", "2026-04-01T00:05:00Z"),),
        "",
    )


@pytest.mark.parametrize("world", ["memory", "sqlite"])
def test_traces_are_found_by_story_and_by_event_in_the_order_noted(database, world):
    tracer = MemoryTracer() if world == "memory" else SqliteTracer(database)
    for one in (trace(2), trace(1), trace(3, "story-2"), trace(1)):
        tracer.note(one)

    assert tracer.by_correlation("story-1") == [trace(2), trace(1), trace(1)]
    assert tracer.by_event("event-3") == [trace(3, "story-2")]
    assert tracer.by_event("none") == []
    if world == "sqlite":
        tracer.close()


def test_traces_are_there_for_the_next_process_after_closing(database):
    tracer = SqliteTracer(database)
    tracer.note(trace(1))
    tracer.close()

    reader = SqliteTracer(database)
    assert reader.by_event("event-1") == [trace(1)]
    reader.close()
