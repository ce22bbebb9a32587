"""A platform in memory that counts what a handling costs and lets a test interfere with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from toban.adapters.local.memory.store import MemoryBlobs, MemoryStore, MemoryTracer, VirtualClock
from toban.events import PostmortemDrafted, RecheckDue
from toban.kernel.document import Document, decode
from toban.kernel.event import Body, Event, from_message, to_message
from toban.kernel.handling.decision import Decision, Handled
from toban.kernel.handling.handle import Handler, handle
from toban.kernel.handling.parking import MessageParked
from toban.kernel.handling.receipt import Receipt, receipt_id
from toban.kernel.platform import Platform
from toban.kernel.work import Work
from toban.ports import Delivered, Key, Message, Query, Snapshot, Unavailable, Write

NOON = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
FUNCTION = "add_one"


class Counter(Document, kw_only=True):
    """The state of the tests."""

    COLLECTION: ClassVar[str] = "counters"

    value: int = 0


class Crash(BaseException):
    """The process dies: nothing catches it."""


@dataclass
class CountingStore:
    """Counts documents read and written; `before` and `after` are called around each commit."""

    inner: MemoryStore = field(default_factory=MemoryStore)
    reads: int = 0
    writes: int = 0
    commits: int = 0
    before: Callable[[Sequence[Write]], None] = lambda _: None
    after: Callable[[], None] = lambda: None

    def get(self, keys: Sequence[Key]) -> list[Snapshot | None]:
        self.reads += len(keys)
        return self.inner.get(keys)

    def commit(self, writes: Sequence[Write]) -> list[str]:
        self.commits += 1
        self.before(writes)
        versions = self.inner.commit(writes)
        self.writes += len(writes)
        self.after()
        return versions

    def query(self, query: Query) -> list[Snapshot]:
        found = self.inner.query(query)
        self.reads += max(1, len(found))
        return found

    def count(self, query: Query) -> int:
        return self.inner.count(query)

    def cost(self) -> tuple[int, int]:
        """Documents read and written since the last time."""
        spent = (self.reads, self.writes)
        self.reads = self.writes = self.commits = 0
        return spent


@dataclass
class ListBus:
    """Keeps what is published, in order; `before` may interfere."""

    messages: list[Message] = field(default_factory=list)
    before: Callable[[], None] = lambda: None

    def publish(self, messages: Sequence[Message]) -> None:
        self.before()
        self.messages.extend(messages)

    def take(self) -> list[Event]:
        """The events published since the last time."""
        events = [from_message(message) for message in self.messages]
        self.messages.clear()
        return events


class World:
    """One function on documents in memory."""

    def __init__(self, **platform: Any) -> None:
        self.clock = VirtualClock(NOON)
        self.store = CountingStore()
        self.bus = ListBus()
        self.blobs = MemoryBlobs()
        self.tracer = MemoryTracer()
        self.platform = Platform(
            store=self.store,
            bus=self.bus,
            blobs=self.blobs,
            clock=self.clock,
            tracer=self.tracer,
            **platform,
        )

    def handle(
        self, handler: Handler | Callable[[Any, Work], None], message_id: str = "m-1", **of: Any
    ) -> Handled:
        """Deliver `cause(**of)` to a handler; a plain function is a decision."""
        message = to_message(cause(**of))
        return self.deliver(handler, Delivered(message, message_id, f"cause--{FUNCTION}", 1))

    def deliver(
        self, handler: Handler | Callable[[Any, Work], None], delivered: Delivered
    ) -> Handled:
        if callable(handler):
            handler = Decision(handler)
        return handle(FUNCTION, {PostmortemDrafted: handler}, delivered, self.platform)

    def value(self, id: str = "c") -> int | None:
        """What a counter says; None when there is none."""
        found = self.store.inner.get([Counter.key(id)])[0]
        return None if found is None else decode(Counter, found.data).value

    def receipt(self, event_id: str = "evt-1") -> Receipt | None:
        found = self.store.inner.get([Receipt.key(receipt_id(FUNCTION, event_id))])[0]
        return None if found is None else decode(Receipt, found.data)

    def documents(self, collection: str) -> list[dict[str, Any]]:
        return [found.data for found in self.store.inner.query(Query(collection))]

    def reports(self) -> list[MessageParked]:
        """What has been published about parked messages."""
        bodies = [from_message(message).body for message in self.bus.messages]
        return [body for body in bodies if isinstance(body, MessageParked)]


def cause(id: str = "evt-1", blob: str = "draft.md", **envelope: str) -> Event:
    """The event that the tests handle."""
    body = PostmortemDrafted(incident_id="inc-1", blob=blob, at=NOON)
    return Event(id=id, source="/test", time=NOON, body=body, **envelope)


def follow_up(number: int = 0) -> Body:
    """The event that the tests emit."""
    return RecheckDue(incident_id="inc-1", generation=number)


def add_one(_: Body, work: Work) -> None:
    """Count the event and tell of it."""
    counter = work.get(Counter, "c") or Counter(id="c")
    counter.value += 1
    work.put(counter)
    work.emit(follow_up(counter.value))


def once(action: Callable[[], None]) -> Callable[..., None]:
    """`action` at the first call, nothing afterwards."""
    left = [action]

    def call(*_: object) -> None:
        if left:
            left.pop()()

    return call


def unavailable() -> None:
    raise Unavailable("simulated: no answer")


def crash() -> None:
    raise Crash
