"""The backup numbers of each service, line by line as its design has them."""

from pathlib import Path

import msgspec
import pytest

from tests.profiles import Profile
from toban.backups.section import BackupSection, RetentionRules
from toban.sections.load import load_directory

SERVICES = Path(__file__).parents[3] / "infra" / "services"
HOUR, DAY = 3600, 86_400


@pytest.fixture(scope="module")
def profiles() -> dict[str, Profile]:
    return load_directory(SERVICES)


@pytest.fixture(scope="module")
def backups(profiles) -> dict[str, BackupSection]:
    return {name: p.backup for name, p in profiles.items() if p.backup is not None}


def days(number: int) -> RetentionRules:
    return RetentionRules(keep_days=number)


FOREVER = RetentionRules(forever=True)
# 001 §6.3: 7 days, 4 weeks, 12 months of the provider's own, 30 days of the script at the same minute
GENERATIONS = RetentionRules(daily=7, weekly=4, monthly=12, keep_days=30)
# 004 1.1: 30 days; 004 performance 1.2: backups for one year
MONTHS = RetentionRules(keep_days=30, monthly=12)

# Every series: service, source, kind, class, schedule, zone, retention.
SERIES = [
    # 000 §6.1.1: data daily at 02:00 JST for 30 days, configuration on change for 90
    ("tokyo-ai-chat", "storage", "bucket", "daily", "0 2 * * *", "Asia/Tokyo", days(30)),
    ("tokyo-ai-chat", "redis", "redis", "daily", "0 2 * * *", "Asia/Tokyo", days(30)),
    ("tokyo-ai-chat", "configuration", "configuration", "on-change", "*/5 * * * *", "Asia/Tokyo", days(90)),
    # 001 §6.3, and §6.2 for logs
    ("cro-tool", "database", "postgres", "daily", "0 2 * * *", "Asia/Tokyo", GENERATIONS),
    ("cro-tool", "storage", "bucket", "mirror", "0 3 * * *", "Asia/Tokyo", days(30)),
    ("cro-tool", "error-logs", "logs", "daily", "30 3 * * *", "Asia/Tokyo", days(90)),
    ("cro-tool", "audit-logs", "bucket", "daily", "45 3 * * *", "Asia/Tokyo", days(365)),
    # 002 §10.2.1
    ("salontalk", "database", "postgres", "daily", "0 2 * * *", "Asia/Tokyo", days(7)),
    ("salontalk", "database", "postgres", "weekly", "0 3 * * 0", "Asia/Tokyo", days(30)),
    ("salontalk", "environment", "configuration", "on-change", "*/5 * * * *", "Asia/Tokyo", FOREVER),
    # 003 §7.1; the times that it does not name are outside of its maintenance (§6.1)
    ("manga-service", "database", "postgres", "daily", "30 0 * * *", "Asia/Tokyo", days(30)),
    ("manga-service", "database", "postgres", "weekly", "15 5 * * 0", "Asia/Tokyo", days(90)),
    ("manga-service", "redis", "redis", "daily", "0 2 * * *", "Asia/Tokyo", days(7)),
    ("manga-service", "terraform-state", "bucket", "on-change", "*/5 * * * *", "Asia/Tokyo", FOREVER),
    ("manga-service", "configuration", "configuration", "on-change", "*/5 * * * *", "Asia/Tokyo", FOREVER),
    ("manga-service", "generated", "bucket", "weekly", "45 5 * * 0", "Asia/Tokyo", days(90)),
    ("manga-service", "generated", "bucket", "hourly", "15 * * * *", "Asia/Tokyo", days(30)),
    # 004 1.1, 1.2
    ("prompthub", "database", "postgres", "daily", "0 2 * * *", "UTC", MONTHS),
    ("prompthub", "database", "postgres", "hourly", "30 * * * *", "UTC", days(7)),
    ("prompthub", "application", "bucket", "daily", "15 2 * * *", "UTC", days(14)),
    ("prompthub", "uploads", "bucket", "weekly", "0 3 * * 6", "UTC", days(90)),
    ("prompthub", "uploads", "bucket", "hourly", "45 * * * *", "UTC", days(90)),
    ("prompthub", "logs", "logs", "daily", "45 2 * * *", "UTC", days(30)),
]  # fmt: skip


def test_every_series_is_scheduled_and_kept_as_designed(profiles, backups):
    found = [
        (
            name,
            plan.source,
            str(backup.sources[plan.source].__struct_config__.tag),
            plan.class_,
            plan.schedule,
            plan.zone or profiles[name].service.timezone,
            plan.keep,
        )
        for name, backup in backups.items()
        for plan in backup.plans
    ]

    assert sorted(found, key=lambda row: row[:4]) == sorted(SERIES, key=lambda row: row[:4])


def test_no_database_is_dumped_twice_at_one_time(backups):
    slots = [
        (name, plan.source, plan.schedule)
        for name, backup in backups.items()
        for plan in backup.plans
    ]
    assert len(set(slots)) == len(slots)


def test_weekly_work_of_manga_service_is_outside_of_its_maintenance(backups):
    """003 §6.1: Sundays from 02:00 to 04:00, the first of a month from 01:00 to 05:00."""
    manga = backups["manga-service"]
    weekly = [p.schedule for p in manga.plans if p.class_ == "weekly"]
    assert manga.restore_test is not None
    hours = [int(cron.split()[1]) for cron in (*weekly, manga.restore_test.schedule)]

    assert [hour for hour in hours if 1 <= hour < 5] == []
    assert len(hours) == 3


def test_what_is_kept_on_change_and_what_in_increments(backups):
    def chosen(attribute: str) -> list[tuple[str, str, str]]:
        return [
            (name, plan.source, plan.class_)
            for name, backup in backups.items()
            for plan in backup.plans
            if getattr(plan, attribute)
        ]

    assert chosen("on_change") == [
        ("manga-service", "terraform-state", "on-change"),
        ("manga-service", "configuration", "on-change"),
        ("salontalk", "environment", "on-change"),
        ("tokyo-ai-chat", "configuration", "on-change"),
    ]
    assert chosen("incremental") == [
        ("manga-service", "generated", "hourly"),
        ("prompthub", "uploads", "hourly"),
    ]


# Every objective: service, scenario, RTO, RPO, what is restored, level of the alert.
OBJECTIVES = [
    # 000 §6.2.1
    ("tokyo-ai-chat", "アプリケーション障害", HOUR // 4, 300, "configuration", 1),
    ("tokyo-ai-chat", "データベース障害", HOUR // 2, 600, "redis", 1),
    ("tokyo-ai-chat", "リージョン障害", 2 * HOUR, HOUR, "storage redis configuration", 2),
    ("tokyo-ai-chat", "完全災害", 4 * HOUR, DAY, "storage redis configuration", 3),
    # 001 §6.3
    ("cro-tool", "データベースの復元", 600, None, "database", 2),
    # 002 §10.2.1
    ("salontalk", "PostgreSQL（データ）日次", HOUR, DAY, "database", 1),
    ("salontalk", "PostgreSQL（データ）週次", 4 * HOUR, 7 * DAY, "database", 2),
    # 003 §7.3
    ("manga-service", "利用者のデータ", HOUR, HOUR, "database redis", 1),
    ("manga-service", "生成物", 4 * HOUR, 4 * HOUR, "generated", 2),
    ("manga-service", "システム設定", DAY, None, "configuration terraform-state", 3),
    # 004 2.1
    ("prompthub", "tier1_critical", HOUR, 900, "database", 1),
    ("prompthub", "tier2_important", 4 * HOUR, HOUR, "uploads", 2),
    ("prompthub", "tier3_standard", DAY, 4 * HOUR, "database", 3),
    ("prompthub", "recovery_objectives", 4 * HOUR, HOUR, "database uploads application", 2),
]


def test_every_objective_has_the_numbers_of_its_design(backups):
    found = [
        (name, o.name, o.rto, o.rpo, " ".join(o.sources), o.severity)
        for name, backup in backups.items()
        for o in backup.objectives
    ]

    assert sorted(found) == sorted(OBJECTIVES)


# Where each service's backups lie. 000 §6.1.1, §6.2.2; 003 §7.2, §7.3; 004 1.1 (nearest regions).
PLACES = [
    (
        "tokyo-ai-chat",
        {
            "tokyo-ai-chat-backup-primary": "asia-northeast1",
            "tokyo-ai-chat-backup-secondary": "us-central1",
            "tokyo-ai-chat-config-backup": "asia-northeast1",
        },
    ),
    (
        "cro-tool",
        {
            "japanese-ai-cro-backups": "asia-northeast1",
            "japanese-ai-cro-backups-osaka": "asia-northeast2",
        },
    ),
    (
        "salontalk",
        {"salontalk-backups": "asia-northeast1", "salontalk-backups-osaka": "asia-northeast2"},
    ),
    (
        "manga-service",
        {
            "manga-service-backups": "asia-northeast1",
            "manga-service-backups-osaka": "asia-northeast2",
        },
    ),
    (
        "prompthub",
        {
            "prompthub-backups": "us-east4",
            "prompthub-backups-us-west1": "us-west1",
            "prompthub-backups-europe-west1": "europe-west1",
        },
    ),
]


@pytest.mark.parametrize(("service", "places"), PLACES)
def test_backups_lie_where_the_design_puts_them(backups, service, places):
    assert {d.bucket: d.region for d in backups[service].destinations} == places


def test_data_and_configuration_of_tokyo_ai_chat_have_buckets_of_their_own(backups):
    data = ("tokyo-ai-chat-backup-primary", "tokyo-ai-chat-backup-secondary")
    settings = ("tokyo-ai-chat-config-backup", "tokyo-ai-chat-backup-secondary")

    assert {p.source: p.destinations for p in backups["tokyo-ai-chat"].plans} == {
        "storage": data,
        "redis": data,
        "configuration": settings,
    }


# Restore tests: how often (000 weekly, 001 monthly, 004 weekly), how long at most (001 10 minutes).
RESTORE_TESTS = [
    ("tokyo-ai-chat", "0 4 * * 0", None, 8 * DAY),
    ("cro-tool", "0 4 1 * *", 600, 32 * DAY),
    ("salontalk", "0 5 * * 0", None, 8 * DAY),
    ("manga-service", "30 6 * * 0", None, 8 * DAY),
    ("prompthub", "0 1 * * 0", None, 8 * DAY),
]


@pytest.mark.parametrize(("service", "schedule", "within", "every"), RESTORE_TESTS)
def test_restore_tests_come_as_designed_and_cover_every_source(
    backups, service, schedule, within, every
):
    test = backups[service].restore_test

    assert (test.schedule, test.within, test.every) == (schedule, within, every)
    assert {target.source for target in test.targets} == set(backups[service].sources)


def test_application_files_of_prompthub_leave_out_what_the_design_excludes(backups):
    assert backups["prompthub"].sources["application"].exclude == (
        "*.log",
        "*.tmp",
        "node_modules/",
    )


def test_only_prompthub_asks_for_encryption(backups):
    assert {name for name, backup in backups.items() if backup.key} == {"prompthub"}
    assert not any(getattr(s, "copy", False) for s in backups["prompthub"].sources.values())


# What somebody else backs up is noted with the numbers of the design.
NOTES = [
    ("tokyo-ai-chat", "GitHub", "無期限"),
    ("cro-tool", "Supabase内部ストレージ", "日次7日・週次4週・月次12ヶ月"),
    ("cro-tool", "Better Stack", "30日"),
    ("cro-tool", "Cloudflare", "30日"),
    ("cro-tool", "Better Stack", "90日"),
    ("cro-tool", "Supabase", "365日"),
    ("salontalk", "Supabase PITR", "7日、RPO 数分、RTO 1時間"),
    ("salontalk", "GitHub", "無期限"),
    ("manga-service", "Cloud SQL", "日次 30日、週次 90日"),
    ("manga-service", "BigQuery", "90日、BigQuery 3年、コールドストレージ 10年"),
    ("prompthub", "pg_probackup", "7日"),
    ("prompthub", "ストリーミング", "30秒"),
]


@pytest.mark.parametrize(("service", "by", "note"), NOTES)
def test_backups_that_somebody_else_makes_are_noted(backups, service, by, note):
    assert any(by in e.by and note in e.note for e in backups[service].external)


def test_all_five_services_and_only_they_have_backups(profiles, backups):
    assert set(backups) == {name for name, *_ in RESTORE_TESTS}
    assert set(profiles) - set(backups) == {"toban"}


def test_profiles_survive_the_store(profiles):
    for profile in profiles.values():
        assert msgspec.json.decode(msgspec.json.encode(profile), type=Profile) == profile
