"""A backup is due: one document for one slot, and the first step."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from toban.backups.copies import best_base
from toban.backups.documents import Backup, Copy, SeriesState, series_id
from toban.backups.layout import prefix
from toban.backups.plans import Planned, backup_id, find_plan, newest_slot_of
from toban.events.backups import BackupDue, BackupStepDue
from toban.kernel import log
from toban.kernel.decision import Decision
from toban.kernel.handle import Handlers
from toban.kernel.work import Work
from toban.profile.store import CurrentProfile, current

MAX_CHAIN: Final = 100
"""Backups that one may build on; then a full one begins anew."""


def on_due(due: BackupDue, work: Work) -> None:
    """
    Start the backup of the slot that is due, unless it was started or the series is at it.

    A slot is its own key: however often, late or out of order its message comes, it is one backup.
    """
    profile = current(work).get(due.service)
    planned = find_plan(profile.profile, due.source, due.class_) if profile else None
    if profile is None or planned is None:
        log.warning("no such backup plan any more", **_named(due))
        return
    slot = _slot(due, planned, work)
    if slot is None:
        log.warning("the schedule of this plan has no slot yet", **_named(due))
        return
    key = series_id(due.service, due.source, due.class_)
    series = work.get(SeriesState, key) or SeriesState(
        id=key, service=due.service, source=due.source, class_=due.class_
    )
    if series.newest_slot is not None and slot <= series.newest_slot:
        return
    if series.running:
        # A run whose holder is gone is ended by `watch_backups`; two at once would only slow
        # each other down, and the one under way is as fresh.
        log.warning("skipped: the one before is still being taken", **_named(due))
        return
    backup = _backup(due, slot, planned, profile, work)
    series.newest_slot = slot
    series.running = backup.id
    work.put(series)
    work.create(backup)
    work.emit(
        BackupStepDue(
            service=due.service,
            source=due.source,
            class_=due.class_,
            backup_id=backup.id,
            step=0,
        )
    )


def _slot(due: BackupDue, planned: Planned, work: Work) -> datetime | None:
    if due.requested_by:
        return work.event.time.replace(microsecond=0)
    return newest_slot_of(planned, work.event.time)


def _backup(
    due: BackupDue, slot: datetime, planned: Planned, profile: CurrentProfile, work: Work
) -> Backup:
    id = backup_id(due.service, due.source, due.class_, slot)
    base = _base(due, planned, work) if planned.plan.incremental else None
    return Backup(
        id=id,
        service=due.service,
        source=due.source,
        class_=due.class_,
        kind=planned.spec.kind,
        status="running",
        slot=slot,
        started_at=work.now,
        profile_version=profile.version,
        requested_by=due.requested_by,
        prefix=prefix(due.service, due.source, due.class_, id),
        copies=[Copy(bucket=d.bucket, region=d.region) for d in planned.destinations],
        needs=[base.id, *base.needs] if base else [],
    )


def _base(due: BackupDue, planned: Planned, work: Work) -> Backup | None:
    """
    The newest verified backup of the source; None: a full one begins a new chain.

    It has to be whole where the new one will lie (`best_base`): one of which a copy or a base was
    found damaged since cannot be restored there, nor what would build on it.
    """
    verified = work.find(
        Backup,
        ("service", "==", due.service),
        ("source", "==", due.source),
        ("status", "==", "verified"),
    )
    newest = best_base(verified, [d.bucket for d in planned.destinations])
    return newest if newest is not None and len(newest.needs) < MAX_CHAIN else None


def _named(due: BackupDue) -> dict[str, str]:
    return {"service": due.service, "source": due.source, "class": due.class_}


HANDLERS: Handlers = {BackupDue: Decision(on_due)}
