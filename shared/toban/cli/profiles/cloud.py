"""
`toban plan` and `toban apply` against a Google Cloud project: profiles in its Firestore, and a Cloud
Scheduler job for everything that repeats.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from toban.cli.kit.places.cloud import documents
from toban.cli.kit.terminal import DEVIATES, Problem, Terminal, printable
from toban.cli.kit.times import now
from toban.cli.profiles.beside import tell_beside
from toban.kernel.documents import Documents
from toban.ports.schedules import (
    SchedulerJobChange,
    SchedulerJobRejected,
    SchedulerPermissionDenied,
)
from toban.profile import store as profiles_
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.profile.store import ProfileChange
from toban.sections.durations import as_written
from toban.topology.reader import load
from toban.topology.schedules import wanted

_COLORS = {
    "create": "green",
    "update": "yellow",
    "pause": "yellow",
    "resume": "yellow",
    "delete": "red",
    "refused": "red",
}
_NAMED = 5
"""Most jobs that a sentence names."""


@dataclass(frozen=True)
class ProjectLocation:
    """A project, and the location of its Cloud Scheduler jobs."""

    project: str
    location: str


def place_of(
    asked: argparse.Namespace, terminal: Terminal, environ: Mapping[str, str] = os.environ
) -> ProjectLocation | None:
    """
    Return the project that is meant; None: the data directory.

    By the options, else by ``GOOGLE_CLOUD_PROJECT`` and ``TOBAN_LOCATION`` when both are set.
    """
    project = asked.project or environ.get("GOOGLE_CLOUD_PROJECT", "")
    location = asked.location or environ.get("TOBAN_LOCATION", "")
    if project and location:
        return ProjectLocation(project, location)
    if asked.project or asked.location:
        raise Problem(terminal.say("jobs.incomplete"), 2)
    return None


def reconcile(
    asked: argparse.Namespace,
    terminal: Terminal,
    place: ProjectLocation,
    profiles: Collection[Profile],
) -> int:
    """
    Show what would change, or change it; 1 when a job was refused.

    Jobs follow from the profiles given and from those of other services in the store, which their
    functions go by: applying the profiles of some services stops no other's schedules.
    """
    from toban.adapters.google import scheduler

    store = documents(place.project)
    parent = scheduler.parent_of(place.project, place.location)
    try:
        client = scheduler.connect()
        read = Documents(store, now())
        changes = profiles_.plan(read, profiles)
        every = {**profiles_.applied(read), **{p[SERVICE].id: p for p in profiles}}
        jobs = scheduler.plan(client, parent, wanted(load(), every.values(), place.project))
        tell_beside(asked, terminal, read, changes)
        if not asked.dry_run:
            if not _agreed(asked, terminal, changes, jobs):
                terminal.line(terminal.say("jobs.kept"))
                return 1
            # Profiles first: a job that fires before its plan is known would be for nothing.
            changes = profiles_.apply(store, profiles, now())
            jobs = scheduler.apply(client, parent, jobs)
    except (SchedulerPermissionDenied, SchedulerJobRejected) as error:
        raise Problem(str(error)) from error
    code = 1 if any(job.what == "refused" for job in jobs) else 0
    if asked.json:
        terminal.json([*profile_views(changes), *_job_views(jobs)])
        return code or exit_code(asked, changes, jobs)
    _show(terminal, changes, jobs)
    done = "apply.dry" if asked.dry_run else "jobs.done"
    terminal.line(terminal.say(done, project=place.project, location=place.location))
    return code or exit_code(asked, changes, jobs)


def exit_code(
    asked: argparse.Namespace,
    changes: Sequence[ProfileChange],
    jobs: Sequence[SchedulerJobChange] = (),
) -> int:
    """Return `DEVIATES` when ``--exit-code`` is given and something is not as it should be."""
    whats = {change.what for change in changes} | {job.what for job in jobs}
    differ = bool(whats - {"unchanged"})
    return DEVIATES if differ and getattr(asked, "exit_code", False) else 0


def _agreed(
    asked: argparse.Namespace,
    terminal: Terminal,
    changes: Sequence[ProfileChange],
    jobs: Sequence[SchedulerJobChange],
) -> bool:
    """Whether jobs may be deleted (true when there are none to delete)."""
    doomed = [job.name for job in jobs if job.what == "delete"]
    if not doomed or asked.yes:
        return True
    if asked.json or not (terminal.is_tty and sys.stdin.isatty()):
        words = ", ".join(doomed[:_NAMED]) + (", …" if len(doomed) > _NAMED else "")
        raise Problem(terminal.say("jobs.unasked", n=len(doomed), words=words), 2)
    _show(terminal, changes, jobs)
    answer = input(terminal.say("jobs.ask", n=len(doomed)))
    return answer.strip().casefold() in ("y", "yes", "はい")


# --- showing ---------------------------------------------------------------------------------


def profile_views(changes: Sequence[ProfileChange]) -> list[dict[str, object]]:
    """Changes of profiles, for scripts."""
    return [
        {
            "service": c.service,
            "change": c.what,
            "version": c.version,
            "before": c.before,
            "fields": [field._asdict() for field in c.fields],
        }
        for c in changes
    ]


def _job_views(jobs: Sequence[SchedulerJobChange]) -> list[dict[str, object]]:
    return [
        {
            "job": job.name,
            "change": job.what,
            "fields": list(job.fields),
            "paused_by_hand": job.paused_by_hand,
            "reason": job.reason,
        }
        for job in jobs
    ]


def profile_table(terminal: Terminal, changes: Sequence[ProfileChange]) -> None:
    """Changes of profiles, for people."""
    colors = {"new": "green", "changed": "yellow", "no-file": "yellow"}
    terminal.table(
        terminal.titles("service", "change", "version"),
        [
            [
                c.service,
                terminal.say(f"apply.{c.what}"),
                f"{c.before} → {c.version}" if c.what == "changed" else c.version,
            ]
            for c in changes
        ],
        {1: {terminal.say(f"apply.{what}"): color for what, color in colors.items()}},
    )
    for change in changes:
        for field in change.fields:
            old, new = (_value(terminal, field.path, value) for value in (field.old, field.new))
            terminal.line(f"  {change.service}: {field.path}: {old} → {new}")
    unfiled = [c.service for c in changes if c.what == "no-file"]
    if unfiled:
        terminal.line(terminal.say("apply.no-file.hint", services=", ".join(unfiled)))


def _value(terminal: Terminal, path: str, value: object) -> str:
    if value is None:
        return terminal.say("apply.nothing")
    return printable(as_written(path, value))


def _show(
    terminal: Terminal, changes: Sequence[ProfileChange], jobs: Sequence[SchedulerJobChange]
) -> None:
    profile_table(terminal, changes)
    shown = [job for job in jobs if job.what != "unchanged" or job.paused_by_hand]
    if shown:
        terminal.line()
        terminal.table(
            terminal.titles("job", "change", "detail"),
            [[job.name, terminal.say(f"job.{job.what}"), _detail(terminal, job)] for job in shown],
            {1: {terminal.say(f"job.{what}"): color for what, color in _COLORS.items()}},
            flexible=2,
        )
    as_wanted = sum(job.what == "unchanged" for job in jobs)
    if as_wanted:
        terminal.line(terminal.say("jobs.as-wanted", n=as_wanted))


def _detail(terminal: Terminal, job: SchedulerJobChange) -> str:
    if job.reason:
        return job.reason
    if job.what == "create" and job.job is not None:
        return f"{job.job.cron} {job.job.zone}"
    by_hand = [terminal.say("jobs.by-hand")] if job.paused_by_hand else []
    return ", ".join([*job.fields, *by_hand])
