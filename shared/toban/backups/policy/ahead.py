"""Backups that a clock ahead has dated: reported until removed, or until their time has come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from toban.backups.documents import Backup
from toban.backups.policy.alerts import Trouble, moment_in, say_in
from toban.kernel.clock.skew import TOLERANCE
from toban.kernel.documents import Documents
from toban.profile.profile import Profile

AHEAD: Final = "backup-ahead"
"""Rule, and how the fingerprints of its alerts begin."""
_DATES: Final = ("slot", "started_at", "snapshot_at")


def dated_ahead(documents: Documents) -> list[Backup]:
    """Return every backup of any service that is dated ahead of now and not removed, by id."""
    found = {
        backup.id: backup
        for name in _DATES
        for backup in documents.find(Backup, (name, ">", documents.now + TOLERANCE))
        if backup.status != "deleted"
    }
    return [found[id] for id in sorted(found)]


def troubles_ahead(profile: Profile, ahead: Sequence[Backup]) -> Iterator[Trouble]:
    """Return one trouble for each series of a service that has backups dated ahead."""
    say = say_in(profile)
    for source, class_ in sorted({(backup.source, backup.class_) for backup in ahead}):
        own = [b for b in ahead if (b.source, b.class_) == (source, class_)]
        named = {"source": source, "class": class_}
        yield Trouble(
            fingerprint=f"{AHEAD}/{source}/{class_}",
            rule=AHEAD,
            title=say("backup.ahead.title", **named),
            summary=say(
                "backup.ahead.summary",
                n=len(own),
                backup=own[-1].id,
                at=moment_in(profile, own[-1].started_at),
            ),
            level=3,
            labels=named,
        )
