"""Local times that do not exist, or exist twice."""

from datetime import UTC, datetime

import pytest

from toban.kernel.clock.wallclock import exists, instant, zone


@pytest.mark.parametrize(
    ("zone_name", "local", "expected"),
    [
        # An ordinary time.
        ("Asia/Tokyo", "2025-01-06 09:00", "2025-01-06 00:00"),
        # 02:00 to 03:00 is skipped: the first instant after the gap is 03:00 EDT.
        ("America/New_York", "2025-03-09 02:30", "2025-03-09 07:00"),
        ("America/New_York", "2025-03-09 02:00", "2025-03-09 07:00"),
        ("America/New_York", "2025-03-09 03:00", "2025-03-09 07:00"),
        # 01:30 happens twice: the first one is still on summer time.
        ("America/New_York", "2025-11-02 01:30", "2025-11-02 05:30"),
        ("Europe/Berlin", "2025-03-30 02:59", "2025-03-30 01:00"),
        ("Europe/Berlin", "2025-10-26 02:30", "2025-10-26 00:30"),
        # Lord Howe moves by 30 minutes, from +10:30 to +11:00 and back.
        ("Australia/Lord_Howe", "2025-10-05 02:10", "2025-10-04 15:30"),
        ("Australia/Lord_Howe", "2025-04-06 01:45", "2025-04-05 14:45"),
        # Samoa skipped a whole day.
        ("Pacific/Apia", "2011-12-30 12:00", "2011-12-30 10:00"),
    ],
)
def test_a_local_time_means_one_instant(zone_name, local, expected):
    found = instant(datetime.fromisoformat(local), zone(zone_name))

    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_only_skipped_times_do_not_exist():
    new_york = zone("America/New_York")

    assert not exists(datetime.fromisoformat("2025-03-09 02:30"), new_york)
    assert exists(datetime.fromisoformat("2025-03-09 03:00"), new_york)
    assert exists(datetime.fromisoformat("2025-11-02 01:30"), new_york)
