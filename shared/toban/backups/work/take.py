"""Taking a backup: read the source step by step into parts, the manifest last."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from toban.backups.catalogue.datakeys import data_key_for, key_of, new_data_key
from toban.backups.catalogue.manifest import ManifestKey
from toban.backups.catalogue.plans import ResolvedPlan, plan_of
from toban.backups.catalogue.reading import BaseDamaged, CopyOpener
from toban.backups.catalogue.writing import (
    WriteProgress,
    flush,
    manifest_of,
    note,
    object_totals,
    problem,
    publish,
    sweep,
    weight,
)
from toban.backups.documents import Backup, SeriesState
from toban.backups.jobs import STEP, beating, fail, job_id
from toban.backups.storage import layout
from toban.backups.storage.frames import Seal
from toban.backups.storage.instructions import leave_instructions
from toban.backups.storage.parts import Part, cut, open_part
from toban.backups.storage.sealing import SealedObjectSink
from toban.backups.work.building_on import BaseUnfit, base_backup, blame, is_unchanged
from toban.backups.work.take_job import BackupTaken, SourceUnchanged, TakeJob, record
from toban.events.backups import BackupFinished, BackupStepDue
from toban.kernel import log
from toban.kernel.binding import BoundHandlers
from toban.kernel.clock.skew import not_ahead
from toban.kernel.errors import TryLater
from toban.kernel.handling.handle import Handlers
from toban.kernel.handling.job import Continue, Failure, Job, JobClaim, NothingToDo, Unfinished
from toban.kernel.reasons.words import reason
from toban.kernel.status import move
from toban.kernel.work import Work
from toban.ports import PortError
from toban.ports.backup import (
    RESOURCES,
    BackupRun,
    Bucket,
    Chunk,
    Damaged,
    KeyUnavailable,
    Resources,
    Source,
    SourceFailed,
    SourceSnapshot,
    WrappedKey,
)

POLL: Final = timedelta(seconds=30)
"""How long to wait for an export on the other side before asking again."""
MAX_ATTEMPTS: Final = 5
"""Times that a source which cannot be resumed is read from the beginning."""


class TakeHandler:
    """The handlers of `run_backup_step`."""

    def __init__(self, resources: Resources, entropy: Callable[[int], bytes] = os.urandom) -> None:
        """`entropy`: random bytes for data keys (``os.urandom``)."""
        self._resources = resources
        self._entropy = entropy

    def claim(self, due: BackupStepDue, work: Work) -> TakeJob | None:
        """Return the job if its step is due."""
        id = job_id(due.backup_id, "take")
        job = work.get(TakeJob, id)
        if job is None:
            job = TakeJob(id=id, stage="take", backup_id=due.backup_id)
        return None if job.over or job.step != due.step else job

    def run(
        self, job: TakeJob, due: BackupStepDue, claim: JobClaim[TakeJob]
    ) -> BackupTaken | SourceUnchanged | Continue | NothingToDo | Failure:
        """Run one step: begin, read and store for some minutes, or finish."""
        backup = claim.documents.get(Backup, due.backup_id)
        if backup is None or backup.status != "running":
            return NothingToDo()
        planned = plan_of(claim.documents, backup)
        if planned is None:
            return Failure(f"profile version {backup.profile_version} has no such plan")
        step: _Step | None = None
        result: BackupTaken | SourceUnchanged | Continue | Failure
        try:
            step = _Step(self._resources, self._entropy, job, backup, planned, claim)
            result = step.go()
        except KeyUnavailable as error:
            result = Failure(f"{reason('reason.key')}{error}")
        except BaseDamaged as error:
            result = BaseUnfit(str(error), error.backup_id, backup.copies[0].bucket)
        except (SourceFailed, Damaged, ValueError) as error:
            if (
                isinstance(error, SourceFailed)
                and error.retryable
                and job.progress.attempt < MAX_ATTEMPTS
            ):
                raise TryLater(f"{backup.id}: {error}") from error
            result = Failure(str(error))
        if step is not None and isinstance(result, Failure):
            step.leave()
        return result

    def next_step(self, job: TakeJob, work: Work) -> BackupStepDue | None:
        """Return the event of the next step, while the backup is being taken."""
        backup = work.get(Backup, job.backup_id)
        if backup is None or backup.status != "running":
            return None
        return BackupStepDue(step=job.step, **backup.named)

    def conclude(
        self, job: TakeJob, result: BackupTaken | SourceUnchanged | Unfinished, work: Work
    ) -> None:
        """Record what was taken, and start what follows."""
        backup = work.get(Backup, job.backup_id)
        if backup is None or isinstance(result, NothingToDo) or backup.status != "running":
            return
        series = work.get(SeriesState, backup.series)
        if series is not None and series.running == backup.id:
            series.running = ""
        if isinstance(result, BackupTaken):
            record(backup, result, work.now)
            if series is not None and not backup.is_ahead(work.now):
                series.finished = backup.id
                series.finished_bytes = weight(result.manifest)
                series.fingerprint = backup.fingerprint
            work.emit(
                BackupFinished(
                    **backup.named,
                    at=work.now,
                    bytes=backup.bytes,
                )
            )
        elif isinstance(result, SourceUnchanged):
            # Looking changes nothing but the time of the look: neither an entry of the catalogue
            # nor a job is left behind.
            if series is not None:
                at = job.snapshot.at if job.snapshot else work.now
                series.unchanged_at = not_ahead(at, work.now) or series.unchanged_at
                work.put(series)
            work.delete(Backup, backup.id)
            work.delete(TakeJob, job.id)
            return
        else:
            if isinstance(result, BaseUnfit):
                blame(result, work)
            interrupted = job.progress.parts > 0 and not job.progress.last
            move(backup, "partial" if interrupted else "failed")
            fail(backup, "take", result.reason, work)
        if series is not None:
            work.put(series)
        work.put(backup)

    def handlers(self) -> Handlers:
        """Return the function's handlers."""
        job = Job[BackupStepDue, TakeJob, BackupTaken | SourceUnchanged](
            TakeJob, self.claim, self.run, self.conclude, next_step=self.next_step
        )
        return Handlers().on(BackupStepDue, job)


HANDLERS = BoundHandlers((RESOURCES,), lambda ports: TakeHandler(ports(RESOURCES)).handlers())


class _Step:
    """One step of taking one backup."""

    def __init__(
        self,
        resources: Resources,
        entropy: Callable[[int], bytes],
        job: TakeJob,
        backup: Backup,
        planned: ResolvedPlan,
        claim: JobClaim[TakeJob],
    ) -> None:
        self._opener = CopyOpener(resources)
        self._entropy = entropy
        self._job = job
        self._backup = backup
        self._planned = planned
        self._claim = claim
        self._source: Source = resources.source(planned.spec)
        self._bucket: Bucket = resources.bucket(backup.copies[0].bucket)
        self._resources = resources

    def go(self) -> BackupTaken | SourceUnchanged | Continue | Failure:
        job = self._job
        if not job.sealed:
            self._choose_key()
        run = self._run()
        if job.snapshot is None or not job.snapshot.ready:
            job.snapshot = self._source.begin(run, job.snapshot, self._claim.now())
            self._claim.checkpoint()
            if not job.snapshot.ready:
                return Continue(POLL)
        untouched = not job.begun and job.progress.parts == 0
        if untouched and is_unchanged(
            self._backup, self._planned, job.snapshot, self._claim.documents
        ):
            self._source.end(run, job.snapshot)
            return SourceUnchanged()
        if not job.progress.last and not self._read(run, job.snapshot):
            return Continue()
        return self._finish(run, job.snapshot)

    def leave(self) -> None:
        """Remove what was begun on the other side of a source that is given up; best effort."""
        if self._job.snapshot is None:
            return
        backup = self._backup
        objects = SealedObjectSink(self._bucket, backup.prefix, backup.id, None)
        try:
            self._source.end(BackupRun(backup.id, objects), self._job.snapshot)
        except PortError as error:
            log.warning(
                "export not removed: it may be left behind",
                backup=backup.id,
                error=error,
                stack=False,
            )

    def _choose_key(self) -> None:
        reference = self._planned.section.key
        made = new_data_key(reference, self._resources.keys, self._backup.id, self._entropy)
        if made is not None:
            self._job.key_id, self._job.wrapped_key = made.wrapped.key_id, made.wrapped.wrapped
        self._job.sealed = True
        self._claim.checkpoint()

    def _data_key(self) -> bytes | None:
        job = self._job
        reference = key_of(self._claim.documents, self._backup)
        wrapped = WrappedKey(job.key_id, job.wrapped_key) if job.wrapped_key else None
        return data_key_for(reference, self._resources.keys, self._backup.id, wrapped)

    def _seal(self) -> Seal:
        stream = layout.stream_name(self._job.progress.attempt)
        return Seal(self._backup.id, stream, self._key)

    def _run(self) -> BackupRun:
        self._key = self._data_key()
        return BackupRun(
            backup_id=self._backup.id,
            objects=SealedObjectSink(self._bucket, self._backup.prefix, self._backup.id, self._key),
            base=base_backup(
                self._backup,
                self._bucket,
                key_of(self._claim.documents, self._backup),
                self._opener,
                self._claim.documents,
            ),
        )

    def _read(self, run: BackupRun, snapshot: SourceSnapshot) -> bool:
        """Store parts until the stream ends; False when the step's time is up before."""
        job, source = self._job, self._source
        if not source.resumable:
            if job.begun:
                job.progress = WriteProgress(attempt=job.progress.attempt + 1)
            resumed, job.begun = job.begun, True
            self._claim.record()
            if resumed:
                # What the attempt before has stored is of no use to anybody.
                sweep(self._bucket, self._backup, job.progress, self._claim.beat)
        while not job.progress.last:
            if source.resumable and self._claim.elapsed() > STEP:
                return False
            pieces = beating(source.read(run, snapshot, job.progress.cursor), self._claim.beat)
            try:
                self._store_all(pieces)
            finally:
                _close(pieces)
        self._claim.checkpoint()
        return True

    def _store_all(self, pieces: Iterator[Chunk]) -> None:
        """Store parts until the stream or the step's time ends, or somebody else's part is met."""
        job, resumable = self._job, self._source.resumable
        first = job.progress.parts + 1
        for part in cut(pieces, self._seal(), first=first, resumable=resumable):
            stored = self._store(part)
            note(job.progress, stored, self._key)
            flush(job.progress, self._bucket, self._backup)
            job.done, job.bytes = job.progress.parts, job.progress.bytes
            if resumable:
                self._claim.checkpoint()
                if (stored.plain_sha256, stored.cursor, stored.last) != (
                    part.plain_sha256,
                    part.cursor,
                    part.last,
                ):
                    return  # another holder stored this one: go on from where it left off
                if self._claim.elapsed() > STEP:
                    return

    def _store(self, part: Part) -> Part:
        """
        Store a part; what is there already (a holder died before its checkpoint) is taken over.

        Raises `Damaged` when that is no part of ours.
        """
        name = self._backup.prefix + layout.part_name(self._job.progress.attempt, part.number)
        stored = self._bucket.create(name, part.data)
        if stored is None:
            data = self._bucket.read(name)
            return open_part(data, self._seal(), part.number, name=name).as_part()
        if (stored.size, stored.crc32c) != (part.size, part.crc32c):
            self._bucket.delete(name)
            raise SourceFailed(f"{name} arrived damaged in {self._bucket.name}", retryable=True)
        return part

    def _finish(self, run: BackupRun, snapshot: SourceSnapshot) -> BackupTaken | Failure:
        job, backup, bucket, beat = self._job, self._backup, self._bucket, self._claim.beat
        leave_instructions(bucket)
        sweep(bucket, backup, job.progress, beat)
        key = ManifestKey(key_id=job.key_id, wrapped=job.wrapped_key) if job.wrapped_key else None
        manifest = manifest_of(
            backup,
            self._planned,
            snapshot,
            job.progress,
            object_totals(bucket, backup, beat),
            identity=self._source.identity,
            key=key,
            now=self._claim.now(),
            read=bucket.read,
        )
        plan = self._planned.plan
        wrong = problem(manifest, self._before(), plan.max_shrink)
        self._source.end(run, snapshot)
        if wrong:
            return Failure(wrong)
        return BackupTaken(publish(bucket, manifest, self._key))

    def _before(self) -> int:
        """What it must not be much smaller than; 0 when nobody knows."""
        backup = self._backup
        series = self._claim.documents.get(SeriesState, backup.series)
        return series.finished_bytes if series else 0


def _close(pieces: Iterator[Chunk]) -> None:
    close = getattr(pieces, "close", None)
    if close is not None:
        close()
