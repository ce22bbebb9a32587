"""
Firing timers: publishing events whose time has come. It may be late, but never early and never
lost.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from toban.kernel import log
from toban.kernel.clock.skew import TOLERANCE
from toban.kernel.document import decode, encode
from toban.kernel.handling.decision import Handled
from toban.kernel.handling.receipt import Receipt
from toban.kernel.platform import Platform
from toban.kernel.work import clock_now
from toban.ports import Query, Snapshot, Stale, Unavailable, Update

BATCH = 200
LOOK_EACH = 10
"""At one tick in so many minutes: an idle tick costs one read."""


def fire_due(function: str, platform: Platform) -> Handled:
    """
    Publish the events of all timers that are due, then mark them fired.

    Two runs at once, or a run that dies between publishing and marking, publish an event twice
    under one id; its consumers drop the second. A timer that was set by a clock ahead of ours
    is moved (`put_right`).
    """
    if clock_now(platform.clock).minute % LOOK_EACH == LOOK_EACH - 1:
        put_right(platform)
    fired: list[tuple[str, str]] = []
    changes: list[str] = []
    failure: Exception | None = None
    while True:
        now = clock_now(platform.clock)
        query = Query(Receipt.COLLECTION, (("due", "<=", now),), order_by="due", limit=BATCH)
        snapshots = platform.store.query(query)
        for snapshot in snapshots:
            try:
                events = _fire(function, snapshot, now, platform)
            except Unavailable:
                raise  # nothing can be published or written now
            except Exception as error:  # noqa: BLE001 one timer must not hold up the others
                log.error("timer not fired", receipt=snapshot.key.id, error=error)
                failure = error
                continue
            if events:
                changes.append(f"changed receipts/{snapshot.key.id}")
                fired.extend(events)
        if failure is not None:
            raise failure
        if len(snapshots) < BATCH:
            return Handled("done" if fired else "nothing", tuple(changes), tuple(fired))


def _fire(
    function: str, snapshot: Snapshot, now: datetime, platform: Platform
) -> list[tuple[str, str]]:
    """Publish the due timers of one receipt and mark them; what was fired, unless by another."""
    receipt = decode(Receipt, snapshot.data)
    due = [t for t in receipt.timers if not t.fired and t.due <= now]
    platform.publish(function, [t.event.message() for t in due])
    for timer in due:
        timer.fired = True
    receipt.due = min((t.due for t in receipt.timers if not t.fired), default=None)
    try:
        platform.store.commit([Update(snapshot.key, encode(receipt), snapshot.version)])
    except Stale:
        return []  # another run marked it
    return [(t.event.event_type, t.event.event_id) for t in due]


def put_right(platform: Platform, wrong: datetime | None = None) -> timedelta:
    """
    Move timers that were set by a clock ahead of ours forward, and return by how much it was ahead.

    `wrong`: the latest time that it is known to have shown; else what it wrote last tells. Timers
    are found by the time of their receipts, however many are meant for later; no timer is early.
    """
    now = clock_now(platform.clock)
    ahead, corrected = timedelta(0), 0
    while True:
        found = platform.store.query(_later_than(now + TOLERANCE, "at", BATCH))
        if not found:
            break
        if wrong is None or not ahead:
            (newest,) = platform.store.query(_later_than(now + TOLERANCE, "-at", 1))
            ahead = max(decode(Receipt, newest.data).at, wrong or now) - now
        moved = [_set_back(snapshot, ahead, now, platform) for snapshot in found]
        corrected += sum(moved)
        if len(found) < BATCH:
            break
    if corrected:
        log.warning(
            "timers corrected: set by a clock ahead of ours",
            timers=corrected,
            ahead_s=int(ahead.total_seconds()),
        )
    return ahead


def _later_than(moment: datetime, order_by: str, limit: int) -> Query:
    return Query(Receipt.COLLECTION, (("at", ">", moment),), order_by=order_by, limit=limit)


def _set_back(snapshot: Snapshot, ahead: timedelta, now: datetime, platform: Platform) -> int:
    """How many timers of a receipt have been moved; none where another run did it."""
    receipt = decode(Receipt, snapshot.data)
    pending = [timer for timer in receipt.timers if not timer.fired]
    for timer in pending:
        timer.due -= ahead
    receipt.at = now  # found only once
    receipt.due = min((timer.due for timer in pending), default=None)
    try:
        platform.store.commit([Update(snapshot.key, encode(receipt), snapshot.version)])
    except Stale:
        return 0
    return len(pending)


def next_due(platform: Platform) -> datetime | None:
    """Return when the next timer is due, for a caller that can wait exactly."""
    found = platform.store.query(
        Query(
            Receipt.COLLECTION,
            (("due", ">=", datetime.fromisoformat("2000-01-01T00:00:00+00:00")),),
            order_by="due",
            limit=1,
        )
    )
    return decode(Receipt, found[0].data).due if found else None
