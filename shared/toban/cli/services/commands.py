"""`toban services`: the services by whose profiles the platform goes, and the end of one."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toban.backups.documents import Backup
from toban.cli.kit.arguments import no_such
from toban.cli.kit.ask import agreed
from toban.cli.kit.reader import StoreReader, shown_time
from toban.cli.kit.session import session
from toban.cli.kit.terminal import Problem, Terminal
from toban.cli.kit.times import LIST, Times
from toban.incidents.documents import Incident
from toban.kernel.environment import PRODUCTION
from toban.kernel.handling.change import remove
from toban.profile.match import default_service
from toban.profile.section import SERVICE
from toban.profile.store import CurrentProfile


@dataclass(frozen=True)
class Holdings:
    """What a service has in the store that outlives its profile."""

    open_incidents: list[str]
    running_backups: list[str]
    kept_backups: int

    @classmethod
    def of(cls, service: str, reader: StoreReader) -> Holdings:
        """Return those of a service."""
        incidents = reader.find(Incident, ("service", "==", service))
        backups = reader.find(Backup, ("service", "==", service))
        return cls(
            sorted(i.id for i in incidents if i.status != "resolved"),
            sorted(b.id for b in backups if b.status == "running"),
            sum(b.status not in ("running", "deleting", "deleted", "failed") for b in backups),
        )


def list_(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Every service in the store, with what it holds there, and whether there is a file of it."""
    with session(asked, terminal) as work:
        found = sorted(work.reader.find(CurrentProfile), key=lambda p: p.id)
        holdings = {profile.id: Holdings.of(profile.id, work.reader) for profile in found}
        zone = work.reader.home_zone()
    files = _in_files(asked.services)
    if asked.json:
        terminal.json([_view(p, holdings[p.id], has_file=p.id in files) for p in found])
        return 0
    if not found:
        terminal.line(terminal.say("none.services"))
        return 0
    times = Times((p.applied_at, zone) for p in found)
    terminal.table(
        terminal.titles(
            "service",
            "called",
            "version",
            "applied",
            "open",
            "backups",
            "file",
            applied=times.title,
        ),
        [
            [
                p.id,
                p.profile[SERVICE].named(terminal.language),
                p.version,
                times.written(p.applied_at, zone, LIST),
                str(len(holdings[p.id].open_incidents)),
                str(holdings[p.id].kept_backups),
                terminal.say("services.file.yes" if p.id in files else "services.file.no"),
            ]
            for p in found
        ],
        {6: {terminal.say("services.file.no"): "yellow"}},
        flexible=1,
        spare=(3, 2),
    )
    return 0


def retire(asked: argparse.Namespace, terminal: Terminal) -> int:
    """
    Take a service's profile out of force, after saying what becomes of what it holds.

    Applying its file again is the undo.
    """
    with session(asked, terminal) as work:
        reader = work.reader
        profile = reader.get(CurrentProfile, asked.id)
        if profile is None:
            known = sorted(p.id for p in reader.find(CurrentProfile))
            raise no_such(terminal, asked.id, "what.service", known)
        holds = Holdings.of(asked.id, reader)
        for line in _consequences(asked, profile, holds, reader, terminal):
            terminal.note(line)
        if asked.dry_run:
            if asked.json:
                terminal.json({**_view(profile, holds), "retired": False})
            terminal.note(terminal.say("apply.dry"))
            return 0
        if not agreed(asked, terminal, terminal.say("services.ask", id=asked.id)):
            terminal.line(terminal.say("ask.kept"))
            return 1
        audit = work.audit("retire", f"services/{asked.id}", PRODUCTION, asked.actor)
        if not remove(reader.store, profile, audit):
            raise Problem(terminal.say("services.changed", id=asked.id))
    if asked.json:
        terminal.json({**_view(profile, holds), "retired": True})
    else:
        done = terminal.say("services.retired", id=asked.id)
        terminal.line(terminal.paint(f"✓ {done}", "green"))
    return 0


def _consequences(
    asked: argparse.Namespace,
    profile: CurrentProfile,
    holds: Holdings,
    reader: StoreReader,
    terminal: Terminal,
) -> list[str]:
    others = [p for p in reader.find(CurrentProfile) if p.id != profile.id]
    heir = default_service(p.profile for p in others) or ""
    key = "services.then.alerts" if heir else "services.then.nobody"
    lines = [terminal.say(key, id=profile.id, heir=heir)]
    if profile.profile[SERVICE].default and not heir:
        lines.append(terminal.say("services.then.default", id=profile.id))
    if holds.open_incidents:
        ids = ", ".join(holds.open_incidents[:_NAMED])
        lines.append(terminal.say("services.then.open", n=len(holds.open_incidents), ids=ids))
    if holds.running_backups:
        lines.append(terminal.say("services.then.running", n=len(holds.running_backups)))
    if holds.kept_backups:
        lines.append(terminal.say("services.then.backups", n=holds.kept_backups))
    if asked.project:
        lines.append(terminal.say("services.then.jobs"))
    if profile.id in _in_files(asked.services):
        lines.append(terminal.say("services.then.file", dir=asked.services))
    return lines


_NAMED = 5


def _in_files(services: Path) -> set[str]:
    """The services of which there is a file, as far as files can be read."""
    from toban.sections.load import load_all

    return {item.profile[SERVICE].id for item in load_all(services)[0]}


def _view(profile: CurrentProfile, holds: Holdings, **more: Any) -> dict[str, Any]:
    return {
        "service": profile.id,
        "version": profile.version,
        "applied_at": shown_time(profile.applied_at),
        "open_incidents": holds.open_incidents,
        "running_backups": holds.running_backups,
        "kept_backups": holds.kept_backups,
        **more,
    }
