"""Whose turn it is to be read again, how much at a time, and what is late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from toban.backups.documents import Backup, Copy
from toban.backups.section import REREAD_WITHIN, BackupSection
from toban.backups.watching.turns import LOOK, budget, turns, unread
from toban.strictyaml.values import Seconds

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
WITHIN = timedelta(days=80)
REGIONS = ("tokyo", "osaka")


def backup(days: float, *regions: str, **fields: object) -> Backup:
    """One that was taken and read so many days ago."""
    at = NOW - timedelta(days=days)
    return Backup(
        id=f"media-{days}",
        service="shop",
        source="media",
        class_="daily",
        kind="bucket",
        status="verified",
        slot=at,
        started_at=at,
        finished_at=at,
        bytes=100,
        copies=[
            msgspec.structs.replace(
                Copy(bucket=region, region=region, manifest=True, level="content", verified_at=at),
                **fields,
            )
            for region in regions or REGIONS
        ],
    )


def read(of: Backup, bucket: str, at: datetime) -> None:
    of.copies = [
        msgspec.structs.replace(c, read_at=at, verified_at=at) if c.bucket == bucket else c
        for c in of.copies
    ]


def played(backups: list[Backup], days: int) -> list[tuple[float, str, str]]:
    """What is read when, if whatever is due is read at once."""
    said = []
    for hour in range(days * 24):
        now = NOW + timedelta(hours=hour)
        for turn in turns(backups, WITHIN, now):
            if turn.due <= now:
                said.append((hour / 24, turn.backup.id, turn.copy.bucket))
                read(turn.backup, turn.copy.bucket, now)
    return said


def test_every_copy_is_read_within_the_time_and_regions_take_turns() -> None:
    one = backup(0)
    said = played([one], 400)
    assert {bucket for _, _, bucket in said[::2]} == {"tokyo"}
    assert {bucket for _, _, bucket in said[1::2]} == {"osaka"}
    for region in REGIONS:
        at = [day for day, _, bucket in said if bucket == region]
        gaps = [b - a for a, b in zip([0.0, *at], at, strict=False)]
        assert max(gaps) <= WITHIN.days
    assert len(said) <= 400 / 20, "and not much more often than that"


def test_the_one_that_waits_longest_comes_first_and_a_copy_that_has_one_place_waits_the_whole_time() -> (
    None
):
    old, young, alone = backup(75), backup(35), backup(61, "tokyo")
    assert [t.backup.id for t in turns([young, alone, old], WITHIN, NOW)] == [
        old.id,
        young.id,
        alone.id,
    ]
    assert [t.due <= NOW for t in turns([young, alone, old], WITHIN, NOW)] == [True] * 3
    assert turns([backup(29), backup(59, "tokyo")], WITHIN, NOW)[0].due > NOW


@pytest.mark.parametrize("fields", [{"damage": "bad"}, {"manifest": False}])
def test_what_is_known_to_be_lost_is_not_read(fields: dict[str, object]) -> None:
    assert turns([backup(500, **fields)], WITHIN, NOW) == []
    assert unread([backup(500, **fields)], WITHIN, NOW - 9 * WITHIN, NOW) == []


def test_a_copy_that_could_not_be_read_does_not_hold_up_the_others() -> None:
    stuck, other = backup(200, read_at=NOW - timedelta(hours=1)), backup(100)
    assert [t.backup.id for t in turns([stuck, other], WITHIN, NOW) if t.due <= NOW] == [other.id]


def test_what_a_clock_ahead_has_noted_counts_for_nothing() -> None:
    ahead = backup(70, read_at=NOW + timedelta(days=300))
    assert turns([ahead], WITHIN, NOW)[0].due <= NOW


def test_a_look_reads_a_share_that_is_enough_after_everything_came_due_at_once() -> None:
    backups = [msgspec.structs.replace(backup(60, "tokyo"), id=f"b-{n}") for n in range(50)]
    most = budget(backups, WITHIN, NOW)
    assert most * (WITHIN / 4 / LOOK) == pytest.approx(50 * 100)
    assert budget(backups, timedelta(hours=2), NOW) == 50 * 100, "never more than there is"


def test_what_was_not_read_in_time_is_told_by_source_and_bucket() -> None:
    late, fresh = backup(90), backup(10)
    read(late, "osaka", NOW - timedelta(days=20))
    (found,) = unread([late, fresh], WITHIN, NOW - timedelta(days=90), NOW)
    assert (found.source, found.copy.bucket, found.count, found.bytes) == ("media", "tokyo", 1, 100)
    assert found.last == late.finished_at
    assert unread([late], WITHIN, NOW - timedelta(days=79), NOW) == [], (
        "nothing was promised before"
    )


def test_a_profile_says_within_what_time_and_ninety_days_where_it_does_not() -> None:
    section = BackupSection(destinations=(), sources={}, plans=())
    assert section.rereads == REREAD_WITHIN == timedelta(days=90)
    assert "reread_within" not in msgspec.to_builtins(section), "its version stays"
    said = msgspec.structs.replace(section, reread_within=Seconds(30 * 86_400))
    assert said.rereads == timedelta(days=30)
