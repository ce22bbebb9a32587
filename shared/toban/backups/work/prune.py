"""
Removing what retention does not keep: decided for whole series, carried out backup by backup.

A backup that may go is marked ``deleting`` first. Its removal decides once more, on the catalogue as
it is then, and takes the mark back when something has changed (a pin, a restore, a newer backup
found damaged). The manifest goes first, in every destination: what has none is no backup. After a
leap of the clock nothing is marked for a day (`toban.backups.policy.steady`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from toban.backups.catalogue.plans import labels_of
from toban.backups.documents import Backup, Copy, mark, unmark
from toban.backups.jobs import STEP, BackupJob, JobStage, fail, job_id
from toban.backups.policy.copies import TOLD
from toban.backups.policy.retention import decide, removals
from toban.backups.policy.retention_terms import (
    Policy,
    RetentionVerdict,
    Series,
    entry_of,
    policy_of,
)
from toban.backups.policy.steady import waits_until
from toban.backups.section import BACKUP
from toban.backups.storage import layout
from toban.events.backups import BackupVerified, PruneDue, PruneStepDue
from toban.kernel import log
from toban.kernel.binding import BoundHandlers
from toban.kernel.documents import Documents
from toban.kernel.event import timestamp
from toban.kernel.handling.decision import Decision
from toban.kernel.handling.handle import Handlers
from toban.kernel.handling.job import Continue, Job, JobClaim, NothingToDo, Unfinished
from toban.kernel.status import move
from toban.kernel.work import Work
from toban.ports import Operator, Value
from toban.ports.backup import RESOURCES, Bucket, DeleteBlocked, Resources
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.profile.store import current

BLOCKED: Final = timedelta(days=1)
"""A locked copy is tried again after so long."""
FORGOTTEN: Final = timedelta(days=30)
"""The catalogue remembers a deleted backup for so long."""


@dataclass(frozen=True)
class BackupRemoved:
    """The result of a removal: everything of the backup is gone, in every destination."""


class HeldCopy(msgspec.Struct, frozen=True, kw_only=True):
    """What a bucket refused to remove."""

    reason: str
    whole: bool
    """The manifest as well, so that nothing of the copy was removed."""


class PruneJob(BackupJob, kw_only=True):
    """The job of removing a backup."""

    held: dict[str, HeldCopy] = {}
    """Copies that their buckets refused to remove in this step, by bucket."""


@dataclass(frozen=True)
class RetentionReview:
    """The backups of a service with retention's verdict of each."""

    backups: dict[str, Backup]
    verdicts: list[RetentionVerdict]
    removable: list[str]
    """In the order of removal, at most as many as one run may remove."""


def policies(profile: Profile) -> dict[Series, Policy]:
    """Return the policy of every series of a profile."""
    section = profile[BACKUP]
    if section is None:
        return {}
    found = {}
    for plan in section.plans:
        zone = plan.zone or profile[SERVICE].timezone
        try:
            policy = policy_of(plan.keep, zone, section.minimum_verified)
        except ValueError as error:
            # `toban check` refuses it; should it get here, the series is kept whole.
            log.error(
                "series kept whole: no retention rules",
                source=plan.source,
                error=error,
                stack=False,
            )
            continue
        found[profile[SERVICE].id, plan.source, plan.class_] = policy
    return found


def weigh(
    profile: Profile, documents: Documents, undecided: Backup | None = None
) -> RetentionReview:
    """
    Return retention's verdict of every backup of a service, now.

    `undecided`: one marked for removal that is judged as if it were not. Only backups of its
    source are then judged: nothing else decides about it or builds on it.
    """
    where: list[tuple[str, Operator, Value]] = [("service", "==", profile[SERVICE].id)]
    if undecided is not None:
        where.append(("source", "==", undecided.source))
    found = documents.find(Backup, *where)
    for backup in found:
        if undecided is not None and backup.id == undecided.id:
            unmark(backup)
    backups = {backup.id: backup for backup in found}
    entries = [entry_of(backup) for backup in found]
    verdicts = decide(entries, policies(profile), documents.now)
    section = profile[BACKUP]
    most = section.max_deletions if section else 0
    return RetentionReview(backups, verdicts, removals(entries, verdicts, most))


class PruneHandler:
    """The handlers of `prune_backups`."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def on_due(self, due: PruneDue, work: Work) -> None:
        """Mark what may go, of one service or of all; answer a person how many, and what waits."""
        marked, waiting = 0, list[datetime]()
        for service, document in sorted(current(work).items()):
            if due.service not in ("", service) or document.profile[BACKUP] is None:
                continue
            until = waits_until(service, work)
            if until is not None:
                waiting.append(until)
            else:
                marked += _mark(document.profile, work, calendar=True)
        if due.requested_by:
            work.answer(
                outcome="waits" if waiting else "looked",
                marked=str(marked),
                waits_until=timestamp(max(waiting)) if waiting else "",
            )

    def on_verified(self, verified: BackupVerified, work: Work) -> None:
        """Mark what may go now that a new backup counts."""
        document = current(work).get(verified.service)
        if document is None or document.profile[BACKUP] is None:
            return
        if waits_until(verified.service, work) is None:
            _mark(document.profile, work)

    def claim(self, due: PruneStepDue, work: Work) -> PruneJob | None:
        """Return the job of removing one backup, unless retention keeps it after all."""
        id = job_id(due.backup_id, "prune")
        job = work.get(PruneJob, id) or PruneJob(id=id, stage="prune", backup_id=due.backup_id)
        if job.step != due.step:
            return None
        backup = work.get(Backup, due.backup_id)
        if backup is None or backup.status != "deleting":
            return None
        if job.done == 0 and self._stays(backup, work):
            unmark(backup)
            work.put(backup)
            log.warning("backup kept: retention needs it again", backup=backup.id)
            return None
        job.over = False
        return job

    def _stays(self, backup: Backup, work: Work) -> bool:
        """Whether it is kept by now, or has to wait until what builds on it is gone."""
        document = current(work).get(backup.service)
        if document is None:
            return True  # a service without a profile is kept whole
        weighed = weigh(document.profile, work, undecided=backup)
        return any(v.keep for v in weighed.verdicts if v.id == backup.id) or any(
            backup.id in other.needs and other.status != "deleted"
            for other in weighed.backups.values()
        )

    def run(
        self, job: PruneJob, due: PruneStepDue, claim: JobClaim[PruneJob]
    ) -> BackupRemoved | Continue | NothingToDo:
        """Delete, the manifests first."""
        backup = claim.documents.get(Backup, due.backup_id)
        if backup is None or backup.status != "deleting":
            return NothingToDo()
        buckets = [self._resources.bucket(copy.bucket) for copy in backup.copies]
        job.done = max(job.done, 1)  # from here on there is no way back
        job.held = {}
        claim.checkpoint()
        left = [each for each in buckets if _removes(each, backup.prefix + layout.MANIFEST, job)]
        for bucket in left:
            for info in bucket.list(backup.prefix):
                if not _removes(bucket, info.name, job):
                    break  # the rest of it waits as well
                job.done += 1
                claim.beat()
                if claim.elapsed() > STEP:
                    return Continue()
        return Continue(BLOCKED) if job.held else BackupRemoved()

    def next_step(self, job: PruneJob, work: Work) -> PruneStepDue | None:
        """Return the event of the next step; of copies that are locked the catalogue says so."""
        backup = work.get(Backup, job.backup_id)
        if backup is None:
            return None
        copies = [_after(copy, job.held) for copy in backup.copies]
        if job.held and copies != backup.copies:
            backup.copies = copies
            work.put(backup)
            why = "; ".join(held.reason for held in job.held.values())
            log.warning("backup not removed: copies are locked", reason=why, **labels_of(backup))
        return _step(backup, job.step)

    def conclude(self, job: PruneJob, result: BackupRemoved | Unfinished, work: Work) -> None:
        """Record that it is gone, or why it cannot be removed."""
        backup = work.get(Backup, job.backup_id)
        if backup is None or isinstance(result, NothingToDo):
            return
        job.step += 1  # should it be removed again, a late step of this time finds no work
        if not isinstance(result, BackupRemoved):
            fail(backup, "prune", f"cannot be removed: {result.reason}", work)
        else:
            move(backup, "deleted")
            backup.deleted_at = work.now
            backup.degraded = False
            backup.copies = [_after(copy, {}) for copy in backup.copies]
            log.info("backup removed", **labels_of(backup))
        work.put(backup)

    def handlers(self) -> Handlers:
        """Return the function's handlers."""
        job = Job(PruneJob, self.claim, self.run, self.conclude, next_step=self.next_step)
        return (
            Handlers()
            .on(PruneDue, Decision(self.on_due))
            .on(BackupVerified, Decision(self.on_verified))
            .on(PruneStepDue, job)
        )


HANDLERS = BoundHandlers((RESOURCES,), lambda ports: PruneHandler(ports(RESOURCES)).handlers())


def _removes(bucket: Bucket, name: str, job: PruneJob) -> bool:
    """Remove an object, and return whether that was allowed; what is locked is noted."""
    try:
        bucket.delete(name)
    except DeleteBlocked as error:
        locked = HeldCopy(reason=log.mask(str(error))[:TOLD], whole=name.endswith(layout.MANIFEST))
        job.held.setdefault(bucket.name, locked)
        return False
    return True


def _after(copy: Copy, locked: Mapping[str, HeldCopy]) -> Copy:
    """A copy after a try to remove it: what is locked lies there, everything else is gone."""
    found = locked.get(copy.bucket)
    copy = msgspec.structs.replace(copy, held=found.reason if found is not None else "")
    if found is not None and found.whole:
        return copy
    return msgspec.structs.replace(copy, manifest=False, level=None)


def _mark(profile: Profile, work: Work, *, calendar: bool = False) -> int:
    """Mark what may go (how many); by the calendar also take up removals nobody goes on with."""
    weighed = weigh(profile, work)
    reasons: dict[str, int] = {}
    for id in weighed.removable:
        backup = work.get(Backup, id)  # the commit insists on this one
        if backup is None or not _same(backup, weighed.backups[id]):
            continue
        job = work.get(BackupJob, job_id(id, "prune"))
        if backup.status == "deleting":
            idle = job is None or job.over
            if (calendar and idle) or (job is not None and job.is_stale(work.now)):
                # The news of it was lost for good, or it was given up.
                work.emit(_step(backup, job.step if job else 0))
            continue
        mark(backup)
        work.put(backup)
        work.emit(_step(backup, job.step if job else 0))
        series = f"{backup.source}/{backup.class_}"
        reasons[series] = reasons.get(series, 0) + 1
    for id, backup in weighed.backups.items():
        old = backup.deleted_at is not None and work.now - backup.deleted_at > FORGOTTEN
        if old and work.get(Backup, id) is not None:
            forget(id, work)
    if reasons:
        log.info("pruning planned", service=profile[SERVICE].id, **reasons)
    return sum(reasons.values())


def forget(backup_id: str, work: Work) -> None:
    """Remove a backup from the catalogue, with its jobs."""
    work.delete(Backup, backup_id)
    stages: tuple[JobStage, ...] = ("take", "replicate", "verify", "rewrap", "prune")
    for stage in stages:
        if work.get(BackupJob, job_id(backup_id, stage)) is not None:
            work.delete(BackupJob, job_id(backup_id, stage))


def _same(now: Backup, weighed: Backup) -> bool:
    """Whether a backup is as it was when retention looked at it."""
    return entry_of(now) == entry_of(weighed)


def _step(backup: Backup, step: int) -> PruneStepDue:
    return PruneStepDue(
        **backup.named,
        step=step,
    )
