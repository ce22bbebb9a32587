"""
Receipts: proof that a function has handled an event, in the same batch as what it changed.

A receipt is inbox mark, outbox and timers in one document. `due` is the earliest timer not yet
fired (None: none), so `tick` needs one single-field index and setting a timer costs no write of its
own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

import msgspec

from toban.kernel.document import Document, Keep, decode
from toban.kernel.event import StoredMessage, to_message
from toban.kernel.ids import derive
from toban.kernel.work import Work
from toban.ports import Message, Store

KEEP = timedelta(days=40)
"""Of a receipt, after its last timer."""


class PendingTimer(msgspec.Struct):
    """A timer in a receipt: `event` is published once `due` has passed."""

    due: datetime
    event: StoredMessage
    fired: bool = False


class Receipt(Document, kw_only=True):
    """The proof that `function` has handled the event `event_id`."""

    COLLECTION: ClassVar[str] = "receipts"
    KEEP = Keep(
        KEEP,
        "a repetition is known for longer than it can come: 7 days in the queue, 14 as a dead letter, "
        "redriving; timers stand in them",
        "重複が届きうる期間（キュー 7 日、デッドレター 14 日、再試行）より長く覚えておくため。タイマーを含む",
    )

    function: str
    event_id: str
    body_hash: str
    message_id: str
    """The message whose delivery committed this; a redelivery of it publishes `emitted` again."""
    at: datetime
    emitted: list[StoredMessage] = []
    answer: dict[str, str] = {}
    """What came of a request, for whoever sent it (`Work.answer`); empty: nobody waits for it."""
    timers: list[PendingTimer] = []
    due: datetime | None = None

    def over_since(self) -> datetime:
        """Return when it was written, or when its last timer was due."""
        return max([self.at, *(timer.due for timer in self.timers)])


def receipt_id(function: str, event_id: str) -> str:
    """Return the id of a function's receipt for an event."""
    return derive("receipt", function, event_id)


def find_receipt(store: Store, function: str, event_id: str) -> Receipt | None:
    """Return the receipt if the function has handled the event, else None."""
    snapshot = store.get([Receipt.key(receipt_id(function, event_id))])[0]
    return None if snapshot is None else decode(Receipt, snapshot.data)


def receipt_of(work: Work, messages: Sequence[Message], body_hash: str, message_id: str) -> Receipt:
    """Return the receipt of a unit of work before its commit; `messages` are what it emits."""
    timers = [PendingTimer(t.due, StoredMessage.of(to_message(t.event))) for t in work.timers]
    dues = [t.due for t in timers]
    return Receipt(
        id=receipt_id(work.function, work.event.id),
        function=work.function,
        event_id=work.event.id,
        body_hash=body_hash,
        message_id=message_id,
        at=work.now,
        emitted=[StoredMessage.of(m) for m in messages],
        answer=dict(work.answered),
        timers=timers,
        due=min(dues, default=None),
    )
