"""
Pinning a backup: retention leaves it alone, and it takes nobody's place. Discarding one that a clock
ahead has dated: retention need not keep it.

A person's mark on an entry of the catalogue, written to the store directly as an applied profile
is: no function has to react to it (`toban.kernel.handling.change`). The audit record that is given is written
in the same commit, with what came of it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from toban.backups.documents import Backup
from toban.kernel.command import Audit
from toban.kernel.handling.change import change
from toban.ports import Store


class NotPinned(ValueError):
    """
    The backup cannot be pinned: it is being removed, or gone; `status` says which (or
    ``unknown``).
    """

    def __init__(self, backup_id: str, status: str) -> None:
        super().__init__(f"{backup_id} is {status}")
        self.status = status


def pin(
    store: Store, backup_id: str, by: str, note: str = "", audit: Audit | None = None
) -> Backup:
    """
    Pin a backup; an empty `note` leaves the one it has.

    Raises `NotPinned` for one whose removal has begun: retention may have looked at it already.
    """
    return _change(store, backup_id, audit, pinned=True, by=by, note=note)


def unpin(store: Store, backup_id: str, audit: Audit | None = None) -> Backup:
    """Remove the pin; raises `NotPinned` when the backup is gone."""
    return _change(store, backup_id, audit, pinned=False, by="", note="")


class NotDatedAhead(ValueError):
    """The backup is not dated ahead, so only retention decides about it."""

    def __init__(self, backup_id: str) -> None:
        super().__init__(f"{backup_id} is not dated ahead")


def discard(
    store: Store, backup_id: str, by: str, now: datetime, audit: Audit | None = None
) -> Backup:
    """
    Let retention remove a backup that is dated ahead of `now`, which it keeps otherwise.

    A pin still keeps it. Raises `NotDatedAhead`, and `NotPinned` for one that is gone or being removed.
    """

    def mark(backup: Backup) -> None:
        if backup.status in ("deleting", "deleted"):
            raise NotPinned(backup_id, backup.status)
        if not backup.is_ahead(now):
            raise NotDatedAhead(backup_id)
        backup.discarded_by = by

    return _marked(store, backup_id, mark, audit)


def _change(
    store: Store, backup_id: str, audit: Audit | None, *, pinned: bool, by: str, note: str
) -> Backup:
    def mark(backup: Backup) -> None:
        if pinned and backup.status in ("deleting", "deleted"):
            raise NotPinned(backup_id, backup.status)
        if backup.pinned == pinned and note in ("", backup.note):
            return
        backup.pinned = pinned
        backup.pinned_by = by
        backup.note = note or (backup.note if pinned else "")

    return _marked(store, backup_id, mark, audit)


def _marked(
    store: Store, backup_id: str, mark: Callable[[Backup], None], audit: Audit | None
) -> Backup:
    def decide(backup: Backup | None) -> Backup:
        if backup is None:
            raise NotPinned(backup_id, "unknown")
        mark(backup)
        return backup

    return change(store, Backup, backup_id, decide, audit)
