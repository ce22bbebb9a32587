"""What an incremental backup builds on, and the backup that may stand for one not taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from toban.backups.catalogue.plans import ResolvedPlan, bases_of
from toban.backups.catalogue.reading import CopyOpener, OpenedCopy, blaming, open_copy
from toban.backups.documents import Backup, SeriesState
from toban.backups.found import as_found
from toban.backups.policy.copies import note_damage, proven_there
from toban.kernel.documents import Documents
from toban.kernel.handling.job import Failure
from toban.kernel.work import Work
from toban.ports.backup import BaseBackup, Bucket, SourceFailed, SourceSnapshot


@dataclass(frozen=True)
class BaseUnfit(Failure):
    """What a backup was to build on is not what was stored: the next one begins elsewhere."""

    base: str
    bucket: str


def base_backup(
    backup: Backup, bucket: Bucket, key: str, opener: CopyOpener, documents: Documents
) -> BaseBackup | None:
    """
    Return what the source is given of the newest backup that this one builds on; None: it is whole.

    Raises `SourceFailed` when not everything that it builds on is proven in the bucket, and
    `BaseDamaged`, then or while it is read, for what is not what was stored.
    """
    if not backup.needs:
        return None
    id = backup.needs[0]
    bases = bases_of(backup, documents)
    base = bases.get(id)
    proven = proven_there(bases, bucket.name)
    if base is None or base.status != "verified" or len(proven) < len(backup.needs):
        # Marked for removal before this one was begun: retention will take that back.
        raise SourceFailed(
            f"the backup {id} that it builds on is gone or damaged",
            retryable=base is not None and base.status == "deleting",
        )
    with blaming(id):
        opened = open_copy(opener, base, bucket.name, key)
    return BaseBackup(id, lambda: _stream(opened, id))


def _stream(opened: OpenedCopy, id: str) -> Iterator[bytes]:
    with blaming(id):
        yield from opened.stream()


def blame(unfit: BaseUnfit, work: Work) -> None:
    """Record in the catalogue that a base is damaged: everything that builds on it is hurt."""
    base = work.get(Backup, unfit.base)
    if base is not None:
        note_damage(base, unfit.bucket, unfit.reason)
        work.put(base)


def is_unchanged(
    backup: Backup, planned: ResolvedPlan, snapshot: SourceSnapshot, documents: Documents
) -> bool:
    """
    Return whether a plan `on_change` need not take this backup: the newest one holds the same.

    Only one that is still good, in every region and with all that it builds on, and that counts
    may stand for it. A person who asks for a backup gets one.
    """
    if not planned.plan.on_change or not snapshot.fingerprint or backup.requested_by:
        return False
    series = documents.get(SeriesState, backup.series)
    if series is None or series.fingerprint != snapshot.fingerprint:
        return False
    same = documents.get(Backup, series.finished)
    if same is None or same.is_ahead(documents.now):
        return False
    same = as_found(same, bases_of(same, documents))
    # One whose proof was given up stands for nothing; one that is still to be read may.
    sound = same.status == "verified" or (same.status == "finished" and not same.reason)
    return sound and not same.degraded
