"""Checking whether backups are enough: recovery objectives against schedules, and restore tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from toban.backups.checks.apart import check_apart
from toban.backups.checks.names import check_source_name
from toban.backups.section import ALLOWANCE, BackupSection, Objective, RestoreTest
from toban.kernel.clock.cron import BadCronError, largest_gap
from toban.sources.base import StagingTarget
from toban.sources.naming import EXAMPLE, check_bucket_name
from toban.strictyaml.checks import check_secret_name, check_zone
from toban.strictyaml.findings import join
from toban.strictyaml.report import Report
from toban.strictyaml.schedules import check_schedule

_UNITS: Final = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def check_objectives(zone: str, backup: BackupSection, report: Report) -> None:
    """
    Every objective can be met by the schedules, and something measures it.

    `zone` is the service's. A restore point counts when it was verified, so a schedule needs to
    come round by `ALLOWANCE` more often than the recovery point objective says.
    """
    names: set[str] = set()
    for number, objective in enumerate(backup.objectives):
        path = join("backup", "objectives", number)
        if objective.name in names:
            report.error(
                "duplicate-objective",
                f"{path}.name",
                f"目標 {objective.name} がもう一つあります。",
                f"there is another objective {objective.name}.",
            )
        names.add(objective.name)
        if not objective.sources:
            report.error(
                "empty",
                f"{path}.sources",
                "何を戻すのか書かれていません。",
                "it does not say what has to be restored.",
            )
        if objective.rpo is None and objective.rto is None:
            report.warning(
                "never-used",
                path,
                "rpo も rto もないので何も確かめません。",
                "with neither rpo nor rto there is nothing to watch.",
            )
        if objective.rto is not None and backup.restore_test is None:
            report.warning(
                "rto-unmeasured",
                f"{path}.rto",
                "restore_test がないので、復旧時間は測られません。",
                "there is no restore_test, so nothing measures how long recovery takes.",
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
    Restore tests come often enough, cover every source, and never touch one.

    `others`: what the other services back up, by their ids.
    """
    test = backup.restore_test
    if test is None:
        return
    at = join("backup", "restore_test")
    check_zone(test.zone, f"{at}.zone", report)
    if check_schedule(test.schedule, f"{at}.schedule", report):
        gap = largest_gap(test.schedule, test.zone or zone)
        if gap > timedelta(seconds=test.every):
            report.error(
                "tests-too-rare",
                f"{at}.every",
                f"試験の間隔は最大 {spell(gap)} ですが、every は {spell(test.every)} です。",
                f"the tests are up to {spell(gap)} apart, but every is {spell(test.every)}.",
            )
    for number, target in enumerate(test.targets):
        path = f"{at}.targets[{number}]"
        if not check_source_name(backup, target.source, f"{path}.source", report):
            continue
        if any(target.source == other.source for other in test.targets[:number]):
            report.error(
                "duplicate-target",
                f"{path}.source",
                f"{target.source} の試験先は上にもあります。",
                f"there is a target for {target.source} already.",
            )
        _check_target(backup, target, path, report)
        check_apart(backup, test, number, path, report, others)
    _check_covered(backup, test, report)


def spell(duration: timedelta | int) -> str:
    """A duration as profiles write it, ``1d12h``; whole seconds."""
    left = int(duration.total_seconds()) if isinstance(duration, timedelta) else duration
    text = ""
    for unit, size in _UNITS:
        number, left = divmod(left, size)
        text += f"{number}{unit}" if number else ""
    return text or "0m"


def best_gap(zone: str, backup: BackupSection, source: str) -> timedelta | None:
    """
    The largest gap between slots of the plan of `source` that comes round most often.

    `zone` is the service's. None when no plan with a valid schedule backs the source up.
    """
    found: list[timedelta] = []
    for plan in backup.plans:
        if plan.source == source:
            try:
                found.append(largest_gap(plan.schedule, plan.zone or zone))
            except BadCronError:
                continue  # complained about where the schedule stands
    return min(found, default=None)


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
                f"{source} を取る計画がないので、RPO は決して守れません。",
                f"no plan backs up {source}, so the RPO is never met.",
            )
            continue
        gap = best_gap(zone, backup, source)
        if gap is not None and gap + ALLOWANCE > rpo:
            late.setdefault(gap, []).append(source)
    for gap, sources in late.items():
        japanese, english = "・".join(sources), ", ".join(sources)
        if gap > rpo:
            report.warning(
                "rpo-missed",
                f"{path}.rpo",
                f"「{objective.name}」の RPO は {spell(rpo)} ですが、{japanese} のバックアップは"
                f"最大 {spell(gap)} 空きます。",
                f"{objective.name}: the RPO is {spell(rpo)}, but backups of {english} are up to "
                f"{spell(gap)} apart.",
            )
        else:
            report.warning(
                "rpo-tight",
                f"{path}.rpo",
                f"「{objective.name}」の RPO は {spell(rpo)} で、{japanese} のバックアップは最大"
                f" {spell(gap)} 空きます。取得と検証の時間（{spell(ALLOWANCE)}）の余裕がありません。",
                f"{objective.name}: the RPO is {spell(rpo)} and backups of {english} are up to "
                f"{spell(gap)} apart, which leaves less than {spell(ALLOWANCE)} to take and verify "
                "one.",
            )


def _check_target(backup: BackupSection, target: StagingTarget, path: str, report: Report) -> None:
    if needed := backup.sources[target.source].needs(target):
        report.error(
            "incomplete",
            path,
            f"{target.source} の試験先には {needed} が必要です。",
            f"the target for {target.source} needs {needed}.",
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
                f"{name} の試験先（restore_test.targets）がなく、戻せることが確かめられません。",
                f"restore_test has no target for {name}: nothing shows that it can be restored.",
            )
