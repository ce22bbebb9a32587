"""What reading its copies back has shown of a backup, in the catalogue and in events."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from toban.backups.documents import JUDGED, Backup, SeriesState, settle
from toban.backups.jobs import fail
from toban.backups.policy.copies import ReadBackResult, judged, note_damage, on_bases
from toban.events.backups import BackupVerified
from toban.kernel.clock.skew import not_ahead
from toban.kernel.work import Work


def judge(
    backup: Backup,
    read: Mapping[str, ReadBackResult],
    counts: Mapping[str, int],
    work: Work,
) -> None:
    """
    Record of each copy what reading it came to; tell of the backup and of what is wrong with it.

    A copy that could not be read takes nothing away from what was proven of the others. Of a
    backup that retention has marked meanwhile only damage is recorded: should it stay, it stays as
    what it is. `read`: the results, by bucket; `counts`: what the format counted.
    """
    if backup.status not in (*JUDGED, "deleting"):
        return
    bases = {id: work.get(Backup, id) for id in backup.needs}
    told = []
    passed = False
    for number, copy in enumerate(backup.copies):
        reading = read.get(copy.bucket)
        if reading is None:
            continue  # not asked for, or it became known while the others were read
        reading = on_bases(reading, copy.bucket, bases)
        if reading.base:
            reading = _blame(reading, copy.bucket, bases, work)
        if backup.status in JUDGED or reading.damage:
            backup.copies[number] = judged(copy, reading)
        passed = passed or reading.level is not None
        if reading.trouble:
            told.append(reading.trouble)
    if backup.status in JUDGED:
        settle(backup)
        backup.reason = "" if read else backup.reason
        if passed:
            backup.verified_at = work.now
            backup.counts = dict(counts) or backup.counts
            _note_newest(backup, work)
            work.emit(BackupVerified(**backup.named, at=work.now, level=str(backup.level)))
        if told:
            fail(backup, "verify", "; ".join(told), work)
    work.put(backup)


def _blame(
    reading: ReadBackResult, bucket: str, bases: Mapping[str, Backup | None], work: Work
) -> ReadBackResult:
    """
    Damage in what it builds on is a fact about that one's copy, which may be mended.

    Only when no copy of that is whole any more is this one lost with it.
    """
    base = bases.get(reading.base)
    if base is not None:
        note_damage(base, bucket, reading.damage)
        work.put(base)
    lost = base is None or base.status not in ("finished", "verified")
    return msgspec.structs.replace(reading, base="") if lost else reading


def _note_newest(backup: Backup, work: Work) -> None:
    """The series knows its newest verified backup."""
    series = work.get(SeriesState, backup.series)
    if series is None or backup.is_ahead(work.now):
        return
    point = backup.snapshot_at or backup.started_at
    before = not_ahead(series.verified_snapshot_at, work.now)
    if before is None or point >= before:
        series.verified, series.verified_snapshot_at = backup.id, point
        work.put(series)
