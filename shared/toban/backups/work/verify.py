"""
Reading a backup back, in every destination, as far as its plan asks. Only then it counts.

What is found is a fact about one copy. Every copy is read, and the backup is what its best ones are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from toban.backups.catalogue.datakeys import key_of
from toban.backups.catalogue.plans import plan_of
from toban.backups.catalogue.reading import (
    BaseDamaged,
    CopyOpener,
    NoManifest,
    OpenedCopy,
    open_copy,
)
from toban.backups.documents import JUDGED, LEVELS, Backup
from toban.backups.jobs import (
    STEP,
    BackupJob,
    beating,
    claim_next,
    fail,
    following,
    job_id,
    telling,
)
from toban.backups.keys.look import KeyWatchHandler
from toban.backups.levels import Level
from toban.backups.policy.copies import ReadBackResult, proven_there
from toban.backups.storage import layout
from toban.backups.work.reading.judging import judge
from toban.backups.work.reading.whole import (
    Whole,
    WholeObjects,
    names_objects,
    read_rest,
    references,
)
from toban.events.backups import (
    BackupEvent,
    BackupReplicated,
    BackupWatchDue,
    VerificationStepDue,
)
from toban.kernel import log
from toban.kernel.binding import BoundHandlers
from toban.kernel.handling.handle import Handlers
from toban.kernel.handling.job import (
    Continue,
    Failure,
    GaveUp,
    Job,
    JobClaim,
    NothingToDo,
    Unfinished,
)
from toban.kernel.work import Work
from toban.ports import Unavailable
from toban.ports.backup import (
    RESOURCES,
    Damaged,
    FormatUnchecked,
    KeyUnavailable,
    ObjectRef,
    Resources,
)

ONE_PASS: Final = 2 * 1024**3
"""
Up to so many bytes content and format are checked in one pass. More is read part by part over
several steps first; a format check cannot be left and gone on with.
"""


class VerifyJob(BackupJob, kw_only=True):
    """The job of verifying a backup."""

    only: str = ""
    """Only the copy in this bucket is asked for, to be read whole; empty: every one."""
    reading: str = ""
    """The bucket whose copy is being read."""
    parts_read: int = 0
    beside_read: int = 0
    trusted: list[str] = []
    """What it builds on and was read back in that bucket: it is not read again."""
    read: dict[str, ReadBackResult] = {}
    """What reading each copy came to, by bucket."""
    counts: dict[str, int] = {}
    place: int = 0
    levels: list[Level] = []
    """Of a job that an earlier version began: which copy was being read, what those before passed."""


@dataclass(frozen=True)
class CopiesRead:
    """The result of verifying: every copy was read as far as it can be."""


class VerifyHandler:
    """The handlers of `verify_backup`."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._opener = CopyOpener(resources)

    def claim(self, event: BackupEvent, work: Work) -> VerifyJob | None:
        """Return the job if its step is due; a new request verifies anew, or more."""
        before = work.get(VerifyJob, job_id(event.backup_id, "verify"))
        job = claim_next(VerifyJob, "verify", event, work)
        if job is not None and isinstance(event, BackupReplicated):
            begun = before is not None and not before.over
            job.only = event.bucket if not begun or job.only == event.bucket else ""
        return job

    def run(
        self, job: VerifyJob, event: BackupEvent, claim: JobClaim[VerifyJob]
    ) -> CopiesRead | Continue | NothingToDo | Failure:
        """
        Read every copy for some minutes, whatever the result of earlier ones.

        Raises `Unavailable` when only that keeps a copy from being read.
        """
        backup = claim.documents.get(Backup, event.backup_id)
        if backup is None or backup.status not in JUDGED:
            return NothingToDo()
        planned = plan_of(claim.documents, backup)
        if planned is None:
            return Failure(f"profile version {backup.profile_version} has no such plan")
        _take_over(job, backup, claim.now())
        bases = {id: claim.documents.get(Backup, id) for id in backup.needs}
        key = key_of(claim.documents, backup)
        outage: Unavailable | None = None
        # The one that was begun comes first: a step that is tried again goes on with it.
        for place, copy in sorted(
            enumerate(backup.copies), key=lambda each: (each[1].bucket != job.reading, each[0])
        ):
            if copy.bucket in job.read or job.only not in ("", copy.bucket):
                continue
            if job.reading != copy.bucket:
                job.reading, job.parts_read, job.beside_read = copy.bucket, 0, 0
            job.trusted = proven_there(bases, copy.bucket)
            # One copy at least passes the plan's level; the others are asked for less.
            full = place == 0 or not any(r.level for r in job.read.values())
            wanted = planned.plan.level if full else planned.plan.replica_level
            if job.only:  # rot is found by reading, whatever was enough when it was written
                own = planned.plan.level if place == 0 else planned.plan.replica_level
                wanted = max(own, "content", key=LEVELS.index)
            try:
                reading = self._read(backup, copy.bucket, key, wanted, job, claim)
            except Unavailable as error:
                outage = outage or error
                continue
            if reading is None:
                return Continue()
            job.read[copy.bucket] = reading
            job.parts_read = job.beside_read = 0
            claim.checkpoint()
        if outage is not None:
            raise outage
        return CopiesRead()

    def _read(
        self,
        backup: Backup,
        bucket: str,
        key: str,
        wanted: Level,
        job: VerifyJob,
        claim: JobClaim[VerifyJob],
    ) -> ReadBackResult | None:
        """What reading a copy came to; None when the step's time is up."""
        try:
            opened = open_copy(self._opener, backup, bucket, key)
            done = self._check(opened, wanted, job, claim)
        except Damaged as error:
            return ReadBackResult(
                read_at=claim.now(),
                damage=log.mask(f"{bucket}: {error}"),
                missing=isinstance(error, NoManifest),
                base=error.backup_id if isinstance(error, BaseDamaged) else "",
            )
        except KeyUnavailable as error:
            why = log.mask(f"{bucket}: cannot be read: {error}")
            return ReadBackResult(read_at=claim.now(), unreadable=why, locked=error.key_id)
        except (FormatUnchecked, ValueError) as error:
            why = log.mask(f"{bucket}: cannot be verified ({wanted}): {error}")
            return ReadBackResult(read_at=claim.now(), unchecked=why)
        return ReadBackResult(read_at=claim.now(), level=wanted) if done else None

    def _check(
        self, opened: OpenedCopy, wanted: Level, job: VerifyJob, claim: JobClaim[VerifyJob]
    ) -> bool:
        manifest = opened.manifest
        if job.parts_read == 0 and job.beside_read == 0:
            check_stored(opened, wanted, claim)
        job.total = manifest.total_parts
        if LEVELS.index(wanted) < LEVELS.index("content"):
            return True
        form = self._resources.format(manifest.kind)
        whole = manifest.plain_bytes + manifest.object_totals.bytes <= ONE_PASS
        if not whole or LEVELS.index(wanted) < LEVELS.index("format"):
            if not self._read_content(opened, job, claim):
                return False
            if LEVELS.index(wanted) < LEVELS.index("format") or names_objects(manifest):
                return True  # an inventory and its objects were understood while reading them
        stream = Whole(beating(opened.stream(), claim.beat))
        objects = WholeObjects(lambda ref: beating(opened.fetch(ref), claim.beat))
        try:
            job.counts = form.check(stream, objects)
        except (FormatUnchecked, ValueError):
            read_rest(form, opened, stream, objects)  # damage is found whoever can say what it is
            raise
        read_rest(form, opened, stream, objects)
        return True

    def _read_content(self, opened: OpenedCopy, job: VerifyJob, claim: JobClaim[VerifyJob]) -> bool:
        """Read every part and every object beside; False when the step's time is up."""
        for part in opened.parts(first=job.parts_read + 1):
            for _ in beating(part, claim.beat):
                pass
            job.parts_read += 1
            job.done = job.parts_read
            claim.checkpoint()
            if claim.elapsed() > STEP:
                return False
        if not names_objects(opened.manifest):
            return True
        form = self._resources.format(opened.manifest.kind)
        for number, ref in enumerate(references(form, opened), start=1):
            if number <= job.beside_read:
                continue
            if ref.backup_id in job.trusted:
                opened.find_base(ref.backup_id)
            else:
                _drain(opened, ref, claim)
            job.beside_read = number
            if number % 16 == 0:
                claim.checkpoint()
                if claim.elapsed() > STEP:
                    return False
        return True

    def conclude(self, job: VerifyJob, result: CopiesRead | Unfinished, work: Work) -> None:
        """Record the result of each copy, and start what follows."""
        backup = work.get(Backup, job.backup_id)
        if backup is None or isinstance(result, NothingToDo):
            return
        if isinstance(result, Failure):
            fail(backup, "verify", result.reason, work)
            work.put(backup)
        else:
            judge(backup, _unread(backup, job, result, work.now) | job.read, job.counts, work)

    def handlers(self) -> Handlers:
        """Return the function's handlers."""
        job = Job(
            VerifyJob,
            self.claim,
            self.run,
            telling(self.conclude),
            next_step=following(VerificationStepDue),
        )
        return (
            Handlers()
            .on(BackupReplicated, job)
            .on(VerificationStepDue, job)
            .on(BackupWatchDue, KeyWatchHandler(self._resources).job())
        )


HANDLERS = BoundHandlers((RESOURCES,), lambda ports: VerifyHandler(ports(RESOURCES)).handlers())


def _take_over(job: VerifyJob, backup: Backup, now: datetime) -> None:
    """Go on with a job that an earlier version began; it read the copies in their order."""
    if job.reading or job.read or not (job.place or job.parts_read or job.beside_read):
        return
    for copy, level in zip(backup.copies, job.levels, strict=False):
        job.read[copy.bucket] = ReadBackResult(read_at=job.touched_at or now, level=level)
    if job.place < len(backup.copies):
        job.reading = backup.copies[job.place].bucket


def _unread(
    backup: Backup, job: VerifyJob, result: CopiesRead | GaveUp, now: datetime
) -> dict[str, ReadBackResult]:
    """Copies that were asked for, and whose reading was given up."""
    if not isinstance(result, GaveUp):
        return {}
    return {
        copy.bucket: ReadBackResult(
            read_at=now, unreadable=f"{copy.bucket}: cannot be read: {result.reason}"
        )
        for copy in backup.copies
        if job.only in ("", copy.bucket)
    }


def _drain(opened: OpenedCopy, ref: ObjectRef, claim: JobClaim[VerifyJob]) -> None:
    for _ in beating(opened.fetch(ref), claim.beat):
        pass


def check_stored(opened: OpenedCopy, wanted: Level, claim: JobClaim[VerifyJob]) -> None:
    """
    Compare the stored objects with the manifest: names, sizes, the bucket's checksums.

    Objects besides the stream that will not be read are only counted (the stream names those
    that must exist, and any other is not missed). Raises `Damaged`, naming the object.
    """
    checksums = LEVELS.index(wanted) >= LEVELS.index("checksums")
    manifest = opened.manifest
    folder = f"{manifest.prefix}parts/a{manifest.attempt}/"
    found = iter(opened.bucket.list(folder))
    for entry in opened.entries():
        claim.beat()
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
    if LEVELS.index(wanted) >= LEVELS.index("content"):
        return
    objects = size = 0
    for info in opened.bucket.list(manifest.prefix + layout.OBJECTS):
        claim.beat()
        objects += 1
        size += info.size
    if (objects, size) != (manifest.object_totals.objects, manifest.object_totals.bytes):
        raise Damaged(
            f"{manifest.prefix}{layout.OBJECTS} holds {objects} objects of {size} bytes instead of"
            f" {manifest.object_totals.objects} of {manifest.object_totals.bytes}"
        )
