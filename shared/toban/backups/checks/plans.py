"""Checking the plans: when each source is backed up, where to and for how long."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from toban.backups.checks.names import check_source_name
from toban.backups.section import BackupPlan, BackupSection
from toban.kernel.clock.cron import BadCronError, gaps
from toban.sources.base import source_kinds
from toban.strictyaml.checks import check_id, check_zone
from toban.strictyaml.findings import did_you_mean, join
from toban.strictyaml.report import Report
from toban.strictyaml.schedules import check_schedule

_FOREVER: Final = 10**6


def check_plans(backup: BackupSection, report: Report) -> None:
    """When each source is backed up, where to, and for how long."""
    if not backup.plans:
        report.error(
            "no-plans",
            "backup.plans",
            "計画がないので何もバックアップされません。",
            "without plans nothing is ever backed up.",
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
                f"{plan.source} の {plan.class_} は backup.plans[{first}] にもあります。",
                f"{plan.source} has a class {plan.class_} already: backup.plans[{first}].",
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
                    "restored は復元試験だけが与えます。format までにしてください。",
                    "only restore tests reach restored; ask for format at most.",
                )
        if not 0 <= plan.max_shrink <= 100:
            report.error(
                "wrong-value",
                f"{path}.max_shrink",
                "0 から 100（%）にしてください。",
                "expected 0 to 100 (per cent).",
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
            report.error(
                "wrong-value", f"{path}.{name}", "0 以上にしてください。", "expected 0 or more."
            )
    if not keep.forever and not any(rules.values()):
        report.error(
            "keeps-nothing",
            path,
            "何も残りません。daily、weekly、monthly、yearly、keep_days、forever のどれかを書きます。",
            "nothing would be kept: give daily, weekly, monthly, yearly, keep_days or forever.",
        )
    elif keep.forever and any(rules.values()):
        report.warning(
            "never-used",
            path,
            "forever があるので、ほかの規則は意味を持ちません。",
            "with forever the other rules mean nothing.",
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
                f"保存先 {name!r} は定義されていません。{hint[0]}",
                f"there is no destination {name!r}.{hint[1]}",
            )
        elif name in plan.destinations[:n]:
            report.error(
                "same-destination",
                f"{path}.destinations[{n}]",
                f"{name} が二度書かれています。",
                f"{name} is named twice.",
            )
    known = [name for name in dict.fromkeys(chosen) if name in regions]
    used: dict[str, str] = {}
    for name in known:
        other = used.setdefault(regions[name], name)
        if other != name:
            report.error(
                "same-region",
                where,
                f"{other} と {name} は同じリージョン {regions[name]} です。一つの計画の保存先は"
                "リージョンを分けます。",
                f"{other} and {name} are both in {regions[name]}; the destinations of a plan must "
                "be in different regions.",
            )
    if len(used) == 1 and len(known) == 1:
        report.warning(
            "one-region",
            where,
            f"{known[0]} だけに残ります。第二のリージョンがありません。",
            f"it is kept in {known[0]} only: there is no second region.",
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
            f"{plan.source} は変わったかどうかが分からない種類です（{'、'.join(able)} だけ）。",
            f"{plan.source} cannot tell whether it changed ({_and(able)} can).",
        )
    if not plan.incremental:
        return
    if not source.INCREMENTAL:
        able = [name for name, kind in source_kinds().items() if kind.INCREMENTAL]
        report.error(
            "not-incremental",
            f"{path}.incremental",
            f"{plan.source} は増分で取れません（{'、'.join(able)} だけ）。",
            f"{plan.source} cannot be backed up incrementally; {_and([f'{n}s' for n in able])} can.",
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
            f"{plan.source} の全体（incremental でない）の計画も必要です。",
            f"it needs a full (not incremental) plan of {plan.source} to build on.",
        )
    elif not beside:
        report.error(
            "base-elsewhere",
            f"{path}.incremental",
            "全体のバックアップが同じ保存先にありません。どの保存先からも単独で戻せるようにします。",
            "the full backups are not in the same destinations; each must be able to restore alone.",
        )
    elif (longest := max(_certain_days(base) for base in beside)) < _reach_days(plan):
        report.error(
            "base-too-short",
            f"{path}.keep",
            f"増分は {_reach_days(plan)} 日残りますが、その土台は {longest} 日しか残りません。",
            f"it is kept for {_reach_days(plan)} days, but what it builds on only for {longest}.",
        )


def _and(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


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
