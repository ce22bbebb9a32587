"""Checking what is backed up, where to and for how long; `check_recovery` asks whether it is enough."""

from __future__ import annotations

import re
from collections.abc import Iterable

from toban.profile.check_names import SECRET_NAME, check_bucket_name, check_id, check_secret_name
from toban.profile.check_plans import check_plans
from toban.profile.check_recovery import check_objectives, check_restore_test
from toban.profile.types import (
    Backup,
    BackupSource,
    BucketSource,
    LogsSource,
    PostgresSource,
    Profile,
    RedisSource,
)
from toban.strictyaml.findings import join
from toban.strictyaml.report import Report

_KMS_KEY = re.compile(r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+")
_SQL_INSTANCE = re.compile(r"[a-z][a-z0-9-]*(:[a-z0-9-]+)+", re.ASCII)
_REDIS_INSTANCE = re.compile(r"projects/[^/]+/locations/[^/]+/instances/[^/]+")


def check_backup(profile: Profile, report: Report, others: Iterable[Profile] = ()) -> None:
    """
    Everything questionable about the `backup` section, if there is one.

    `others`: the profiles that are applied together with it.
    """
    backup = profile.backup
    if backup is None:
        return
    _check_key(backup, report)
    _check_destinations(backup, report)
    for name, source in backup.sources.items():
        _check_source(backup, name, source, report)
    check_plans(backup, report)
    _check_limits(backup, report)
    check_objectives(profile.service.timezone, backup, report)
    elsewhere = {p.service.id: p.backup for p in others if p.backup is not None}
    check_restore_test(profile.service.timezone, backup, report, elsewhere)


def _check_key(backup: Backup, report: Report) -> None:
    kind, colon, name = backup.key.partition(":")
    if not backup.key or _KMS_KEY.fullmatch(backup.key):
        return
    if colon and kind == "secret" and SECRET_NAME.fullmatch(name):
        return
    # The value itself may be a key and is not repeated.
    report.error(
        "bad-key",
        "backup.key",
        "Cloud KMS の鍵（projects/…/locations/…/keyRings/…/cryptoKeys/…）か secret:名前 を書きます。",
        "expected a Cloud KMS key (projects/…/locations/…/keyRings/…/cryptoKeys/…) or secret:NAME.",
    )


def _check_destinations(backup: Backup, report: Report) -> None:
    if not backup.destinations:
        report.error(
            "no-destination",
            "backup.destinations",
            "保存先がありません。",
            "there is nowhere to keep backups.",
        )
    buckets: set[str] = set()
    for number, destination in enumerate(backup.destinations):
        path = join("backup", "destinations", number)
        check_bucket_name(destination.bucket, f"{path}.bucket", report)
        if not destination.region.strip():
            report.error("empty", f"{path}.region", "リージョンが空です。", "the region is empty.")
        if destination.bucket in buckets:
            report.error(
                "same-destination",
                f"{path}.bucket",
                f"バケット {destination.bucket} は上にもあります。",
                f"the bucket {destination.bucket} is a destination already.",
            )
        buckets.add(destination.bucket)
        if backup.plans and not any(
            not plan.destinations or destination.bucket in plan.destinations
            for plan in backup.plans
        ):
            report.warning(
                "unused-destination",
                path,
                f"{destination.bucket} を使う計画がありません。",
                f"no plan uses {destination.bucket}.",
            )


def _check_source(backup: Backup, name: str, source: BackupSource, report: Report) -> None:
    path = join("backup", "sources", name)
    check_id(name, path, report)
    if not any(plan.source == name for plan in backup.plans):
        report.warning(
            "unused-source",
            path,
            f"{name} を取る計画がありません。",
            f"no plan ever backs up {name}.",
        )
    if isinstance(source, BucketSource):
        check_bucket_name(source.bucket, f"{path}.bucket", report)
        if any(source.bucket == destination.bucket for destination in backup.destinations):
            report.error(
                "source-is-destination",
                f"{path}.bucket",
                f"{source.bucket} は保存先でもあります。",
                f"{source.bucket} is a destination as well.",
            )
        if source.copy and backup.key:
            report.warning(
                "not-sealed",
                f"{path}.copy",
                "copy: true の内容は key で暗号化されず、バケットの保存時の暗号化だけになります。",
                "with copy: true content is not encrypted by key, only at rest by the bucket's own.",
            )
    elif isinstance(source, PostgresSource | RedisSource):
        _check_server(source, path, report)
    elif isinstance(source, LogsSource) and not source.paths:
        report.error("empty", f"{path}.paths", "パスがありません。", "there are no paths.")


def _check_server(source: PostgresSource | RedisSource, path: str, report: Report) -> None:
    if bool(source.url_secret) == bool(source.instance):
        report.error(
            "incomplete",
            path,
            "url_secret か instance のどちらか一つが必要です。",
            "it needs either url_secret or instance.",
        )
    if source.url_secret:
        check_secret_name(source.url_secret, f"{path}.url_secret", report)
    if not source.instance:
        return
    if isinstance(source, RedisSource):
        form, pattern = "projects/…/locations/…/instances/…", _REDIS_INSTANCE
    else:
        form, pattern = "project:instance", _SQL_INSTANCE
        if not source.database:
            report.error(
                "incomplete",
                path,
                "instance には database も必要です。",
                "instance needs database as well.",
            )
    if not pattern.fullmatch(source.instance):
        report.error(
            "wrong-value",
            f"{path}.instance",
            f"{form} の形で書きます: {source.instance!r}",
            f"expected {form}, got {source.instance!r}.",
        )


def _check_limits(backup: Backup, report: Report) -> None:
    for name, number in (
        ("minimum_verified", backup.minimum_verified),
        ("max_deletions", backup.max_deletions),
    ):
        if number < 1:
            report.error("wrong-value", f"backup.{name}", "1 以上にしてください。", "at least 1.")
