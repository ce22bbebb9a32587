"""The section `grouping`."""

from __future__ import annotations

from typing import Final

from toban.profile.profile import SectionKey
from toban.strictyaml.values import Seconds, Section


class Grouping(Section, frozen=True):
    """Which alerts share an incident."""

    by: tuple[str, ...] = ("rule",)
    """Labels (or ``rule``) whose equal values make one incident; empty: one incident a service."""
    window: Seconds = Seconds(300)
    """An alert joins an incident of its service opened less than this ago, whatever its labels."""
    max_open: int = 20
    """
    With so many incidents open, further alerts join the newest (storm protection); people are
    called for a new rule all the same, and the platform's own are told.
    """
    recheck: Seconds = Seconds(1800)
    """An incident resolved by hand is reopened when its alerts still fire after this time."""


GROUPING: Final[SectionKey[Grouping]] = SectionKey("grouping", Grouping, Grouping())
