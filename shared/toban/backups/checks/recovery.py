"""Checking whether backups are enough: recovery objectives against schedules, and restore tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from toban.backups.checks.apart import check_apart
from toban.backups.checks.names import check_source_name
from toban.backups.policy.objectives import plans_gap
from toban.backups.section import ALLOWANCE, BackupSection, Objective, RestoreTest
from toban.backups.texts import both
from toban.kernel.clock.cron import BadCronError, gaps, largest_gap
from toban.kernel.i18n import exact
from toban.sources.base import StagingTarget
from toban.sources.naming import EXAMPLE, check_bucket_name
from toban.strictyaml.checks import check_secret_name, check_zone
from toban.strictyaml.findings import join
from toban.strictyaml.report import Report
from toban.strictyaml.schedules import check_schedule
from toban.texts import Both


def check_objectives(zone: str, backup: BackupSection, report: Report) -> None:
    """
    Check that every objective can be met by the schedules, and that something measures it.

    `zone` is the service's. A restore point counts when it was verified, so a schedule must
    recur `ALLOWANCE` more often than the recovery point objective says.
    """
    names: set[str] = set()
    for number, objective in enumerate(backup.objectives):
        path = join("backup", "objectives", number)
        if objective.name in names:
            report.error(
                "duplicate-objective",
                f"{path}.name",
                both("finding.backup.duplicate-objective", name=objective.name),
            )
        names.add(objective.name)
        if not objective.sources:
            report.error(
                "empty",
                f"{path}.sources",
                both("finding.backup.empty.sources"),
            )
        if objective.rpo is None and objective.rto is None:
            report.warning(
                "never-used",
                path,
                both("finding.backup.nothing-to-watch"),
            )
        if objective.rto is not None and backup.restore_test is None:
            report.warning(
                "rto-unmeasured",
                f"{path}.rto",
                both("finding.backup.rto-unmeasured"),
            )
        for n, name in enumerate(objective.sources):
            check_source_name(backup, name, f"{path}.sources[{n}]", report)
        _check_rpo(zone, backup, objective, path, report)


def check_restore_test(
    zone: str,
    backup: BackupSection,
    report: Report,
    others: Mapping[str, BackupSection] | None = None,
) -> None:
    """
    Check that restore tests are frequent enough, cover every source, and never touch one.

    `others`: what the other services back up, by their ids.
    """
    test = backup.restore_test
    if test is None:
        return
    at = join("backup", "restore_test")
    check_zone(test.zone, f"{at}.zone", report)
    if check_schedule(test.schedule, f"{at}.schedule", report):
        gap = largest_gap(test.schedule, test.zone or zone)
        asked = {f"{at}.every": test.every} | {
            f"{at}.targets[{number}].every": target.every
            for number, target in enumerate(test.targets)
            if target.every is not msgspec.UNSET
        }
        for path, every in asked.items():
            if gap > timedelta(seconds=every):
                report.error(
                    "tests-too-rare",
                    path,
                    both("finding.backup.tests-too-rare", gap=exact(gap), every=exact(every)),
                )
    for number, target in enumerate(test.targets):
        path = f"{at}.targets[{number}]"
        if not check_source_name(backup, target.source, f"{path}.source", report):
            continue
        if any(target.source == other.source for other in test.targets[:number]):
            report.error(
                "duplicate-target",
                f"{path}.source",
                both("finding.backup.duplicate-target", source=target.source),
            )
        _check_target(backup, target, path, report)
        check_apart(backup, test, number, path, report, others)
    _check_covered(backup, test, report)


def best_gap(zone: str, backup: BackupSection, source: str) -> timedelta | None:
    """
    Return the longest time in which no plan of `source` has a slot.

    `zone` is the service's. None when no plan with a valid schedule backs the source up.
    """
    plans = [p for p in backup.plans if p.source == source and _is_schedule(p.schedule)]
    return plans_gap(plans, zone) if plans else None


def _is_schedule(cron: str) -> bool:
    """Whether it is one; it is complained about where it stands."""
    try:
        gaps(cron, "UTC")
    except BadCronError:
        return False
    return True


def _check_rpo(
    zone: str, backup: BackupSection, objective: Objective, path: str, report: Report
) -> None:
    if objective.rpo is None:
        return
    rpo = timedelta(seconds=objective.rpo)
    late: dict[timedelta, list[str]] = {}
    for source in objective.sources:
        if source not in backup.sources:
            continue
        if not any(plan.source == source for plan in backup.plans):
            report.error(
                "rpo-without-plan",
                f"{path}.rpo",
                both("finding.backup.rpo-without-plan", source=source),
            )
            continue
        gap = best_gap(zone, backup, source)
        if gap is not None and gap + ALLOWANCE > rpo:
            late.setdefault(gap, []).append(source)
    for gap, sources in late.items():
        said = {
            "objective": objective.name,
            "rpo": exact(rpo),
            "gap": exact(gap),
            "sources": Both("・".join(sources), ", ".join(sources)),
        }
        if gap > rpo:
            report.warning(
                "rpo-missed",
                f"{path}.rpo",
                both("finding.backup.rpo-missed", **said),
            )
        else:
            report.warning(
                "rpo-tight",
                f"{path}.rpo",
                both("finding.backup.rpo-tight", **said, allowance=exact(ALLOWANCE)),
            )


def _check_target(backup: BackupSection, target: StagingTarget, path: str, report: Report) -> None:
    if needed := backup.sources[target.source].needs(target):
        report.error(
            "incomplete",
            path,
            both("finding.backup.incomplete", source=target.source, needed=needed),
        )
    if target.url_secret:
        check_secret_name(target.url_secret, EXAMPLE, f"{path}.url_secret", report)
    if target.bucket:
        check_bucket_name(target.bucket, f"{path}.bucket", report)


def _check_covered(backup: BackupSection, test: RestoreTest, report: Report) -> None:
    covered = {target.source for target in test.targets}
    for name in backup.sources:
        planned = any(plan.source == name for plan in backup.plans)
        if planned and name not in covered:
            report.warning(
                "never-restored",
                join("backup", "sources", name),
                both("finding.backup.never-restored", name=name),
            )
