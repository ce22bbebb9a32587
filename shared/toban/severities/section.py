"""The section `severities`, and looking one up."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal

from toban.profile.profile import Profile, SectionKey
from toban.severities.texts import both
from toban.strictyaml.values import Seconds, Section, TargetName

REMIND_AFTER = {1: 3_600, 2: 4 * 3_600, 3: 24 * 3_600, 4: 72 * 3_600}
"""Seconds, by level."""


class Severity(Section, frozen=True):
    """One level of the service's own severity scheme."""

    label: str
    level: Literal[1, 2, 3, 4]
    """Internal severity; 1 is the worst."""
    words: tuple[str, ...] = ()
    """What senders call it (``critical``, ``Error``), compared without case."""
    respond_within: Seconds | None = None
    """Response-time target; ``0m``: at once; None: next business day."""
    via: tuple[str, ...] = ()
    """Channels used for a person at this severity, all at once."""
    notify: tuple[TargetName, ...] = ()
    """Targets told of every incident of this severity when it opens, besides the escalation."""
    postmortem: bool = False
    """A postmortem is mandatory."""
    remind_after: Seconds | None = None
    """
    An incident at which nothing has happened for so long comes back to people: whoever acknowledged
    it is reminded, and soon after that the acknowledgement runs out; one that nobody answered is
    escalated again from the first step. None: by level (`REMIND_AFTER`).
    """

    @property
    def reminder(self) -> timedelta:
        """Return `remind_after`, or its default."""
        seconds = REMIND_AFTER[self.level] if self.remind_after is None else self.remind_after
        return timedelta(seconds=seconds)


SEVERITIES: Final[SectionKey[tuple[Severity, ...]]] = SectionKey(
    "severities", tuple[Severity, ...], (), inactive=both("section.severities")
)


def severity_named(profile: Profile, label: str, level: int) -> Severity:
    """
    Return the severity with that `label`.

    When the profile does not know the label (any more), the one with that `level`.
    """
    return severity_labelled(profile, label) or severity_at(profile, level)


def severity_for(profile: Profile, word: str) -> Severity:
    """
    Return the severity that a sender's word means.

    Compared without case with labels and `words`; a word nobody knows (or none) means the
    second-worst level there is, because an alert that cannot be judged must still wake somebody
    when the service only knows waking levels.
    """
    return severity_called(profile, word) or severity_at(profile, 2)


def severity_called(profile: Profile, word: str) -> Severity | None:
    """Return the severity that the profile calls so, by its label or one of its `words`, if any."""
    wanted = word.strip().casefold()
    for severity in profile[SEVERITIES]:
        if wanted == severity.label.casefold() or wanted in (w.casefold() for w in severity.words):
            return severity
    return None


def severity_at(profile: Profile, level: int) -> Severity:
    """Return the severity with that level, else the nearest worse one, else the worst of all."""
    ordered = sorted(profile[SEVERITIES], key=lambda s: s.level)
    if not ordered:
        return Severity(label=f"S{level}", level=2)
    at_most = [s for s in ordered if s.level <= level]
    return at_most[-1] if at_most else ordered[0]


def severity_labelled(profile: Profile, label: str) -> Severity | None:
    """Return the severity with exactly that label (without case), if any."""
    wanted = label.casefold()
    return next((s for s in profile[SEVERITIES] if s.label.casefold() == wanted), None)
