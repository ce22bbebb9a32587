"""
The unit of work: everything a decision may see and do.

A decision reads, writes, emits and sets timers here and nowhere else; time and ids come from here.
Nothing leaves before the decision has returned; then all of it is committed in one optimistic
batch (see `decision`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from toban.kernel.document import D, Document, decode, encode
from toban.kernel.errors import InvalidEvent
from toban.kernel.event import MAX_BODY, Body, Event, to_message, utc
from toban.kernel.ids import derive
from toban.ports import (
    Clock,
    Create,
    Delete,
    Key,
    Message,
    Operator,
    Query,
    Snapshot,
    Store,
    Update,
    Value,
    Write,
)

T = TypeVar("T")

MOST_SEEN = 20_000
"""Documents an instance remembers to have met, a few megabytes."""


class Cache:
    """
    What an instance remembers between events: reference documents, decoded.

    Nothing in here is ever the basis of a precondition; it holds what changes rarely (profiles)
    and what never does (pinned versions of them).
    """

    def __init__(self) -> None:
        """Empty."""
        self._entries: dict[object, tuple[datetime, Any]] = {}
        self._seen: set[Key] = set()

    def get(
        self, name: object, now: datetime, max_age: timedelta | None, load: Callable[[], T]
    ) -> T:
        """What `load` gave at most `max_age` ago (None: ever), else what it gives now."""
        entry = self._entries.get(name)
        # Also what was read while the clock was ahead is read anew.
        if entry is not None and (max_age is None or abs(now - entry[0]) <= max_age):
            value: T = entry[1]
            return value
        fresh = load()
        if fresh is not None:
            self._entries[name] = (now, fresh)
        return fresh

    def seen(self, key: Key) -> bool:
        """
        Whether this was asked before, and note that it was.

        Of a document that a decision was about to create: it is there by now, most likely.
        """
        if key in self._seen:
            return True
        if len(self._seen) >= MOST_SEEN:
            self._seen.clear()
        self._seen.add(key)
        return False

    def clear(self) -> None:
        """Forget everything (a profile was applied in this very process)."""
        self._entries.clear()


@dataclass(frozen=True, slots=True)
class Timer:
    """An event to be published when its time has come."""

    due: datetime
    event: Event


@dataclass(frozen=True, slots=True)
class Object:
    """A blob to be stored before the commit; its name derives from the cause."""

    name: str
    data: bytes
    content_type: str


@dataclass
class Work:
    """
    One handling of one event.

    `guess` allows assumptions about documents that were not read (first run only): when one
    proves wrong the commit fails and the decision runs again, reading.
    """

    store: Store
    event: Event
    function: str
    now: datetime
    cache: Cache = field(default_factory=Cache)
    guess: bool = True
    writes_allowed: bool = True

    _read: dict[Key, Snapshot | None] = field(default_factory=dict)
    _writes: dict[Key, Write] = field(default_factory=dict)
    _emitted: list[Event] = field(default_factory=list)
    _timers: list[Timer] = field(default_factory=list)
    _objects: list[Object] = field(default_factory=list)
    _answer: dict[str, str] = field(default_factory=dict)
    _afterwards: list[Callable[[], None]] = field(default_factory=list)
    _ordinal: int = 0

    # --- reading -------------------------------------------------------------------------

    def get(self, cls: type[D], id: str) -> D | None:
        """The document, or None. What it says is what the commit will insist on."""
        self._only_when_writing()
        key = cls.key(id)
        pending = self._writes.get(key)
        if pending is not None:
            return None if isinstance(pending, Delete) else decode(cls, dict(pending.data))
        if key not in self._read:
            self._read[key] = self.store.get([key])[0]
        snapshot = self._read[key]
        return None if snapshot is None else decode(cls, snapshot.data)

    def get_assuming_new(self, cls: type[D], id: str) -> D | None:
        """
        Like `get`, but the first run saves the read by assuming there is no such document.

        Right for documents that usually do not exist yet: a wrong guess costs a second run. So an
        instance guesses once for each document, and reads the ones that it has met before.
        """
        key = cls.key(id)
        if self.guess and key not in self._read and not self.cache.seen(key):
            self._only_when_writing()
            self._read[key] = None
            return None
        return self.get(cls, id)

    def find(
        self,
        cls: type[D],
        *where: tuple[str, Operator, Value],
        order_by: str | None = None,
        limit: int | None = None,
    ) -> list[D]:
        """
        Documents that match now. The commit does not insist on what a query said.

        Whoever decides by it must be checked again by an event emitted in the same commit (see
        `toban.incidents.settle`).
        """
        self._only_when_writing()
        query = Query(cls.COLLECTION, tuple(where), order_by, limit)
        return [decode(cls, s.data) for s in self.store.query(query)]

    def reference(self, cls: type[D], id: str, max_age: timedelta | None = None) -> D | None:
        """A document that never changes (or may be `max_age` old), from the instance's cache."""

        def load() -> D | None:
            snapshot = self.store.get([cls.key(id)])[0]
            return None if snapshot is None else decode(cls, snapshot.data)

        return self.cache.get(cls.key(id), self.now, max_age, load)

    def references(self, cls: type[D], max_age: timedelta) -> list[D]:
        """All documents of a small collection, at most `max_age` old, from the cache."""

        def load() -> list[D]:
            return [decode(cls, s.data) for s in self.store.query(Query(cls.COLLECTION))]

        return self.cache.get(cls.COLLECTION, self.now, max_age, load)

    # --- changing ------------------------------------------------------------------------

    def put(self, document: Document) -> None:
        """
        Create the document, or replace it as it was read.

        Raises `RuntimeError` when it was not read in this work: nothing is written blindly. An
        unchanged document is not written.
        """
        self._only_when_writing()
        key = document.key(document.id)
        if key not in self._read:
            raise RuntimeError(f"{key} is written without having been read")
        data = encode(document)
        snapshot = self._read[key]
        if snapshot is None:
            self._writes[key] = Create(key, data)
        elif snapshot.data != data:
            self._writes[key] = Update(key, data, snapshot.version)
        else:
            self._writes.pop(key, None)

    def create(self, document: Document) -> None:
        """Create a document whose id makes it new (derived from this event): no read is needed."""
        self._only_when_writing()
        key = document.key(document.id)
        self._read.setdefault(key, None)
        self.put(document)

    def delete(self, cls: type[D], id: str) -> None:
        """Remove a document that was read; does nothing when there is none."""
        self._only_when_writing()
        key = cls.key(id)
        if key not in self._read:
            raise RuntimeError(f"{key} is deleted without having been read")
        snapshot = self._read[key]
        if snapshot is not None:
            self._writes[key] = Delete(key, snapshot.version)
        else:
            self._writes.pop(key, None)  # created in this very work: now it is not

    def emit(self, body: Body) -> Event:
        """Publish an event after the commit. Its id derives from this event, function and order."""
        event = self._follow_up(body)
        self._emitted.append(event)
        return event

    def at(self, when: datetime, body: Body) -> Event:
        """Publish an event when its time has come (a durable timer, fired by `tick`)."""
        self._only_when_writing()
        event = self._follow_up(body)
        self._timers.append(Timer(utc(when), event))
        return event

    def attach(self, name: str, data: bytes, content_type: str) -> None:
        """
        Store a blob before the commit.

        The name must derive from the cause, so that a repetition stores the same object; a blob
        whose commit never came is harmless.
        """
        self._only_when_writing()
        self._objects.append(Object(name, data, content_type))

    def answer(self, **said: str) -> None:
        """
        Say what came of a request, for whoever sent it: kept with the receipt, for as long as that.

        A request that changes nothing else leaves a receipt all the same.
        """
        self._only_when_writing()
        self._answer.update(said)

    def after_commit(self, say: Callable[[], None]) -> None:
        """Have something said on the log once all this is committed; nothing may depend on it."""
        self._afterwards.append(say)

    def derive(self, *parts: str, length: int = 26) -> str:
        """A stable id from this event and `parts`."""
        return derive(self.event.id, self.function, *parts, length=length)

    def version_read(self, key: Key) -> str | None:
        """The version a document had when it was read here; None: there was none."""
        snapshot = self._read[key]
        return None if snapshot is None else snapshot.version

    # --- what the kernel takes out -------------------------------------------------------

    @property
    def writes(self) -> Sequence[Write]:
        """Every write, in order of first mention."""
        return list(self._writes.values())

    @property
    def emitted(self) -> Sequence[Event]:
        """Every event to publish after the commit."""
        return self._emitted

    @property
    def timers(self) -> Sequence[Timer]:
        """Every timer to set with the commit."""
        return self._timers

    @property
    def objects(self) -> Sequence[Object]:
        """Every blob to store before the commit."""
        return self._objects

    @property
    def answered(self) -> dict[str, str]:
        """What is told to whoever sent the event."""
        return self._answer

    @property
    def afterwards(self) -> Sequence[Callable[[], None]]:
        """What is said on the log after the commit."""
        return self._afterwards

    @property
    def is_empty(self) -> bool:
        """Whether the decision changed, emitted and answered nothing."""
        return not (self._writes or self._emitted or self._timers or self._objects or self._answer)

    def messages(self) -> list[Message]:
        """
        The emitted events as they travel.

        Raises `InvalidEvent` for one that is too large to be published. The kernel asks before it
        commits: a state must not change when the news of it can never leave.
        """
        messages = [to_message(event) for event in self._emitted]
        for message in messages:
            if len(message.data) > MAX_BODY:
                raise InvalidEvent(
                    f"{self.function} would emit {message.topic} of {len(message.data)} bytes;"
                    f" at most {MAX_BODY}"
                )
        return messages

    def _follow_up(self, body: Body) -> Event:
        ordinal = self._ordinal
        self._ordinal += 1
        return Event(
            id=derive(self.event.id, self.function, str(ordinal)),
            source=f"/functions/{self.function}",
            time=self.now,
            subject=body.subject(),
            body=body,
            correlation_id=self.event.correlation_id or self.event.id,
            causation_id=self.event.id,
            traceparent=self.event.traceparent,
        )

    def _only_when_writing(self) -> None:
        if not self.writes_allowed:
            raise RuntimeError(
                f"{self.function} handles {self.event.type} as a translation: it may read "
                "references and emit, nothing else"
            )


def clock_now(clock: Clock) -> datetime:
    """The time a unit of work goes by."""
    return utc(clock.now())
