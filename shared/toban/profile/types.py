"""
What a service profile says, as types.

Durations are whole seconds here and written ``90s``, ``15m``, ``4h``, ``7d`` in YAML; clock times
are ``HH:MM``; zones are IANA names. A section that is absent is inactive.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, NewType

import msgspec

Seconds = NewType("Seconds", int)
"""A duration; YAML writes it with a unit."""

ClockTime = NewType("ClockTime", str)
"""``HH:MM``, local to the zone beside it."""

ZoneName = Annotated[str, msgspec.Meta(extra={"format": "zone"})]
"""An IANA time zone, ``Asia/Tokyo``; plain text to the type checker, looked up by the loader."""

ServiceId = Annotated[str, msgspec.Meta(extra={"format": "id"})]
"""Lower-case letters, digits and ``-``, at most 63, beginning with a letter (ids of documents)."""

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Language = Literal["ja", "en"]


class Section(msgspec.Struct, frozen=True):
    """
    Base of every part of a profile: immutable.

    Unknown keys in a file are errors (`toban.profile.reader`). In the store they are ignored: a
    function that is not deployed anew yet reads what newer code applied.
    """


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


class Grouping(Section, frozen=True):
    """Which alerts share an incident."""

    by: tuple[str, ...] = ("rule",)
    """Labels (or ``rule``) whose equal values make one incident; empty: one incident a service."""
    window: Seconds = Seconds(300)
    """An alert joins an incident of its service opened less than this ago, whatever its labels."""
    max_open: int = 20
    """With so many incidents open, further alerts join the newest (storm protection)."""
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


# --- backups ---------------------------------------------------------------------------------


class Destination(Section, frozen=True):
    """A bucket that keeps backups; the first of a plan's is written, the others replicate it."""

    bucket: str
    region: str


class FirestoreSource(Section, frozen=True, tag="firestore", tag_field="type"):
    """A Firestore database: a scan at one read time, or Google's managed export."""

    project: str
    database: str = "(default)"
    managed: bool = False
    """Use the Admin API's export into the first destination's bucket instead of the scan."""


class BucketSource(Section, frozen=True, tag="bucket", tag_field="type"):
    """The objects of a Cloud Storage bucket."""

    bucket: str
    prefix: str = ""
    exclude: tuple[str, ...] = ()
    """Patterns of names to leave out (``*.log``, ``node_modules/``), as in `fnmatch`."""
    copy: bool = False
    """
    Copy objects server-side: quick and cheap, but encrypted only at rest (by the bucket's own
    key). Otherwise content travels through compression and encryption like everything else.
    """


class PostgresSource(Section, frozen=True, tag="postgres", tag_field="type"):
    """A PostgreSQL database by ``pg_dump``, or a Cloud SQL instance by its export."""

    url_secret: str = ""
    """Secret with a connection URL (``postgresql://user:password@host/database``)."""
    instance: str = ""
    """Cloud SQL instance (``project:instance``) to be exported by Google; needs `database`."""
    database: str = ""


class RedisSource(Section, frozen=True, tag="redis", tag_field="type"):
    """A Redis by its replication protocol, or a Memorystore instance by its export."""

    url_secret: str = ""
    """Secret with ``redis://[user:password@]host:port``."""
    instance: str = ""
    """Memorystore instance (``projects/…/locations/…/instances/…``)."""


class ConfigurationSource(Section, frozen=True, tag="configuration", tag_field="type"):
    """Profiles as applied, Cloud Scheduler jobs, IAM policy, names of secrets (never values)."""

    project: str = ""
    """Empty: only what the store holds."""
    location: str = ""
    paths: tuple[str, ...] = ()
    """Files and directories beside them (only where the function runs beside these)."""


class LogsSource(Section, frozen=True, tag="logs", tag_field="type"):
    """Files below directories, as they are when read."""

    paths: tuple[str, ...]
    exclude: tuple[str, ...] = ()


BackupSource = (
    FirestoreSource | BucketSource | PostgresSource | RedisSource | ConfigurationSource | LogsSource
)

Level = Literal["objects", "checksums", "content", "format", "restored"]
"""
How far a copy was verified: objects there with the right sizes; the bucket's own checksums;
everything read, decrypted, decompressed and hashed; the format understood; restored into staging.
"""


class Keep(Section, frozen=True):
    """Retention: rules are OR-ed, each counts periods that hold a verified backup."""

    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    yearly: int = 0
    keep_days: int = 0
    """A recovery window: everything newer, and the newest backup older than that."""
    forever: bool = False


class Plan(Section, frozen=True, rename={"class_": "class"}):
    """When a source is backed up, and how long that is kept."""

    source: str
    class_: str
    """Name of the series (``daily``, ``weekly``, ``hourly``, ``on-change``): it has its own retention."""
    schedule: str
    """Cron; with `on_change` it says when to look."""
    keep: Keep
    zone: ZoneName | None = None
    """None: the service's."""
    on_change: bool = False
    """Keep nothing when nothing changed since the newest backup of the series."""
    incremental: bool = False
    """Hold only what changed since the newest verified backup of the source (buckets)."""
    level: Level = "format"
    """Every copy in the first destination is verified this far before it counts."""
    replica_level: Level = "content"
    """And so every other copy."""
    max_shrink: int = 50
    """Per cent by which a backup may be smaller than the one before without being refused."""
    destinations: tuple[str, ...] = ()
    """
    Names of `backup.destinations` (their buckets) that keep this series, the first is written, the
    others replicate it; empty: all of them.
    """


class Objective(Section, frozen=True):
    """How much may be lost and how long recovery may take, for one scenario."""

    name: str
    sources: tuple[str, ...]
    """What has to be restored for it."""
    rpo: Seconds | None = None
    """Recovery point objective: age of the newest verified restore point; None: not ours to watch."""
    rto: Seconds | None = None
    """Recovery time objective: measured by restore tests."""
    severity: Literal[1, 2, 3, 4] = 2
    """Internal severity of the alert when it is missed."""


class External(Section, frozen=True):
    """A backup that somebody else makes (point-in-time recovery of a provider): noted, not watched."""

    what: str
    by: str
    note: str = ""


class Query(Section, frozen=True):
    """A content check after a restore test."""

    query: str
    expect: str = ""
    """A value, or a bound as ``>= 10``; empty: any answer will do."""


class StagingTarget(Section, frozen=True):
    """Where restore tests load a source; never the source itself."""

    source: str
    url_secret: str = ""
    """PostgreSQL and Redis: a server for tests. A database of PostgreSQL is made and removed."""
    project: str = ""
    database: str = ""
    bucket: str = ""
    queries: tuple[Query, ...] = ()


class RestoreTest(Section, frozen=True):
    """Restore tests by the calendar: each time one (source, age, region) in turn."""

    schedule: str
    targets: tuple[StagingTarget, ...]
    zone: ZoneName | None = None
    within: Seconds | None = None
    """A test that takes longer has failed."""
    every: Seconds = Seconds(8 * 86_400)
    """An alert when no test succeeded for so long."""


class Backup(Section, frozen=True):
    """What is backed up, where to, for how long, and how it is proven."""

    destinations: tuple[Destination, ...]
    sources: dict[str, BackupSource]
    plans: tuple[Plan, ...]
    key: str = ""
    """
    A Cloud KMS key (``projects/…/cryptoKeys/…``) or ``secret:NAME`` (32 bytes in base64). Set: a
    backup is never written unencrypted. Empty: backups are not encrypted by us.
    """
    objectives: tuple[Objective, ...] = ()
    restore_test: RestoreTest | None = None
    external: tuple[External, ...] = ()
    max_deletions: int = 20
    """Most backups removed by one run of pruning."""
    minimum_verified: int = 1
    """Verified copies per series and region that are never removed."""


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
