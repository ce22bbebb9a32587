"""What the commands about backups share: naming them, saying sizes, asking before it is too late."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from toban.backups.catalogue.plans import bases_of
from toban.backups.documents import Backup, Status
from toban.backups.found import as_found
from toban.backups.section import BACKUP, NOTHING, BackupPlan
from toban.backups.work.commands import FUNCTION, request_id
from toban.cli.kit.arguments import no_such
from toban.cli.kit.reader import StoreReader
from toban.cli.kit.reader import chosen as one_chosen
from toban.cli.kit.terminal import Problem, Terminal
from toban.kernel.documents import Documents
from toban.kernel.i18n import Language, duration, unit
from toban.profile.profile import Profile

if TYPE_CHECKING:
    from toban.cli.kit.session import Session
    from toban.events import Action
    from toban.kernel.event import Event

STATUS_COLORS: Final[dict[Status, str]] = {
    "running": "cyan",
    "finished": "yellow",
    "verified": "green",
    "partial": "red",
    "failed": "red",
    "deleting": "dim",
    "deleted": "dim",
}
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def ask(
    work: Session,
    action: Action,
    about: str,
    named: str | None,
    arguments: dict[str, str] | None = None,
) -> Event:
    """Give a command; the event that it comes to, by which its outcome is found."""
    event = work.issue(work.command(action, about, named, arguments=arguments or {}))
    work.expect(event, FUNCTION)
    return msgspec.structs.replace(event, id=request_id(event.id))


def size(count: float) -> str:
    """Bytes for people: ``1.5 MB`` (of a million bytes)."""
    for name in _UNITS:
        if count < 1000 or name == _UNITS[-1]:
            break
        count /= 1000
    return f"{count:.0f} {name}" if name == "B" or count >= 100 else f"{count:.1f} {name}"


def sizes(backup: Backup, terminal: Terminal) -> str:
    """Return how large a backup is, in every way that it is counted."""
    return terminal.say(
        # PostgreSQL and Redis are read as a stream whose items nobody counts.
        "backups.show.size.value" if backup.items else "backups.show.size.stream",
        stored=size(backup.bytes),
        plain=size(backup.plain_bytes),
        parts=backup.parts,
        items=f"{backup.items:,}",
    )


def length(language: Language, seconds: float) -> str:
    """Return a length of time; below a minute with a tenth of a second: ``0.4 s``."""
    if seconds >= 60:
        return duration(language, seconds)
    return unit(language, "unit.seconds", n=f"{max(0.0, seconds):.1f}")


def point_of(backup: Backup) -> datetime:
    """Return its restore point: what was committed before this is contained."""
    return backup.snapshot_at or backup.started_at


def chosen(reader: StoreReader, word: str, terminal: Terminal) -> Backup:
    """Return the backup with that id, or the only one whose id begins so."""

    def known() -> list[str]:
        found = newest_first(reader.find(Backup))
        return [backup.id for backup in found if backup.status != "deleted"][:50]

    return one_chosen(reader, Backup, word, terminal, "what.backup", known)


def as_seen(backup: Backup, documents: Documents) -> Backup:
    """Return a backup as people are shown it: no better than what it builds on."""
    return as_found(backup, bases_of(backup, documents))


def newest_first(backups: Iterable[Backup]) -> list[Backup]:
    """By their start, the newest first."""
    return sorted(backups, key=lambda b: (b.started_at, b.id), reverse=True)


def profiles_of(reader: StoreReader, service: str | None, terminal: Terminal) -> list[Profile]:
    """Return the profiles with backups: of one service or of all, by id."""
    with_backups = {
        name: profile for name, profile in reader.profiles().items() if profile[BACKUP] is not None
    }
    if service is None:
        return [with_backups[name] for name in sorted(with_backups)]
    return [profile_of(reader, service, terminal)]


def profile_of(reader: StoreReader, service: str, terminal: Terminal) -> Profile:
    """Return the applied profile of a service that has backups."""
    profiles = reader.profiles()
    with_backups = sorted(name for name, p in profiles.items() if p[BACKUP] is not None)
    if service not in profiles:
        if reader.find(Backup, ("service", "==", service), limit=1):
            raise Problem(terminal.say("backups.retired", service=service))
        raise no_such(terminal, service, "what.service", with_backups)
    if profiles[service][BACKUP] is None:
        words = ", ".join(with_backups) or "-"
        raise Problem(terminal.say("backups.inactive", service=service, words=words))
    return profiles[service]


def known_source(profile: Profile, source: str, terminal: Terminal) -> str:
    """`source`, if the profile has it."""
    sources = (profile[BACKUP] or NOTHING).sources
    if source not in sources:
        raise no_such(terminal, source, "what.source", sources)
    return source


def plan_named(profile: Profile, source: str, class_: str | None, terminal: Terminal) -> BackupPlan:
    """Return the plan of a series; without a class that of the source's only plan."""
    known_source(profile, source, terminal)
    plans = [p for p in (profile[BACKUP] or NOTHING).plans if p.source == source]
    if not plans:
        raise Problem(terminal.say("backups.unplanned", source=source))
    if class_ is None and len(plans) > 1:
        words = ", ".join(plan.class_ for plan in plans)
        raise Problem(terminal.say("backups.which-class", source=source, words=words), 2)
    for plan in plans:
        if class_ in (None, plan.class_):
            return plan
    raise no_such(terminal, str(class_), "what.class", [p.class_ for p in plans])
