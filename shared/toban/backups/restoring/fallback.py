"""Going on with another copy, when the one that a restore reads turns out not to be what was stored."""

from __future__ import annotations

from datetime import datetime

from toban.backups.catalogue.plans import bases_of
from toban.backups.catalogue.reading import BaseDamaged, NoManifest
from toban.backups.documents import JUDGED, Backup, settle
from toban.backups.policy.copies import ReadBackResult, judged, note_damage
from toban.backups.policy.recovery import another
from toban.backups.policy.restores import GivenUpCopy, Restore
from toban.backups.storage import layout
from toban.kernel import log
from toban.kernel.documents import Documents
from toban.kernel.work import Work
from toban.ports import Unavailable
from toban.ports.backup import Damaged, Resources


def given_up(restore: Restore, error: Damaged | Unavailable) -> GivenUpCopy:
    """Return what is known of the copy that could not be read."""
    return GivenUpCopy(
        region=restore.region,
        bucket=restore.bucket,
        reason=log.mask(str(error))[:500],
        damaged=isinstance(error, Damaged),
        missing=isinstance(error, NoManifest),
        base=error.backup_id if isinstance(error, BaseDamaged) else "",
    )


def falls_back(restore: Restore, backup: Backup, failed: GivenUpCopy, documents: Documents) -> bool:
    """
    Let a recovery read the next proven copy; return whether there is one.

    A test is of one region: it fails. What was loaded stays where loading can go on, since every
    copy consists of the same parts.
    """
    if restore.purpose == "test":
        return False
    tried = {restore.bucket, *(copy.bucket for copy in restore.given_up)}
    found = another(backup, bases_of(backup, documents), tried)
    if found is None:
        return False
    restore.given_up = [*restore.given_up, failed]
    restore.region, restore.bucket = found.region, found.bucket
    log.warning(
        "restore goes on with another copy",
        restore=restore.id,
        failed=failed.bucket,
        bucket=found.bucket,
        reason=failed.reason,
    )
    return True


def is_out_of_reach(resources: Resources, backup: Backup, bucket: str) -> bool:
    """Return whether a bucket does not answer (its region may be lost)."""
    try:
        resources.bucket(bucket).stat(backup.prefix + layout.MANIFEST)
    except Unavailable:
        return True
    return False


def note_shown(restore: Restore, backup: Backup, damage: GivenUpCopy | None, work: Work) -> None:
    """
    Record in the catalogue what a restore has shown of the copies that it read.

    `damage`: of the last one, because of which it failed. The caller puts `backup`.
    """
    found = [copy for copy in restore.given_up if copy.damaged]
    found += [damage] if damage is not None else []
    for copy in found:
        _judge(backup, copy.bucket, _damage(copy, work.now))
    if damage is None and restore.status == "finished" and restore.purpose == "test":
        _judge(backup, restore.bucket, ReadBackResult(read_at=work.now, level="restored"))
    settle(backup)
    if damage is not None and backup.status in JUDGED:
        backup.reason = restore.reason
    for copy in found:
        base = work.get(Backup, copy.base) if copy.base else None
        if base is not None:
            note_damage(base, copy.bucket, copy.reason)
            work.put(base)


def _judge(backup: Backup, bucket: str, shown: ReadBackResult) -> None:
    backup.copies = [
        judged(copy, shown) if copy.bucket == bucket else copy for copy in backup.copies
    ]


def _damage(copy: GivenUpCopy, now: datetime) -> ReadBackResult:
    return ReadBackResult(read_at=now, damage=copy.reason, missing=copy.missing, base=copy.base)
