"""How long each part of a restore takes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from toban.backups.catalogue.reading import OpenedCopy
from toban.backups.jobs import beating
from toban.backups.policy.restores import Restore
from toban.backups.work.lease import KeptClaim


class Stopwatch:
    """Measures the time spent on fetching parts apart from the time spent on loading them."""

    def __init__(self, restore: Restore, claim: KeptClaim[Restore]) -> None:
        self._restore = restore
        self._claim = claim
        self._mark = claim.now()

    def parts(self, opened: OpenedCopy, first: int) -> Iterator[bytes]:
        """Yield the content of each part from number `first` on, fetched whole first."""
        for pieces in opened.parts(first):
            self._add("load")
            data = b"".join(beating(pieces, self._claim.beat))
            self._restore.bytes += len(data)
            self._add("fetch")
            yield data

    def loaded(self) -> None:
        """Record that the part yielded last is in the target."""
        self._add("load")

    def _add(self, span: str) -> None:
        now = self._claim.now()
        spans = self._restore.spans
        spans[span] = spans.get(span, 0.0) + seconds_between(self._mark, now)
        self._mark = now


def seconds_between(start: datetime, end: datetime) -> float:
    """Return the seconds between two times, never below zero (clocks differ)."""
    return max(0.0, (end - start) / timedelta(seconds=1))
