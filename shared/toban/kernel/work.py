"""
The unit of work: everything a decision may see and do.

A decision reads, writes, emits and sets timers here and nowhere else; time and ids come from here.
Nothing leaves before the decision has returned; then all of it is committed in one optimistic
batch (see `decision`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from toban.kernel.document import D, Document, decode, encode, require_transition
from toban.kernel.documents import Cache as Cache
from toban.kernel.documents import Documents
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
    Snapshot,
    Store,
    Update,
    Value,
    Write,
)


@dataclass(frozen=True, slots=True)
class Timer:
    """An event to be published at a later time."""

    due: datetime
    event: Event


@dataclass(frozen=True, slots=True)
class Object:
    """A blob to be stored before the commit; its name derives from the cause."""

    name: str
    data: bytes
    content_type: str


@dataclass
class Work(Documents):
    """
    The unit of work: everything one handling of an event reads, writes and emits.

    `guess` allows assumptions about documents that were not read (first run only): when one is
    wrong the commit fails and the decision runs again, reading.
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
        """Return the document, or None. The commit fails if it has changed by then."""
        self._only_when_writing()
        key = cls.key(id)
        pending = self._writes.get(key)
        if pending is not None:
            return None if isinstance(pending, Delete) else decode(cls, dict(pending.data))
        if key not in self._read:
            self._read[key] = self.store.get([key])[0]
        snapshot = self._read[key]
        return None if snapshot is None else decode(cls, snapshot.data)

    def read_ahead(self, cls: type[Document], ids: Iterable[str]) -> None:
        """Read documents in one round trip, so that `get` needs none for each of them."""
        self._only_when_writing()
        keys = [
            key for key in map(cls.key, ids) if key not in self._read and key not in self._writes
        ]
        if keys:
            self._read.update(zip(keys, self.store.get(keys), strict=True))

    def get_assuming_new(self, cls: type[D], id: str) -> D | None:
        """
        Return what `get` does, but let the first run assume that the document does not
        exist.

        This saves a read where that is usual; a wrong assumption costs a second run. An
        instance assumes so once for each document, and reads the ones that it has met
        before.
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
        Return documents that match now. Query results are not part of the precondition.

        A decision based on them must emit an event whose handler re-checks them (see
        `toban.incidents.settle`).
        """
        self._only_when_writing()
        return super().find(cls, *where, order_by=order_by, limit=limit)

    def count(self, cls: type[D], *where: tuple[str, Operator, Value]) -> int:
        """Return how many documents match now; not part of the precondition, as with `find`."""
        self._only_when_writing()
        return super().count(cls, *where)

    # --- changing ------------------------------------------------------------------------

    def put(self, document: Document) -> None:
        """
        Create the document, or replace the version that was read.

        Raises `RuntimeError` when it was not read in this work: nothing is written blindly.
        An unchanged document is not written.
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
            require_transition(document, snapshot.data)
            self._writes[key] = Update(key, data, snapshot.version)
        else:
            self._writes.pop(key, None)

    def create(self, document: Document) -> None:
        """
        Create a document whose id is new because it derives from this event; no read is
        needed.
        """
        self._only_when_writing()
        key = document.key(document.id)
        self._read.setdefault(key)
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
        """Publish an event at a later time (a durable timer, fired by `tick`)."""
        self._only_when_writing()
        event = self._follow_up(body)
        self._timers.append(Timer(utc(when), event))
        return event

    def attach(self, name: str, data: bytes, content_type: str) -> None:
        """
        Store a blob before the commit.

        The name must derive from the cause, so that a repetition stores the same object. A
        blob whose commit failed is harmless.
        """
        self._only_when_writing()
        self._objects.append(Object(name, data, content_type))

    def answer(self, **said: str) -> None:
        """
        Tell the sender of a request what came of it; kept in the receipt, as long as that.

        A request that changes nothing else leaves a receipt too.
        """
        self._only_when_writing()
        self._answer.update(said)

    def after_commit(self, say: Callable[[], None]) -> None:
        """Run a function once everything is committed, to write a log line."""
        self._afterwards.append(say)

    def derive(self, *parts: str, length: int = 26) -> str:
        """Return a stable id from this event and `parts`."""
        return derive(self.event.id, self.function, *parts, length=length)

    def version_read(self, key: Key) -> str | None:
        """Return the version a document had when it was read here; None: there was none."""
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
        """The answer to the sender of the event."""
        return self._answer

    @property
    def afterwards(self) -> Sequence[Callable[[], None]]:
        """The functions to run after the commit."""
        return self._afterwards

    @property
    def is_empty(self) -> bool:
        """Whether the decision changed, emitted and answered nothing."""
        return not (self._writes or self._emitted or self._timers or self._objects or self._answer)

    def messages(self) -> list[Message]:
        """
        Return the emitted events as messages.

        Raises `InvalidEvent` for one that is too large to be published. The kernel asks
        before it commits: state must not change when its event can never be published.
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
    """Return the time that a unit of work uses."""
    return utc(clock.now())
