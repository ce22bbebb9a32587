"""
The bus in SQLite, with the delivery rules of Pub/Sub.

A message is one row for each subscription. Delivering *claims* the row: it counts the attempt
and makes the row due again when the acknowledgement deadline passes. Acknowledging deletes it.
Claims and acknowledgements are committed without a sync of their own: they survive `kill -9`,
and if the machine itself stops, what is lost is at most the knowledge of a delivery, so the
message comes once more. Publications and dead letters are synced before anybody is told.

What was published or put back while the machine's clock was ahead is due as soon as it is right.
"""

from __future__ import annotations

import json
import random
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from toban.adapters.local.sqlite.database import SqliteDatabase, Transaction
from toban.adapters.local.sqlite.dead_letters import bury
from toban.adapters.local.sqlite.lanes import Lanes
from toban.adapters.local.sqlite.subscriptions import (
    QueueSubscription,
    by_topic,
    microseconds,
)
from toban.kernel.clock.skew import TOLERANCE
from toban.ports import Clock, Delivered, Message, Unavailable

_TOLERANCE_US = TOLERANCE // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Claim:
    """One delivery in progress."""

    seq: int
    delivered: Delivered
    lane: str = ""


class UnknownTopicError(ValueError):
    """A message was published to a topic that is not on the map."""


class SqliteBus:
    """
    The `Bus` port in SQLite.

    `topics` without a subscription accept messages, which are then gone; publishing to any
    other topic raises `UnknownTopicError`. `jitter` returns numbers in [0, 1).
    """

    def __init__(
        self,
        database: SqliteDatabase,
        subscriptions: Iterable[QueueSubscription],
        clock: Clock,
        topics: Iterable[str] = (),
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.database = database
        self.subscriptions: Mapping[str, QueueSubscription] = {
            subscription.name: subscription for subscription in subscriptions
        }
        self.clock = clock
        self._by_topic = by_topic(self.subscriptions, frozenset(topics))
        self._jitter = jitter
        self._lock = threading.Lock()
        self._listeners: list[Callable[[Sequence[str]], None]] = []
        self._turn = 0
        self._served: dict[str, int] = {}
        """The turn in which each subscription was last served."""
        self._latest = 0
        """The latest time seen, to notice that the clock was put back."""

    # --- publishing ------------------------------------------------------------------------

    def publish(self, messages: Sequence[Message]) -> None:
        """See `toban.ports.Bus`."""
        for message in messages:
            if message.topic not in self._by_topic:
                raise UnknownTopicError(f"no such topic: {message.topic}")
        texts = [json.dumps(dict(message.attributes)) for message in messages]
        now = microseconds(self.clock.now())

        def insert(transaction: Transaction) -> list[str]:
            rows = []
            for message, attributes in zip(messages, texts, strict=True):
                message_id = str(transaction.next_number())
                for subscription in self._by_topic[message.topic]:
                    rows.append(subscription.name)
                    transaction.execute(
                        "INSERT INTO messages"
                        " (subscription, message_id, topic, data, attributes, due)"
                        " VALUES (?, ?, ?, ?, ?, ?)",
                        (
                            subscription.name,
                            message_id,
                            message.topic,
                            message.data,
                            attributes,
                            now,
                        ),
                    )
            return rows

        if any(self._by_topic[message.topic] for message in messages):
            rows = self.database.write(insert)
            for listener in tuple(self._listeners):
                listener(rows)

    def listen(self, listener: Callable[[Sequence[str]], None]) -> None:
        """Call `listener` with the subscription of each new row after each publication made here."""
        with self._lock:
            self._listeners.append(listener)

    def unlisten(self, listener: Callable[[Sequence[str]], None]) -> None:
        """Stop calling it."""
        with self._lock:
            self._listeners.remove(listener)

    # --- delivering ------------------------------------------------------------------------

    def claim(
        self, names: Sequence[str], done: Claim | None = None, lanes: Lanes | None = None
    ) -> Claim | None:
        """
        Acknowledge `done`, then take a due message of these subscriptions, if there is one.

        Subscriptions take turns, as Pub/Sub serves each on its own: the one message that calls
        a person does not wait behind ten thousand alerts. Within one, what is due longest comes
        first; with `lanes`, those whose lane is full are passed over. The place in its lane is
        the caller's to give back.

        A message whose attempts are used up (its handler never came back, again and again)
        becomes a dead letter instead.
        """
        now = microseconds(self.clock.now())
        if self._latest - now > _TOLERANCE_US:
            self._put_right(now)
        self._latest = now
        if done is None:
            with self.database.reading() as connection:
                if self._first(connection, names, now, lanes) is None:
                    return None
        entered: list[str] = []

        def take(transaction: Transaction) -> Claim | None:
            claim = self._claim(transaction, names, now, done, lanes)
            if claim is not None and lanes is not None:
                # Inside the transaction: the next claim, perhaps in the same commit, counts it.
                lanes.enter(claim.lane)
                entered.append(claim.lane)
            return claim

        try:
            return self.database.write(take, synced=False)
        except Unavailable:
            for lane in entered:
                assert lanes is not None
                lanes.leave(lane)
            raise

    def _claim(
        self,
        transaction: Transaction,
        names: Sequence[str],
        now: int,
        done: Claim | None,
        lanes: Lanes | None,
    ) -> Claim | None:
        if done is not None:
            transaction.execute("DELETE FROM messages WHERE seq = ?", (done.seq,))
        while True:
            first = self._first(transaction, names, now, lanes)
            if first is None:
                return None
            self._turn += 1
            self._served[first.name] = self._turn
            message_id, attempts = transaction.execute(
                "SELECT message_id, attempts FROM messages WHERE seq = ?", (first.seq,)
            ).fetchone()
            subscription = self.subscriptions[first.name]
            if attempts >= subscription.max_attempts:
                bury(transaction, first.seq)
                continue
            transaction.execute(
                "UPDATE messages SET due = ?, attempts = attempts + 1, claimed = 1 WHERE seq = ?",
                (now + int(subscription.ack_deadline_s * 1_000_000), first.seq),
            )
            message = _message(transaction, first.seq)
            delivered = Delivered(message, message_id, first.name, attempts + 1)
            return Claim(first.seq, delivered, first.lane)

    def _first(
        self,
        connection: Transaction | sqlite3.Connection,
        names: Sequence[str],
        now: int,
        lanes: Lanes | None,
    ) -> _Next | None:
        """What is to be delivered next: of the subscription whose turn it is."""
        waiting = [(name, due) for name, due in _first_due(connection, names) if due <= now]
        waiting.sort(key=lambda item: (self._served.get(item[0], 0), item[1]))
        for name, _ in waiting:
            found = _first_of(connection, name, now, lanes)
            if found is not None:
                return found
        return None

    def acknowledge(self, claim: Claim) -> None:
        """The message is done with."""
        self.database.write(
            lambda transaction: (
                transaction.execute("DELETE FROM messages WHERE seq = ?", (claim.seq,)).rowcount
            ),
            synced=False,
        )

    def refuse(self, claim: Claim) -> bool:
        """
        The message failed: it comes again after back-off, or becomes a dead letter (True).

        Does nothing when the acknowledgement deadline passed and another delivery took over.
        """
        subscription = self.subscriptions[claim.delivered.subscription]
        attempt = claim.delivered.attempt
        delay = subscription.retry_delay_us(attempt, self._jitter())
        due = microseconds(self.clock.now()) + delay
        given_up = attempt >= subscription.max_attempts

        def put_back(transaction: Transaction) -> None:
            cursor = transaction.execute(
                "UPDATE messages SET due = ?, claimed = 0 WHERE seq = ? AND attempts = ?",
                (due, claim.seq, attempt),
            )
            if cursor.rowcount == 1 and given_up:
                bury(transaction, claim.seq)

        self.database.write(put_back, synced=given_up)
        return given_up

    def release_claims(self) -> None:
        """Make what was being delivered when the process ended due now."""
        now = microseconds(self.clock.now())
        self._put_right(now)
        self.database.write(
            lambda transaction: (
                transaction.execute(
                    "UPDATE messages SET due = ?, claimed = 0 WHERE claimed = 1", (now,)
                ).rowcount
            )
        )

    def _put_right(self, now: int) -> None:
        """What is due later than anything can be was written by a clock that was ahead."""
        patience = max(
            (max(s.max_backoff_s, s.ack_deadline_s) for s in self.subscriptions.values()), default=0
        )
        longest = now + int(patience * 1_000_000)
        self.database.write(
            lambda transaction: (
                transaction.execute(
                    "UPDATE messages SET due = CASE claimed WHEN 1 THEN ? ELSE ? END WHERE due > ?",
                    (longest, now, longest + _TOLERANCE_US),
                ).rowcount
            )
        )

    # --- looking ---------------------------------------------------------------------------

    def is_due(self, names: Sequence[str]) -> bool:
        """Return whether one of these subscriptions has a message to deliver now."""
        due = self.next_due(names)
        return due is not None and due <= microseconds(self.clock.now())

    def next_due(self, names: Sequence[str], after: int = -1) -> int | None:
        """
        Return when the next message is due, in microseconds since 1970; None when there is
        none.

        Of those that are due later than `after`.
        """
        with self.database.reading() as connection:
            return min((due for _, due in _first_due(connection, names, after)), default=None)

    def pending(self) -> dict[str, int]:
        """Return how many messages each subscription still has to acknowledge, none left out."""
        with self.database.reading() as connection:
            counts = dict(
                connection.execute(
                    "SELECT subscription, count(*) FROM messages GROUP BY subscription"
                ).fetchall()
            )
        return dict.fromkeys(self.subscriptions, 0) | counts


def _first_due(
    connection: Transaction | sqlite3.Connection, names: Sequence[str], after: int = -1
) -> list[tuple[str, int]]:
    """When each of these subscriptions has its next message; those without any are left out."""
    if not names:
        return []
    rows = connection.execute(
        "SELECT column1, (SELECT min(due) FROM messages"  # noqa: S608
        " WHERE subscription = column1 AND due > ?)"
        f" FROM (VALUES {', '.join(['(?)'] * len(names))})",
        (after, *names),
    ).fetchall()
    return [(name, due) for name, due in rows if due is not None]


@dataclass(frozen=True, slots=True)
class _Next:
    """A message that may be delivered now."""

    name: str
    seq: int
    lane: str = ""


def _first_of(
    connection: Transaction | sqlite3.Connection, name: str, now: int, lanes: Lanes | None
) -> _Next | None:
    """The message of a subscription that is due longest, those in full lanes passed over."""
    rows = connection.execute(
        "SELECT seq FROM messages WHERE subscription = ? AND due <= ? ORDER BY due, seq",
        (name, now),
    )
    try:
        for (seq,) in rows:
            if lanes is None:
                return _Next(name, seq)
            lane = lanes.lane(seq, partial(_message, connection, seq))
            if lanes.is_open(lane):
                return _Next(name, seq, lane)
        return None
    finally:
        rows.close()


def _message(connection: Transaction | sqlite3.Connection, seq: int) -> Message:
    topic, data, attributes = connection.execute(
        "SELECT topic, data, attributes FROM messages WHERE seq = ?", (seq,)
    ).fetchone()
    return Message(topic, bytes(data), json.loads(attributes))
