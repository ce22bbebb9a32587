"""Ids that may stand on a command line: of what is open, in force or kept in a data directory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from toban.backups.documents import Backup
from toban.backups.section import BACKUP, NOTHING
from toban.cli.completion.candidates import Candidate, WantedIds
from toban.cli.kit.places.local import exists, opened
from toban.cli.kit.reader import StoreReader
from toban.cli.kit.terminal import Problem, Terminal
from toban.incidents.documents import Incident
from toban.people.section import PEOPLE
from toban.profile.profile import Profile
from toban.profile.section import SERVICE

_OF_INCIDENTS: Final = ("incidents", "trace", "logs")
_MOST: Final = 50


def known(wanted: WantedIds, data: Path, terminal: Terminal) -> list[Candidate]:
    """Return the ids that begin so; none where the documents cannot be read now."""
    data = wanted.data or data
    if not exists(data):
        return []
    try:
        with opened(data, terminal, quiet=True) as work:
            found = list(_of(wanted, work.reader, terminal))
    except Problem:  # they are in an emulator, or the file is locked: TAB is no place for errors
        return []
    return [each for each in found if each.word.startswith(wanted.beginning)][:_MOST]


def _of(wanted: WantedIds, reader: StoreReader, terminal: Terminal) -> Iterator[Candidate]:
    kind = wanted.kind
    if kind in ("person", "source", "class_"):
        profiles = reader.profiles()
        named = [wanted.service] if wanted.service else sorted(profiles)
        found = [c for id in named if id in profiles for c in _in(profiles[id], wanted)]
        yield from {each.word: each for each in found}.values()
    elif kind in ("service", "services"):
        for id, profile in sorted(reader.profiles().items()):
            yield Candidate(id, profile[SERVICE].named(terminal.language))
    elif kind == "backups":
        newest = reader.find(Backup, order_by="-started_at", limit=_MOST)
        yield from (Candidate(backup.id, backup.status) for backup in newest)
    elif kind in _OF_INCIDENTS:
        for status in ("open", "acknowledged"):
            for incident in reader.find(Incident, ("status", "==", status)):
                yield Candidate(incident.id, f"{incident.severity_label} {incident.title}")


def _in(profile: Profile, wanted: WantedIds) -> Iterator[Candidate]:
    """What a profile names: its people, or the sources of its backups and their classes."""
    backup = profile[BACKUP] or NOTHING
    if wanted.kind == "person":
        yield from (Candidate(id, person.name) for id, person in profile[PEOPLE].items())
    elif wanted.kind == "source":
        yield from (Candidate(name) for name in backup.sources)
    else:
        plans = (plan for plan in backup.plans if wanted.source in ("", plan.source))
        yield from (Candidate(plan.class_, plan.schedule) for plan in plans)
