"""Checking that a restore test's target is nothing that is in use, by any service."""

from __future__ import annotations

from collections.abc import Mapping

from toban.backups.section import BackupSection, RestoreTest
from toban.backups.texts import both
from toban.sources.base import StagingTarget
from toban.strictyaml.report import Report


def check_apart(
    backup: BackupSection,
    test: RestoreTest,
    number: int,
    path: str,
    report: Report,
    others: Mapping[str, BackupSection] | None = None,
) -> None:
    """Check that a test's target is not in use: no source, no destination, no other target."""
    target = test.targets[number]
    _check_in_use(target, backup, "", backup, path, report)
    for service, other in sorted((others or {}).items()):
        _check_in_use(target, backup, service, other, path, report)
    for earlier in test.targets[:number]:
        if target.bucket and target.bucket == earlier.bucket:
            report.error(
                "target-shared",
                f"{path}.bucket",
                both("finding.backup.target-shared", bucket=target.bucket, source=earlier.source),
            )


def _check_in_use(
    target: StagingTarget,
    own: BackupSection,
    service: str,
    backup: BackupSection,
    path: str,
    report: Report,
) -> None:
    """`service`: whose `backup` section is looked at; empty: the target's own."""
    places = own.sources[target.source].place_of(target)
    whose = both("finding.backup.whose", service=service) if service else ""
    for name, source in backup.sources.items():
        taken = source.place()
        for key in sorted(places.keys() & taken.keys()):
            if places[key] == taken[key]:
                report.error(
                    "target-is-source",
                    f"{path}.{key}",
                    both("finding.backup.target-is-source", whose=whose, name=name),
                )
    if target.bucket and any(target.bucket == d.bucket for d in backup.destinations):
        report.error(
            "target-is-destination",
            f"{path}.bucket",
            both("finding.backup.target-is-destination", whose=whose, bucket=target.bucket),
        )
