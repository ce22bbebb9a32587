"""
Alerts about copies: damaged, gone, or unreadable. One for each series and bucket; one for each key
that is gone, whatever copies need it.

Such an alert stays open until every copy that it is about is proven again or its backup is removed;
later successful backups do not close it. It is computed from the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from toban.backups.documents import JUDGED, Backup, Copy, settle, standing
from toban.backups.found import as_found
from toban.backups.policy.alerts import (
    BackupWatch,
    Trouble,
    copy_fingerprint,
    say_in,
)
from toban.backups.watching.settling import settle_alerts
from toban.kernel.documents import Documents
from toban.kernel.work import Work
from toban.profile.profile import Profile
from toban.profile.section import SERVICE

RULE = "backup-copy"
KEY_RULE = "backup-key"
NAMED = 5
"""Backups that an alert about a key names."""


def look_at_copies(profile: Profile, watch: BackupWatch, work: Work) -> None:
    """Open and close the alerts about a service's copies; the caller puts `watch`."""
    settle_alerts(_troubles(profile, work), {RULE}, profile, watch, work)


def look_at_keys(profile: Profile, watch: BackupWatch, work: Work, *, opens: bool = True) -> None:
    """
    Open and close the alerts about keys of a service; the caller puts `watch`.

    `opens`: what was tried to be unwrapped is new; otherwise alerts only end.
    """
    settle_alerts(_keys_gone(profile, work), {KEY_RULE}, profile, watch, work, opens=opens)


def _troubles(profile: Profile, documents: Documents) -> Iterator[Trouble]:
    bad: dict[str, list[tuple[Backup, Copy]]] = {}
    for backup in sorted(_hurt(profile[SERVICE].id, documents), key=_by_slot):
        for copy in backup.copies:
            if copy.damage or (copy.unreadable and not copy.locked):
                fingerprint = copy_fingerprint(backup.source, backup.class_, copy.bucket)
                bad.setdefault(fingerprint, []).append((backup, copy))
    say = say_in(profile)
    for fingerprint, affected in bad.items():
        backup, copy = affected[-1]
        series = {"source": backup.source, "class": backup.class_}
        where = {"bucket": copy.bucket, "region": copy.region}
        yield Trouble(
            fingerprint=fingerprint,
            rule=RULE,
            title=say("backup.copy.title", **series, region=copy.region or copy.bucket),
            summary=say(
                "backup.copy.summary",
                n=len(affected),
                bucket=copy.bucket,
                backup=backup.id,
                reason=copy.damage or copy.unreadable,
            ),
            level=2,
            labels={**series, **where, "backup": backup.id},
            backup=backup.id,
        )


def _hurt(service: str, documents: Documents) -> Iterator[Backup]:
    """Backups of which a copy is in trouble, or what it builds on there, as a restore finds them."""
    for source in sorted({backup.source for backup in _degraded(service, documents)}):
        own = documents.find(Backup, ("service", "==", service), ("source", "==", source))
        known = {backup.id: backup for backup in own}
        seen = (as_found(backup, known) for backup in own if backup.status in JUDGED)
        yield from (backup for backup in seen if backup.degraded)


def _degraded(service: str, documents: Documents) -> list[Backup]:
    """Backups of which a copy is in trouble itself."""
    return documents.find(Backup, ("service", "==", service), ("degraded", "==", True))


def _by_slot(backup: Backup) -> tuple[datetime, str]:
    return backup.slot, backup.id


def _keys_gone(profile: Profile, documents: Documents) -> Iterator[Trouble]:
    """Keys that data keys cannot be unwrapped with, and the backups (the newest last) that need them."""
    needing: dict[str, dict[str, Copy]] = {}
    for backup in sorted(_degraded(profile[SERVICE].id, documents), key=_by_slot):
        for copy in backup.copies:
            if copy.locked:
                needing.setdefault(copy.locked, {})[backup.id] = copy
    say = say_in(profile)
    for key, copies in needing.items():
        newest = list(copies)[::-1]
        more = ["…"] if len(newest) > NAMED else []
        yield Trouble(
            fingerprint=f"{KEY_RULE}/{key}",
            rule=KEY_RULE,
            title=say("backup.key.title", key=key),
            summary=say(
                "backup.key.summary",
                n=len(newest),
                backups=", ".join(newest[:NAMED] + more),
                key=key,
                reason=copies[newest[0]].unreadable,
            ),
            level=2,
            labels={"key": key, "backup": newest[0]},
            backup=newest[0],
        )


def settle_failed(service: str, work: Work) -> None:
    """
    Set the status of failed backups from their copies.

    Earlier versions ended the whole backup because of one damaged copy.
    """
    for found in work.find(Backup, ("service", "==", service), ("status", "==", "failed")):
        hurt = any(copy.damage for copy in found.copies)
        if standing(found) == found.status and hurt == found.degraded:
            continue
        backup = work.get(Backup, found.id)
        if backup is not None and backup.status == "failed":
            settle(backup)
            work.put(backup)
