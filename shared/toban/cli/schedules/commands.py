"""`toban schedules`: what happens by the clock, and when."""

from __future__ import annotations

import argparse
import itertools
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from toban.cli.kit import times
from toban.cli.kit.places.local import exists
from toban.cli.kit.profiles import loaded
from toban.cli.kit.session import session
from toban.cli.kit.terminal import Terminal
from toban.kernel.clock.cron import next_slot
from toban.profile.profile import Profile
from toban.topology.reader import load
from toban.topology.schedules import RecurringEvent, repeating

_SHOWN = 3
_FORM = "%m-%d %H:%M"


def schedules(asked: argparse.Namespace, terminal: Terminal) -> int:
    """
    Show every schedule of the map and of the profiles, with its next three times and the last
    one.

    The profiles are those applied to the data directory (where none are, those of
    ``--services``) or to the project.
    """
    profiles, last = _applied(asked, terminal)
    now = times.now()
    rows = [
        (schedule, _next(schedule, now), last.get(schedule.name))
        for schedule in repeating(load(), profiles.values())
    ]
    if asked.json:
        terminal.json([_view(*row) for row in rows])
        return 0
    terminal.table(
        terminal.titles("schedule", "cron", "zone", "slot", "slot-utc", "then", "last"),
        [_row(terminal, *row) for row in rows],
        flexible=0,
        spare=(5, 4),
    )
    return 0


def _applied(
    asked: argparse.Namespace, terminal: Terminal
) -> tuple[dict[str, Profile], dict[str, datetime]]:
    """Profiles by service, and when a schedule last fired, by its name."""
    if not asked.project and not exists(asked.data):
        return loaded(asked.services, terminal), {}
    with session(asked, terminal) as work:
        last = work.fired()
        if last is None:
            terminal.note(terminal.say("schedules.no-location"))
        found = work.reader.profiles()
    if not asked.project:
        found = found or loaded(asked.services, terminal)
    return found, last or {}


def _next(schedule: RecurringEvent, now: datetime) -> list[datetime]:
    """Empty for a schedule that never comes (`toban check` says why)."""
    found = [now]
    try:
        for _ in range(_SHOWN):
            found.append(next_slot(schedule.cron, schedule.zone, found[-1]))
    except (LookupError, ValueError):
        return []
    return found[1:]


def _view(
    schedule: RecurringEvent, following: list[datetime], last: datetime | None
) -> dict[str, object]:
    zone = ZoneInfo(schedule.zone)
    return {
        "name": schedule.name,
        "service": schedule.service,
        "topic": schedule.topic,
        "cron": schedule.cron,
        "zone": schedule.zone,
        "next": [
            {"utc": _iso(slot), "local": slot.astimezone(zone).isoformat(timespec="minutes")}
            for slot in following
        ],
        "last": _iso(last) if last else None,
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _row(
    terminal: Terminal, schedule: RecurringEvent, following: list[datetime], last: datetime | None
) -> list[str]:
    zone = ZoneInfo(schedule.zone)
    head = [schedule.name, schedule.cron, schedule.zone]
    tail = last.astimezone(zone).strftime(_FORM) if last else ""
    if not following:
        return [*head, terminal.say("schedules.never"), "", "", tail]
    written = [slot.astimezone(zone).strftime(_FORM) for slot in following]
    return [
        *head,
        f"{written[0]} {times.zone_name(following[0], schedule.zone)}",
        following[0].strftime(_FORM),
        ", ".join(itertools.islice(written, 1, None)),
        tail,
    ]
