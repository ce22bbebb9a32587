"""Looking at a restore's target before anything is asked for: what it is, and whether it will do."""

from __future__ import annotations

from dataclasses import dataclass

from toban.backups.catalogue.plans import plan_of
from toban.backups.documents import Backup
from toban.backups.policy.occupied import refusal
from toban.backups.policy.restores import Restore
from toban.backups.restoring.targets import staging_of, target_spec
from toban.cli.kit.session import Session
from toban.cli.kit.terminal import Problem, Terminal, printable
from toban.cli.kit.times import now
from toban.ports import PortError
from toban.ports.backup import TargetFailed


@dataclass(frozen=True)
class RestoreDestination:
    """Where a restore will load, and whether that is the source."""

    where: str
    is_source: bool


def look(
    work: Session,
    backup: Backup,
    id: str,
    target: dict[str, str],
    terminal: Terminal,
    *,
    onto_source: bool,
) -> RestoreDestination:
    """
    Return what the target is. `onto_source`: the source may be overwritten, and nothing else.

    Raises `Problem` for a target that cannot be used, is in use, or holds what is not ours: as
    the function would, before it writes anything. What only the function can reach is left to
    it, with a note.
    """
    planned = plan_of(work.reader, backup)
    if planned is None:
        raise Problem(terminal.say("restore.unplanned", id=backup.id))
    wanted = Restore(
        id=id,
        service=backup.service,
        source=backup.source,
        backup_id=backup.id,
        kind=backup.kind,
        purpose="recovery",
        region="",
        bucket="",
        target=target,
        onto_source=onto_source,
        requested_at=now(),
    )
    resources = work.resources()
    try:
        spec = target_spec(wanted, staging_of(planned.profile, backup.source))
        made = resources.target(spec)
        where = made.identity
        is_source = where == resources.source(planned.spec).identity
        if is_source != onto_source:
            word = "restore.is-source" if is_source else "restore.not-source"
            raise Problem(terminal.say(word, where=where), 2)
        profiles = work.reader.profiles()
        refused = refusal(where, spec, profiles, resources, backup, onto_source=onto_source)
    except (ValueError, PortError) as error:
        raise Problem(terminal.say("restore.bad-target", error=error), 2) from error
    try:
        refused = refused or made.refusal()
    except (TargetFailed, PortError) as error:
        terminal.note(
            terminal.say("restore.unseen", where=where, error=printable(str(error))[:300])
        )
    if refused:
        raise Problem(terminal.say("restore.refused", reason=printable(refused)), 2)
    return RestoreDestination(where, is_source)
