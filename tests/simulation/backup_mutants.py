"""
Deliberately broken variants of backups, one defect each: every one has to be caught by the crash
points or by the simulation of backups, or their silence would prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Any
from unittest import mock

import msgspec

from tests.simulation.copies_mutants import replaced_by_anything
from tests.simulation.mutants import Mutant
from toban.backups.catalogue import mend
from toban.backups.documents import Backup
from toban.backups.policy.retention_terms import entry_of
from toban.backups.restoring import restore
from toban.backups.storage import layout
from toban.backups.work import prune, take, verify
from toban.kernel.document import encode
from toban.kernel.handling import job as kernel_job
from toban.kernel.handling.job import JobClaim
from toban.ports import Update


def no_fence() -> AbstractContextManager[Any]:
    """A checkpoint is written over whatever is there by now."""

    def record(self: JobClaim[Any]) -> None:
        key = self.document.key(self.document.id)
        found = self._platform.store.get([key])[0]
        assert found is not None
        write = Update(key, encode(self.document), found.version)
        self.version = self._platform.store.commit([write])[0]
        self._recorded = self.now()

    return mock.patch.object(JobClaim, "record", record)


def manifest_before_parts() -> AbstractContextManager[Any]:
    """A copy's manifest is written before what it lists."""
    original = mend.CopyRepair.objects

    def objects(self: Any) -> Iterator[Any]:
        name = self.manifest.prefix + layout.MANIFEST
        for source in self.sources:
            if source.bucket.stat(name) is not None:
                self.target.bucket.copy(source.bucket, name, name)
        return original(self)

    return mock.patch.object(mend.CopyRepair, "objects", objects)


def no_receipt_for_jobs() -> AbstractContextManager[Any]:
    """Nobody looks whether a step was concluded already, and what it emitted then is lost."""
    return mock.patch.object(kernel_job, "find_receipt", return_value=None)


def adoption_without_cursor() -> AbstractContextManager[Any]:
    """A part that is there is taken over, and reading goes on where our own would have ended."""
    original = take._Step._store

    def store(self: Any, part: Any) -> Any:
        there = original(self, part)
        if there is part:
            return part
        return replace(there, cursor=part.cursor, last=part.last, plain_sha256=part.plain_sha256)

    return mock.patch.object(take._Step, "_store", store)


def unverified_counts() -> AbstractContextManager[Any]:
    """Retention takes every backup that was finished for one that can be restored."""

    def entry(backup: Backup) -> Any:
        made = entry_of(backup)
        if backup.status in ("finished", "failed", "partial"):
            regions = tuple(copy.region for copy in backup.copies)
            return msgspec.structs.replace(made, status="verified", regions=regions)
        return made

    return mock.patch.object(prune, "entry_of", entry)


def parts_before_manifest() -> AbstractContextManager[Any]:
    """Pruning deletes everything else first."""
    original = prune.PruneHandler.run

    class Late:
        def __init__(self, inner: Any) -> None:
            self._inner = inner
            self._rest_gone = False

        def delete(self, name: str) -> None:
            if self._rest_gone or not name.endswith(layout.MANIFEST):
                self._inner.delete(name)

        def list(self, prefix: str) -> Iterator[Any]:
            manifests = []
            for info in self._inner.list(prefix):
                if info.name.endswith(layout.MANIFEST):
                    manifests.append(info)
                else:
                    yield info
            self._rest_gone = True
            yield from manifests

    def run(self: Any, job: Any, due: Any, claim: Any) -> Any:
        bucket = self._resources.bucket
        with mock.patch.object(self._resources, "bucket", lambda name: Late(bucket(name))):
            return original(self, job, due, claim)

    return mock.patch.object(prune.PruneHandler, "run", run)


def not_compared() -> AbstractContextManager[Any]:
    """Whatever lies at the destination is taken for the copy."""

    def is_right(_: Any, __: Any, info: Any) -> bool:
        return info is not None

    return mock.patch.object(mend.ExpectedObject, "is_right", is_right)


def verified_unread() -> AbstractContextManager[Any]:
    """Verification passes without a look."""
    return mock.patch.object(verify.VerifyHandler, "_check", return_value=True)


def restore_holds_on() -> AbstractContextManager[Any]:
    """A restore that is over does not let go of its backup."""
    return mock.patch.object(restore.RestoreHandler, "_let_go", return_value=None)


def lease_for_ever() -> AbstractContextManager[Any]:
    """A step whose holder died is never taken over."""

    def holds(until: datetime | None, *_: object) -> bool:
        return until is not None

    return mock.patch.object(kernel_job, "holds", holds)


def emptied_before_noted() -> AbstractContextManager[Any]:
    """A test's target is removed before anybody knows that it was right."""
    original = JobClaim.checkpoint

    def checkpoint(self: JobClaim[Any]) -> None:
        if getattr(self.document, "wrong", None) is None:
            original(self)

    return mock.patch.object(JobClaim, "checkpoint", checkpoint)


MUTANTS = (
    Mutant("no fence at a checkpoint", "two holders write in turns", no_fence, seed=1),
    Mutant("manifest before parts", "half a copy looks whole", manifest_before_parts),
    Mutant("no receipt for a job", "the news of a step is lost", no_receipt_for_jobs),
    Mutant("adoption without cursor", "a stretch is lost or doubled", adoption_without_cursor),
    Mutant("retention counts unverified", "the last good one is removed", unverified_counts),
    Mutant("parts go before manifest", "half a backup looks whole", parts_before_manifest),
    Mutant("copies are not compared", "rubbish is taken for a copy", not_compared),
    Mutant("verified unread", "damage is found at the restore", verified_unread),
    Mutant("restore holds on", "what was restored once stays for ever", restore_holds_on),
    Mutant("lease for ever", "a dead holder's step is never done", lease_for_ever),
    Mutant(
        "emptied before noted",
        "a good test counts as failed",
        emptied_before_noted,
        point="restore.step-due.v1 delete after",
    ),
    Mutant("replaced by anything", "rot is copied", replaced_by_anything),
)
