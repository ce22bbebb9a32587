"""Copying a finished backup to its other destinations, object by object, the manifest last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from toban.backups.catalogue.datakeys import key_of, opened_by, same_but_key
from toban.backups.catalogue.manifest import Manifest, decode
from toban.backups.catalogue.mend import CopyRepair, CopySide
from toban.backups.catalogue.plans import ResolvedPlan, plan_of
from toban.backups.catalogue.reading import CopyOpener, open_copy
from toban.backups.documents import JUDGED, Backup, Copy, settle
from toban.backups.jobs import (
    STEP,
    BackupJob,
    claim_next,
    fail,
    following,
    tell_failed,
    telling,
)
from toban.backups.keys.rewrap import RewrapHandler
from toban.backups.policy.copies import copy_in, unreadable
from toban.backups.storage import layout
from toban.backups.storage.instructions import leave_instructions
from toban.backups.storage.sealing import BackupLocation
from toban.events.backups import (
    BackupEvent,
    BackupFinished,
    BackupReplicated,
    BackupRewrapDue,
    ReplicationStepDue,
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
from toban.ports.backup import RESOURCES, Damaged, DeleteBlocked, KeyUnavailable, Resources

EACH: Final = 16
"""Objects looked at between two checkpoints; doing them again finds them there."""


class ReplicateJob(BackupJob, kw_only=True):
    """The job of copying a backup to its other destinations."""

    target: str = ""
    """The bucket whose copy is being made whole."""
    position: int = 0
    """How many of its objects are."""
    ended: dict[str, str] = {}
    """By bucket, why it could not be made whole; empty: it is."""


@dataclass(frozen=True)
class Replicated:
    """The result of copying: every destination was handled (`ReplicateJob.ended`)."""


@dataclass(frozen=True)
class ReferenceManifest:
    """The authenticated manifest by which copies are made, from one of the copies."""

    bucket: str
    manifest: Manifest
    data: bytes
    data_key: bytes | None


class ReplicateHandler:
    """The handlers of `replicate_backup`."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._opener = CopyOpener(resources)

    def claim(self, event: BackupEvent, work: Work) -> ReplicateJob | None:
        """Return the job if its step is due; a new request copies anew what is missing."""
        return claim_next(ReplicateJob, "replicate", event, work)

    def run(
        self, job: ReplicateJob, event: BackupEvent, claim: JobClaim[ReplicateJob]
    ) -> Replicated | Continue | NothingToDo | Failure:
        """
        Copy for some minutes, whatever became of the destinations before.

        Raises `Unavailable` when that is all that keeps a destination from being made whole.
        """
        backup = claim.documents.get(Backup, event.backup_id)
        if backup is None or backup.status not in JUDGED or not is_complete(backup):
            return NothingToDo()
        planned = plan_of(claim.documents, backup)
        if planned is None:
            return Failure(f"profile version {backup.profile_version} has no such plan")
        copies = with_destinations(backup, planned)
        key = key_of(claim.documents, backup)
        try:
            original = self._original(backup, copies, key)
        except (KeyUnavailable, ValueError) as error:
            return Failure(f"its manifest cannot be read: {error}")
        if original is None:
            job.ended = {
                copy.bucket: f"{copy.bucket}: no copy of the manifest is whole" for copy in copies
            }
            return Replicated()
        outage: Unavailable | None = None
        # The original is looked at as well, once there is anything to mend it from.
        others = any(c.manifest for c in copies if c.bucket != original.bucket)
        targets = [c for c in copies if c.bucket != original.bucket or others]
        for copy in sorted(targets, key=lambda c: c.bucket != job.target):
            if copy.bucket in job.ended:
                continue
            if job.target != copy.bucket:
                job.target, job.position = copy.bucket, 0
            try:
                if not self._mend(backup, original, copy, copies, key, job, claim):
                    return Continue()
                job.ended[copy.bucket] = ""
            except (Damaged, DeleteBlocked, ValueError) as error:
                job.ended[copy.bucket] = log.mask(f"{copy.bucket}: {error}")
            except Unavailable as error:
                outage = outage or error
                continue
            job.position = 0
            claim.checkpoint()
        if outage is not None:
            raise outage
        return Replicated()

    def _original(self, backup: Backup, copies: list[Copy], key: str) -> ReferenceManifest | None:
        """
        The manifest of the best copy that has one; None when none is authentic any more.

        Raises `KeyUnavailable`, or `Unavailable` when that may be all that is wrong.
        """
        outage: Unavailable | None = None
        for copy in sorted(copies, key=lambda c: (not c.proven, not c.manifest, bool(c.damage))):
            name = backup.prefix + layout.MANIFEST
            try:
                opened = open_copy(self._opener, backup, copy.bucket, key)
                data = opened.bucket.read(name)
            except (Damaged, KeyError):
                continue
            except Unavailable as error:
                outage = outage or error
                continue
            return ReferenceManifest(copy.bucket, opened.manifest, data, opened.location.data_key)
        if outage is not None:
            raise outage
        return None

    def _mend(
        self,
        backup: Backup,
        original: ReferenceManifest,
        copy: Copy,
        copies: list[Copy],
        key: str,
        job: ReplicateJob,
        claim: JobClaim[ReplicateJob],
    ) -> bool:
        """Make a copy whole; False when the step's time is up. Raises what `CopyRepair` raises."""
        manifest = original.manifest

        def side(of: Copy) -> CopySide:
            bucket = self._resources.bucket(of.bucket)
            location = BackupLocation(bucket, backup.prefix, backup.id, original.data_key)
            return CopySide(location, suspect=bool(of.damage))

        others = [c for c in copies if c.bucket != copy.bucket]
        others.sort(key=lambda c: (not c.proven, c.bucket != original.bucket, bool(c.damage)))
        form = self._resources.format(manifest.kind) if manifest.object_totals.objects else None
        mending = CopyRepair(manifest, side(copy), [side(other) for other in others], form)
        if not job.position:
            leave_instructions(self._resources.bucket(copy.bucket))
            self._refuse_another(original, copy, backup, key)
        for number, thing in enumerate(mending.objects(), start=1):
            claim.beat()
            if number <= job.position:
                continue
            job.bytes += mending.mend(thing)
            job.done += 1
            job.position = number
            if number % EACH == 0:
                claim.checkpoint()
                if claim.elapsed() > STEP:
                    return False
        mending.finish(original.data, claim.beat, lambda there: self._stands(there, original, key))
        return True

    def _stands(self, there: bytes, original: ReferenceManifest, key: str) -> bool:
        """Whether a manifest says what the original says and can be opened, by whichever key."""
        name = original.manifest.prefix + layout.MANIFEST
        try:
            manifest, _ = decode(
                there, self._resources.keys(key).unwrap if key else None, name=name
            )
        except (Damaged, KeyUnavailable):
            return False
        return same_but_key(manifest, original.manifest)

    def _refuse_another(
        self, original: ReferenceManifest, copy: Copy, backup: Backup, key: str
    ) -> None:
        """
        Raise `Damaged` where an authentic manifest says something else: nobody can judge.

        One whose own key is gone is judged by the data key that the original has given.
        """
        try:
            there = open_copy(self._opener, backup, copy.bucket, key).manifest
        except Damaged:
            return  # none, or none that can be believed
        except KeyUnavailable as error:
            name = backup.prefix + layout.MANIFEST
            try:
                data = self._resources.bucket(copy.bucket).read(name)
                there, _ = decode(data, opened_by(original.data_key), name=name)
            except (Damaged, KeyError, KeyUnavailable):
                raise Damaged(f"its manifest cannot be judged: {error}") from error
        if not same_but_key(there, original.manifest):
            raise Damaged(f"its manifest says something else than that in {original.bucket}")

    def conclude(self, job: ReplicateJob, result: Replicated | Unfinished, work: Work) -> None:
        """Record which copies are complete; the next stage reads whatever was copied."""
        backup = work.get(Backup, job.backup_id)
        if backup is None or isinstance(result, NothingToDo):
            return
        job.failure = result.reason[:1_000] if isinstance(result, Failure) else ""
        if backup.status not in JUDGED:
            return  # retention has come between
        if isinstance(result, Failure):
            # What there is may be whole. It is verified once a person has it replicated again.
            fail(backup, "replicate", result.reason, work)
            work.put(backup)
            return
        planned = plan_of(work, backup)
        copies = with_destinations(backup, planned) if planned else backup.copies
        if isinstance(result, GaveUp):
            job.ended = {
                copy.bucket: f"{copy.bucket}: {result.reason}"
                for copy in copies
                if not copy.manifest or copy.damage
            } | job.ended
        backup.copies = [
            _after(copy, job.ended.get(copy.bucket))
            for copy in copies
            if copy_in(backup, copy.bucket) is not None or job.ended.get(copy.bucket) == ""
        ]
        settle(backup)
        work.put(backup)
        if told := [reason for reason in job.ended.values() if reason]:
            tell_failed(backup, "replicate", "; ".join(told), work)
        work.emit(BackupReplicated(at=work.now, **backup.named))

    def handlers(self) -> Handlers:
        """Return the function's handlers."""
        job = Job(
            ReplicateJob,
            self.claim,
            self.run,
            telling(self.conclude),
            next_step=following(ReplicationStepDue),
        )
        return (
            Handlers()
            .on(BackupFinished, job)
            .on(ReplicationStepDue, job)
            .on(BackupRewrapDue, RewrapHandler(self._resources).job())
        )


HANDLERS = BoundHandlers((RESOURCES,), lambda ports: ReplicateHandler(ports(RESOURCES)).handlers())


def is_complete(backup: Backup) -> bool:
    """Return whether any copy has a manifest, so that there is something to copy from."""
    return any(copy.manifest for copy in backup.copies)


def with_destinations(backup: Backup, planned: ResolvedPlan) -> list[Copy]:
    """Return its copies, and those of its plan that the catalogue lacks (it was rebuilt)."""
    known = {copy.bucket for copy in backup.copies}
    return backup.copies + [
        Copy(bucket=destination.bucket, region=destination.region)
        for destination in planned.destinations
        if destination.bucket not in known
    ]


def _after(copy: Copy, trouble: str | None) -> Copy:
    """The copy as it is known after copying; what was found damaged stays so until it is read."""
    if trouble is None:
        return copy
    if trouble:
        return unreadable(copy, trouble)
    return msgspec.structs.replace(copy, manifest=True, unreadable="", locked="")
