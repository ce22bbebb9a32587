"""`toban restore`: what would be restored and what is lost, then the restore itself, watched."""

from __future__ import annotations

import argparse
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from toban.backups.documents import Backup, Copy
from toban.backups.policy.recovery import Estimate, estimate, lost, newest, onto, point, usable
from toban.backups.policy.recovery import recovery_time as recovery_time
from toban.backups.restoring.targets import staging_of, unknown_options
from toban.backups.section import BACKUP, NOTHING
from toban.cli.backups.common import (
    as_seen,
    ask,
    chosen,
    known_source,
    length,
    newest_first,
    profile_of,
    sizes,
)
from toban.cli.backups.restores.into import look
from toban.cli.backups.restores.watch import follow, watch
from toban.cli.backups.views import status_in
from toban.cli.kit.arguments import no_such, unknown
from toban.cli.kit.ask import agreed, answer, moment_of
from toban.cli.kit.reader import shown_time
from toban.cli.kit.session import Session, session
from toban.cli.kit.terminal import Problem, Terminal, printable
from toban.cli.kit.times import now
from toban.kernel.i18n import duration, moment
from toban.kernel.ids import derive
from toban.ports.backup import Selection
from toban.profile.profile import Profile
from toban.profile.section import SERVICE

STAGING = "staging"


@dataclass(frozen=True)
class RestorePlan:
    """What a restore will do, as shown before it is confirmed."""

    profile: Profile
    backup: Backup
    copy: Copy
    target: dict[str, str]
    """Empty: the profile's staging target."""
    where: str
    is_source: bool
    remarks: list[str]
    """What one has to know of the target."""
    selection: Selection | None
    """What comes of a partial restore, where that could be told."""
    takes: Estimate | None
    at: datetime
    """Up to when data should come back: now, or the moment asked for."""


def restore(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Plan, ask, request, and watch."""
    with session(asked, terminal) as work:
        if asked.follow:
            return follow(work, asked.follow, asked, terminal)
        if not asked.service or not asked.source:
            raise Problem(terminal.say("restore.what"), 2)
        id = f"restore-{derive('restore', uuid.uuid4().hex, length=12)}"
        plan = _plan(work, id, asked, terminal)
        if not asked.json:
            _show(plan, terminal)
        if asked.dry_run:
            if asked.json:
                terminal.json({"dry_run": True, **_view(plan)})
            return 0
        if not _confirmed(plan, asked, terminal):
            terminal.line(terminal.say("ask.kept"))
            return 1
        arguments = {
            "backup": plan.backup.id,
            "region": plan.copy.region,
            "onto_source": "yes" if plan.is_source else "no",
            **{f"target.{key}": value for key, value in plan.target.items()},
        }
        ask(work, "restore", f"restores/{id}", asked.actor, arguments)
        return watch(work, id, asked, terminal)


def _confirmed(plan: RestorePlan, asked: argparse.Namespace, terminal: Terminal) -> bool:
    """Whether a person agrees; ``--yes`` is not enough to overwrite the source."""
    if not plan.is_source:
        return agreed(asked, terminal, terminal.say("restore.ask"))
    service = plan.backup.service
    if asked.confirm is not None:
        return bool(asked.confirm == service)
    if asked.json or not sys.stdin.isatty():
        raise Problem(terminal.say("restore.unconfirmed", service=service), 2)
    return answer(asked, terminal, terminal.say("restore.ask-source", service=service)) == service


# --- planning ----------------------------------------------------------------------------------


def _plan(work: Session, id: str, asked: argparse.Namespace, terminal: Terminal) -> RestorePlan:
    profile = profile_of(work.reader, asked.service, terminal)
    source = known_source(profile, asked.source, terminal)
    zone = profile[SERVICE].timezone
    at = moment_of(asked.at, zone, terminal) if asked.at else None
    backups = work.reader.find(Backup, ("service", "==", asked.service), ("source", "==", source))
    backup = _choose(work, backups, at, asked, terminal)
    copy = usable(backup, asked.region or "", {each.id: each for each in backups})
    if copy is None:
        there = [c.region for c in backup.copies if c.manifest and not c.damage]
        raise no_such(terminal, asked.region or "-", "what.region", there)
    target = _target(profile, source, asked, terminal)
    into = look(work, backup, copy, id, target, terminal, onto_source=bool(asked.onto_source))
    takes = estimate(backups, backup, copy.region, now=now())
    where = without_id(into.where, id) if asked.dry_run else into.where
    seen = as_seen(backup, work.reader)
    doubt = next((c.unreadable for c in seen.copies if c.bucket == copy.bucket), "")
    remarks = [*into.remarks, *([terminal.say("restore.doubt", why=doubt)] if doubt else ())]
    return RestorePlan(
        profile, seen, copy, target, where, into.is_source, remarks, into.selection,
        takes, at or now(),
    )  # fmt: skip


def without_id(where: str, id: str) -> str:
    """Return a target without the id of a restore that will have another one when it is asked for."""
    return where.replace(id, "…").replace(id.replace("-", "_"), "…")


def _choose(
    work: Session,
    backups: list[Backup],
    at: datetime | None,
    asked: argparse.Namespace,
    terminal: Terminal,
) -> Backup:
    if asked.backup:
        backup = chosen(work.reader, asked.backup, terminal)
        if (backup.service, backup.source) != (asked.service, asked.source):
            series = f"{asked.service}/{asked.source}"
            raise Problem(terminal.say("restore.other", id=backup.id, series=series), 2)
        if backup.status in ("running", "deleting", "deleted"):
            status = terminal.say(f"backup.{backup.status}")
            raise Problem(terminal.say("restore.unfit", id=backup.id, status=status))
        return backup
    found = newest(backups, at, asked.region or "", now=now())
    if found is not None:
        return found
    good = [b for b in newest_first(backups) if newest([b], None, now=now()) is not None]
    if not good:
        raise Problem(
            terminal.say("restore.none-verified", series=f"{asked.service}/{asked.source}")
        )
    regions = sorted({c.region for b in good for c in b.copies if c.manifest and not c.damage})
    if asked.region and asked.region not in regions:
        raise no_such(terminal, asked.region, "what.region", regions)
    zone = work.reader.zone(asked.service)
    oldest = moment(terminal.language, min(map(point, good)), zone)
    raise Problem(terminal.say("restore.none-so-old", oldest=oldest))


def _target(
    profile: Profile, source: str, asked: argparse.Namespace, terminal: Terminal
) -> dict[str, str]:
    """Options of the target; empty: the staging target."""
    said = list(asked.to or ())
    if said == [STAGING]:
        if staging_of(profile, source) is None:
            raise Problem(terminal.say("restore.no-staging", source=source), 2)
        if asked.onto_source:
            raise Problem(terminal.say("restore.both"), 2)
        return {}
    options = {}
    for word in said:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise Problem(terminal.say("restore.bad-to", word=word), 2)
        options[name] = value
    kind = (profile[BACKUP] or NOTHING).sources[source].spec.kind
    wrong, known = unknown_options(kind, options)
    if wrong:
        raise Problem(unknown(terminal.language, wrong[0], "what.target-key", known), 2)
    if asked.onto_source:
        try:
            return onto((profile[BACKUP] or NOTHING).sources[source], options)
        except ValueError as error:
            raise Problem(terminal.say("restore.never-source", kind=error), 2) from error
    if not options:
        raise Problem(terminal.say("restore.where"), 2)
    return options


# --- showing -----------------------------------------------------------------------------------


def _view(plan: RestorePlan) -> dict[str, Any]:
    backup = plan.backup
    return {
        "backup": backup.id,
        "status": backup.status,
        "restore_point": shown_time(point(backup)),
        "lost_s": None if backup.is_ahead(now()) else lost(backup, plan.at).total_seconds(),
        "region": plan.copy.region,
        "bucket": plan.copy.bucket,
        "bytes": backup.bytes,
        "plain_bytes": backup.plain_bytes,
        "parts": backup.parts,
        "estimate_s": plan.takes.seconds if plan.takes else None,
        "rto_s": recovery_time(plan.profile, backup.source),
        "target": plan.where,
        "options": plan.target,
        "is_source": plan.is_source,
        "comes": dict(plan.selection.comes) if plan.selection else None,
        "left_out": dict(plan.selection.left_out) if plan.selection else None,
        "remarks": plan.remarks,
    }


def _lost(plan: RestorePlan, terminal: Terminal) -> str:
    """What is lost, in words; nobody knows of a backup that is dated in the future."""
    if plan.backup.is_ahead(now()):
        return terminal.say("restore.lost.ahead")
    seconds = lost(plan.backup, plan.at).total_seconds()
    return terminal.say(
        "restore.lost.value",
        duration=duration(terminal.language, seconds),
        at=moment(terminal.language, plan.at, plan.profile[SERVICE].timezone),
    )


def _selected(plan: RestorePlan, terminal: Terminal) -> list[tuple[str, str]]:
    """What comes of a partial restore, and what is left out."""
    if plan.selection is None:
        return []

    def told(counts: Mapping[str, int]) -> str:
        return ", ".join(f"{name} {count:,}" for name, count in counts.items() if count)

    nothing = terminal.say("restore.nothing-left")
    return [
        ("comes", told(plan.selection.comes)),
        ("left-out", told(plan.selection.left_out) or nothing),
    ]


def _show(plan: RestorePlan, terminal: Terminal) -> None:
    backup, language = plan.backup, terminal.language
    zone = plan.profile[SERVICE].timezone
    terminal.line(terminal.paint(terminal.say("restore.plan"), "bold"))
    status = status_in(backup, terminal)
    if plan.takes is None:
        takes = terminal.say("restore.untested")
    else:
        takes = terminal.say(
            "restore.takes",
            duration=length(language, plan.takes.seconds),
            at=moment(language, plan.takes.tested_at, zone),
        )
    rto = recovery_time(plan.profile, backup.source)
    if rto is not None:
        takes = terminal.say("restore.against", takes=takes, rto=duration(language, rto))
    facts = (
        ("backup", f"{backup.id} ({status})"),
        ("point", moment(language, point(backup), zone)),
        ("lost", _lost(plan, terminal)),
        ("from", f"{plan.copy.region} ({plan.copy.bucket})"),
        (
            "size",
            sizes(backup, terminal),
        ),
        *([("only", only)] if (only := plan.target.get("only", "")) else []),
        *_selected(plan, terminal),
        ("time", takes),
    )
    for key, value in facts:
        label = terminal.paint(terminal.say(f"restore.{key}"), "dim")
        terminal.line(f"  {label}: {printable(value)}")
    label = terminal.paint(terminal.say("restore.into"), "dim")
    if plan.is_source:
        told = terminal.paint(terminal.say("restore.overwrites", where=plan.where), "red", "bold")
    else:
        told = terminal.say("restore.elsewhere", where=plan.where)
    terminal.line(f"  {label}: {told}")
    for remark in plan.remarks:
        label = terminal.paint(terminal.say("restore.note"), "yellow")
        terminal.line(f"  {label}: {printable(remark)}")
