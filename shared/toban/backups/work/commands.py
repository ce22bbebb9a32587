"""
What people ask for: a command becomes the event that a schedule or a step would have published.

=============  ===================================  =========================================
action         subject                              arguments
=============  ===================================  =========================================
take           ``backups/SERVICE/SOURCE/CLASS``
replicate      ``backups/ID``
verify         ``backups/ID``
rewrap         ``backups/ID``
prune          ``backups/SERVICE`` or ``backups/*``
test-restore   ``backups/SERVICE[/SOURCE]``
restore        ``restores/ID`` (a new one)          ``backup``, ``region``, ``onto_source``,
                                                    ``detected_at``, ``target.KEY`` for each
=============  ===================================  =========================================

Whoever waits for the result finds it by the id of that event (`request_id`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from toban.backups.documents import Backup
from toban.backups.section import environment_of_source
from toban.events import CommandIssued
from toban.events.backups import (
    BackupDue,
    BackupEvent,
    BackupFinished,
    BackupReplicated,
    BackupRewrapDue,
    PruneDue,
    RestoreEvent,
    RestoreRequested,
    RestoreTestDue,
)
from toban.kernel.command import conclude, may
from toban.kernel.environment import PRODUCTION
from toban.kernel.errors import InvalidEvent
from toban.kernel.event import Body
from toban.kernel.ids import derive
from toban.kernel.prepared import converted
from toban.kernel.secrecy.masking import mask
from toban.kernel.work import Work
from toban.profile.store import current

FUNCTION: Final = "start_backup"
DOMAINS: Final = ("backups", "restores")
EVERY: Final = "*"
"""Of every service."""
_TARGET: Final = "target."


def request_id(command_id: str) -> str:
    """Return the id of the event that a command becomes."""
    return derive(command_id, FUNCTION, "0")


def on_command(command: CommandIssued, work: Work) -> None:
    """Carry out a command if it is allowed; write its audit record and answer the sender."""
    if not any(command.concerns(domain) for domain in DOMAINS):
        return
    if not may(command.actor, command.proof, command.action):
        conclude(command, work, "refused", "it needs an actor who is proven")
        return
    try:
        request = _request(command, work)
    except InvalidEvent as error:
        conclude(command, work, "refused", str(error))
        return
    work.emit(request)
    conclude(command, work, "done", environment=_environment(request, work))


def _environment(request: Body, work: Work) -> str:
    """Of what was asked for; what is asked of a whole service counts as production's."""
    if isinstance(request, BackupEvent | RestoreEvent):
        return request.environment
    if not isinstance(request, BackupDue | RestoreTestDue):
        return PRODUCTION
    document = current(work).get(request.service)
    return environment_of_source(document.profile, request.source) if document else PRODUCTION


def _request(
    command: CommandIssued, work: Work
) -> (
    BackupDue
    | BackupFinished
    | BackupReplicated
    | BackupRewrapDue
    | PruneDue
    | RestoreRequested
    | RestoreTestDue
):
    """The event that was asked for; raises `InvalidEvent` when it makes no sense."""
    domain, _, name = command.subject().partition("/")
    if command.action == "restore":
        if domain != "restores" or not 0 < len(name) <= 100:
            raise InvalidEvent("a restore is asked for as restores/ID")
        return _restore(name, command, work)
    if domain != "backups":
        raise InvalidEvent(f"{command.action} is nothing that a restore can be asked for")
    parts = name.split("/")
    if command.action == "take":
        if len(parts) != 3:
            raise InvalidEvent("a backup is asked for as backups/SERVICE/SOURCE/CLASS")
        return BackupDue(
            service=parts[0],
            source=parts[1],
            class_=parts[2],
            requested_by=command.actor,
            asked_at=work.event.time,
        )
    if command.action == "prune":
        return PruneDue(service="" if name == EVERY else name, requested_by=command.actor)
    if command.action == "test-restore":
        return RestoreTestDue(
            service=parts[0],
            source="/".join(parts[1:]),
            requested_by=command.actor,
        )
    backup = _backup(name, work)
    if command.action == "replicate":
        return BackupFinished(at=work.now, bytes=backup.bytes, **backup.named)
    if command.action == "verify":
        return BackupReplicated(at=work.now, **backup.named)
    if command.action == "rewrap":
        return BackupRewrapDue(**backup.named)
    raise InvalidEvent(f"{command.action} is nothing that a backup can be asked for")


def _backup(id: str, work: Work) -> Backup:
    backup = work.get(Backup, id) if id and "/" not in id else None
    if backup is None:
        raise InvalidEvent(f"there is no backup {id[:80]!r}")
    return backup


def _restore(id: str, command: CommandIssued, work: Work) -> RestoreRequested:
    asked = command.arguments
    backup = _backup(asked.get("backup", ""), work)
    targets = {
        key.removeprefix(_TARGET): value for key, value in asked.items() if key.startswith(_TARGET)
    }
    if any(mask(value) != value for value in targets.values()):
        raise InvalidEvent(
            "target: it holds a credential, which would be kept; name a secret instead"
        )
    try:
        detected = converted(asked["detected_at"], datetime) if "detected_at" in asked else None
    except msgspec.ValidationError as error:
        raise InvalidEvent("detected_at: expected an RFC 3339 time") from error
    if detected is not None and detected.tzinfo is None:
        raise InvalidEvent("detected_at: the offset is missing")
    return RestoreRequested(
        restore_id=id,
        service=backup.service,
        source=backup.source,
        backup_id=backup.id,
        purpose="recovery",
        environment=backup.environment,
        region=asked.get("region", ""),
        target=targets,
        onto_source=asked.get("onto_source") == "yes",
        requested_by=command.actor,
        detected_at=detected,
    )
