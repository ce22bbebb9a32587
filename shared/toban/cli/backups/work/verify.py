"""`toban backups verify`: one backup, or with ``--all`` every one that is not verified everywhere."""

from __future__ import annotations

import argparse
from itertools import groupby

from toban.backups.documents import JUDGED, Backup
from toban.backups.found import as_found
from toban.backups.jobs import BackupJob, job_id
from toban.cli.backups.common import as_seen, ask, profile_of
from toban.cli.backups.views import backup_view, in_trouble, regions
from toban.cli.backups.work import run as backup_run
from toban.cli.kit.progress import ProgressView
from toban.cli.kit.session import Session, session
from toban.cli.kit.terminal import Problem, Terminal
from toban.cli.kit.times import now


def verify(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Read copies back once more."""
    if bool(asked.id) == asked.all:
        raise Problem(terminal.say("verify.which"), 2)
    return _all(asked, terminal) if asked.all else backup_run.verify(asked, terminal)


def _all(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Every backup of which a copy, or a base, is not proven: whole ones count again."""
    with session(asked, terminal) as work:
        if asked.service is not None:
            profile_of(work.reader, asked.service, terminal)
        known = {backup.id: backup for backup in work.reader.find(Backup)}
        found = [
            backup
            for backup in known.values()
            if asked.service in (None, backup.service) and _is_open(as_found(backup, known))
        ]
        read = read_back(work, found, terminal, resumes="toban backups verify --all")
        if asked.json:
            terminal.json([{**backup_view(b), "reason": b.reason} for b in read])
        else:
            for backup in read:
                _tell(backup, terminal)
            if not read:
                terminal.line(terminal.say("verify.nothing"))
    return 1 if any(_is_open(backup) for backup in read) else 0


def _is_open(backup: Backup) -> bool:
    """Whether it was taken, and is not verified in every place."""
    return (
        backup.status in JUDGED
        and backup.finished_at is not None
        and not all(copy.proven for copy in backup.copies)
    )


def _tell(backup: Backup, terminal: Terminal) -> None:
    if not _is_open(backup):
        done = terminal.say("verify.done", id=backup.id, regions=", ".join(regions(backup)))
        terminal.line(terminal.paint(f"✓ {done}", "green"))
        return
    color = "yellow" if backup.level else "red"
    terminal.line(terminal.paint(f"✗ {in_trouble(backup, terminal)}", color))


def read_back(
    work: Session, backups: list[Backup], terminal: Terminal, *, resumes: str
) -> list[Backup]:
    """
    Have every copy of these backups read, and wait: the backups as they are afterwards, by id.

    What others build on comes first: whether those can be restored depends on it.
    """
    left = len(backups)
    for _, group in groupby(sorted(backups, key=_depth), key=_depth):
        waiting = {backup.id for backup in group}
        left -= len(waiting)
        _read_back(
            work, [b for b in backups if b.id in waiting], (left, len(backups)), terminal, resumes
        )
    after = [work.reader.get(Backup, backup.id) for backup in backups]
    seen = [as_seen(backup, work.reader) for backup in after if backup is not None]
    return sorted(seen, key=lambda b: b.id)


def _read_back(
    work: Session,
    backups: list[Backup],
    progress: tuple[int, int],
    terminal: Terminal,
    resumes: str,
) -> None:
    """`progress`: how many more are to come after these, and how many there are in all."""
    asked_at = now()
    waiting = {backup.id for backup in backups}
    for backup in backups:
        ask(work, "verify", f"backups/{backup.id}", None)

    def look() -> bool | None:
        for id in sorted(waiting):
            job = work.reader.get(BackupJob, job_id(id, "verify"))
            if job is not None and job.over and job.touched_at and job.touched_at >= asked_at:
                waiting.discard(id)
        return None if waiting else True

    def see() -> ProgressView:
        left, total = progress
        return ProgressView(terminal.say("stage.verify"), total - left - len(waiting), total)

    work.wait(look, see, shows=lambda: "toban backups list", resumes=lambda: resumes)


def _depth(backup: Backup) -> int:
    return len(backup.needs)
