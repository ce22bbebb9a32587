"""What was lost of damage that somebody had found, or that nobody had looked for."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

import msgspec

from tests.simulation.mutants import Mutant
from toban.backups import found
from toban.backups.documents import Backup, SeriesState, settle, unmark
from toban.backups.watching import watch
from toban.backups.work import prune, take, verify
from toban.ports.backup import DeleteBlocked


def base_shows_nothing() -> AbstractContextManager[Any]:
    """An increment is shown as what its own copies are, whatever became of its base."""
    return mock.patch.object(found, "_as_found", lambda copy, *_: copy)


def format_is_trusted() -> AbstractContextManager[Any]:
    """What a format has left unread is verified with the rest."""
    return mock.patch.object(verify, "read_rest", return_value=None)


def nobody_reads_again() -> AbstractContextManager[Any]:
    """A backup is read when it is taken, and never again."""
    return mock.patch.object(watch, "look_at_turns", return_value=None)


def unmarked_as_verified() -> AbstractContextManager[Any]:
    """A backup that retention keeps after all is as good as new."""

    def unmarked(backup: Backup) -> None:
        unmark(backup)
        backup.copies = [
            msgspec.structs.replace(copy, damage="", level=copy.level or "content", manifest=True)
            for copy in backup.copies
        ]
        settle(backup)

    return mock.patch.object(prune, "unmark", unmarked)


def damaged_stands_for_unchanged() -> AbstractContextManager[Any]:
    """A source that is as it was at the newest backup is not taken again, whatever that one is."""

    def is_unchanged(backup: Backup, planned: Any, snapshot: Any, documents: Any) -> bool:
        series = documents.get(SeriesState, backup.series)
        return bool(
            planned.plan.on_change and series and series.fingerprint == snapshot.fingerprint
        )

    return mock.patch.object(take, "is_unchanged", is_unchanged)


def locked_is_removed() -> AbstractContextManager[Any]:
    """A bucket that refuses to remove something is taken at its word that it was asked."""

    def removes(bucket: Any, name: str, _: Any) -> bool:
        try:
            bucket.delete(name)
        except DeleteBlocked:
            pass
        return True

    return mock.patch.object(prune, "_removes", removes)


def locked_in_silence() -> AbstractContextManager[Any]:
    """That a copy could not be removed stands on the log alone."""
    sound = prune._after
    return mock.patch.object(
        prune, "_after", lambda copy, locked: copy if locked else sound(copy, locked)
    )


MUTANTS = (
    Mutant("a base shows nothing", "an increment looks whole, and is not", base_shows_nothing, seed=2),
    Mutant("a format is trusted", "a rotten tail is called verified", format_is_trusted, seed=1),
    Mutant("nobody reads again", "rot stays unnoticed in every copy", nobody_reads_again, seed=28),
    Mutant("unmarked as verified", "damage that was found is forgotten", unmarked_as_verified, seed=5),
    Mutant("damaged stands for unchanged", "none is ever taken again", damaged_stands_for_unchanged, seed=5),
    Mutant("locked is removed", "what lies there is called deleted", locked_is_removed, seed=4),
    Mutant("locked in silence", "nobody knows why it is still there", locked_in_silence, seed=4),
)  # fmt: skip
