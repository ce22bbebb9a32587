"""Whose turn a restore test is, and what its questions expect."""

from __future__ import annotations

from collections import Counter as Tally
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from toban.backups.documents import Backup, Copy
from toban.backups.policy.objectives import untested
from toban.backups.policy.restores import TestHistory, meets, missing, pair
from toban.backups.restoring.turns import choose, is_turn
from toban.backups.section import BACKUP, RestoreTest
from toban.kernel.clock.cron import next_slot
from toban.profile.section import SERVICE
from toban.sections.load import load_directory
from toban.sources.base import StagingTarget
from toban.strictyaml.values import Seconds

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
REGIONS = ("tokyo", "osaka")


def backup(source: str, days: int, *regions: str, **fields) -> Backup:
    at = NOW - timedelta(days=days)
    return Backup(
        id=f"{source}-{days}",
        service="shop",
        source=source,
        class_="daily",
        kind="postgres",
        status=fields.pop("status", "verified"),
        slot=at,
        started_at=at,
        snapshot_at=at,
        copies=[
            Copy(bucket=region, region=region, manifest=True, level="format", **fields)
            for region in regions or REGIONS
        ],
    )


def played(backups: list[Backup], turns: int, *sources: str) -> list[tuple[str, str, str]]:
    """So many turns, one a week."""
    tested: dict[str, TestHistory] = {}
    said = []
    for week in range(turns):
        turn = choose(sources, backups, tested, NOW + timedelta(weeks=week))
        assert turn is not None
        said.append((turn.source, turn.region, turn.backup.id))
        key = pair(turn.source, turn.region)
        before = tested.get(key, TestHistory())
        tested[key] = msgspec.structs.replace(
            before, chosen=before.chosen + 1, at=NOW + timedelta(weeks=week)
        )
    return said


def test_every_source_has_its_turn_from_every_region():
    backups = [backup(source, days) for source in ("db", "cache") for days in range(1, 8)]
    turns = played(backups, 12, "db", "cache")
    assert Tally((source, region) for source, region, _ in turns) == {
        (source, region): 3 for source in ("db", "cache") for region in REGIONS
    }


def test_newest_oldest_and_middle_take_turns():
    backups = [backup("db", days, "tokyo") for days in range(1, 8)]
    assert [id for _, _, id in played(backups, 6, "db")] == [
        "db-1", "db-7", "db-4", "db-1", "db-7", "db-4",
    ]  # fmt: skip


def test_a_region_whose_copy_is_damaged_or_missing_has_no_turn():
    damaged = backup("db", 1)
    damaged.copies[1] = msgspec.structs.replace(damaged.copies[1], level=None, damage="part 3")
    assert {region for _, region, _ in played([damaged], 4, "db")} == {"tokyo"}


def test_only_verified_backups_are_tested():
    assert choose(["db"], [backup("db", 1, status="failed")], {}, NOW) is None
    assert choose(["db"], [], {}, NOW) is None
    assert choose(["cache"], [backup("db", 1)], {}, NOW) is None


SERVICES = load_directory("infra/services")


@pytest.mark.parametrize(
    "service", [id for id, p in SERVICES.items() if p[BACKUP] and p[BACKUP].restore_test]
)
def test_a_year_of_a_service_tests_every_source_as_often_as_its_design_says(service):
    """And from each region in turn, at its schedule alone; a test passes some minutes later."""
    profile = SERVICES[service]
    section = profile[BACKUP]
    test = section.restore_test
    zone = test.zone or profile[SERVICE].timezone
    regions = tuple({d.region for d in section.destinations})
    kept = [backup(t.source, days, *regions) for t in test.targets for days in (1, 2, 3)]
    tested: dict[str, TestHistory] = {}
    slot, end = next_slot(test.schedule, zone, NOW), NOW + timedelta(days=366)
    turns: Tally[tuple[str, str]] = Tally()
    while slot < end:
        late = untested(profile, tested, NOW, slot)
        assert late == [], f"{slot}: {late}"
        for target in test.targets:
            if not is_turn(test, target, tested, zone, slot):
                continue
            turn = choose([target.source], kept, tested, slot)
            assert turn is not None
            turns[turn.source, turn.region] += 1
            done = slot + timedelta(minutes=20)
            before = tested.get(pair(turn.source, turn.region), TestHistory())
            tested[pair(turn.source, turn.region)] = msgspec.structs.replace(
                before, chosen=before.chosen + 1, at=slot, passed_at=done
            )
        slot = next_slot(test.schedule, zone, slot)
    for target in test.targets:
        counts = [turns[target.source, region] for region in regions]
        assert max(counts) - min(counts) <= 1, counts


def test_a_source_is_not_tested_more_often_than_it_has_to_be():
    test = RestoreTest(
        schedule="0 4 * * *",
        targets=(
            StagingTarget(source="db", every=Seconds(32 * 86_400)),
            StagingTarget(source="cache", every=Seconds(8 * 86_400)),
        ),
    )
    tests: Tally[str] = Tally()
    tested: dict[str, TestHistory] = {}
    for day in range(320):
        slot = NOW.replace(hour=4) + timedelta(days=day)
        for target in test.targets:
            if is_turn(test, target, tested, "UTC", slot):
                tests[target.source] += 1
                passed = slot + timedelta(minutes=20)
                tested[pair(target.source, "tokyo")] = TestHistory(at=slot, passed_at=passed)
    assert tests == {"db": 11, "cache": 46}


def test_after_a_failure_a_source_is_tested_at_the_next_slot_again():
    test = RestoreTest(schedule="0 4 * * *", targets=(StagingTarget(source="db"),))
    failed = {pair("db", "tokyo"): TestHistory(at=NOW, passed_at=NOW - timedelta(days=8))}
    assert is_turn(test, test.targets[0], failed, "UTC", NOW + timedelta(days=1))


@pytest.mark.parametrize(
    ("answer", "expect", "met"),
    [
        ("12", "", True),
        ("12", "12", True),
        (" 12\n", "12", True),
        ("12", "13", False),
        ("12", ">= 10", True),
        ("10", ">= 10", True),
        ("9.5", ">= 10", False),
        ("10", "> 10", False),
        ("-3", "< 0", True),
        ("3", "<=3", True),
        ("many", ">= 10", False),
        ("", ">= 0", False),
        ("山田", "山田", True),
    ],
)
def test_an_answer_meets_a_value_or_a_bound(answer, expect, met):
    assert meets(answer, expect) is met


def test_counts_that_both_know_have_to_be_equal_in_a_test():
    backup_has = {"tables": 3, "rows": 100, "bytes": 9, "indexes": 2}
    assert missing(backup_has, {"tables": 3, "rows": 99, "bytes": 1}, exact=True) == [
        "rows: 99 instead of 100"
    ]
    assert missing({"objects": 3}, {"objects": 5}, exact=True) == ["objects: 5 instead of 3"]


def test_a_recovery_may_load_beside_what_is_there():
    assert missing({"objects": 3}, {"objects": 5}, exact=False) == []
    assert missing({"objects": 3}, {"objects": 2}, exact=False) == ["objects: 2 instead of 3"]
