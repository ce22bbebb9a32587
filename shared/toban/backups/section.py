"""The section `backup`: what is backed up, where to, for how long, and how it is proven."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from toban.backups.levels import Level
from toban.backups.texts import both
from toban.kernel.environment import PRODUCTION
from toban.kernel.kinds import named
from toban.profile.profile import Profile, SectionKey
from toban.sources.base import SourceSection, StagingTarget
from toban.strictyaml.values import CronExpression, Seconds, Section, ZoneName

ALLOWANCE: Final = timedelta(minutes=30)
"""
What taking, replicating and verifying a backup may take.

A restore point counts once it was verified, so just before that the newest one is as old as the
gap between two slots and this.
"""


REREAD_WITHIN: Final = timedelta(days=90)
"""Where the profile does not say it: about a tenth of what is kept is read again each week."""

if TYPE_CHECKING:
    _Sources: TypeAlias = dict[str, SourceSection]
else:
    _Sources = named("toban.sources", SourceSection)  # of every kind that has a folder there


class Destination(Section, frozen=True):
    """A bucket that keeps backups; the first of a plan's is written, the others replicate it."""

    bucket: str
    region: str


class RetentionRules(Section, frozen=True):
    """
    How long a plan's backups are kept: rules are OR-ed, each counts periods with a verified
    backup.
    """

    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    yearly: int = 0
    keep_days: int = 0
    """A recovery window: everything newer, and the newest backup older than that."""
    forever: bool = False

    @classmethod
    def instead(cls, text: str) -> str:
        """``7d`` was meant to keep for seven days."""
        days = re.fullmatch(r"(\d{1,5})d?", text)
        return f"{{keep_days: {days[1]}}}" if days else ""


class BackupPlan(Section, frozen=True, rename={"class_": "class"}):
    """When a source is backed up, and how long its backups are kept."""

    source: str
    class_: str
    """Name of the series (``daily``, ``weekly``, ``hourly``, ``on-change``): it has its own retention."""
    schedule: CronExpression
    """Cron; with `on_change` it says when to look."""
    keep: RetentionRules
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
    """A backup that somebody else makes (point-in-time recovery of a provider): listed, not watched."""

    what: str
    by: str
    note: str = ""


class RestoreTest(Section, frozen=True):
    """
    Restore tests by the calendar: each time every source that would be overdue by the next time.

    Of a source its regions, and old and new backups, take turns.
    """

    schedule: CronExpression
    targets: tuple[StagingTarget, ...]
    zone: ZoneName | None = None
    within: Seconds | None = None
    """A test that takes longer has failed."""
    every: Seconds = Seconds(8 * 86_400)
    """An alert when no test of a source succeeded for so long."""

    def every_of(self, target: StagingTarget) -> timedelta:
        """Return how often a target's source has to pass a test."""
        own = target.every
        return timedelta(seconds=self.every if own is msgspec.UNSET else own)

    def within_of(self, source: str) -> Seconds | None:
        """Return how long a test of a source may take; None: as long as it needs."""
        own = next((t.within for t in self.targets if t.source == source), msgspec.UNSET)
        return self.within if own is msgspec.UNSET else own


class BackupSection(Section, frozen=True):
    """The section `backup`: what is backed up, where to, for how long, and how it is proven."""

    destinations: tuple[Destination, ...]
    sources: _Sources
    plans: tuple[BackupPlan, ...]
    key: str = ""
    """
    A Cloud KMS key (``projects/…/cryptoKeys/…``) or ``secret:NAME`` (32 bytes in base64). Set: a
    backup is never written unencrypted. Empty: backups are not encrypted by us.
    """
    former_keys: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    """Keys that were in the place of `key` and still open what is under them, until all of it is wrapped anew."""
    objectives: tuple[Objective, ...] = ()
    restore_test: RestoreTest | None = None
    external: tuple[External, ...] = ()
    max_deletions: int = 20
    """Most backups removed by one run of pruning."""
    minimum_verified: int = 1
    """Verified copies per series and region that are never removed."""
    reread_within: Seconds | msgspec.UnsetType = msgspec.UNSET
    """Every copy that is kept is read back again within this time; unset: `REREAD_WITHIN`."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Return `key`, which wraps, and then every key that may still open what is kept; empty: there is none."""
        former = () if self.former_keys is msgspec.UNSET else self.former_keys
        return (self.key, *former) if self.key else ()

    @property
    def rereads(self) -> timedelta:
        """Return within what time every copy is read again."""
        said = self.reread_within
        return REREAD_WITHIN if said is msgspec.UNSET else timedelta(seconds=said)


BACKUP: Final[SectionKey[BackupSection | None]] = SectionKey(
    "backup", BackupSection | None, None, inactive=both("section.backup")
)


def environment_of_source(profile: Profile, name: str) -> str:
    """Return whose data a source holds; production's for one not in the profile (any more)."""
    section = profile[BACKUP]
    source = section.sources.get(name) if section else None
    return (source.environment if source else "") or PRODUCTION


NOTHING: Final = BackupSection(destinations=(), sources={}, plans=())
"""What a profile without the section backs up."""
