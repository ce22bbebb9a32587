"""Looking up what a profile says about one backup, and where backups are stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from toban.backups.documents import Backup
from toban.backups.section import BACKUP, BackupPlan, BackupSection, Destination
from toban.backups.storage.layout import prefix
from toban.kernel.clock.cron import newest_slot
from toban.kernel.documents import Documents
from toban.kernel.event import utc
from toban.ports.backup import Spec
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.profile.store import pinned
from toban.sources.base import SourceSection

LONGEST_LOOK_BACK = timedelta(days=800)
"""A schedule may come round once a year; 29 February once in four is no backup plan."""
_SLOT = "%Y%m%dT%H%M%SZ"
EARLY = timedelta(seconds=5)
"""How much the clock that dates a message may be behind the one that fires schedules."""


@dataclass(frozen=True)
class ResolvedPlan:
    """A backup plan with everything that it names."""

    profile: Profile
    section: BackupSection
    plan: BackupPlan
    source: SourceSection
    destinations: tuple[Destination, ...]

    @property
    def spec(self) -> Spec:
        """The source as `toban.ports.backup.Resources.source` takes it."""
        return self.source.spec

    @property
    def zone(self) -> str:
        """Return the zone of the plan's schedule."""
        return self.plan.zone or self.profile[SERVICE].timezone


def find_plan(profile: Profile, source: str, class_: str) -> ResolvedPlan | None:
    """Return the plan of a series; None when the profile has none (any more)."""
    section = profile[BACKUP]
    if section is None:
        return None
    for plan in section.plans:
        if plan.source == source and plan.class_ == class_ and source in section.sources:
            return ResolvedPlan(
                profile, section, plan, section.sources[source], destinations(section, plan)
            )
    return None


def destinations(section: BackupSection, plan: BackupPlan) -> tuple[Destination, ...]:
    """Return the destinations of a series; the first is written first."""
    if not plan.destinations:
        return section.destinations
    by_name = {destination.bucket: destination for destination in section.destinations}
    return tuple(by_name[name] for name in plan.destinations if name in by_name)


def plan_of(documents: Documents, backup: Backup) -> ResolvedPlan | None:
    """Return the plan by which a backup was started, from the profile version that it pins."""
    profile = pinned(documents, backup.service, backup.profile_version)
    return find_plan(profile, backup.source, backup.class_)


def bases_of(backup: Backup, documents: Documents) -> dict[str, Backup]:
    """Return the backups on which a backup builds, by id, as far as the catalogue has them."""
    found = {id: documents.get(Backup, id) for id in backup.needs}
    return {id: base for id, base in found.items() if base is not None}


def newest_slot_of(planned: ResolvedPlan, at: datetime) -> datetime | None:
    """
    Return the last slot of a plan's schedule at a moment, in UTC; None when there was none for
    long.

    Clocks differ a little: a message that seems to come just before its slot belongs to that
    slot. Raises what `toban.kernel.clock.cron.newest_slot` raises.
    """
    until = at + EARLY
    return newest_slot(planned.plan.schedule, planned.zone, until - LONGEST_LOOK_BACK, until)


def backup_id(service: str, source: str, class_: str, slot: datetime) -> str:
    """Return the id of the backup for a slot: the same slot is the same backup."""
    return f"{service}.{source}.{class_}.{utc(slot).strftime(_SLOT)}"


def slot_of(backup_id: str) -> datetime | None:
    """Return the slot that an id names; None for an id of another form."""
    try:
        return datetime.strptime(backup_id.rpartition(".")[2], _SLOT).replace(tzinfo=UTC)
    except ValueError:
        return None


def backup_prefix(service: str, source: str, backup_id: str) -> str:
    """Return the prefix of a backup of that id; the id itself names the class."""
    class_ = backup_id.removeprefix(f"{service}.{source}.").partition(".")[0]
    return prefix(service, source, class_, backup_id)


def labels_of(backup: Backup) -> Mapping[str, str]:
    """Return the labels of a backup for log lines and alerts."""
    return {
        "service": backup.service,
        "source": backup.source,
        "class": backup.class_,
        "backup": backup.id,
    }
