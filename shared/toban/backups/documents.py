"""The documents of the backups domain: the catalogue, and the state of each series."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

import msgspec

from toban.backups.levels import Level
from toban.kernel.clock.skew import is_future
from toban.kernel.document import Document, Keep
from toban.kernel.environment import PRODUCTION
from toban.kernel.status import Transitions, move

Status = Literal[
    "running", "finished", "verified", "unchanged", "partial", "failed", "deleting", "deleted"
]
"""
``running`` is being taken; ``finished`` lies in its buckets and was not read back yet;
``verified``: at least one copy is proven; ``partial`` was interrupted for good with some of its data
stored; ``failed`` never ended, or no copy of it is whole any more; ``unchanged``: nothing to keep;
``deleting``: retention removes it, its manifest first.
"""

JUDGED: tuple[Status, ...] = ("finished", "verified", "failed")
"""What a backup that was taken may be by its copies (`settle`)."""

CopyState = Literal["verified", "unread", "unreadable", "damaged", "missing"]
"""
``verified`` was read back and found whole; ``unread`` is complete and was not read back yet;
``unreadable`` is complete and could not be read when that was last tried; ``damaged`` is not what was
stored; ``missing`` has no manifest: it is not complete, or gone.
"""

LEVELS: tuple[Level, ...] = ("objects", "checksums", "content", "format", "restored")
"""By growing proof."""


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """The copy of a backup in one destination."""

    bucket: str
    region: str
    manifest: bool = False
    """The manifest lies there: the copy is complete."""
    level: Level | None = None
    """The highest level it passed; None: never read back."""
    verified_at: datetime | None = None
    damage: str = ""
    """What verification found wrong; empty: nothing."""
    unreadable: str = ""
    """Why it could not be read when that was last tried, though nothing was found wrong with it."""
    held: str = ""
    """Why its bucket refused to remove it when that was last tried: some of it, or all, lies there."""
    read_at: datetime | None = None
    """When it was last read, or that was last tried; None: never, or an earlier release did."""
    locked: str = ""
    """The key by which that was: its data key could not be unwrapped; empty: it was not by a key."""

    @property
    def state(self) -> CopyState:
        """Return the state of the copy."""
        if not self.manifest:
            return "missing"
        if self.damage:
            return "damaged"
        if self.unreadable:
            return "unreadable"
        return "unread" if self.level is None else "verified"

    @property
    def proven(self) -> bool:
        """Return whether it was read back and found whole, without a later sign of damage."""
        return self.state == "verified"


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
    KEEP = Keep.days(
        30,
        "after their data were removed: the catalogue's memory of what was removed, and when; the data "
        "themselves are kept by the retention of the profile",
        "データを削除してから。いつ何を削除したかの一覧。データそのものはプロファイルの保持ポリシーに従う",
    )
    STATUS = Transitions(
        first=("running", "finished"),  # the second: found in a bucket
        then={
            "running": ("finished", "partial", "failed"),
            "finished": ("verified", "failed", "deleting"),
            "verified": ("finished", "failed", "deleting"),
            "failed": ("finished", "verified", "deleting"),
            "partial": ("finished", "deleting"),  # its manifest was found after all
            "unchanged": ("deleting",),
            "deleting": ("deleted", "finished", "verified", "failed", "partial", "unchanged"),
            "deleted": (),
        },
    )
    INDEXES = (("class", "service", "source", "status", "-snapshot_at"),)

    service: str
    source: str
    class_: str
    kind: str
    """Kind of source (``postgres`` …)."""
    environment: str = PRODUCTION
    """Of its source when it was started."""
    status: Status
    slot: datetime
    """The scheduled moment it is for."""
    started_at: datetime
    snapshot_at: datetime | None = None
    """What was committed before this is contained: the restore point."""
    finished_at: datetime | None = None
    verified_at: datetime | None = None
    """When a copy of it last passed its level."""
    degraded: bool = False
    """A copy of it is damaged, gone or could not be read (`settle`)."""
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
    """
    Key that wraps its data key; empty: not encrypted by us. While it is wrapped anew, the one before:
    what counts stands in the manifest of each copy.
    """
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
    marked_from: Status | None = None
    """What it was when it was marked for removal; None: it is not marked, or an earlier release did."""
    discarded_by: str = ""
    """Who said that retention need not keep it though it is dated ahead."""

    def over_since(self) -> datetime | None:
        """Return when its data were removed."""
        return self.deleted_at if self.status == "deleted" else None

    def is_ahead(self, now: datetime) -> bool:
        """
        Return whether a wrong clock dated it, so that the state it holds is unknown.

        It may be restored by name, but it blocks nothing and never counts as the newest.
        """
        dates = (self.slot, self.started_at, self.snapshot_at)
        return any(is_future(date, now) for date in dates)

    @property
    def series(self) -> str:
        """Return the id of its series' state."""
        return series_id(self.service, self.source, self.class_)

    @property
    def named(self) -> dict[str, str]:
        """Return the fields of an event about it that say which one it is, and of which environment."""
        return {
            "service": self.service,
            "source": self.source,
            "class_": self.class_,
            "backup_id": self.id,
            "environment": self.environment,
        }

    @property
    def level(self) -> Level | None:
        """Return the level that all its proven copies have passed; None: none is proven."""
        levels = [copy.level for copy in self.copies if copy.proven and copy.level is not None]
        return min(levels, key=LEVELS.index, default=None)


def standing(backup: Backup) -> Status:
    """
    Return the status of a backup by its copies, or its own where copies do not decide it.

    It is verified while one copy is proven, and failed when none can be any more.
    """
    known = any(copy.manifest or copy.damage for copy in backup.copies)
    if backup.status not in JUDGED or not known:
        return backup.status
    states = {copy.state for copy in backup.copies}
    if "verified" in states:
        return "verified"
    return "finished" if states & {"unread", "unreadable"} else "failed"


def settle(backup: Backup) -> None:
    """Set `status` and `degraded` from the copies, drop a `reason` that is none any more; call it after changing copies."""
    move(backup, standing(backup))
    if backup.status == "verified" and backup.verified_at is None:
        proven = (copy.verified_at for copy in backup.copies if copy.proven)
        backup.verified_at = max((at for at in proven if at is not None), default=None)
    backup.degraded = backup.status in JUDGED and any(
        copy.damage or copy.unreadable for copy in backup.copies
    )
    if backup.status == "verified" and not backup.degraded:
        backup.reason = ""  # of a trouble that is over


def mark(backup: Backup) -> None:
    """Mark it for removal."""
    backup.marked_from = backup.status
    move(backup, "deleting")


def unmark(backup: Backup) -> None:
    """Take the mark for removal back: the status is again what its copies say."""
    move(backup, backup.marked_from or _marked_by_an_earlier_release(backup))
    backup.marked_from = None
    settle(backup)


def _marked_by_an_earlier_release(backup: Backup) -> Status:
    """What can be told of a backup whose mark does not say what it was."""
    if backup.finished_at is None:
        return "partial" if backup.parts else "failed"
    return standing(msgspec.structs.replace(backup, status="failed"))


class SeriesState(Document, kw_only=True, rename={"class_": "class"}):
    """The state of one series (id ``<service>.<source>.<class>``)."""

    COLLECTION: ClassVar[str] = "backup_series"
    KEEP = Keep.always("one for each series: what the next backup is measured against")

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
    """Return the id of a series' state (no part holds a ``.``)."""
    return f"{service}.{source}.{class_}"
