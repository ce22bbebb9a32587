"""A job's lease, kept while a call into somebody else's system lasts for minutes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from toban.kernel import log
from toban.kernel.handling.job import JobClaim, JobDocument, LeaseLost
from toban.ports import Unavailable

LOOK_S: Final = 5.0
"""How often the lease is looked at. It is renewed when a third of it is used up."""
SHOWN: Final = timedelta(seconds=5)
"""Progress that no successor can use is recorded this often, for people who watch."""

J = TypeVar("J", bound=JobDocument)


class KeptClaim(Generic[J]):
    """
    A claim whose lease a thread renews, so that it can be short: a process that dies is
    followed within it, and one that waits for a database for an hour keeps it.

    Whoever has lost it learns that at the next `checkpoint` or `beat`, as without the thread.
    """

    def __init__(self, claim: JobClaim[J]) -> None:
        self._claim = claim
        self._lock = threading.Lock()
        self._shown = claim.now()
        self.documents = claim.documents

    def now(self) -> datetime:
        """See `JobClaim.now`."""
        return self._claim.now()

    def elapsed(self) -> timedelta:
        """See `JobClaim.elapsed`."""
        return self._claim.elapsed()

    def checkpoint(self) -> None:
        """See `JobClaim.checkpoint`."""
        with self._lock:
            self._claim.checkpoint()

    def beat(self) -> None:
        """See `JobClaim.beat`."""
        with self._lock:
            self._claim.beat()

    def show(self) -> None:
        """Record progress for those who watch, now and then; it is no checkpoint."""
        with self._lock:
            now = self._claim.now()
            if abs(now - self._shown) >= SHOWN:
                self._shown = now
                self._claim.record()
            self._claim.beat()


@contextmanager
def kept(claim: JobClaim[J]) -> Iterator[KeptClaim[J]]:
    """Keep the lease until the block ends, however long its calls take."""
    found, ended = KeptClaim(claim), threading.Event()

    def renew() -> None:
        while not ended.wait(LOOK_S):
            try:
                found.beat()
            except LeaseLost:
                return  # the block learns it by itself
            except Unavailable as error:
                log.warning("lease not renewed", job=claim.document.id, error=error, stack=False)

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()
