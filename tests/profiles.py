"""
Profiles as tests write them: all sections that there are, by name, and what they are made of.

``Profile(service=…, severities=…)`` is what a file is read into; it is a
`toban.profile.profile.Profile` like those that functions have from the store.
"""

import operator
from functools import reduce

from toban.backups.section import (
    BackupPlan,
    BackupSection,
    Destination,
    External,
    Objective,
    RestoreTest,
    RetentionRules,
)
from toban.channels.base import Channel as AnyChannel
from toban.channels.console.kind import ConsoleChannel
from toban.channels.email.kind import EmailChannel
from toban.channels.slack.kind import SlackChannel
from toban.channels.webhook.kind import WebhookChannel
from toban.escalation.section import Escalation, EscalationStep
from toban.incidents.grouping.section import Grouping
from toban.kernel.kinds import kinds
from toban.oncall.section import Handover, Override, Rotation
from toban.people.section import Person
from toban.profile.section import Match, Service
from toban.sections.collect import whole
from toban.severities.section import Severity
from toban.sources.base import ContentQuery, StagingTarget
from toban.sources.base import SourceSection as AnySource
from toban.sources.bucket.kind import BucketSourceSection
from toban.sources.configuration.kind import ConfigurationSourceSection
from toban.sources.firestore.kind import FirestoreSourceSection
from toban.sources.logs.kind import LogsSourceSection
from toban.sources.postgres.kind import PostgresSourceSection
from toban.sources.redis.kind import RedisSourceSection
from toban.strictyaml.values import ClockTime, Seconds, Section

__all__ = [
    "AnyChannel",
    "AnySource",
    "BackupPlan",
    "BackupSection",
    "BackupSource",
    "BucketSourceSection",
    "Channel",
    "ClockTime",
    "ConfigurationSourceSection",
    "ConsoleChannel",
    "ContentQuery",
    "Destination",
    "EmailChannel",
    "Escalation",
    "EscalationStep",
    "External",
    "FirestoreSourceSection",
    "Grouping",
    "Handover",
    "LogsSourceSection",
    "Match",
    "Objective",
    "Override",
    "Person",
    "PostgresSourceSection",
    "Profile",
    "RedisSourceSection",
    "RestoreTest",
    "RetentionRules",
    "Rotation",
    "Seconds",
    "Section",
    "Service",
    "Severity",
    "SlackChannel",
    "StagingTarget",
    "WebhookChannel",
]  # fmt: skip

Profile = whole()
Channel = reduce(operator.or_, kinds("toban.channels", AnyChannel))
BackupSource = reduce(operator.or_, kinds("toban.sources", AnySource))
