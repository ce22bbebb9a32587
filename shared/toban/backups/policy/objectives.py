"""
How much could be lost now, and how long recovery takes, against what was promised. Pure.

A restore point counts from the moment whose data it holds (`snapshot_at`), not from when it was
written, and only once it is verified. What a plan's schedule can never reach is told apart from
what was missed: the first is a gap in the design (`toban check` names it), the second is trouble.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from toban.backups.policy.restores import TestHistory
from toban.backups.section import ALLOWANCE, BACKUP, BackupPlan, BackupSection, Objective
from toban.kernel.clock.cron import CronSchedule, largest_gap, largest_gap_of
from toban.kernel.clock.skew import is_future, not_ahead
from toban.profile.profile import Profile
from toban.profile.section import SERVICE

RpoStatus = Literal["met", "missed", "unreachable", "not-watched"]
"""``unreachable``: as fresh as the schedule allows, and that is older than promised."""
RtoStatus = Literal["met", "missed", "untested", "not-watched"]


class ObjectiveState(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one objective: what could be lost now, and how long recovery takes."""

    service: str
    objective: str
    sources: list[str]
    severity: int
    rpo_s: int | None
    rpo_status: RpoStatus
    restore_point: datetime | None
    """The oldest of the sources' newest verified restore points; None: one has none."""
    age_s: float | None
    """What would be lost if it happened now, in seconds."""
    backups: list[str]
    """The backups that recovery would use."""
    rto_s: int | None
    rto_status: RtoStatus
    measured_s: float | None
    """The slowest source's newest restore test that passed, in seconds."""


class OverdueSeries(msgspec.Struct, frozen=True, kw_only=True):
    """A series without success for too long."""

    source: str
    class_: str
    last: datetime | None
    allowed_s: int


class NewestBackup(msgspec.Struct, frozen=True, kw_only=True):
    """The newest verified backup of a series in the catalogue."""

    backup_id: str = ""
    point: datetime | None = None
    """What it holds; later when an `on_change` plan has found nothing new since."""


SeriesKey = tuple[str, str]
"""Source and class."""


def assess(
    profile: Profile,
    newest: Mapping[SeriesKey, NewestBackup],
    tested: Mapping[str, TestHistory],
    now: datetime,
) -> list[ObjectiveState]:
    """
    Return the state of every objective of a profile, from its newest restore points and restore
    tests.
    """
    section = profile[BACKUP]
    if section is None:
        return []
    return [
        _state(profile, section, objective, newest, tested, now) for objective in section.objectives
    ]


def _state(
    profile: Profile,
    section: BackupSection,
    objective: Objective,
    newest: Mapping[SeriesKey, NewestBackup],
    tested: Mapping[str, TestHistory],
    now: datetime,
) -> ObjectiveState:
    best = [_best(source, newest, now) for source in objective.sources]
    points = [found.point for found in best]
    known = [point for point in points if point is not None]
    point = min(known) if known and len(known) == len(points) else None
    age = max(0.0, (now - point) / timedelta(seconds=1)) if point else None
    times = [_measured(source, tested, now) for source in objective.sources]
    measured = max((t for t in times if t is not None), default=None)
    if None in times:
        measured = None
    return ObjectiveState(
        service=profile[SERVICE].id,
        objective=objective.name,
        sources=list(objective.sources),
        severity=objective.severity,
        rpo_s=objective.rpo,
        rpo_status=_rpo(profile, section, objective, age),
        restore_point=point,
        age_s=age,
        backups=[found.backup_id for found in best if found.backup_id],
        rto_s=objective.rto,
        rto_status=(
            "not-watched"
            if objective.rto is None
            else "untested"
            if measured is None or section.restore_test is None
            else "met"
            if measured <= objective.rto
            else "missed"
        ),
        measured_s=measured,
    )


def _best(source: str, newest: Mapping[SeriesKey, NewestBackup], now: datetime) -> NewestBackup:
    found = [n for (s, _), n in newest.items() if s == source and not_ahead(n.point, now)]
    return max(found, key=lambda n: (n.point, n.backup_id), default=NewestBackup())


def _measured(source: str, tested: Mapping[str, TestHistory], now: datetime) -> float | None:
    passed = [
        t
        for key, t in tested.items()
        if key.startswith(f"{source}@") and not_ahead(t.passed_at, now)
    ]
    if not passed:
        return None
    return max(t.seconds for t in passed)


def _rpo(
    profile: Profile, section: BackupSection, objective: Objective, age: float | None
) -> RpoStatus:
    if objective.rpo is None or not objective.sources:
        return "not-watched"
    if age is not None and age <= objective.rpo:
        return "met"
    reach = [_reach(profile, section, source) for source in objective.sources]
    if None in reach:
        return "unreachable"  # a source without a plan
    worst = max(r for r in reach if r is not None)
    if worst > objective.rpo and age is not None and age <= worst:
        return "unreachable"
    return "missed"


def _reach(profile: Profile, section: BackupSection, source: str) -> float | None:
    """How old a source's newest restore point may become by its plans together, in seconds."""
    plans = [plan for plan in section.plans if plan.source == source]
    if not plans:
        return None
    return (plans_gap(plans, profile[SERVICE].timezone) + ALLOWANCE) / timedelta(seconds=1)


def plans_gap(plans: Iterable[BackupPlan], zone: str) -> timedelta:
    """
    Return the longest time in which none of some plans has a slot; `zone` is the service's.

    Any plan makes a restore point of its source: two that are daily, twelve hours apart, leave
    twelve hours. Raises `BadCronError`, and `ValueError` for no plan.
    """
    schedules = {CronSchedule(plan.schedule, plan.zone or zone) for plan in plans}
    return largest_gap_of(tuple(sorted(schedules)))


def allowed(profile: Profile, plan: BackupPlan) -> float:
    """Return the seconds that may pass between two successes of a plan before it is overdue."""
    zone = plan.zone or profile[SERVICE].timezone
    return (largest_gap(plan.schedule, zone) + ALLOWANCE) / timedelta(seconds=1)


def overdue(
    profile: Profile, newest: Mapping[SeriesKey, NewestBackup], since: datetime, now: datetime
) -> list[OverdueSeries]:
    """
    Return the series without success for longer than their schedule's largest gap and an
    allowance.

    `since`: when the profile was applied; nothing is overdue before there was time for a first.
    When a clock that was ahead wrote it, that time is unknown and the series is overdue.
    """
    section = profile[BACKUP]
    late = []
    for plan in section.plans if section else ():
        limit = allowed(profile, plan)
        last = not_ahead(newest.get((plan.source, plan.class_), NewestBackup()).point, now)
        from_ = last or not_ahead(since, now)
        if from_ is None or (now - from_) / timedelta(seconds=1) > limit:
            late.append(
                OverdueSeries(
                    source=plan.source, class_=plan.class_, last=last, allowed_s=int(limit)
                )
            )
    return late


class UntestedSource(msgspec.Struct, frozen=True, kw_only=True):
    """A source whose restore test is overdue, and since when none has passed."""

    source: str
    last: datetime


def last_passed(source: str, tested: Mapping[str, TestHistory], now: datetime) -> datetime | None:
    """
    Return when a restore test of a source passed last, in whichever region; None: never.

    One that passed ahead of now does not count: its clock was wrong.
    """
    passed = [
        history.passed_at
        for key, history in tested.items()
        if key.startswith(f"{source}@") and not_ahead(history.passed_at, now)
    ]
    return max((at for at in passed if at is not None), default=None)


def untested(
    profile: Profile, tested: Mapping[str, TestHistory], since: datetime, now: datetime
) -> list[UntestedSource]:
    """
    Return the sources of which no restore test has passed for longer than the profile allows.

    Counted from the last one that passed, or `since` (the profile was applied).
    """
    section = profile[BACKUP]
    test = section.restore_test if section else None
    late = []
    for target in test.targets if test else ():
        last = last_passed(target.source, tested, now) or since
        if test is not None and (now - last > test.every_of(target) or is_future(last, now)):
            late.append(UntestedSource(source=target.source, last=last))
    return late
