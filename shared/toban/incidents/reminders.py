"""
No incident falls silent: what joins one whose people are not being called any more, and what
happens when nothing happens.

An incident is *quiet* when nobody will be called for it by the steps of its escalation: somebody
has acknowledged it, or its steps are over.

- An alert that begins in a quiet incident, or in one whose next step is far, calls people again;
  what comes within `grouping.window` of the newest page is told of in one page at its end.
- After `remind_after` an acknowledgement is asked about, and a little later runs out.
- Steps that nobody answered are taken anew, ever more rarely.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from toban.events import AlertAttached, IncidentRaised, IncidentReminded, ReminderDue
from toban.incidents.documents import Alert, Incident
from toban.incidents.grouping.section import GROUPING
from toban.incidents.lifecycle import (
    call,
    is_quiet,
    note,
    open_anew,
    profile_of,
    remind_at,
    reminder_due,
    severity_of,
    start_escalation,
    steps_of,
    watch_alerts,
)
from toban.incidents.opening.occurrences import MAX_AHEAD, believed, newest_start
from toban.incidents.response import expect_response
from toban.kernel.secrecy.masking import mask
from toban.kernel.work import Work
from toban.profile.profile import Profile

SHORTEST_WINDOW = timedelta(minutes=1)
"""Even where alerts are not grouped by time, an incident calls people no more often for joiners."""

LONGEST_WINDOW = timedelta(minutes=15)
"""Alerts may well be grouped by the day; people do not wait so long to hear of one that joins."""

SAME_BREATH = timedelta(minutes=1)

MOST_JOINED = 50
"""Alerts looked through for one that people have not heard of; beyond, there is one."""


def window_of(profile: Profile) -> timedelta:
    """Return how long after a page joining alerts are collected for the next page."""
    window = timedelta(seconds=profile[GROUPING].window)
    return min(max(window, SHORTEST_WINDOW), LONGEST_WINDOW)


def tell_joined(
    incident: Incident, joined: AlertAttached, work: Work, *, new_rule: bool, listed: bool
) -> None:
    """
    See to it that people hear of an alert that has joined: now, by a step within `window_of`, or at
    the end of the newest page's window.

    Args:
        incident: Not resolved.
        joined: The alert.
        work: The unit of work; what is changed is put there.
        new_rule: None of the incident's rules.
        listed: It has just become one of them: told at once when the incident is quiet. In a
            storm of rules, those beyond the list are collected.
    """
    called = last_call(incident, work)
    if called is not None and called > joined.at + MAX_AHEAD and not listed:
        return  # late news, and a page has told of it since; none has of a rule not listed yet
    if called is not None and not new_rule and _in_the_same_breath(joined, called):
        return  # as `_came_after` has it, without a look at the alert
    window = window_of(profile_of(incident, work))
    step = incident.next_step_at
    if not is_quiet(incident) and step is not None and step <= work.now + window:
        return  # that step tells of it; if somebody acknowledges first: `tell_what_waited`
    alert = work.get(Alert, joined.alert_id)
    if alert is None or alert.incident != incident.id:
        return
    if called is None or listed:
        untold = alert.status != "resolved"
    elif new_rule:
        untold = _goes_on(alert, called - MAX_AHEAD)
    else:
        untold = _came_after(alert, called, work.now)
    if not untold:
        return
    recent = called is not None and work.now - called < window
    if called is None or not recent or (listed and is_quiet(incident)):
        page_joined(incident, work, new_rule=new_rule, why=joined.title)
    elif incident.tell_joined_at is None:
        _tell_at(incident, called + window, joined.at, work)


def _tell_at(incident: Incident, at: datetime, since: datetime, work: Work) -> None:
    incident.tell_joined_at, incident.untold_since = at, since
    work.put(incident)
    work.at(at, reminder_due(incident, "joined", at))


def _in_the_same_breath(joined: AlertAttached, called: datetime) -> bool:
    """Whether an alert is one trouble with what people were called for; not when it is not known."""
    began = joined.began_at
    return began is not None and began <= called and joined.at <= called + SAME_BREATH


def last_call(incident: Incident, work: Work) -> datetime | None:
    """
    Return when people (and not only the assignee) were last called.

    None when a clock that was ahead wrote it: then it is unknown what they have heard.
    """
    newest = next(
        page for page in reversed([*incident.earlier_pages, *incident.pages]) if not page.to
    )
    return believed(newest.at, work.now)


def tell_what_waited(incident: Incident, work: Work) -> None:
    """
    Schedule a page for alerts that joined since the last call and waited for the next step.

    An acknowledgement has stopped the steps, so no step would tell of them.
    """
    called = last_call(incident, work)
    if called is None or incident.tell_joined_at is not None:
        return
    waited = joined_untold(incident, called, work)
    if not waited:
        return
    due = called + window_of(profile_of(incident, work))
    if due <= work.now:
        page_joined(incident, work, new_rule=False)
    else:
        _tell_at(incident, due, min(waited), work)


def joined_untold(incident: Incident, called: datetime, work: Work) -> list[datetime]:
    """Return when each firing alert joined that the call at `called` cannot have named."""
    alerts = work.find(Alert, ("incident", "==", incident.id), limit=MOST_JOINED)
    told = {a.rule for a in alerts if a.attached_at is None or a.attached_at <= called}
    return [
        a.attached_at
        for a in alerts
        if a.attached_at
        and (_came_after(a, called, work.now) or (a.rule not in told and _goes_on(a, called)))
    ]


def _came_after(alert: Alert, called: datetime, now: datetime) -> bool:
    """
    Whether the alert began after people were called, or joined clearly later.

    What a monitor reports in the same breath as the alert that called them is one trouble.
    """
    if not _goes_on(alert, called):
        return False
    joined = alert.attached_at or called
    return newest_start(alert, now) > called or joined > called + SAME_BREATH


def page_joined(incident: Incident, work: Work, *, new_rule: bool, why: str = "") -> None:
    """
    Call people for joined alerts: of the current step, or from the first when all were taken.
    `why`: the one alert, where it is one.

    The assignee acknowledged the first alert and not another rule's: unless that is
    acknowledged too, the acknowledgement expires when a step would have been due.
    """
    profile = profile_of(incident, work)
    if incident.status == "acknowledged":
        if new_rule:
            _ask_soon(incident, work, profile)
    elif is_quiet(incident):
        start_escalation(incident, work, profile)
    page = call(incident, work, "joined")
    work.put(incident)
    work.emit(IncidentRaised(incident=incident.snapshot(), page=page, why=mask(why)))


def _ask_soon(incident: Incident, work: Work, profile: Profile) -> None:
    steps = steps_of(incident, profile)
    if len(steps) < 2:
        return
    due = work.now + timedelta(seconds=steps[1].after)
    if incident.remind_at is None or due < incident.remind_at:
        incident.reminded = False
        remind_at(incident, work, due)


def _goes_on(alert: Alert, since: datetime) -> bool:
    """Whether the alert has joined since then, and is not over."""
    return (
        alert.status != "resolved" and alert.attached_at is not None and alert.attached_at >= since
    )


def on_reminder_due(due: ReminderDue, work: Work) -> None:
    """Remind people, unless something has happened since."""
    incident = work.get(Incident, due.incident_id)
    if incident is None or incident.status == "resolved":
        return
    if due.what == "joined" and incident.tell_joined_at == due.at:
        since, incident.tell_joined_at = incident.untold_since or due.at, None
        _tell_collected(incident, since, work)
        work.put(incident)
    elif due.what == "reminder" and incident.remind_at == due.at:
        incident.remind_at = None
        _remind(incident, work)
        work.put(incident)


def _tell_collected(incident: Incident, since: datetime, work: Work) -> None:
    """Call people for what has joined since, if some of it goes on."""
    alerts = work.find(Alert, ("incident", "==", incident.id), limit=MOST_JOINED)
    untold = {alert.rule for alert in alerts if _goes_on(alert, since)}
    # Whoever acknowledged after it had joined has it.
    until = max(since, incident.acknowledged_at or since)
    told = {alert.rule for alert in alerts if (alert.attached_at or since) < until}
    many = len(alerts) == MOST_JOINED
    if untold or many:
        page_joined(incident, work, new_rule=many or bool(untold - told))


def _remind(incident: Incident, work: Work) -> None:
    profile = profile_of(incident, work)
    severity = severity_of(incident, profile)
    if incident.status == "acknowledged" and not incident.reminded:
        incident.reminded = True
        joined = {"why": "joined"} if _joined_since_taken(incident) else {}
        note(incident, work, "reminded", assignee=incident.assignee, **joined)
        remind_at(incident, work, work.now + grace(severity.reminder))
        page = call(incident, work, "reminded", to=incident.assignee)
    elif incident.status == "acknowledged":
        note(incident, work, "ack-expired", assignee=incident.assignee)
        open_anew(incident)
        start_escalation(incident, work, profile)
        expect_response(incident, work, profile)
        page = call(incident, work, "expired")
    elif is_quiet(incident):
        repeats = incident.repeats + 1
        note(incident, work, "repeated", times=str(repeats))
        start_escalation(incident, work, profile, repeats=repeats)
        page = call(incident, work, "repeated")
    else:
        return
    work.emit(IncidentReminded(incident=incident.snapshot(), page=page))
    watch_alerts(incident, work)  # one of the release before has no such look yet


def _joined_since_taken(incident: Incident) -> bool:
    """Whether people were called for what has joined since somebody acknowledged."""
    taken = incident.acknowledged_at
    return any(
        page.reason == "joined" and taken is not None and page.at >= taken
        for page in (*incident.earlier_pages, *incident.pages)
    )


def grace(reminder: timedelta) -> timedelta:
    """Return how long after a reminder the acknowledgement expires: a quarter, 5 minutes to an hour."""
    return min(max(reminder / 4, timedelta(minutes=5)), timedelta(hours=1))
