"""What is no document (logs, traces, dead letters, free pages) keeps no words for longer."""

from __future__ import annotations

import json
import random
import sqlite3
import threading
from datetime import UTC, datetime, timedelta

import pytest

from toban.adapters.local.memory.store import MemoryBlobs, VirtualClock
from toban.adapters.local.sqlite.database import SqliteDatabase
from toban.adapters.local.sqlite.dead_letters import SqliteDeadLetters
from toban.adapters.local.sqlite.queue import SqliteBus
from toban.adapters.local.sqlite.store import SqliteStore
from toban.adapters.local.sqlite.subscriptions import QueueSubscription
from toban.adapters.local.sqlite.traces import SqliteTracer
from toban.kernel.lives import DEAD_LETTERS, LOGS
from toban.kernel.platform import Platform
from toban.local import logs
from toban.local.clockwork import Clockwork
from toban.ports import Create, Delete, Key, Message, Query, Trace, Update
from toban.topology import load

NOON = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MARKER = "08099990000-marker"


@pytest.fixture
def database(tmp_path):
    with SqliteDatabase(tmp_path / "toban.db") as database:
        yield database


# --- logs ----------------------------------------------------------------------------------------


def line(at, text):
    return json.dumps(
        {"timestamp": at.isoformat().replace("+00:00", "Z"), "severity": "INFO", "message": text},
        separators=(",", ":"),
    )


def lines(folder):
    return "".join(path.read_text() for path in folder.glob("toban.log*")).splitlines()


def test_no_line_of_a_log_is_older_than_it_may_be(tmp_path):
    file = logs.LogFile(tmp_path / "toban.log", None)
    written = {}
    for hours in range(0, 100 * 24, 6):
        now = NOON + timedelta(hours=hours)
        written[line(now, f"line {hours}")] = now
        file.write(line(now, f"line {hours}") + "\n")
        file.expire(now)
        kept = {written[text] for text in lines(tmp_path)}
        # By the file: begun within a third, and kept for two.
        assert min(kept) >= now - LOGS - 6 * HOUR
        assert {at for at in written.values() if at >= now - LOGS / 3} <= kept
    file.expire(now + 2 * LOGS)
    file.expire(now + 2 * LOGS)
    assert lines(tmp_path) == []
    file.close()


def test_a_log_of_an_earlier_release_goes_in_time_and_one_without_times_stays(tmp_path):
    path = tmp_path / "toban.log"
    path.write_text("\n".join(line(NOON + n * DAY, f"{n}") for n in range(-1000, 1)) + "\n")
    (tmp_path / "toban.log.3").write_text("not ours\n")
    file = logs.LogFile(path, None)
    for days in range(25):
        file.expire(NOON + days * DAY)
    file.close()

    assert lines(tmp_path) == ["not ours"]


def test_a_log_that_nobody_can_write_stops_nothing(tmp_path):
    file = logs.LogFile(tmp_path / "toban.log", None)
    file.close()
    file.expire(NOON)


# --- traces and dead letters ---------------------------------------------------------------------


def trace(number, at):
    return Trace(
        function="f", event_id=f"e{number}", event_type="t", correlation_id="c", causation_id="",
        attempt=1, started_at=at, duration_ms=1.0, outcome="done", changes=(), emitted=(),
        timers=(), error="",
    )  # fmt: skip


def test_old_traces_are_removed_however_many(database):
    tracer = SqliteTracer(database)
    for number in range(1203):
        tracer.note(trace(number, NOON))
    tracer.note(trace(5000, NOON + DAY))
    tracer.flush()
    tracer.expire(NOON)
    assert len(tracer.by_correlation("c")) == 1204
    tracer.expire(NOON + HOUR)
    assert [t.event_id for t in tracer.by_correlation("c")] == ["e5000"]
    tracer.close()


def bury_one(database, clock):
    bus = SqliteBus(database, [QueueSubscription("t", "f", max_attempts=1)], clock)
    bus.publish([Message("t", b"{}", {"ce-time": "2020-01-01T00:00:00Z"})])
    name = next(iter(bus.subscriptions))
    assert bus.claim([name]) is not None
    clock.advance(timedelta(hours=1))
    assert bus.claim([name]) is None
    return name


def test_a_dead_letter_is_kept_for_14_days_from_its_death_whatever_the_time_of_its_event(database):
    clock = VirtualClock(NOON)
    name = bury_one(database, clock)
    letters = SqliteDeadLetters(database)
    assert letters.counts() == {name: 1}
    letters.expire(clock.now() + DEAD_LETTERS - HOUR, DEAD_LETTERS)
    assert letters.counts() == {name: 1}
    letters.expire(clock.now() + DEAD_LETTERS + HOUR, DEAD_LETTERS)
    assert letters.counts() == {}


def test_one_of_an_earlier_release_is_kept_for_14_days_from_now(tmp_path):
    with SqliteDatabase(tmp_path / "toban.db") as database:
        name = bury_one(database, VirtualClock(NOON))
        with sqlite3.connect(tmp_path / "toban.db") as connection:
            connection.execute("ALTER TABLE dead_letters DROP COLUMN since")
        connection.close()
    with SqliteDatabase(tmp_path / "toban.db") as database:
        letters = SqliteDeadLetters(database)
        letters.expire(NOON + DAY, DEAD_LETTERS)
        letters.expire(NOON + DEAD_LETTERS, DEAD_LETTERS)
        assert letters.counts() == {name: 1}
        letters.expire(NOON + DEAD_LETTERS + 2 * DAY, DEAD_LETTERS)
        assert letters.counts() == {}


# --- free pages ----------------------------------------------------------------------------------


def bytes_of(folder):
    return b"".join(path.read_bytes() for path in folder.glob("toban.db*"))


def test_what_was_deleted_or_replaced_can_be_read_nowhere(tmp_path):
    with SqliteDatabase(tmp_path / "toban.db") as database:
        database.overwrite(NOON)  # not written anew again today
        store = SqliteStore(database)
        keys = [Key("alerts", f"{n}") for n in range(60)]
        versions = store.commit(
            [Create(k, {"id": k.id, "labels": {"phone": MARKER * 200}}) for k in keys]
        )
        store.commit([Create(Key("alerts", "small"), {"id": "small", "phone": MARKER})])
        assert MARKER.encode() in bytes_of(tmp_path)
        half = list(zip(keys, versions, strict=True))
        store.commit([Delete(key, version) for key, version in half[:30]])
        store.commit([Update(key, {"id": key.id}, version) for key, version in half[30:]])
        small = store.get([Key("alerts", "small")])[0]
        store.commit([Update(small.key, {"id": "small"}, small.version)])
        database.overwrite(NOON)
        assert MARKER.encode() not in bytes_of(tmp_path)


def test_what_an_earlier_release_left_in_free_pages_goes_at_once(tmp_path):
    path = tmp_path / "toban.db"
    with SqliteDatabase(path) as database:
        SqliteStore(database).commit([Create(Key("alerts", "kept"), {"id": "kept"})])
    old = sqlite3.connect(path)
    old.execute("PRAGMA secure_delete = OFF")
    old.execute("PRAGMA application_id = 0")
    old.execute("INSERT INTO documents VALUES ('alerts', 'old', 999, ?)", (MARKER * 3000,))
    old.commit()
    old.execute("DELETE FROM documents WHERE id = 'old'")
    old.commit()
    old.close()
    assert MARKER.encode() in bytes_of(tmp_path)

    with SqliteDatabase(path) as database:
        database.overwrite(NOON)
        assert MARKER.encode() not in bytes_of(tmp_path)
        with database.reading() as connection:
            (day,) = connection.execute("PRAGMA application_id").fetchone()
        assert day == (NOON - datetime(1970, 1, 1, tzinfo=UTC)).days
        assert SqliteStore(database).get([Key("alerts", "kept")])[0] is not None


def test_within_a_week_nothing_is_left_in_gaps_between_records(tmp_path):
    """With this seed SQLite 3.40 leaves two there in spite of ``secure_delete``."""
    chance = random.Random(7)
    with SqliteDatabase(tmp_path / "toban.db") as database:
        database.overwrite(NOON)
        store = SqliteStore(database)
        for number in range(300):
            key = Key("alerts", f"{chance.random()}")
            mark = MARKER if number % 3 == 0 else "x" * len(MARKER)
            text = mark + "-" * chance.randrange(20, 700)
            store.commit([Create(key, {"id": "a", "t": text})])
            if number % 2:
                found = chance.choice(store.query(Query("alerts")))
                data = {**found.data, "more": "y" * chance.randrange(20, 900)}
                store.commit([Update(found.key, data, found.version)])
        for found in store.query(Query("alerts")):
            if found.data["t"].startswith(MARKER):
                store.commit([Delete(found.key, found.version)])
        database.overwrite(NOON + 7 * DAY)
        assert MARKER.encode() not in bytes_of(tmp_path)
        assert len(store.query(Query("alerts"))) == 200


def test_whoever_writes_meanwhile_waits_and_loses_nothing(tmp_path):
    with SqliteDatabase(tmp_path / "toban.db") as database:
        store = SqliteStore(database)
        failed: list[Exception] = []

        def write(name):
            for number in range(60):
                try:
                    store.commit([Create(Key(name, f"{number}"), {"id": f"{number}"})])
                except Exception as error:  # noqa: BLE001
                    failed.append(error)

        threads = [threading.Thread(target=write, args=(f"c{n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        week = 0
        while any(thread.is_alive() for thread in threads):
            database.overwrite(NOON + week * 7 * DAY)
            week += 1
        assert week > 1
        assert failed == []
        assert [len(store.query(Query(f"c{n}"))) for n in range(4)] == [60] * 4


def test_while_somebody_reads_the_log_waits_for_the_next_time(tmp_path):
    with SqliteDatabase(tmp_path / "toban.db", busy_timeout_s=0.1) as database:
        store = SqliteStore(database)
        store.commit([Create(Key("alerts", "a"), {"id": "a", "phone": MARKER})])
        with database.reading() as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM documents").fetchone()
            found = store.get([Key("alerts", "a")])[0]
            store.commit([Update(found.key, {"id": "a"}, found.version)])
            database.overwrite(NOON)
        database.overwrite(NOON)
        assert MARKER.encode() not in bytes_of(tmp_path)


# --- when ----------------------------------------------------------------------------------------


class Laptop:
    def __init__(self, tmp_path):
        self.clock = VirtualClock(NOON)
        self.store = SqliteStore(SqliteDatabase(tmp_path / "toban.db"))
        topology = load()

        class Bus:
            def publish(self, messages):
                pass

        self.platform = Platform(store=self.store, bus=Bus(), blobs=MemoryBlobs(), clock=self.clock)
        self.topology = topology
        self.tidied = []
        self.start()

    def start(self):
        self.clockwork = Clockwork(self.platform, self.topology, [self.tidied.append])
        self.clockwork.turn()

    def after(self, *, days=0, hours=0, steps=1):
        for _ in range(steps):
            self.clock.advance(timedelta(days=days, hours=hours) / steps)
            self.clockwork.turn()

    def put(self, collection, **more):
        data = {"id": "x", "expires_at": NOON + 5 * DAY, **more}
        self.store.commit([Create(Key(collection, "x"), data)])

    def has(self, collection):
        return self.store.get([Key(collection, "x")])[0] is not None


def test_after_a_leap_of_the_clock_only_receipts_are_removed_for_a_day(tmp_path):
    laptop = Laptop(tmp_path)
    laptop.put("receipts")
    laptop.put("incidents", service="chat")
    laptop.after(days=30)
    laptop.after(hours=2, steps=4)
    assert (laptop.has("receipts"), laptop.has("incidents")) == (False, True)
    assert laptop.tidied == []
    laptop.after(hours=23, steps=23)
    assert not laptop.has("incidents")
    assert laptop.tidied


def test_a_leap_is_noticed_by_what_starts_after_it(tmp_path):
    laptop = Laptop(tmp_path)
    laptop.after(hours=1, steps=2)  # something is fired
    laptop.put("incidents", service="chat")
    laptop.clock.advance(30 * DAY)
    laptop.start()
    laptop.after(hours=5, steps=5)
    assert laptop.has("incidents")
    # The clock goes on evenly, whoever starts.
    laptop.after(hours=8)
    laptop.start()
    laptop.after(hours=2, steps=2)
    assert not laptop.has("incidents")


def test_a_night_is_no_leap_and_drafts_go_with_their_incident(tmp_path):
    laptop = Laptop(tmp_path)
    laptop.put("incidents", service="chat")
    blobs = laptop.platform.blobs
    for name in ("chat/x-1.md", "chat/x-2.md", "chat/xx-1.md", "other/x-1.md"):
        blobs.create(f"postmortems/{name}", MARKER.encode(), "text/markdown")
    for _ in range(6):
        laptop.after(hours=16)
        laptop.after(hours=8, steps=8)
    assert not laptop.has("incidents")
    assert blobs.names("") == ["postmortems/chat/xx-1.md", "postmortems/other/x-1.md"]


def test_what_the_clockwork_tidies_is_old_enough(tmp_path):
    laptop = Laptop(tmp_path)
    laptop.after(days=3, steps=72)
    assert len(laptop.tidied) >= 70
    assert laptop.tidied[-1] == laptop.clock.now()
