"""Checking the plans: when each source is backed up, where to and for how long."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from toban.backups.checks.names import check_source_name
from toban.backups.section import BackupPlan, BackupSection
from toban.backups.texts import both
from toban.kernel.clock.cron import BadCronError, gaps
from toban.sources.base import source_kinds
from toban.strictyaml.checks import check_id, check_zone
from toban.strictyaml.findings import did_you_mean, join
from toban.strictyaml.report import Report
from toban.strictyaml.schedules import check_schedule
from toban.texts import Both

_FOREVER: Final = 10**6


def check_plans(backup: BackupSection, report: Report) -> None:
    """Check when each source is backed up, where to, and for how long."""
    if not backup.plans:
        report.error(
            "no-plans",
            "backup.plans",
            both("finding.backup.no-plans"),
        )
    seen: dict[tuple[str, str], int] = {}
    for number, plan in enumerate(backup.plans):
        path = join("backup", "plans", number)
        check_id(plan.class_, f"{path}.class", report)
        check_source_name(backup, plan.source, f"{path}.source", report)
        first = seen.setdefault((plan.source, plan.class_), number)
        if first != number:
            report.error(
                "duplicate-series",
                f"{path}.class",
                both(
                    "finding.backup.duplicate-series",
                    source=plan.source,
                    class_=plan.class_,
                    first=first,
                ),
            )
        check_schedule(plan.schedule, f"{path}.schedule", report)
        check_zone(plan.zone, f"{path}.zone", report)
        _check_keep(plan, f"{path}.keep", report)
        _check_plan_destinations(backup, plan, path, report)
        _check_kind(backup, plan, path, report)
        for name, level in (("level", plan.level), ("replica_level", plan.replica_level)):
            if level == "restored":
                report.error(
                    "wrong-value",
                    f"{path}.{name}",
                    both("finding.backup.wrong-value.2"),
                )
        if not 0 <= plan.max_shrink <= 100:
            report.error(
                "wrong-value",
                f"{path}.max_shrink",
                both("finding.backup.wrong-value.max_shrink"),
            )


def _check_keep(plan: BackupPlan, path: str, report: Report) -> None:
    keep = plan.keep
    rules = {
        "daily": keep.daily,
        "weekly": keep.weekly,
        "monthly": keep.monthly,
        "yearly": keep.yearly,
        "keep_days": keep.keep_days,
    }
    for name, number in rules.items():
        if number < 0:
            report.error("wrong-value", f"{path}.{name}", both("finding.backup.not-negative"))
    if not keep.forever and not any(rules.values()):
        report.error(
            "keeps-nothing",
            path,
            both("finding.backup.keeps-nothing"),
        )
    elif keep.forever and any(rules.values()):
        report.warning(
            "never-used",
            path,
            both("finding.backup.never-used"),
        )


def _check_plan_destinations(
    backup: BackupSection, plan: BackupPlan, path: str, report: Report
) -> None:
    regions = {destination.bucket: destination.region for destination in backup.destinations}
    chosen = plan.destinations or tuple(regions)
    where = f"{path}.destinations" if plan.destinations else "backup.destinations"
    for n, name in enumerate(plan.destinations):
        if name not in regions:
            hint = did_you_mean(name, regions)
            report.error(
                "unknown-destination",
                f"{path}.destinations[{n}]",
                both("finding.backup.unknown-destination", name=repr(name), hint=hint),
            )
        elif name in plan.destinations[:n]:
            report.error(
                "same-destination",
                f"{path}.destinations[{n}]",
                both("finding.backup.same-destination.destinations", name=name),
            )
    known = [name for name in dict.fromkeys(chosen) if name in regions]
    used: dict[str, str] = {}
    for name in known:
        # Google writes ASIA-NORTHEAST1 in its answers, and takes either.
        other = used.setdefault(regions[name].strip().casefold(), name)
        if other != name:
            report.error(
                "same-region",
                where,
                both("finding.backup.same-region", other=other, name=name, region=regions[name]),
            )
    if len(used) == 1 and len(known) == 1:
        report.warning(
            "one-region",
            where,
            both("finding.backup.one-region", name=known[0]),
        )


def _check_kind(backup: BackupSection, plan: BackupPlan, path: str, report: Report) -> None:
    source = backup.sources.get(plan.source)
    if source is None:
        return
    if plan.on_change and not source.TELLS_CHANGE:
        able = [name for name, kind in source_kinds().items() if kind.TELLS_CHANGE]
        report.error(
            "cannot-tell",
            f"{path}.on_change",
            both("finding.backup.cannot-tell", source=plan.source, able=_listed(able)),
        )
    if not plan.incremental:
        return
    if not source.INCREMENTAL:
        able = [name for name, kind in source_kinds().items() if kind.INCREMENTAL]
        report.error(
            "not-incremental",
            f"{path}.incremental",
            both("finding.backup.not-incremental", source=plan.source, able=_listed(able, "s")),
        )
        return
    bases = [p for p in backup.plans if p.source == plan.source and not p.incremental]
    everywhere = tuple(d.bucket for d in backup.destinations)
    beside = [
        base
        for base in bases
        if set(plan.destinations or everywhere) <= set(base.destinations or everywhere)
    ]
    if not bases:
        report.error(
            "no-base",
            f"{path}.incremental",
            both("finding.backup.no-base", source=plan.source),
        )
    elif not beside:
        report.error(
            "base-elsewhere",
            f"{path}.incremental",
            both("finding.backup.base-elsewhere"),
        )
    elif (longest := max(_certain_days(base) for base in beside)) < _reach_days(plan):
        report.error(
            "base-too-short",
            f"{path}.keep",
            both("finding.backup.base-too-short", plan=_reach_days(plan), longest=longest),
        )


def _listed(names: list[str], ending: str = "") -> Both:
    """The names as a sentence has them; `ending`: what makes an English one plural."""
    *most, last = (name + ending for name in names)
    return Both("、".join(names), " and ".join(filter(None, (", ".join(most), last))))


def _reach_days(plan: BackupPlan) -> int:
    """How old a backup of the plan may become, at most, in days."""
    keep = plan.keep
    if keep.forever:
        return _FOREVER
    return max(keep.keep_days, keep.daily, keep.weekly * 7, keep.monthly * 31, keep.yearly * 366)


def _certain_days(plan: BackupPlan) -> int:
    """For how many days every backup of the plan is kept (not only the newest of each period)."""
    keep = plan.keep
    if keep.forever:
        return _FOREVER
    days = keep.keep_days
    try:
        shortest = gaps(plan.schedule, "UTC").smallest
    except BadCronError:
        return days
    # At most one backup in each period: then none of them is thinned out.
    for length, periods in ((1, keep.daily), (7, keep.weekly), (28, keep.monthly)):
        if shortest >= timedelta(days=length):
            days = max(days, length * periods)
    return days
