"""
Decisions: pure functions over a unit of work, with exactly one effect on our own state.

The protocol (DESIGN §3): run the decision, then commit the receipt and every write in one
optimistic batch, then publish what was emitted, then acknowledge. Whatever is interrupted is
repeated by the next delivery of the same message and finds the receipt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from toban.kernel.document import encode
from toban.kernel.errors import InvalidEvent, TryLater
from toban.kernel.event import Body, Event, timestamp
from toban.kernel.handling.receipt import Receipt, find_receipt, receipt_of
from toban.kernel.ids import body_hash
from toban.kernel.platform import Platform
from toban.kernel.work import Work
from toban.ports import AlreadyExists, Create, Delete, Delivered, Stale, Update, Write

MAX_RUNS = 8
"""Runs of a decision that keeps losing races before the delivery is refused."""

MESSAGE_ID = "ce-tobanmessageid"
"""Attribute (a CloudEvents extension) that keeps a redriven message's first id: it is still the same message."""

MEANT_FOR = "ce-tobanmeantfor"
"""Attribute of a redriven message: the one function that gave it up. The others on its topic have
their own; without this, three functions that fail together would make 81 deliveries of one."""


B_contra = TypeVar("B_contra", bound=Body, contravariant=True)
"""The body of the event that is handled; who handles a base body may serve its subclasses."""


@dataclass(frozen=True)
class Decision(Generic[B_contra]):
    """
    A handler that changes state: `decide` reads, writes and emits in one unit of work.

    With `receipt_first` the receipt is read before anything else: a repetition then costs one
    read instead of the decision's own. Right where repetitions are common.
    """

    decide: Callable[[B_contra, Work], None]
    receipt_first: bool = False


@dataclass(frozen=True)
class Translation(Generic[B_contra]):
    """
    A handler that only emits: `translate` uses its event, and references that never change.

    It needs no receipt: doing it twice emits the same events under the same ids, which their
    consumers drop. Its `now` is the time of its event.
    """

    translate: Callable[[B_contra, Work], None]


@dataclass(frozen=True)
class Handled:
    """The outcome of a delivery, for trace and log (fields as in `toban.ports.Trace`)."""

    outcome: str
    changes: tuple[str, ...] = ()
    emitted: tuple[tuple[str, str], ...] = ()
    timers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, outcome: str, work: Work, *more: Write) -> Handled:
        """Return the outcome of a unit of work (and what `more` wrote besides)."""
        return cls(
            outcome,
            tuple(
                f"{_VERBS[type(w)]} {w.key.collection}/{w.key.id}" for w in (*work.writes, *more)
            ),
            tuple((e.type, e.id) for e in work.emitted),
            tuple((t.event.type, timestamp(t.due)) for t in work.timers),
        )


_VERBS = {Create: "created", Update: "changed", Delete: "deleted"}


def message_identity(delivered: Delivered) -> str:
    """Return the message's id, the same through redrives; empty when the transport gives none."""
    return delivered.message.attributes.get(MESSAGE_ID) or delivered.message_id


def run_decision(
    function: str, decision: Decision[Any], event: Event, delivered: Delivered, platform: Platform
) -> Handled:
    """
    Handle an event by a decision, and return the outcome.

    Raises `TryLater` when it lost `MAX_RUNS` races, `InvalidEvent` when another body was
    handled under this event's id, and whatever the ports raise (the delivery is then repeated).
    """
    digest = body_hash(delivered.message.data)
    message_id = message_identity(delivered)
    if decision.receipt_first:
        found = find_receipt(platform.store, function, event.id)
        if found is not None:
            return replay(found, digest, message_id, platform, function)
    for run in range(MAX_RUNS):
        if run:
            platform.pause(run)
        work = platform.work(function, event, guess=run == 0)
        decision.decide(event.body, work)
        done = commit(work, digest, message_id, platform)
        if done is not None:
            return done
    raise TryLater(f"{function} lost {MAX_RUNS} races over {event.type} {event.id}")


def commit(work: Work, digest: str, message_id: str, platform: Platform) -> Handled | None:
    """
    Commit a unit of work with its receipt, and publish what it emitted.

    Returns None when a race was lost: run it again. Without changes nothing is committed,
    unless a receipt shows that the event was handled before.
    """
    function, event = work.function, work.event
    if work.is_empty:
        # Either there is nothing to do, or it was done by a delivery that died before it
        # could publish: only the receipt tells. With `receipt_first` it is read once more,
        # for that delivery may have committed between our first look and this decision.
        found = find_receipt(platform.store, function, event.id)
        if found is not None:
            return replay(found, digest, message_id, platform, function)
        return Handled("nothing")
    for blob in work.objects:
        platform.blobs.create(blob.name, blob.data, blob.content_type)
    messages = work.messages()
    receipt = receipt_of(work, messages, digest, message_id)
    try:
        platform.store.commit([Create(Receipt.key(receipt.id), encode(receipt)), *work.writes])
    except AlreadyExists:
        found = find_receipt(platform.store, function, event.id)
        if found is not None:
            return replay(found, digest, message_id, platform, function)
        return None
    except Stale:
        return None  # somebody else was first: decide again on what is there now
    for say in work.afterwards:
        say()
    platform.publish(function, messages)
    return Handled.of("done", work)


def run_translation(
    function: str, translation: Translation[Any], event: Event, platform: Platform
) -> Handled:
    """Handle an event by a translation; raises what the bus raises."""
    work = platform.work(function, event, now=event.time, writes_allowed=False)
    translation.translate(event.body, work)
    platform.publish(function, work.messages())
    return Handled.of("nothing" if work.is_empty else "done", work)


def replay(
    receipt: Receipt, digest: str, message_id: str, platform: Platform, function: str
) -> Handled:
    """
    Publish again what a receipt says was emitted, unless another message is responsible for
    that.

    The message that committed the receipt is redelivered until its events are published, so
    another message with the same event (a sender's repetition) has nothing to add.
    """
    if receipt.body_hash != digest:
        raise InvalidEvent(
            f"event {receipt.event_id} was handled by {receipt.function} with another body"
        )
    if message_id and receipt.message_id and message_id != receipt.message_id:
        return Handled("duplicate")
    platform.publish(function, [stored.message() for stored in receipt.emitted])
    return Handled("duplicate", emitted=tuple((s.event_type, s.event_id) for s in receipt.emitted))
