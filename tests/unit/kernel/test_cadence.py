"""How often schedules come round, clock changes included."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest

from toban.kernel.clock.cron import (
    BadCronError,
    CronSchedule,
    gaps,
    largest_gap,
    largest_gap_of,
    slots,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("cron", "zone", "smallest", "largest"),
    [
        ("0 2 * * *", "Asia/Tokyo", DAY, DAY),
        ("0 * * * *", "Asia/Tokyo", HOUR, HOUR),
        ("*/5 * * * *", "Asia/Tokyo", HOUR / 12, HOUR / 12),
        ("*/7 * * * *", "UTC", HOUR / 60 * 4, HOUR / 60 * 7),
        ("0 9,18 * * *", "Asia/Tokyo", 9 * HOUR, 15 * HOUR),
        ("0 2 * * 0", "UTC", 7 * DAY, 7 * DAY),
        ("0 9 * * MON-FRI", "Asia/Tokyo", DAY, 3 * DAY),
        ("0 4 1 * *", "Asia/Tokyo", 28 * DAY, 31 * DAY),
        ("0 4 31 * *", "UTC", 31 * DAY, 61 * DAY),
        ("0 0 1 1 *", "UTC", 366 * DAY, 366 * DAY),
        ("0 0 29 2 *", "UTC", 1461 * DAY, 1461 * DAY),
    ],
)
def test_the_gaps_of_a_schedule(cron, zone, smallest, largest):
    assert gaps(cron, zone) == (smallest, largest)
    assert largest_gap(cron, zone) == largest


@pytest.mark.parametrize(
    ("cron", "zone", "largest"),
    [
        # The night on which clocks go back is an hour longer,
        ("0 1 * * *", "America/New_York", DAY + HOUR),
        ("30 2 * * *", "Europe/Berlin", DAY + HOUR),
        # half an hour on Lord Howe Island,
        ("0 1 * * *", "Australia/Lord_Howe", DAY + HOUR / 2),
        # but what comes every hour just goes on.
        ("0 * * * *", "America/New_York", HOUR),
        ("*/10 * * * *", "Europe/Berlin", HOUR / 6),
        ("0 1 * * 0", "America/New_York", 7 * DAY + HOUR),
    ],
)
def test_the_longest_gap_knows_clock_changes(cron, zone, largest):
    assert largest_gap(cron, zone) == largest


@pytest.mark.parametrize(
    ("cron", "zone"),
    [
        ("7 */3 * * *", "America/New_York"),
        ("0 1,13 * * *", "Europe/Berlin"),
        ("*/20 2 * * *", "UTC"),
    ],
)
def test_looking_at_the_clock_changes_only_finds_what_the_whole_year_holds(cron, zone):
    start = datetime(2027, 1, 1, tzinfo=UTC)
    year = [s for s in islice(slots(cron, zone, start), 27_000) if s < start + 366 * DAY]
    apart = [after - before for before, after in pairwise(year)]

    assert gaps(cron, zone) == (min(apart), max(apart))


@pytest.mark.parametrize(
    ("schedules", "largest"),
    [
        ([("0 2 * * *", "UTC")], DAY),
        ([("0 2 * * *", "UTC"), ("0 14 * * *", "UTC")], DAY / 2),
        ([("0 2 * * *", "UTC"), ("0 2 * * *", "UTC")], DAY),
        # 02:00 in Tokyo is 17:00 in UTC.
        ([("0 2 * * *", "Asia/Tokyo"), ("0 14 * * *", "UTC")], 21 * HOUR),
        ([("*/5 * * * *", "UTC"), ("0 2 * * 0", "UTC")], HOUR / 12),
        ([("0 2 * * *", "UTC"), ("0 14 * * 0", "UTC")], DAY),
        ([("0 0 * * 1-5", "UTC"), ("0 0 * * 6,0", "UTC")], DAY),
        ([("0 0 1 * *", "UTC"), ("0 0 15 * *", "UTC")], 17 * DAY),
        # The night on which clocks go back, beside a clock that never does.
        ([("0 0 * * *", "America/New_York"), ("0 16 * * *", "UTC")], 13 * HOUR),
    ],
)
def test_the_longest_time_without_a_slot_of_any_schedule(schedules, largest):
    assert largest_gap_of(tuple(CronSchedule(*each) for each in schedules)) == largest


def test_slots_come_after_a_moment_in_utc():
    tokyo = slots("0 2 * * *", "Asia/Tokyo", datetime(2025, 6, 1, 17, tzinfo=UTC))

    assert list(islice(tokyo, 2)) == [
        datetime(2025, 6, 2, 17, tzinfo=UTC),
        datetime(2025, 6, 3, 17, tzinfo=UTC),
    ]


def test_a_slot_that_the_zone_skips_comes_right_after_the_gap():
    slot = next(slots("30 2 * * *", "America/New_York", datetime(2025, 3, 9, 6, tzinfo=UTC)))

    assert slot == datetime(2025, 3, 9, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    "cron",
    ["", "hourly", "@daily", "0 2 * *", "0 0 2 * * *", "0 24 * * *", "60 2 * * *", "0 2 * * 9",
     "0 2 30 2 *", "0 2 L * *", "0 2 LW * *", "0 2 * * 5L", "0 2 * * 1#2", "0 2 * * ?", "*/0 * * * *",
     "0 2 * * \u0661"],
)  # fmt: skip
def test_what_is_no_schedule_is_refused(cron):
    with pytest.raises(BadCronError):
        gaps(cron, "UTC")
