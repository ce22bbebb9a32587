"""What only the local adapters promise: grouped commits, indexes, deadlines, single steps."""

from __future__ import annotations

import re
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from toban.adapters.local.memory.bus import MemoryBus
from toban.adapters.local.memory.store import VirtualClock
from toban.adapters.local.sqlite import values
from toban.adapters.local.sqlite.database import SCHEMA_VERSION, SqliteDatabase
from toban.adapters.local.sqlite.dead_letters import SqliteDeadLetters
from toban.adapters.local.sqlite.dispatcher import Dispatcher
from toban.adapters.local.sqlite.queue import SqliteBus, UnknownTopicError
from toban.adapters.local.sqlite.store import SqliteStore
from toban.adapters.local.sqlite.subscriptions import QueueSubscription
from toban.ports import AlreadyExists, Create, Key, Message, Query, Unavailable

PREVIOUS = Path(__file__).parents[1] / "compat" / "previous"
START = datetime(2026, 4, 1, tzinfo=UTC)
SLOW = QueueSubscription(
    "t", "f", max_attempts=3, min_backoff_s=10, max_backoff_s=60, ack_deadline_s=30
)


@pytest.fixture
def database(tmp_path):
    with SqliteDatabase(tmp_path / "data" / "toban.db") as database:
        yield database


@pytest.fixture
def clock():
    return VirtualClock(START)


# --- the database ------------------------------------------------------------------------------


def test_commits_that_wait_together_are_written_together_and_fail_alone(database):
    started, go_on = threading.Event(), threading.Event()
    transactions = []

    def hold(transaction):
        started.set()
        assert go_on.wait(30)

    def create(number):
        def job(transaction):
            transactions.append(transaction)
            transaction.execute("INSERT INTO documents VALUES ('c', ?, 1, '{}')", (str(number),))
            if number == 3:
                raise AlreadyExists("3")

        return job

    def waiting():
        with database._mutex:
            return len(database._waiting)

    with ThreadPoolExecutor(7) as pool:
        first = pool.submit(database.write, hold)
        assert started.wait(30)
        others = [pool.submit(database.write, create(number)) for number in range(6)]
        while waiting() < 6:
            pass
        go_on.set()
        first.result(30)
        errors = [future.exception(30) for future in others]

    assert len(set(map(id, transactions))) == 1
    assert [type(error) for error in errors if error] == [AlreadyExists]
    assert isinstance(errors[3], AlreadyExists)
    assert [found.key.id for found in SqliteStore(database).query(Query("c"))] == list("01245")


def test_what_waits_with_something_that_has_to_be_synced_is_synced_with_it(database):
    """200 was answered for it: whoever shares its commit does not make it less durable."""
    started, go_on, levels = threading.Event(), threading.Event(), []

    def hold(transaction):
        started.set()
        assert go_on.wait(30)

    def look(transaction):
        levels.append(transaction.execute("PRAGMA synchronous").fetchone()[0])

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(database.write, hold, synced=False)
        assert started.wait(30)
        others = [pool.submit(database.write, look, synced=synced) for synced in (False, True)]
        while len(database._waiting) < 2:
            pass
        go_on.set()
        for future in (first, *others):
            future.result(30)
        pool.submit(database.write, look, synced=False).result(30)
    full, normal = 2, 1
    assert levels == [full, full, normal]


def test_a_file_locked_by_another_for_too_long_is_unavailable_and_then_works(tmp_path):
    path = tmp_path / "toban.db"
    with SqliteDatabase(path, busy_timeout_s=0.05) as database:
        store = SqliteStore(database)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(Unavailable, match="locked"):
            store.commit([Create(Key("a", "1"), {})])

        other.execute("ROLLBACK")
        other.close()
        store.commit([Create(Key("a", "1"), {})])
        assert store.count(Query("a")) == 1


def test_a_full_disk_is_unavailable_and_leaves_nothing_half_done(database):
    store = SqliteStore(database)
    store.commit([Create(Key("a", "1"), {})])
    (pages,) = database._writer.execute("PRAGMA page_count").fetchone()
    database._writer.execute(f"PRAGMA max_page_count = {pages + 2}")

    with pytest.raises(Unavailable, match="full"):
        store.commit([Create(Key("a", "2"), {}), Create(Key("a", "3"), {"x": "x" * 100_000})])

    database._writer.execute("PRAGMA max_page_count = 1000000")
    assert [found.key.id for found in store.query(Query("a"))] == ["1"]
    store.commit([Create(Key("a", "2"), {})])


def test_a_file_of_a_newer_version_is_left_alone(tmp_path):
    path = tmp_path / "toban.db"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()

    with pytest.raises(Unavailable, match=r"newer version of toban.* a copy from before"):
        SqliteDatabase(path)


def test_a_file_of_an_earlier_version_is_taken_over_by_the_first_write_not_by_a_look(tmp_path):
    path = tmp_path / "toban.db"
    with SqliteDatabase(path) as database:
        SqliteStore(database).commit([Create(Key("a", "1"), {})])
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION - 1}")

    def version() -> int:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])

    with SqliteDatabase(path) as database:
        store = SqliteStore(database)
        assert [found.key.id for found in store.query(Query("a"))] == ["1"]
    assert version() == SCHEMA_VERSION - 1
    with SqliteDatabase(path) as database:
        SqliteStore(database).commit([Create(Key("a", "2"), {})])
    assert version() == SCHEMA_VERSION
    connection.close()


def test_this_release_is_told_from_the_one_before():
    """Whoever goes back to it is refused: it would drop what it does not know of a document."""
    left = (PREVIOUS / "data" / "toban.db.sql").read_text(encoding="utf-8")
    (before,) = re.findall(r"PRAGMA user_version = (\d+);", left)
    assert int(before) + 1 == SCHEMA_VERSION


def test_a_file_that_is_no_database_is_left_alone(tmp_path):
    path = tmp_path / "toban.db"
    path.write_bytes(b"something else entirely\n" * 100)

    with pytest.raises(Unavailable, match="not a database"):
        SqliteDatabase(path)

    assert path.read_bytes() == b"something else entirely\n" * 100


def test_a_file_of_which_a_part_was_lost_is_named(tmp_path):
    path = tmp_path / "toban.db"
    with SqliteDatabase(path) as whole:
        SqliteStore(whole).commit([Create(Key("a", str(n)), {"x": "y" * 900}) for n in range(90)])
    pages = path.stat().st_size // 4096
    with path.open("r+b") as file:
        file.seek(2 * 4096)
        file.write(bytes((pages - 3) * 4096))

    with SqliteDatabase(path) as database:
        store = SqliteStore(database)
        with pytest.raises(Unavailable, match=r"toban\.db: .*malformed"):
            store.query(Query("a"))
        with pytest.raises(Unavailable, match=r"toban\.db: .*malformed"):
            store.commit([Create(Key("a", f"new {n}"), {"x": "y" * 900}) for n in range(90)])


def test_a_closed_database_says_so(database):
    store = SqliteStore(database)
    database.close()

    with pytest.raises(Unavailable, match="closed"):
        store.commit([Create(Key("a", "1"), {})])
    with pytest.raises(Unavailable, match="closed"):
        store.get([Key("a", "1")])


def test_closing_under_threads_that_read_and_write_ends_them_with_an_error(tmp_path):
    database = SqliteDatabase(tmp_path / "toban.db")
    store = SqliteStore(database)
    busy = threading.Barrier(9)

    def work(number):
        for step in range(1_000_000):
            if step == 5:
                busy.wait(30)
            store.commit([Create(Key("a", f"{number}-{step}"), {"n": step})])
            store.query(Query("a", (("n", "==", step),)))

    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(work, number) for number in range(8)]
        busy.wait(30)
        database.close()
        errors = [future.exception(30) for future in futures]

    assert {type(error) for error in errors} == {Unavailable}


@pytest.mark.parametrize(
    "query",
    [
        Query("receipts", (("due", "<=", START),), "due", 100),
        Query("alerts", (("incident", "==", "inc-1"),)),
        Query("notifications", (("incident", "==", "inc-1"),), "at"),
        Query("incidents", (("status", "==", "open"),), "-opened_at"),
        Query("incidents", (), "-opened_at", 50),
    ],
    ids=str,
)
def test_a_queried_field_is_found_by_an_index(database, query, monkeypatch):
    # Of any query, also of one that Firestore would need a declared index for.
    monkeypatch.setattr(values, "require_index", lambda _: None)
    store = SqliteStore(database)
    statement, parameters = store.statement(query)

    with database.reading() as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()

    text = "; ".join(step[-1] for step in plan)
    field = query.where[0][0] if query.where else "opened_at"
    assert f"USING INDEX documents {query.collection} {field}" in text


def test_a_full_disk_can_still_be_read(database):
    store = SqliteStore(database)
    store.commit([Create(Key("incidents", "1"), {"status": "open"})])
    (pages,) = database._writer.execute("PRAGMA page_count").fetchone()
    database._writer.execute(f"PRAGMA max_page_count = {pages}")

    found = store.query(Query("incidents", (("status", "==", "open"),)))

    assert [snapshot.key.id for snapshot in found] == ["1"]


# --- delivering --------------------------------------------------------------------------------


@pytest.fixture(params=["memory", "sqlite"])
def bus(request, database, clock):
    """Both local buses have the same step-by-step verbs."""
    if request.param == "memory":
        bus = MemoryBus([SLOW], clock, ["lonely"])
        bus.claim = lambda names: bus.take()
        return bus
    bus = SqliteBus(database, [SLOW], clock, ["lonely"], jitter=lambda: 0.0)
    bus.pull = SqliteDeadLetters(database).pull
    return bus


def test_a_message_whose_handler_takes_too_long_is_delivered_again_meanwhile(bus, clock):
    bus.publish([Message("t", b"x", {})])
    slow = bus.claim(["t--f"])
    assert bus.claim(["t--f"]) is None

    clock.advance(30)
    second = bus.claim(["t--f"])

    assert second.delivered.attempt == 2
    assert second.delivered.message_id == slow.delivered.message_id
    assert not bus.refuse(slow), "a late refusal must not disturb the delivery that took over"
    clock.advance(29)
    assert bus.claim(["t--f"]) is None
    bus.acknowledge(slow)
    assert bus.pending() == {"t--f": 0}
    assert not bus.refuse(second)
    assert bus.pull("t--f", 1) == []


def test_a_message_whose_handler_never_comes_back_ends_as_a_dead_letter(bus, clock):
    bus.publish([Message("t", b"x", {"a": "b"})])
    for _ in range(3):
        assert bus.claim(["t--f"]) is not None
        clock.advance(30)

    assert bus.claim(["t--f"]) is None
    [letter] = bus.pull("t--f", 10)
    assert letter.message.attributes == {
        "a": "b",
        "CloudPubSubDeadLetterSourceDeliveryCount": "3",
        "CloudPubSubDeadLetterSourceSubscription": "t--f",
    }


def test_a_restart_frees_what_was_being_delivered_but_not_what_backs_off(bus, clock):
    bus.publish([Message("t", b"refused", {}), Message("t", b"under way", {})])
    assert not bus.refuse(bus.claim(["t--f"]))
    assert bus.claim(["t--f"]).delivered.message.data == b"under way"

    bus.release_claims()

    again = bus.claim(["t--f"])
    assert (again.delivered.message.data, again.delivered.attempt) == (b"under way", 2)
    assert bus.claim(["t--f"]) is None


def test_a_single_message_does_not_wait_behind_the_backlog_of_another_subscription(database, clock):
    pages, alerts = QueueSubscription("pages", "f"), QueueSubscription("alerts", "f")
    bus = SqliteBus(database, [alerts, pages], clock=clock)
    bus.publish([Message("alerts", b"%d" % number, {}) for number in range(100)])
    clock.advance(timedelta(seconds=1))
    bus.publish([Message("pages", b"wake up", {})])
    claims, done = [], None
    for _ in range(3):
        done = bus.claim([alerts.name, pages.name], done)
        claims.append(done.delivered.message.data)
    assert claims == [b"0", b"wake up", b"1"]


def test_topics_off_the_map_are_refused_whole(bus):
    with pytest.raises(UnknownTopicError, match="no such topic: misspelt"):
        bus.publish([Message("t", b"", {}), Message("misspelt", b"", {})])

    assert bus.pending() == {"t--f": 0}
    bus.publish([Message("lonely", b"", {})])


def test_the_memory_bus_delivers_in_steps_of_the_callers_choice(clock):
    bus = MemoryBus([SLOW], clock)
    bus.publish([Message("t", data, {}) for data in (b"1", b"2", b"3")])
    seen = []

    assert [delivered.message.data for delivered in bus.due()] == [b"1", b"2", b"3"]
    bus.deliver_next(lambda delivered: seen.append(delivered.message.data), pick=2)
    step = bus.deliver_next(lambda delivered: 1 / 0)

    assert seen == [b"3"]
    assert isinstance(step.error, ZeroDivisionError)
    assert bus.next_due() == START
    assert [delivered.message.data for delivered in bus.due()] == [b"2"]
    bus.deliver_next(lambda delivered: None)
    assert bus.next_due() == START + timedelta(seconds=10)
    assert bus.deliver_next(lambda delivered: None) is None


def test_a_dispatcher_needs_a_handler_for_each_subscription(database, clock):
    bus = SqliteBus(database, [SLOW], clock)

    with pytest.raises(ValueError, match="t--f"):
        Dispatcher(bus, {})
    with pytest.raises(ValueError, match="t--other"):
        Dispatcher(bus, {"t--f": print, "t--other": print})


def test_stopping_waits_for_the_handler_and_acknowledges_its_message(database, clock):
    bus = SqliteBus(database, [SLOW], clock)
    started, go_on = threading.Event(), threading.Event()

    def handle(delivered):
        started.set()
        assert go_on.wait(30)

    dispatcher = Dispatcher(bus, {"t--f": handle}, workers=1)
    dispatcher.start()
    bus.publish([Message("t", b"1", {})])
    assert started.wait(30)
    bus.publish([Message("t", b"2", {})])
    assert not dispatcher.drain(0)
    stopping = threading.Thread(target=dispatcher.stop)
    stopping.start()
    go_on.set()
    stopping.join(30)

    assert not stopping.is_alive()
    assert bus.pending() == {"t--f": 1}


def test_a_handler_that_exits_only_fails_its_message(database, clock):
    bus = SqliteBus(database, [SLOW], clock)
    seen = []

    def handle(delivered):
        seen.append(delivered.message.data)
        if delivered.message.data == b"exit":
            raise SystemExit(1)

    dispatcher = Dispatcher(bus, {"t--f": handle}, workers=1)
    dispatcher.start()
    bus.publish([Message("t", b"exit", {}), Message("t", b"next", {})])
    assert dispatcher.drain(30)
    assert not dispatcher.drain(0, backoff=True)
    dispatcher.stop()

    assert seen == [b"exit", b"next"]
    assert bus.pending() == {"t--f": 1}


@pytest.mark.parametrize(
    "numbers",
    [{"max_attempts": 0}, {"min_backoff_s": 2, "max_backoff_s": 1}, {"ack_deadline_s": 0}],
)
def test_a_subscription_that_makes_no_sense_is_refused(numbers):
    with pytest.raises(ValueError, match="t--f"):
        QueueSubscription("t", "f", **numbers)


def test_back_off_doubles_to_its_maximum_and_jitter_takes_off_a_fifth_at_most():
    delays = [SLOW.retry_delay_us(failures, 0.0) / 1e6 for failures in (1, 2, 3, 4, 1000)]

    assert delays == [10, 20, 40, 60, 60]
    assert SLOW.retry_delay_us(1, 0.5) == 9_000_000
