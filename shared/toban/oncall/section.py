"""The section `oncall`: the rotation."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, Literal

from toban.oncall.texts import both
from toban.profile.profile import SectionKey
from toban.strictyaml.values import ClockTime, Section, Weekday, ZoneName


class Handover(Section, frozen=True):
    """The time at which a shift ends and the next begins."""

    weekday: Weekday = "mon"
    at: ClockTime = ClockTime("09:00")


class Override(Section, frozen=True):
    """A person who takes `role` from `start` until `end` (aware times) instead of the rotation's."""

    start: datetime
    end: datetime
    person: str
    role: Literal["primary", "secondary"] = "primary"


class Rotation(Section, frozen=True):
    """A weekly rotation: the members take turns as primary; the next one is secondary."""

    members: tuple[str, ...]
    first_shift: date
    """
    The day whose hand-over starts the first member's shift. It is a hand-over day (`toban check`
    insists); shifts before it follow from it backwards.
    """
    timezone: ZoneName | None = None
    """None: the service's."""
    handover: Handover = Handover()
    weeks: int = 1
    """Length of a shift."""
    secondary: tuple[str, ...] = ()
    """Own order for the secondary; empty: the member after the primary."""
    overrides: tuple[Override, ...] = ()
    """Of two that cover the same time and role, the later one in the list wins."""


ONCALL: Final[SectionKey[Rotation | None]] = SectionKey(
    "oncall", Rotation | None, inactive=both("section.oncall"), team=True
)
