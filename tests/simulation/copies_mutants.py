"""What was lost before a copy had a state of its own, and what else could go wrong with that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any
from unittest import mock

from tests.simulation.mutants import Mutant
from toban.backups import documents
from toban.backups.catalogue import mend
from toban.backups.documents import Backup, Status
from toban.backups.policy import copies, retention_terms
from toban.backups.storage import layout
from toban.backups.watching import copies as watch_copies
from toban.backups.watching import watch
from toban.backups.work import replicate
from toban.backups.work.reading import judging


@contextmanager
def one_condemns_all() -> Iterator[None]:
    """A backup of which one copy is damaged has failed, whatever the others are."""
    sound = documents.standing

    def standing(backup: Backup) -> Status:
        found = sound(backup)
        hurt = any(copy.damage for copy in backup.copies)
        return "failed" if hurt and found in documents.JUDGED else found

    with (
        mock.patch.object(documents, "standing", standing),
        mock.patch.object(retention_terms, "standing", standing),
        mock.patch.object(retention_terms, "doubtful", return_value=[]),
        mock.patch.object(watch_copies, "standing", standing),
    ):
        yield


def first_whatever_it_holds() -> AbstractContextManager[Any]:
    """The first copy is the original, and what differs from it is written anew."""

    def mend_(
        self: Any,
        backup: Any,
        original: Any,
        copy: Any,
        copies: Any,
        key: str,
        job: Any,
        claim: Any,
    ) -> bool:
        if copy.bucket == copies[0].bucket:
            return True
        source, target = (self._resources.bucket(c.bucket) for c in (copies[0], copy))
        infos = source.list(backup.prefix)
        for info in sorted(infos, key=lambda info: info.name.endswith(layout.MANIFEST)):
            there = target.stat(info.name)
            if there is not None and (there.size, there.crc32c) != (info.size, info.crc32c):
                target.delete(info.name)
            with suppress(KeyError):
                target.copy(source, info.name, info.name)
        return True

    return mock.patch.object(replicate.ReplicateHandler, "_mend", mend_)


def outage_is_damage() -> AbstractContextManager[Any]:
    """A copy that cannot be reached is taken for a damaged one."""

    def judged(copy: Any, reading: Any) -> Any:
        if reading.unreadable:
            return copies.damaged(copy, reading.unreadable)
        return copies.judged(copy, reading)

    return mock.patch.object(judging, "judged", judged)


def success_closes_all() -> AbstractContextManager[Any]:
    """Nobody looks at copies: that the next backup succeeds is the end of it."""
    return mock.patch.object(watch, "look_at_copies", return_value=None)


@contextmanager
def replaced_by_anything() -> Iterator[None]:
    """Whatever lies in another copy mends one that was found damaged, right or wrong."""

    def content(_: Any, bucket: Any, info: Any) -> Iterator[bytes]:
        yield bucket.read(info.name)

    def is_right(_: Any, side: Any, info: Any) -> bool:
        return info is not None and not side.suspect

    with (
        mock.patch.object(mend.ExpectedObject, "fits", return_value=True),
        mock.patch.object(mend.ExpectedObject, "content", content),
        mock.patch.object(mend.ExpectedObject, "is_right", is_right),
    ):
        yield


MUTANTS = (
    Mutant("one damaged copy condemns all", "proven copies are removed", one_condemns_all, seed=5),
    Mutant("the first whatever it holds", "rot is copied over what is whole", first_whatever_it_holds, seed=2),
    Mutant("outage is damage", "a passing outage costs a copy", outage_is_damage, seed=3),
    Mutant("the next success closes all", "nobody hears of a lost region", success_closes_all, seed=3),
)  # fmt: skip
