"""What reading a copy proves about it, and which bases it needs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from toban.backups.documents import JUDGED, LEVELS, Backup, Copy, settle
from toban.backups.levels import Level

TOLD = 500
"""Characters of a reason that a copy keeps."""


class ReadBackResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of reading one copy back: the level it passed, or why it passed none."""

    read_at: datetime
    level: Level | None = None
    damage: str = ""
    missing: bool = False
    """No manifest lies there (`damage` says so)."""
    base: str = ""
    """What is damaged is of this backup, on which it builds."""
    unreadable: str = ""
    """It could not be read; that says nothing about what lies there."""
    locked: str = ""
    """The key that it could not be read by."""
    unchecked: str = ""
    """It cannot be checked here (a tool is missing): what was known of it stays."""

    @property
    def trouble(self) -> str:
        """Return why it did not pass; empty: it did."""
        return self.damage or self.unreadable or self.unchecked


def judged(copy: Copy, reading: ReadBackResult) -> Copy:
    """Return the copy with the result of a reading."""
    copy = msgspec.structs.replace(copy, read_at=reading.read_at)
    if reading.damage and not reading.base:
        return damaged(copy, reading.damage, missing=reading.missing)
    if reading.damage:
        return unreadable(copy, reading.damage)
    if reading.unreadable:
        return unreadable(copy, reading.unreadable, reading.locked)
    if reading.unchecked:
        return copy
    # A restore test has proven more than any reading back can; that stays true.
    level = "restored" if copy.level == "restored" else reading.level
    return msgspec.structs.replace(
        copy,
        manifest=True,
        level=level,
        verified_at=reading.read_at,
        damage="",
        unreadable="",
        locked="",
    )


def damaged(copy: Copy, why: str, *, missing: bool = False) -> Copy:
    """Return the copy, marked as damaged."""
    return msgspec.structs.replace(
        copy,
        manifest=copy.manifest and not missing,
        level=None,
        damage=why[:TOLD],
        unreadable="",
        locked="",
    )


def unreadable(copy: Copy, why: str, locked: str = "") -> Copy:
    """Return the copy, marked as unreadable (by the key `locked`); known damage stays."""
    if copy.damage:
        return copy
    return msgspec.structs.replace(copy, unreadable=why[:TOLD], locked=locked)


def unlocked(copy: Copy) -> Copy:
    """Return the copy as it was before its data key could not be unwrapped, which it can be again."""
    return msgspec.structs.replace(copy, unreadable="", locked="") if copy.locked else copy


def copy_in(backup: Backup, bucket: str) -> Copy | None:
    """Return the backup's copy in a bucket, or None."""
    return next((copy for copy in backup.copies if copy.bucket == bucket), None)


def proven_there(bases: Mapping[str, Backup | None], bucket: str) -> list[str]:
    """Return those bases whose copy in a bucket is proven."""
    return [id for id, base in bases.items() if _stands(base, bucket)]


def on_bases(
    reading: ReadBackResult, bucket: str, bases: Mapping[str, Backup | None]
) -> ReadBackResult:
    """
    Return what a reading proves of a backup that builds on others.

    From the level ``content`` on, the objects it needs of unproven bases were read with it.
    Below that the bases have to be proven in this bucket. `bases`: every one that it needs, as
    the catalogue has it.
    """
    if reading.level is None or LEVELS.index(reading.level) >= LEVELS.index("content"):
        return reading
    for id, base in bases.items():
        if not _stands(base, bucket):
            there = copy_in(base, bucket) if base is not None else None
            state = there.state if there is not None else "missing"
            why = f"{bucket}: it builds on {id}, which is {state} there"
            return ReadBackResult(read_at=reading.read_at, unreadable=why)
    return reading


def note_damage(base: Backup, bucket: str, why: str) -> None:
    """
    Record damage in this backup's copy that was found while another backup was read.

    Of one that is marked for removal as well: should it stay, it stays as what it is.
    """
    if base.status not in (*JUDGED, "deleting"):
        return
    base.copies = [
        damaged(copy, why) if copy.bucket == bucket and copy.manifest else copy
        for copy in base.copies
    ]
    settle(base)


def restorable(backup: Backup, bases: Mapping[str, Backup]) -> list[Copy]:
    """
    Return its proven copies whose bases are proven in the same bucket: one region restores
    alone.

    `bases`: the backups that it needs, by id; one that is not among them does not exist.
    """
    return [
        copy
        for copy in backup.copies
        if copy.proven and all(_stands(bases.get(id), copy.bucket) for id in backup.needs)
    ]


def _stands(base: Backup | None, bucket: str) -> bool:
    there = copy_in(base, bucket) if base is not None else None
    return there is not None and there.proven


def best_base(candidates: Iterable[Backup], buckets: list[str]) -> Backup | None:
    """
    Return the newest backup to build on: proven in all of the buckets, else in the first; or
    None.

    `candidates` include what they build on. In a bucket where a base is not whole, nothing that
    builds on it can be restored.
    """
    known = {backup.id: backup for backup in candidates}
    fit: list[tuple[bool, datetime, str]] = []
    for backup in known.values():
        proven = {copy.bucket for copy in restorable(backup, known)}
        if buckets and buckets[0] in proven:
            at = backup.snapshot_at or backup.started_at
            fit.append((proven.issuperset(buckets), at, backup.id))
    return known[max(fit)[2]] if fit else None
