"""Threads that deliver what the local bus holds."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import logging
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO

from toban.adapters.local.sqlite.lanes import Lanes, Pool
from toban.adapters.local.sqlite.queue import Claim, SqliteBus
from toban.adapters.local.sqlite.subscriptions import Handler, microseconds
from toban.ports import Unavailable

_POLL_S = 0.02
_SPARE = 2
"""Threads of a pool that may sleep side by side for long; more of them end."""
_log = logging.getLogger(__name__)


class AlreadyRunningError(Exception):
    """Another process does this already, and only one may."""


class _Crew:
    """Threads that deliver the messages of some subscriptions, and how they are doing."""

    def __init__(self, pool: Pool, lock: threading.Lock) -> None:
        self.names = sorted(pool.subscriptions)
        self.most = pool.workers
        self.may_be_left = pool.may_be_left
        self.lanes = None if pool.lane_of is None else Lanes(pool.lane_of, pool.width)
        self.work_ready = threading.Condition(lock)
        self.threads = 0
        self.idle = 0
        """Threads that sleep until there is something to do."""


class Dispatcher:
    """
    Delivers due messages to `handlers` (by subscription name) in threads.

    A handler that returns acknowledges; one that raises makes the message come again after
    back-off, until its attempts are used up. One dispatcher runs on a file at a time, guarded
    by a lock that ends with its process; so, at the start, whatever was being delivered is
    free again. Publications by this process are noticed at once, those of others and back-off
    that ended within 50 ms.

    Subscriptions in none of the `pools` share `workers` threads. Threads look again after
    `look_again_s` seconds even if nobody woke them. Raises `ValueError` when a subscription of
    the bus has no handler or a handler none.
    """

    def __init__(
        self,
        bus: SqliteBus,
        handlers: Mapping[str, Handler],
        *,
        workers: int = 4,
        pools: Sequence[Pool] = (),
        look_again_s: float = 1.0,
    ) -> None:
        if set(handlers) != set(bus.subscriptions):
            odd = sorted(set(handlers) ^ set(bus.subscriptions))
            raise ValueError(f"a subscription without a handler or the reverse: {', '.join(odd)}")
        self._bus = bus
        self._handlers = dict(handlers)
        self._names = sorted(handlers)
        self._lock = threading.Lock()
        self._went_quiet = threading.Condition(self._lock)
        self._stop = threading.Event()
        self._look_again_s = look_again_s
        self._generation = 0
        """Counts reasons to look for work, so that none between a look and a sleep is missed."""
        self._in_flight = 0
        """Workers that look for work or have some."""
        self._claims = 0
        self._lock_file: IO[bytes] | None = None
        apart = frozenset[str]().union(*(pool.subscriptions for pool in pools))
        others = Pool(frozenset(handlers) - apart, workers)
        self._crews = [_Crew(pool, self._lock) for pool in (others, *pools) if pool.subscriptions]
        self._crew_of = {name: crew for crew in self._crews for name in crew.names}
        self._threads: list[threading.Thread] = []
        self._may_be_left = weakref.WeakSet[threading.Thread]()
        self._numbers = itertools.count()

    # --- starting and stopping -------------------------------------------------------------

    def start(self) -> None:
        """Begin to deliver; raises `AlreadyRunningError` or `Unavailable`, and may be asked again."""
        self._lock_file = hold(_held(self._bus.database.path))
        try:
            self._bus.release_claims()
        except Unavailable:
            self._lock_file.close()
            self._lock_file = None
            raise
        self._bus.listen(self._published)
        with self._lock:
            for crew in self._crews:
                self._join(crew)
            self._begin(self._watch, "toban-watch")

    def stop(self, leave_after_s: float | None = None) -> None:
        """
        Take nothing new, wait for the handlers that run, and give the file free.

        Those of a pool that may be left are waited for no longer than `leave_after_s`: for a process that
        ends then, and whose messages the next one delivers again.
        """
        self._stop.set()
        self.wake()
        deadline = None if leave_after_s is None else time.monotonic() + leave_after_s
        while True:
            with self._lock:
                left = [thread for thread in self._threads if thread.is_alive()]
            waited = [thread for thread in left if thread not in self._may_be_left]
            if waited:
                waited[0].join()
            elif not left:
                break
            elif deadline is not None and time.monotonic() >= deadline:
                _log.warning(
                    "%d long handlers left behind: they go on at the next start", len(left)
                )
                break
            else:
                left[0].join(None if deadline is None else max(deadline - time.monotonic(), 0))
        if self._lock_file is not None:
            self._bus.unlisten(self._published)
            self._lock_file.close()
            self._lock_file = None

    def drain(self, timeout_s: float, *, backoff: bool = False) -> bool:
        """
        Wait until nothing is due and no handler runs; with `backoff`, until nothing is left.

        False when that was not so within `timeout_s` (real seconds).
        """
        deadline = time.monotonic() + timeout_s
        while True:
            with self._lock:
                claims = self._claims
                busy = self._in_flight > 0
            if not busy and not self._left(backoff=backoff):
                with self._lock:
                    # A claim since the first look may have published and ended in between.
                    if self._in_flight == 0 and self._claims == claims:
                        return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            with self._lock:
                if busy == (self._in_flight > 0):
                    self._went_quiet.wait(min(left, _POLL_S))

    def wake(self) -> None:
        """Look for due messages now; for a caller that moved a virtual clock."""
        with self._lock:
            self._generation += 1
            for crew in self._crews:
                crew.work_ready.notify_all()

    def _left(self, *, backoff: bool) -> bool:
        if backoff:
            return self._bus.next_due(self._names) is not None
        return self._bus.is_due(self._names)

    # --- threads ---------------------------------------------------------------------------

    def _join(self, crew: _Crew) -> None:
        """Add a thread; the lock is held."""
        crew.threads += 1
        name = f"toban-worker-{next(self._numbers)}"
        self._begin(partial(self._work, crew), name, may_be_left=crew.may_be_left)

    def _begin(self, run: Callable[[], None], name: str, *, may_be_left: bool = False) -> None:
        thread = threading.Thread(target=run, name=name, daemon=True)
        if may_be_left:
            self._may_be_left.add(thread)
        self._threads = [old for old in self._threads if old.is_alive()]
        thread.start()
        self._threads.append(thread)

    def _published(self, names: Sequence[str]) -> None:
        with self._lock:
            self._generation += 1
            for name in names:
                self._crew_of[name].work_ready.notify()

    def _work(self, crew: _Crew) -> None:
        done: Claim | None = None
        while True:
            with self._lock:
                generation = self._generation
                self._in_flight += done is None
            claim = self._next(crew, done)
            done = None
            if claim is not None:
                with self._lock:
                    self._claims += 1
                    if not crew.idle and crew.threads < crew.most and not self._stop.is_set():
                        self._join(crew)  # somebody has to look for the next one
                done = self._deliver(crew, claim)
            if done is None and not self._rests(crew, generation, had_work=claim is not None):
                return

    def _rests(self, crew: _Crew, generation: int, *, had_work: bool) -> bool:
        """Sleep until there is a reason to look again; False when this thread is to end."""
        with self._lock:
            self._in_flight -= 1
            if self._in_flight == 0:
                self._went_quiet.notify_all()
            if not self._stop.is_set() and not had_work and self._generation == generation:
                crew.idle += 1
                woken = crew.work_ready.wait(self._look_again_s)
                crew.idle -= 1
                if not woken and crew.idle >= _SPARE and self._generation == generation:
                    crew.threads -= 1
                    return False
            return not self._stop.is_set()

    def _next(self, crew: _Crew, done: Claim | None) -> Claim | None:
        try:
            if not self._stop.is_set():
                return self._bus.claim(crew.names, done, crew.lanes)
            if done is not None:
                self._bus.acknowledge(done)
        except Unavailable as error:
            # If an acknowledgement was lost, the message comes again after its deadline.
            _log.warning("the queue is not available: %s", error)
        return None

    def _deliver(self, crew: _Crew, claim: Claim) -> Claim | None:
        """Hand over; returns the claim when it is to be acknowledged."""
        delivered = claim.delivered
        again = False
        try:
            self._handlers[delivered.subscription](delivered)
        except (Exception, SystemExit) as error:  # noqa: BLE001  any failure is a refusal
            again = True
            self._refuse(claim, error)
        if crew.lanes is not None:
            crew.lanes.leave(claim.lane)
            if not again:
                crew.lanes.forget(claim.seq)
        return None if again else claim

    def _refuse(self, claim: Claim, error: BaseException) -> None:
        try:
            given_up = self._bus.refuse(claim)
        except Unavailable as unavailable:
            # The message comes again after its deadline.
            _log.warning("the queue is not available: %s", unavailable)
            return
        _log.warning(
            "%s failed on message %s, attempt %d%s: %s",
            claim.delivered.subscription,
            claim.delivered.message_id,
            claim.delivered.attempt,
            ", given up" if given_up else "",
            type(error).__name__,
        )

    def _watch(self) -> None:
        """Notice what other processes publish, and the end of back-off."""
        connection = self._bus.database.connect()
        seen = -1
        due: int | None = None
        while not self._stop.wait(_POLL_S):
            with contextlib.suppress(sqlite3.OperationalError, Unavailable):  # the next look does
                (version,) = connection.execute("PRAGMA data_version").fetchone()
                if version != seen:
                    due = self._bus.next_due(self._names)
                    seen = version
                now = microseconds(self._bus.clock.now())
                if due is not None and due <= now:
                    # What waits for its place in a lane stays due: once told of is enough.
                    due = self._bus.next_due(self._names, after=now)
                    self.wake()
        connection.close()


def is_running(path: Path) -> bool:
    """Return whether a dispatcher delivers the messages of that file, in whatever process."""
    try:
        hold(_held(path)).close()
    except AlreadyRunningError:
        return True
    return False


def _held(path: Path) -> Path:
    return path.with_name(f"{path.name}.dispatcher")


def hold(path: Path) -> IO[bytes]:
    """
    Return that file, locked until it is closed or the process ends.

    Raises `AlreadyRunningError` while another process holds it.
    """
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise AlreadyRunningError(f"another process holds {path}") from None
    return file
