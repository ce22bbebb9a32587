"""`toban backups run`, `verify` and `replicate`: asking for work on a backup, and watching it."""

from __future__ import annotations

import argparse
from typing import Literal

from toban.backups.catalogue.plans import backup_id
from toban.backups.documents import Backup
from toban.backups.jobs import BackupJob, job_id
from toban.cli.backups.common import as_seen, ask, chosen, length, plan_named, profile_of, size
from toban.cli.backups.views import backup_view, in_trouble, regions
from toban.cli.kit.progress import ProgressView
from toban.cli.kit.reader import StoreReader
from toban.cli.kit.session import Session, session
from toban.cli.kit.terminal import Problem, Terminal, printable
from toban.events.backups import Stage
from toban.kernel.event import Event

_AT_WORK: tuple[tuple[Stage, tuple[str, ...]], ...] = (
    ("take", ("running",)),
    ("replicate", ("finished",)),
    ("verify", ("finished", "verified", "failed")),
)


def run(asked: argparse.Namespace, terminal: Terminal) -> int:
    """
    Take a backup now, until it is verified.

    What came of it is what `start_backup` answered to this very request, never what the documents
    look like.
    """
    with session(asked, terminal) as work:
        profile = profile_of(work.reader, asked.service, terminal)
        plan = plan_named(profile, asked.source, asked.class_, terminal)
        series = f"backups/{asked.service}/{plan.source}/{plan.class_}"
        event = ask(work, "take", series, asked.actor)
        slot = event.time.replace(microsecond=0)
        id = backup_id(asked.service, plan.source, plan.class_, slot)
        if not asked.wait:
            return _left(work, id, asked, terminal)
        resumes = f"toban backups run {asked.service} {plan.source} {plan.class_}"
        answer = work.wait(
            lambda: work.answer(event, "start_backup"),
            lambda: ProgressView(terminal.say("follow.begin")),
            shows=lambda: f"toban backups show {id}",
            resumes=lambda: resumes,
        )
        if answer is None:
            raise Problem(terminal.say("follow.never-began", id=id))
        # A receipt of an older version says nothing, and started the backup of this slot.
        outcome, id = answer.get("outcome", "started"), answer.get("backup") or id
        if outcome == "running":
            terminal.note(terminal.say("run.already", id=id))
        elif outcome != "started":
            reason = terminal.say(f"run.nothing.{outcome}", id=id)
            raise Problem(terminal.say("run.nothing", reason=reason))
        backup = work.wait(
            lambda: _ended(work.reader, id),
            lambda: how_far(work.reader, id, terminal),
            shows=lambda: f"toban backups show {id}",
            resumes=lambda: resumes,
        )
        backup = backup or work.reader.get(Backup, id)
        backup = as_seen(backup, work.reader) if backup is not None else None
        return _told(backup, id, asked, terminal, joined=outcome == "running")


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
        return _again(work, backup, asked, terminal, "verify")


def replicate(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Copy a backup to its other destinations once more, then verify it."""
    with session(asked, terminal) as work:
        backup = chosen(work.reader, asked.id, terminal)
        if not any(copy.manifest for copy in backup.copies):
            raise Problem(terminal.say("replicate.no-original", id=backup.id))
        if backup.status not in ("finished", "verified", "failed"):
            status = terminal.say(f"backup.{backup.status}")
            raise Problem(terminal.say("verify.impossible", id=backup.id, status=status))
        return _again(work, backup, asked, terminal, "replicate")


def _again(
    work: Session,
    backup: Backup,
    asked: argparse.Namespace,
    terminal: Terminal,
    first: Literal["verify", "replicate"],
) -> int:
    """Have a backup that was taken before copied or read back again."""
    id = backup.id
    event = ask(work, first, f"backups/{id}", None)
    if not asked.wait:
        return _left(work, id, asked, terminal)
    job = work.wait(
        lambda: _answering(work.reader, id, event, first),
        lambda: how_far(work.reader, id, terminal, event),
        shows=lambda: f"toban backups show {id}",
        resumes=lambda: f"toban backups {first} {id}",
    )
    done = work.reader.get(Backup, id)
    if job is None or done is None:
        raise Problem(terminal.say("follow.stopped", id=id))
    done = as_seen(done, work.reader)
    if asked.json:
        terminal.json({**backup_view(done), "reason": job.reason, "outcome": job.outcome})
    if job.outcome == "nothing":
        raise Problem(terminal.say("run.nothing", reason=f"{id}: {printable(job.reason)}"))
    if job.outcome != "done" or not all(copy.proven for copy in done.copies):
        raise Problem(in_trouble(done, terminal, job.reason))
    if not asked.json:
        said = terminal.say("verify.done", id=id, regions=", ".join(regions(done)))
        terminal.line(terminal.paint(f"✓ {said}", "green"))
    return 0


# --- watching ----------------------------------------------------------------------------------


def _ended(reader: StoreReader, id: str) -> Backup | None:
    """The backup, once nothing more will happen to it by itself."""
    backup = reader.get(Backup, id)
    if backup is None or backup.status == "running":
        return None
    return None if backup.status == "finished" and not backup.reason else backup


def _answering(reader: StoreReader, id: str, event: Event, first: Stage) -> BackupJob | None:
    """The job that ended what `event` asked for, once it has: only one that names the request."""
    if first != "verify":
        copying = reader.get(BackupJob, job_id(id, first))
        ended = copying is not None and has_ended(copying, event)
        # What was copied is read next; nothing follows only where copying could not even begin.
        if copying is not None and ended and (copying.failure or copying.outcome == "nothing"):
            return copying
    proof = reader.get(BackupJob, job_id(id, "verify"))
    return proof if has_ended(proof, event) else None


def _named(event: Event) -> str:
    """How a job names the request: by the event that its chain began with."""
    return event.correlation_id or event.id


def has_ended(job: BackupJob | None, event: Event) -> bool:
    """Return whether a job has ended what an event asked for."""
    return job is not None and job.over and _named(event) in job.requests


def how_far(
    reader: StoreReader, id: str, terminal: Terminal, request: Event | None = None
) -> ProgressView:
    """Return where the work on a backup stands; `request`: only jobs that it began."""
    backup = reader.get(Backup, id)
    if backup is None:
        return ProgressView(terminal.say("follow.begin"))
    found = ProgressView(
        terminal.say("follow.begin" if backup.status == "running" else "follow.next")
    )
    for stage, statuses in _AT_WORK:
        job = reader.get(BackupJob, job_id(id, stage)) if backup.status in statuses else None
        if job is None or job.over or (request and _named(request) not in job.requests):
            continue
        stored = f" · {size(job.bytes)}" if job.bytes else ""
        trouble = f" · {printable(job.error)[:80]}" if job.error else ""
        text = f"{terminal.say(f'stage.{stage}')}{stored}{trouble}"
        found = ProgressView(text, job.done, job.total)
    return found


def _left(work: Session, id: str, asked: argparse.Namespace, terminal: Terminal) -> int:
    """Asked for and not waited for."""
    runs = work.others_work()
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
    joined: bool = False,
) -> int:
    """Say how it ended; the exit code. `joined`: somebody else's, which this request started not."""
    if backup is None:
        raise Problem(terminal.say("follow.never-began", id=id))
    if asked.json:
        outcome = "running" if joined else "started"
        terminal.json({**backup_view(backup), "reason": backup.reason, "outcome": outcome})
    if backup.status != "verified" or not all(copy.proven for copy in backup.copies):
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
        if joined:
            terminal.line(f"{done}\n{terminal.say('run.joined')}")
        else:
            terminal.line(terminal.paint(f"✓ {done}", "green"))
    return 0
