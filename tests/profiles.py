"""
Profiles as tests write them: all sections that there are, by name, and what they are made of.

``Profile(service=…, severities=…)`` is what a file is read into; it is a
`toban.profile.profile.Profile` like those that functions have from the store.
"""

import operator
from functools import reduce

from toban.backups.section import (
    Backup,
    Destination,
    External,
    Keep,
    Objective,
    Plan,
    RestoreTest,
)
from toban.channels.base import Channel as AnyChannel
from toban.channels.console.kind import ConsoleChannel
from toban.channels.email.kind import EmailChannel
from toban.channels.slack.kind import SlackChannel
from toban.channels.webhook.kind import WebhookChannel
from toban.escalation.section import Escalation, Step
from toban.incidents.grouping.section import Grouping
from toban.kernel.kinds import kinds
from toban.oncall.section import Handover, Override, Rotation
from toban.people.section import Person
from toban.profile.section import Match, Service
from toban.sections.collect import whole
from toban.severities.section import Severity
from toban.sources.base import BackupSource as AnySource
from toban.sources.base import Query, StagingTarget
from toban.sources.bucket.kind import BucketSource
from toban.sources.configuration.kind import ConfigurationSource
from toban.sources.firestore.kind import FirestoreSource
from toban.sources.logs.kind import LogsSource
from toban.sources.postgres.kind import PostgresSource
from toban.sources.redis.kind import RedisSource
from toban.strictyaml.values import ClockTime, Seconds, Section

__all__ = [
    "AnyChannel", "AnySource", "Backup", "BackupSource", "BucketSource", "Channel", "ClockTime", "ConfigurationSource",
    "ConsoleChannel", "Destination", "EmailChannel", "Escalation", "External", "FirestoreSource",
    "Grouping", "Handover", "Keep", "LogsSource", "Match", "Objective", "Override", "Person", "Plan",
    "PostgresSource", "Profile", "Query", "RedisSource", "RestoreTest", "Rotation", "Seconds",
    "Section", "Service", "Severity", "SlackChannel", "StagingTarget", "Step", "WebhookChannel",
]  # fmt: skip

Profile = whole()
Channel = reduce(operator.or_, kinds("toban.channels", AnyChannel))
BackupSource = reduce(operator.or_, kinds("toban.sources", AnySource))
