"""
When schedules fire, over a year with its two changes of clocks.

New York 2026: on March 8 the hour from 02:00 does not exist, on November 1 the one from 01:00 comes
twice.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSimError

from toban.kernel.clock.cron import newest_slot, next_slot, slot_minute

NEW_YORK = "America/New_York"
ZONE = ZoneInfo(NEW_YORK)


def slots(cron: str, begin: datetime, end: datetime, zone: str = NEW_YORK) -> list[datetime]:
    """Every slot after one moment and not after another."""
    found = []
    slot = next_slot(cron, zone, begin)
    while slot <= end:
        found.append(slot)
        slot = next_slot(cron, zone, slot)
    return found


def on(cron: str, month: int, day: int) -> list[str]:
    """The slots of a day in New York, as the clock on the wall shows them, with the offset."""
    begin = datetime(2026, month, day, tzinfo=ZONE).astimezone(UTC) - timedelta(seconds=1)
    end = datetime(2026, month, day, 23, 59, tzinfo=ZONE).astimezone(UTC)
    return [s.astimezone(ZONE).strftime("%H:%M%z") for s in slots(cron, begin, end)]


@pytest.mark.parametrize(
    ("cron", "fires"),
    [
        ("30 2 * * *", ["03:00-0400"]),  # it does not exist: the first minute after the gap
        ("0,30 2 * * *", ["03:00-0400"]),  # both fall into the gap: once
        ("30 2,4 * * *", ["03:00-0400", "04:30-0400"]),
        ("0 3 * * *", ["03:00-0400"]),
        ("*/30 1-3 * * *", ["01:00-0500", "01:30-0500", "03:00-0400", "03:30-0400"]),
    ],
)
def test_a_time_that_the_day_leaves_out_fires_after_the_gap(cron, fires):
    assert on(cron, 3, 8) == fires


@pytest.mark.parametrize(
    ("cron", "fires"),
    [
        ("30 1 * * *", ["01:30-0400"]),  # twice on the wall: the first
        ("0,30 1 * * *", ["01:00-0400", "01:30-0400"]),
        ("0 1,2 * * *", ["01:00-0400", "02:00-0500"]),
        ("*/30 1 * * *", ["01:00-0400", "01:30-0400", "01:00-0500", "01:30-0500"]),
    ],
)
def test_a_time_that_occurs_twice_fires_at_the_first_unless_it_follows_the_clock(cron, fires):
    assert on(cron, 11, 1) == fires


def test_every_hour_of_the_year_has_its_slot():
    begin = datetime(2025, 12, 31, 23, 59, tzinfo=ZONE).astimezone(UTC)
    found = slots("0 * * * *", begin, datetime(2026, 12, 31, 23, tzinfo=ZONE).astimezone(UTC))
    assert len(found) == 365 * 24
    assert {b - a for a, b in pairwise(found)} == {timedelta(hours=1)}


@pytest.mark.parametrize("cron", ["30 1 * * *", "30 2 * * *", "0 2 * * *", "59 23 * * *"])
def test_a_daily_schedule_fires_once_on_each_day_of_the_year(cron):
    begin = datetime(2025, 12, 31, 23, 59, tzinfo=ZONE).astimezone(UTC)
    found = slots(cron, begin, datetime(2026, 12, 31, 23, 59, tzinfo=ZONE).astimezone(UTC))
    days = [slot.astimezone(ZONE).date() for slot in found]
    assert len(days) == 365
    assert len(set(days)) == 365


@pytest.mark.parametrize(
    "zone", [NEW_YORK, "Europe/Berlin", "America/Santiago", "Asia/Tokyo", "Etc/UTC"]
)
@pytest.mark.parametrize(
    "cron",
    ["30 1 * * *", "30 2 * * *", "0,45 2 * * *", "*/20 * * * *", "15 */2 * * *", "0 3 * * 0"],
)
@pytest.mark.parametrize("around", ["2026-03-08", "2026-03-29", "2026-04-05", "2026-09-06", "2026-10-25", "2026-11-01"])  # fmt: skip
def test_looking_back_finds_what_looking_forward_announced(cron, zone, around):
    middle = datetime.fromisoformat(around).replace(tzinfo=UTC)
    begin, end = middle - timedelta(days=9), middle + timedelta(days=2)
    announced = slots(cron, begin, end, zone)
    moment, after = middle - timedelta(hours=13), begin
    while moment < end - timedelta(hours=3):
        expected = max((s for s in announced if after < s <= moment), default=None)
        assert newest_slot(cron, zone, after, moment) == expected, moment
        moment += timedelta(minutes=17)


def test_a_slot_that_was_taken_is_not_found_again():
    slot = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
    assert newest_slot("0 3 * * *", "Etc/UTC", slot, slot + timedelta(hours=20)) is None
    assert newest_slot("0 3 * * *", "Etc/UTC", slot - timedelta(seconds=1), slot) == slot
    assert slot_minute(slot.astimezone(ZONE)) == "2026-11-22T03:00Z"


@pytest.mark.parametrize("cron", ["0 0 30 2 *", "every day", "0 25 * * *"])
def test_what_never_comes_is_no_schedule(cron):
    with pytest.raises(CronSimError):
        next_slot(cron, "Etc/UTC", datetime(2026, 1, 1, tzinfo=UTC))
