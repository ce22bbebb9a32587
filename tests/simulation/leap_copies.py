"""
Copies under losses (`copies_sim`) while the clock is a year ahead for a minute, once or twice: the
reader of the bare buckets knows the true time.

``python -m tests.simulation leap-copies SEED``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tests.simulation.copies_sim import SERIES, CopiesSimulation, at_the_end
from tests.simulation.leap_invariants import Truthful
from tests.simulation.leap_sim import SECTION, LeapSimulation
from toban.backups.documents import Backup, Copy
from toban.kernel.clock.skew import is_future


class LeapCopies(LeapSimulation, CopiesSimulation):
    """One seed."""

    section = msgspec.structs.replace(
        SECTION, plans=tuple(p for p in SECTION.plans if (p.source, p.class_) in SERIES)
    )
    spared = ()
    ahead = timedelta(days=366)

    def __init__(self, seed: int) -> None:
        self.seen: dict[tuple[str, str, datetime], datetime] = {}
        """When the catalogue first said that a copy was read at a moment: in true time."""
        super().__init__(seed)

    def _read_at(self, backup: Backup, copy: Copy) -> datetime | None:
        said = copy.verified_at
        if said is None:
            return None
        seen = self.seen.setdefault((copy.bucket, backup.prefix, said), self.now)
        return seen if is_future(said, self.now) else said

    def _said(self, catalogue: Any) -> Iterator[tuple[Backup, Copy]]:
        for backup, copy in super()._said(catalogue):
            self._read_at(backup, copy)
            yield backup, copy

    def _removed(self, bucket: str, prefix: str) -> None:
        lying = {b.prefix for b in self.backups() if b.id in self.true.lying}
        if prefix not in lying:
            CopiesSimulation._removed(self, bucket, prefix)

    def broken(self) -> list[str]:
        """What the reader found, meanwhile and at the end."""
        truthful: Any = Truthful(self)
        return [*self.wrong, *self.true.built_on_a_lie, *at_the_end(truthful)]
