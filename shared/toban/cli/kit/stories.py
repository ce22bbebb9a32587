"""What a story is told of: incidents, backups and restores, by their ids."""

from __future__ import annotations

from typing import Final, TypeAlias

from toban.backups.documents import Backup
from toban.backups.policy.restores import Restore
from toban.cli.kit.places.base import Traces
from toban.cli.kit.reader import StoreReader
from toban.incidents.documents import Incident
from toban.ports import Trace

Told: TypeAlias = Incident | Backup | Restore
TOLD: Final[tuple[type[Told], ...]] = (Incident, Backup, Restore)
"""Documents whose story is told by their id."""


def told_by(reader: StoreReader, word: str) -> Told | None:
    """Return the only document whose id is, or begins with, `word`."""
    for cls in TOLD:
        found = reader.by_prefix(cls, word.removeprefix(f"{cls.COLLECTION}/"))
        if len(found) == 1:
            return found[0]
    return None


def handlings(traces: Traces, reader: StoreReader, word: str) -> list[Trace]:
    """Return the handlings of all stories that an id belongs to: an incident has several."""
    found = traces.of(word)
    if found:
        return found
    told = told_by(reader, word)
    return [] if told is None else traces.touching(told.COLLECTION, told.id)
