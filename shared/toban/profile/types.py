"""
What a service profile says, as types.

Durations are whole seconds here and written ``90s``, ``15m``, ``4h``, ``7d`` in YAML; clock times
are ``HH:MM``; zones are IANA names. A section that is absent is inactive.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Literal

from toban.profile.backup_types import (
    Backup,
    BackupSource,
    BucketSource,
    ConfigurationSource,
    Destination,
    External,
    FirestoreSource,
    Keep,
    Level,
    LogsSource,
    Objective,
    Plan,
    PostgresSource,
    Query,
    RedisSource,
    RestoreTest,
    StagingTarget,
)
from toban.strictyaml.values import (
    ClockTime,
    Language,
    Seconds,
    Section,
    ServiceId,
    Weekday,
    ZoneName,
)

__all__ = [
    "Backup",
    "BackupSource",
    "BucketSource",
    "Channel",
    "ClockTime",
    "ConfigurationSource",
    "ConsoleChannel",
    "Destination",
    "EmailChannel",
    "Escalation",
    "External",
    "FirestoreSource",
    "Grouping",
    "Handover",
    "Keep",
    "Language",
    "Level",
    "LogsSource",
    "Match",
    "Objective",
    "Override",
    "Person",
    "Plan",
    "PostgresSource",
    "Profile",
    "Query",
    "RedisSource",
    "RestoreTest",
    "Rotation",
    "Seconds",
    "Section",
    "Service",
    "ServiceId",
    "Severity",
    "SlackChannel",
    "StagingTarget",
    "Step",
    "WebhookChannel",
    "Weekday",
    "ZoneName",
]


class Match(Section, frozen=True):
    """An alert belongs to the service when every label named here has exactly that value."""

    labels: dict[str, str]


class Service(Section, frozen=True):
    """Who the service is and which alerts are its own."""

    id: ServiceId
    name: str
    name_en: str = ""
    language: Language = "ja"
    timezone: ZoneName = "Asia/Tokyo"
    match: tuple[Match, ...] = ()
    """
    Any one that holds makes the alert ours. Over all services the rule with the most labels wins,
    ties go to the first service id (`toban.profile.match`).
    """
    default: bool = False
    """Take the alerts that match no service (at most one profile may say so)."""

    def named(self, language: Language) -> str:
        """The service's name in a language, the only one it has if need be."""
        return self.name_en if language == "en" and self.name_en else self.name


REMIND_AFTER = {1: 3_600, 2: 4 * 3_600, 3: 24 * 3_600, 4: 72 * 3_600}
"""Seconds, by level."""


class Severity(Section, frozen=True):
    """One level of the service's own scheme."""

    label: str
    level: Literal[1, 2, 3, 4]
    """Internal severity; 1 is the worst."""
    words: tuple[str, ...] = ()
    """What senders call it (``critical``, ``Error``), compared without case."""
    respond_within: Seconds | None = None
    """Response-time target; ``0m``: at once; None: next business day."""
    via: tuple[str, ...] = ()
    """Channels used for a person at this severity, all at once."""
    notify: tuple[str, ...] = ()
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
        """`remind_after`, or what it is by default."""
        seconds = REMIND_AFTER[self.level] if self.remind_after is None else self.remind_after
        return timedelta(seconds=seconds)


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


class SlackChannel(Section, frozen=True, tag="slack", tag_field="type"):
    """A Slack channel by incoming webhook, or by bot token and `channel` (chat.postMessage)."""

    webhook_secret: str = ""
    """Secret with the incoming webhook URL, e.g. ``SLACK_WEBHOOK_CRITICAL``."""
    token_secret: str = ""
    """Secret with a bot token, e.g. ``SLACK_BOT_TOKEN``; then messages are updated in place."""
    channel: str = ""
    fallback: str = ""
    """Channel used when this one failed for good."""


class EmailChannel(Section, frozen=True, tag="email", tag_field="type"):
    """Email by SMTP. Without `to` it goes to the person who is the target."""

    to: tuple[str, ...] = ()
    sender: str = ""
    fallback: str = ""


class WebhookChannel(Section, frozen=True, tag="webhook", tag_field="type"):
    """A signed JSON POST to `url` (or to the URL held by a secret)."""

    url: str = ""
    url_secret: str = ""
    signing_secret: str = ""
    fallback: str = ""


class ConsoleChannel(Section, frozen=True, tag="console", tag_field="type"):
    """A line on the log: for trying things out and as the last resort."""

    fallback: str = ""


Channel = SlackChannel | EmailChannel | WebhookChannel | ConsoleChannel


class Person(Section, frozen=True):
    """Somebody who can be on duty."""

    name: str
    email: str = ""
    slack: str = ""
    """Slack member id, mentioned in messages."""
    language: Language | None = None
    timezone: ZoneName | None = None


class Handover(Section, frozen=True):
    """When a shift ends and the next begins."""

    weekday: Weekday = "mon"
    at: ClockTime = ClockTime("09:00")


class Override(Section, frozen=True):
    """Somebody stands in: `person` takes `role` from `start` until `end` (aware times)."""

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


class Step(Section, frozen=True):
    """One escalation step: `after` so long without acknowledgement, notify these targets."""

    after: Seconds
    notify: tuple[str, ...]
    """``oncall:primary``, ``oncall:secondary``, ``oncall:all``, ``person:ID``, ``channel:ID``."""
    via: tuple[str, ...] = ()
    """Channels for persons in this step; empty: those of the severity."""


class Escalation(Section, frozen=True):
    """What happens to an incident that nobody acknowledges."""

    severities: tuple[str, ...]
    """Labels of the severities that this policy is for."""
    steps: tuple[Step, ...]
    """By growing `after`, counted from the opening (or reopening) of the incident."""


class Profile(Section, frozen=True):
    """One service's operations design."""

    service: Service
    severities: tuple[Severity, ...] = ()
    grouping: Grouping = Grouping()
    channels: dict[str, Channel] = {}
    people: dict[str, Person] = {}
    oncall: Rotation | None = None
    escalation: tuple[Escalation, ...] = ()
    backup: Backup | None = None

    def severity_for(self, word: str) -> Severity:
        """
        The severity a sender's word means.

        Compared without case with labels and `words`; a word nobody knows (or none) means the
        second-worst level there is, because an alert that cannot be judged must still wake
        somebody when the service only knows waking levels.
        """
        wanted = word.strip().casefold()
        for severity in self.severities:
            if wanted == severity.label.casefold() or wanted in (
                w.casefold() for w in severity.words
            ):
                return severity
        return self.severity_at(2)

    def severity_at(self, level: int) -> Severity:
        """The severity with that level, else the nearest worse one, else the worst of all."""
        ordered = sorted(self.severities, key=lambda s: s.level)
        if not ordered:
            return Severity(label=f"S{level}", level=2)
        at_most = [s for s in ordered if s.level <= level]
        return at_most[-1] if at_most else ordered[0]

    def severity_labelled(self, label: str) -> Severity | None:
        """The severity with exactly that label (without case), if any."""
        return next((s for s in self.severities if s.label.casefold() == label.casefold()), None)

    def steps_for(self, severity: Severity) -> tuple[Step, ...]:
        """The escalation steps for a severity; empty when no policy names it."""
        for policy in self.escalation:
            if severity.label in policy.severities:
                return policy.steps
        return ()
