"""Threads that deliver what the local bus holds."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import sqlite3
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from toban.adapters.local.queue import Claim, SqliteBus
from toban.adapters.local.subscriptions import Handler, microseconds
from toban.ports import Unavailable

_POLL_S = 0.02
_log = logging.getLogger(__name__)


class AlreadyRunningError(Exception):
    """Another process delivers the messages of this file."""


class Dispatcher:
    """
    Delivers due messages to `handlers` (by subscription name) in `workers` threads.

    A handler that returns acknowledges; one that raises makes the message come again after
    back-off, until its attempts are used up. One dispatcher runs on a file at a time, guarded
    by a lock that ends with its process; so, at the start, whatever was being delivered is
    free again. Publications by this process are noticed at once, those of others and back-off
    that ended within 50 ms.

    Workers look again after `look_again_s` seconds even if nobody woke them. Raises
    `ValueError` when a subscription of the bus has no handler or a handler none.
    """

    def __init__(
        self,
        bus: SqliteBus,
        handlers: Mapping[str, Handler],
        *,
        workers: int = 4,
        look_again_s: float = 1.0,
    ) -> None:
        if set(handlers) != set(bus.subscriptions):
            odd = sorted(set(handlers) ^ set(bus.subscriptions))
            raise ValueError(f"a subscription without a handler or the reverse: {', '.join(odd)}")
        self._bus = bus
        self._handlers = dict(handlers)
        self._names = sorted(handlers)
        self._lock = threading.Lock()
        self._work_ready = threading.Condition(self._lock)
        self._went_quiet = threading.Condition(self._lock)
        self._stop = threading.Event()
        self._look_again_s = look_again_s
        self._generation = 0
        """Counts reasons to look for work, so that none between a look and a sleep is missed."""
        self._in_flight = 0
        """Workers that look for work or have some."""
        self._claims = 0
        self._lock_file: IO[bytes] | None = None
        self._threads = [
            threading.Thread(target=self._work, name=f"toban-worker-{number}", daemon=True)
            for number in range(workers)
        ]
        self._threads.append(threading.Thread(target=self._watch, name="toban-watch", daemon=True))

    # --- starting and stopping -------------------------------------------------------------

    def start(self) -> None:
        """Begin to deliver; raises `AlreadyRunningError`."""
        self._lock_file = _lock(self._bus.database.path)
        self._bus.release_claims()
        self._bus.listen(self._published)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Take nothing new, wait for the handlers that run, and give the file free."""
        self._stop.set()
        self.wake()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
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
            self._work_ready.notify_all()

    def _left(self, *, backoff: bool) -> bool:
        if backoff:
            return self._bus.next_due(self._names) is not None
        return self._bus.is_due(self._names)

    # --- threads ---------------------------------------------------------------------------

    def _published(self, rows: int) -> None:
        with self._lock:
            self._generation += 1
            self._work_ready.notify(rows)

    def _work(self) -> None:
        done: Claim | None = None
        while True:
            with self._lock:
                generation = self._generation
                self._in_flight += done is None
            claim = self._next(done)
            done = None
            if claim is not None:
                with self._lock:
                    self._claims += 1
                done = self._deliver(claim)
            if done is None:
                with self._lock:
                    self._in_flight -= 1
                    if self._in_flight == 0:
                        self._went_quiet.notify_all()
                    if self._stop.is_set():
                        return
                    if claim is None and self._generation == generation:
                        self._work_ready.wait(self._look_again_s)

    def _next(self, done: Claim | None) -> Claim | None:
        try:
            if not self._stop.is_set():
                return self._bus.claim(self._names, done)
            if done is not None:
                self._bus.acknowledge(done)
        except Unavailable as error:
            # If an acknowledgement was lost, the message comes again after its deadline.
            _log.warning("the queue is not available: %s", error)
        return None

    def _deliver(self, claim: Claim) -> Claim | None:
        """Hand over; returns the claim when it is to be acknowledged."""
        delivered = claim.delivered
        try:
            self._handlers[delivered.subscription](delivered)
        except (Exception, SystemExit) as error:  # noqa: BLE001  any failure is a refusal
            self._refuse(claim, error)
            return None
        return claim

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
            if due is not None and due <= microseconds(self._bus.clock.now()):
                due, seen = None, -1
                self.wake()
        connection.close()


def is_running(path: Path) -> bool:
    """Whether a dispatcher delivers the messages of that file, in whatever process."""
    try:
        _lock(path).close()
    except AlreadyRunningError:
        return True
    return False


def _lock(path: Path) -> IO[bytes]:
    file = path.with_name(f"{path.name}.dispatcher").open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise AlreadyRunningError(f"another process delivers the messages of {path}") from None
    return file
