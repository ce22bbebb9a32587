"""The section `grouping`."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from toban.profile.profile import SectionKey
from toban.strictyaml.values import Seconds, Section

UNHEARD = timedelta(days=1)
"""Longer than senders wait between two repetitions (Alertmanager: 4 hours)."""
SHORTEST_EXPIRY = timedelta(hours=1)


class Grouping(Section, frozen=True):
    """Which alerts share an incident."""

    by: tuple[str, ...] = ("rule",)
    """
    Labels (or ``rule``, or ``source``: the sender, unless there is such a label) whose equal values
    make one incident; empty: one incident a service.
    """
    window: Seconds = Seconds(300)
    """An alert joins an incident of its service opened less than this ago, whatever its labels."""
    max_open: int = 20
    """
    With so many incidents open, further alerts join the newest (storm protection); people are
    called for a new rule all the same, and the platform's own are told.
    """
    recheck: Seconds = Seconds(1800)
    """An incident resolved by hand is reopened when its alerts still fire after this time."""
    expire_after: Seconds | UnsetType = UNSET
    """
    An alert of which nothing was heard for so long (its sender is gone, or never says that it is over)
    is closed, as "not heard of since …" and never as resolved; omitted: it stays open. Only alerts whose
    sender repeats what fires (Alertmanager): the silence of others says nothing.
    """

    @property
    def expiry(self) -> timedelta | None:
        """Return `expire_after`; None: alerts do not expire."""
        return None if self.expire_after is UNSET else timedelta(seconds=self.expire_after)

    @property
    def unheard_after(self) -> timedelta:
        """Return how long nothing has to be heard of an alert until people are told so."""
        return UNHEARD if self.expiry is None else min(UNHEARD, self.expiry / 2)

    def of_sender(self, *, repeats: bool) -> Grouping:
        """Return what holds for the alerts of a sender; of one that says everything once none expires."""
        return self if repeats else msgspec.structs.replace(self, expire_after=UNSET)

    @property
    def note_heard_each(self) -> timedelta:
        """Return how old what is stored of "heard of" may be: a repetition between writes nothing."""
        return self.unheard_after / 10


GROUPING: Final[SectionKey[Grouping]] = SectionKey("grouping", Grouping, Grouping())
