"""
`toban dev --clock virtual`: a runtime whose time moves only when it is told to.

The time stands in the data directory, so that every command that is used on it sees the same time;
`ClockDriver.advance` moves it from one instant at which something is due to the next, and lets
everything due there come to rest in between.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from toban.adapters.local.files.blobs import SystemClock
from toban.adapters.local.files.clock import FileClock
from toban.adapters.local.sqlite.dispatcher import Dispatcher
from toban.adapters.local.sqlite.subscriptions import moment_at
from toban.kernel.event import timestamp
from toban.kernel.handling.timers import next_due
from toban.local.clockwork import Clockwork
from toban.local.dev.texts import text
from toban.local.world import CLOCK, DATABASE, World
from toban.texts import Language

REST_S = 120.0
"""Real seconds in which everything due at one instant has to come to rest."""
MOST_INSTANTS = 1_000_000
"""Instants that one `advance` passes at most: a guard against time that never gets there."""


class NeverIdle(Exception):
    """Events of one instant went on for `REST_S` real seconds."""


class Interrupted(Exception):
    """The runtime ends before the movement did; the clock stands where it had come to."""


class WrongClock(Exception):
    """The data directory uses another clock than the one asked for."""

    def __init__(self, key: str, **values: object) -> None:
        """`key`: of the text that says it."""
        super().__init__(text("en", key, **values))
        self._key, self._values = key, values

    def say(self, language: Language) -> str:
        """Return what is wrong, for people."""
        return text(language, self._key, **self._values)


def begin_clock(data: Path, *, virtual: bool, at: datetime | None) -> FileClock | None:
    """
    Return the virtual clock of a runtime on `data`; None: it goes by the machine's.

    A new one begins at `at` (None: now); one that is there goes on from where it stands, or
    from `at` if that is later. A data directory stays with the clock it began with: raises
    `WrongClock` otherwise, and when `at` lies before the time it has.
    """
    path = data / CLOCK
    if path.exists():
        if not virtual:
            raise WrongClock("start.clock-virtual", data=data)
        clock = FileClock(path)
        if at is not None and at < clock.now():
            raise WrongClock("start.clock-back", data=data, at=timestamp(clock.now()))
        return clock
    if not virtual:
        return None
    if (data / DATABASE).exists():
        raise WrongClock("start.clock-real", data=data)
    return FileClock.begin(path, at or SystemClock().now())


@dataclass(frozen=True)
class ClockMoved:
    """The result of one movement of the clock."""

    before: datetime
    now: datetime
    instants: int
    """Instants on the way at which something was due."""
    waiting: int
    """Messages that wait for a later time (back-off, leases)."""
    next_at: datetime | None
    """When something is due next; None: nothing is."""

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "before": timestamp(self.before),
            "now": timestamp(self.now),
            "instants": self.instants,
            "waiting": self.waiting,
            "next_at": None if self.next_at is None else timestamp(self.next_at),
        }


class ClockDriver:
    """Moves the clock of a running world, one movement at a time; requests may come meanwhile."""

    def __init__(
        self, world: World, clock: FileClock, dispatcher: Dispatcher, clockwork: Clockwork
    ) -> None:
        """`dispatcher` delivers; `clockwork` is turned here and has no thread of its own."""
        self._world = world
        self._clock = clock
        self._dispatcher = dispatcher
        self._clockwork = clockwork
        self._one = threading.Lock()
        self._ending = threading.Event()

    def stop(self) -> None:
        """End a movement under way at the next instant, and let none begin."""
        self._ending.set()

    def now(self) -> datetime:
        """Return the time it is."""
        return self._clock.now()

    def settle(self) -> ClockMoved:
        """Let everything that is due now come to rest."""
        with self._one:
            return self._move(lambda _: None)

    def advance(self, until: datetime | timedelta) -> ClockMoved:
        """
        Go on to `until`, or by it from the time it is; stops wherever something is due.

        One movement ends before the next begins, so durations add up. Raises `ValueError` when
        `until` is past, `NeverIdle` and `Interrupted`; the clock then stands where it happened.
        """
        with self._one:
            before = self._clock.now()
            to = before + until if isinstance(until, timedelta) else until
            if to < before:
                raise ValueError(f"time does not go back: it is {before.isoformat()}")
            moved = self._move(lambda due: due if due is not None and due <= to else None)
            if moved.now >= to:
                return moved
            self._clock.set(to)
            self._rest()
            return ClockMoved(before, to, moved.instants, self._waiting(), self._next())

    def until_idle(self) -> ClockMoved:
        """
        Go on until no message waits any more, not even for its back-off or the end of a lease.

        Timers and schedules are not waited for: there is always a next one.
        """
        with self._one:
            return self._move(lambda _: self._next_message())

    # --- one movement ----------------------------------------------------------------------

    def _move(self, following: Callable[[datetime | None], datetime | None]) -> ClockMoved:
        """From instant to instant, as long as `following` of the next one names one."""
        before = self._clock.now()
        self._rest()
        for instants in range(MOST_INSTANTS):
            there = following(self._next())
            if there is None:
                now = self._clock.now()
                return ClockMoved(before, now, instants, self._waiting(), self._next())
            self._clock.set(max(there, self._clock.now()))
            self._rest()
        raise NeverIdle(f"more than {MOST_INSTANTS} instants")

    def _rest(self) -> None:
        while True:
            self._clockwork.turn()
            self._dispatcher.wake()
            if not self._dispatcher.drain(REST_S):
                raise NeverIdle(
                    f"at {timestamp(self._clock.now())} it did not come to rest in {REST_S:.0f} s"
                )
            if self._ending.is_set():
                raise Interrupted(f"it ends at {timestamp(self._clock.now())}")
            due = next_due(self._world.platform)
            if due is None or due > self._clock.now():
                return

    def _waiting(self) -> int:
        return sum(self._world.bus.pending().values())

    def _next_message(self) -> datetime | None:
        bus = self._world.bus
        due = bus.next_due(sorted(bus.subscriptions))
        return None if due is None else moment_at(due)

    def _next(self) -> datetime | None:
        """The next instant after now at which something is due."""
        times = (
            self._next_message(),
            next_due(self._world.platform),
            self._clockwork.next_slot(),
        )
        now = self._clock.now()
        return min((at for at in times if at is not None and at > now), default=None)
