"""
Wrapping a backup's data key by the present key, in the manifest of every copy; its data stay as they are.

Only when nothing is wrapped by a former key any more can that be removed. A manifest is replaced by
one request, under the generation that was read, and is proven before and after: whoever dies in
between leaves copies under different keys, each of which can be read. A copy whose own key is gone
is opened by the data key of another one.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from toban.backups.catalogue.datakeys import key_of, opened_by, same_but_key, wrapped_anew
from toban.backups.catalogue.manifest import Manifest, ManifestKey, decode, key_context
from toban.backups.catalogue.plans import labels_of
from toban.backups.documents import JUDGED, Backup, settle
from toban.backups.jobs import BackupJob, claim_next
from toban.backups.policy.copies import unlocked
from toban.backups.storage import layout
from toban.events.backups import BackupKeysChecked, BackupRewrapDue
from toban.kernel import log
from toban.kernel.handling.job import Failure, Job, JobClaim, NothingToDo, Unfinished
from toban.kernel.work import Work
from toban.ports import Stale, Unavailable
from toban.ports.backup import (
    Bucket,
    Damaged,
    DeleteBlocked,
    Keys,
    KeyUnavailable,
    Resources,
    WrappedKey,
)


class RewrapJob(BackupJob, kw_only=True):
    """The job of wrapping a backup's data key by the present key."""

    present: ManifestKey | None = None
    """What every copy's manifest gets; recorded before the first is written."""
    ended: dict[str, str] = {}
    """By bucket, why its manifest could not be rewritten; empty: it is under the present key."""


@dataclass(frozen=True)
class Rewrapped:
    """The result of wrapping anew: every copy was handled (`RewrapJob.ended`)."""


@dataclass
class _Manifest:
    """A manifest as it lies in a bucket."""

    bucket: Bucket
    name: str
    data: bytes
    generation: int
    content: Manifest | None = None
    """Once it was opened."""


class RewrapHandler:
    """The handler of `replicate_backup` that wraps data keys anew."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def claim(self, due: BackupRewrapDue, work: Work) -> RewrapJob | None:
        """Return the job; a new request looks at every copy anew."""
        return claim_next(RewrapJob, "rewrap", due, work)

    def run(
        self, job: RewrapJob, due: BackupRewrapDue, claim: JobClaim[RewrapJob]
    ) -> Rewrapped | NothingToDo | Failure:
        """Replace the manifests; raises `Unavailable` when only that keeps one from being."""
        backup = claim.documents.get(Backup, due.backup_id)
        if backup is None or backup.status not in JUDGED:
            return NothingToDo(f"it is {backup.status if backup else 'unknown'}")
        if not backup.key_id:
            return NothingToDo("it is not encrypted")
        job.ended = {}
        try:
            holder = self._resources.keys(key_of(claim.documents, backup, present=True))
            return self._rewrap(backup, holder, job, claim)
        except KeyUnavailable as error:
            return Failure(f"the present key cannot be used: {error}")

    def _rewrap(
        self, backup: Backup, holder: Keys, job: RewrapJob, claim: JobClaim[RewrapJob]
    ) -> Rewrapped | Failure:
        found: list[_Manifest] = []
        outage: Unavailable | None = None
        for copy in backup.copies:
            claim.beat()
            try:
                there = _look(self._resources.bucket(copy.bucket), backup.prefix + layout.MANIFEST)
            except Unavailable as error:
                outage = outage or error
                continue
            if there is not None:
                found.append(there)
        data_key = _open(found, holder, job)
        if data_key is None:
            if outage is not None:
                raise outage
            return Rewrapped()
        key = self._choose(backup, holder, data_key, job, claim)
        for there in found:
            if there.bucket.name in job.ended:
                continue
            try:
                _replace(there, key, data_key, holder, claim)
                job.ended[there.bucket.name] = ""
            except (Damaged, DeleteBlocked, ValueError) as error:
                job.ended[there.bucket.name] = log.mask(f"{there.bucket.name}: {error}")
            except Unavailable as error:
                outage = outage or error
            job.done += 1
        if outage is not None:
            raise outage
        return Rewrapped()

    def _choose(
        self,
        backup: Backup,
        holder: Keys,
        data_key: bytes,
        job: RewrapJob,
        claim: JobClaim[RewrapJob],
    ) -> ManifestKey:
        """The data key under the present key: the same for all copies, also after a crash."""
        context = key_context(backup.id)
        fresh = holder.wrap(data_key, context)
        if job.present is None or job.present.key_id != fresh.key_id:
            job.present = ManifestKey(key_id=fresh.key_id, wrapped=fresh.wrapped)
            claim.checkpoint()
        if holder.unwrap(WrappedKey(job.present.key_id, job.present.wrapped), context) != data_key:
            raise KeyUnavailable(f"{job.present.key_id} gave back another key than it had wrapped")
        return job.present

    def conclude(self, job: RewrapJob, result: Rewrapped | Unfinished, work: Work) -> None:
        """Record what came of it; a copy that could not be read for its key can be read again."""
        backup = work.get(Backup, job.backup_id)
        if backup is None or isinstance(result, NothingToDo):
            job.outcome = "nothing"
            job.reason = result.reason if isinstance(result, NothingToDo) else "it is unknown"
            return
        failures = [reason for reason in job.ended.values() if reason]
        if not isinstance(result, Rewrapped):
            failures.append(result.reason)
        job.outcome = "failed" if failures else "done"
        job.reason = log.mask("; ".join(failures))[:2_000]
        if backup.status not in JUDGED:
            return  # retention has come between
        former = backup.key_id
        if job.present is not None and not failures:
            backup.key_id = job.present.key_id
        copies = [
            unlocked(copy) if job.ended.get(copy.bucket) == "" else copy for copy in backup.copies
        ]
        if former == backup.key_id and copies == backup.copies:
            return
        if copies != backup.copies:
            work.emit(BackupKeysChecked(service=backup.service))
        backup.copies = copies
        settle(backup)
        work.put(backup)
        log.info("data key wrapped anew", former=former, key=backup.key_id, **labels_of(backup))

    def job(self) -> Job[BackupRewrapDue, RewrapJob, Rewrapped]:
        """Return the handler."""
        return Job(RewrapJob, self.claim, self.run, self.conclude)


def _look(bucket: Bucket, name: str) -> _Manifest | None:
    """The manifest as it lies there now; None: there is none."""
    info = bucket.stat(name)
    if info is None:
        return None
    try:
        data = bucket.read(name, generation=info.generation)
    except KeyError as error:
        raise Unavailable(f"{bucket.name}/{name}: was replaced while it was read") from error
    return _Manifest(bucket, name, data, info.generation)


def _open(found: list[_Manifest], holder: Keys, job: RewrapJob) -> bytes | None:
    """
    Open what can be opened, and return the data key; None when no copy gives it.

    What has to stay as it is gets its reason in `RewrapJob.ended`.
    """
    data_key: bytes | None = None
    first: Manifest | None = None
    locked: list[tuple[_Manifest, KeyUnavailable]] = []
    for there in found:
        try:
            there.content, own = decode(there.data, holder.unwrap, name=there.name, encrypted=True)
        except KeyUnavailable as gone:
            locked.append((there, gone))
        except Damaged as damage:
            job.ended[there.bucket.name] = log.mask(f"{there.bucket.name}: {damage}")
        else:
            if first is None:
                first, data_key = there.content, own
            elif not same_but_key(first, there.content):
                job.ended[there.bucket.name] = f"{there.bucket.name}: says something else"
    for there, why in locked:
        if first is not None:
            with suppress(Damaged, KeyUnavailable):
                there.content, _ = decode(there.data, opened_by(data_key), name=there.name)
        if first is None or there.content is None or not same_but_key(first, there.content):
            job.ended[there.bucket.name] = log.mask(f"{there.bucket.name}: {why}")
    return data_key


def _replace(
    there: _Manifest,
    key: ManifestKey,
    data_key: bytes,
    holder: Keys,
    claim: JobClaim[RewrapJob],
) -> None:
    """Write the manifest under the key, unless it is; nothing else may lie there meanwhile."""
    assert there.content is not None
    if there.content.key is not None and there.content.key.key_id == key.key_id:
        return
    data = wrapped_anew(there.data, key, data_key, name=there.name)
    if decode(data, holder.unwrap, name=there.name)[1] != data_key:
        raise ValueError(f"{there.name}: would not open any more")
    claim.checkpoint()  # whoever was overtaken writes nothing: by now another key may be the present one
    try:
        there.bucket.upload(there.name, [data], "application/json", over=there.generation)
    except Stale as error:
        raise Unavailable(f"{there.bucket.name}/{there.name}: was changed meanwhile") from error
    try:
        written = there.bucket.read(there.name)
    except KeyError as error:
        raise Unavailable(f"{there.bucket.name}/{there.name}: was removed meanwhile") from error
    if written != data:
        raise Unavailable(f"{there.bucket.name}/{there.name}: was changed meanwhile")
