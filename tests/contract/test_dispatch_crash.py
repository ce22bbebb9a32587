"""The SQLite world survives `kill -9`: what was said to be durable is there, and is delivered."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract import crash_process
from toban.adapters.local.files.blobs import SystemClock
from toban.adapters.local.memory.store import VirtualClock
from toban.adapters.local.sqlite.database import SqliteDatabase
from toban.adapters.local.sqlite.dead_letters import SqliteDeadLetters
from toban.adapters.local.sqlite.dispatcher import AlreadyRunningError, Dispatcher
from toban.adapters.local.sqlite.queue import SqliteBus
from toban.adapters.local.sqlite.store import SqliteStore
from toban.adapters.local.sqlite.subscriptions import QueueSubscription
from toban.ports import Create, Key, Message, Query

ROOT = Path(__file__).parents[2]


def start(script, *arguments):
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'shared'}{os.pathsep}{ROOT}"}
    return subprocess.Popen(
        [sys.executable, *script, *map(str, arguments)],
        stdout=subprocess.PIPE,
        env=environment,
        cwd=ROOT,
    )


def run_and_kill(path, first, lines):
    """Let the process say so many lines, kill it, and return all it said."""
    process = start([ROOT / "tests/contract/crash_process.py"], path, first)
    said = [process.stdout.readline() for _ in range(lines)]
    assert all(said), "the process ended by itself"
    process.send_signal(signal.SIGKILL)
    said += process.stdout.read().splitlines(keepends=True)
    process.wait()
    process.stdout.close()
    pairs = [line.decode().split() for line in said if line.endswith(b"\n")]
    return {word: {int(number) for name, number in pairs if name == word} for word, _ in pairs}


@pytest.mark.parametrize("lines", [1, 7, 40, 101, 250, 600])
def test_what_was_published_before_a_kill_is_handled_after_it(tmp_path, lines):
    path = tmp_path / "toban.db"
    published, handled = set(), set()
    for round_ in range(3):
        said = run_and_kill(path, round_ * 100_000, lines)
        published |= said.get("published", set())
        handled |= said.get("handled", set())
    assert published

    with SqliteDatabase(path) as database:
        store = SqliteStore(database)
        noted_before = {int(found.key.id) for found in store.query(Query("pages"))}
        bus = SqliteBus(database, [crash_process.ALERTS, crash_process.PAGES], SystemClock())
        dispatcher = Dispatcher(bus, crash_process.handlers(store, bus))
        dispatcher.start()
        assert dispatcher.drain(60, backoff=True)
        dispatcher.stop()

        assert handled <= noted_before
        for collection in ("incidents", "pages"):
            found = {int(snapshot.key.id) for snapshot in store.query(Query(collection))}
            assert published <= found
        assert set(bus.pending().values()) == {0}
        assert SqliteDeadLetters(database).counts() == {}


DIES_WHILE_HANDLING = """
import os, sys
from pathlib import Path
from toban.adapters.local.sqlite.database import SqliteDatabase
from toban.adapters.local.sqlite.dispatcher import Dispatcher
from toban.adapters.local.files.blobs import SystemClock
from toban.adapters.local.sqlite.queue import SqliteBus
from toban.adapters.local.sqlite.subscriptions import QueueSubscription

bus = SqliteBus(SqliteDatabase(Path(sys.argv[1])), [QueueSubscription("t", "f", 3)], SystemClock())

def die(delivered):
    os.write(1, f"attempt {delivered.attempt} {delivered.message_id}\\n".encode())
    os.kill(os.getpid(), 9)

dispatcher = Dispatcher(bus, {"t--f": die})
dispatcher.start()
dispatcher.drain(60)
os.write(1, f"left {bus.pending()['t--f']}\\n".encode())
"""


def test_a_message_that_kills_its_process_counts_attempts_and_ends_as_a_dead_letter(tmp_path):
    path = tmp_path / "toban.db"
    with SqliteDatabase(path) as database:
        bus = SqliteBus(database, [QueueSubscription("t", "f", 3)], SystemClock())
        bus.publish([Message("t", b"poison", {"ce-id": "1"})])

    said = []
    for _ in range(4):
        process = start(["-c", DIES_WHILE_HANDLING], path)
        said.append(process.communicate(timeout=60)[0].decode().strip())

    numbers = [line.rsplit(" ", 1)[0] for line in said[:3]]
    assert numbers == ["attempt 1", "attempt 2", "attempt 3"]
    assert len({line.split()[-1] for line in said[:3]}) == 1, "the message id changed"
    assert said[3] == "left 0"
    with SqliteDatabase(path) as database:
        [letter] = SqliteDeadLetters(database).pull("t--f", 10)
        assert letter.message.data == b"poison"


PUBLISHES = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from toban.adapters.local.sqlite.database import SqliteDatabase
from toban.adapters.local.files.blobs import SystemClock
from toban.adapters.local.sqlite.queue import SqliteBus
from toban.adapters.local.sqlite.store import SqliteStore
from toban.adapters.local.sqlite.subscriptions import QueueSubscription
from toban.ports import Create, Key, Message

database = SqliteDatabase(Path(sys.argv[1]))
bus = SqliteBus(database, [QueueSubscription("t", "f")], SystemClock())
for number in range(50):
    SqliteStore(database).commit([Create(Key("other", str(number)), {"n": number})])
    bus.publish([Message("t", b"", {"ce-id": str(number)})])
database.close()
"""


def test_messages_and_documents_of_another_process_are_noticed_while_running(tmp_path):
    path = tmp_path / "toban.db"
    with SqliteDatabase(path) as database:
        store = SqliteStore(database)
        bus = SqliteBus(database, [QueueSubscription("t", "f")], SystemClock())
        seen = []
        dispatcher = Dispatcher(
            bus,
            {"t--f": lambda delivered: seen.append(delivered.message.attributes["ce-id"])},
            look_again_s=3_600,  # only what it notices counts
        )
        dispatcher.start()
        process = start(["-c", PUBLISHES], path)
        for number in range(50):
            store.commit([Create(Key("own", str(number)), {"n": number})])

        assert process.wait(60) == 0
        process.stdout.close()
        assert dispatcher.drain(60)
        dispatcher.stop()

        assert sorted(seen, key=int) == [str(number) for number in range(50)]
        assert store.count(Query("own")) == store.count(Query("other")) == 50


def test_a_file_has_one_dispatcher_at_a_time(tmp_path):
    with SqliteDatabase(tmp_path / "toban.db") as database:
        bus = SqliteBus(database, [QueueSubscription("t", "f")], SystemClock())
        first = Dispatcher(bus, {"t--f": print})
        first.start()

        with pytest.raises(AlreadyRunningError):
            Dispatcher(bus, {"t--f": print}).start()

        first.stop()
        second = Dispatcher(bus, {"t--f": print})
        second.start()
        second.stop()


def test_back_off_goes_on_after_a_restart(tmp_path):
    clock = VirtualClock(SystemClock().now())
    with SqliteDatabase(tmp_path / "toban.db") as database:
        bus = SqliteBus(
            database, [QueueSubscription("t", "f", 5, 10, 60)], clock, jitter=lambda: 0.0
        )
        bus.publish([Message("t", b"", {})])
        assert not bus.refuse(bus.claim(["t--f"]))

    clock.advance(9.9)
    with SqliteDatabase(tmp_path / "toban.db") as database:
        bus = SqliteBus(database, [QueueSubscription("t", "f", 5, 10, 60)], clock)
        bus.release_claims()
        assert bus.claim(["t--f"]) is None
        clock.advance(0.1)
        assert bus.claim(["t--f"]).delivered.attempt == 2
