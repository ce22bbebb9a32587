"""The whole platform, or some functions of it, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar, overload

from toban import entry
from toban.adapters.local.files.buckets import MemoryBuckets
from toban.adapters.local.memory.store import (
    MemoryBlobs,
    MemorySecrets,
    MemoryTracer,
    VirtualClock,
)
from toban.kernel.document import Document
from toban.kernel.documents import Documents
from toban.kernel.edge.http import Request, Response
from toban.kernel.event import Body, Event, from_message, to_message
from toban.kernel.handling.decision import Handled
from toban.kernel.handling.handle import Handlers, handle
from toban.kernel.handling.timers import fire_due, next_due
from toban.kernel.outgoing import PUBLIC_URL, SENDERS, Senders
from toban.kernel.platform import Platform
from toban.local.world import ROOT, load_functions
from toban.ports import Delivered, Message, Port, Query
from toban.profile.profile import Profile
from toban.profile.store import apply
from toban.testing.buses import ListBus
from toban.testing.senders import ListSenders
from toban.testing.stores import CountingStore
from toban.topology.reader import load
from toban.topology.types import Topology

NOON = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
"""A Tuesday, 12:00 in Tokyo: where time begins unless a test says otherwise."""

B = TypeVar("B", bound=Body)
D = TypeVar("D", bound=Document)


@dataclass(frozen=True)
class Cost:
    """The documents that one handling read and wrote."""

    function: str
    reads: int
    writes: int


class TestPlatform:
    """
    Functions on documents in memory, and a clock that moves when it is told to.

    Nothing happens by itself: `send` publishes, `drain` delivers until everything rests, `advance`
    lets time pass. A handler that raises raises through `drain`: redelivery is the bus's affair,
    and the chains' (``tests/chains``).
    """

    __test__ = False  # not a test case, whatever its name

    def __init__(
        self,
        *profiles: Profile,
        handlers: Mapping[str, Handlers] | None = None,
        senders: Senders | None = None,
        secrets: Mapping[str, Sequence[str]] | None = None,
        clock: VirtualClock | None = None,
        bus: Any = None,
        **more: Any,
    ) -> None:
        """
        `handlers`: the tables of the functions there are, by name (None: every function of the
        map, with `senders` for the outside). `clock`: one that stands at `NOON` unless given.
        `bus`: a `ListBus` unless given; `drain` and `published` need one. `more`: further fields
        of `Platform`.
        """
        self.topology = the_map()
        self.clock = clock or VirtualClock(NOON)
        self.store = CountingStore()
        self.bus = ListBus() if bus is None else bus
        self.blobs = MemoryBlobs()
        self.tracer = MemoryTracer()
        self.senders = senders or ListSenders()
        self.secrets = MemorySecrets(secrets or {})
        apply(self.store.inner, profiles, self.clock.now())
        self.platform = Platform(
            **{
                "store": self.store,
                "bus": self.bus,
                "blobs": self.blobs,
                "buckets": MemoryBuckets(),
                "clock": self.clock,
                "tracer": self.tracer,
                "may_emit": self.topology.emitted_by,
                **more,
            }
        )
        self.handlers = dict(self._all_functions() if handlers is None else handlers)
        self.history: list[Body] = []
        """The body of every event that was delivered, in the order published."""
        self.costs: list[Cost] = []
        self.running = ""
        """The function that is handling something now."""
        self._sent = 0
        self._delivered = 0

    def _all_functions(self) -> dict[str, Handlers]:
        load_functions(self.topology, ROOT)
        given: dict[Port[Any], Any] = {SENDERS: self.senders, PUBLIC_URL: ""}
        return {
            name: subscriber.bound(self.platform, self.secrets, given)
            for name, subscriber in entry.SUBSCRIBERS.items()
            if name in self.topology.functions
        }

    # --- what the outside does ---------------------------------------------------------------

    def send(self, body: Body, id: str = "", at: datetime | None = None) -> Event:
        """Publish an event; `at`: its time, if that is not now."""
        self._sent += 1
        event = Event(
            id=id or f"post-{self._sent}",
            source="/test",
            time=at or self.clock.now(),
            body=body,
        )
        self.bus.publish([to_message(event)])
        return event

    def post(
        self,
        function: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
    ) -> Response:
        """One HTTP request to a function; `path` may have a query."""
        load_functions(self.topology, ROOT)
        plain, _, query = path.partition("?")
        request = Request(
            method=method,
            path=plain,
            query=entry.parse_query(query),
            headers={name.lower(): value for name, value in (headers or {}).items()},
            body=body,
        )
        edge = entry.local_edge(function, self.platform, self.secrets)
        return entry.answer_endpoint(function, entry.ENDPOINTS[function], request, edge)

    def drain(self, message_id: str = "") -> list[Handled]:
        """
        Deliver what is published, in that order, until everything rests; what came of each.

        `message_id`: the same for all of it, as in a redelivery; otherwise each has its own.
        """
        handled: list[Handled] = []
        waiting: list[Message] = []
        while waiting or self.bus.messages:
            waiting.extend(self.bus.messages)
            self.bus.messages.clear()
            message = waiting.pop(0)
            self.history.append(from_message(message).body)
            for function in self.topology.consumers(message.topic):
                if function in self.handlers:
                    self._delivered += 1
                    delivered = Delivered(message, message_id or f"m-{self._delivered}")
                    handled.append(self.deliver(function, delivered))
        return handled

    def deliver(self, function: str, delivered: Delivered) -> Handled:
        """Hand one delivery to a function; raises what its handling raises."""
        before = (self.store.reads, self.store.writes)
        outer, self.running = self.running, function
        try:
            return handle(function, self.handlers[function], delivered, self.platform)
        finally:
            self.running = outer
            reads, writes = self.store.reads - before[0], self.store.writes - before[1]
            self.costs.append(Cost(function, reads, writes))

    def advance(self, by: timedelta | float) -> None:
        """Let time pass (a duration, or seconds), stopping at each timer on the way."""
        end = self.clock.now() + (by if isinstance(by, timedelta) else timedelta(seconds=by))
        while (due := next_due(self.platform)) is not None and due <= end:
            self.clock.set(max(due, self.clock.now()))
            fire_due("tick", self.platform)
            self.drain()
        self.clock.set(end)

    # --- what came of it ---------------------------------------------------------------------

    @overload
    def documents(self, cls: type[D]) -> list[D]: ...

    @overload
    def documents(self, cls: str) -> list[dict[str, Any]]: ...

    def documents(self, cls: type[Document] | str) -> list[Any]:
        """Return every document of a class, by id; of a collection by its name, as stored."""
        if isinstance(cls, str):
            return [found.data for found in self.store.inner.query(Query(cls))]
        return self._uncounted().find(cls)

    def document(self, cls: type[D], id: str) -> D | None:
        """Return one document; None when there is none."""
        return self._uncounted().get(cls, id)

    def _uncounted(self) -> Documents:
        return Documents(self.store.inner, self.clock.now())

    @overload
    def published(self) -> list[Body]: ...

    @overload
    def published(self, cls: type[B]) -> list[B]: ...

    def published(self, cls: type[Body] = Body) -> list[Any]:
        """Bodies in the order published (of one class), those not yet delivered included."""
        bodies = [*self.history, *(from_message(message).body for message in self.bus.messages)]
        return [body for body in bodies if isinstance(body, cls)]


@cache
def the_map() -> Topology:
    """Return the map of this checkout."""
    return load()
