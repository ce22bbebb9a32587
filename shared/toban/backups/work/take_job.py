"""The job of taking a backup, and the results of a step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from toban.backups.catalogue.manifest import Manifest
from toban.backups.catalogue.writing import WriteProgress
from toban.backups.documents import Backup
from toban.backups.jobs import BackupJob
from toban.kernel.status import move
from toban.ports.backup import SourceSnapshot


class TakeJob(BackupJob, kw_only=True):
    """The job of taking a backup."""

    key_id: str = ""
    wrapped_key: bytes = b""
    """Set before the first part is written; empty: not encrypted."""
    sealed: bool = False
    """The question of the key is settled."""
    snapshot: SourceSnapshot | None = None
    progress: WriteProgress = msgspec.field(default_factory=WriteProgress)
    begun: bool = False
    """This attempt has been read from."""


@dataclass(frozen=True)
class BackupTaken:
    """The result of taking: everything is stored and the manifest is written."""

    manifest: Manifest


@dataclass(frozen=True)
class SourceUnchanged:
    """The result of taking: the source is as it was at the newest backup of the series."""


def record(backup: Backup, taken: BackupTaken, now: datetime) -> None:
    """Record in the catalogue what was stored."""
    manifest = taken.manifest
    move(backup, "finished")
    backup.finished_at = now
    backup.snapshot_at = manifest.snapshot_at
    backup.fingerprint = manifest.fingerprint
    backup.key_id = manifest.key.key_id if manifest.key else ""
    backup.bytes = manifest.bytes_
    backup.plain_bytes = manifest.plain_bytes
    backup.items = manifest.items
    backup.parts = manifest.total_parts
    first = msgspec.structs.replace(backup.copies[0], manifest=True)
    backup.copies = [first, *backup.copies[1:]]
