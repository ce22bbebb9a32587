"""
Slots: the moments at which a schedule fires.

A cron expression is read on the wall clock of its zone, as Debian's cron does it (by cronsim).
When the clocks change, a schedule with fixed hours and minutes fires exactly once a day: a time
that the day leaves out fires in the first minute after the gap, one that occurs twice fires at the
first. An expression whose minutes or hours begin with ``*`` follows the clock instead: in every
matching minute that there is. (Where clocks move by half an hour, on Lord Howe Island alone, cronsim
may leave out one slot of such an expression on that day.) A slot is a moment in UTC, and its minute
names it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

_CHANGE = timedelta(hours=3)
"""More than any change of clocks moves them."""


def next_slot(cron: str, zone: str, after: datetime) -> datetime:
    """
    The first slot after a moment, in UTC.

    Raises `cronsim.CronSimError` for what is no cron expression, `LookupError` for an unknown zone
    or when no slot follows within fifty years.
    """
    for slot in CronSim(cron, after.astimezone(ZoneInfo(zone))):
        # In the hour that occurs twice a search begins at the wall clock's first one.
        if slot.astimezone(UTC) > after:
            return slot.astimezone(UTC)
    raise LookupError(f"{cron!r} never comes")


def newest_slot(cron: str, zone: str, after: datetime, until: datetime) -> datetime | None:
    """
    The last slot after one moment and not after another; None when there is none.

    Raises as `next_slot`.
    """
    there = ZoneInfo(zone)
    changing = _offset(there, until - _CHANGE) != _offset(there, until + _CHANGE)
    begin = until + (_CHANGE if changing else timedelta()) + timedelta(seconds=1)
    for slot in CronSim(cron, begin.astimezone(there), reverse=True):
        moment = slot.astimezone(UTC)
        if moment <= until:
            return moment if moment > after else None
    return None


def slot_minute(slot: datetime) -> str:
    """A slot's name, as in ``2026-11-24T03:00Z``."""
    return slot.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def _offset(there: ZoneInfo, moment: datetime) -> timedelta | None:
    return moment.astimezone(there).utcoffset()
