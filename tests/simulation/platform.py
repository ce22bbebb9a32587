"""The whole platform in memory, with a hook at every I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy, deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

import msgspec

from tests.profiles import Profile
from tests.simulation.outside import Outside
from tests.simulation.profiles import PROFILES
from tests.simulation.taken import Taken
from toban.adapters.google.pubsub.bus import check
from toban.adapters.local.files.buckets import MemoryBuckets
from toban.adapters.local.memory.bus import MemoryBus
from toban.adapters.local.memory.store import MemoryBlobs, MemorySecrets, MemoryStore, VirtualClock
from toban.entry import SUBSCRIBERS
from toban.kernel.handling.handle import Handlers, handle
from toban.kernel.platform import Platform
from toban.local.world import ROOT, load_functions, subscriptions_of
from toban.notify import deliver
from toban.ports import (
    DeadLetter,
    Delete,
    Delivered,
    Key,
    Message,
    Query,
    Secrets,
    Snapshot,
    Stale,
    Store,
    Unavailable,
    Write,
)
from toban.profile.store import apply
from toban.topology.reader import load
from toban.topology.types import Topology

MAX_DOCUMENT = 1_000_000
"""Bytes; Firestore takes 1 MiB."""

START = datetime(2026, 11, 2, 0, 0, tzinfo=UTC)
TOPOLOGY: Topology = load(ROOT / "events" / "topology.yaml")
load_functions(TOPOLOGY)


class SimulatedCrash(BaseException):
    """The process is gone: nothing of the handling goes on, not even its `except Exception`."""


@dataclass
class Faults:
    """What an I/O may suffer. Each is asked once per I/O; all say no by default."""

    point: Callable[[str], None] = lambda _: None
    """Called before and after each I/O; may raise `SimulatedCrash` or switch to another task."""
    conflict: Callable[[], bool] = lambda: False
    lost_answer: Callable[[], bool] = lambda: False
    publish_fails: Callable[[], bool] = lambda: False
    publish_twice: Callable[[], bool] = lambda: False
    trouble: Callable[[], bool] = lambda: False
    """A read or a write that fails without effect."""
    bucket_trouble: Callable[[], bool] = lambda: False
    """A call of a bucket that fails without effect."""
    wrote: Callable[[], object] = lambda: None
    """Called after each write into a bucket: that takes time."""
    bucket_lost: Callable[[], bool] = lambda: False
    """A call of a bucket that takes effect, and its answer is lost."""


@dataclass
class FaultyStore:
    """A store with hooks."""

    inner: Store
    faults: Faults
    reads: int = 0
    writes: int = 0
    written: dict[Key, int] = field(default_factory=dict)
    seen: Callable[[Sequence[Write]], None] = lambda _: None
    """Told of each commit that has taken effect, in order."""

    def get(self, keys: Sequence[Key]) -> list[Snapshot | None]:
        self.faults.point("get before")
        if self.faults.trouble():
            raise Unavailable("simulated: read failed")
        found = self.inner.get(keys)
        self.reads += len(keys)
        self.faults.point("get after")
        return found

    def commit(self, writes: Sequence[Write]) -> list[str]:
        self.faults.point("commit before")
        if self.faults.trouble():
            raise Unavailable("simulated: commit never arrived")
        if self.faults.conflict():
            raise Stale("simulated: somebody else was first")
        for write in writes:
            if not isinstance(write, Delete):
                size = len(msgspec.json.encode(write.data))
                assert size <= MAX_DOCUMENT, f"{write.key} has {size} bytes"
        versions = self.inner.commit(writes)
        self.writes += len(writes)
        self.seen(writes)
        for write in writes:
            self.written[write.key] = self.written.get(write.key, 0) + 1
        if self.faults.lost_answer():
            raise Unavailable("simulated: answer lost")
        self.faults.point("commit after")
        return versions

    def query(self, query: Query) -> list[Snapshot]:
        self.faults.point("query before")
        found = self.inner.query(query)
        self.reads += max(1, len(found))
        self.faults.point("query after")
        return found

    def count(self, query: Query) -> int:
        return self.inner.count(query)


@dataclass
class FaultyBus:
    """A bus with hooks, which remembers what was published."""

    inner: MemoryBus
    faults: Faults
    published: list[Message] = field(default_factory=list)

    def publish(self, messages: Sequence[Message]) -> None:
        self.faults.point("publish before")
        if self.faults.publish_fails():
            raise Unavailable("simulated: nothing published")
        for message in messages:
            check(message)  # what Pub/Sub would never take
        for _ in range(2 if self.faults.publish_twice() else 1):
            self.inner.publish(messages)
            self.published.extend(messages)
        if self.faults.lost_answer():
            raise Unavailable("simulated: published, answer lost")
        self.faults.point("publish after")


@dataclass
class FaultyLetters:
    """Dead letters with hooks."""

    inner: MemoryBus
    faults: Faults

    def pull(self, subscription: str, limit: int) -> list[DeadLetter]:
        return self.inner.pull(subscription, limit)

    def remove(self, letters: Sequence[DeadLetter]) -> None:
        self.faults.point("remove before")
        self.inner.remove(letters)
        self.faults.point("remove after")


class FaultyBucket:
    """A bucket with hooks; a listing has them before and after, a server-side copy is one call."""

    def __init__(self, inner: Any, faults: Faults) -> None:
        self.inner = inner
        self._faults = faults

    @property
    def name(self) -> str:
        return str(self.inner.name)

    def _call(self, what: str, do: Callable[[], Any]) -> Any:
        self._faults.point(f"{what} before")
        if self._faults.bucket_trouble():
            raise Unavailable(f"simulated: {what} never arrived at {self.name}")
        result = do()
        if what in ("create", "copy", "upload"):
            self._faults.wrote()
        if self._faults.bucket_lost():
            raise Unavailable(f"simulated: {what} at {self.name}, answer lost")
        self._faults.point(f"{what} after")
        return result

    def create(self, *args: Any, **more: Any) -> Any:
        return self._call("create", lambda: self.inner.create(*args, **more))

    def stat(self, *args: Any, **more: Any) -> Any:
        return self._call("stat", lambda: self.inner.stat(*args, **more))

    def read(self, *args: Any, **more: Any) -> Any:
        return self._call("read", lambda: self.inner.read(*args, **more))

    def upload(self, name: str, data: Any, *args: Any, **more: Any) -> Any:
        whole = b"".join(data)
        return self._call("upload", lambda: self.inner.upload(name, [whole], *args, **more))

    def delete(self, name: str) -> None:
        self._call("delete", lambda: self.inner.delete(name))

    def copy(self, source: Any, *args: Any, **more: Any) -> Any:
        plain = source.inner if isinstance(source, FaultyBucket) else source
        return self._call("copy", lambda: self.inner.copy(plain, *args, **more))

    def list(self, prefix: str = "", after: str = "") -> Iterator[Any]:
        self._faults.point("list before")
        if self._faults.bucket_trouble():
            raise Unavailable(f"simulated: no listing of {self.name}")
        yield from self.inner.list(prefix, after)
        self._faults.point("list after")


class Simulated:
    """One simulated installation: its documents, queue, people outside, and a virtual clock."""

    def __init__(
        self,
        faults: Faults | None = None,
        jitter: Callable[[], float] = lambda: 0.0,
        profiles: Sequence[Profile] = PROFILES,
        secrets: Mapping[str, Sequence[str]] | None = None,
        own: Callable[[Platform, Secrets], dict[str, Handlers]] = lambda _, __: {},
    ):
        """`own`: handlers of functions that are made in another way here."""
        self.faults = faults or Faults()
        self.order: list[str] = []
        """What was done in a wrong order, where somebody looks."""
        self.clock = VirtualClock(START)
        self.bus = MemoryBus(subscriptions_of(TOPOLOGY), self.clock, TOPOLOGY.topics, jitter)
        self.memory = MemoryStore()
        self.store = FaultyStore(self.memory, self.faults)
        self.out = FaultyBus(self.bus, self.faults)
        self.buckets = MemoryBuckets()
        self.blobs = MemoryBlobs()
        self.taken = Taken(self.order)
        self.store.seen = self.taken.committed
        self.outside = Outside(
            point=self.faults.point, now=self.clock.now, leaving=self.taken.leaving
        )
        apply(self.memory, profiles, START)
        self.platform = Platform(
            store=self.store,
            bus=self.out,
            blobs=self.blobs,
            buckets=lambda name: FaultyBucket(self.buckets(name), self.faults),
            clock=self.clock,
            dead_letters=FaultyLetters(self.bus, self.faults),
            subscriptions=tuple(self.bus.subscriptions),
            may_emit=TOPOLOGY.emitted_by,
        )
        keys = MemorySecrets(secrets or {})
        self.tables: dict[str, Handlers] = {
            name: subscriber.bound(self.platform, keys)
            for name, subscriber in SUBSCRIBERS.items()
            if name != "deliver_notification"
        }
        self._own, self._keys = own, keys
        self.bind()

    def bind(self) -> None:
        """Make the functions anew that are made in another way here."""
        self._forget()
        self.tables.update(self._own(self.platform, self._keys))

    def _forget(self) -> None:
        """As in a new process: what a function only remembered (who keeps silent) is gone."""
        self.tables["deliver_notification"] = deliver.handlers(self.outside)

    def handle(self, delivered: Delivered) -> None:
        """Hand a delivery to its function."""
        function = self.bus.subscriptions[delivered.subscription].function
        handle(function, self.tables[function], delivered, self.platform)

    # --- going back ----------------------------------------------------------------------

    def save(self) -> dict[str, Any]:
        """Everything that outlives a process, to go back to."""
        return {
            "store": (_copied(self.memory._documents), self.memory._version),
            "rows": deepcopy(self.bus._rows, {id(s): s for s in self.bus.subscriptions.values()}),
            "bus": (dict(self.bus._dead), self.bus._last_seq, self.bus._last_id),
            "buckets": {
                name: (dict(b._live), dict(b._old), copy(b._generations), set(b.held))
                for name, b in self.buckets._made.items()
            },
            "blobs": dict(self.blobs._objects),
            "time": self.clock.now(),
            "published": list(self.out.published),
            "arrivals": list(self.outside.arrivals),
        }

    def load(self, saved: dict[str, Any]) -> None:
        """Go back: of the time after it nothing is left."""
        documents, self.memory._version = saved["store"]
        self.memory._documents = _copied(documents)
        same = {id(s): s for s in self.bus.subscriptions.values()}
        self.bus._rows = deepcopy(saved["rows"], same)
        dead, self.bus._last_seq, self.bus._last_id = saved["bus"]
        self.bus._dead = dict(dead)
        for name, bucket in self.buckets._made.items():
            live, old, generations, held = saved["buckets"].get(name, ({}, {}, count(1), set()))
            bucket._live, bucket._old, bucket.held = dict(live), dict(old), set(held)
            bucket._generations = copy(generations)
        self.blobs._objects = dict(saved["blobs"])
        self.clock.set(saved["time"])
        self.order.clear()
        self.taken.forget()
        self.out.published[:] = saved["published"]
        self.outside.arrivals[:] = saved["arrivals"]
        self.platform.cache.clear()
        self.platform.cache._seen.clear()
        self._forget()


def _copied(collections: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: dict(documents) for name, documents in collections.items()}
