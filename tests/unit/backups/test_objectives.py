"""How much could be lost, how long recovery takes, and what is late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tests.profiles import Profile
from toban.backups.policy.objectives import NewestBackup, ObjectiveState, assess, overdue, untested
from toban.backups.policy.restores import TestHistory
from toban.backups.section import (
    BACKUP,
    BackupPlan,
    BackupSection,
    Destination,
    Objective,
    RestoreTest,
    RetentionRules,
)
from toban.profile.section import Service
from toban.sources.base import StagingTarget
from toban.sources.postgres.kind import PostgresSourceSection
from toban.sources.redis.kind import RedisSourceSection
from toban.strictyaml.values import Seconds

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
APPLIED = NOW - timedelta(days=30)


def shop(*objectives: Objective, schedule: str = "0 * * * *") -> Profile:
    """A database backed up by the hour, a cache by the day; restore tests each week."""
    return Profile(
        service=Service(id="shop", name="Shop", timezone="Asia/Tokyo"),
        backup=BackupSection(
            destinations=(Destination(bucket="b", region="tokyo"),),
            sources={
                "database": PostgresSourceSection(url_secret="A"),
                "cache": RedisSourceSection(url_secret="B"),
            },
            plans=(
                BackupPlan(
                    source="database",
                    class_="hourly",
                    schedule=schedule,
                    keep=RetentionRules(daily=7),
                ),
                BackupPlan(
                    source="cache",
                    class_="daily",
                    schedule="0 2 * * *",
                    keep=RetentionRules(daily=7),
                ),
            ),
            objectives=objectives,
            restore_test=RestoreTest(
                schedule="0 4 * * 0",
                targets=(
                    StagingTarget(source="database", url_secret="C"),
                    StagingTarget(source="cache", url_secret="D"),
                ),
            ),
        ),
    )


def loss(rpo: timedelta, *sources: str, rto: timedelta | None = None) -> Objective:
    return Objective(
        name="loss",
        sources=sources or ("database",),
        rpo=Seconds(int(rpo.total_seconds())),
        rto=None if rto is None else Seconds(int(rto.total_seconds())),
    )


def state(
    profile: Profile, tested: dict[str, TestHistory] | None = None, **ages: timedelta
) -> ObjectiveState:
    """The one objective, with backups of these ages."""
    classes = {"database": "hourly", "cache": "daily"}
    newest = {
        (source, classes[source]): NewestBackup(backup_id=f"{source}-1", point=NOW - age)
        for source, age in ages.items()
    }
    (found,) = assess(profile, newest, tested or {}, NOW)
    return found


def test_an_objective_is_met_while_its_newest_restore_point_is_young_enough():
    profile = shop(loss(2 * HOUR))
    assert state(profile, database=HOUR).rpo_status == "met"
    assert state(profile, database=2 * HOUR).rpo_status == "met", "exactly as much as was promised"
    assert state(profile, database=2 * HOUR + timedelta(seconds=1)).rpo_status == "missed"


def test_recovery_is_as_fresh_as_the_oldest_source_that_it_needs():
    found = state(shop(loss(2 * HOUR, "database", "cache")), database=HOUR, cache=20 * HOUR)
    assert found.restore_point == NOW - 20 * HOUR
    assert found.age_s == 20 * 3600
    assert sorted(found.backups) == ["cache-1", "database-1"]


def test_what_no_schedule_can_reach_is_told_apart_from_what_was_missed():
    profile = shop(loss(timedelta(minutes=10), "cache"))
    assert state(profile, cache=20 * HOUR).rpo_status == "unreachable", "as fresh as a daily one is"
    assert state(profile, cache=25 * HOUR).rpo_status == "missed", "older than even that"


def test_what_two_plans_could_reach_together_is_missed():
    # Daily, twelve hours apart: whoever promised twelve and a half has it, unless one fails.
    profile = shop(loss(12.5 * HOUR, "cache"))
    section = profile[BACKUP]
    assert section is not None
    (at_two,) = [plan for plan in section.plans if plan.source == "cache"]
    at_fourteen = msgspec.structs.replace(at_two, class_="noon", schedule="0 14 * * *")
    both = msgspec.structs.replace(section, plans=(*section.plans, at_fourteen))
    profile = msgspec.structs.replace(profile, backup=both)

    assert state(profile, cache=12 * HOUR).rpo_status == "met"
    assert state(profile, cache=13 * HOUR).rpo_status == "missed"


def test_without_any_verified_backup_an_objective_is_missed():
    found = state(shop(loss(2 * HOUR)))
    assert (found.rpo_status, found.restore_point, found.age_s) == ("missed", None, None)


def test_with_a_backup_of_one_source_and_none_of_the_other_it_is_missed():
    found = state(shop(loss(40 * HOUR, "database", "cache")), database=HOUR)
    assert (found.rpo_status, found.restore_point) == ("missed", None)


def test_an_objective_that_somebody_else_keeps_is_not_watched():
    objective = Objective(name="loss", sources=("database",), rpo=None)
    assert state(shop(objective), database=99 * HOUR).rpo_status == "not-watched"


@pytest.mark.parametrize(
    ("seconds", "status"), [(None, "untested"), (599.0, "met"), (600.0, "met"), (601.0, "missed")]
)
def test_recovery_time_is_what_restore_tests_measured(seconds, status):
    tested = (
        {} if seconds is None else {"database@tokyo": TestHistory(passed_at=NOW, seconds=seconds)}
    )
    profile = shop(loss(2 * HOUR, rto=timedelta(minutes=10)))
    found = state(profile, tested, database=HOUR)
    assert (found.rto_status, found.measured_s) == (status, seconds)


def test_of_several_sources_the_slowest_counts_and_each_has_to_be_tested():
    profile = shop(loss(2 * HOUR, "database", "cache", rto=timedelta(minutes=10)))
    one = {"database@tokyo": TestHistory(passed_at=NOW, seconds=60)}
    both = one | {"cache@osaka": TestHistory(passed_at=NOW, seconds=700)}
    assert state(profile, one, database=HOUR, cache=HOUR).rto_status == "untested"
    assert state(profile, both, database=HOUR, cache=HOUR).rto_status == "missed"


def late(profile: Profile, **ages: timedelta | None) -> list[str]:
    classes = {"database": "hourly", "cache": "daily"}
    newest = {
        (source, classes[source]): NewestBackup(point=NOW - age)
        for source, age in ages.items()
        if age is not None
    }
    return [found.source for found in overdue(profile, newest, APPLIED, NOW)]


def test_a_series_is_overdue_when_its_largest_gap_and_half_an_hour_have_passed():
    assert late(shop(), database=1.5 * HOUR, cache=24.5 * HOUR) == []
    assert late(shop(), database=1.51 * HOUR, cache=24.51 * HOUR) == ["database", "cache"]


def test_a_series_that_never_succeeded_is_overdue_once_there_was_time_for_it():
    assert late(shop(), cache=HOUR) == ["database"]
    new = overdue(shop(), {}, NOW - HOUR, NOW)
    assert new == [], "applied an hour ago: the first slot may still be under way"


def waiting(profile: Profile, tested: dict[str, TestHistory]) -> dict[str, datetime]:
    return {late.source: late.last for late in untested(profile, tested, APPLIED, NOW)}


def test_every_source_has_to_pass_a_restore_test_from_whichever_region():
    tests = [t.source for t in shop().backup.restore_test.targets]
    week = {f"{name}@osaka": TestHistory(passed_at=NOW - timedelta(days=7)) for name in tests}
    assert waiting(shop(), week) == {}
    first = tests[0]
    long_ago = {**week, f"{first}@osaka": TestHistory(passed_at=NOW - timedelta(days=9))}
    assert waiting(shop(), long_ago) == {first: NOW - timedelta(days=9)}
    assert waiting(shop(), {}) == dict.fromkeys(tests, APPLIED)


def test_a_source_may_have_a_cadence_of_its_own():
    section = shop().backup
    targets = [
        msgspec.structs.replace(target, every=Seconds(32 * 86_400))
        for target in section.restore_test.targets
    ]
    test = msgspec.structs.replace(section.restore_test, targets=tuple(targets))
    rarely = msgspec.structs.replace(
        shop(), backup=msgspec.structs.replace(section, restore_test=test)
    )
    passed = {f"{t.source}@osaka": TestHistory(passed_at=NOW - 31 * 24 * HOUR) for t in targets}
    assert waiting(rarely, passed) == {}
    assert set(waiting(shop(), passed)) == {t.source for t in targets}


def test_a_failed_test_is_no_test():
    failed = {
        f"{t.source}@tokyo": TestHistory(chosen=3, at=NOW)
        for t in shop().backup.restore_test.targets
    }
    assert set(waiting(shop(), failed).values()) == {APPLIED}


def test_a_profile_without_backups_has_nothing_to_watch():
    bare = msgspec.structs.replace(shop(), backup=None)
    assert assess(bare, {}, {}, NOW) == []
    assert overdue(bare, {}, APPLIED, NOW) == []
    assert untested(bare, {}, APPLIED, NOW) == []
