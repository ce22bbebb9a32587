"""
Protection of backups against a clock that has leapt.

Retention counts days, and a clock that is 300 days ahead for a minute would let it remove nearly
everything, rightly by its rules. Pruning runs every hour; when much more has passed since its last
run, either nothing ran or the clock leapt. In both cases one more day does no harm: only when the
clock has advanced evenly for so long is anything removed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Final

from toban.kernel import log
from toban.kernel.clock.skew import is_future, not_ahead
from toban.kernel.document import Document, Keep
from toban.kernel.event import timestamp
from toban.kernel.work import Work

LEAP: Final = timedelta(hours=36)
"""More than this between two looks is a leap; a smaller one removes something at most so much early."""
WAIT: Final = timedelta(days=1)
"""For so long nothing is removed after one."""
NOTED_EACH: Final = timedelta(minutes=30)
"""Looks closer together write nothing."""


class PruneLook(Document, kw_only=True):
    """The time of retention's last run for a service (its id), by the clock of then."""

    COLLECTION: ClassVar[str] = "prune_looks"
    KEEP = Keep.always("one for each service: it tells a leap of the clock")

    at: datetime
    waits_until: datetime | None = None
    """Until then nothing is removed: the clock had leapt."""


def waits_until(service: str, work: Work) -> datetime | None:
    """
    Return until when nothing is removed for a service, or None; record this run.

    A time that a clock ahead has recorded is discarded once the clock is right.
    """
    now = work.now
    before = work.get(PruneLook, service)
    look = before or PruneLook(id=service, at=now)
    leapt = now - look.at > LEAP
    if leapt:
        look.waits_until = now + WAIT
        log.warning(
            "pruning paused: clock leapt, or nothing ran",
            service=service,
            last_look=timestamp(look.at),
            until=timestamp(look.waits_until),
        )
    elif look.waits_until is not None and (
        now >= look.waits_until or is_future(look.waits_until - WAIT, now)
    ):
        look.waits_until = None
        leapt = True
    if before is None or leapt or now - look.at >= NOTED_EACH or not not_ahead(look.at, now):
        look.at = now
        work.put(look)
    return look.waits_until
