"""`toban backups run`, `verify` and `replicate`: asking for work on a backup, and watching it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from toban.backups.documents import Backup, SeriesState, series_id
from toban.backups.jobs import BackupJob, job_id
from toban.backups.plans import backup_id
from toban.cli.backup_common import chosen, length, person, plan_named, profile_of, size
from toban.cli.backup_list import backup_view, in_trouble, regions
from toban.cli.follow import Seen, Session, session
from toban.cli.terminal import Problem, Terminal, printable
from toban.cli.views import Reader
from toban.events.backups import BackupDue, BackupFinished, BackupReplicated, Stage
from toban.kernel.event import Event

_AT_WORK: tuple[tuple[Stage, tuple[str, ...]], ...] = (
    ("take", ("running",)),
    ("replicate", ("finished",)),
    ("verify", ("finished", "verified", "failed")),
)


def run(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Take a backup now, until it is verified."""
    with session(asked, terminal) as work:
        profile = profile_of(work.reader, asked.service, terminal)
        plan = plan_named(profile, asked.source, asked.class_, terminal)
        key = series_id(asked.service, plan.source, plan.class_)
        series = work.reader.get(SeriesState, key)
        going = series.running if series is not None else ""
        if going:
            terminal.note(terminal.say("run.already", id=going))
            request = _Request(work, terminal, key, going, None)
        else:
            event = work.publish(
                BackupDue(
                    service=asked.service,
                    source=plan.source,
                    class_=plan.class_,
                    requested_by=person(asked),
                )
            )
            slot = event.time.replace(microsecond=0)
            id = backup_id(asked.service, plan.source, plan.class_, slot)
            request = _Request(work, terminal, key, id, event)
        if not asked.wait:
            return _left(work, request.id, asked, terminal)
        backup = work.wait(
            request.ended,
            lambda: how_far(work.reader, request.id, terminal),
            shows=lambda: f"toban backups show {request.id}",
            resumes=lambda: f"toban backups run {asked.service} {plan.source} {plan.class_}",
        )
        backup = backup or work.reader.get(Backup, request.id)
        return _told(backup, request.id, asked, terminal)


@dataclass
class _Request:
    """A backup that was asked for, or the one that is being taken instead."""

    work: Session
    terminal: Terminal
    series: str
    id: str
    event: Event | None

    def ended(self) -> Backup | None:
        """The backup, once nothing more will happen to it by itself."""
        if self.event is not None and self.work.reader.get(Backup, self.id) is None:
            self._find_other(self.event)
        return _ended(self.work.reader, self.id)

    def _find_other(self, event: Event) -> None:
        """Another request was quicker: `start_backup` takes none beside it."""
        if self.work.outcome(event, "start_backup") not in ("done", "nothing"):
            return
        series = self.work.reader.get(SeriesState, self.series)
        other = (series.running or series.finished) if series is not None else ""
        if other and other != self.id and self.work.reader.get(Backup, self.id) is None:
            self.terminal.note(self.terminal.say("run.already", id=other))
            self.id, self.event = other, None


def verify(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Read every copy of a backup back once more."""
    with session(asked, terminal) as work:
        backup = chosen(work.reader, asked.id, terminal)
        if backup.status not in ("finished", "verified", "failed") or backup.finished_at is None:
            status = terminal.say(f"backup.{backup.status}")
            raise Problem(terminal.say("verify.impossible", id=backup.id, status=status))
        untold = [c for c in backup.copies if not c.manifest and not c.damage and not c.unreadable]
        if missing := [copy.bucket for copy in untold]:
            words = ", ".join(missing)
            raise Problem(terminal.say("verify.incomplete", id=backup.id, buckets=words))

        def ask(at: datetime) -> BackupReplicated:
            return BackupReplicated(at=at, **backup.named)

        return _again(work, backup, asked, terminal, ask, "verify")


def replicate(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Copy a backup to its other destinations once more, then verify it."""
    with session(asked, terminal) as work:
        backup = chosen(work.reader, asked.id, terminal)
        if not any(copy.manifest for copy in backup.copies):
            raise Problem(terminal.say("replicate.no-original", id=backup.id))
        if backup.status not in ("finished", "verified", "failed"):
            status = terminal.say(f"backup.{backup.status}")
            raise Problem(terminal.say("verify.impossible", id=backup.id, status=status))

        def ask(at: datetime) -> BackupFinished:
            return BackupFinished(at=at, bytes=backup.bytes, **backup.named)

        return _again(work, backup, asked, terminal, ask, "replicate")


def _again(
    work: Session,
    backup: Backup,
    asked: argparse.Namespace,
    terminal: Terminal,
    ask: Callable[[datetime], BackupReplicated | BackupFinished],
    first: Stage,
) -> int:
    """Have a backup that was taken before copied or read back again."""
    id = backup.id
    event = work.publish(ask(work.platform.clock.now()))
    if not asked.wait:
        return _left(work, id, asked, terminal)
    done = work.wait(
        lambda: _again_ended(work.reader, id, event, first),
        lambda: how_far(work.reader, id, terminal, event.time),
        shows=lambda: f"toban backups show {id}",
        resumes=lambda: f"toban backups {first} {id}",
    )
    if done is None:
        raise Problem(terminal.say("follow.stopped", id=id))
    good = all(copy.proven and _since(copy.verified_at, event) for copy in done.copies)
    return _told(done, id, asked, terminal, good=good)


# --- watching ----------------------------------------------------------------------------------


def _ended(reader: Reader, id: str) -> Backup | None:
    """The backup, once nothing more will happen to it by itself."""
    backup = reader.get(Backup, id)
    if backup is None or backup.status == "running":
        return None
    return None if backup.status == "finished" and not backup.reason else backup


def _again_ended(reader: Reader, id: str, event: Event, first: Stage) -> Backup | None:
    """The backup, once the work that `event` asked for has ended."""
    # The job first: both are concluded in one commit, and the backup must not be the older one.
    job = reader.get(BackupJob, job_id(id, "verify"))
    backup = reader.get(Backup, id)
    if backup is None:
        return None
    if job is not None and job.over and _since(job.touched_at, event):
        return backup
    copying = reader.get(BackupJob, job_id(id, first)) if first != "verify" else None
    # What was copied is read next; nothing follows only where copying could not even begin.
    if copying is None or not copying.over or not copying.failure:
        return None
    return backup if _since(copying.touched_at, event) else None


def _since(at: datetime | None, event: Event) -> bool:
    return at is not None and at >= event.time


def how_far(reader: Reader, id: str, terminal: Terminal, since: datetime | None = None) -> Seen:
    """Where the work on a backup stands; `since`: jobs that ended before are of earlier work."""
    backup = reader.get(Backup, id)
    if backup is None:
        return Seen(terminal.say("follow.begin"))
    found = Seen(terminal.say("follow.begin" if backup.status == "running" else "follow.next"))
    for stage, statuses in _AT_WORK:
        job = reader.get(BackupJob, job_id(id, stage)) if backup.status in statuses else None
        if (
            job is None
            or job.over
            or (since and (job.touched_at is None or job.touched_at < since))
        ):
            continue
        stored = f" · {size(job.bytes)}" if job.bytes else ""
        trouble = f" · {printable(job.error)[:80]}" if job.error else ""
        text = f"{terminal.say(f'stage.{stage}')}{stored}{trouble}"
        found = Seen(text, job.done, job.total)
    return found


def _left(work: Session, id: str, asked: argparse.Namespace, terminal: Terminal) -> int:
    """Asked for and not waited for."""
    runs = work.another_delivers()
    if asked.json:
        terminal.json({"id": id, "queued": True, "runtime": runs})
    else:
        terminal.line(terminal.say("run.queued", id=id, command=f"toban backups show {id}"))
    if not runs:
        terminal.note(terminal.say("run.nobody", data=asked.data))
    return 0


def _told(
    backup: Backup | None,
    id: str,
    asked: argparse.Namespace,
    terminal: Terminal,
    *,
    good: bool | None = None,
) -> int:
    """Say how it ended; the exit code."""
    if backup is None:
        raise Problem(terminal.say("follow.never-began", id=id))
    passed = all(copy.proven for copy in backup.copies) if good is None else good
    if asked.json:
        terminal.json({**backup_view(backup), "reason": backup.reason})
    if not passed:
        if backup.status in ("running", "finished") and not backup.reason:
            raise Problem(terminal.say("follow.stopped", id=id))
        raise Problem(in_trouble(backup, terminal))
    if not asked.json:
        took = (backup.verified_at or backup.started_at) - backup.started_at
        done = terminal.say(
            "run.done",
            id=id,
            level=terminal.say(f"level.{backup.level}") if backup.level else "-",
            regions=", ".join(regions(backup)),
            size=size(backup.bytes),
            duration=length(terminal.language, took.total_seconds()),
        )
        again = terminal.say("verify.done", id=id, regions=", ".join(regions(backup)))
        terminal.line(terminal.paint(f"✓ {again if good else done}", "green"))
    return 0
