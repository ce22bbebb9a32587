"""The dead letters of the local bus."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from toban.adapters.local.sqlite.database import SqliteDatabase, Transaction
from toban.adapters.local.sqlite.subscriptions import dead_letter_attributes, microseconds
from toban.ports import DeadLetter, Message


class SqliteDeadLetters:
    """The `DeadLetters` port on the same file."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def pull(self, subscription: str, limit: int) -> list[DeadLetter]:
        """See `toban.ports.DeadLetters`."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT seq, message_id, topic, data, attributes FROM dead_letters"
                " WHERE subscription = ? ORDER BY seq LIMIT ?",
                (subscription, limit),
            ).fetchall()
        return [
            DeadLetter(
                Message(topic, bytes(data), json.loads(attributes)),
                message_id,
                subscription,
                str(seq),
            )
            for seq, message_id, topic, data, attributes in rows
        ]

    def remove(self, dead_letters: Sequence[DeadLetter]) -> None:
        """See `toban.ports.DeadLetters`."""
        numbers = [int(dead_letter.token) for dead_letter in dead_letters]

        def delete(transaction: Transaction) -> None:
            for number in numbers:
                transaction.execute("DELETE FROM dead_letters WHERE seq = ?", (number,))

        if numbers:
            self._database.write(delete)

    def expire(self, now: datetime, keep: timedelta) -> None:
        """Remove letters that nobody could redrive for so long, as Pub/Sub's retention does."""

        def delete(transaction: Transaction) -> None:
            # An earlier release did not note when: from now on, then.
            transaction.execute(
                "UPDATE dead_letters SET since = ? WHERE since = 0", (microseconds(now),)
            )
            transaction.execute(
                "DELETE FROM dead_letters WHERE since < ?", (microseconds(now - keep),)
            )

        self._database.write(delete)

    def counts(self) -> dict[str, int]:
        """Return how many dead letters each subscription has; those without any are left out."""
        with self._database.reading() as connection:
            return dict(
                connection.execute(
                    "SELECT subscription, count(*) FROM dead_letters GROUP BY subscription"
                ).fetchall()
            )


def bury(transaction: Transaction, seq: int) -> None:
    """Make a message that was given up a dead letter."""
    subscription, message_id, topic, data, attributes, attempts, due = transaction.execute(
        "SELECT subscription, message_id, topic, data, attributes, attempts, due"
        " FROM messages WHERE seq = ?",
        (seq,),
    ).fetchone()
    noted = dead_letter_attributes(json.loads(attributes), subscription, attempts)
    transaction.execute(
        "INSERT INTO dead_letters (subscription, message_id, topic, data, attributes, since)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        # It was due just now.
        (subscription, message_id, topic, data, json.dumps(noted), due),
    )
    transaction.execute("DELETE FROM messages WHERE seq = ?", (seq,))
