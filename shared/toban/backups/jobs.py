"""What the jobs on backups have in common: their document, their budget, their failures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Final, TypeVar

from toban.backups.documents import Backup
from toban.backups.plans import labels_of
from toban.events.backups import BackupEvent, BackupFailed, Stage, StepEvent
from toban.kernel import log
from toban.kernel.job import JobDocument
from toban.kernel.work import Work

STEP: Final = timedelta(seconds=240)
"""A step that can be left and gone on with takes about this long (functions have 540 s)."""

T = TypeVar("T")


class BackupJob(JobDocument, kw_only=True):
    """Work on one backup (id ``<backup id>.<stage>``): where it stands."""

    COLLECTION: ClassVar[str] = "backup_jobs"

    stage: Stage
    backup_id: str
    done: int = 0
    """Units done so far (parts, objects), of `total` when that is known."""
    total: int = 0
    bytes: int = 0
    failure: str = ""
    """Why it was given up, where nothing follows it any more."""


@dataclass(frozen=True)
class Continue:
    """The step's time is up (or something has to be waited for); go on with the next."""

    after: timedelta = timedelta(0)


@dataclass(frozen=True)
class Nothing:
    """There is nothing to do any more (the backup was abandoned or removed meanwhile)."""


@dataclass(frozen=True)
class Failure:
    """Given up; `damaged` names the bucket in which something is not what was stored."""

    reason: str
    damaged: str = ""
    missing: bool = False
    """Its manifest is not there."""
    base: str = ""
    """What is damaged there is of this backup, on which it builds."""


J = TypeVar("J", bound=BackupJob)


def claim_next(cls: type[J], stage: Stage, event: BackupEvent, work: Work) -> J | None:
    """
    The job of a stage that follows another: of the step that is due, or begun by a request.

    A request that finds the job over does it anew. Steps are then numbered on, so that a late one
    of the earlier request finds no work.
    """
    id = job_id(event.backup_id, stage)
    job = work.get(cls, id)
    if isinstance(event, StepEvent):
        return None if job is None or job.over or job.step != event.step else job
    if job is None:
        return cls(id=id, stage=stage, backup_id=event.backup_id)
    if job.over:
        return cls(
            id=id, stage=stage, backup_id=event.backup_id, step=job.step + 1, fence=job.fence
        )
    return job


def job_id(backup_id: str, stage: Stage) -> str:
    """Where a job's document lives."""
    return f"{backup_id}.{stage}"


def beating(values: Iterator[T], beat: Callable[[], None]) -> Iterator[T]:
    """The values, while the lease is kept alive between them (`toban.kernel.job.Hold.beat`)."""
    for value in values:
        beat()
        yield value


def fail(backup: Backup, stage: Stage, reason: str, work: Work) -> None:
    """Tell that a backup cannot be counted on; its own document is the caller's to change."""
    backup.reason = log.mask(reason)[:2_000]
    tell_failed(backup, stage, reason, work)


def tell_failed(backup: Backup, stage: Stage, reason: str, work: Work) -> None:
    """Tell of trouble with a backup that is not over: what follows may still prove it."""
    reason = log.mask(reason)[:2_000]
    work.emit(
        BackupFailed(
            **backup.named,
            stage=stage,
            reason=reason,
            at=work.now,
        )
    )
    log.error("backup failed", stage=stage, reason=reason, **labels_of(backup))
