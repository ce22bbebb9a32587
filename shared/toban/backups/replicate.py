"""Copying a finished backup to its other destinations, object by object, the manifest last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from toban.backups import layout
from toban.backups.documents import Backup
from toban.backups.jobs import (
    STEP,
    BackupJob,
    Continue,
    Failure,
    Nothing,
    claim_next,
    fail,
    telling,
)
from toban.events.backups import BackupEvent, BackupFinished, BackupReplicated, ReplicationStepDue
from toban.kernel.handle import Handlers
from toban.kernel.job import GaveUp, Hold, Job
from toban.kernel.work import Work
from toban.ports.backup import Bucket, Damaged, Depot

EACH: Final = 16
"""Objects copied between two checkpoints; doing them again finds them there."""


class ReplicateJob(BackupJob, kw_only=True):
    """A backup being copied."""

    place: int = 1
    """Which of its copies is being written; the first is the original."""
    after: str = ""
    """Everything up to this name is there."""


@dataclass(frozen=True)
class Replicated:
    """Every destination holds everything."""


class Replicating:
    """`replicate_backup`."""

    def __init__(self, depot: Depot) -> None:
        self._depot = depot

    def claim(self, event: BackupEvent, work: Work) -> ReplicateJob | None:
        """The job, if the step is the one due; a new request copies anew what is not there."""
        return claim_next(ReplicateJob, "replicate", event, work)

    def run(
        self, job: ReplicateJob, event: BackupEvent, hold: Hold[ReplicateJob]
    ) -> Replicated | Continue | Nothing | Failure:
        """Copy for some minutes."""
        backup = hold.read(Backup, event.backup_id)
        if backup is None or not _is_whole(backup):
            return Nothing()
        original = self._depot.bucket(backup.copies[0].bucket)
        try:
            while job.place < len(backup.copies):
                target = self._depot.bucket(backup.copies[job.place].bucket)
                if not self._copy(backup, original, target, job, hold):
                    return Continue()
                job.place += 1
                job.after = ""
                hold.checkpoint()
        except Damaged as error:
            return Failure(str(error), original.name)
        return Replicated()

    def _copy(
        self,
        backup: Backup,
        original: Bucket,
        target: Bucket,
        job: ReplicateJob,
        hold: Hold[ReplicateJob],
    ) -> bool:
        manifest = backup.prefix + layout.MANIFEST
        for number, info in enumerate(original.list(backup.prefix, job.after), start=1):
            if info.name == manifest:
                continue
            copy_one(original, target, info.name)
            job.done += 1
            job.bytes += info.size
            job.after = info.name
            if number % EACH == 0:
                hold.checkpoint()
                if hold.elapsed() > STEP:
                    return False
            else:
                hold.beat()
        copy_one(original, target, manifest)
        return True

    def conclude(
        self,
        job: ReplicateJob,
        result: Replicated | Continue | Nothing | Failure | GaveUp,
        work: Work,
    ) -> None:
        """Record which copies are complete, and what follows."""
        backup = work.get(Backup, job.backup_id)
        if backup is None or isinstance(result, Nothing):
            job.over = True
            work.put(job)
            return
        if isinstance(result, Continue):
            job.step += 1
            work.put(job)
            work.emit(ReplicationStepDue(step=job.step, **backup.named))
            return
        job.over = True
        work.put(job)
        if isinstance(result, Replicated):
            backup.copies = [msgspec.structs.replace(c, manifest=True) for c in backup.copies]
            work.put(backup)
            work.emit(BackupReplicated(at=work.now, **backup.named))
            return
        if isinstance(result, GaveUp):
            result = Failure(str(result))
        # The original may be whole: it stays `finished`, and is verified once a person has it
        # replicated again. Until then it does not count.
        fail(backup, "replicate", result.reason, work)
        work.put(backup)

    def handlers(self) -> Handlers:
        """What the function consumes."""
        job = Job(ReplicateJob, self.claim, self.run, telling(self.conclude))
        return {BackupFinished: job, ReplicationStepDue: job}


def _is_whole(backup: Backup) -> bool:
    """Whether there is something to copy from (a failed one: of which another copy is damaged)."""
    original = backup.copies[0]
    if backup.status == "failed":
        return original.manifest and not original.damage
    return backup.status in ("finished", "verified")


def copy_one(original: Bucket, target: Bucket, name: str) -> None:
    """
    Copy one object and compare what arrived with what was sent (size and crc32c).

    An object that is there already and equal is left; one that is not is written anew. Raises
    `Damaged` when the original is gone.
    """
    try:
        for _ in range(2):
            if target.copy(original, name, name) is not None:
                return
            there, here = target.stat(name), original.stat(name)
            if here is None:
                break
            if there is not None and (there.size, there.crc32c) == (here.size, here.crc32c):
                return
            target.delete(name)
    except KeyError:
        pass
    raise Damaged(f"{name} cannot be copied from {original.name}: it is missing or changes")
