"""
The bus in memory, delivered one step at a time on a clock.

For unit tests and simulation: nothing happens by itself. The caller moves the clock to
`next_due` and delivers, or takes a message, does with it what the world might do (deliver it
twice, out of order, let it expire), and says how it ended.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from toban.adapters.local.sqlite.queue import UnknownTopicError
from toban.adapters.local.sqlite.subscriptions import (
    Handler,
    QueueSubscription,
    by_topic,
    dead_letter_attributes,
    microseconds,
    moment_at,
)
from toban.ports import Clock, DeadLetter, Delivered, Message


@dataclass(slots=True)
class _Row:
    seq: int
    subscription: QueueSubscription
    message: Message
    message_id: str
    due: int
    attempts: int = 0
    taken: bool = False

    def delivered(self) -> Delivered:
        return Delivered(self.message, self.message_id, self.subscription.name, self.attempts)


@dataclass(frozen=True, slots=True)
class PulledMessage:
    """A message that is being delivered, to be acknowledged, refused or forgotten."""

    seq: int
    delivered: Delivered


@dataclass(frozen=True, slots=True)
class DeliveryStep:
    """The outcome of `deliver_next`; `error` is what the handler raised."""

    delivered: Delivered
    error: BaseException | None = field(default=None, compare=False)


class MemoryBus:
    """
    The `Bus` and `DeadLetters` ports with the rules of `SqliteBus`.

    `topics` without a subscription accept messages, which are then gone; publishing to any
    other topic raises `UnknownTopicError`. `jitter` returns numbers in [0, 1).
    """

    def __init__(
        self,
        subscriptions: Iterable[QueueSubscription],
        clock: Clock,
        topics: Iterable[str] = (),
        jitter: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.subscriptions: Mapping[str, QueueSubscription] = {
            subscription.name: subscription for subscription in subscriptions
        }
        self._clock = clock
        self._by_topic = by_topic(self.subscriptions, frozenset(topics))
        self._jitter = jitter
        self._lock = threading.RLock()
        self._rows: dict[int, _Row] = {}
        self._dead: dict[int, DeadLetter] = {}
        self._last_seq = 0
        self._last_id = 0

    def publish(self, messages: Sequence[Message]) -> None:
        """See `toban.ports.Bus`."""
        for message in messages:
            if message.topic not in self._by_topic:
                raise UnknownTopicError(f"no such topic: {message.topic}")
        now = microseconds(self._clock.now())
        with self._lock:
            for message in messages:
                self._last_id += 1
                copy = Message(message.topic, bytes(message.data), dict(message.attributes))
                for subscription in self._by_topic[message.topic]:
                    self._last_seq += 1
                    self._rows[self._last_seq] = _Row(
                        self._last_seq, subscription, copy, str(self._last_id), now
                    )

    # --- delivering ------------------------------------------------------------------------

    def due(self) -> list[Delivered]:
        """Return what could be delivered now, longest due first, as its next attempt would show it."""
        with self._lock:
            return [
                Delivered(row.message, row.message_id, row.subscription.name, row.attempts + 1)
                for row in self._due_rows()
            ]

    def next_due(self) -> datetime | None:
        """Return when the next message is (or was) due; None when there is none."""
        with self._lock:
            return moment_at(min(row.due for row in self._rows.values())) if self._rows else None

    def take(self, pick: int = 0) -> PulledMessage | None:
        """
        Begin to deliver the message at index `pick` of `due`; None when nothing is due.

        The attempt counts from now on. Without an answer the message is due again when the
        acknowledgement deadline has passed.
        """
        with self._lock:
            rows = self._due_rows()
            if not rows:
                return None
            row = rows[pick]
            row.attempts += 1
            row.taken = True
            deadline_us = int(row.subscription.ack_deadline_s * 1_000_000)
            row.due = microseconds(self._clock.now()) + deadline_us
            return PulledMessage(row.seq, row.delivered())

    def acknowledge(self, taken: PulledMessage) -> None:
        """The message is done with."""
        with self._lock:
            self._rows.pop(taken.seq, None)

    def refuse(self, taken: PulledMessage) -> bool:
        """
        The message failed: it comes again after back-off, or becomes a dead letter (True).

        Does nothing when the acknowledgement deadline passed and another delivery took over.
        """
        with self._lock:
            row = self._rows.get(taken.seq)
            if row is None or row.attempts != taken.delivered.attempt:
                return False
            if row.attempts >= row.subscription.max_attempts:
                self._bury(row)
                return True
            delay = row.subscription.retry_delay_us(row.attempts, self._jitter())
            row.due, row.taken = microseconds(self._clock.now()) + delay, False
            return False

    def release_claims(self) -> None:
        """Make what is being delivered due now, as after a restart; back-off stays."""
        now = microseconds(self._clock.now())
        with self._lock:
            for row in self._rows.values():
                if row.taken:
                    row.due, row.taken = now, False

    def deliver_next(self, handler: Handler, pick: int = 0) -> DeliveryStep | None:
        """
        Deliver one due message and acknowledge it, or refuse it when the handler raises.

        None when nothing is due. An exception that is no `Exception` (a simulated crash) is
        passed on; the message then is due again after its acknowledgement deadline.
        """
        taken = self.take(pick)
        if taken is None:
            return None
        try:
            handler(taken.delivered)
        except Exception as error:  # noqa: BLE001  any failure of a handler is a refusal
            self.refuse(taken)
            return DeliveryStep(taken.delivered, error)
        self.acknowledge(taken)
        return DeliveryStep(taken.delivered)

    def pending(self) -> dict[str, int]:
        """Return how many messages each subscription still has to acknowledge, none left out."""
        with self._lock:
            counts = dict.fromkeys(self.subscriptions, 0)
            for row in self._rows.values():
                counts[row.subscription.name] += 1
            return counts

    # --- dead letters ----------------------------------------------------------------------

    def pull(self, subscription: str, limit: int) -> list[DeadLetter]:
        """See `toban.ports.DeadLetters`."""
        with self._lock:
            found = [
                dead_letter
                for dead_letter in self._dead.values()
                if dead_letter.subscription == subscription
            ]
            return found[:limit]

    def remove(self, dead_letters: Sequence[DeadLetter]) -> None:
        """See `toban.ports.DeadLetters`."""
        with self._lock:
            for dead_letter in dead_letters:
                self._dead.pop(int(dead_letter.token), None)

    def _due_rows(self) -> list[_Row]:
        now = microseconds(self._clock.now())
        for row in [row for row in self._rows.values() if row.due <= now]:
            if row.attempts >= row.subscription.max_attempts:
                self._bury(row)  # its handler never came back, again and again
        rows = [row for row in self._rows.values() if row.due <= now]
        return sorted(rows, key=lambda row: (row.due, row.seq))

    def _bury(self, row: _Row) -> None:
        del self._rows[row.seq]
        attributes = dead_letter_attributes(
            row.message.attributes, row.subscription.name, row.attempts
        )
        message = Message(row.message.topic, row.message.data, attributes)
        self._dead[row.seq] = DeadLetter(
            message, row.message_id, row.subscription.name, str(row.seq)
        )
