"""Loading a backup into a target: never the source unless told, checked, and timed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import msgspec

from toban.backups.catalogue.datakeys import key_of
from toban.backups.catalogue.plans import ResolvedPlan, bases_of, plan_of
from toban.backups.catalogue.reading import CopyOpener, OpenedCopy, open_copy
from toban.backups.documents import Backup, RestoreTestResult
from toban.backups.jobs import STEP
from toban.backups.policy.occupied import refusal
from toban.backups.policy.recovery import usable
from toban.backups.policy.restores import (
    GivenUpCopy,
    Restore,
    RestoreRecord,
    TestHistory,
    missing,
    pair,
    too_slow,
    untimed,
    wrong_answers,
)
from toban.backups.restoring.fallback import (
    falls_back,
    given_up,
    is_out_of_reach,
    note_shown,
)
from toban.backups.restoring.spans import Stopwatch, seconds_between
from toban.backups.restoring.targets import staging_of, target_spec
from toban.backups.work.lease import KeptClaim, kept
from toban.events.backups import (
    RestoreEvent,
    RestoreFailed,
    RestoreFinished,
    RestoreRequested,
    RestoreStepDue,
)
from toban.kernel import log
from toban.kernel.binding import BoundHandlers
from toban.kernel.errors import TryLater
from toban.kernel.handling.handle import Handlers
from toban.kernel.handling.job import Continue, Failure, Job, JobClaim, LeaseLost, Unfinished
from toban.kernel.status import move
from toban.kernel.work import Work
from toban.ports import Unavailable
from toban.ports.backup import (
    RESOURCES,
    ContentQuestion,
    Damaged,
    KeyUnavailable,
    Resources,
    Spec,
    Target,
    TargetBusy,
    TargetFailed,
)
from toban.profile.store import current
from toban.sources.base import StagingTarget

POLL: Final = timedelta(seconds=20)
"""How long to wait for an import on the other side before asking again."""
LEASE: Final = timedelta(seconds=60)
"""How long a restore stands still when its process has died. While it lives a thread renews it."""
NEWEST_TESTS: Final = 10
"""Test results a backup remembers."""


@dataclass(frozen=True)
class Restored:
    """The result of a restore: everything is in the target and was checked there."""


@dataclass(frozen=True)
class CopyDamaged(Failure):
    """Data read in the restore's bucket is not what was stored, and no proven copy is left."""

    copy: GivenUpCopy


class RestoreHandler:
    """The handlers of `restore_backup`."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._opener = CopyOpener(resources)

    # --- claiming ------------------------------------------------------------------------

    def claim(self, event: RestoreEvent, work: Work) -> Restore | None:
        """Return the restore if its step is due; a request begins one, or is refused."""
        restore = work.get(Restore, event.restore_id)
        if restore is not None:
            step = event.step if isinstance(event, RestoreStepDue) else 0
            return None if restore.over or restore.step != step else restore
        if not isinstance(event, RestoreRequested):
            return None
        backup = work.get(Backup, event.backup_id)
        restore = Restore(
            id=event.restore_id,
            service=event.service,
            source=event.source,
            backup_id=event.backup_id,
            kind=backup.kind if backup else "",
            purpose=event.purpose,
            environment=backup.environment if backup else event.environment,
            region=event.region,
            bucket="",
            target=dict(event.target),
            onto_source=event.onto_source,
            requested_by=event.requested_by,
            requested_at=event.detected_at or work.event.time,
        )
        copy = usable(backup, event.region, bases_of(backup, work)) if backup else None
        if backup is None or backup.status in ("running", "deleting", "deleted"):
            status = backup.status if backup else "unknown"
            _refuse(restore, f"backup {event.backup_id} is {status}", work)
            return None
        if copy is None:
            where = event.region or "any region"
            _refuse(restore, f"no usable copy of {backup.id} in {where}", work)
            return None
        restore.region, restore.bucket = copy.region, copy.bucket
        restore.total = backup.parts
        # Retention leaves a backup alone while a restore reads it.
        backup.restores = [*backup.restores, restore.id]
        work.put(backup)
        work.put(restore)
        return restore

    # --- running -------------------------------------------------------------------------

    def run(
        self, restore: Restore, _event: RestoreEvent, claim: JobClaim[Restore]
    ) -> Restored | Continue | Failure:
        """Load for some minutes, or check what was loaded."""
        backup = claim.documents.get(Backup, restore.backup_id)
        if backup is None:
            return Failure(f"backup {restore.backup_id} is gone from the catalogue")
        planned = plan_of(claim.documents, backup)
        if planned is None:
            return Failure(f"profile version {backup.profile_version} has no such plan")
        with kept(claim) as held:
            return self._step(restore, backup, planned, held)

    def _step(
        self, restore: Restore, backup: Backup, planned: ResolvedPlan, claim: KeptClaim[Restore]
    ) -> Restored | Continue | Failure:
        staging = staging_of(planned.profile, restore.source)
        try:
            opened = open_copy(
                self._opener, backup, restore.bucket, key_of(claim.documents, backup)
            )
            spec = target_spec(restore, staging, opened.manifest)
            target = self._resources.target(spec)
            here = {opened.manifest.identity, self._resources.source(planned.spec).identity}
            restore.target_identity = target.identity
            if not restore.begun and (
                refused := self._refusal(restore, backup, target.identity, here, spec, claim)
            ):
                return Failure(refused)
            if restore.wrong is None:
                if not self._load(restore, opened, target, claim):
                    return Continue()
                restore.wrong = self._check(restore, backup, target, staging, claim)
                claim.checkpoint()  # once a test's target is gone, nothing can be checked there
            if restore.purpose == "test":
                target.discard()
            else:
                target.release()
        except LeaseLost:
            ended = claim.documents.get(Restore, restore.id)
            if ended is not None and ended.over:
                self._clear(restore, staging)  # what we loaded after the other had emptied it
            raise
        except Damaged as error:
            found = given_up(restore, error)
            if falls_back(restore, backup, found, claim.documents):
                return Continue()
            self._clear(restore, staging)
            return CopyDamaged(log.mask(str(error)), found)
        except Unavailable as error:
            gone = restore.tries > 1 and is_out_of_reach(self._resources, backup, restore.bucket)
            if gone and falls_back(restore, backup, given_up(restore, error), claim.documents):
                return Continue()
            raise
        except (KeyUnavailable, ValueError) as error:
            return Failure(str(error))
        except TargetBusy:
            return Continue(POLL)
        except TargetFailed as error:
            if error.retryable:
                raise TryLater(f"{restore.id}: {error}") from error
            self._clear(restore, staging)
            return Failure(str(error))
        return Failure("; ".join(restore.wrong)[:2_000]) if restore.wrong else Restored()

    def _refusal(
        self,
        restore: Restore,
        backup: Backup,
        identity: str,
        source: set[str],
        spec: Spec,
        claim: KeptClaim[Restore],
    ) -> str:
        """Why nothing may be loaded into the target; empty: it may."""
        if identity in source and not restore.onto_source:
            return f"{identity} is the source itself: nothing was written"
        if restore.onto_source and identity not in source:
            return f"{identity} is not the source that was to be overwritten: nothing was written"
        profiles = {id: found.profile for id, found in current(claim.documents).items()}
        return refusal(
            identity, spec, profiles, self._resources, backup, onto_source=restore.onto_source
        )

    def _clear(self, restore: Restore, staging: StagingTarget | None) -> None:
        """Leave nothing of a test that failed in the middle, and no mark of a recovery; best effort."""
        if not restore.begun:
            return  # the target is as we found it
        try:
            target = self._resources.target(target_spec(restore, staging))
            if restore.purpose == "test":
                target.discard()
            else:
                target.release()
        except TargetFailed as error:
            log.warning(
                "restore target not cleared: it is left as it is",
                restore=restore.id,
                error=error,
                stack=False,
            )

    def _load(
        self, restore: Restore, opened: OpenedCopy, target: Target, claim: KeptClaim[Restore]
    ) -> bool:
        """Whether everything is in the target."""
        if restore.total and restore.done == restore.total and target.resumable:
            return True
        if not restore.begun:
            restore.spans["wait"] = seconds_between(restore.requested_at, claim.now())
        starts_over = restore.begun and not target.resumable
        if starts_over:
            restore.done = restore.items = restore.bytes = 0
        target.prepare(fresh=not restore.begun or starts_over)
        restore.begun = True
        restore.total = opened.manifest.total_parts
        _checkpoint(claim, target)
        watch = Stopwatch(restore, claim)
        for items in target.load(watch.parts(opened, restore.done + 1), opened.fetch):
            if items is None:
                claim.beat()
                continue
            watch.loaded()
            restore.done = min(restore.done + 1, restore.total)
            restore.items += items
            _checkpoint(claim, target)
            if target.resumable and claim.elapsed() > STEP and restore.done < restore.total:
                return False
        watch.loaded()
        restore.done = restore.total
        _checkpoint(claim, target)
        return True

    def _check(
        self,
        restore: Restore,
        backup: Backup,
        target: Target,
        staging: StagingTarget | None,
        claim: KeptClaim[Restore],
    ) -> list[str]:
        began = claim.now()
        restore.counts = target.counts()
        partial = bool(restore.target.get("only"))
        wrong = (
            []
            if partial
            else missing(backup.counts, restore.counts, exact=restore.purpose == "test")
        )
        if restore.purpose == "test" and staging is not None and staging.queries:
            questions = [ContentQuestion(q.query, q.expect) for q in staging.queries]
            restore.answers = target.ask(questions)
            wrong += wrong_answers(questions, restore.answers)
        restore.spans["check"] = seconds_between(began, claim.now())
        return wrong

    # --- concluding ----------------------------------------------------------------------

    def next_step(self, restore: Restore, _work: Work) -> RestoreStepDue:
        """Return the event of the next step."""
        return RestoreStepDue(step=restore.step, **restore.named)

    def conclude(self, restore: Restore, result: Restored | Unfinished, work: Work) -> None:
        """Record the result, and release the backup."""
        restore.finished_at = work.now
        seconds = seconds_between(restore.requested_at, work.now)
        reason = "" if isinstance(result, Restored) else log.mask(result.reason)[:2_000]
        profile = current(work).get(restore.service)
        if not reason and restore.purpose == "test" and profile is not None:
            reason = untimed(restore, work.now) or too_slow(
                profile.profile, restore.source, seconds
            )
        restore.reason = reason = log.mask(reason)
        move(restore, "failed" if reason else "finished")
        self._let_go(restore, result.copy if isinstance(result, CopyDamaged) else None, work)
        if restore.purpose == "test":
            _note_test(restore, seconds, work)
        if reason:
            work.emit(
                RestoreFailed(region=restore.region, reason=reason, at=work.now, **restore.named)
            )
        else:
            work.emit(
                RestoreFinished(
                    region=restore.region, at=work.now, seconds=seconds, **restore.named
                )
            )

    def _let_go(self, restore: Restore, damage: GivenUpCopy | None, work: Work) -> None:
        backup = work.get(Backup, restore.backup_id)
        if backup is None:
            return
        backup.restores = [id for id in backup.restores if id != restore.id]
        if restore.purpose == "test":
            test = RestoreTestResult(
                restore_id=restore.id,
                region=restore.region,
                at=work.now,
                passed=restore.status == "finished",
                seconds=seconds_between(restore.requested_at, work.now),
                spans=dict(restore.spans),
                reason=restore.reason[:500],
            )
            backup.tests = [*backup.tests, test][-NEWEST_TESTS:]
        note_shown(restore, backup, damage, work)
        work.put(backup)

    def handlers(self) -> Handlers:
        """Return the function's handlers."""
        job = Job(
            Restore, self.claim, self.run, self.conclude, next_step=self.next_step, lease=LEASE
        )
        return Handlers().on(RestoreRequested, job).on(RestoreStepDue, job)


HANDLERS = BoundHandlers((RESOURCES,), lambda ports: RestoreHandler(ports(RESOURCES)).handlers())


def _checkpoint(claim: KeptClaim[Restore], target: Target) -> None:
    """Progress counts only where a dead process's successor can use it."""
    if target.resumable:
        claim.checkpoint()
    else:
        claim.show()


def _refuse(restore: Restore, reason: str, work: Work) -> None:
    restore.over = True
    move(restore, "failed")
    restore.reason = reason
    restore.finished_at = work.now
    work.put(restore)
    work.emit(RestoreFailed(region=restore.region, reason=reason, at=work.now, **restore.named))


def _note_test(restore: Restore, seconds: float, work: Work) -> None:
    record = work.get(RestoreRecord, restore.service) or RestoreRecord(id=restore.service)
    key = pair(restore.source, restore.region)
    before = record.tested.get(key, TestHistory())
    if restore.status == "finished":
        record.tested[key] = msgspec.structs.replace(before, passed_at=work.now, seconds=seconds)
    work.put(record)
