"""The worlds that need nothing but Python: in memory, and SQLite with files."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.contract.worlds import (
    BLOBS_WORLDS,
    BUS_WORLDS,
    STORE_WORLDS,
    Handler,
    SubscriptionSpec,
)
from toban.adapters.local.files.blobs import FileBlobs
from toban.adapters.local.memory.bus import MemoryBus
from toban.adapters.local.memory.store import MemoryBlobs, MemoryStore, VirtualClock
from toban.adapters.local.sqlite.database import SqliteDatabase
from toban.adapters.local.sqlite.dead_letters import SqliteDeadLetters
from toban.adapters.local.sqlite.dispatcher import Dispatcher
from toban.adapters.local.sqlite.queue import SqliteBus
from toban.adapters.local.sqlite.store import SqliteStore
from toban.adapters.local.sqlite.subscriptions import QueueSubscription, moment_at
from toban.ports import Blobs, Query, Snapshot, Store, Unavailable, Write

START = datetime(2026, 4, 1, tzinfo=UTC)
NEVER_S = 3_600.0
"""Workers do not look again by themselves, so that a wake-up that was missed shows."""


class LosesAnswer:
    """A store whose next commit is applied and then not answered."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._loses = True
        self.get = store.get

    def commit(self, writes: Sequence[Write]) -> list[str]:
        versions = self._store.commit(writes)
        if self._loses:
            self._loses = False
            raise Unavailable("the connection broke")
        return versions

    def query(self, query: Query) -> list[Snapshot]:
        return self._store.query(query)

    def count(self, query: Query) -> int:
        return self._store.count(query)


class MemoryStoreWorld:
    def __init__(self, _: Path) -> None:
        pass

    def make(self) -> Store:
        return MemoryStore()

    def lose_next_answer(self, store: Store) -> Store:
        return LosesAnswer(store)

    def close(self) -> None:
        pass


class SqliteStoreWorld:
    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = itertools.count()
        self._databases: list[SqliteDatabase] = []

    def make(self) -> Store:
        database = SqliteDatabase(self._directory / f"{next(self._numbers)}.db")
        self._databases.append(database)
        return SqliteStore(database)

    def lose_next_answer(self, store: Store) -> Store:
        return LosesAnswer(store)

    def close(self) -> None:
        for database in self._databases:
            database.close()


def subscription(spec: SubscriptionSpec) -> QueueSubscription:
    return QueueSubscription(
        spec.topic, spec.function, spec.max_attempts, spec.min_backoff_s, spec.max_backoff_s
    )


class MemoryBusRun:
    def __init__(self, subscriptions: Sequence[SubscriptionSpec], topics: Sequence[str]) -> None:
        self._clock = VirtualClock(START)
        self._bus = MemoryBus(
            [subscription(spec) for spec in subscriptions],
            self._clock,
            topics,
            random.Random(1).random,
        )
        self.bus = self._bus
        self.dead_letters = self._bus
        self.now = self._clock.now

    def run(self, handlers: Mapping[str, Handler]) -> None:
        def handle(delivered):
            handlers[delivered.subscription](delivered)

        while (due := self._bus.next_due()) is not None:
            self._clock.set(max(due, self._clock.now()))
            self._bus.deliver_next(handle)

    def close(self) -> None:
        pass


class MemoryBusWorld:
    exact_times = True

    def __init__(self, _: Path) -> None:
        pass

    def make(
        self, subscriptions: Sequence[SubscriptionSpec], topics: Sequence[str]
    ) -> MemoryBusRun:
        return MemoryBusRun(subscriptions, topics)

    def close(self) -> None:
        pass


class SqliteBusRun:
    """The real dispatcher with its threads; only the clock is virtual."""

    def __init__(
        self, path: Path, subscriptions: Sequence[SubscriptionSpec], topics: Sequence[str]
    ) -> None:
        self._clock = VirtualClock(START)
        self._database = SqliteDatabase(path)
        self._bus = SqliteBus(
            self._database,
            [subscription(spec) for spec in subscriptions],
            self._clock,
            topics,
            random.Random(1).random,
        )
        self.bus = self._bus
        self.dead_letters = SqliteDeadLetters(self._database)
        self.now = self._clock.now

    def run(self, handlers: Mapping[str, Handler]) -> None:
        dispatcher = Dispatcher(self._bus, handlers, workers=4, look_again_s=NEVER_S)
        dispatcher.start()
        try:
            while True:
                assert dispatcher.drain(60), "handlers did not come to an end"
                due = self._bus.next_due(list(handlers))
                if due is None:
                    return
                self._clock.set(max(moment_at(due), self._clock.now()))
                dispatcher.wake()
        finally:
            dispatcher.stop()

    def close(self) -> None:
        self._database.close()


class SqliteBusWorld:
    exact_times = True

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = itertools.count()

    def make(
        self, subscriptions: Sequence[SubscriptionSpec], topics: Sequence[str]
    ) -> SqliteBusRun:
        path = self._directory / f"{next(self._numbers)}.db"
        return SqliteBusRun(path, subscriptions, topics)

    def close(self) -> None:
        pass


class MemoryBlobsWorld:
    def __init__(self, _: Path) -> None:
        pass

    def make(self) -> Blobs:
        return MemoryBlobs()

    def close(self) -> None:
        pass


class FileBlobsWorld:
    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = itertools.count()

    def make(self) -> Blobs:
        return FileBlobs(self._directory / str(next(self._numbers)))

    def close(self) -> None:
        pass


STORE_WORLDS.register("memory", MemoryStoreWorld)
STORE_WORLDS.register("sqlite", SqliteStoreWorld)
BUS_WORLDS.register("memory", MemoryBusWorld)
BUS_WORLDS.register("sqlite", SqliteBusWorld)
BLOBS_WORLDS.register("memory", MemoryBlobsWorld)
BLOBS_WORLDS.register("files", FileBlobsWorld)
