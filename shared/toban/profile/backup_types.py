"""What the `backup` section of a profile says, as types (`toban.profile.types` has them all)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal

from toban.strictyaml.values import Seconds, Section, ZoneName

ALLOWANCE: Final = timedelta(minutes=30)
"""
What taking, replicating and verifying a backup may take.

A restore point counts once it was verified, so just before that the newest one is as old as the
gap between two slots and this.
"""


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
