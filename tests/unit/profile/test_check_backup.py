"""What `toban check` proves about backups: one mistake at a time, with its line."""

from datetime import timedelta

import pytest

from toban.kernel.i18n import exact
from toban.sections.check import check
from toban.sections.files import check_file
from toban.sections.load import parse_profile
from toban.strictyaml.findings import Finding

GOOD = """\
service: {id: shop, name: Shop, match: [{labels: {project: shop}}]}
severities:
  - {label: P1, level: 1, notify: ["person:aoki"], via: [mail]}
channels:
  mail: {type: email}
people:
  aoki: {name: Aoki, email: aoki@example.jp}
oncall: {members: [aoki], first_shift: 2025-01-06}
escalation:
  - severities: [P1]
    steps: [{after: 0m, notify: ["oncall:primary"]}]
backup:
  destinations:
    - {bucket: shop-tokyo, region: asia-northeast1}
    - {bucket: shop-osaka, region: asia-northeast2}
  sources:
    database: {type: postgres, url_secret: DATABASE_URL}
    cache: {type: redis, url_secret: REDIS_URL}
    uploads: {type: bucket, bucket: shop-uploads}
    documents: {type: firestore, project: shop}
    settings: {type: configuration}
  plans:
    - {source: database, class: daily, schedule: "0 2 * * *", keep: {daily: 7, weekly: 4}}
    - {source: database, class: hourly, schedule: "15 * * * *", keep: {keep_days: 7}}
    - {source: cache, class: daily, schedule: "0 3 * * *", keep: {keep_days: 7}}
    - {source: documents, class: daily, schedule: "0 4 * * *", keep: {keep_days: 7}}
    - {source: uploads, class: weekly, schedule: "0 5 * * 0", keep: {keep_days: 90}}
    - {source: uploads, class: hourly, schedule: "30 * * * *", keep: {keep_days: 90}, incremental: true}
    - {source: settings, class: on-change, schedule: "*/5 * * * *", keep: {forever: true}, on_change: true}
  objectives:
    - {name: Database lost, sources: [database], rpo: 2h, rto: 30m}
    - {name: All lost, sources: [database, uploads, cache], rpo: 2d, rto: 4h}
  restore_test:
    schedule: "0 6 * * 0"
    every: 8d
    targets:
      - {source: database, url_secret: DATABASE_URL_STAGING}
      - {source: cache, url_secret: REDIS_URL_STAGING}
      - {source: uploads, bucket: shop-staging}
      - {source: documents, project: shop, database: staging}
      - {source: settings, bucket: shop-staging-settings}
"""


def found(*changes: tuple[str, str]) -> list[Finding]:
    """What is said of the good profile with some text replaced."""
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    loaded = parse_profile(text, "shop.yaml")
    return list(loaded.source.locate(check(loaded.profile)))


def test_a_backup_section_in_order_has_no_findings():
    assert found() == []


# Each row: what is changed to what, and the line, severity, code and path that must be found.
MISTAKES = [
    # destinations
    ("  destinations:\n    - {bucket: shop-tokyo, region: asia-northeast1}\n    - {bucket: shop-osaka, region: asia-northeast2}", "  destinations: []", "13 error no-destination destinations"),
    ("    - {bucket: shop-osaka, region: asia-northeast2}\n", "", "13 warning one-region destinations"),
    ("bucket: shop-osaka", "bucket: shop-tokyo", "15 error same-destination destinations[1].bucket"),
    ("region: asia-northeast2", "region: asia-northeast1", "13 error same-region destinations"),
    ("region: asia-northeast2", "region: ASIA-NORTHEAST1", "13 error same-region destinations"),
    ("region: asia-northeast2", "region: 'Asia-Northeast1 '", "13 error same-region destinations"),
    ("region: asia-northeast2", "region: ' '", "15 error empty destinations[1].region"),
    ("bucket: shop-osaka", "bucket: gs://shop-osaka", "15 error wrong-value destinations[1].bucket"),
    # key
    ("  sources:\n", "  key: my-key\n  sources:\n", "16 error bad-key key"),
    ("  sources:\n", "  key: secret:lower\n  sources:\n", "16 error bad-key key"),
    ("  sources:\n", "  key: projects/p/locations/l/keyRings/r\n  sources:\n", "16 error bad-key key"),
    ("  sources:\n", "  key: secret:A\n  former_keys: [secret:B, my-key]\n  sources:\n", "17 error bad-key former_keys[1]"),
    ("  sources:\n", "  key: secret:A\n  former_keys: [secret:A]\n  sources:\n", "17 error twice former_keys[0]"),
    ("  sources:\n", "  key: secret:A\n  former_keys: [secret:B, secret:B]\n  sources:\n", "17 error twice former_keys[1]"),
    ("  sources:\n", "  former_keys: [secret:A]\n  sources:\n", "16 error no-key former_keys"),
    # sources
    ("database: {type: p", "data.base: {type: p", '17 error bad-id sources["data.base"]'),
    ("database: {type: p", "Database: {type: p", "17 error bad-id sources.Database"),
    ("url_secret: DATABASE_URL", "url_secret: X, instance: 'p:i', database: d", "17 error incomplete sources.database"),
    ("postgres, url_secret: DATABASE_URL", "postgres", "17 error incomplete sources.database"),
    ("url_secret: DATABASE_URL", "instance: 'p:i'", "17 error incomplete sources.database"),
    ("url_secret: DATABASE_URL", "instance: i, database: d", "17 error wrong-value sources.database.instance"),
    ("url_secret: DATABASE_URL", "url_secret: 'postgresql://u:p@h/d'", "17 error secret-name sources.database.url_secret"),
    ("url_secret: REDIS_URL", "instance: cache", "18 error wrong-value sources.cache.instance"),
    ("redis, url_secret: REDIS_URL", "redis", "18 error incomplete sources.cache"),
    ("bucket: shop-uploads", "bucket: shop-osaka", "19 error source-is-destination sources.uploads.bucket"),
    ("bucket: shop-uploads", "bucket: Shop Uploads", "19 error wrong-value sources.uploads.bucket"),
    ("{type: configuration}", "{type: configuration}\n    spare: {type: firestore, project: shop}", "22 warning unused-source sources.spare"),
    ("{type: configuration}", "{type: logs, paths: []}", "21 error empty sources.settings.paths"),
    # plans
    ("source: database, class: daily", "source: databse, class: daily", "23 error unknown-source plans[0].source"),
    ("database, class: hourly", "database, class: daily", "24 error duplicate-series plans[1].class"),
    ("database, class: hourly", "database, class: every.hour", "24 error bad-id plans[1].class"),
    ("database, class: hourly", "database, class: Hourly", "24 error bad-id plans[1].class"),
    ('"15 * * * *"', '"15 25 * * *"', "24 error bad-schedule plans[1].schedule"),
    ('"15 * * * *"', '"15 * * *"', "24 error bad-schedule plans[1].schedule"),
    ('"15 * * * *"', '"0 0 30 2 *"', "24 error bad-schedule plans[1].schedule"),
    ('"15 * * * *"', '"0 15 * * * *"', "24 error bad-schedule plans[1].schedule"),
    ('"15 * * * *"', '"0 0 L * *"', "24 error bad-schedule plans[1].schedule"),
    ('"15 * * * *"', "hourly", "24 error bad-schedule plans[1].schedule"),
    ('"15 * * * *"', '"*/4 * * * *"', "24 error too-often plans[1].schedule"),
    ('"15 * * * *"', '"0,4 * * * *"', "24 error too-often plans[1].schedule"),
    ('"15 * * * *"', '"15 * * * *", zone: Etc/GMT+5', "24 warning fixed-zone plans[1].zone"),
    ("{daily: 7, weekly: 4}", "{}", "23 error keeps-nothing plans[0].keep"),
    ("{daily: 7, weekly: 4}", "{daily: 0}", "23 error keeps-nothing plans[0].keep"),
    ("{daily: 7, weekly: 4}", "{daily: 7, weekly: -1}", "23 error wrong-value plans[0].keep.weekly"),
    ("{forever: true}", "{forever: true, daily: 7}", "29 warning never-used plans[6].keep"),
    ("weekly: 4}}", "weekly: 4}, destinations: [shop-osaki]}", "23 error unknown-destination plans[0].destinations[0]"),
    ("weekly: 4}}", "weekly: 4}, destinations: [shop-osaka, shop-osaka]}", "23 error same-destination plans[0].destinations[1]"),
    ("weekly: 4}}", "weekly: 4}, destinations: [shop-osaka]}", "23 warning one-region plans[0].destinations"),
    ("weekly: 4}}", "weekly: 4}, on_change: true}", "23 error cannot-tell plans[0].on_change"),
    ("weekly: 4}}", "weekly: 4}, incremental: true}", "23 error not-incremental plans[0].incremental"),
    ("weekly: 4}}", "weekly: 4}, level: restored}", "23 error wrong-value plans[0].level"),
    ("weekly: 4}}", "weekly: 4}, replica_level: restored}", "23 error wrong-value plans[0].replica_level"),
    ("weekly: 4}}", "weekly: 4}, max_shrink: 101}", "23 error wrong-value plans[0].max_shrink"),
    ("weekly: 4}}", "weekly: 4}, max_shrink: -1}", "23 error wrong-value plans[0].max_shrink"),
    ('"0 5 * * 0", keep: {keep_days: 90}}', '"0 5 * * 0", keep: {keep_days: 90}, incremental: true}', "27 error no-base plans[4].incremental"),
    ('"0 5 * * 0", keep: {keep_days: 90}', '"0 5 * * 0", keep: {keep_days: 89}', "28 error base-too-short plans[5].keep"),
    ('"0 5 * * 0", keep: {keep_days: 90}', '"0 5 * * 0", keep: {weekly: 12}', "28 error base-too-short plans[5].keep"),
    ('"0 5 * * 0", keep: {keep_days: 90}', '"0 5 * * 0", keep: {monthly: 12}', "28 error base-too-short plans[5].keep"),
    ('"0 5 * * 0", keep: {keep_days: 90}', '"0 5 * * 0", keep: {keep_days: 90}, destinations: [shop-tokyo]', "28 error base-elsewhere plans[5].incremental"),
    ("keep_days: 90}, incremental", "daily: 91}, incremental", "28 error base-too-short plans[5].keep"),
    ("keep_days: 90}, incremental", "weekly: 13}, incremental", "28 error base-too-short plans[5].keep"),
    ("keep_days: 90}, incremental", "monthly: 3}, incremental", "28 error base-too-short plans[5].keep"),
    ("keep_days: 90}, incremental", "yearly: 1}, incremental", "28 error base-too-short plans[5].keep"),
    ("keep_days: 90}, incremental", "forever: true}, incremental", "28 error base-too-short plans[5].keep"),
    ("plans:\n", "minimum_verified: 0\n  plans:\n", "22 error wrong-value minimum_verified"),
    ("plans:\n", "max_deletions: 0\n  plans:\n", "22 error wrong-value max_deletions"),
    ("plans:\n", "reread_within: 12h\n  plans:\n", "22 error wrong-value reread_within"),
    ("plans:\n", "reread_within: 400d\n  plans:\n", "22 warning seldom-read reread_within"),
    # objectives
    ("name: All lost", "name: Database lost", "32 error duplicate-objective objectives[1].name"),
    ("sources: [database], rpo", "sources: [], rpo", "31 error empty objectives[0].sources"),
    ("sources: [database], rpo", "sources: [databas], rpo", "31 error unknown-source objectives[0].sources[0]"),
    ("rpo: 2h, rto: 30m", "severity: 1", "31 warning never-used objectives[0]"),
    ("rpo: 2h", "rpo: 59m", "31 warning rpo-missed objectives[0].rpo"),
    ("rpo: 2h", "rpo: 89m", "31 warning rpo-tight objectives[0].rpo"),
    ("rpo: 2d", "rpo: 24h", "32 warning rpo-tight objectives[1].rpo"),
    ("sources: [database], rpo", "sources: [documents], rpo", "31 warning rpo-missed objectives[0].rpo"),
    # restore tests
    ('"0 6 * * 0"', '"0 6 * *"', "34 error bad-schedule restore_test.schedule"),
    ('"0 6 * * 0"', '"* 6 * * 0"', "34 error too-often restore_test.schedule"),
    ('"0 6 * * 0"', '"0 6 1 * *"', "35 error tests-too-rare restore_test.every"),
    ("every: 8d", "every: 6d", "35 error tests-too-rare restore_test.every"),
    ("every: 8d", "zone: Etc/GMT+5", "35 warning fixed-zone restore_test.zone"),
    ("source: database, url_secret: DATABASE", "source: databsae, url_secret: DATABASE", "37 error unknown-source restore_test.targets[0].source"),
    ("source: database, url_secret: DATABASE", "source: databsae, url_secret: DATABASE", "17 warning never-restored sources.database"),
    ("source: cache, url_secret: REDIS_URL_STAGING", "source: database, url_secret: X", "38 error duplicate-target restore_test.targets[1].source"),
    ("url_secret: DATABASE_URL_STAGING", "url_secret: DATABASE_URL", "37 error target-is-source restore_test.targets[0].url_secret"),
    ("url_secret: DATABASE_URL_STAGING", "bucket: x-y-z", "37 error incomplete restore_test.targets[0]"),
    ("url_secret: DATABASE_URL_STAGING", "url_secret: 'postgresql://u:p@h/d'", "37 error secret-name restore_test.targets[0].url_secret"),
    ("url_secret: REDIS_URL_STAGING", "url_secret: REDIS_URL", "38 error target-is-source restore_test.targets[1].url_secret"),
    ("bucket: shop-staging}", "bucket: shop-uploads}", "39 error target-is-source restore_test.targets[2].bucket"),
    ("bucket: shop-staging}", "bucket: shop-osaka}", "39 error target-is-destination restore_test.targets[2].bucket"),
    ("bucket: shop-staging}", "bucket: gs://x}", "39 error wrong-value restore_test.targets[2].bucket"),
    ("bucket: shop-staging-settings}", "bucket: shop-staging}", "41 error target-shared restore_test.targets[4].bucket"),
    ("database: staging", "database: (default)", "40 error target-is-source restore_test.targets[3].database"),
    (", database: staging", "", "40 error target-is-source restore_test.targets[3].database"),
    ("project: shop, database: staging", "database: staging", "40 error incomplete restore_test.targets[3]"),
    ("firestore, project: shop", "firestore, project: shop, managed: true", "40 error incomplete restore_test.targets[3]"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), MISTAKES)
def test_a_mistake_is_found_where_it_is(old, new, expected):
    findings = found((old, new))

    shown = [
        f"{f.line} {f.severity} {f.code} {f.path.removeprefix('backup.')}"
        for f in findings
        if f.path.startswith("backup")
    ]
    assert expected in shown
    assert all(f.message.ja and f.message.en and f.message.ja != f.message.en for f in findings)


# What looks like one of the mistakes and is none.
FINE = [
    ('"15 * * * *"', '"*/5 * * * *"'),
    ('"15 * * * *"', '"0 9 * * MON-FRI"', ("rpo: 2h", "rpo: 4d")),
    ('"15 * * * *"', '"0 0 29 2 *"', ("rpo: 2h", "rpo: 25h")),
    ('"15 * * * *"', '"15 * * * *", zone: UTC'),
    ("rpo: 2h", "rpo: 90m"),
    ("rpo: 2d", "rpo: 24h30m"),
    ("rpo: 2d, rto: 4h", "rto: 4h"),
    ('"0 5 * * 0", keep: {keep_days: 90}', '"0 5 * * 0", keep: {forever: true}'),
    ('"0 5 * * 0", keep: {keep_days: 90}', '"0 5 * * 0", keep: {weekly: 13}'),
    ('"0 5 * * 0", keep: {keep_days: 90}', '"0 5 * * *", keep: {daily: 90}'),
    ("weekly: 4}}", "weekly: 4}, destinations: [shop-osaka, shop-tokyo]}"),
    ("uploads, class: weekly", "uploads, class: weekly, on_change: true"),
    ("weekly: 4}}", "weekly: 4}, max_shrink: 0}"),
    ("  sources:\n", "  key: secret:BACKUP_KEY\n  sources:\n"),
    ("  sources:\n", "  key: projects/p/locations/l/keyRings/r/cryptoKeys/k\n  sources:\n"),
    ("url_secret: DATABASE_URL", "instance: 'shop:main', database: shop"),
    ("url_secret: REDIS_URL", "instance: projects/p/locations/l/instances/i"),
    ("every: 8d", "every: 7d"),
    ("project: shop, database: staging", "project: shop-staging"),
]


@pytest.mark.parametrize("changes", FINE, ids=lambda changes: changes[1])
def test_what_is_right_is_not_complained_about(changes):
    assert found((changes[0], changes[1]), *changes[2:]) == []


def test_a_copied_bucket_beside_a_key_is_not_encrypted_by_it():
    copied = ("bucket: shop-uploads", "bucket: shop-uploads, copy: true")

    [finding] = found(copied, ("  sources:\n", "  key: secret:BACKUP_KEY\n  sources:\n"))

    assert (finding.severity, finding.code) == ("warning", "not-sealed")
    assert found(copied) == []


def test_the_gap_is_named_where_an_rpo_cannot_be_met():
    [finding] = found(("rpo: 2h", "rpo: 10m"))

    assert finding.render() == (
        "shop.yaml:31:50: warning: backup.objectives[0].rpo: Database lost: the RPO is 10m, "
        "but backups of database are up to 1h apart. [rpo-missed]"
    )
    assert "RPO は10分ですが、database のバックアップは最大1時間間隔が空きます" in finding.render(
        "ja"
    )


def test_the_plan_that_comes_most_often_decides_whether_an_rpo_can_be_met():
    [finding] = found(('"15 * * * *"', '"15 */3 * * *"'))

    assert "up to 3h apart" in finding.message.en


def test_the_plans_of_a_source_are_judged_together():
    # Twelve hours apart: each leaves a day, both together twelve hours.
    by_night = ('"15 * * * *"', '"0 14 * * *"')

    assert found(by_night, ("rpo: 2h", "rpo: 12h30m")) == []
    [finding] = found(by_night, ("rpo: 2h", "rpo: 12h"))
    assert (finding.code, "up to 12h apart" in finding.message.en) == ("rpo-tight", True)


TWO_CACHES = GOOD.replace(
    "    uploads: {type: b",
    "    sessions: {type: redis, url_secret: SESSIONS_URL}\n    uploads: {type: b",
).replace(
    "    - {source: documents, class",
    '    - {source: sessions, class: daily, schedule: "0 3 * * *", keep: {keep_days: 7}}\n'
    "    - {source: documents, class",
)
"""With a second Redis, which has no target yet."""


@pytest.mark.parametrize(
    ("target", "paths"),
    [
        ("{source: sessions, url_secret: SESSIONS_URL_STAGING}", []),
        ("{source: sessions, url_secret: REDIS_URL_STAGING}", ["url_secret"]),
        # A PostgreSQL gets a database of its own for each test.
        ("{source: sessions, url_secret: DATABASE_URL_STAGING}", ["url_secret"]),
    ],
)
def test_two_tests_do_not_load_into_one_place(target, paths):
    text = TWO_CACHES + f"      - {target}\n"

    shared = [f for f in check(parse_profile(text).profile) if f.severity == "error"]

    assert [(f.code, f.path) for f in shared] == [
        ("target-shared", f"backup.restore_test.targets[5].{path}") for path in paths
    ]


def test_two_databases_of_firestore_do_not_share_a_target_but_those_of_a_server_do():
    text = GOOD.replace("{type: configuration}", "{type: firestore, project: other}").replace(
        ", on_change: true", ""
    )
    same = text.replace("bucket: shop-staging-settings", "project: shop, database: staging")
    apart = text.replace("bucket: shop-staging-settings", "project: shop, database: staging-2")
    both = GOOD.replace("{type: configuration}", "{type: postgres, url_secret: OTHER_URL}").replace(
        ", on_change: true", ""
    )
    servers = both.replace("bucket: shop-staging-settings", "url_secret: DATABASE_URL_STAGING")

    [finding] = check(parse_profile(same).profile)
    assert (finding.code, finding.path[-20:]) == ("target-shared", ".targets[4].database")
    assert "shop/staging is the target for documents as well" in finding.message.en
    assert check(parse_profile(apart).profile) == check(parse_profile(servers).profile) == []


def test_an_rpo_knows_the_night_on_which_clocks_go_back():
    # Daily at 02:30 in New York is 25 hours once a year.
    zone = ('"0 3 * * *"', '"30 2 * * *", zone: America/New_York')

    assert found(zone, ("rpo: 2d", "rpo: 25h30m")) == []
    [finding] = found(zone, ("rpo: 2d", "rpo: 25h"))
    assert (finding.code, "1d1h apart" in finding.message.en) == ("rpo-tight", True)


def test_without_a_zone_of_its_own_a_plan_is_in_that_of_the_service():
    service = ("name: Shop,", "name: Shop, timezone: America/New_York,")

    assert found(service, ("rpo: 2d", "rpo: 25h"))[0].code == "rpo-tight"


def test_an_objective_over_a_source_that_no_plan_backs_up_is_an_error():
    findings = found(
        (
            "{type: configuration}",
            "{type: configuration}\n    spare: {type: firestore, project: x}",
        ),
        ("sources: [database], rpo", "sources: [spare], rpo"),
    )

    assert [(f.severity, f.code, f.path) for f in findings] == [
        ("error", "rpo-without-plan", "backup.objectives[0].rpo"),
        ("warning", "unused-source", "backup.sources.spare"),
    ]


def test_an_rto_needs_restore_tests_to_be_measured():
    without = parse_profile(GOOD[: GOOD.index("  restore_test:")]).profile

    assert [(f.severity, f.code, f.path) for f in check(without)] == [
        ("warning", "rto-unmeasured", "backup.objectives[0].rto"),
        ("warning", "rto-unmeasured", "backup.objectives[1].rto"),
    ]


def test_a_destination_that_no_plan_uses_is_told():
    text = GOOD.replace("{keep_days: 90}", "{keep_days: 90}, destinations: [shop-tokyo]").replace(
        "{bucket: shop-osaka", "{bucket: shop-spare, region: asia-east1}\n    - {bucket: shop-osaka"
    )

    everywhere = [f.path for f in check(parse_profile(text).profile) if "unused" in f.code]
    only_tokyo = text.replace("}}\n", "}, destinations: [shop-tokyo, shop-osaka]}\n").replace(
        "on_change: true}", "on_change: true, destinations: [shop-tokyo]}"
    )
    named = [f.path for f in check(parse_profile(only_tokyo).profile) if "unused" in f.code]

    assert everywhere == []
    assert named == ["backup.destinations[1]"]


def test_two_buckets_of_one_region_may_serve_different_plans():
    text = GOOD.replace(
        "    - {bucket: shop-osaka",
        "    - {bucket: shop-settings, region: asia-northeast1}\n    - {bucket: shop-osaka",
    )
    text = text.replace("}}\n", "}, destinations: [shop-tokyo, shop-osaka]}\n")
    text = text.replace("mental: true}", "mental: true, destinations: [shop-tokyo, shop-osaka]}")
    text = text.replace("change: true}", "change: true, destinations: [shop-settings, shop-osaka]}")

    assert check(parse_profile(text).profile) == []


def test_nothing_planned_is_an_error():
    start, end = GOOD.index("  plans:"), GOOD.index("  objectives:")
    text = GOOD[:start] + "  plans: []\n" + GOOD[end:]

    errors = [f.code for f in check(parse_profile(text).profile) if f.severity == "error"]

    assert errors[0] == "no-plans"


@pytest.mark.parametrize(
    ("old", "new", "english"),
    [
        ("source: database, class: d", "source: databse, class: d", "Did you mean database?"),
        ("sources: [database], r", "sources: [databas], r", "Did you mean database?"),
        ("source: cache, url", "source: chache, url", "Did you mean cache?"),
        ("weekly: 4}}", "weekly: 4}, destinations: [shop-osaki]}", "Did you mean shop-osaka?"),
    ],
)
def test_a_misspelt_name_gets_a_suggestion(old, new, english):
    finding = found((old, new))[0]

    assert finding.message.en.endswith(english)
    assert "もしかして" in finding.message.ja


@pytest.mark.parametrize(
    ("old", "value"),
    [
        ("url_secret: DATABASE_URL", "url_secret: 'postgresql://u:hunter2@h/d'"),
        ("url_secret: DATABASE_URL_STAGING", "url_secret: 'postgresql://u:hunter2@h/d'"),
        ("  sources:\n", "  key: hunter2\n  sources:\n"),
    ],
)
def test_a_secret_written_in_place_of_its_name_is_not_repeated(old, value):
    said = "".join(f.render("en") + f.render("ja") for f in found((old, value)))

    assert said
    assert "hunter2" not in said


def test_findings_have_file_and_line(tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_text(GOOD.replace("rpo: 2h", "rpo: 10m"))

    [finding] = check_file(path)

    assert (finding.file, finding.line) == (str(path), 31)


@pytest.mark.parametrize("keep", ["daily: 90", "weekly: 12", "monthly: 2", "keep_days: 90"])
def test_a_base_that_is_kept_as_long_as_what_builds_on_it_is_in_order(keep):
    assert "base-too-short" not in [
        f.code for f in found(("keep_days: 90}, incremental", f"{keep}}}, incremental"))
    ]


@pytest.mark.parametrize(
    ("duration", "written", "ja"),
    [
        (0, "0m", "0分"),
        (60, "1m", "1分"),
        (90_061, "1d1h1m1s", "1日1時間1分1秒"),
        (timedelta(days=7, seconds=0.5), "7d", "7日"),
    ],
)
def test_a_duration_is_said_as_profiles_write_it(duration, written, ja):
    assert exact(duration) == (ja, written)


def test_one_target_that_is_wrong_hides_nothing_of_the_next():
    findings = found(
        ("{source: database, url_secret: DATABASE_URL_STAGING}", "{source: databse, bucket: x}"),
        ("{source: uploads, bucket: shop-staging}", "{source: cache, url_secret: X}"),
    )
    codes = [(f.code, f.path) for f in findings if "targets" in f.path]
    assert ("duplicate-target", "backup.restore_test.targets[2].source") in codes
    assert any(path == "backup.restore_test.targets[0].source" for _, path in codes)
