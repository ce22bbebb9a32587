"""
Whether the data key of every kept backup can still be unwrapped, in each of its copies.

Looked at in turns, once a day each; of every key one at each look, so that a key that was removed too
early is noticed at the next. What is found is noted on the copies (`Copy.locked`), from which the
watch makes one alert for each key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final

import msgspec

from toban.backups.catalogue.datakeys import key_of
from toban.backups.catalogue.manifest import decode
from toban.backups.documents import JUDGED, Backup, Copy, settle
from toban.backups.jobs import STEP
from toban.backups.policy.copies import unlocked, unreadable
from toban.backups.storage import layout
from toban.events.backups import BackupKeysChecked, BackupWatchDue
from toban.kernel import log
from toban.kernel.clock.skew import not_ahead
from toban.kernel.document import Keep
from toban.kernel.documents import Documents
from toban.kernel.handling.job import Job, JobClaim, JobDocument, Unfinished
from toban.kernel.work import Work
from toban.ports import Unavailable
from toban.ports.backup import Damaged, KeyUnavailable, Resources

EACH: Final = timedelta(days=1)
"""How often every kept backup is looked at."""
MOST: Final = 100
"""Backups looked at by one run."""
ID: Final = "keys"


class LockedCopy(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at a copy found."""

    key: str = ""
    """The key that does not unwrap its data key; empty: it was unwrapped."""
    why: str = ""


class KeyLook(JobDocument, kw_only=True):
    """How far the look at the keys of all kept backups has come."""

    COLLECTION: ClassVar[str] = "backup_key_looks"
    KEEP = Keep.always("one in all: how far the look at the keys of backups has come")

    began_at: datetime | None = None
    """This round."""
    after: str = ""
    """The last backup that was looked at in it; empty: the round is over."""
    samples: dict[str, str] = {}
    """One backup of every key, by the key."""
    found: dict[str, dict[str, LockedCopy]] = {}
    """What this run has found to be otherwise than the catalogue has it, by backup and bucket."""
    locked: list[str] = []
    """Services of which a copy is known to be locked: that is told once more."""


@dataclass(frozen=True)
class KeysLookedAt:
    """The result of a run (`KeyLook.found`)."""


class KeyWatchHandler:
    """The handler of `verify_backup` that looks whether data keys can be unwrapped."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def claim(self, _due: BackupWatchDue, work: Work) -> KeyLook | None:
        """Return the job: there is one, which goes on where it was."""
        return work.get(KeyLook, ID) or KeyLook(id=ID)

    def run(self, job: KeyLook, _due: BackupWatchDue, claim: JobClaim[KeyLook]) -> KeysLookedAt:
        """Look at the next ones of the round, at one of each key, and at what was locked before."""
        job.found, job.locked = {}, []
        documents = claim.documents
        for backup in self._first(job, documents):
            self._look(backup, job, claim)
        gone = any(copy.key for copies in job.found.values() for copy in copies.values())
        began = not_ahead(job.began_at, documents.now)
        if gone or began is None:
            job.after = ""  # what else it opens is looked at now
        elif not job.after and documents.now - began < EACH:
            return KeysLookedAt()
        if not job.after:
            job.began_at = documents.now
        self._go_on(job, claim)
        return KeysLookedAt()

    def _go_on(self, job: KeyLook, claim: JobClaim[KeyLook]) -> None:
        """Look at the next ones of the round, as many as one run may."""
        kept = sorted(_kept(claim.documents), key=lambda backup: backup.id)
        turn = [backup for backup in kept if backup.id > job.after]
        for number, backup in enumerate(turn, start=1):
            self._look(backup, job, claim)
            job.samples.setdefault(backup.key_id, backup.id)
            job.after = backup.id
            if number >= MOST or claim.elapsed() > STEP:
                break
        if not turn or job.after == turn[-1].id:
            job.after = ""

    def _first(self, job: KeyLook, documents: Documents) -> list[Backup]:
        """What is looked at in every run: one of each key, and what was locked before."""
        found = [documents.get(Backup, id) for id in sorted(set(job.samples.values()))]
        samples = [backup for backup in found if backup is not None and _is_encrypted(backup)]
        job.samples = {backup.key_id: backup.id for backup in samples}
        locked = [
            backup
            for backup in documents.find(Backup, ("degraded", "==", True))
            if _is_encrypted(backup) and any(copy.locked for copy in backup.copies)
        ]
        locked.sort(key=lambda backup: backup.id)
        job.locked = sorted({backup.service for backup in locked})
        return [*samples, *locked[:MOST]]

    def _look(self, backup: Backup, job: KeyLook, claim: JobClaim[KeyLook]) -> None:
        for copy in backup.copies:
            claim.beat()
            if not copy.manifest or copy.damage or copy.bucket in job.found.get(backup.id, {}):
                continue
            found = self._unwrap(backup, copy, claim.documents)
            if found is not None and found.key != copy.locked:
                job.found.setdefault(backup.id, {})[copy.bucket] = found

    def _unwrap(self, backup: Backup, copy: Copy, documents: Documents) -> LockedCopy | None:
        """What came of it; None where something else than a key keeps it from being read."""
        name = backup.prefix + layout.MANIFEST
        try:
            holder = self._resources.keys(key_of(documents, backup))
            data = self._resources.bucket(copy.bucket).read(name)
            decode(data, holder.unwrap, name=name)
        except KeyUnavailable as error:
            why = log.mask(f"{copy.bucket}: cannot be read: {error}")
            return LockedCopy(key=error.key_id or backup.key_id, why=why)
        except (Damaged, KeyError, LookupError, Unavailable) as error:
            log.warning(
                "data key not looked at", backup=backup.id, bucket=copy.bucket,
                error=error, stack=False,
            )  # fmt: skip
            return None
        return LockedCopy()

    def conclude(self, job: KeyLook, result: KeysLookedAt | Unfinished, work: Work) -> None:
        """Note what cannot be unwrapped, and what can be again; the watch makes alerts of it."""
        if not isinstance(result, KeysLookedAt):
            log.warning("keys of backups not looked at", reason=result.reason)
        services: set[str] = set(job.locked)
        for id, found in sorted(job.found.items()):
            backup = work.get(Backup, id)
            if backup is None or backup.status not in JUDGED:
                continue
            before = backup.status
            backup.copies = [_noted(copy, found.get(copy.bucket)) for copy in backup.copies]
            settle(backup)
            if backup.status == "verified" != before:
                backup.reason = ""
            elif backup.status == "finished" and not backup.reason:
                backup.reason = "; ".join(filter(None, (c.unreadable for c in backup.copies)))
            work.put(backup)
            services.add(backup.service)
        job.found, job.locked = {}, []
        for service in sorted(services):
            work.emit(BackupKeysChecked(service=service))

    def job(self) -> Job[BackupWatchDue, KeyLook, KeysLookedAt]:
        """Return the handler."""
        return Job(KeyLook, self.claim, self.run, self.conclude)


def _is_encrypted(backup: Backup) -> bool:
    return backup.status in JUDGED and bool(backup.key_id)


def _kept(documents: Documents) -> Iterator[Backup]:
    for status in JUDGED:
        found = documents.find(Backup, ("status", "==", status))
        yield from (backup for backup in found if _is_encrypted(backup))


def _noted(copy: Copy, found: LockedCopy | None) -> Copy:
    if found is None or not copy.manifest:
        return copy
    return unreadable(copy, found.why, found.key) if found.key else unlocked(copy)
