"""
Who is on duty: weekly rotations, overrides and hand-overs.

Shift number k of a rotation begins k × `weeks` weeks after the first one, by the calendar and the
clock on the wall of the rotation's zone; an instant belongs to exactly one shift, also before the
first. Nothing is stored: the answer follows from the profile and the time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from toban.kernel.clock.wallclock import instant, zone
from toban.oncall.section import Override, Rotation

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Shift:
    """
    A period with the same people on duty; times are aware UTC, `end` is exclusive.

    People are ids of the profile. `primary` is None only for a rotation without members,
    `secondary` when nobody else is there to take it.
    """

    primary: str | None
    secondary: str | None
    start: datetime
    end: datetime
    primary_override: Override | None = None
    """The override that put `primary` there."""
    secondary_override: Override | None = None
    """The override that put `secondary` there."""


@dataclass(frozen=True, slots=True)
class Duty:
    """
    The people on duty at one moment; times are aware UTC.

    `shift_start` and `shift_end` are the hand-overs around the moment; `until` is when the
    answer next may change: `shift_end`, or an override that begins or ends earlier.
    """

    primary: str | None
    secondary: str | None
    shift_start: datetime
    shift_end: datetime
    until: datetime
    primary_override: Override | None = None
    secondary_override: Override | None = None


def handover_day(rotation: Rotation) -> date:
    """Return the day of hand-over number 0: `first_shift`, or the next hand-over weekday."""
    day = rotation.first_shift
    return day + timedelta(days=(WEEKDAYS.index(rotation.handover.weekday) - day.weekday()) % 7)


def who_is_on_duty(rotation: Rotation, service_zone: str, at: datetime) -> Duty:
    """
    Return primary and secondary at the instant `at` (aware).

    `service_zone` (IANA) counts where the rotation names none. Overrides win for their role.
    When primary and secondary would be the same person, the next one in turn becomes secondary;
    a rotation of a single person has no secondary unless it is named by `secondary` or an
    override.
    """
    at = at.astimezone(UTC)
    number = _shift_number(rotation, service_zone, at)
    start = _handover(rotation, service_zone, number)
    end = _handover(rotation, service_zone, number + 1)
    primary, primary_override = _primary(rotation, number, at)
    secondary, secondary_override = _secondary(rotation, number, at, primary)
    changes = [moment for o in rotation.overrides for moment in (o.start, o.end) if at < moment]
    return Duty(
        primary=primary,
        secondary=secondary,
        shift_start=start,
        shift_end=end,
        until=min([end, *(moment.astimezone(UTC) for moment in changes)]),
        primary_override=primary_override,
        secondary_override=secondary_override,
    )


def shifts_between(
    rotation: Rotation, service_zone: str, start: datetime, end: datetime
) -> Iterator[Shift]:
    """
    Return the shifts that cover [`start`, `end`), cut at its edges and at every override's
    edges.

    They follow each other without gap or overlap. A hand-over is a cut even when the same
    people stay on duty. `start` and `end` are aware.
    """
    at, last = start.astimezone(UTC), end.astimezone(UTC)
    while at < last:
        duty = who_is_on_duty(rotation, service_zone, at)
        until = min(duty.until, last)
        yield Shift(
            primary=duty.primary,
            secondary=duty.secondary,
            start=at,
            end=until,
            primary_override=duty.primary_override,
            secondary_override=duty.secondary_override,
        )
        at = until


def _handover(rotation: Rotation, service_zone: str, number: int) -> datetime:
    """The instant at which shift `number` begins."""
    day = handover_day(rotation) + timedelta(weeks=number * _weeks(rotation))
    clock = time.fromisoformat(rotation.handover.at)
    return instant(datetime.combine(day, clock), zone(rotation.timezone or service_zone))


def _shift_number(rotation: Rotation, service_zone: str, at: datetime) -> int:
    local = at.astimezone(zone(rotation.timezone or service_zone)).date()
    # By the calendar, and one more: clocks may have been put back over the midnight of a hand-over.
    number = (local - handover_day(rotation)).days // (7 * _weeks(rotation)) + 1
    while _handover(rotation, service_zone, number) > at:
        number -= 1
    return number


def _weeks(rotation: Rotation) -> int:
    return max(rotation.weeks, 1)


def _override(rotation: Rotation, role: str, at: datetime) -> Override | None:
    found = None
    for override in rotation.overrides:
        if override.role == role and override.start <= at < override.end:
            found = override
    return found


def _primary(rotation: Rotation, number: int, at: datetime) -> tuple[str | None, Override | None]:
    override = _override(rotation, "primary", at)
    if override is not None:
        return override.person, override
    members = rotation.members
    return (members[number % len(members)] if members else None), None


def _secondary(
    rotation: Rotation, number: int, at: datetime, primary: str | None
) -> tuple[str | None, Override | None]:
    override = _override(rotation, "secondary", at)
    if override is not None and override.person != primary:
        return override.person, override
    candidates = list(_turn(rotation.secondary, number))
    if not candidates and len(set(rotation.members)) < 2:
        return None, None
    # Whoever an override replaces as primary comes last: members[number] ends this turn.
    candidates += _turn(rotation.members, number + 1)
    return next((person for person in candidates if person != primary), None), None


def _turn(people: tuple[str, ...], first: int) -> tuple[str, ...]:
    """All of `people` in order, beginning with number `first`, counted round."""
    cut = first % len(people) if people else 0
    return people[cut:] + people[:cut]
