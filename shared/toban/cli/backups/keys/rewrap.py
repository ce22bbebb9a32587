"""`toban backups rewrap`: every kept backup under the present key, and which keys are still needed."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from toban.backups.catalogue.datakeys import key_of, present_key
from toban.backups.documents import JUDGED, Backup
from toban.backups.jobs import BackupJob, job_id
from toban.backups.keys.rewrap import RewrapJob
from toban.backups.section import BACKUP, NOTHING
from toban.backups.watching.survey import (
    KeySurvey,
    OpenQuestion,
    buckets_of,
    not_needed,
    survey,
    under_way,
)
from toban.cli.backups.common import ask, chosen, profile_of
from toban.cli.backups.work.run import has_ended
from toban.cli.kit.progress import ProgressView
from toban.cli.kit.session import Session, session
from toban.cli.kit.terminal import Terminal, printable
from toban.kernel.event import Event
from toban.ports import Unavailable
from toban.ports.backup import KeyUnavailable, ListedKeys

ROUNDS = 3
"""How often what was copied meanwhile is wrapped anew."""
NAMED = 5
"""Backups that are named where many need a key."""


@dataclass
class _Keys:
    """The keys that the profiles name, as far as they can be used from here."""

    present: dict[str, str] = field(default_factory=dict)
    """The key that wraps now, by the keys that a backup may be under (`key_of`)."""
    held: list[str] = field(default_factory=list)
    """Every key that can be listed, in the order of its secret."""
    hidden: dict[str, str] = field(default_factory=dict)
    """By what a profile names, why its present key cannot be told from here."""
    references: dict[str, str] = field(default_factory=dict)
    """By backup, what its profile names."""
    listed: set[str] = field(default_factory=set)
    """What profiles name as a key whose every key is in `held`."""

    def lost(self, backup: Backup, under: set[str]) -> str:
        """Return the key without which a backup cannot be read; empty: none is known to be missing."""
        ring = self.references.get(backup.id, "").split()
        missing = ring and self.listed.issuperset(ring) and not under & set(self.held)
        return ", ".join(sorted(under)) if missing else ""

    def is_done(self, backup: Backup, under: set[str]) -> bool:
        """Whether every manifest of a backup is known to be under its present key."""
        return under <= {self.present.get(self.references.get(backup.id, ""), "")}


@dataclass
class _Report:
    """What was asked for, what came of it, and what is known of the keys after that."""

    todo: list[Backup]
    """Not known to be under the present key."""
    ended: dict[str, BackupJob | None]
    """By backup; None: nobody ended what was asked."""
    lost: dict[str, str]
    """By backup, the key that is missing."""
    keys: _Keys
    seen: KeySurvey
    open: list[OpenQuestion]
    free: list[str]
    """Keys that are not needed any more."""

    @property
    def present(self) -> list[str]:
        """Return the keys that wrap now."""
        return [key for key in self.keys.present.values() if key]

    def needed(self) -> Iterable[str]:
        """Return the keys that wrap now, and those that some manifest is under."""
        return dict.fromkeys([*self.present, *sorted(self.seen.keys)])

    def outcome(self, backup: Backup) -> str:
        """Return what came of one, as the key of its text."""
        if backup.id not in self.ended:
            return "failed" if backup.id in self.lost else "due"
        job = self.ended[backup.id]
        return job.outcome if job is not None else "waiting"

    def reason(self, backup: Backup, terminal: Terminal) -> str:
        """Return why, where it was not done."""
        if backup.id not in self.ended and backup.id in self.lost:
            return terminal.say("rewrap.lost", missing=self.lost[backup.id])
        job = self.ended.get(backup.id)
        return printable(job.reason) if job is not None else ""


def rewrap(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Have data keys wrapped by the present key; say which keys are needed, from the buckets."""
    with session(asked, terminal) as work:
        meant = _meant(work, asked, terminal)
        keys = _keys(work)
        open_, seen = _look(work, keys)
        before = set(seen.keys)
        todo = [b for b in meant if not keys.is_done(b, seen.under(b.id))]
        ended: dict[str, BackupJob | None] = {}
        lost = {b.id: key for b in todo if (key := keys.lost(b, seen.under(b.id)))}
        left = [] if asked.dry_run else todo
        for _ in range(ROUNDS):
            if not left:
                break
            ended |= _carry_out(work, left, terminal)
            _learn(keys, ended)
            open_, seen = _look(work, keys)
            left = [
                backup
                for backup in left
                if _went_well(ended[backup.id]) and not keys.is_done(backup, seen.under(backup.id))
            ]
        present = [key for key in keys.present.values() if key]
        free = not_needed([*keys.held, *present, *before], present, seen, open_)
        report = _Report(todo, ended, lost, keys, seen, open_, free)
        if asked.json:
            terminal.json({"dry_run": asked.dry_run, **_view(report, terminal)})
        else:
            _tell(report, terminal)
    failed = not all(_went_well(job) for job in ended.values()) or (asked.dry_run and lost)
    return 1 if failed or open_ or left else 0


def _meant(work: Session, asked: argparse.Namespace, terminal: Terminal) -> list[Backup]:
    """The kept backups that are encrypted: of one service, or one, or all; by id."""
    if asked.backup is not None:
        found = [chosen(work.reader, asked.backup, terminal)]
    else:
        if asked.service is not None:
            profile_of(work.reader, asked.service, terminal)
        found = work.reader.find(Backup)
    return sorted(
        (
            backup
            for backup in found
            if backup.status in JUDGED and backup.key_id and asked.service in (None, backup.service)
        ),
        key=lambda backup: backup.id,
    )


def _keys(work: Session) -> _Keys:
    """Of every service: a secret may be shared."""
    found = _Keys()
    resources = work.resources()
    for backup in work.reader.find(Backup):
        if backup.status != "deleted" and backup.key_id:
            found.references[backup.id] = _reference(work, backup)
    current = [" ".join((p[BACKUP] or NOTHING).keys) for p in work.reader.profiles().values()]
    rings = list(dict.fromkeys(filter(None, [*current, *found.references.values()])))
    for reference in rings:
        try:
            found.present[reference] = present_key(resources.keys(reference))
        except (KeyUnavailable, Unavailable) as error:
            # The functions may have it all the same.
            found.hidden[reference.split()[0]] = str(error)
    for each in dict.fromkeys(each for reference in rings for each in reference.split()):
        try:
            holder = resources.keys(each)
            if isinstance(holder, ListedKeys):
                found.held += [key for key in holder.ids() if key not in found.held]
                found.listed.add(each)
        except (KeyUnavailable, Unavailable):
            continue  # a former one may be gone, if nothing is under it any more
    return found


def _reference(work: Session, backup: Backup) -> str:
    try:
        return key_of(work.reader, backup, present=True)
    except LookupError:
        return ""


def _learn(keys: _Keys, ended: dict[str, BackupJob | None]) -> None:
    """What the functions have said about keys that cannot be used from here."""
    for id, job in ended.items():
        if isinstance(job, RewrapJob) and job.present is not None and id in keys.references:
            keys.present.setdefault(keys.references[id], job.present.key_id)
            keys.hidden.pop(keys.references[id].split()[0], None)


def _look(work: Session, keys: _Keys) -> tuple[list[OpenQuestion], KeySurvey]:
    """What is under way, then what lies in the buckets, of all services."""
    waiting = [OpenQuestion("key", *each) for each in keys.hidden.items()]
    waiting += under_way(work.reader, keys.present.values())
    seen = survey(buckets_of(work.reader.profiles(), work.reader.find(Backup)), work.resources())
    return [*waiting, *seen.open], seen


def _carry_out(
    work: Session, backups: list[Backup], terminal: Terminal
) -> dict[str, BackupJob | None]:
    """Ask for each and wait: the jobs that ended what was asked, None for one that nobody ended."""
    asked: dict[str, Event] = {
        backup.id: ask(work, "rewrap", f"backups/{backup.id}", None) for backup in backups
    }
    ended: dict[str, BackupJob | None] = {}

    def look() -> bool | None:
        for id in asked.keys() - ended.keys():
            job = work.reader.get(RewrapJob, job_id(id, "rewrap"))
            if has_ended(job, asked[id]):
                ended[id] = job
        return True if len(ended) == len(asked) else None

    def see() -> ProgressView:
        return ProgressView(terminal.say("stage.rewrap"), len(ended), len(asked))

    again = "toban backups rewrap"
    work.wait(look, see, shows=lambda: "toban backups list", resumes=lambda: again)
    return {id: ended.get(id) for id in asked}


def _went_well(job: BackupJob | None) -> bool:
    return job is not None and job.outcome in ("done", "nothing")


# --- what came of it ---------------------------------------------------------------------------


def _view(report: _Report, terminal: Terminal) -> dict[str, Any]:
    present, seen = report.present, report.seen
    return {
        "backups": [
            {"id": b.id, "outcome": report.outcome(b), "reason": report.reason(b, terminal)}
            for b in report.todo
        ],
        "keys": [
            {"id": key, "present": key in present, "needed_by": seen.needed_by(key)}
            for key in report.needed()
        ],
        "open": [{"what": o.what, "about": o.about, "reason": o.reason} for o in report.open],
        "not_needed": report.free,
    }


def _tell(report: _Report, terminal: Terminal) -> None:
    for backup in report.todo:
        outcome, reason = report.outcome(backup), report.reason(backup, terminal)
        said = terminal.say(f"rewrap.{outcome}", id=backup.id, reason=reason)
        color = {"done": "green", "failed": "red", "waiting": "yellow"}.get(outcome, "dim")
        terminal.line(terminal.paint(said, color))
    if not report.todo:
        terminal.line(terminal.say("rewrap.none"))
    terminal.line()
    for key in report.needed():
        ids = report.seen.needed_by(key)
        words = ", ".join(ids[:NAMED]) + (", …" if len(ids) > NAMED else "")
        if key in report.present:
            terminal.line(terminal.say("rewrap.present", id=key, n=len(ids)))
        else:
            terminal.line(terminal.say("rewrap.needed", id=key, n=len(ids), ids=words))
    for key in report.free:
        terminal.line(terminal.paint(terminal.say("rewrap.free", id=key), "green"))
    for each in report.open:
        reason = printable(each.reason)[:300]
        said = terminal.say(f"rewrap.open.{each.what}", about=printable(each.about), reason=reason)
        terminal.line(terminal.paint(said, "yellow"))
    terminal.line(terminal.say("rewrap.remove-none" if report.open else "rewrap.remove"))
