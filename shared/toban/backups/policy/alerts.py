"""Alerts about a service's backups: opened once, closed once, in the service's own words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import ClassVar

import msgspec

from toban.backups.catalogue.plans import slot_of
from toban.backups.policy.texts import text
from toban.backups.section import BACKUP, NOTHING, environment_of_source
from toban.events import AlertFired, AlertResolved
from toban.kernel import i18n, log
from toban.kernel.clock.skew import is_future
from toban.kernel.document import Document, Keep
from toban.kernel.environment import LABEL, PRODUCTION
from toban.kernel.work import Work
from toban.profile.environments import foremost
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.severities.section import severity_at

SOURCE = "backups"
"""Of these alerts. (``toban`` is the platform's own, whose alerts happen once and never resolve.)"""


class OpenAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert about backups that was fired and not resolved."""

    rule: str
    title: str
    severity: str
    starts_at: datetime
    labels: dict[str, str] = {}
    backup: str = ""
    """The newest backup it is about, where it is about backups."""


class RereadLook(msgspec.Struct, frozen=True, kw_only=True):
    """The last look at which old backups are to be read again."""

    within_s: int
    """What the profile said then."""
    since: datetime
    """Since when that is watched."""
    next_at: datetime
    """When it is looked at again."""


class BackupWatch(Document, kw_only=True):
    """The alerts about a service's backups that are open now (id: the service)."""

    COLLECTION: ClassVar[str] = "backup_watches"
    KEEP = Keep.always("one for each service, of open alerts only")

    open: dict[str, OpenAlert] = {}
    """By fingerprint."""
    rereads: RereadLook | None = None
    """None: nobody has looked yet."""


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """A problem with backups, as the alert that should be open for it."""

    fingerprint: str
    rule: str
    title: str
    summary: str
    level: int
    """Internal severity."""
    labels: dict[str, str]
    at: datetime | None = None
    """When it happened; None: now."""
    backup: str = ""
    """The backup it is about."""


def watch_of(service: str, work: Work) -> BackupWatch:
    """Return the open alerts of a service; a new document when there never were any."""
    return work.get(BackupWatch, service) or BackupWatch(id=service)


def fire(trouble: Trouble, profile: Profile, watch: BackupWatch, work: Work) -> None:
    """
    Open an alert, unless it is open; the caller puts `watch`.

    One that is open for another environment (its source has changed hands) ends there and is
    fired anew.
    """
    environment = _environment(trouble, profile)
    known = watch.open.get(trouble.fingerprint)
    if known is not None and known.labels.get(LABEL, PRODUCTION) != environment:
        resolve(trouble.fingerprint, watch, work)
        known = None
    if known is not None:
        # The newest, by the time of their slots; one that a clock ahead has named is newer than none.
        if trouble.backup > known.backup or is_future(slot_of(known.backup), work.now):
            newer = msgspec.structs.replace(known, backup=trouble.backup)
            watch.open[trouble.fingerprint] = newer
        return
    service = profile[SERVICE].id
    alert = OpenAlert(
        rule=trouble.rule,
        title=trouble.title,
        severity=severity_at(profile, trouble.level).label,
        starts_at=trouble.at or work.now,
        backup=trouble.backup,
        labels={"service": service, **_said(environment, profile), **trouble.labels},
    )
    watch.open[trouble.fingerprint] = alert
    _tell(f"{service}/{trouble.fingerprint}", alert, work, trouble.summary)


def _environment(trouble: Trouble, profile: Profile) -> str:
    """Of the source, or of the foremost of the sources, that something is about."""
    section = profile[BACKUP] or NOTHING
    if "source" in trouble.labels:
        return environment_of_source(profile, trouble.labels["source"])
    objective = trouble.labels.get("objective")
    about = next((o.sources for o in section.objectives if o.name == objective), section.sources)
    return foremost(profile[SERVICE], (environment_of_source(profile, s) for s in about))


def _said(environment: str, profile: Profile) -> dict[str, str]:
    """The label that says the environment, where the profile knows more than production."""
    return {LABEL: environment} if profile[SERVICE].environments else {}


def _tell(fingerprint: str, alert: OpenAlert, work: Work, summary: str = "") -> None:
    work.emit(
        AlertFired(
            source=SOURCE,
            fingerprint=fingerprint,
            rule=alert.rule,
            title=alert.title,
            summary=summary,
            severity=alert.severity,
            labels=alert.labels,
            starts_at=alert.starts_at,
        )
    )


def resolve(fingerprint: str, watch: BackupWatch, work: Work) -> None:
    """Close an alert, if it is open; the caller puts `watch`."""
    alert = watch.open.pop(fingerprint, None)
    if alert is None:
        return
    alert = _begun(fingerprint, alert, watch, work)
    work.emit(
        AlertResolved(
            source=SOURCE,
            fingerprint=f"{watch.id}/{fingerprint}",
            rule=alert.rule,
            title=alert.title,
            severity=alert.severity,
            labels=alert.labels,
            starts_at=alert.starts_at,
            ends_at=work.now,
        )
    )


def put_right(watch: BackupWatch, work: Work) -> None:
    """Set the start of alerts that a clock ahead has dated to now; the caller puts `watch`."""
    for fingerprint, alert in list(watch.open.items()):
        watch.open[fingerprint] = _begun(fingerprint, alert, watch, work)


def _begun(fingerprint: str, alert: OpenAlert, watch: BackupWatch, work: Work) -> OpenAlert:
    """
    The alert with a beginning that is not ahead of now; a new one is told.

    Otherwise nothing that happens before that time could end it.
    """
    if not is_future(alert.starts_at, work.now):
        return alert
    log.warning("alert start ahead of now: now taken instead", fingerprint=fingerprint)
    alert = msgspec.structs.replace(alert, starts_at=work.now)
    _tell(f"{watch.id}/{fingerprint}", alert, work)
    return alert


def failure_fingerprint(source: str, class_: str) -> str:
    """Return the fingerprint: a series whose newest backup cannot be counted on."""
    return f"backup-failed/{source}/{class_}"


def copy_fingerprint(source: str, class_: str, bucket: str) -> str:
    """Return the fingerprint: copies of a series in one bucket."""
    return f"backup-copy/{source}/{class_}/{bucket}"


def restore_fingerprint(source: str, purpose: str) -> str:
    """Return the fingerprint: restores of a source."""
    return f"restore-failed/{source}/{purpose}"


def say_in(profile: Profile) -> Callable[..., str]:
    """Return the texts in a service's language."""
    return partial(text, profile[SERVICE].language)


def moment_in(profile: Profile, at: datetime | None) -> str:
    """Return a time as the service's people write it; None: never."""
    language = profile[SERVICE].language
    if at is None:
        return text(language, "backup.never")
    return i18n.moment(language, at, profile[SERVICE].timezone)


def duration_in(profile: Profile, seconds: int) -> str:
    """Return a length of time as the service's people write it."""
    return i18n.duration(profile[SERVICE].language, seconds)
