"""
Alerts about backups: what failed, what is late, what nobody works on any more.

"No success for too long" is computed from the catalogue, whether or not anything runs. Alerts open
and close when the state changes, so that a tick that finds nothing new costs a few reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from toban.backups.catalogue.plans import bases_of, slot_of
from toban.backups.documents import Backup, SeriesState, series_id
from toban.backups.policy.ahead import AHEAD, dated_ahead, troubles_ahead
from toban.backups.policy.alerts import (
    BackupWatch,
    Trouble,
    duration_in,
    failure_fingerprint,
    fire,
    moment_in,
    put_right,
    resolve,
    restore_fingerprint,
    say_in,
    watch_of,
)
from toban.backups.policy.copies import restorable
from toban.backups.policy.objectives import (
    NewestBackup,
    ObjectiveState,
    SeriesKey,
    assess,
    overdue,
    untested,
)
from toban.backups.policy.restores import Restore, RestoreRecord
from toban.backups.section import BACKUP, NOTHING, BackupPlan
from toban.backups.watching.abandoned import end_abandoned
from toban.backups.watching.copies import look_at_copies, look_at_keys, settle_failed
from toban.backups.watching.rereading import look_at_turns
from toban.backups.watching.settling import settle_alerts
from toban.events.backups import (
    BackupFailed,
    BackupKeysChecked,
    BackupVerified,
    BackupWatchDue,
    RestoreFailed,
    RestoreFinished,
    Series,
)
from toban.kernel import log
from toban.kernel.clock.skew import not_ahead
from toban.kernel.documents import Documents
from toban.kernel.handling.decision import Decision
from toban.kernel.handling.handle import Handlers
from toban.kernel.work import Work
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.profile.store import CurrentProfile, current

MILDEST = 4
"""The level of the mildest severity that a profile can have."""

# --- what happened -----------------------------------------------------------------------------


def on_failed(failed: BackupFailed, work: Work) -> None:
    """
    Open an alert about a backup that cannot be counted on, until the next one counts.

    Where other copies of it are whole, only the copies that are not are reported.
    """
    document = current(work).get(failed.service)
    if document is None:
        log.warning("backup failure ignored: service has no profile", service=failed.service)
        return
    watch = watch_of(failed.service, work)
    look_at_copies(document.profile, watch, work)
    look_at_keys(document.profile, watch, work)
    work.put(watch)
    if _is_mended(failed, failed.backup_id, failed.at, work) or _is_partly_whole(failed, work):
        return  # old news (events may overtake each other), or told by now
    say = say_in(document.profile)
    series = {"source": failed.source, "class": failed.class_}
    trouble = Trouble(
        fingerprint=failure_fingerprint(failed.source, failed.class_),
        rule="backup-failed",
        title=say("backup.failed.title", **series),
        summary=say(f"backup.failed.{failed.stage}", backup=failed.backup_id, reason=failed.reason),
        level=2,
        labels={**series, "backup": failed.backup_id},
        at=failed.at,
        backup=failed.backup_id,
    )
    fire(trouble, document.profile, watch, work)
    work.put(watch)


def _is_mended(of: Series, backup_id: str, since: datetime, documents: Documents) -> bool:
    """
    Whether a series counts again after the failure of one of its backups.

    The ids of a series sort by the time of their slots. One that lies ahead of now is newer than
    nothing.
    """
    series = documents.get(SeriesState, series_id(of.service, of.source, of.class_))
    if series is not None and series.verified:
        verified = not_ahead(slot_of(series.verified), documents.now)
        failed = not_ahead(slot_of(backup_id), documents.now)
        if verified is not None and (failed is None or verified > failed):
            return True
        # With `on_change` a later look that found nothing new is as good as a later backup.
        same = not_ahead(series.unchanged_at, documents.now)
        if same is not None and same > since and series.verified == series.finished:
            return True
    backup = documents.get(Backup, backup_id)
    if backup is None or backup.status != "verified":
        return False
    again = not_ahead(backup.verified_at, documents.now)
    return again is not None and again > since


def _is_partly_whole(failed: BackupFailed, documents: Documents) -> bool:
    """Whether only some of its copies are in trouble, and others are whole or still to be read."""
    if failed.stage not in ("replicate", "verify"):
        return False
    backup = documents.get(Backup, failed.backup_id)
    if backup is None or not backup.degraded:
        return False
    return backup.status == "verified" or (
        failed.stage == "replicate" and any(copy.state == "unread" for copy in backup.copies)
    )


def on_verified(verified: BackupVerified, work: Work) -> None:
    """Close the alert of the series, unless a newer backup has failed since."""
    watch = watch_of(verified.service, work)
    _resolve_failed(verified, watch, work)
    document = current(work).get(verified.service)
    if document is not None:
        look_at_copies(document.profile, watch, work)
        look_at_keys(document.profile, watch, work)
    work.put(watch)


def on_keys_checked(checked: BackupKeysChecked, work: Work) -> None:
    """Open an alert for each key that is gone, and close those of keys that are back."""
    document = current(work).get(checked.service)
    if document is None:
        return
    watch = watch_of(checked.service, work)
    look_at_keys(document.profile, watch, work)
    work.put(watch)


def _resolve_failed(of: Series, watch: BackupWatch, work: Work) -> None:
    fingerprint = failure_fingerprint(of.source, of.class_)
    alert = watch.open.get(fingerprint)
    if alert is not None and _is_mended(of, alert.backup, alert.starts_at, work):
        resolve(fingerprint, watch, work)


def on_restore_failed(failed: RestoreFailed, work: Work) -> None:
    """
    Open an alert about a failed restore.

    Of one by hand it is of the mildest severity: whoever asked for it waits for it, and knows how
    urgent it is. Nobody else is to be woken for that.
    """
    document = current(work).get(failed.service)
    if document is None:
        return
    watch = watch_of(failed.service, work)
    say = say_in(document.profile)
    restore = work.get(Restore, failed.restore_id)
    who = restore.requested_by if restore is not None else ""
    trouble = Trouble(
        fingerprint=restore_fingerprint(failed.source, failed.purpose),
        rule=f"restore-{failed.purpose}-failed",
        title=say(f"backup.restore.{failed.purpose}.title", source=failed.source),
        summary=say(
            "backup.restore.failed.asked" if who else "backup.restore.failed",
            backup=failed.backup_id,
            region=failed.region,
            reason=failed.reason,
            who=who,
        ),
        level=2 if failed.purpose == "test" else MILDEST,
        labels={"source": failed.source, "restore": failed.restore_id},
    )
    fire(trouble, document.profile, watch, work)
    look_at_copies(document.profile, watch, work)
    work.put(watch)


def on_restore_finished(finished: RestoreFinished, work: Work) -> None:
    """Close the alert about failed restores of the source; tell of copies that were given up."""
    watch = watch_of(finished.service, work)
    resolve(restore_fingerprint(finished.source, finished.purpose), watch, work)
    document = current(work).get(finished.service)
    if document is not None:
        look_at_copies(document.profile, watch, work)
    work.put(watch)


# --- what should have happened -----------------------------------------------------------------


def on_due(_due: BackupWatchDue, work: Work) -> None:
    """Check every service for late and abandoned backups."""
    ahead = dated_ahead(work)
    for service, document in sorted(current(work).items()):
        section = document.profile[BACKUP]
        if section is None:
            continue
        end_abandoned(service, work)
        settle_failed(service, work)
        watch = watch_of(service, work)
        put_right(watch, work)
        own = [backup for backup in ahead if backup.service == service]
        found = (*_troubles(document, work), *troubles_ahead(document.profile, own))
        settle_alerts(found, _LOOKED_AT, document.profile, watch, work)
        look_at_copies(document.profile, watch, work)
        look_at_turns(document.profile, watch, work)
        look_at_keys(document.profile, watch, work, opens=False)  # a backup may have been removed
        # A failure and the success after it may have been told at the same moment, and each have
        # seen only itself: this is the second look.
        for plan in section.plans:
            of = Series(service=service, source=plan.source, class_=plan.class_)
            _resolve_failed(of, watch, work)
        work.put(watch)


_LOOKED_AT = {"backup-overdue", "rpo", "rto", "restore-test-overdue", AHEAD}
"""Rules whose alerts come and go with what a look finds; the others do with events."""


def newest_points(profile: Profile, documents: Documents) -> dict[SeriesKey, NewestBackup]:
    """
    Return the newest verified restore point of every plan, from the catalogue.

    What is dated ahead of now does not count, nor what builds on something that is not whole.
    """
    found: dict[SeriesKey, NewestBackup] = {}
    for plan in (profile[BACKUP] or NOTHING).plans:
        backup = _newest(profile[SERVICE].id, plan, documents)
        if backup is None:
            continue
        point = backup.snapshot_at
        if plan.on_change:
            key = series_id(profile[SERVICE].id, plan.source, plan.class_)
            series = documents.get(SeriesState, key)
            same = series.unchanged_at if series and series.verified == backup.id else None
            same = not_ahead(same, documents.now)
            point = max(same, point or same) if same else point
        found[plan.source, plan.class_] = NewestBackup(backup_id=backup.id, point=point)
    return found


def _newest(service: str, plan: BackupPlan, documents: Documents) -> Backup | None:
    for limit in (1, None):  # one that does not count is rare: then all are looked at
        found = documents.find(
            Backup,
            ("service", "==", service),
            ("source", "==", plan.source),
            ("class", "==", plan.class_),
            ("status", "==", "verified"),
            order_by="-snapshot_at",
            limit=limit,
        )
        fit = next((backup for backup in found if _counts(backup, documents)), None)
        if fit is not None or not found:
            return fit
    return None


def _counts(backup: Backup, documents: Documents) -> bool:
    if backup.is_ahead(documents.now):
        return False
    return not backup.needs or bool(restorable(backup, bases_of(backup, documents)))


def _troubles(document: CurrentProfile, documents: Documents) -> Iterator[Trouble]:
    profile = document.profile
    service = profile[SERVICE].id
    newest = newest_points(profile, documents)
    record = documents.get(RestoreRecord, service)
    tested = record.tested if record else {}
    say = say_in(profile)
    for late in overdue(profile, newest, document.applied_at, documents.now):
        series = {"source": late.source, "class": late.class_}
        yield Trouble(
            fingerprint=f"backup-overdue/{late.source}/{late.class_}",
            rule="backup-overdue",
            title=say("backup.overdue.title", **series),
            summary=say(
                "backup.overdue.summary",
                last=moment_in(profile, late.last),
                allowed=duration_in(profile, late.allowed_s),
            ),
            level=2,
            labels=series,
        )
    for state in assess(profile, newest, tested, documents.now):
        yield from _missed(state, profile, document.applied_at, documents.now)
    for waiting in untested(profile, tested, document.applied_at, documents.now):
        yield Trouble(
            fingerprint=f"restore-test-overdue/{waiting.source}",
            rule="restore-test-overdue",
            title=say("backup.untested.title", source=waiting.source),
            summary=say("backup.untested.summary", last=moment_in(profile, waiting.last)),
            level=3,
            labels={"source": waiting.source},
        )


def _missed(
    state: ObjectiveState, profile: Profile, since: datetime, now: datetime
) -> Iterator[Trouble]:
    say = say_in(profile)
    labels = {"objective": state.objective}
    applied = not_ahead(since, now)
    fresh = applied is not None and (now - applied).total_seconds() <= (state.rpo_s or 0)
    new = state.restore_point is None and fresh
    if state.rpo_status == "missed" and not new:
        yield Trouble(
            fingerprint=f"rpo/{state.objective}",
            rule="rpo-missed",
            title=say("backup.rpo.title", objective=state.objective),
            summary=say(
                "backup.rpo.none" if state.restore_point is None else "backup.rpo.summary",
                point=moment_in(profile, state.restore_point),
                rpo=duration_in(profile, state.rpo_s or 0),
            ),
            level=state.severity,
            labels=labels,
        )
    if state.rto_status == "missed":
        yield Trouble(
            fingerprint=f"rto/{state.objective}",
            rule="rto-missed",
            title=say("backup.rto.title", objective=state.objective),
            summary=say(
                "backup.rto.summary",
                measured=duration_in(profile, int(state.measured_s or 0)),
                rto=duration_in(profile, state.rto_s or 0),
            ),
            level=state.severity,
            labels=labels,
        )


HANDLERS = (
    Handlers()
    .on(BackupWatchDue, Decision(on_due))
    .on(BackupFailed, Decision(on_failed))
    .on(BackupKeysChecked, Decision(on_keys_checked))
    .on(BackupVerified, Decision(on_verified))
    .on(RestoreFailed, Decision(on_restore_failed))
    .on(RestoreFinished, Decision(on_restore_finished))
)
