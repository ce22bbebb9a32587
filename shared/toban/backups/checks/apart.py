"""Checking that a restore test's target is nothing that is in use, by any service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from toban.backups.section import BackupSection, RestoreTest
from toban.backups.texts import both
from toban.sources.base import StagingTarget
from toban.strictyaml.report import Report
from toban.texts import Both


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
    _check_shared(target, backup, "", backup, test.targets[:number], path, report)
    for service, other in sorted((others or {}).items()):
        _check_in_use(target, backup, service, other, path, report)
        theirs = other.restore_test.targets if other.restore_test else ()
        _check_shared(target, backup, service, other, theirs, path, report)


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
    for name, source in backup.sources.items():
        for key in _same(places, source.place()):
            report.error(
                "target-is-source",
                f"{path}.{key}",
                both("finding.backup.target-is-source", whose=_whose(service), name=name),
            )
    if target.bucket and any(target.bucket == d.bucket for d in backup.destinations):
        report.error(
            "target-is-destination",
            f"{path}.bucket",
            both(
                "finding.backup.target-is-destination", whose=_whose(service), bucket=target.bucket
            ),
        )


def _check_shared(
    target: StagingTarget,
    own: BackupSection,
    service: str,
    backup: BackupSection,
    targets: Iterable[StagingTarget],
    path: str,
    report: Report,
) -> None:
    """Two tests in one place at a time would prove each other's data."""
    mine = own.sources[target.source]
    for other in targets:
        theirs = backup.sources.get(other.source)
        if theirs is None or (mine.OWN_PLACE and theirs.OWN_PLACE):
            continue
        for key in _same(places := mine.place_of(target), theirs.place_of(other)):
            report.error(
                "target-shared",
                f"{path}.{key}",
                both(
                    "finding.backup.target-shared",
                    place=places[key],
                    source=other.source,
                    whose=_whose(service),
                ),
            )


def _same(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """The keys by which both name the same place."""
    return [key for key in sorted(one.keys() & other.keys()) if one[key] == other[key]]


def _whose(service: str) -> Both | str:
    return both("finding.backup.whose", service=service) if service else ""
