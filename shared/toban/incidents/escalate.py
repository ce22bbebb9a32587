"""
`escalate_incident`: the next step, when its time has come or a step reached nobody.

Each step is taken once: only from the one before it, in the generation for which the timer was set,
while nobody has acknowledged.
"""

from __future__ import annotations

from toban.events import (
    AlertFired,
    EscalationDue,
    NotificationFailed,
    PageFailed,
    ReminderDue,
    ResponseDue,
)
from toban.incidents.documents import OWN, Incident
from toban.incidents.lifecycle import escalate, is_called_for, note, profile_of
from toban.incidents.reminders import on_reminder_due
from toban.incidents.response import end_response
from toban.incidents.settle import incident_of
from toban.kernel.handling.decision import Decision
from toban.kernel.handling.handle import Handlers
from toban.kernel.work import Work
from toban.profile.builtin import BUILTIN_VERSION
from toban.profile.section import SERVICE


def on_due(due: EscalationDue, work: Work) -> None:
    """Take the step whose time has come."""
    incident = incident_of(due.incident_id, work)
    current = incident.status == "open" and incident.generation == due.generation
    if current and due.step == incident.step + 1:
        escalate(incident, work)


def on_response_due(due: ResponseDue, work: Work) -> None:
    """Note, once, that nobody has responded within the target."""
    incident = work.get(Incident, due.incident_id)
    if incident is None or incident.status != "open" or incident.respond_by != due.at:
        return
    end_response(incident, work)
    work.put(incident)


def on_notification_failed(failed: NotificationFailed, work: Work) -> None:
    """Show the failure on the incident; when a page has reached nobody, take the next step now."""
    request = failed.request
    if request.kind in ("test", "shift"):  # about no incident
        return
    incident = incident_of(request.incident.id, work)
    note(
        incident,
        work,
        "notification-failed",
        target=request.target_name or request.target,
        channel=request.channel,
        error=failed.error[:300],
        fallback=failed.fallback,
    )
    calls = request.kind not in ("acknowledged", "resolved")
    recent = not incident.pages or request.page >= incident.pages[0].number
    if not failed.fallback and calls and recent:
        number = str(request.page)
        # Named by what was asked for first: two channels may end in the same last fallback.
        contact = request.replaces[0] if request.replaces else request.notification_id
        unreached = incident.unreached.get(number, [])
        if contact not in unreached:
            unreached = [*unreached, contact]
            incident.unreached = {**incident.unreached, number: unreached}
        if len(unreached) >= request.contacts:
            _escalate_if_latest_page(incident, request.page, work)
    work.put(incident)


def on_page_failed(failed: PageFailed, work: Work) -> None:
    """Take the next step now, because nobody could be called at all."""
    incident = incident_of(failed.incident_id, work)
    note(incident, work, "page-failed", reason=failed.reason, step=str(failed.page.step + 1))
    _escalate_if_latest_page(incident, failed.page.number, work)
    work.put(incident)


def _escalate_if_latest_page(incident: Incident, page: int, work: Work) -> None:
    """
    Escalate if that page is the newest; at the end of the steps, tell the platform's people.

    An acknowledged incident is not escalated; that nobody heard of what has joined it is told, too.
    Where people are not called for its environment, the platform's are not either.
    """
    newest = incident.pages[-1] if incident.pages else None
    if newest is None or newest.number != page or incident.status == "resolved":
        return
    if incident.status == "acknowledged" and newest.reason != "joined":
        return
    if incident.status == "open" and escalate(incident, work, why="unreached"):
        return
    profile = profile_of(incident, work)
    if incident.profile_version == BUILTIN_VERSION or profile[SERVICE].default:
        return  # the last resort itself has failed; the log and the list still show it
    if not is_called_for(incident, profile):
        return  # a post has failed, and the timeline says so; nobody was to be called
    work.emit(
        AlertFired(
            source=OWN,
            fingerprint=f"nobody-reached/{incident.id}",
            rule="nobody-reached",
            title=f"{incident.service}: nobody reached for {incident.id}",
            summary=incident.title,
            severity="critical",
            labels={"service": "toban", "incident": incident.id},
            starts_at=work.now,
        )
    )


HANDLERS = (
    Handlers()
    .on(EscalationDue, Decision(on_due))
    .on(NotificationFailed, Decision(on_notification_failed))
    .on(PageFailed, Decision(on_page_failed))
    .on(ReminderDue, Decision(on_reminder_due))
    .on(ResponseDue, Decision(on_response_due))
)
