"""Reading a backup back, in every destination, as far as its plan asks. Only then it counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from toban.backups import layout
from toban.backups.documents import LEVELS, Backup, SeriesState
from toban.backups.jobs import (
    STEP,
    BackupJob,
    Continue,
    Failure,
    Nothing,
    beating,
    claim_next,
    fail,
    telling,
)
from toban.backups.plans import plan_of
from toban.backups.reading import Opened, Opener, open_copy
from toban.events.backups import (
    BackupEvent,
    BackupReplicated,
    BackupVerified,
    VerificationStepDue,
)
from toban.kernel.handle import Handlers
from toban.kernel.job import GaveUp, Hold, Job
from toban.kernel.skew import not_ahead
from toban.kernel.work import Work
from toban.ports.backup import Damaged, Depot, FormatUnchecked, Held, KeyUnavailable
from toban.profile.types import Level

ONE_PASS: Final = 2 * 1024**3
"""
Up to so many bytes content and format are checked in one pass. More is read part by part over
several steps first; a format check cannot be left and gone on with.
"""


class VerifyJob(BackupJob, kw_only=True):
    """A backup being verified."""

    place: int = 0
    """Which of its copies is being read."""
    parts_read: int = 0
    beside_read: int = 0
    levels: list[Level] = []
    """What each copy before `place` has passed."""
    counts: dict[str, int] = {}


@dataclass(frozen=True)
class Verified:
    """Every copy passed."""


class Verifying:
    """`verify_backup`."""

    def __init__(self, depot: Depot) -> None:
        self._depot = depot
        self._opener = Opener(depot)

    def claim(self, event: BackupEvent, work: Work) -> VerifyJob | None:
        """The job, if the step is the one due; a new request verifies anew."""
        return claim_next(VerifyJob, "verify", event, work)

    def run(
        self, job: VerifyJob, event: BackupEvent, hold: Hold[VerifyJob]
    ) -> Verified | Continue | Nothing | Failure:
        """Read for some minutes."""
        backup = hold.read(Backup, event.backup_id)
        if backup is None or backup.status not in ("finished", "verified", "failed"):
            return Nothing()
        planned = plan_of(hold.work, backup)
        if planned is None:
            return Failure(f"profile version {backup.profile_version} has no such plan")
        while job.place < len(backup.copies):
            copy = backup.copies[job.place]
            wanted = planned.plan.level if job.place == 0 else planned.plan.replica_level
            try:
                opened = open_copy(self._opener, backup, copy.bucket, planned.section.key)
                done = self._check(opened, wanted, job, hold)
            except Damaged as error:
                return Failure(f"{copy.bucket}: {error}", copy.bucket)
            except (FormatUnchecked, KeyUnavailable, ValueError) as error:
                return Failure(f"{copy.bucket}: cannot be verified ({wanted}): {error}")
            if not done:
                return Continue()
            job.levels.append(wanted)
            job.place += 1
            job.parts_read = job.beside_read = 0
            hold.checkpoint()
        return Verified()

    def _check(self, opened: Opened, wanted: Level, job: VerifyJob, hold: Hold[VerifyJob]) -> bool:
        manifest = opened.manifest
        if job.parts_read == 0 and job.beside_read == 0:
            check_stored(opened, checksums=LEVELS.index(wanted) >= 1, hold=hold)
        job.total = manifest.total_parts
        if LEVELS.index(wanted) < LEVELS.index("content"):
            return True
        form = self._depot.format(manifest.kind)
        whole = manifest.plain_bytes + manifest.beside.bytes <= ONE_PASS
        if not whole or LEVELS.index(wanted) < LEVELS.index("format"):
            if not self._read_content(opened, job, hold):
                return False
            if LEVELS.index(wanted) < LEVELS.index("format") or manifest.beside.objects:
                return True  # an inventory and its objects were understood while reading them
        stream = beating(opened.stream(), hold.beat)
        job.counts = form.check(stream, lambda held: beating(opened.fetch(held), hold.beat))
        for _ in stream:
            pass  # a format may know enough early; the last hashes are compared at the end
        return True

    def _read_content(self, opened: Opened, job: VerifyJob, hold: Hold[VerifyJob]) -> bool:
        """Read every part and every object beside; False when the step's time is up."""
        for part in opened.parts(first=job.parts_read + 1):
            for _ in beating(part, hold.beat):
                pass
            job.parts_read += 1
            job.done = job.parts_read
            hold.checkpoint()
            if hold.elapsed() > STEP:
                return False
        if not opened.manifest.beside.objects:
            return True
        form = self._depot.format(opened.manifest.kind)
        for number, held in enumerate(form.held(opened.stream()), start=1):
            if number <= job.beside_read:
                continue
            if held.backup_id == opened.manifest.backup_id:
                _drain(opened, held, hold)
            job.beside_read = number
            if number % 16 == 0:
                hold.checkpoint()
                if hold.elapsed() > STEP:
                    return False
        return True

    def conclude(
        self,
        job: VerifyJob,
        result: Verified | Continue | Nothing | Failure | GaveUp,
        work: Work,
    ) -> None:
        """Record what each copy passed, and what follows."""
        backup = work.get(Backup, job.backup_id)
        if backup is None or isinstance(result, Nothing):
            job.over = True
            work.put(job)
            return
        if isinstance(result, Continue):
            job.step += 1
            work.put(job)
            work.emit(
                VerificationStepDue(
                    **backup.named,
                    step=job.step,
                )
            )
            return
        job.over = True
        work.put(job)
        if isinstance(result, GaveUp):
            result = Failure(str(result))
        if isinstance(result, Verified):
            result = _foundation(backup, work) or result
        if isinstance(result, Verified):
            self._passed(backup, job, work)
        else:
            self._failed(backup, result, work)

    def _passed(self, backup: Backup, job: VerifyJob, work: Work) -> None:
        backup.copies = [
            msgspec.structs.replace(
                copy,
                manifest=True,
                level=_higher(copy.level, level),
                verified_at=work.now,
                damage="",
            )
            for copy, level in zip(backup.copies, job.levels, strict=True)
        ]
        backup.status = "verified"
        backup.verified_at = work.now
        backup.reason = ""
        backup.counts = dict(job.counts)
        work.put(backup)
        series = work.get(SeriesState, backup.series)
        if series is not None and not backup.is_ahead(work.now):
            point = backup.snapshot_at or backup.started_at
            before = not_ahead(series.verified_snapshot_at, work.now)
            if before is None or point >= before:
                series.verified, series.verified_snapshot_at = backup.id, point
                work.put(series)
        work.emit(
            BackupVerified(
                **backup.named,
                at=work.now,
                level=str(backup.level),
            )
        )

    def _failed(self, backup: Backup, failure: Failure, work: Work) -> None:
        if failure.damaged:
            backup.copies = [
                msgspec.structs.replace(copy, level=None, damage=failure.reason[:500])
                if copy.bucket == failure.damaged
                else copy
                for copy in backup.copies
            ]
            backup.status = "failed"
        fail(backup, "verify", failure.reason, work)
        work.put(backup)

    def handlers(self) -> Handlers:
        """What the function consumes."""
        job = Job(VerifyJob, self.claim, self.run, telling(self.conclude))
        return {BackupReplicated: job, VerificationStepDue: job}


def _foundation(backup: Backup, work: Work) -> Failure | None:
    """Why it cannot be restored though everything in it is whole; None: it can."""
    for id in backup.needs:
        base = work.get(Backup, id)
        if base is None or base.status != "verified":
            return Failure(f"it builds on {id}, which is {base.status if base else 'gone'}")
    return None


def _higher(before: Level | None, now: Level) -> Level:
    """A restore test has proven more than any reading back can; that stays true."""
    return "restored" if before == "restored" else now


def _drain(opened: Opened, held: Held, hold: Hold[VerifyJob]) -> None:
    for _ in beating(opened.fetch(held), hold.beat):
        pass


def check_stored(opened: Opened, *, checksums: bool, hold: Hold[VerifyJob]) -> None:
    """
    Compare the objects that are there with the manifest: names, sizes, the bucket's checksums.

    Raises `Damaged`, naming the object.
    """
    manifest = opened.manifest
    folder = f"{manifest.prefix}parts/a{manifest.attempt}/"
    found = iter(opened.bucket.list(folder))
    for entry in opened.entries():
        hold.beat()
        name = manifest.prefix + entry.name
        info = next(found, None)
        if info is None or info.name != name:
            raise Damaged(f"{name} is missing")
        if info.size != entry.size:
            raise Damaged(f"{name} has {info.size} bytes instead of {entry.size}")
        if checksums and info.crc32c != entry.crc32c:
            raise Damaged(f"{name} has another checksum than when it was written")
    extra = next(found, None)
    if extra is not None:
        raise Damaged(f"{extra.name} is not in the manifest")
    objects = size = 0
    for info in opened.bucket.list(manifest.prefix + layout.OBJECTS):
        hold.beat()
        objects += 1
        size += info.size
    if (objects, size) != (manifest.beside.objects, manifest.beside.bytes):
        raise Damaged(
            f"{manifest.prefix}{layout.OBJECTS} holds {objects} objects of {size} bytes instead of"
            f" {manifest.beside.objects} of {manifest.beside.bytes}"
        )
