"""The section `escalation`, and the steps of a severity."""

from __future__ import annotations

from typing import Final

from toban.escalation.texts import both
from toban.profile.profile import Profile, SectionKey
from toban.severities.section import Severity
from toban.strictyaml.values import Seconds, Section, TargetName


class EscalationStep(Section, frozen=True):
    """One escalation step: after `after` without acknowledgement, these targets are notified."""

    after: Seconds
    notify: tuple[TargetName, ...]
    """``oncall:primary``, ``oncall:secondary``, ``oncall:all``, ``person:ID``, ``channel:ID``."""
    via: tuple[str, ...] = ()
    """Channels for persons in this step; empty: those of the severity."""


class Escalation(Section, frozen=True):
    """The escalation policy of an incident that nobody acknowledges."""

    severities: tuple[str, ...]
    """Labels of the severities that this policy is for."""
    steps: tuple[EscalationStep, ...]
    """By growing `after`, counted from the opening (or reopening) of the incident."""


ESCALATION: Final[SectionKey[tuple[Escalation, ...]]] = SectionKey(
    "escalation",
    tuple[Escalation, ...],
    (),
    inactive=both("section.escalation"),
)


def steps_for(profile: Profile, severity: Severity) -> tuple[EscalationStep, ...]:
    """Return the escalation steps for a severity; empty when no policy names it."""
    for policy in profile[ESCALATION]:
        if severity.label in policy.severities:
            return policy.steps
    return ()
