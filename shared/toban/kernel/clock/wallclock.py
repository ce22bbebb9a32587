"""
Wall-clock time to instants, across daylight-saving changes.

A local time that does not exist means the first instant after the gap; one that happens twice
means its first occurrence. These are the rules of GoAlert's rotations, where a 09:00 hand-over
stays at 09:00 all year.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_SECOND = timedelta(seconds=1)


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """
    Return the zone of an IANA name.

    Raises `zoneinfo.ZoneInfoNotFoundError` for a name that does not exist; a loaded profile
    holds none.
    """
    return ZoneInfo(name)


def is_zone(name: str) -> bool:
    """Return whether there is an IANA zone of that name."""
    try:
        zone(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def exists(local: datetime, tz: ZoneInfo) -> bool:
    """Return whether clocks in `tz` ever show the naive time `local`."""
    return _shown(_utc(local, tz), tz) == local


def instant(local: datetime, tz: ZoneInfo) -> datetime:
    """
    Return the instant (aware, UTC) at which clocks in `tz` show the naive time `local`.

    In a gap: the first instant after it. Ambiguous: the first of the two.
    """
    first = _utc(local, tz)
    if _shown(first, tz) == local:
        return first
    # In a gap fold=0 counts with the offset before the change and so lands after it, fold=1 with
    # the offset after it and lands before: the change lies in between.
    before, after = _utc(local, tz, fold=1), first
    old = before.astimezone(tz).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if middle.astimezone(tz).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after


def _utc(local: datetime, tz: ZoneInfo, fold: int = 0) -> datetime:
    return local.replace(tzinfo=tz, fold=fold).astimezone(UTC)


def _shown(at: datetime, tz: ZoneInfo) -> datetime:
    return at.astimezone(tz).replace(tzinfo=None, fold=0)
