"""Checking the section `backup`: what is backed up, where to and for how long."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

import msgspec

from toban.backups.checks.plans import check_plans
from toban.backups.checks.recovery import check_objectives, check_restore_test
from toban.backups.section import BACKUP, BackupSection
from toban.backups.texts import both
from toban.profile.context import CheckContext
from toban.profile.environments import environments
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.sources.base import BackupStorage, SourceSection
from toban.sources.naming import check_bucket_name
from toban.strictyaml.checks import SECRET_NAME, check_id
from toban.strictyaml.findings import did_you_mean, join
from toban.strictyaml.report import Report

SHORTEST_REREADS: Final = timedelta(days=1)
LONGEST_REREADS: Final = timedelta(days=366)
_KMS_KEY = re.compile(r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+")


def check(profile: Profile, report: Report, context: CheckContext) -> None:
    """Note everything questionable about the section `backup`, if there is one."""
    backup = profile[BACKUP]
    if backup is None:
        return
    _check_key(backup, report)
    _check_destinations(backup, report)
    storage = BackupStorage(frozenset(d.bucket for d in backup.destinations), bool(backup.key))
    for name, source in backup.sources.items():
        _check_source(backup, name, source, storage, report)
        _check_environment(profile, name, source, report)
    check_plans(backup, report)
    _check_limits(backup, report)
    zone = profile[SERVICE].timezone
    check_objectives(zone, backup, report)
    elsewhere = {
        other[SERVICE].id: theirs
        for other in context.others
        if (theirs := other[BACKUP]) is not None
    }
    check_restore_test(zone, backup, report, elsewhere)


def _check_key(backup: BackupSection, report: Report) -> None:
    former = () if backup.former_keys is msgspec.UNSET else backup.former_keys
    if backup.key and not _is_key(backup.key):
        # The value itself may be a key and is not repeated.
        report.error("bad-key", "backup.key", both("finding.backup.bad-key"))
    for number, key in enumerate(former):
        place = f"backup.former_keys[{number}]"
        if not _is_key(key):
            report.error("bad-key", place, both("finding.backup.bad-key"))
        elif key == backup.key or key in former[:number]:
            report.error("twice", place, both("finding.backup.key-twice"))
    if former and not backup.key:
        report.error("no-key", "backup.former_keys", both("finding.backup.only-former-keys"))


def _is_key(reference: str) -> bool:
    kind, colon, name = reference.partition(":")
    is_secret = bool(colon) and kind == "secret" and SECRET_NAME.fullmatch(name) is not None
    return is_secret or _KMS_KEY.fullmatch(reference) is not None


def _check_destinations(backup: BackupSection, report: Report) -> None:
    if not backup.destinations:
        report.error(
            "no-destination",
            "backup.destinations",
            both("finding.backup.no-destination"),
        )
    buckets: set[str] = set()
    for number, destination in enumerate(backup.destinations):
        path = join("backup", "destinations", number)
        check_bucket_name(destination.bucket, f"{path}.bucket", report)
        if not destination.region.strip():
            report.error("empty", f"{path}.region", both("finding.backup.empty"))
        if destination.bucket in buckets:
            report.error(
                "same-destination",
                f"{path}.bucket",
                both("finding.backup.same-destination", bucket=destination.bucket),
            )
        buckets.add(destination.bucket)
        if backup.plans and not any(
            not plan.destinations or destination.bucket in plan.destinations
            for plan in backup.plans
        ):
            report.warning(
                "unused-destination",
                path,
                both("finding.backup.unused-destination", bucket=destination.bucket),
            )


def _check_source(
    backup: BackupSection, name: str, source: SourceSection, storage: BackupStorage, report: Report
) -> None:
    path = join("backup", "sources", name)
    check_id(name, path, report)
    if not any(plan.source == name for plan in backup.plans):
        report.warning(
            "unused-source",
            path,
            both("finding.backup.unused-source", name=name),
        )
    source.check(path, report, storage)


def _check_environment(profile: Profile, name: str, source: SourceSection, report: Report) -> None:
    known = environments(profile[SERVICE])
    if source.environment and source.environment not in known:
        hint = did_you_mean(source.environment, known)
        report.error(
            "unknown-environment",
            join("backup", "sources", name, "environment"),
            both(
                "finding.backup.unknown-environment",
                environment=repr(source.environment),
                hint=hint,
            ),
        )


def _check_limits(backup: BackupSection, report: Report) -> None:
    for name, number in (
        ("minimum_verified", backup.minimum_verified),
        ("max_deletions", backup.max_deletions),
    ):
        if number < 1:
            report.error("wrong-value", f"backup.{name}", both("finding.backup.wrong-value"))
    if backup.rereads < SHORTEST_REREADS:
        report.error("wrong-value", "backup.reread_within", both("finding.backup.reread-too-often"))
    if backup.rereads > LONGEST_REREADS:
        report.warning("seldom-read", "backup.reread_within", both("finding.backup.seldom-read"))
