"""`toban oncall`: who is on duty, by the profiles in force."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import Any

from toban.cli.kit.arguments import no_such
from toban.cli.kit.ask import moment_of
from toban.cli.kit.profiles import in_force
from toban.cli.kit.terminal import Terminal
from toban.cli.kit.times import Times, now
from toban.kernel.event import timestamp
from toban.oncall.section import ONCALL
from toban.oncall.shifts import Duty, who_is_on_duty
from toban.people.section import PEOPLE
from toban.profile.profile import Profile
from toban.profile.section import SERVICE

_UNTIL = "%Y-%m-%d %H:%M"


def oncall(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Primary and secondary of every service, now or at another time."""
    profiles, read = in_force(asked, terminal)
    if asked.service is not None:
        if asked.service not in profiles:
            raise no_such(terminal, asked.service, "what.service", profiles)
        profiles = {asked.service: profiles[asked.service]}
    rows = [
        (profile, _duty(profile, _time(asked.at, profile, terminal)))
        for profile in profiles.values()
    ]
    if asked.json:
        terminal.json([_view(profile, duty) for profile, duty in rows])
        return 0
    times = Times((d.until, p[SERVICE].timezone) for p, d in rows if d is not None)
    terminal.table(
        terminal.titles("service", "primary", "secondary", "until", until=times.title),
        [_row(profile, duty, times, terminal) for profile, duty in rows],
        fold=(1, 2),
    )
    place = asked.services if read else asked.project or asked.data
    key = "oncall.by.files" if read else "oncall.by.applied"
    terminal.line(terminal.paint(terminal.say(key, place=place), "dim"))
    return 0


def _time(word: str | None, profile: Profile, terminal: Terminal) -> datetime:
    if word is None:
        return now()
    return moment_of(word, profile[SERVICE].timezone, terminal)


def _duty(profile: Profile, at: datetime) -> Duty | None:
    rotation = profile[ONCALL]
    if rotation is None:
        return None
    return who_is_on_duty(rotation, profile[SERVICE].timezone, at)


def _person(profile: Profile, id_: str | None) -> dict[str, str] | None:
    if id_ is None:
        return None
    person = profile[PEOPLE].get(id_)
    return {"id": id_, "name": person.name if person else id_}


def _view(profile: Profile, duty: Duty | None) -> dict[str, Any]:
    return {
        "service": profile[SERVICE].id,
        "primary": _person(profile, duty.primary) if duty else None,
        "secondary": _person(profile, duty.secondary) if duty else None,
        "shift_start": timestamp(duty.shift_start) if duty else None,
        "shift_end": timestamp(duty.shift_end) if duty else None,
        "until": timestamp(duty.until) if duty else None,
    }


def _row(profile: Profile, duty: Duty | None, times: Times, terminal: Terminal) -> list[str]:
    if duty is None:
        return [profile[SERVICE].id, terminal.say("oncall.none"), "", ""]
    names = []
    for id_, override in (
        (duty.primary, duty.primary_override),
        (duty.secondary, duty.secondary_override),
    ):
        found = _person(profile, id_)
        name = found["name"] if found else terminal.say("oncall.nobody")
        names.append(terminal.say("oncall.stand-in", name=name) if override else name)
    until = times.written(duty.until, profile[SERVICE].timezone, _UNTIL)
    return [profile[SERVICE].id, *names, until]
