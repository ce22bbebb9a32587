"""
`act_on_incident`: what people decide.

A command that carries the `generation` its sender saw does nothing once the incident has moved
on (somebody else acknowledged, it was resolved): a late click can never reopen or undo.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from toban.events import CommandIssued, IncidentAcknowledged
from toban.incidents.documents import Incident
from toban.incidents.lifecycle import (
    escalate,
    has_next_step,
    note,
    open_anew,
    profile_of,
    raise_severity,
    remind_at,
    reopen,
    resolve,
    severity_of,
    start_escalation,
    stop_escalation,
    told_pages,
)
from toban.kernel.errors import InvalidEvent
from toban.kernel.handling.decision import Decision
from toban.kernel.handling.handle import Handlers
from toban.kernel.skew import not_ahead
from toban.kernel.work import Work
from toban.severities.section import SEVERITIES, severity_labelled

MAX_ACTOR = 200
"""Characters of who asked: the name travels in every event of the incident."""


def on_command(command: CommandIssued, work: Work) -> None:
    """Carry out a command, if it still applies."""
    incident = work.get(Incident, command.incident_id)
    if incident is None:
        raise InvalidEvent(f"incident_id: there is no incident {command.incident_id[:80]!r}")
    if command.action != "note" and command.generation not in (None, incident.generation):
        return
    command = msgspec.structs.replace(command, actor=command.actor[:MAX_ACTOR])
    _ACTIONS[command.action](incident, command, work)


def _acknowledge(incident: Incident, command: CommandIssued, work: Work) -> None:
    """Take it; or, when its people were called or reminded since, say that it is still in hand."""
    anew = incident.status == "acknowledged"
    # An earlier release had no reminders: whoever says that they have it is reminded from now on.
    reminds = incident.remind_at is not None
    if incident.status == "resolved" or (anew and reminds and not _called_since(incident, work)):
        return
    incident.status = "acknowledged"
    incident.acknowledged_at = work.now
    incident.assignee = command.actor
    stop_escalation(incident)
    severity = severity_of(incident, profile_of(incident, work))
    remind_at(incident, work, work.now + severity.reminder)
    kind = "confirmed" if anew else "acknowledged"
    note(incident, work, kind, command.actor, via=command.via)
    work.put(incident)
    work.emit(
        IncidentAcknowledged(
            incident=incident.snapshot(), by=command.actor, pages=told_pages(incident)
        )
    )


def _called_since(incident: Incident, work: Work) -> bool:
    """Whether a page (a reminder counts) came after the acknowledgement, or may have."""
    since = not_ahead(incident.acknowledged_at, work.now)
    return since is None or any(page.at > since for page in incident.pages)


def _resolve(incident: Incident, command: CommandIssued, work: Work) -> None:
    if incident.status == "resolved":
        return
    if incident.acknowledged_at is None:
        incident.assignee = command.actor
    if command.note:
        note(incident, work, "note", command.actor, text=command.note)
    resolve(incident, work, command.actor)


def _reopen(incident: Incident, command: CommandIssued, work: Work) -> None:
    if incident.status == "resolved":
        reopen(incident, work, command.actor, why=command.note)


def _escalate(incident: Incident, command: CommandIssued, work: Work) -> None:
    """By hand: the next step at once, from an acknowledged incident too."""
    if incident.status == "resolved":
        return
    if not has_next_step(incident, work):
        # Whoever has acknowledged it keeps it: nobody else would be called in their place.
        note(incident, work, "no-further-step", command.actor)
        work.put(incident)
        return
    if incident.status == "acknowledged":
        open_anew(incident)
        incident.reminded = False
        incident.generation += 1
        incident.escalating_since = work.now
    escalate(incident, work, command.actor, why="asked")


def _note(incident: Incident, command: CommandIssued, work: Work) -> None:
    note(incident, work, "note", command.actor, text=command.note)
    work.put(incident)


def _severity(incident: Incident, command: CommandIssued, work: Work) -> None:
    profile = profile_of(incident, work)
    wanted = severity_labelled(profile, command.severity_label)
    if wanted is None:
        labels = ", ".join(s.label for s in profile[SEVERITIES])
        raise InvalidEvent(
            f"severity_label: {command.severity_label[:40]!r} is none of {incident.service}'s: "
            f"{labels}"
        )
    if wanted.label == incident.severity_label or incident.status == "resolved":
        return
    if wanted.level < incident.severity:
        raise_severity(incident, work, wanted.level, wanted.label, command.actor)
        return
    note(
        incident, work, "lowered", command.actor, before=incident.severity_label, after=wanted.label
    )
    incident.severity, incident.severity_label = wanted.level, wanted.label
    if incident.status == "open":
        # The milder severity's own steps count from here; nobody is called a second time.
        start_escalation(incident, work, profile)
    work.put(incident)


_ACTIONS: dict[str, Callable[[Incident, CommandIssued, Work], None]] = {
    "acknowledge": _acknowledge,
    "resolve": _resolve,
    "reopen": _reopen,
    "escalate": _escalate,
    "note": _note,
    "severity": _severity,
}

HANDLERS = Handlers().on(CommandIssued, Decision(on_command))
