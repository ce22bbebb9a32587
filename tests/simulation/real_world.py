"""
The story on a real data directory, in a process that can really die.

Everything that outlives a process lies in files: SQLite and blobs of the platform, and beside
them what the world outside has (what arrived there, what was published, what time it is).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from tests.profiles import Profile
from tests.simulation import backup_story, backup_world
from tests.simulation.crash_points import Run
from tests.simulation.outside import Arrival, Outside
from tests.simulation.platform import (
    START,
    TOPOLOGY,
    Faults,
    FaultyBucket,
    FaultyBus,
    FaultyLetters,
    FaultyStore,
    SimulatedCrash,
)
from tests.simulation.profiles import PROFILES
from tests.simulation.story import INCIDENTS, Story, stripped
from toban.adapters.local.files.blobs import FileBlobs
from toban.adapters.local.files.buckets import FileBuckets
from toban.adapters.local.memory.store import MemorySecrets, VirtualClock
from toban.adapters.local.sqlite.database import SqliteDatabase
from toban.adapters.local.sqlite.dead_letters import SqliteDeadLetters
from toban.adapters.local.sqlite.queue import Claim, SqliteBus
from toban.adapters.local.sqlite.store import SqliteStore
from toban.adapters.local.sqlite.subscriptions import moment_at
from toban.adapters.local.sqlite.traces import SqliteTracer
from toban.entry import SUBSCRIBERS
from toban.kernel.handling.handle import Handlers, handle
from toban.kernel.outgoing import Outgoing
from toban.kernel.platform import Platform
from toban.local.world import subscriptions_of
from toban.notify import deliver
from toban.ports import Delivered, Message, Query, Secrets
from toban.profile.store import apply

CRASHED = 70
"""Exit code of a process that died on purpose."""


class Lines:
    """A file of JSON lines; a line that was added survives the end of the process."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Any:
        if self._path.exists():
            yield from map(json.loads, self._path.read_text("utf-8").splitlines())

    def add(self, values: Iterable[dict[str, Any]]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(value) + "\n" for value in values)
            file.flush()
            os.fsync(file.fileno())


class LastingClock(VirtualClock):
    """Virtual time that goes on where the process before left it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        super().__init__(datetime.fromisoformat(path.read_text()) if path.exists() else START)

    def set(self, moment: datetime) -> None:
        super().set(moment)
        self._path.write_text(moment.isoformat())

    def advance(self, by: Any) -> datetime:
        moment = super().advance(by)
        self._path.write_text(moment.isoformat())
        return moment


class LastingOutside(Outside):
    """What arrived there is there, whoever dies here."""

    def __init__(self, path: Path, **more: Any) -> None:
        self._lines = Lines(path)
        super().__init__(arrivals=msgspec.convert(list(self._lines), list[Arrival]), **more)

    def _arrive(self, outgoing: Outgoing) -> None:
        before = len(self.arrivals)
        super()._arrive(outgoing)
        self._lines.add(msgspec.to_builtins(self.arrivals[before:]))


class LastingBus(FaultyBus):
    """Remembers in a file what was published; the story's own messages, too."""

    def __init__(self, inner: Any, faults: Faults, path: Path) -> None:
        super().__init__(inner, faults)
        self._lines = Lines(path)

    def publish(self, messages: Any) -> None:
        self.faults.point("publish before")
        self.inner.publish(messages)
        self._lines.add(
            {"topic": m.topic, "data": m.data.decode(), "attributes": dict(m.attributes)}
            for m in messages
        )
        self.faults.point("publish after")

    def all(self) -> list[Message]:
        return [Message(li["topic"], li["data"].encode(), li["attributes"]) for li in self._lines]


@dataclass
class FaultyBlobs:
    """Blobs with hooks."""

    inner: FileBlobs
    faults: Faults

    def create(self, name: str, data: bytes, content_type: str) -> bool:
        self.faults.point("blob before")
        created = self.inner.create(name, data, content_type)
        self.faults.point("blob after")
        return created

    def read(self, name: str) -> bytes:
        return self.inner.read(name)

    def names(self, prefix: str) -> list[str]:
        return self.inner.names(prefix)

    def delete(self, name: str) -> None:
        self.inner.delete(name)

    def url(self, name: str) -> str:
        # The directory is another one in each run.
        return f"file:///blobs/{name}"


@dataclass
class Queue:
    """The queue as the dispatcher uses it: what is done is acknowledged by the next claim."""

    inner: SqliteBus
    faults: Faults
    done: Claim | None = None
    subscriptions: Any = field(init=False)

    def __post_init__(self) -> None:
        self.subscriptions = self.inner.subscriptions

    def take(self) -> Claim | None:
        done, self.done = self.done, None
        return self.inner.claim(tuple(self.subscriptions), done)

    def acknowledge(self, claim: Claim) -> None:
        self.faults.point("acknowledge before")
        self.done = claim

    def refuse(self, claim: Claim) -> None:
        self.faults.point("refuse before")
        self.inner.refuse(claim)
        self.faults.point("refuse after")

    def next_due(self) -> datetime | None:
        due = self.inner.next_due(tuple(self.subscriptions))
        return None if due is None else moment_at(due)


@dataclass(frozen=True)
class Setting:
    """What a story needs of its world."""

    story: Story
    profiles: Sequence[Profile] = PROFILES
    secrets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    own: Callable[[Platform, Secrets], dict[str, Handlers]] = lambda _, __: {}
    fill: Callable[[Any], None] = lambda _: None
    around: Callable[[], AbstractContextManager[Any]] = nullcontext


SETTINGS = {
    "incidents": Setting(INCIDENTS),
    "backups": Setting(
        backup_story.BACKUPS,
        backup_world.PROFILES,
        backup_world.SECRETS,
        backup_world.handlers,
        backup_story.fill,
        backup_world.small,
    ),
}


class SqliteWorld:
    """One data directory, opened; as `tests.simulation.platform.Simulated`, but it lasts."""

    def __init__(self, data: Path, faults: Faults, setting: Setting) -> None:
        new = not (data / "toban.db").exists()
        self.clock = LastingClock(data / "time")
        self.database = SqliteDatabase(data / "toban.db")
        sqlite_bus = SqliteBus(
            self.database,
            subscriptions_of(TOPOLOGY),
            self.clock,
            TOPOLOGY.topics,
            jitter=lambda: 0.0,
        )
        self.memory = SqliteStore(self.database)
        self.letters = SqliteDeadLetters(self.database)
        self.tracer = SqliteTracer(self.database)
        self.blobs = FileBlobs(data / "blobs")
        self.bus = Queue(sqlite_bus, faults)
        self.out = LastingBus(sqlite_bus, faults, data / "published")
        self.outside = LastingOutside(data / "arrived", fate=setting.story.fate, point=faults.point)
        self.buckets = FileBuckets(data / "buckets")
        self.order: list[str] = []
        faults.wrote = lambda: self.clock.advance(0.001)
        if new:
            apply(self.memory, setting.profiles, START)
            setting.fill(self)
        self.platform = Platform(
            store=FaultyStore(self.memory, faults),
            bus=self.out,
            blobs=FaultyBlobs(self.blobs, faults),
            buckets=lambda name: FaultyBucket(self.buckets(name), faults),
            clock=self.clock,
            tracer=self.tracer,
            dead_letters=FaultyLetters(self.letters, faults),  # type: ignore[arg-type]
            subscriptions=tuple(sqlite_bus.subscriptions),
            may_emit=TOPOLOGY.emitted_by,
        )
        self.tables: dict[str, Handlers] = {
            name: deliver.handlers(self.outside)
            if name == "deliver_notification"
            else subscriber.bound(self.platform, MemorySecrets(setting.secrets))
            for name, subscriber in SUBSCRIBERS.items()
        } | setting.own(self.platform, MemorySecrets(setting.secrets))

    def handle(self, delivered: Delivered) -> None:
        function = self.bus.subscriptions[delivered.subscription].function
        handle(function, self.tables[function], delivered, self.platform)

    def close(self) -> None:
        self.tracer.close()
        self.database.close()


class RealRun(Run):
    """A telling of (a part of) the story by this process, which dies at its crash."""

    def __init__(self, data: Path, crash: int = 0, setting: str = "incidents") -> None:
        self._data = data
        self._setting = SETTINGS[setting]
        super().__init__((crash,) if crash else (), story=self._setting.story)

    def __post_init__(self) -> None:
        super().__post_init__()
        # What `Run` asks of the world in memory, this one can do.
        self.world: Any = SqliteWorld(self._data, self.world.faults, self._setting)
        self.world.bus.inner.release_claims()  # as the dispatcher does when it starts

    def _point(self, name: str) -> None:
        try:
            super()._point(name)
        except SimulatedCrash:
            os._exit(CRASHED)

    def documents(self) -> dict[str, bytes]:
        found = [s for c in self.story.collections for s in self.world.memory.query(Query(c))]
        return {f"{s.key.collection}/{s.key.id}": msgspec.msgpack.encode(s.data) for s in found}

    def settle(self) -> dict[str, Any]:
        """Come to rest; what there is then, as JSON, and the points that were passed."""
        self._settle()
        self.world.out.published = self.world.out.all()
        state = self.end()
        documents = state["documents"]
        for name in self.world.bus.subscriptions:
            for letter in self.world.letters.pull(name, 100):
                id = letter.message.attributes["ce-id"]
                documents[f"dead letters of {name}/{id}"] = stripped(letter.message.data)
        for name in self.world.blobs.names(""):
            documents[f"blobs/{name}"] = stripped(self.world.blobs.read(name))
        return {
            "state": state,
            "passed": self.passed,
            "pending": {n: c for n, c in self.world.bus.inner.pending().items() if c},
            "repetitions": self.repetitions(),
        }

    def close(self) -> None:
        self.world.close()
