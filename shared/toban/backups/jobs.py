"""The common parts of the jobs on backups: document, budget, failures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import ClassVar, Final, Literal, TypeAlias, TypeVar

from toban.backups.catalogue.plans import labels_of
from toban.backups.documents import Backup
from toban.events.backups import BackupEvent, BackupFailed, Stage, StepEvent
from toban.kernel import log
from toban.kernel.document import Keep
from toban.kernel.handling.job import JobDocument, NothingToDo, Unfinished
from toban.kernel.work import Work
from toban.ports import Key

Outcome = Literal["", "done", "failed", "nothing"]
"""``nothing``: there was nothing to do (the backup is being removed, …)."""
JobStage: TypeAlias = Literal[Stage, "rewrap"]
MOST_REQUESTS: Final = 20

STEP: Final = timedelta(seconds=240)
"""A step that can be left and gone on with takes about this long (functions have 540 s)."""

T = TypeVar("T")


class BackupJob(JobDocument, kw_only=True):
    """The job of one stage of a backup (id ``<backup id>.<stage>``)."""

    COLLECTION: ClassVar[str] = "backup_jobs"
    KEEP = Keep.days(
        400,
        "after they ended, as restores; those of a kept backup as long as that",
        "終わってから（リストアと同じ）。残っているバックアップのジョブは、それと同じあいだ",
    )

    stage: JobStage
    backup_id: str
    done: int = 0
    """Units done so far (parts, objects), of `total` when that is known."""
    total: int = 0
    bytes: int = 0
    requests: list[str] = []
    """Ids of the events that began the chain this work belongs to; the newest few."""
    outcome: Outcome = ""
    """What it came to, once it is over; empty: it is not, or an older version concluded it."""
    reason: str = ""
    """Why it came to that, where it did not succeed."""
    failure: str = ""
    """Why it was given up, where nothing follows it any more."""

    def holders(self) -> Sequence[Key]:
        """Return its backup."""
        return (Backup.key(self.backup_id),)


J = TypeVar("J", bound=BackupJob)
R = TypeVar("R")


def claim_next(cls: type[J], stage: JobStage, event: BackupEvent, work: Work) -> J | None:
    """
    Return the job to run for this event, or None.

    The existing one if its step is due, a fresh one if a person asked again. Steps are then
    numbered on, so that a late one of the earlier request finds no work. The job names the
    request, so that its sender learns what came of exactly that.
    """
    id = job_id(event.backup_id, stage)
    job = work.get(cls, id)
    if isinstance(event, StepEvent):
        return None if job is None or job.over or job.step != event.step else job
    if job is None:
        job = cls(id=id, stage=stage, backup_id=event.backup_id)
    elif job.over:
        job = cls(
            id=id,
            stage=stage,
            backup_id=event.backup_id,
            step=job.step + 1,
            fence=job.fence,
            requests=job.requests,
        )
    request = request_of(work)
    if request not in job.requests:
        job.requests = [*job.requests, request][-MOST_REQUESTS:]
    return job


def request_of(work: Work) -> str:
    """Return the id of the event that began the chain: of a person's request, or of a slot."""
    return work.event.correlation_id or work.event.id


def following(step: type[StepEvent]) -> Callable[[BackupJob, Work], StepEvent | None]:
    """Return what makes the event of a job's next step, as long as the backup exists."""

    def next_step(job: BackupJob, work: Work) -> StepEvent | None:
        backup = work.get(Backup, job.backup_id)
        return None if backup is None else step(step=job.step, **backup.named)

    return next_step


def telling(
    conclude: Callable[[J, R | Unfinished, Work], None],
) -> Callable[[J, R | Unfinished, Work], None]:
    """Return `conclude`, followed by recording the job's result."""

    def concluded(job: J, result: R | Unfinished, work: Work) -> None:
        conclude(job, result, work)
        failures = [e.body.reason for e in work.emitted if isinstance(e.body, BackupFailed)]
        if isinstance(result, NothingToDo):
            backup = work.get(Backup, job.backup_id)
            job.outcome, job.reason = "nothing", f"it is {backup.status if backup else 'unknown'}"
        else:
            job.outcome = "failed" if failures else "done"
            job.reason = "; ".join(failures)[:2_000]

    return concluded


MAX_REASON = 2_000
"""Characters of why a backup failed."""


def job_id(backup_id: str, stage: JobStage) -> str:
    """Return the id of a job's document."""
    return f"{backup_id}.{stage}"


def beating(values: Iterator[T], beat: Callable[[], None]) -> Iterator[T]:
    """Yield the values, renewing the lease in between (`toban.kernel.handling.job.JobClaim.beat`)."""
    for value in values:
        beat()
        yield value


def fail(backup: Backup, stage: Stage, reason: str, work: Work) -> None:
    """Report that a backup cannot be counted on; the caller changes its document."""
    backup.reason = tell_failed(backup, stage, reason, work)


def tell_failed(backup: Backup, stage: Stage, reason: str, work: Work) -> str:
    """
    Report trouble with a backup that has not ended: what follows may still prove it.

    Returns the reason as it was told: without credentials, cut.
    """
    reason = log.mask(reason)[:MAX_REASON]
    work.emit(
        BackupFailed(
            **backup.named,
            stage=stage,
            reason=reason,
            at=work.now,
        )
    )
    log.error("backup failed", stage=stage, reason=reason, **labels_of(backup))
    return reason
