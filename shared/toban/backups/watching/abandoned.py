"""Ending and reporting work on backups that nobody continues. Part of the watch."""

from __future__ import annotations

from toban.backups.documents import Backup, SeriesState
from toban.backups.jobs import BackupJob, fail, job_id
from toban.backups.policy.restores import Restore
from toban.backups.work.take_job import TakeJob
from toban.events.backups import RestoreFailed, Stage
from toban.kernel.clock.skew import is_future, not_ahead
from toban.kernel.handling.job import ABANDONED
from toban.kernel.status import move
from toban.kernel.work import Work


def end_abandoned(service: str, work: Work) -> None:
    """End, or report, a service's work that nobody continues."""
    for backup in work.find(Backup, ("service", "==", service), ("status", "==", "running")):
        _end_run(backup.id, work)
    for backup in work.find(Backup, ("service", "==", service), ("status", "==", "finished")):
        _end_proof(backup.id, work)
    for restore in work.find(Restore, ("service", "==", service), ("status", "==", "running")):
        if restore.is_stale(work.now):
            _end_restore(restore.id, work)


def _end_run(id: str, work: Work) -> None:
    """End a run that nobody works on; its job as well, so that a late holder records nothing."""
    backup, job = work.get(Backup, id), work.get(TakeJob, job_id(id, "take"))
    if backup is None or backup.status != "running":
        return
    touched = job.touched_at if job is not None else None
    last = not_ahead(touched, work.now) or not_ahead(backup.started_at, work.now)
    if last is not None and work.now - last <= ABANDONED:
        return
    since = f"no sign of life since {last.isoformat()}" if last else "it is dated ahead of now"
    if job is not None:
        job.over, job.lease_until = True, None
        job.fence += 1
        work.put(job)
    move(backup, "partial" if job is not None and job.done else "failed")
    fail(backup, "take", f"abandoned: {since}", work)
    work.put(backup)
    series = work.get(SeriesState, backup.series)
    if series is not None and series.running == id:
        series.running = ""
        work.put(series)


def _end_proof(id: str, work: Work) -> None:
    """Tell of a backup that was taken, and that nobody replicates or verifies any more."""
    backup = work.get(Backup, id)
    if backup is None or backup.status != "finished" or backup.reason:
        return
    replicate = work.get(BackupJob, job_id(id, "replicate"))
    verify = work.get(BackupJob, job_id(id, "verify"))
    # Not even begun counts from what came before: the news of it may be lost as well.
    signs = [job.touched_at for job in (replicate, verify) if job is not None]
    signs = [at for at in signs if not_ahead(at, work.now)]
    signs = signs or [
        at for at in (backup.finished_at, backup.started_at) if not_ahead(at, work.now)
    ]
    last = max((at for at in signs if at is not None), default=None)
    if last is None or work.now - last > ABANDONED:
        stage: Stage = "verify" if replicate is not None and replicate.over else "replicate"
        since = f"no sign of life since {last.isoformat()}" if last else "it is dated ahead of now"
        fail(backup, stage, f"abandoned: {since}", work)
        work.put(backup)


def _end_restore(id: str, work: Work) -> None:
    restore = work.get(Restore, id)
    if restore is None or restore.status != "running":
        return
    if is_future(restore.touched_at, work.now):
        # Somebody may well be at it: from now on a sign of life is waited for as ever.
        restore.touched_at, restore.lease_until = work.now, None
        work.put(restore)
        return
    move(restore, "failed")
    restore.over, restore.lease_until = True, None
    restore.reason = "abandoned: nobody goes on with it"
    restore.finished_at = work.now
    work.put(restore)
    backup = work.get(Backup, restore.backup_id)
    if backup is not None:
        backup.restores = [other for other in backup.restores if other != id]
        work.put(backup)
    work.emit(
        RestoreFailed(region=restore.region, reason=restore.reason, at=work.now, **restore.named)
    )
