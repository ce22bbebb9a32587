"""
What happens by the clock on a laptop: schedules, timers, and removing what has expired.

In the cloud Cloud Scheduler publishes the schedules and `tick` fires timers by the minute; here a
thread does the first the same way and fires timers to the second besides.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from cronsim import CronSim

from toban.kernel import log
from toban.kernel.document import Document, decode, encode
from toban.kernel.event import Event, registered, timestamp, to_message
from toban.kernel.platform import Platform
from toban.kernel.receipt import Receipt
from toban.kernel.timers import fire_due, next_due
from toban.kernel.work import clock_now
from toban.ports import Create, Delete, PortError, Query, Stale, Update
from toban.topology.types import Schedule, Topology

TICK_S = 1.0
_SWEEP_EACH = timedelta(hours=1)
_SWEEP_BATCH = 500


class FiredSchedule(Document, kw_only=True):
    """The newest slot of a schedule that was published by a local runtime."""

    COLLECTION: ClassVar[str] = "schedules"

    slot: datetime


def slot_event(name: str, schedule: Schedule, slot: datetime, topology: Topology) -> Event:
    """
    The event of a schedule's slot (UTC, whole minutes).

    Its id is ``/schedules/<name>|<ISO minute>``: publishing a slot twice is publishing it once.
    """
    body = registered()[topology.topics[schedule.emits].event]()
    minute = slot.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")
    return Event(
        id=f"/schedules/{name}|{minute}", source=f"/schedules/{name}", time=slot, body=body
    )


def next_slot(schedule: Schedule, after: datetime) -> datetime:
    """The first slot after a moment, in UTC."""
    local = after.astimezone(ZoneInfo(schedule.zone))
    return next(CronSim(schedule.cron, local)).astimezone(UTC)


def newest_slot(schedule: Schedule, after: datetime, until: datetime) -> datetime | None:
    """The last slot after one moment and not after another; None when there is none."""
    local = until.astimezone(ZoneInfo(schedule.zone)) + timedelta(seconds=1)
    slot = next(CronSim(schedule.cron, local, reverse=True)).astimezone(UTC)
    return slot if after < slot <= until else None


class Clockwork:
    """
    A thread that publishes schedules and fires timers.

    A slot that passed while nothing ran is made up for once, at the start; of several only the
    newest (so do Cloud Scheduler's jobs after an outage). Publishing comes before noting, so a
    slot may be published twice under one id and is never lost.
    """

    def __init__(self, platform: Platform, topology: Topology) -> None:
        self._platform = platform
        self._topology = topology
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="toban-clock", daemon=True)
        self._next: dict[str, datetime] = {}
        self._sweep_at: datetime | None = None
        self._tick = next((name for name, f in topology.functions.items() if f.emits_due), "tick")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after what is under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._pause()):
            try:
                self.turn()
            except PortError as error:
                log.warning("the clockwork tries again", error=error, stack=False)
            except Exception as error:  # noqa: BLE001  it has to go on for the other timers
                log.error("the clockwork failed", error=error)

    def _pause(self) -> float:
        """To just after the next whole second, so that timers are fired as they come due."""
        now = clock_now(self._platform.clock)
        return TICK_S - now.microsecond / 1_000_000 * TICK_S + 0.002

    def turn(self) -> None:
        """Do what is due now."""
        now = clock_now(self._platform.clock)
        for name, schedule in self._topology.schedules.items():
            self._publish_slot(name, schedule, now)
        due = next_due(self._platform)
        if due is not None and due <= now:
            fire_due(self._tick, self._platform)
        if self._sweep_at is None or now >= self._sweep_at:
            sweep(self._platform, now)
            self._sweep_at = now + _SWEEP_EACH

    def _publish_slot(self, name: str, schedule: Schedule, now: datetime) -> None:
        if name in self._next and now < self._next[name]:
            return
        key = FiredSchedule.key(name)
        found = self._platform.store.get([key])[0]
        if found is None:
            # New here: it begins with the next slot.
            note = FiredSchedule(id=name, slot=now)
            self._platform.store.commit([Create(key, encode(note))])
            self._next[name] = next_slot(schedule, now)
            return
        slot = newest_slot(schedule, decode(FiredSchedule, found.data).slot, now)
        if slot is not None:
            event = slot_event(name, schedule, slot, self._topology)
            self._platform.bus.publish([to_message(event)])
            note = FiredSchedule(id=name, slot=slot)
            self._platform.store.commit([Update(key, encode(note), found.version)])
            log.debug("schedule", schedule=name, slot=timestamp(slot))
        self._next[name] = next_slot(schedule, now)


def sweep(platform: Platform, now: datetime) -> int:
    """Remove receipts whose time is over (Firestore's TTL does so in the cloud); how many."""
    removed = 0
    while True:
        query = Query(Receipt.COLLECTION, (("expires_at", "<=", now),), "expires_at", _SWEEP_BATCH)
        found = platform.store.query(query)
        for snapshot in found:
            try:
                platform.store.commit([Delete(snapshot.key, snapshot.version)])
                removed += 1
            except Stale:
                continue  # just changed: the next sweep sees it
        if len(found) < _SWEEP_BATCH:
            return removed
