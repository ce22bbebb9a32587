"""`toban backups rpo`: what could be lost now, how long recovery takes, against what was promised."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from toban.backups.documents import Backup
from toban.backups.policy.alerts import BackupWatch
from toban.backups.policy.objectives import (
    ObjectiveState,
    OverdueSeries,
    UntestedSource,
    assess,
    overdue,
    untested,
)
from toban.backups.policy.restores import RestoreRecord
from toban.backups.section import BACKUP, NOTHING
from toban.backups.watching.turns import UnreadCopies, unread, weekly
from toban.backups.watching.watch import newest_points
from toban.cli.backups.common import length, profiles_of, size
from toban.cli.kit.reader import StoreReader, shown_time
from toban.cli.kit.session import session
from toban.cli.kit.terminal import DEVIATES, Terminal
from toban.cli.kit.times import now, rough
from toban.kernel.i18n import duration, moment
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.profile.store import CurrentProfile

_COLORS = {
    "met": "green",
    "missed": "red",
    "unreachable": "yellow",
    "untested": "yellow",
    "not-watched": "dim",
}


@dataclass(frozen=True)
class _Looked:
    """One service, as `watch_backups` sees it."""

    profile: Profile
    states: list[ObjectiveState]
    late: list[OverdueSeries]
    untested: list[UntestedSource]
    unread: list[UnreadCopies]
    weekly: float
    """Bytes that are read again each week."""

    @property
    def missed(self) -> bool:
        """Whether anything that was promised does not hold, by the plan's fault or another's."""
        return (
            bool(self.late)
            or bool(self.untested)
            or bool(self.unread)
            or bool(self.unreachable)
            or any("missed" in (state.rpo_status, state.rto_status) for state in self.states)
        )

    @property
    def unreachable(self) -> list[str]:
        """The objectives that no schedule of the profile can meet, and that are not met now."""
        return [state.objective for state in self.states if state.rpo_status == "unreachable"]

    @property
    def unmeasured(self) -> bool:
        """Whether a recovery time is promised that no restore test has measured."""
        return any(state.rto_status == "untested" for state in self.states)


def rpo(asked: argparse.Namespace, terminal: Terminal) -> int:
    """
    Show every objective as it stands; returns `DEVIATES` when something does not hold, 1 when no
    profile promises anything.
    """
    with session(asked, terminal) as work:
        reader = work.reader
        looked = [_look(reader, p) for p in profiles_of(reader, asked.service, terminal)]
    if asked.json:
        terminal.json([row for each in looked for row in _views(each)])
    elif not looked:
        terminal.line(terminal.say("backups.nobody"))
    else:
        _table(looked, terminal)
    if any(each.missed for each in looked):
        return DEVIATES
    return 0 if any(each.states for each in looked) else 1


def _look(reader: StoreReader, profile: Profile) -> _Looked:
    service = profile[SERVICE].id
    at = now()
    applied = reader.get(CurrentProfile, service)
    since = applied.applied_at if applied else at
    record = reader.get(RestoreRecord, service)
    tested = record.tested if record else {}
    newest = newest_points(profile, reader)
    within = (profile[BACKUP] or NOTHING).rereads
    backups = reader.find(Backup, ("service", "==", service))
    watch = reader.get(BackupWatch, service)
    watched = watch.rereads.since if watch is not None and watch.rereads is not None else at
    return _Looked(
        profile,
        assess(profile, newest, tested, at),
        overdue(profile, newest, since, at),
        untested(profile, tested, since, at),
        unread(backups, within, watched, at),
        weekly(backups, within, at),
    )


def _views(looked: _Looked) -> list[dict[str, Any]]:
    service = looked.profile[SERVICE].id
    rows: list[dict[str, Any]] = [
        {"kind": "objective", **msgspec.structs.asdict(state)} for state in looked.states
    ]
    for row in rows:
        row["restore_point"] = shown_time(row["restore_point"])
    rows += [
        {
            "kind": "overdue",
            "service": service,
            "source": late.source,
            "class": late.class_,
            "last": shown_time(late.last),
            "allowed_s": late.allowed_s,
        }
        for late in looked.late
    ]
    return (
        rows
        + [
            {
                "kind": "untested",
                "service": service,
                "source": waiting.source,
                "since": shown_time(waiting.last),
            }
            for waiting in looked.untested
        ]
        + [
            {
                "kind": "unread",
                "service": service,
                "source": late.source,
                "bucket": late.copy.bucket,
                "copies": late.count,
                "bytes": late.bytes,
                "last": shown_time(late.last),
            }
            for late in looked.unread
        ]
    )


def _table(looked: list[_Looked], terminal: Terminal) -> None:
    rows = [
        [
            state.service,
            state.objective,
            _length(state.age_s, terminal)
            if state.age_s is not None
            else terminal.say("rpo.no-point"),
            _length(state.rpo_s, terminal),
            terminal.say(f"objective.{state.rpo_status}"),
            length(terminal.language, state.measured_s) if state.measured_s is not None else "-",
            _length(state.rto_s, terminal),
            terminal.say(f"objective.{state.rto_status}"),
        ]
        for each in looked
        for state in each.states
    ]
    if rows:
        colors = {terminal.say(f"objective.{word}"): color for word, color in _COLORS.items()}
        terminal.table(
            terminal.titles(
                "service", "objective", "age", "rpo", "rpo-status", "took", "rto", "rto-status"
            ),
            rows,
            {4: colors, 7: colors},
            spare=(0,),
            fold=(1,),
        )
    else:
        terminal.line(terminal.say("rpo.none"))
    for each in looked:
        for line in _trouble(each, terminal):
            terminal.line(terminal.paint(line, "red"))
        within = (each.profile[BACKUP] or NOTHING).rereads
        if each.weekly:
            told = terminal.say(
                "rpo.rereads",
                service=each.profile[SERVICE].id,
                size=size(each.weekly),
                within=duration(terminal.language, within.total_seconds()),
            )
            terminal.line(terminal.paint(told, "dim"))
    if not rows or any(each.missed for each in looked):
        return
    unmeasured = any(each.unmeasured for each in looked)
    word, color = ("rpo.unmeasured", "yellow") if unmeasured else ("rpo.good", "green")
    terminal.line(terminal.paint(terminal.say(word), color))


def _trouble(looked: _Looked, terminal: Terminal) -> list[str]:
    service, zone = looked.profile[SERVICE].id, looked.profile[SERVICE].timezone

    def when(at: datetime | None) -> str:
        return moment(terminal.language, at, zone) if at else terminal.say("rpo.never")

    lines = [
        terminal.say(
            "rpo.overdue",
            series=f"{service}/{late.source}/{late.class_}",
            last=when(late.last),
            allowed=duration(terminal.language, late.allowed_s),
        )
        for late in looked.late
    ]
    return (
        lines
        + [
            terminal.say("rpo.unreachable", service=service, objective=objective)
            for objective in looked.unreachable
        ]
        + [
            terminal.say(
                "rpo.untested", source=f"{service}/{waiting.source}", since=when(waiting.last)
            )
            for waiting in looked.untested
        ]
        + [
            terminal.say(
                "rpo.unread",
                n=late.count,
                source=f"{service}/{late.source}",
                bucket=late.copy.bucket,
                last=when(late.last),
            )
            for late in looked.unread
        ]
    )


def _length(seconds: float | None, terminal: Terminal) -> str:
    if seconds is None:
        return "-"
    return rough(terminal.language, timedelta(seconds=seconds))
