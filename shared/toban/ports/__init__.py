"""
The ports: what the platform needs from the outside, as small protocols.

Every port has a Google and a local adapter and one contract suite that runs against both
(``tests/contract``). Kernel and domains use only these names; nothing here imports an adapter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeAlias, TypeVar

P = TypeVar("P")


@dataclass(frozen=True)
class Port(Generic[P]):
    """The name of a port of type `P` that only some functions need (`toban.kernel.binding`)."""

    name: str


# --- errors an adapter may raise -------------------------------------------------------------


class PortError(Exception):
    """Base of the errors that adapters raise on purpose."""


class AlreadyExists(PortError):
    """A `Create` in the batch met an existing document; nothing of the batch was applied."""


class Stale(PortError):
    """A precondition did not hold (changed or gone since it was read); nothing was applied."""


class Unavailable(PortError):
    """The call had no effect, or its effect is unknown: the whole delivery is tried again."""


# --- documents -------------------------------------------------------------------------------

Value: TypeAlias = Any
"""None, bool, int, float, str, bytes, aware UTC datetime, and lists and dicts of them."""


class Key(NamedTuple):
    """The collection and the id of a document. Ids are any string of 1 to 700 bytes without ``/``."""

    collection: str
    id: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A document as read; `version` is opaque and changes with every write to it."""

    key: Key
    data: dict[str, Value]
    version: str


@dataclass(frozen=True, slots=True)
class Create:
    """Write a document that must not exist yet."""

    key: Key
    data: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Update:
    """Replace a document that must still have `version`."""

    key: Key
    data: Mapping[str, Value]
    version: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a document that must still have `version`."""

    key: Key
    version: str


Write: TypeAlias = Create | Update | Delete

Operator: TypeAlias = Literal["==", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Query:
    """
    A query for documents of one collection.

    All `where` conditions hold (field names are top-level; a document that lacks the field, or
    has None or another type there, never matches `<`…`>=`). Ordered by `order_by` (descending
    with a leading ``-``), ties and the unordered case by id. At most `limit`.
    """

    collection: str
    where: tuple[tuple[str, Operator, Value], ...] = ()
    order_by: str | None = None
    limit: int | None = None


class Store(Protocol):
    """Documents, written in optimistic, all-or-nothing batches. Thread-safe."""

    def get(self, keys: Sequence[Key]) -> list[Snapshot | None]:
        """Return the documents in the order asked for; None where there is none."""
        ...

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """
        Apply all writes or none, durably, and return the new version of each (``""`` for a
        delete). Each key occurs at most once.

        Raises `AlreadyExists`, `Stale` (nothing applied) or `Unavailable` (outcome unknown).
        Never retries by itself: a repeated commit whose answer was lost would look like a
        conflict with itself.
        """
        ...

    def query(self, query: Query) -> list[Snapshot]:
        """Return the documents that match; strongly consistent."""
        ...

    def count(self, query: Query) -> int:
        """Return how many documents match; `order_by` and `limit` are ignored."""
        ...


# --- messages --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """A message on a topic: CloudEvents binary mode (``ce-*`` attributes, JSON body)."""

    topic: str
    data: bytes
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivered:
    """
    A message delivered to a function.

    `message_id` names the message on the bus: a redelivery keeps it, a second publication of
    the same event has another. Empty where the transport does not say. `attempt` starts at 1
    and is 0 where the transport does not say.
    """

    message: Message
    message_id: str = ""
    subscription: str = ""
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that a subscription gave up; its topic is the one it was first published to."""

    message: Message
    message_id: str
    subscription: str
    token: str
    """What `DeadLetters.remove` needs."""


class Bus(Protocol):
    """Publishes messages. Thread-safe."""

    def publish(self, messages: Sequence[Message]) -> None:
        """Return when all are durable; raise `Unavailable` when some may not be."""
        ...


class DeadLetters(Protocol):
    """The messages that subscriptions gave up."""

    def pull(self, subscription: str, limit: int) -> list[DeadLetter]:
        """
        Return up to `limit` messages that `subscription` gave up, oldest first; they stay
        until removed.
        """
        ...

    def remove(self, dead_letters: Sequence[DeadLetter]) -> None:
        """Remove them. Removing one twice does nothing."""
        ...


# --- blobs -----------------------------------------------------------------------------------


class Blobs(Protocol):
    """Named byte objects. Names use ``/``; an object is never changed, only created or deleted."""

    def create(self, name: str, data: bytes, content_type: str) -> bool:
        """Store an object; return False when the name exists already (left as it is)."""
        ...

    def read(self, name: str) -> bytes:
        """Return the whole object; raises `KeyError` when there is none."""
        ...

    def names(self, prefix: str) -> list[str]:
        """Return all names with that prefix, sorted."""
        ...

    def delete(self, name: str) -> None:
        """Remove an object; no error when there is none."""
        ...

    def url(self, name: str) -> str:
        """Return the address where a person opens it (``https://…`` or ``file://…``)."""
        ...


# --- time, secrets, the outside --------------------------------------------------------------


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """Return the present time (aware, UTC)."""
        ...


class InvalidToken(PortError):
    """The token is not valid; the message holds nothing of it."""


class Tokens(Protocol):
    """Verifies ID tokens of Google."""

    def claims(self, token: str) -> Mapping[str, Any]:
        """
        Return the claims of a token that Google has signed and that is valid now.

        Raises `InvalidToken`; `Unavailable` when the certificates cannot be fetched.
        """


class Secrets(Protocol):
    """Secret values by name (``INGEST_GENERIC``); several are valid while one is being rotated."""

    def values(self, name: str) -> list[str]:
        """Return every value accepted now, the newest first; empty when the secret is not set."""
        ...


SECRETS: Port[Secrets] = Port("secrets")


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """The response to an outgoing request."""

    status: int
    body: bytes
    retry_after: str = ""
    """What the other side says in ``Retry-After``."""


class Http(Protocol):
    """Sends one outgoing request, without redirects and retries."""

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float
    ) -> HttpAnswer:
        """
        Send, and return the response.

        Raises `NotSent` when certainly nothing reached the receiver (refused, no name),
        `OutcomeUnknown` when it may have (timeout, cut off after sending).
        """
        ...


class CallFailed(PortError):
    """An outside call got no response."""

    def __init__(self, reason: str, *, timed_out: bool = False) -> None:
        """`timed_out`: the other side kept silent until the time was over."""
        super().__init__(reason)
        self.timed_out = timed_out


class NotSent(CallFailed):
    """The outside call certainly had no effect."""


class OutcomeUnknown(CallFailed):
    """The outside call may have taken effect."""


class Rejected(PortError):
    """The receiver refused permanently: the same request would be refused again."""


@dataclass(frozen=True, slots=True)
class Trace:
    """The record of one handling of one event by one function, for `toban trace` and the logs."""

    function: str
    event_id: str
    event_type: str
    correlation_id: str
    causation_id: str
    attempt: int
    started_at: datetime
    duration_ms: float | None
    """None: it was not measured."""
    outcome: str
    """done, duplicate, nothing, parked, retry or error; unrecorded where nobody noted it."""
    changes: tuple[str, ...] = ()
    """Documents written, as ``created incidents/inc-1``."""
    emitted: tuple[tuple[str, str], ...] = ()
    """(type, id) of every event published."""
    timers: tuple[tuple[str, str], ...] = ()
    """(type, due time) of every timer set."""
    error: str = ""


class Tracer(Protocol):
    """Records handlings. Best effort: a lost record loses no event."""

    def note(self, trace: Trace) -> None:
        """Record one handling."""
        ...
