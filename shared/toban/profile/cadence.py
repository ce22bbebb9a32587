"""
How often a schedule comes round: the gaps between its slots, over a year and its clock changes.

Pure. A schedule is five fields as Cloud Scheduler takes them (minute, hour, day of the month,
month, day of the week) in an IANA zone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final, NamedTuple

from cronsim import CronSim, CronSimError

from toban.oncall.wallclock import zone as zone_of

ALLOWANCE: Final = timedelta(minutes=30)
"""
What taking, replicating and verifying a backup may take.

A restore point counts once it was verified, so just before that the newest one is as old as the
gap between two slots and this.
"""

_FIELD: Final = re.compile(r"[0-9A-Za-z*,/-]+", re.ASCII)
_NOT_PORTABLE: Final = re.compile(r"(?<![A-Za-z])LW?(?![A-Za-z])|(?<=[0-9])L", re.IGNORECASE)
_FROM: Final = datetime(2027, 1, 1, tzinfo=UTC)
"""The year looked at; 29 February 2028 and every kind of weekday are within reach of its end."""
_YEAR: Final = timedelta(days=366)
_DAY: Final = timedelta(days=1)


class BadCronError(ValueError):
    """Not a schedule; the text says which field is wrong."""


class Gaps(NamedTuple):
    """Between one slot and the next."""

    smallest: timedelta
    largest: timedelta


def slots(cron: str, zone: str, after: datetime) -> Iterator[datetime]:
    """
    The slots after `after` (aware, exclusive) in UTC, without end, as long as there are any.

    Clock changes are handled as Debian's cron does: a slot that the zone skips comes right after
    the gap, one that happens twice comes once; schedules of every minute or hour just go on.

    Raises `BadCronError`, also for a schedule whose day never comes.
    """
    try:
        for slot in _simulated(cron, zone_of(zone), after):
            yield slot.astimezone(UTC)
    except CronSimError as error:
        raise BadCronError(str(error)) from error


def largest_gap(cron: str, zone: str) -> timedelta:
    """
    The longest time between two slots of a schedule over a year, clock changes included.

    Raises `BadCronError`; `zone` has to exist.
    """
    return gaps(cron, zone).largest


@lru_cache(maxsize=256)
def gaps(cron: str, zone: str) -> Gaps:
    """
    The shortest and the longest time between two slots over a year, clock changes included.

    A schedule that comes less than once a year is followed until it came twice. Raises `BadCronError`; `zone` has to exist.
    """
    smallest, largest = timedelta.max, timedelta()
    for start, end in _stretches(cron, zone):
        before: datetime | None = None
        # One slot from before the stretch to one after it: nothing falls between the stretches.
        for slot in slots(cron, zone, start):
            if before is not None and slot != before:
                smallest, largest = min(smallest, slot - before), max(largest, slot - before)
            before = slot
            if slot > end and largest:
                break
    if not largest:
        raise BadCronError("no such day")
    return Gaps(smallest, largest)


def _simulated(cron: str, zone: tzinfo, after: datetime) -> CronSim:
    fields = cron.split()
    if len(fields) != 5:
        raise CronSimError("Wrong number of fields")
    if not all(_FIELD.fullmatch(field) for field in fields) or _NOT_PORTABLE.search(cron):
        raise CronSimError("Bad character")
    # cronsim's UTC needs no clock changes; its test is for `timezone.utc` itself.
    return CronSim(cron, after.astimezone(UTC if str(zone) == "UTC" else zone))


def _stretches(cron: str, zone: str) -> Iterator[tuple[datetime, datetime]]:
    """
    Which part of the year has to be looked at.

    A schedule that is the same every day differs only where the zone's offset changes; a year of
    ``*/5 * * * *`` would take seconds.
    """
    if cron.split()[2:] != ["*", "*", "*"]:
        yield _FROM, _FROM + _YEAR
        return
    yield _FROM, _FROM + 2 * _DAY
    clock = zone_of(zone)
    for number in range(_YEAR.days):
        day = _FROM + number * _DAY
        if day.astimezone(clock).utcoffset() != (day + _DAY).astimezone(clock).utcoffset():
            yield day - _DAY, day + 2 * _DAY
