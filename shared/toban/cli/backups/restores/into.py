"""Looking at a restore's target before anything is asked for: what it is, and whether it will do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from toban.backups.catalogue.datakeys import key_of
from toban.backups.catalogue.plans import plan_of
from toban.backups.catalogue.reading import CopyOpener, OpenedCopy, open_copy
from toban.backups.documents import Backup, Copy
from toban.backups.policy.occupied import refusal
from toban.backups.policy.restores import Restore
from toban.backups.restoring.targets import staging_of, target_spec
from toban.cli.backups.common import size
from toban.cli.kit.session import Session
from toban.cli.kit.terminal import Problem, Terminal, printable
from toban.cli.kit.times import now
from toban.ports import PortError
from toban.ports.backup import (
    Format,
    FormatUnchecked,
    Measured,
    NothingSelected,
    Remarking,
    Resources,
    Selecting,
    Selection,
    TargetFailed,
)
from toban.sources.patterns import words

MOST_READ = 256_000_000
"""Bytes of a stream that is read through to tell what a partial restore takes of it."""


@dataclass(frozen=True)
class RestoreDestination:
    """Where a restore will load, and whether that is the source."""

    where: str
    is_source: bool
    remarks: list[str] = field(default_factory=list)
    """What a person has to know of it."""
    selection: Selection | None = None
    """What comes of a partial restore, where it could be told."""


def look(
    work: Session,
    backup: Backup,
    copy: Copy,
    id: str,
    target: dict[str, str],
    terminal: Terminal,
    *,
    onto_source: bool,
) -> RestoreDestination:
    """
    Return what the target is. `onto_source`: the source may be overwritten, and nothing else.

    Raises `Problem` for a target that cannot be used, is in use, lacks what the data need or holds
    what is not ours: as the function would, before it writes anything. What only the function can
    reach is left to it, with a note.
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
    opened = _opened(work, resources, backup, copy, terminal)
    manifest = opened.manifest if opened is not None else None
    try:
        spec = target_spec(wanted, staging_of(planned.profile, backup.source), manifest)
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
    remarks: list[str] = []
    try:
        refused = refused or made.refusal()
        if not refused and isinstance(made, Remarking):
            remarks += made.remarks()
        if not refused and isinstance(made, Measured) and not target.get("only"):
            remarks += _room(made, backup, terminal)
    except (TargetFailed, PortError) as error:
        terminal.note(
            terminal.say("restore.unseen", where=where, error=printable(str(error))[:300])
        )
    if refused:
        raise Problem(terminal.say("restore.refused", reason=printable(refused)), 2)
    only = words(target.get("only"))
    selection = None
    if only and opened is not None:
        selection = _selection(resources.format(backup.kind), opened, only, terminal)
    return RestoreDestination(where, is_source, remarks, selection)


def _selection(
    format_: Format, opened: OpenedCopy, only: Sequence[str], terminal: Terminal
) -> Selection | None:
    """
    What a partial restore takes; None, with a note, where that is not told here.

    Raises `Problem` for a name that the backup does not hold.
    """
    if not isinstance(format_, Selecting):
        return None
    needed = opened.manifest.plain_bytes
    if not format_.selects_early and needed > MOST_READ:
        terminal.note(terminal.say("restore.unselected-large", size=size(needed)))
        return None
    try:
        return format_.select(opened.stream(), only)
    except (NothingSelected, FormatUnchecked) as error:
        reason = printable(str(error))
        raise Problem(terminal.say("restore.refused", reason=reason), 2) from error
    except PortError as error:
        terminal.note(terminal.say("restore.unselected", error=printable(str(error))[:300]))
        return None


def _opened(
    work: Session, resources: Resources, backup: Backup, copy: Copy, terminal: Terminal
) -> OpenedCopy | None:
    """What was recorded of the backup, and its stream; None, with a note, where this process may not read it."""
    try:
        opener = CopyOpener(resources)
        return open_copy(opener, backup, copy.bucket, key_of(work.reader, backup))
    except (ValueError, PortError) as error:
        said = printable(str(error))[:300]
        terminal.note(terminal.say("restore.unread-manifest", id=backup.id, error=said))
        return None


def _room(made: Measured, backup: Backup, terminal: Terminal) -> list[str]:
    """
    What is known of the room that the target has: it is always said, also that nobody knows.

    Raises `Problem` where it surely is too little.
    """
    room = made.room()
    if room is None:
        return []
    needed = room.needed or max(backup.plain_bytes, backup.counts.get("bytes", 0))
    if room.free is None:
        return [terminal.say("restore.room-unknown", needed=size(needed))]
    values = {"needed": size(needed), "free": size(room.free), "where": room.where}
    if needed <= room.free:
        return [terminal.say("restore.room", **values)]
    if room.exact:
        said = terminal.say("restore.no-room", **values)
        raise Problem(terminal.say("restore.refused", reason=said), 2)
    return [terminal.say("restore.little-room", **values)]
