"""Starting a backup that is due: one document for one slot, and the first step."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from toban.backups.catalogue.plans import ResolvedPlan, backup_id, find_plan, newest_slot_of
from toban.backups.documents import Backup, Copy, SeriesState, series_id
from toban.backups.policy.copies import best_base
from toban.backups.section import environment_of_source
from toban.backups.storage.layout import prefix
from toban.backups.work.commands import on_command
from toban.events import CommandIssued
from toban.events.backups import BackupDue, BackupStepDue
from toban.kernel import log
from toban.kernel.clock.skew import is_future, not_ahead
from toban.kernel.event import timestamp
from toban.kernel.handling.decision import Decision
from toban.kernel.handling.handle import Handlers
from toban.kernel.work import Work
from toban.profile.store import CurrentProfile, current

MAX_CHAIN: Final = 100
"""Backups that one may build on; then a full one begins anew."""


def on_due(due: BackupDue, work: Work) -> None:
    """
    Start the backup of the slot that is due, unless it was started or the series is busy.

    A slot is its own key: however often, late or out of order its message comes, it is one
    backup. What a clock that was ahead has left in the series (a newest slot, a backup that
    runs) blocks nothing. A person is told what came of the request (`Work.answer`).
    """
    profile = current(work).get(due.service)
    planned = find_plan(profile.profile, due.source, due.class_) if profile else None
    if profile is None or planned is None:
        _skip("no-plan", "slot skipped: backup plan no longer exists", due, work)
        return
    slot = _slot(due, planned, work)
    if slot is None:
        _skip("no-slot", "slot skipped: the plan's schedule has none yet", due, work)
        return
    key = series_id(due.service, due.source, due.class_)
    series = work.get(SeriesState, key) or SeriesState(
        id=key, service=due.service, source=due.source, class_=due.class_
    )
    id = backup_id(due.service, due.source, due.class_, slot)
    newest = not_ahead(series.newest_slot, work.now)
    if newest is None and series.newest_slot is not None:
        at = timestamp(series.newest_slot)
        log.warning("newest slot ahead of now: ignored", newest_slot=at, **_named(due))
    if _is_running(series, work):
        # A run whose holder is gone is ended by `watch_backups`; two at once would only slow
        # each other down, and the one under way is as fresh.
        which = (
            "its backup still running" if id == series.running else "previous backup still running"
        )
        _skip("running", f"slot skipped: {which}", due, work, backup=series.running)
        return
    passed = newest is not None and slot <= newest
    if passed or work.get_assuming_new(Backup, id) is not None:
        _skip("taken", "slot skipped: already taken, or a later one", due, work, backup=id)
        return
    backup = _backup(due, slot, planned, profile, work)
    series.newest_slot = slot
    series.running = backup.id
    work.put(series)
    work.create(backup)
    work.emit(BackupStepDue(step=0, **backup.named))
    if due.requested_by:
        work.answer(outcome="started", backup=backup.id)


def _skip(outcome: str, reason: str, due: BackupDue, work: Work, backup: str = "") -> None:
    """Say that nothing is started: on the log, and to the person who asked."""
    log.warning(reason, **_named(due), **({"backup": backup} if backup else {}))
    if due.requested_by:
        work.answer(outcome=outcome, backup=backup)


def _is_running(series: SeriesState, work: Work) -> bool:
    if not series.running:
        return False
    backup = work.get(Backup, series.running)
    if backup is None or backup.status != "running":
        return False
    if backup.is_ahead(work.now):
        log.warning("previous backup dated ahead of now: not waited for", backup=backup.id)
        return False
    return True


def _slot(due: BackupDue, planned: ResolvedPlan, work: Work) -> datetime | None:
    at = due.asked_at or work.event.time
    if is_future(at, work.now):
        log.warning("request dated ahead of now: now taken instead", **_named(due))
        at = work.now
    if due.requested_by:
        return at.replace(microsecond=0)
    return newest_slot_of(planned, at)


def _backup(
    due: BackupDue, slot: datetime, planned: ResolvedPlan, profile: CurrentProfile, work: Work
) -> Backup:
    id = backup_id(due.service, due.source, due.class_, slot)
    base = _base(due, planned, work) if planned.plan.incremental else None
    return Backup(
        id=id,
        service=due.service,
        source=due.source,
        class_=due.class_,
        kind=planned.spec.kind,
        environment=environment_of_source(planned.profile, due.source),
        status="running",
        slot=slot,
        started_at=work.now,
        profile_version=profile.version,
        requested_by=due.requested_by,
        prefix=prefix(due.service, due.source, due.class_, id),
        copies=[Copy(bucket=d.bucket, region=d.region) for d in planned.destinations],
        needs=[base.id, *base.needs] if base else [],
    )


def _base(due: BackupDue, planned: ResolvedPlan, work: Work) -> Backup | None:
    """
    The newest verified backup of the source; None: a full one begins a new chain.

    It has to be whole where the new one will lie (`best_base`): one of which a copy or a base was
    found damaged since cannot be restored there, nor what would build on it. What is dated ahead of
    now begins no chain, and a chain that goes through it is not gone on with.
    """
    verified = work.find(
        Backup,
        ("service", "==", due.service),
        ("source", "==", due.source),
        ("status", "==", "verified"),
    )
    right = [backup for backup in verified if not backup.is_ahead(work.now)]
    newest = best_base(right, [d.bucket for d in planned.destinations])
    return newest if newest is not None and len(newest.needs) < MAX_CHAIN else None


def _named(due: BackupDue) -> dict[str, str]:
    return {"service": due.service, "source": due.source, "class": due.class_}


HANDLERS = Handlers().on(BackupDue, Decision(on_due)).on(CommandIssued, Decision(on_command))
