"""
What events lead to, said once for all runs that came to rest: every X has been followed by its Y.

Held against the stories, where nothing goes wrong; so a handler that does nothing is noticed by
what is missing, not by a comparison with another run of the same code.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, TypeVar

from tests.simulation.invariants import everything
from toban.backups.documents import Backup, SeriesState
from toban.backups.keys.look import KeyLook
from toban.backups.keys.rewrap import RewrapJob
from toban.backups.policy.alerts import BackupWatch, failure_fingerprint, restore_fingerprint
from toban.backups.policy.restores import Restore
from toban.backups.section import BACKUP
from toban.backups.watching.copies import KEY_RULE
from toban.backups.work.prune import weigh
from toban.events import (
    AlertFired,
    AlertResolved,
    CommandIssued,
    IncidentAcknowledged,
    IncidentReopened,
    IncidentResolved,
    MinutePassed,
    NotificationFailed,
    NotificationRequested,
    PageFailed,
    PostmortemDrafted,
    ResponseDue,
    ShiftWatchDue,
    SweepDue,
)
from toban.events.backups import (
    BackupFailed,
    BackupKeysChecked,
    BackupRewrapDue,
    BackupVerified,
    BackupWatchDue,
    PruneDue,
    PruneStepDue,
    RestoreFailed,
    RestoreFinished,
    RestoreRequested,
    RestoreTestDue,
)
from toban.incidents.documents import Alert, Incident
from toban.incidents.reminders import SAME_BREATH
from toban.kernel.command import Audit
from toban.kernel.document import Document
from toban.kernel.documents import Documents
from toban.kernel.event import Body, Event, from_message
from toban.kernel.handling.parking import MessageParked
from toban.notify.documents import Notification
from toban.ports import Query
from toban.profile.store import CurrentProfile
from toban.testpages.documents import PageTest

B = TypeVar("B", bound=Body)
D = TypeVar("D", bound=Document)


class Told:
    """Everything that was published in a world, once, in order, and what each event led to."""

    def __init__(self, world: Any) -> None:
        self.world = world

    @cached_property
    def events(self) -> list[Event]:
        found: dict[str, Event] = {}
        for message in self.world.out.published:
            try:
                event = from_message(message)
            except Exception:  # noqa: BLE001 what cannot be read is parked
                continue
            found.setdefault(event.id, event)
        return list(found.values())

    @cached_property
    def _caused(self) -> dict[str, list[Event]]:
        by_cause: dict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            by_cause[event.causation_id].append(event)
        return by_cause

    def of(self, cls: type[B]) -> Iterator[tuple[Event, B]]:
        """The events with that body."""
        for event in self.events:
            if isinstance(event.body, cls):
                yield event, event.body

    def caused(self, event: Event, cls: type[B]) -> list[B]:
        """What the handlers of an event emitted, of one kind."""
        return [e.body for e in self._caused[event.id] if isinstance(e.body, cls)]

    def documents(self, cls: type[D]) -> list[D]:
        """All of a kind as they are now."""
        return everything(self.world, cls)


Rule = Callable[[Told], Iterator[str]]


def missing(world: Any, rules: Sequence[Rule]) -> list[str]:
    """Every consequence that is missing in a world at rest; empty when all is well."""
    told = Told(world)
    return [said for rule in rules for said in rule(told)]


def left_behind(collections: Sequence[str]) -> Rule:
    """What happens to one function alone leaves documents in each of these."""

    def rule(told: Told) -> Iterator[str]:
        for name in collections:
            if not told.world.memory.query(Query(name, limit=1)):
                yield f"nothing is left in {name}"

    return rule


# --- incidents -------------------------------------------------------------------------------


def a_resolution_is_drafted(told: Told) -> Iterator[str]:
    for event, resolved in told.of(IncidentResolved):
        if not told.caused(event, PostmortemDrafted):
            yield f"no draft of {resolved.incident.id}, resolved"


def a_draft_is_linked(told: Told) -> Iterator[str]:
    newest = {drafted.incident_id: drafted.blob for _, drafted in told.of(PostmortemDrafted)}
    for incident in told.documents(Incident):
        if newest.get(incident.id, incident.postmortem) != incident.postmortem:
            yield f"{incident.id} does not link {newest[incident.id]}"


def a_failure_is_followed_by_the_fallback(told: Told) -> Iterator[str]:
    for event, failed in told.of(NotificationFailed):
        asked = told.caused(event, NotificationRequested)
        if failed.fallback and failed.fallback not in {a.channel for a in asked}:
            yield f"{failed.request.notification_id} failed and {failed.fallback} was not asked"


def what_calls_people_asks_for_a_message(told: Told) -> Iterator[str]:
    for event, page in told.of(IncidentReopened):
        if not (told.caused(event, NotificationRequested) or told.caused(event, PageFailed)):
            yield f"nobody was called when {page.incident.id} was reopened"


def a_failure_is_on_the_timeline(told: Told) -> Iterator[str]:
    kinds = {i.id: [entry.kind for entry in i.timeline] for i in told.documents(Incident)}
    for _, failed in told.of(NotificationFailed):
        if "notification-failed" not in kinds[failed.request.incident.id]:
            yield f"{failed.request.incident.id} does not tell of {failed.request.channel}"
    for _, page in told.of(PageFailed):
        if "page-failed" not in kinds[page.incident_id]:
            yield f"{page.incident_id} does not tell that page {page.page.number} reached nobody"


def an_acknowledgement_is_shown_where_was_called(told: Told) -> Iterator[str]:
    called = defaultdict(set)
    for notification in told.documents(Notification):
        if notification.is_page and notification.target.startswith("channel:"):
            called[notification.incident, notification.page].add(notification.target)
    for event, acknowledged in told.of(IncidentAcknowledged):
        shown = {request.target for request in told.caused(event, NotificationRequested)}
        for page in acknowledged.pages:
            for target in called[acknowledged.incident.id, page.number] - shown:
                yield f"{target} does not see that {acknowledged.incident.id} was acknowledged"


def a_missed_target_is_told_once(told: Told) -> Iterator[str]:
    incidents = {incident.id: incident for incident in told.documents(Incident)}
    due = {body.incident_id for _, body in told.of(ResponseDue)}
    for id in due:
        incident = incidents[id]
        missed = [entry for entry in incident.timeline if entry.kind == "response-overdue"]
        if len(missed) != (incident.acknowledged_at is None):
            yield f"{id} tells {len(missed)} times that its target was missed"


def a_parked_message_is_an_alert(told: Told) -> Iterator[str]:
    known = {alert.fingerprint for alert in told.documents(Alert)}
    for _, parked in told.of(MessageParked):
        if parked.parked_id not in known:
            yield f"nobody hears of the message parked as {parked.parked_id}"


def an_incident_lists_the_rules_of_its_alerts(told: Told) -> Iterator[str]:
    incidents = {incident.id: incident for incident in told.documents(Incident)}
    for alert in told.documents(Alert):
        incident = incidents.get(alert.incident or "")
        if alert.status != "firing" or incident is None or incident.status == "resolved":
            continue
        if alert.rule not in incident.rules:
            yield f"{incident.id} does not list {alert.rule}, which fires"


def what_fires_is_not_resolved(told: Told) -> Iterator[str]:
    firing = {a.incident for a in told.documents(Alert) if a.status == "firing"}
    for incident in told.documents(Incident):
        if incident.status == "resolved" and incident.id in firing:
            yield f"{incident.id} is resolved (by {incident.resolved_by!r}), and an alert of it fires"


def what_joins_is_told(told: Told) -> Iterator[str]:
    incidents = {incident.id: incident for incident in told.documents(Incident)}
    for alert in told.documents(Alert):
        incident = incidents.get(alert.incident or "")
        if alert.status != "firing" or incident is None or incident.status == "resolved":
            continue
        called = incident.pages[-1].at
        if alert.attached_at is not None and alert.attached_at > called + SAME_BREATH:
            yield f"nobody was called since {alert.rule} joined {incident.id}"


def what_is_needed_gets_more_time(told: Told) -> Iterator[str]:
    """While an incident lives, what it needs is kept for half a life at least after each sweep."""
    alive = {i.key(i.id) for i in told.documents(Incident) if i.expires_at is None}
    newest = max((event.time for event, _ in told.of(SweepDue)), default=None)
    for document in (*told.documents(Alert), *told.documents(Notification)):
        keep = document.KEEP.time if document.KEEP else None
        if newest is None or keep is None or document.expires_at is None:
            continue
        if alive & set(document.holders()) and document.expires_at < newest + keep / 2:
            yield f"{document.key(document.id)} is needed and expires at {document.expires_at}"


def whether_alerts_are_heard_of_is_looked_at(told: Told) -> Iterator[str]:
    newest = max((event.time for event, _ in told.of(MinutePassed)), default=None)
    for incident in told.documents(Incident):
        if newest is None or incident.status == "resolved":
            continue
        if incident.check_at is None or incident.check_at < newest:
            yield f"{incident.id}: nobody looks whether its alerts are heard of"


def a_command_leaves_a_record(told: Told) -> Iterator[str]:
    kept = {(audit.correlation_id, audit.subject) for audit in told.documents(Audit)}
    for event, command in told.of(CommandIssued):
        if command.proof and (event.correlation_id or event.id, command.subject()) not in kept:
            yield f"no record of {command.action} on {command.subject()}"


def a_test_page_is_settled(told: Told) -> Iterator[str]:
    """It goes out, is answered or given up on, and comes by itself before a shift, once."""
    tests = told.documents(PageTest)
    sent = {body.incident.id for _, body in told.of(NotificationRequested) if body.kind == "test"}
    for test in tests:
        if test.id not in sent:
            yield f"{test.id} was not sent"
        if test.status == "sent":
            yield f"{test.id} is neither answered nor given up on"
        if test.proof not in ("", "link:", f"link:person:{test.person}"):
            yield f"{test.id} was answered by {test.proof}"
        if any(contact.answered_at for contact in test.contacts) != (test.status == "answered"):
            yield f"{test.id} is {test.status}"
    if any(told.of(ShiftWatchDue)):
        before = [(test.person, test.shift_at) for test in tests if test.shift_at is not None]
        if len(before) != len(set(before)) or not before:
            yield f"before shifts were sent: {before}"


# --- backups ---------------------------------------------------------------------------------


def work_comes_to_an_end(told: Told) -> Iterator[str]:
    for backup in told.documents(Backup):
        if backup.status in ("running", "deleting"):
            yield f"{backup.id} left {backup.status}"
        if backup.status == "finished" and not backup.reason:
            yield f"{backup.id} was never verified, and nobody knows"
    for restore in told.documents(Restore):
        if restore.status == "running":
            yield f"restore {restore.id} left running"


def a_request_is_restored_or_refused(told: Told) -> Iterator[str]:
    begun = {restore.id for restore in told.documents(Restore)}
    for event, asked in told.of(RestoreRequested):
        if asked.restore_id not in begun and not told.caused(event, RestoreFailed):
            yield f"nothing came of restore {asked.restore_id}"


def a_due_restore_test_is_asked_for(told: Told) -> Iterator[str]:
    for event, due in told.of(RestoreTestDue):
        if not told.caused(event, RestoreRequested):
            yield f"no restore test of {due.service} at {event.time}"


def a_failed_backup_is_an_alert_until_one_counts(told: Told) -> Iterator[str]:
    for event, failed in told.of(BackupFailed):
        if failed.stage == "take" and not told.caused(event, AlertFired):
            yield f"nobody hears that {failed.backup_id} failed"
    for watch in told.documents(BackupWatch):
        for series in told.documents(SeriesState):
            fingerprint = failure_fingerprint(series.source, series.class_)
            alert = watch.open.get(fingerprint)
            if alert is not None and series.verified > alert.backup:
                yield f"{fingerprint} is open though {series.verified} counts"


def a_failed_restore_is_an_alert_until_one_works(told: Told) -> Iterator[str]:
    last: dict[str, bool] = {}
    for event in told.events:
        body = event.body
        if isinstance(body, RestoreFailed | RestoreFinished):
            last[restore_fingerprint(body.source, body.purpose)] = isinstance(body, RestoreFailed)
    opened = {fingerprint for watch in told.documents(BackupWatch) for fingerprint in watch.open}
    for fingerprint, failed in last.items():
        if failed != (fingerprint in opened):
            yield f"{fingerprint} is {'not ' if failed else ''}open"


def what_is_late_is_an_alert(told: Told) -> Iterator[str]:
    """Of any watch at all: which look finds it depends on when the others looked."""
    looks = [event for event, _ in told.of(BackupWatchDue)]
    if looks and not any(told.caused(event, AlertFired) for event in looks):
        yield "the watch has looked, and nothing that was late is an alert"
    if looks and not any(told.caused(event, AlertResolved) for event in looks):
        yield "the watch has looked, and nothing that is well again is resolved"


def what_retention_lets_go_is_marked_when_another_counts(told: Told) -> Iterator[str]:
    """At rest, that is at once: nobody waits for the calendar."""
    newest = max((event.time for event, _ in told.of(BackupVerified)), default=None)
    if newest is None:
        return
    documents = Documents(told.world.memory, newest)
    for current in told.documents(CurrentProfile):
        if current.profile[BACKUP] is not None:
            weighed = weigh(current.profile, documents)
            left = [id for id in weighed.removable if _is_kept(told, id)]
            if left:
                yield f"kept beyond retention: {left}"


def the_calendar_removes(told: Told) -> Iterator[str]:
    """Where no backup counts anew, what is superfluous goes all the same."""
    dues = [event for event, _ in told.of(PruneDue)]
    if dues and not any(told.caused(event, PruneStepDue) for event in dues):
        yield "the calendar has come, and nothing was removed"


def a_data_key_is_wrapped_anew(told: Told) -> Iterator[str]:
    catalogue = {backup.id: backup for backup in told.documents(Backup)}
    jobs = {job.backup_id: job for job in told.documents(RewrapJob) if job.stage == "rewrap"}
    for _, due in told.of(BackupRewrapDue):
        job = jobs.get(due.backup_id)
        present = job.present if job is not None else None
        if present is None or catalogue[due.backup_id].key_id != present.key_id:
            yield f"nobody has wrapped the data key of {due.backup_id} anew"


def a_key_that_is_gone_is_an_alert_until_it_is_back(told: Told) -> Iterator[str]:
    if any(told.of(BackupWatchDue)) and not told.documents(KeyLook):
        yield "nobody looks whether data keys can be unwrapped"
    if any(told.of(BackupKeysChecked)):
        heard = [
            kind
            for kind in (AlertFired, AlertResolved)
            for _, body in told.of(kind)
            if body.rule == KEY_RULE
        ]
        if heard != [AlertFired, AlertResolved]:
            yield f"a key that was gone and is back was told by {heard}"


def _is_kept(told: Told, id: str) -> bool:
    return any(b.id == id and b.status == "verified" for b in told.documents(Backup))


OF_INCIDENTS: tuple[Rule, ...] = (
    a_resolution_is_drafted,
    a_draft_is_linked,
    a_failure_is_followed_by_the_fallback,
    a_failure_is_on_the_timeline,
    what_calls_people_asks_for_a_message,
    an_acknowledgement_is_shown_where_was_called,
    a_missed_target_is_told_once,
    a_parked_message_is_an_alert,
    an_incident_lists_the_rules_of_its_alerts,
    what_fires_is_not_resolved,
    what_joins_is_told,
    what_is_needed_gets_more_time,
    whether_alerts_are_heard_of_is_looked_at,
    a_command_leaves_a_record,
)
OF_BACKUPS: tuple[Rule, ...] = (
    a_command_leaves_a_record,
    work_comes_to_an_end,
    a_request_is_restored_or_refused,
    a_due_restore_test_is_asked_for,
    a_failed_backup_is_an_alert_until_one_counts,
    a_failed_restore_is_an_alert_until_one_works,
    what_is_late_is_an_alert,
    what_retention_lets_go_is_marked_when_another_counts,
    a_data_key_is_wrapped_anew,
    a_key_that_is_gone_is_an_alert_until_it_is_back,
)
LATER: tuple[Rule, ...] = (*OF_BACKUPS, the_calendar_removes)
"""Once the calendar has had something to remove."""
