"""What restores are reading, by their own documents: the notes of the catalogue are to say the same."""

from __future__ import annotations

from collections.abc import Iterable

from tests.simulation.platform import Simulated
from toban.backups.documents import Backup
from toban.backups.policy.restores import Restore
from toban.kernel.document import decode
from toban.ports import Query


def being_read(world: Simulated, catalogue: Iterable[Backup]) -> dict[str, list[str]]:
    """
    Restores that are not over, by every backup that they read: their own, and those it builds on.

    One whose steps nobody takes any more reads nothing.
    """
    needs = {backup.id: backup.needs for backup in catalogue}
    found: dict[str, list[str]] = {}
    for snapshot in world.memory.query(Query("restores")):
        restore = decode(Restore, snapshot.data)
        if not restore.over and not restore.is_stale(world.clock.now()):
            for id in (restore.backup_id, *needs.get(restore.backup_id, ())):
                found.setdefault(id, []).append(restore.id)
    return found
