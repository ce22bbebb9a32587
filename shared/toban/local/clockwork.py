"""
What happens by the clock on a laptop: schedules, timers, and removing what has expired.

In the cloud Cloud Scheduler publishes the schedules and `tick` fires timers by the minute; here a
thread does the first the same way and fires timers to the second besides. When a schedule's slots
are is said in `toban.kernel.clock.cron`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from toban.incidents.documents import Incident
from toban.kernel import log
from toban.kernel.clock.cron import newest_slot, next_slot
from toban.kernel.clock.skew import is_future, not_ahead
from toban.kernel.document import Document, Keep
from toban.kernel.event import timestamp, to_message
from toban.kernel.handling.change import change, remove
from toban.kernel.handling.receipt import Receipt
from toban.kernel.handling.sweep import expiring, remove_expired
from toban.kernel.handling.timers import fire_due, next_due, put_right
from toban.kernel.platform import Platform
from toban.kernel.work import clock_now
from toban.ports import PortError
from toban.postmortems.draft import drafts_of
from toban.profile.store import CURRENT_MAX_AGE, applied
from toban.topology.schedules import RecurringEvent, repeating, slot_event
from toban.topology.types import Topology

TICK_S = 1.0
_SWEEP_EACH = timedelta(hours=1)
"""Also how long the clock has to be steady before anything is removed by it."""
_STEADY = timedelta(hours=1)
"""A longer leap between two turns is that of a clock that was set, or of a machine that slept."""
_MADE_UP = timedelta(days=1)
"""How far back a slot is made up for when nobody knows which was the last."""
_LEAP = timedelta(hours=36)
"""Longer than any night: after such a leap only receipts are removed, for `_WAIT`."""
_WAIT = timedelta(days=1)


class FiredSchedule(Document, kw_only=True):
    """The last slot of a schedule that a local runtime has fired."""

    COLLECTION: ClassVar[str] = "schedules"
    KEEP = Keep.always("removed with its schedule")

    slot: datetime
    """Nothing up to here is still to be published: the newest slot, or when the schedule began."""
    fired: datetime | None = None
    """The newest slot that was published."""
    cron: str = ""
    zone: str = ""
    """What the schedule said then; another one begins anew with its next slot."""


class Clockwork:
    """
    A thread that publishes schedules and fires timers.

    The schedules are those of the map and of the profiles in the store, which are read again every
    half a minute: what is new or has changed begins with its next slot, what is gone stops.

    A slot that passed while nothing ran is made up for once; of several only the newest. Publishing
    comes before noting, so a slot may be published twice under one id and is never lost.

    A clock that was ahead leaves slots that lie in the future; they are forgotten. Receipts are
    removed only once the clock has been steady for an hour: they are what makes repetitions harmless.
    After a leap of more than 36 hours everything else waits for a day, as in retention of backups.
    """

    def __init__(
        self,
        platform: Platform,
        topology: Topology,
        tidy: Sequence[Callable[[datetime], None]] = (),
    ) -> None:
        """`tidy`: what else removes what is old, called after each sweep."""
        self._platform = platform
        self._tidy = tidy
        self._topology = topology
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="toban-clock", daemon=True)
        self._schedules = {s.name: s for s in repeating(topology, ())}
        self._next: dict[str, datetime] = {}
        self._read_at: datetime | None = None
        self._sweep_at: datetime | None = None
        self._sweep_all_at: datetime | None = None
        self._turned_at: datetime | None = None
        self._tick = next((name for name, f in topology.functions.items() if f.emits_due), "tick")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after what is under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def reread(self) -> None:
        """Let the next turn read the profiles, whenever the last one did; from any thread."""
        self._read_at = None

    def _run(self) -> None:
        while not self._stop.wait(self._pause()):
            try:
                self.turn()
            except PortError as error:
                log.warning("clockwork turn failed: will be retried", error=error, stack=False)
            except Exception as error:  # noqa: BLE001  it has to go on for the other timers
                log.error("clockwork turn failed", error=error)

    def _pause(self) -> float:
        """To just after the next whole second, so that timers are fired as they come due."""
        now = clock_now(self._platform.clock)
        return TICK_S - now.microsecond / 1_000_000 * TICK_S + 0.002

    def turn(self) -> None:
        """Do what is due now."""
        now = clock_now(self._platform.clock)
        self._notice_leaps(now)
        if self._read_at is None or not timedelta() <= now - self._read_at < CURRENT_MAX_AGE:
            # Set first: what cannot be read must not keep everything else from happening.
            self._read_at = now
            self._read(now)
        for schedule in self._schedules.values():
            self._publish_slot(schedule, now)
        due = next_due(self._platform)
        if due is not None and due <= now:
            fire_due(self._tick, self._platform)
        if self._sweep_at is not None and now >= self._sweep_at:
            self._sweep_at = now + _SWEEP_EACH
            self._sweep(now)

    def _sweep(self, now: datetime) -> None:
        if self._sweep_all_at is not None and now < self._sweep_all_at:
            sweep(self._platform, now, [Receipt])
            return
        sweep(self._platform, now)
        for tidy in self._tidy:
            tidy(now)

    def next_slot(self) -> datetime | None:
        """
        Return when the next schedule fires; None: none does.

        Not asked for the one that fires timers: here they are fired at the instant they are
        due.
        """
        consumers = self._topology.consumers
        return min(
            (
                at
                for name, at in self._next.items()
                if consumers(self._schedules[name].topic) != [self._tick]
            ),
            default=None,
        )

    def _notice_leaps(self, now: datetime) -> None:
        before, self._turned_at = self._turned_at, now
        begins = before is None
        if before is None:
            before = self._last_slot()
        if begins or is_future(before, now):
            # Nobody may have seen the clock being put back: nothing ran.
            self._put_right(before, now)
        if begins or is_future(before, now) or (before is not None and now - before > _STEADY):
            self._sweep_at = now + _SWEEP_EACH
        if is_future(before, now) or (before is not None and now - before > _LEAP):
            self._sweep_all_at = now + _WAIT

    def _put_right(self, before: datetime | None, now: datetime) -> None:
        """Pull forward what waits for a time that a clock ahead of this one has named."""
        known = before if before is not None and is_future(before, now) else None
        ahead = put_right(self._platform, known)
        if known is not None:
            ahead = max(ahead, known - now)
        if not ahead:
            return
        self._next.clear()
        log.warning(
            "clock put back: what was scheduled is pulled forward",
            by_s=int(ahead.total_seconds()),
            before=timestamp(now + ahead),
        )

    def _last_slot(self) -> datetime | None:
        """The newest slot that any process on these data has published; None: none ever did."""
        fired = (schedule.fired for schedule in self._platform.documents().find(FiredSchedule))
        return max((at for at in fired if at is not None), default=None)

    def _read(self, now: datetime) -> None:
        """Take over what the profiles say now, and forget the slots of schedules that are gone."""
        profiles = applied(self._platform.documents()).values()
        found = {s.name: s for s in repeating(self._topology, profiles)}
        current = {
            name: schedule
            for name, schedule in found.items()
            if schedule == self._schedules.get(name) or _can_fire(schedule, now)
        }
        self._next = {
            name: at
            for name, at in self._next.items()
            if name in current and current[name] == self._schedules.get(name)
        }
        self._schedules = current
        for schedule in self._platform.documents().find(FiredSchedule):
            if schedule.id not in current:
                remove(self._platform.store, schedule)  # else the next time shows it

    def _publish_slot(self, schedule: RecurringEvent, now: datetime) -> None:
        if now < self._next.get(schedule.name, now):
            return
        before = self._platform.documents().get(FiredSchedule, schedule.name)
        if before is None or _changed(before, schedule):
            # It begins with the next slot.
            self._note(schedule, now, before, before.fired if before else None)
        else:
            after = not_ahead(before.slot, now)
            if after is None:
                log.debug("last slot ahead of now: ignored", schedule=schedule.name)
                after = now - _MADE_UP
            slot = newest_slot(schedule.cron, schedule.zone, after, now)
            if slot is None and after != before.slot:
                self._note(schedule, now, before, before.fired)
            if slot is not None:
                self._platform.bus.publish([to_message(slot_event(schedule, slot))])
                self._note(schedule, slot, before, slot)
                log.debug("schedule fired", schedule=schedule.name, slot=timestamp(slot))
        self._next[schedule.name] = next_slot(schedule.cron, schedule.zone, now)

    def _note(
        self,
        schedule: RecurringEvent,
        slot: datetime,
        before: FiredSchedule | None,
        fired: datetime | None,
    ) -> None:
        note = FiredSchedule(
            id=schedule.name, slot=slot, fired=fired, cron=schedule.cron, zone=schedule.zone
        )

        def noted(present: FiredSchedule | None) -> FiredSchedule:
            # What another runtime noted meanwhile stays; the next turn goes by that.
            return note if present is None or present == before else present

        change(self._platform.store, FiredSchedule, note.id, noted)


def _can_fire(schedule: RecurringEvent, now: datetime) -> bool:
    """One schedule that cannot be read must not hold up the others (`toban check` refuses it)."""
    try:
        next_slot(schedule.cron, schedule.zone, now)
    except (LookupError, ValueError) as error:
        log.error("schedule never fires", schedule=schedule.name, error=error, stack=False)
        return False
    return True


def _changed(before: FiredSchedule, schedule: RecurringEvent) -> bool:
    return (before.cron, before.zone) not in {("", ""), (schedule.cron, schedule.zone)}


def sweep(
    platform: Platform, now: datetime, classes: Iterable[type[Document]] | None = None
) -> int:
    """
    Remove documents whose time is over (Firestore's TTL does so in the cloud); how many.

    An incident's drafts go with it (in the cloud the bucket's lifecycle removes them).
    """
    removed = 0
    for cls in expiring() if classes is None else classes:
        for snapshot in remove_expired(platform, cls, now):
            removed += 1
            if cls is Incident:
                drafts = drafts_of(str(snapshot.data.get("service")), snapshot.key.id)
                for name in platform.blobs.names(drafts):
                    platform.blobs.delete(name)
    return removed
