"""
Slots: the moments at which a schedule fires, and how far apart they are.

A cron expression has five fields as Cloud Scheduler takes them (minute, hour, day of the month,
month, day of the week) and is read on the wall clock of its zone, as Debian's cron does it (by
cronsim). When the clocks change, a schedule with fixed hours and minutes fires exactly once a day:
a time that the day leaves out fires in the first minute after the gap, one that occurs twice fires
at the first. An expression whose minutes or hours begin with ``*`` follows the clock instead: in
every matching minute that there is. (Where clocks move by half an hour, on Lord Howe Island alone,
cronsim may leave out one slot of such an expression on that day.) A slot is a moment in UTC, and its
minute names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from heapq import merge
from typing import Final, NamedTuple

from cronsim import CronSim, CronSimError

from toban.kernel.clock.wallclock import zone as zone_of

_CHANGE = timedelta(hours=3)
"""More than any change of clocks moves them."""

_FIELD: Final = re.compile(r"[0-9A-Za-z*,/-]+", re.ASCII)
_NOT_PORTABLE: Final = re.compile(r"(?<![A-Za-z])LW?(?![A-Za-z])|(?<=[0-9])L", re.IGNORECASE)
_FROM: Final = datetime(2027, 1, 1, tzinfo=UTC)
"""The year looked at; 29 February 2028 and every kind of weekday are within reach of its end."""
_YEAR: Final = timedelta(days=366)
_DAY: Final = timedelta(days=1)


class BadCronError(CronSimError, ValueError):
    """Not a cron expression; the text says which field is wrong."""


class CronSchedule(NamedTuple):
    """A cron expression, and the zone on whose wall clock it is read."""

    cron: str
    zone: str


class SlotGaps(NamedTuple):
    """The shortest and the longest time between two slots."""

    smallest: timedelta
    largest: timedelta


def slots(cron: str, zone: str, after: datetime) -> Iterator[datetime]:
    """
    Yield the slots after `after` (aware, exclusive) in UTC, without end.

    Raises `BadCronError`, also for what Cloud Scheduler does not take (``L``, ``#``, a sixth
    field) and for a schedule whose day never comes; `LookupError` for an unknown zone.
    """
    fields = cron.split()
    if len(fields) != 5:
        raise BadCronError("Wrong number of fields")
    if not all(_FIELD.fullmatch(field) for field in fields) or _NOT_PORTABLE.search(cron):
        raise BadCronError("Bad character")
    yield from _following(cron, zone, after)


def next_slot(cron: str, zone: str, after: datetime) -> datetime:
    """
    Return the first slot after a moment, in UTC.

    Raises `BadCronError` for what is no cron expression, `LookupError` for an unknown zone or
    when no slot follows within fifty years.
    """
    for slot in _following(cron, zone, after):
        return slot
    raise LookupError(f"{cron!r} never comes")


def newest_slot(cron: str, zone: str, after: datetime, until: datetime) -> datetime | None:
    """
    Return the last slot after one moment and not after another; None when there is none.

    Raises as `next_slot`.
    """
    there = zone_of(zone)
    changing = (until - _CHANGE).astimezone(there).utcoffset() != (
        (until + _CHANGE).astimezone(there).utcoffset()
    )
    begin = until + (_CHANGE if changing else timedelta()) + timedelta(seconds=1)
    for slot in _simulated(cron, zone, begin, reverse=True):
        if slot <= until:
            return slot if slot > after else None
    return None


def slot_minute(slot: datetime) -> str:
    """Return a slot's name, as in ``2026-11-24T03:00Z``."""
    return slot.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def largest_gap(cron: str, zone: str) -> timedelta:
    """
    Return the longest time between two slots of a schedule over a year, clock changes included.

    Raises `BadCronError`; `zone` has to exist.
    """
    return gaps(cron, zone).largest


@lru_cache(maxsize=256)
def gaps(cron: str, zone: str) -> SlotGaps:
    """
    Return the shortest and the longest time between two slots over a year, clock changes
    included.

    A schedule with less than one slot a year is followed until it had two. Raises
    `BadCronError`; `zone` has to exist.
    """
    smallest, largest = timedelta.max, timedelta()
    for gap in _gaps((CronSchedule(cron, zone),)):
        smallest, largest = min(smallest, gap), max(largest, gap)
    if not largest:
        raise BadCronError("no such day")
    return SlotGaps(smallest, largest)


@lru_cache(maxsize=64)
def largest_gap_of(schedules: tuple[CronSchedule, ...]) -> timedelta:
    """
    Return the longest time in which none of some schedules has a slot: of two that are daily,
    twelve hours apart, twelve hours. Of one it is its `largest_gap`.

    Raises `BadCronError`, and `ValueError` for no schedule at all.
    """
    # Together they are never further apart than the closest alone: mostly it is soon seen that
    # they are just that.
    bound = min(largest_gap(each.cron, each.zone) for each in schedules)
    largest = timedelta()
    if len(schedules) > 1:
        for gap in _gaps(schedules):
            largest = max(largest, gap)
            if largest >= bound:
                break
    return largest or bound


def _gaps(schedules: Sequence[CronSchedule]) -> Iterator[timedelta]:
    """The times between the slots of some schedules, of a year or of what tells as much."""
    for start, end in _stretches(schedules):
        before: datetime | None = None
        found = False
        # One slot from before the stretch to one after it: nothing falls between the stretches.
        for slot in merge(*(slots(each.cron, each.zone, start) for each in schedules)):
            if before is not None and slot != before:
                found = True
                yield slot - before
            before = slot
            if slot > end and found:
                break


def _following(cron: str, zone: str, after: datetime) -> Iterator[datetime]:
    # In the hour that occurs twice a search begins at the wall clock's first one.
    return (slot for slot in _simulated(cron, zone, after) if slot > after)


def _simulated(
    cron: str, zone: str, begin: datetime, *, reverse: bool = False
) -> Iterator[datetime]:
    """Slots after (`reverse`: before) a moment, in UTC."""
    # cronsim's UTC needs no clock changes; its test is for `timezone.utc` itself.
    there = UTC if zone == "UTC" else zone_of(zone)
    try:
        for slot in CronSim(cron, begin.astimezone(there), reverse=reverse):
            yield slot.astimezone(UTC)
    except CronSimError as error:
        raise BadCronError(str(error)) from error


def _stretches(schedules: Iterable[CronSchedule]) -> Iterator[tuple[datetime, datetime]]:
    """
    Which part of the year has to be looked at.

    Schedules that are the same every day differ only where the zone's offset changes; a year of
    ``*/5 * * * *`` would take seconds.
    """
    if any(each.cron.split()[2:] != ["*", "*", "*"] for each in schedules):
        yield _FROM, _FROM + _YEAR
        return
    yield _FROM, _FROM + 2 * _DAY
    clocks = {zone_of(each.zone) for each in schedules}
    for number in range(_YEAR.days):
        day = _FROM + number * _DAY
        if any(
            day.astimezone(clock).utcoffset() != (day + _DAY).astimezone(clock).utcoffset()
            for clock in clocks
        ):
            yield day - _DAY, day + 2 * _DAY
