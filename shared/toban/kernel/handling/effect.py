"""
Effects: exactly one call to the outside for one event.

Claim (a document created or taken over under a lease and a fence) → call → record under the
fence. Between call and record the outcome is unknown; whoever takes over is told so and settles
it the way its counterpart allows (same key again, look it up, or repeat and say so).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Generic, Literal, TypeVar

from toban.kernel import log
from toban.kernel.clock.skew import holds
from toban.kernel.document import Document, decode, encode
from toban.kernel.errors import TryLater
from toban.kernel.event import Event, StoredMessage
from toban.kernel.handling.decision import MAX_RUNS, B_contra, Handled, message_identity
from toban.kernel.platform import Platform
from toban.kernel.status import Transitions, move
from toban.kernel.work import Work
from toban.ports import AlreadyExists, Create, Delivered, Key, Snapshot, Stale, Update, Write

MOST_ASKED = timedelta(minutes=1)
"""Longer than that nobody is waited for, whatever they ask: a page has to go another way then."""

State = Literal["claimed", "waiting", "done", "failed", "void"]


class EffectDocument(Document, kw_only=True):
    """The record of one call to the outside: a lease while it runs, its result afterwards."""

    STATUS = Transitions(
        first=("claimed", "void"),
        then={
            "claimed": ("waiting", "done", "failed", "void"),
            "waiting": ("claimed", "void"),
            "done": (),
            "failed": (),
            "void": (),
        },
        field="state",
    )

    state: State = "claimed"
    """claimed (a call may be under way), waiting (will be tried again), done, failed, void."""
    fence: int = 1
    """Counts the claims; only the newest may record."""
    lease_until: datetime
    attempts: int = 1
    unknown: bool = False
    """An earlier call may have taken effect."""
    not_before: datetime | None = None
    """The other side has asked not to be called again earlier."""
    error: str = ""
    message_id: str = ""
    emitted: list[StoredMessage] = []

    def over_since(self) -> datetime | None:
        """Return when its result was recorded."""
        return None if self.state in ("claimed", "waiting") else self.lease_until


E = TypeVar("E", bound=EffectDocument)


@dataclass(frozen=True)
class Done:
    """
    The call succeeded; `reference` is the receiver's name for it.

    `outbox`: it was kept on this machine, as `toban dev` does where nothing is configured; nobody
    was told. `logged`: it is a line on the log, which nobody is told of either.
    """

    reference: str = ""
    outbox: bool = False
    logged: bool = False


@dataclass(frozen=True)
class Failed:
    """
    The call failed.

    `retryable`: another try may succeed. `unknown`: it may have taken effect all the same.
    `timed_out`: no answer came in the time given. `after`: not before that long from now, says the
    other side.
    """

    error: str
    retryable: bool
    unknown: bool = False
    timed_out: bool = False
    after: timedelta = timedelta(0)


@dataclass(frozen=True)
class Withdrawn:
    """Nothing was called, and nothing will be: it is not wanted any more."""


Result = Done | Failed


@dataclass(frozen=True)
class Effect(Generic[B_contra, E]):
    """
    A handler that makes one call to the outside.

    `claim` returns the document to create, or None when nothing is to be called (it may write
    all the same). `call` makes the one outside call, if it is still wanted; its work only
    reads, and sees what was committed before the claim. `conclude` gets the event and the final
    result; it may fill in the document and emit, and is not called for what was withdrawn.
    """

    document: type[E]
    claim: Callable[[B_contra, Work], E | None]
    call: Callable[[E, B_contra, Work], Result | Withdrawn]
    conclude: Callable[[E, B_contra, Result, Work], None]
    max_attempts: int = 3
    lease: timedelta = timedelta(seconds=30)
    """Longer than any call takes: a holder whose lease has ended is not calling any more."""


def run_effect(
    function: str, effect: Effect[Any, E], event: Event, delivered: Delivered, platform: Platform
) -> Handled:
    """
    Handle an event by an effect, and return the outcome.

    Raises `TryLater` while another delivery holds the lease, and after a failed call that may
    be tried again (the subscription's back-off spaces the tries).
    """
    message_id = message_identity(delivered)
    claimed = _claim(function, effect, event, message_id, platform)
    if isinstance(claimed, Handled):
        return claimed
    document, version = claimed
    result = effect.call(document, event.body, platform.work(function, event, writes_allowed=False))
    work = platform.work(function, event)
    retryable = (
        isinstance(result, Failed) and result.retryable and document.attempts < effect.max_attempts
    )
    if isinstance(result, Failed):
        result = replace(result, error=log.mask(result.error))
        document.error = result.error
        document.unknown = document.unknown or result.unknown
        move(document, "waiting" if retryable else "failed")
    elif isinstance(result, Withdrawn):
        move(document, "void")
    else:
        document.error = ""
        document.unknown = False
        move(document, "done")
    document.lease_until = work.now
    document.not_before = None
    if retryable and isinstance(result, Failed) and result.after:
        document.not_before = work.now + min(result.after, MOST_ASKED)
    if not retryable and not isinstance(result, Withdrawn):
        effect.conclude(document, event.body, result, work)
    messages = work.messages()
    document.emitted = [StoredMessage.of(m) for m in messages]
    record = Update(document.key(document.id), encode(document), version)
    try:
        platform.store.commit([record])
    except Stale as error:
        raise TryLater(f"{document.id}: another delivery took over meanwhile") from error
    if retryable:
        raise TryLater(f"{document.id}: try {document.attempts} failed: {document.error}")
    platform.publish(function, messages)
    return Handled.of("done", work, record)


def _claim(
    function: str, effect: Effect[Any, E], event: Event, message_id: str, platform: Platform
) -> Handled | tuple[E, str]:
    for run in range(MAX_RUNS):
        if run:
            platform.pause(run)
        work = platform.work(function, event, guess=run == 0)
        document = effect.claim(event.body, work)
        writes: list[Write] = list(work.writes)
        if document is not None:
            document.lease_until = work.now + effect.lease
            document.message_id = message_id
            existing = None
            if run:
                existing = platform.store.get([document.key(document.id)])[0]
            if existing is not None:
                return _take_over(function, effect, existing, work, message_id, platform)
            writes.append(Create(document.key(document.id), encode(document)))
        if not writes:
            return Handled("nothing")
        try:
            versions = platform.store.commit(writes)
        except (AlreadyExists, Stale):
            continue
        if document is None:
            return Handled.of("done", work)
        return document, versions[-1]
    raise TryLater(f"{function} lost {MAX_RUNS} races over {event.type} {event.id}")


def _take_over(
    function: str,
    effect: Effect[Any, E],
    existing: Snapshot,
    work: Work,
    message_id: str,
    platform: Platform,
) -> Handled | tuple[E, str]:
    document = decode(effect.document, existing.data)
    if document.state in ("done", "failed", "void"):
        if message_id and document.message_id and message_id != document.message_id:
            return Handled("duplicate")
        platform.publish(function, [stored.message() for stored in document.emitted])
        return Handled("duplicate")
    if document.state == "claimed":
        if holds(document.lease_until, effect.lease, work.now):
            raise TryLater(f"{document.id}: another delivery is at it")
        document.unknown = True
    elif holds(document.not_before, MOST_ASKED, work.now):
        raise TryLater(f"{document.id}: the other side has asked to wait")
    move(document, "claimed")
    document.fence += 1
    document.attempts += 1
    document.lease_until = work.now + effect.lease
    key: Key = existing.key
    try:
        versions = platform.store.commit([Update(key, encode(document), existing.version)])
    except Stale as error:
        raise TryLater(f"{document.id}: another delivery was faster") from error
    return document, versions[0]
