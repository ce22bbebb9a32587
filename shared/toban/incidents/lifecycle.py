"""
The changes of an incident, shared by the functions that make them.

Every change is made on a document read in the unit of work and is put back there; none of these
functions decides whether the change is due.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from toban.escalation.section import EscalationStep, steps_for
from toban.events import (
    AlertCheckDue,
    EscalationDue,
    IncidentEscalated,
    IncidentRaised,
    IncidentReopened,
    IncidentResolved,
    Page,
    PageReason,
    ReminderDue,
    ReminderKind,
)
from toban.incidents.documents import Group, Incident, OpenIncident, TimelineEntry, group_id
from toban.incidents.grouping.section import GROUPING
from toban.incidents.history import MAX_TIMELINE as MAX_TIMELINE
from toban.incidents.history import add_line, add_page, next_page
from toban.incidents.history import latest_pages as latest_pages
from toban.incidents.response import end_response, expect_response
from toban.kernel.event import timestamp
from toban.kernel.secrecy.masking import mask
from toban.kernel.status import move
from toban.kernel.work import Work
from toban.profile.environments import calls_people
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.profile.store import pinned
from toban.severities.section import Severity, severity_named

MAX_WHY = 300
MAX_DETAIL = 4_000
"""Characters of one thing that a line of the timeline says (a person's note)."""


def note(incident: Incident, work: Work, kind: str, actor: str = "", **detail: str) -> None:
    """Add a line to the timeline; credentials in what people or errors say are masked."""
    said = {name: mask(value)[:MAX_DETAIL] for name, value in detail.items()}
    add_line(incident, TimelineEntry(at=work.now, kind=kind, actor=actor, detail=said), work)


def note_since(incident: Incident, work: Work, kind: str, since: datetime, **detail: str) -> None:
    """Add a line that tells since when, on the service's wall clock."""
    zone = profile_of(incident, work)[SERVICE].timezone
    note(incident, work, kind, since=timestamp(since), zone=zone, **detail)


def profile_of(incident: Incident, work: Work) -> Profile:
    """Return the profile version that the incident pinned."""
    return pinned(work, incident.service, incident.profile_version)


def severity_of(incident: Incident, profile: Profile) -> Severity:
    """Return the incident's severity in its profile."""
    return severity_named(profile, incident.severity_label, incident.severity)


def is_called_for(incident: Incident, profile: Profile) -> bool:
    """Return whether people are called for its environment: by steps, reminders, at any time."""
    return calls_people(profile[SERVICE], incident.environment)


def steps_of(incident: Incident, profile: Profile) -> tuple[EscalationStep, ...]:
    """Return the steps of its escalation; none where people are not called for its environment."""
    if not is_called_for(incident, profile):
        return ()
    return steps_for(profile, severity_of(incident, profile))


def call(incident: Incident, work: Work, reason: PageReason, to: str = "") -> Page:
    """Add a page for the incident's current step; `to`: a reminder, to one person only."""
    page = Page(
        number=next_page(incident),
        at=work.now,
        step=incident.step,
        severity_label=incident.severity_label,
        reason=reason,
        to=to,
    )
    add_page(incident, page, work)
    if not to:
        incident.tell_joined_at = incident.untold_since = None  # told by this one
    return page


def start_escalation(incident: Incident, work: Work, profile: Profile, *, repeats: int = 0) -> None:
    """Begin at the first step, now; timers of an earlier escalation become stale."""
    incident.generation += 1
    incident.step = 0
    incident.escalating_since = work.now
    incident.reminded = False
    incident.repeats = repeats
    schedule_next(incident, work, profile)


def stop_escalation(incident: Incident, work: Work) -> None:
    """
    Let no step call anybody any more: a timer acts on an open incident only.

    The generation stays, so that a link from the first message still resolves what a colleague
    acknowledged; a new escalation makes older links and timers stale.
    """
    incident.next_step_at = None
    incident.remind_at = None
    end_response(incident, work)
    incident.reminded = False
    incident.repeats = 0


def schedule_next(incident: Incident, work: Work, profile: Profile) -> None:
    """Set the timer of the next step; after the last one, of the next round."""
    steps = steps_of(incident, profile)
    following = incident.step + 1
    incident.remind_at = None
    if following >= len(steps):
        incident.next_step_at = None
        if not is_called_for(incident, profile):
            return
        reminder = severity_of(incident, profile).reminder
        remind_at(incident, work, work.now + _rarer(reminder, incident.repeats))
        return
    # A clock that was ahead must not put off the steps until that time has come.
    since = min(incident.escalating_since, work.now)
    incident.next_step_at = max(since + timedelta(seconds=steps[following].after), work.now)
    work.at(
        incident.next_step_at,
        EscalationDue(
            incident_id=incident.id,
            step=following,
            generation=incident.generation,
            environment=incident.environment,
        ),
    )


def watch_alerts(incident: Incident, work: Work) -> None:
    """
    Have it looked at whether its alerts are still heard of, from now on.

    Called last: what else is emitted keeps the ids that it has without.
    """
    if incident.check_at is None:
        after = profile_of(incident, work)[GROUPING].unheard_after
        check_alerts_at(incident, work, work.now + after)
        work.put(incident)


def check_alerts_at(incident: Incident, work: Work, at: datetime) -> None:
    """Set the timer of the next look at whether its alerts are still heard of."""
    incident.check_at = at
    due = AlertCheckDue(incident_id=incident.id, at=at, environment=incident.environment)
    work.at(at, due)


def is_quiet(incident: Incident) -> bool:
    """Return whether no step will call anybody: acknowledged, or all steps were taken."""
    return incident.status == "acknowledged" or incident.next_step_at is None


def remind_at(incident: Incident, work: Work, at: datetime) -> None:
    """Set the reminder of the incident for that time; it replaces an earlier one."""
    incident.remind_at = at
    work.at(at, reminder_due(incident, "reminder", at))


def reminder_due(incident: Incident, what: ReminderKind, at: datetime) -> ReminderDue:
    """Return the timer of the incident's reminder."""
    return ReminderDue(incident_id=incident.id, what=what, at=at, environment=incident.environment)


def _rarer(wait: timedelta, repeats: int) -> timedelta:
    """Twice as long each time, up to a day (or `wait` itself)."""
    times: int = 2 ** min(repeats, 10)
    return min(wait * times, max(wait, timedelta(days=1)))


def has_next_step(incident: Incident, work: Work) -> bool:
    """Return whether there is a step after the incident's current one."""
    return incident.step + 1 < len(steps_of(incident, profile_of(incident, work)))


def escalate(incident: Incident, work: Work, by: str = "", why: str = "time") -> bool:
    """Go to the next step and call its people; return False when there is no further step."""
    if not has_next_step(incident, work):
        return False
    incident.step += 1
    note(incident, work, "escalated", by, step=str(incident.step + 1), why=why)
    schedule_next(incident, work, profile_of(incident, work))
    page = call(incident, work, "escalated")
    work.put(incident)
    work.emit(IncidentEscalated(incident=incident.snapshot(), page=page, by=by, why=why))
    return True


def open_anew(incident: Incident) -> None:
    """Set the incident to open without assignee; whoever acknowledged it has to do so again."""
    move(incident, "open")
    incident.acknowledged_at = None
    incident.assignee = ""


def raise_severity(incident: Incident, work: Work, severity: int, label: str, by: str = "") -> None:
    """
    Raise the severity and call people from the first step of the new one.

    An acknowledgement ends, because it was given for a lower severity.
    """
    end_response(incident, work)
    before = incident.severity_label
    note(incident, work, "raised", by, before=before, after=label)
    incident.severity = severity
    incident.severity_label = label
    open_anew(incident)
    start_escalation(incident, work, profile_of(incident, work))
    expect_response(incident, work, profile_of(incident, work))
    page = call(incident, work, "raised")
    work.put(incident)
    work.emit(IncidentRaised(incident=incident.snapshot(), page=page, by=by, why=before))


def resolve(
    incident: Incident, work: Work, by: str = "", unheard_since: datetime | None = None
) -> None:
    """
    Resolve the incident: escalation stops, no alert joins it, and its notifications are closed.

    `unheard_since`: nobody said that it is over, its alerts have expired.
    """
    move(incident, "resolved")
    incident.resolved_at = work.now
    incident.resolved_by = by
    stop_escalation(incident, work)
    incident.tell_joined_at = incident.untold_since = None
    if not by:
        incident.check_at = None  # nothing fires; by hand, something may
    incident.unheard_since = unheard_since
    if unheard_since is None:
        note(incident, work, "resolved", by)
    else:
        note_since(incident, work, "closed-unheard", unheard_since)
    work.put(incident)
    group = work.get(Group, group_id(incident.service, incident.environment))
    if group is not None:
        group.open = [entry for entry in group.open if entry.incident != incident.id]
        if len(group.open) < profile_of(incident, work)[GROUPING].max_open:
            group.told_full = False
        work.put(group)
    work.emit(IncidentResolved(incident=incident.snapshot(), by=by, pages=latest_pages(incident)))


def reopen(incident: Incident, work: Work, by: str = "", why: str = "") -> None:
    """Reopen the incident and call people from the first step."""
    open_anew(incident)
    incident.resolved_at = None
    incident.resolved_by = ""
    incident.unheard_since = None
    note(incident, work, "reopened", by, why=why)
    start_escalation(incident, work, profile_of(incident, work))
    expect_response(incident, work, profile_of(incident, work))
    page = call(incident, work, "reopened")
    work.put(incident)
    listed = group_id(incident.service, incident.environment)
    group = work.get(Group, listed) or Group(id=listed)
    if all(entry.incident != incident.id for entry in group.open):
        group.open = [
            *group.open,
            OpenIncident(key=incident.group_key, incident=incident.id, opened_at=work.now),
        ]
    work.put(group)
    work.emit(
        IncidentReopened(incident=incident.snapshot(), page=page, by=by, why=mask(why)[:MAX_WHY])
    )
    watch_alerts(incident, work)
