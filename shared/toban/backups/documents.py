"""What the backups domain keeps: the catalogue, and the state of each series."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

import msgspec

from toban.kernel.document import Document
from toban.kernel.skew import is_future
from toban.profile.types import Level

Status = Literal[
    "running", "finished", "verified", "unchanged", "partial", "failed", "deleting", "deleted"
]
"""
``running`` is being taken; ``finished`` lies in its buckets and was not read back yet;
``verified`` counts; ``partial`` was interrupted for good with some of its data stored; ``failed``
never will count (or was found damaged); ``unchanged``: nothing to keep; ``deleting``: retention
removes it, its manifest first.
"""

LEVELS: tuple[Level, ...] = ("objects", "checksums", "content", "format", "restored")
"""By growing proof."""


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """What one destination holds of a backup."""

    bucket: str
    region: str
    manifest: bool = False
    """The manifest lies there: the copy is complete."""
    level: Level | None = None
    """The highest level it passed; None: never read back."""
    verified_at: datetime | None = None
    damage: str = ""
    """What verification found wrong; empty: nothing."""


class RestoreTestResult(msgspec.Struct, frozen=True, kw_only=True):
    """One restore test of this backup."""

    restore_id: str
    region: str
    at: datetime
    passed: bool
    seconds: float
    spans: dict[str, float] = {}
    """Seconds of each part: ``wait fetch load verify``."""
    reason: str = ""


class Backup(Document, kw_only=True, rename={"class_": "class"}):
    """One backup: an entry of the catalogue. Changes when its status does, not with progress."""

    COLLECTION: ClassVar[str] = "backups"

    service: str
    source: str
    class_: str
    kind: str
    """Kind of source (``postgres`` …)."""
    status: Status
    slot: datetime
    """The scheduled moment it is for."""
    started_at: datetime
    snapshot_at: datetime | None = None
    """What was committed before this is contained: the restore point."""
    finished_at: datetime | None = None
    verified_at: datetime | None = None
    """Every copy passed its level at this time."""
    profile_version: str = ""
    requested_by: str = ""
    prefix: str = ""
    """Where its objects lie in every destination; ends with ``/``."""
    copies: list[Copy] = []
    bytes: int = 0
    """Stored in each destination."""
    plain_bytes: int = 0
    items: int = 0
    parts: int = 0
    counts: dict[str, int] = {}
    """What the format check counted."""
    fingerprint: str = ""
    key_id: str = ""
    """Key that wraps its data key; empty: not encrypted by us."""
    needs: list[str] = []
    """Earlier backups that it builds on (incremental)."""
    pinned: bool = False
    pinned_by: str = ""
    note: str = ""
    reason: str = ""
    """Why it failed or is only partial."""
    restores: list[str] = []
    """Restores that read it now: it is not removed meanwhile."""
    tests: list[RestoreTestResult] = []
    """The newest few."""
    deleted_at: datetime | None = None
    discarded_by: str = ""
    """Who said that retention need not keep it though it is dated ahead."""

    def is_ahead(self, now: datetime) -> bool:
        """
        Whether a wrong clock has dated it: then nobody knows what it holds the state of.

        It may be restored by name, but it blocks nothing and never counts as the newest.
        """
        dates = (self.slot, self.started_at, self.snapshot_at)
        return any(is_future(date, now) for date in dates)

    @property
    def series(self) -> str:
        """Where the state of its series lives."""
        return series_id(self.service, self.source, self.class_)

    @property
    def named(self) -> dict[str, str]:
        """The fields of an event about it that say which one it is."""
        return {
            "service": self.service,
            "source": self.source,
            "class_": self.class_,
            "backup_id": self.id,
        }

    @property
    def level(self) -> Level | None:
        """What all its copies together have passed."""
        levels = [copy.level for copy in self.copies]
        if not levels or None in levels:
            return None
        return min((level for level in levels if level is not None), key=LEVELS.index)


class SeriesState(Document, kw_only=True, rename={"class_": "class"}):
    """Where one series stands (id ``<service>.<source>.<class>``)."""

    COLLECTION: ClassVar[str] = "backup_series"

    service: str
    source: str
    class_: str
    running: str = ""
    """The backup being taken."""
    newest_slot: datetime | None = None
    finished: str = ""
    """The newest finished backup."""
    finished_bytes: int = 0
    """Its plain size: a sudden shrinkage is measured against it."""
    verified: str = ""
    """The newest verified backup."""
    verified_snapshot_at: datetime | None = None
    unchanged_at: datetime | None = None
    """With `on_change`: when it was last seen to be the same as the newest backup."""
    fingerprint: str = ""


def series_id(service: str, source: str, class_: str) -> str:
    """Where a series' state lives (no part holds a ``.``)."""
    return f"{service}.{source}.{class_}"
