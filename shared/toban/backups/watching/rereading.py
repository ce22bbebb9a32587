"""Having old backups read again, and telling when that falls behind. Part of the watch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from toban.backups.documents import Backup
from toban.backups.jobs import BackupJob, job_id
from toban.backups.policy.alerts import (
    BackupWatch,
    RereadLook,
    Trouble,
    duration_in,
    moment_in,
    say_in,
)
from toban.backups.section import BACKUP, NOTHING
from toban.backups.watching.settling import settle_alerts
from toban.backups.watching.turns import LOOK, MOST, Reread, budget, turns, unread
from toban.events.backups import BackupReplicated
from toban.kernel.clock.skew import is_future
from toban.kernel.work import Work
from toban.profile.profile import Profile
from toban.profile.section import SERVICE

RULE = "backup-unread"


def look_at_turns(profile: Profile, watch: BackupWatch, work: Work) -> None:
    """
    Ask for the copies whose turn it is to be read, a bounded share of them; tell which are late.

    The caller puts `watch`. What was asked for and got lost is asked for again at a later look: a
    copy's turn is over only once it was read.
    """
    within = (profile[BACKUP] or NOTHING).rereads
    look = _look(watch, within, work.now)
    if look is None:
        return
    backups = work.find(Backup, ("service", "==", profile[SERVICE].id))
    due = turns(backups, within, work.now)
    _ask(due, budget(backups, within, work.now), work)
    late = _troubles(profile, backups, look.since, work.now)
    is_late = settle_alerts(late, {RULE}, profile, watch, work)
    first = work.now if is_late else min((t.due for t in due), default=work.now + within)
    # Nothing that is taken from now on comes due before half of the shortest share is over.
    next_at = max(work.now + LOOK, min(first, work.now + min(within / 8, timedelta(days=1))))
    watch.rereads = RereadLook(within_s=look.within_s, since=look.since, next_at=next_at)


def _look(watch: BackupWatch, within: timedelta, now: datetime) -> RereadLook | None:
    """The look that is due; None: not yet. A shorter time is promised from when it is first said."""
    seconds, before = int(within.total_seconds()), watch.rereads
    if before is None or is_future(before.since, now) or before.within_s > seconds:
        return RereadLook(within_s=seconds, since=now, next_at=now)
    waits = before.next_at > now and before.next_at - now <= timedelta(days=1)
    if waits and before.within_s == seconds:
        return None
    return RereadLook(within_s=seconds, since=before.since, next_at=now)


def _ask(due: Sequence[Reread], most: float, work: Work) -> None:
    """
    Ask for those that are due, the one that waits longest first: one at least.

    What is being read already counts, so that a slow reader is not given ever more.
    """
    spent, asked = 0.0, 0
    for turn in due:
        if turn.due > work.now or asked == MOST or (asked and spent + turn.backup.bytes > most):
            return
        spent, asked = spent + turn.backup.bytes, asked + 1
        job = work.get(BackupJob, job_id(turn.backup.id, "verify"))
        if job is None or job.over or job.is_stale(work.now):
            work.emit(BackupReplicated(at=work.now, bucket=turn.copy.bucket, **turn.backup.named))


def _troubles(
    profile: Profile, backups: Sequence[Backup], since: datetime, now: datetime
) -> Iterator[Trouble]:
    say, within = say_in(profile), (profile[BACKUP] or NOTHING).rereads
    for late in unread(backups, within, since, now):
        where = {"bucket": late.copy.bucket, "region": late.copy.region}
        yield Trouble(
            fingerprint=f"{RULE}/{late.source}/{late.copy.bucket}",
            rule=RULE,
            title=say(
                "backup.unread.title",
                source=late.source,
                region=late.copy.region or late.copy.bucket,
            ),
            summary=say(
                "backup.unread.summary",
                n=late.count,
                bucket=late.copy.bucket,
                within=duration_in(profile, int(within.total_seconds())),
                last=moment_in(profile, late.last),
            ),
            level=3,
            labels={"source": late.source, **where},
        )
