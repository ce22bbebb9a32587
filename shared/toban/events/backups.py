"""The vocabulary of backups: due, taken, replicated, verified, pruned, restored."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from toban.kernel.environment import PRODUCTION
from toban.kernel.event import Body, Moment, event

Stage = Literal["take", "replicate", "verify", "prune", "restore"]
"""Which kind of work on a backup a job document is for."""

Purpose = Literal["recovery", "test"]


class Series(Body, frozen=True, kw_only=True, rename={"class_": "class"}):
    """The fields of an event about one series: a source of a service, kept in one class."""

    service: str
    source: str
    class_: str


@event("toban.backup.due.v1", topic="backup-due")
class BackupDue(Series, frozen=True, kw_only=True):
    """
    A backup should be taken (Cloud Scheduler, or a person).

    Cloud Scheduler's messages name no slot: it is the newest one of the plan's schedule at the
    event's time, so the same slot is the same backup however often the message comes.
    """

    requested_by: str = ""
    """A person: taken now, whatever the schedule says."""
    asked_at: Moment | None = None
    """When the person asked; None: at the event's time."""

    def subject(self) -> str:
        """The series."""
        return f"backups/{self.service}/{self.source}/{self.class_}"


class BackupEvent(Series, frozen=True, kw_only=True):
    """Something happened to one backup."""

    backup_id: str
    environment: str = PRODUCTION

    def subject(self) -> str:
        """The backup."""
        return f"backups/{self.backup_id}"


class StepEvent(BackupEvent, frozen=True, kw_only=True):
    """The next step of a job on a backup is due: step number `step`."""

    step: int


@event("toban.backup.step-due.v1", topic="backup-step-due")
class BackupStepDue(StepEvent, frozen=True, kw_only=True):
    """The next step of taking a backup is due."""


@event("toban.backup.finished.v1", topic="backup-finished")
class BackupFinished(BackupEvent, frozen=True, kw_only=True):
    """A backup was read and its manifest written to the first destination; not yet verified."""

    at: Moment
    bytes: int


@event("toban.backup.failed.v1", topic="backup-failed")
class BackupFailed(BackupEvent, frozen=True, kw_only=True):
    """A backup, or a copy of it, cannot be counted on: not taken, not replicated, or damaged."""

    stage: Stage
    reason: str
    at: Moment


@event("toban.replication.step-due.v1", topic="replication-step-due")
class ReplicationStepDue(StepEvent, frozen=True, kw_only=True):
    """The next step of copying a backup to its other destinations is due."""


@event("toban.backup.replicated.v1", topic="backup-replicated")
class BackupReplicated(BackupEvent, frozen=True, kw_only=True):
    """The copies of a backup are to be verified: every destination was handled, or it is time again."""

    at: Moment
    bucket: str = ""
    """Only the copy there is to be read, whole; empty: every copy, as its plan asks."""


@event("toban.verification.step-due.v1", topic="verification-step-due")
class VerificationStepDue(StepEvent, frozen=True, kw_only=True):
    """The next step of verifying a backup is due."""


@event("toban.backup.verified.v1", topic="backup-verified")
class BackupVerified(BackupEvent, frozen=True, kw_only=True):
    """A copy of a backup was read back as far as its plan asks: now it counts."""

    at: Moment
    level: str


@event("toban.backup.rewrap-due.v1", topic="backup-rewrap-due")
class BackupRewrapDue(BackupEvent, frozen=True, kw_only=True):
    """The data key of a backup is to be wrapped by the present key, in every copy (a person)."""


@event("toban.backup.keys-checked.v1", topic="backup-keys-checked")
class BackupKeysChecked(Body, frozen=True, kw_only=True):
    """Keys of a service's backups are gone, or back: data keys were tried to be unwrapped."""

    service: str

    def subject(self) -> str:
        """The service."""
        return f"services/{self.service}"


@event("toban.prune.due.v1", topic="prune-due")
class PruneDue(Body, frozen=True, kw_only=True):
    """Backups may have outlived their retention (Cloud Scheduler, or a person)."""

    service: str = ""
    """Empty: of every service."""
    requested_by: str = ""

    def subject(self) -> str:
        """The service."""
        return f"services/{self.service}"


@event("toban.prune.step-due.v1", topic="prune-step-due")
class PruneStepDue(StepEvent, frozen=True, kw_only=True):
    """A backup that retention does not keep is to be removed, step by step."""


RestoreId = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class RestoreEvent(Body, frozen=True, kw_only=True):
    """Something happened to one restore."""

    restore_id: RestoreId
    service: str
    source: str
    backup_id: str
    purpose: Purpose
    environment: str = PRODUCTION

    def subject(self) -> str:
        """The restore."""
        return f"restores/{self.restore_id}"


@event("toban.restore.requested.v1", topic="restore-requested")
class RestoreRequested(RestoreEvent, frozen=True, kw_only=True):
    """A backup is to be loaded into a target."""

    region: str = ""
    """From which copy; empty: the nearest that is verified."""
    target: dict[str, str] = {}
    """Options of the target (`toban.ports.backup.Spec`); empty: the profile's staging target."""
    onto_source: bool = False
    """The person said that the source itself is to be overwritten."""
    requested_by: str = ""
    detected_at: Moment | None = None
    """When the loss was noticed: the recovery clock counts from here."""


@event("toban.restore.step-due.v1", topic="restore-step-due")
class RestoreStepDue(RestoreEvent, frozen=True, kw_only=True):
    """The next step of a restore is due."""

    step: int


@event("toban.restore.finished.v1", topic="restore-finished")
class RestoreFinished(RestoreEvent, frozen=True, kw_only=True):
    """A restore has loaded and checked everything."""

    region: str
    at: Moment
    seconds: float
    """From request (or detection) to checked."""


@event("toban.restore.failed.v1", topic="restore-failed")
class RestoreFailed(RestoreEvent, frozen=True, kw_only=True):
    """A restore was given up."""

    region: str
    reason: str
    at: Moment


@event("toban.restore.test-due.v1", topic="restore-test-due")
class RestoreTestDue(Body, frozen=True, kw_only=True):
    """The profile's calendar asks for a restore test (Cloud Scheduler, or a person)."""

    service: str
    source: str = ""
    """Empty: whose turn it is."""
    requested_by: str = ""

    def subject(self) -> str:
        """The service."""
        return f"services/{self.service}"


@event("toban.backup.watch-due.v1", topic="backup-watch-due")
class BackupWatchDue(Body, frozen=True, kw_only=True):
    """Every newest restore point is to be compared with its objective (Cloud Scheduler)."""
