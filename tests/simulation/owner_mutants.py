"""
Broken variants of what a target takes for its own, and of what a restore notes on what it reads: each
has to be caught by the simulation of owners.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any
from unittest import mock

import msgspec

from tests.simulation.mutants import Mutant
from toban.backups.documents import Backup
from toban.backups.policy import occupied
from toban.backups.restoring import restore
from toban.kernel.work import Work
from toban.sources.bucket import restore as bucket_restore
from toban.sources.redis import target as redistarget
from toban.sources.redis.loading import mark as redismark


@contextmanager
def mark_never_ends() -> Iterator[None]:
    """As it was: whoever left a mark, and whatever was written since, the server may be emptied."""

    def found(server: Any, db: int) -> redismark.RedisMark | None:
        if not redismark.is_there(server, db):
            return None
        return redismark.RedisMark(restore="any", purpose="test", run="", written={})

    with ExitStack() as stack:
        for owner, name, other in (
            (redismark, "found", found),
            (redismark, "touched", lambda *_: ""),
            (redistarget, "empty", lambda server, _=None: bool(server.call("FLUSHALL"))),
            (redistarget.RedisTarget, "release", lambda _: None),
        ):
            stack.enter_context(mock.patch.object(owner, name, other))
        yield


@contextmanager
def not_void() -> Iterator[None]:
    """A test's mark counts whatever was written since."""
    with (
        mock.patch.object(redismark, "touched", return_value=""),
        mock.patch.object(
            redistarget, "empty", lambda server, _=None: bool(server.call("FLUSHALL"))
        ),
    ):
        yield


@contextmanager
def recovery_marks_as_test() -> Iterator[None]:
    """What a recovery loads is marked as a test's, and stays so."""
    original = restore.target_spec

    def spec(asked: Any, staging: Any) -> Any:
        made = original(asked, staging)
        return type(made)(made.kind, {**made.options, "purpose": "test"})

    with mock.patch.object(restore, "target_spec", spec), mark_stays():
        yield


def mark_stays() -> AbstractContextManager[Any]:
    """A recovery that is over leaves its mark."""
    return mock.patch.object(redistarget.RedisTarget, "release", return_value=None)


@contextmanager
def anybodys_folder() -> Iterator[None]:
    """A bucket is taken for a target, whatever it holds, before loading and meanwhile."""
    target = bucket_restore.BucketTarget
    with (
        mock.patch.object(target, "refusal", return_value=""),
        mock.patch.object(target, "_may_be_ours", return_value=True),
    ):
        yield


def destination_not_refused() -> AbstractContextManager[Any]:
    """Nobody looks whether a bucket keeps backups."""
    return mock.patch.object(occupied, "keeps_backups", return_value=None)


def source_not_refused() -> AbstractContextManager[Any]:
    """Nobody looks whether a place is another source."""
    return mock.patch.object(restore.RestoreHandler, "_refusal", _only_destinations)


def _only_destinations(
    self: Any, restore: Any, backup: Any, identity: str, source: Any, spec: Any, claim: Any
) -> str:
    profiles = {id: found.profile for id, found in occupied_profiles(claim).items()}
    kept = occupied.keeps_backups(str(spec.options.get("bucket") or ""), profiles, backup)
    return "" if kept is None else "in use"


def occupied_profiles(claim: Any) -> Any:
    return restore.current(claim.documents)


def no_note() -> AbstractContextManager[Any]:
    """A restore does not note itself on the backup that it reads."""
    original = restore.RestoreHandler.claim

    def claim(self: Any, event: Any, work: Work) -> Any:
        put = work.put

        def without(document: Any) -> None:
            if isinstance(document, Backup):
                document = msgspec.structs.replace(document, restores=[])
            put(document)

        with mock.patch.object(work, "put", without):
            return original(self, event, work)

    return mock.patch.object(restore.RestoreHandler, "claim", claim)


def note_not_weighed() -> AbstractContextManager[Any]:
    """Retention does not see who reads a backup."""
    from toban.backups.policy import retention_terms
    from toban.backups.work import prune

    original = retention_terms.entry_of

    def entry(backup: Backup) -> Any:
        return msgspec.structs.replace(original(backup), restores=())

    return mock.patch.object(prune, "entry_of", entry)


def note_gone_between_steps() -> AbstractContextManager[Any]:
    """A restore lets go of its backup with every step, not only with the last."""
    original = restore.RestoreHandler.next_step

    def next_step(self: Any, job: Any, work: Work) -> Any:
        backup = work.get(Backup, job.backup_id)
        if backup is not None:
            backup.restores = [id for id in backup.restores if id != job.id]
            work.put(backup)
        return original(self, job, work)

    return mock.patch.object(restore.RestoreHandler, "next_step", next_step)


def note_stays() -> AbstractContextManager[Any]:
    """A restore that is over does not let go of its backup."""
    return mock.patch.object(restore.RestoreHandler, "_let_go", return_value=None)


MUTANTS = (
    Mutant("the mark never ends", "a recovered server is emptied by a test", mark_never_ends),
    Mutant("a mark is never void", "what was written since is removed", not_void, seed=82),
    Mutant(
        "a recovery marks as a test", "the next test removes it", recovery_marks_as_test, seed=1
    ),
    Mutant("a recovery leaves its mark", "nobody can tell whose data it is", mark_stays, seed=2),
    Mutant("foreign objects are no obstacle", "they are overwritten", anybodys_folder, seed=3),
    Mutant(
        "destinations are no obstacle", "backups are overwritten", destination_not_refused, seed=2
    ),
    Mutant("sources are no obstacle", "a source is overwritten", source_not_refused, seed=4),
    Mutant("no note on the backup", "what is being read is removed", no_note),
    Mutant("the note is not weighed", "what is being read is removed", note_not_weighed),
    Mutant(
        "no note between steps", "what is being read is removed", note_gone_between_steps, seed=1
    ),
    Mutant("the note stays", "a backup is kept for ever", note_stays, seed=1),
)
