"""What stands on the map. Times are in seconds, memory in MiB, unless the name says otherwise."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

TopicName = Annotated[str, Meta(pattern=r"^[a-z]+(-[a-z0-9]+)+$", max_length=60)]
# A service account is named after its function (`fn-open-incident`) and has 30 characters at most.
FunctionName = Annotated[str, Meta(pattern=r"^[a-z]+(_[a-z]+)*$", max_length=27)]
EventType = Annotated[str, Meta(pattern=r"^toban\.[a-z]+\.[a-z]+(-[a-z]+)*\.v[1-9][0-9]*$")]
CollectionName = Annotated[str, Meta(pattern=r"^[a-z_]+$")]
SecretName = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9_]*\*?$")]
RoutePath = Annotated[str, Meta(pattern=r"^/[a-z0-9/-]*$")]
Memory = Annotated[int, Meta(ge=128, le=32768)]
Timeout = Annotated[int, Meta(ge=1, le=3600)]
Concurrency = Annotated[int, Meta(ge=1, le=1000)]
# The bounds of Pub/Sub subscriptions: 5 to 100 tries, 0 to 600 s back-off, 10 to 600 s to
# acknowledge, 31 days at most.
Attempts = Annotated[int, Meta(ge=5, le=100)]
Backoff = Annotated[int, Meta(ge=0, le=600)]
AckDeadline = Annotated[int, Meta(ge=10, le=600)]
Retention = Annotated[int, Meta(ge=1, le=31)]

StoreAccess = Literal["none", "read", "write"]


class MapEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything on the map; an unknown key is an error."""


class Text(MapEntry, frozen=True, kw_only=True):
    """A line of text in both languages."""

    en: Annotated[str, Meta(min_length=1, max_length=120)]
    ja: Annotated[str, Meta(min_length=1, max_length=120)]


class Defaults(MapEntry, frozen=True, kw_only=True):
    """The settings of a function that it does not give itself."""

    memory_mb: Memory
    timeout_s: Timeout
    concurrency: Concurrency
    max_attempts: Attempts
    backoff_s: tuple[Backoff, Backoff]
    ack_deadline_s: AckDeadline
    retention_days: Retention
    emits: tuple[TopicName, ...] = ()
    """Also emitted by every function that consumes."""
    writes: tuple[CollectionName, ...] = ()
    """Also written by every function that consumes."""


class Topic(MapEntry, frozen=True, kw_only=True):
    """A topic and the one event type on it."""

    event: EventType
    about: Text
    timer: bool = False
    """Published by the function with `emits_due` once a timer has come due (and at once by those
    that list it under `emits`)."""
    by_profile: bool = False
    """Published by the schedules of service profiles."""
    loop_ends: str = ""
    """Why events cannot go round for ever through this topic."""


class Function(MapEntry, frozen=True, kw_only=True):
    """A deployed function: a folder under ``functions/`` of the same name."""

    about: Text
    http: tuple[RoutePath, ...] = ()
    """Paths it serves to the outside; a function has these or `consumes`."""
    consumes: tuple[TopicName, ...] = ()
    emits: tuple[TopicName, ...] = ()
    sets: tuple[TopicName, ...] = ()
    """Timers it sets (topics with ``timer: true``)."""
    emits_due: bool = False
    """Publishes every timer that has come due."""
    redrives: bool = False
    """Takes messages out of dead-letter topics and publishes them where they came from."""
    reads: tuple[CollectionName, ...] = ()
    """Collections it only reads."""
    writes: tuple[CollectionName, ...] = ()
    """Collections it reads and writes."""
    blobs: bool = False
    """Whether it stores or reads objects in Cloud Storage."""
    buckets: bool = False
    """Whether it reads or writes buckets that profiles name (backups, and what they are of)."""
    secrets: tuple[SecretName, ...] = ()
    """Names; a trailing ``*`` stands for one per channel."""
    roles: tuple[str, ...] = ()
    """Roles in the project beyond those that follow from the rest."""
    memory_mb: Memory
    timeout_s: Timeout
    concurrency: Concurrency
    max_attempts: Attempts
    backoff_s: tuple[Backoff, Backoff]
    ack_deadline_s: AckDeadline
    retention_days: Retention

    @property
    def store(self) -> StoreAccess:
        """What it may do in the document store."""
        return "write" if self.writes else "read" if self.reads else "none"

    @property
    def publishes(self) -> bool:
        """Whether it publishes anything."""
        return bool(self.emits) or self.emits_due or self.redrives


class Secret(MapEntry, frozen=True, kw_only=True):
    """A secret value that functions get; a trailing ``*`` as in `Function.secrets`."""

    about: Text


class Schedule(MapEntry, frozen=True, kw_only=True):
    """A topic to which an event is published by the clock (a Cloud Scheduler job)."""

    cron: str
    zone: str
    emits: TopicName


class MapFile(MapEntry, frozen=True, kw_only=True):
    """The map's file as written (defaults merged into its functions)."""

    defaults: Defaults
    topics: dict[TopicName, Topic]
    functions: dict[FunctionName, Function]
    secrets: dict[SecretName, Secret] = {}
    schedules: dict[Annotated[str, Meta(pattern=r"^[a-z]+(-[a-z]+)*$")], Schedule]


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A push subscription: one topic delivered to one function."""

    topic: str
    function: str
    max_attempts: int
    backoff_s: tuple[int, int]
    ack_deadline_s: int
    retention_days: int

    @property
    def name(self) -> str:
        """Its name, also that of the dead-letter subscription's topic without ``--dead``."""
        return f"{self.topic}--{self.function}"

    @property
    def dead_letter(self) -> str:
        """Name of the dead-letter topic and of the subscription that keeps what lands there."""
        return f"{self.name}--dead"


class Topology(msgspec.Struct, frozen=True):
    """The whole map, checked."""

    topics: dict[str, Topic]
    functions: dict[str, Function]
    schedules: dict[str, Schedule]
    secrets: dict[str, Secret] = {}

    def subscriptions(self) -> list[Subscription]:
        """Return every subscription, in the order of the map."""
        return [
            Subscription(
                topic=topic,
                function=name,
                max_attempts=function.max_attempts,
                backoff_s=function.backoff_s,
                ack_deadline_s=function.ack_deadline_s,
                retention_days=function.retention_days,
            )
            for name, function in self.functions.items()
            for topic in function.consumes
        ]

    def consumers(self, topic: str) -> list[str]:
        """Functions that consume a topic."""
        return [name for name, f in self.functions.items() if topic in f.consumes]

    def emitted_by(self, function: str) -> frozenset[str]:
        """
        Return every topic a function may publish to (`Platform.may_emit`).

        Raises `KeyError` when there is no such function.
        """
        entry = self.functions[function]
        if entry.redrives:
            return frozenset({*entry.emits, *(s.topic for s in self.subscriptions())})
        timers = (name for name, topic in self.topics.items() if topic.timer)
        return frozenset({*entry.emits, *(timers if entry.emits_due else ())})

    def producers(self, topic: str) -> list[str]:
        """Functions and schedules that publish to a topic of their own accord (no redrives)."""
        return [
            *(
                n
                for n, f in self.functions.items()
                if not f.redrives and topic in self.emitted_by(n)
            ),
            *(n for n, f in self.functions.items() if f.redrives and topic in f.emits),
            *(n for n, s in self.schedules.items() if s.emits == topic),
        ]

    def roles(self, function: str) -> list[str]:
        """
        Return what the function's service account is granted, each on the narrowest
        resource there is.

        Raises `KeyError` when there is no such function.
        """
        entry = self.functions[function]
        granted = set(entry.roles)
        if entry.publishes:
            granted.add("roles/pubsub.publisher")  # on the topics of `emitted_by`
        if entry.redrives:
            granted.add("roles/pubsub.subscriber")  # on the dead-letter subscriptions
        if entry.store != "none":
            # Also for writers: `create` and preconditions need read and write together.
            granted.add("roles/datastore.user" if entry.writes else "roles/datastore.viewer")
        if entry.blobs or entry.buckets:
            granted.add("roles/storage.objectUser")  # on the bucket, or on those of the profiles
        if entry.secrets:
            granted.add("roles/secretmanager.secretAccessor")  # on the named secrets
        return sorted(granted)
