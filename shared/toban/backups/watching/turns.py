"""
Reading old backups again, by turns, so that rot is found while another copy can mend it. Pure.

Every copy of a kept backup is read again within `BackupSection.reread_within`. Of a backup the
copies take turns: it is due a share of that time after any copy of it was read, and then the copy
that was read longest ago is. Reading begins in the last quarter of the time, so that a bounded
share of all bytes at each look is enough, even after everything came due at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from toban.backups.documents import Backup, Copy
from toban.kernel.clock.skew import not_ahead

LOOK: Final = timedelta(hours=1)
"""Between two looks while something is due."""
MOST: Final = 20
"""Copies asked for at one look."""
_AHEAD: Final = 4
"""Reading begins when no more than this part of the time is left."""


class Reread(msgspec.Struct, frozen=True, kw_only=True):
    """The copy of a backup that is to be read next."""

    backup: Backup
    copy: Copy
    due: datetime


class UnreadCopies(msgspec.Struct, frozen=True, kw_only=True):
    """Copies of a source in one bucket that nobody has read for too long."""

    source: str
    copy: Copy
    count: int
    bytes: int
    last: datetime
    """When the one was read that was read longest ago."""


def turns(backups: Iterable[Backup], within: timedelta, now: datetime) -> list[Reread]:
    """
    Return the copy that is next of every backup that can be read, and when; the earliest first.

    A copy that is damaged or gone is not read: that is known. One that could not be read waits for
    its turn like the others, counted from the last try.
    """
    found = []
    for backup in backups:
        copies = _readable(backup, now)
        if not copies:
            continue
        reads = [(_touched(copy, backup, now), copy) for copy in copies]
        newest = max(at for at, _ in reads)
        oldest, copy = min(reads, key=lambda read: read[0])
        share = within / len(copies)
        due = min(newest + share, oldest + within) - share / _AHEAD
        found.append(Reread(backup=backup, copy=copy, due=due))
    return sorted(found, key=lambda turn: (turn.due, turn.backup.id))


def budget(backups: Iterable[Backup], within: timedelta, now: datetime) -> float:
    """Return how many bytes to read at one look, so that all copies are read within the time left."""
    return _stored(backups, now) * min(1.0, LOOK / (within / _AHEAD))


def weekly(backups: Iterable[Backup], within: timedelta, now: datetime) -> float:
    """Return how many bytes are read again each week; the turns come a quarter earlier than promised."""
    return _stored(backups, now) * min(1.0, timedelta(weeks=1) / (within - within / _AHEAD))


def _stored(backups: Iterable[Backup], now: datetime) -> int:
    return sum(backup.bytes * len(_readable(backup, now)) for backup in backups)


def unread(
    backups: Iterable[Backup], within: timedelta, since: datetime, now: datetime
) -> list[UnreadCopies]:
    """
    Return the copies, by source and bucket, that were not read back for longer than the time.

    `since`: when this began to be watched; before, nothing was promised. A copy that could not be
    read is told of as such.
    """
    late: dict[tuple[str, str], list[tuple[datetime, Backup, Copy]]] = {}
    for backup in backups:
        for copy in _readable(backup, now):
            last = not_ahead(copy.verified_at, now) or _finished(backup)
            if not copy.unreadable and now - max(last, since) > within:
                late.setdefault((backup.source, copy.bucket), []).append((last, backup, copy))
    return [_unread(source, found) for (source, _), found in sorted(late.items())]


def _unread(source: str, found: Sequence[tuple[datetime, Backup, Copy]]) -> UnreadCopies:
    return UnreadCopies(
        source=source,
        copy=found[0][2],
        count=len(found),
        bytes=sum(backup.bytes for _, backup, _ in found),
        last=min(last for last, _, _ in found),
    )


def _readable(backup: Backup, now: datetime) -> list[Copy]:
    if backup.status not in ("finished", "verified") or backup.is_ahead(now):
        return []
    return [copy for copy in backup.copies if copy.manifest and not copy.damage]


def _touched(copy: Copy, backup: Backup, now: datetime) -> datetime:
    """When a copy was last read, or that was last tried; what a clock ahead has noted does not count."""
    known = (not_ahead(at, now) for at in (copy.read_at, copy.verified_at))
    return max((at for at in known if at is not None), default=_finished(backup))


def _finished(backup: Backup) -> datetime:
    return backup.finished_at or backup.started_at
