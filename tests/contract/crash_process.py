"""
A process to be killed: publishes and handles at the same time, on one SQLite file.

Run with the file and a first number. Prints ``published N`` when `publish` has returned for
message N, ``handled N`` when its handler has committed, until it is killed.
"""

from __future__ import annotations

import itertools
import os
import sys
import threading
from pathlib import Path

from toban.adapters.local.files.blobs import SystemClock
from toban.adapters.local.sqlite.database import SqliteDatabase
from toban.adapters.local.sqlite.dispatcher import Dispatcher
from toban.adapters.local.sqlite.queue import SqliteBus
from toban.adapters.local.sqlite.store import SqliteStore
from toban.adapters.local.sqlite.subscriptions import QueueSubscription
from toban.ports import AlreadyExists, Create, Delivered, Key, Message

ALERTS = QueueSubscription("alert-fired", "open_incident", 10, 0.0, 0.0)
PAGES = QueueSubscription("incident-opened", "page_responders", 10, 0.0, 0.0)


def say(text: str) -> None:
    # One write call for each line: the reader sees whole lines even after a kill.
    os.write(1, f"{text}\n".encode())


def handlers(store: SqliteStore, bus: SqliteBus, say=lambda text: None):
    """First hop: note and publish on; second hop: note. Both tolerate duplicates."""

    def note(collection: str, number: str) -> None:
        try:
            store.commit([Create(Key(collection, number), {"n": int(number)})])
        except AlreadyExists:
            say(f"again {number}")

    def open_incident(delivered: Delivered) -> None:
        number = delivered.message.attributes["ce-id"]
        note("incidents", number)
        bus.publish([Message("incident-opened", b"{}", {"ce-id": number})])

    def page(delivered: Delivered) -> None:
        number = delivered.message.attributes["ce-id"]
        note("pages", number)
        say(f"handled {number}")

    return {ALERTS.name: open_incident, PAGES.name: page}


def main() -> None:
    database = SqliteDatabase(Path(sys.argv[1]))
    store = SqliteStore(database)
    bus = SqliteBus(database, [ALERTS, PAGES], SystemClock())
    Dispatcher(bus, handlers(store, bus, say), workers=3).start()
    numbers = itertools.count(int(sys.argv[2]))

    def publish() -> None:
        while True:
            number = next(numbers)
            bus.publish([Message("alert-fired", b"{}", {"ce-id": str(number)})])
            say(f"published {number}")

    threads = [threading.Thread(target=publish) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
