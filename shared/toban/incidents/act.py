"""
`act_on_incident`: carrying out what people command.

A command that carries the `generation` its sender saw changes nothing once the incident has changed
(somebody else acknowledged, it was resolved): a late click can never reopen or undo.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from toban.events import CommandIssued, IncidentAcknowledged
from toban.incidents.documents import Incident, TimelineEntry
from toban.incidents.lifecycle import (
    escalate,
    has_next_step,
    is_called_for,
    latest_pages,
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
)
from toban.incidents.response import OVERDUE, end_response, expect_response
from toban.kernel.command import Outcome, conclude, may
from toban.kernel.environment import PRODUCTION
from toban.kernel.errors import InvalidEvent
from toban.kernel.handling.decision import Decision
from toban.kernel.handling.handle import Handlers
from toban.kernel.status import move
from toban.kernel.work import Work
from toban.people.section import PEOPLE
from toban.severities.section import SEVERITIES, severity_labelled

DOMAIN: Final = "incidents"
MAX_ACTOR = 200
"""Characters of who asked: the name travels in every event of the incident."""


def on_command(command: CommandIssued, work: Work) -> None:
    """
    Carry out a command on an incident, if it may be and still applies.

    In any case it leaves a timeline entry and an audit record (`toban audit`). A command
    without proof, from the release before, is handled as it was then: it leaves an entry where
    it did something, is parked where it cannot be carried out, and answers nobody.
    """
    if not command.concerns(DOMAIN):
        return
    name = _name(command)
    incident = work.get(Incident, name) if name and "/" not in name else None
    earlier = incident.timeline if incident is not None else []
    command = _named(command, incident, work)
    try:
        outcome, reason = _carry_out(incident, command, work)
    except InvalidEvent as error:
        if not command.proof:
            raise
        outcome, reason = "refused", str(error)
    if not command.proof:
        return
    if incident is not None:
        if outcome != "done":
            note(
                incident,
                work,
                "not-done",
                command.actor,
                action=command.action,
                outcome=outcome,
                reason=reason,
                via=command.via,
            )
        _say_the_proof(incident, earlier, command.proof)
        work.put(incident)
    environment = PRODUCTION if incident is None else incident.environment
    conclude(command, work, outcome, reason, environment=environment)


def _carry_out(
    incident: Incident | None, command: CommandIssued, work: Work
) -> tuple[Outcome, str]:
    """What came of it, and why not more."""
    if incident is None:
        raise InvalidEvent(f"incident_id: there is no incident {_name(command)[:80]!r}")
    if not may(command.actor, command.proof, command.action):
        return "refused", "it needs an actor who is proven"
    act = _ACTIONS.get(command.action)
    if act is None:
        raise InvalidEvent(f"{command.action} is nothing that an incident can be asked for")
    if command.action != "note" and command.generation not in (None, incident.generation):
        return "stale", "the incident has moved on since"
    if act(incident, command, work):
        return "done", ""
    return "nothing", f"it was {incident.status} already"


def _name(command: CommandIssued) -> str:
    return command.subject().removeprefix(f"{DOMAIN}/")


def _named(command: CommandIssued, incident: Incident | None, work: Work) -> CommandIssued:
    """The command in the name that the service knows its actor by (an address: the person's)."""
    actor = command.actor[:MAX_ACTOR]
    means, _, who = command.proof.partition(":")
    if means == "google" and incident is not None:
        address = who.casefold()
        for person in profile_of(incident, work)[PEOPLE].values():
            if person.email.casefold() == address:
                actor = person.name
                break
    return msgspec.structs.replace(command, actor=actor)


def _say_the_proof(incident: Incident, earlier: list[TimelineEntry], proof: str) -> None:
    """Have the lines that a command has left say what proves who gave it."""
    known = {id(entry) for entry in earlier}
    incident.timeline = [
        entry
        if id(entry) in known or entry.kind == OVERDUE
        else msgspec.structs.replace(entry, detail={**entry.detail, "proof": proof})
        for entry in incident.timeline
    ]


def _acknowledge(incident: Incident, command: CommandIssued, work: Work) -> bool:
    """Take it; or, when its people were called or reminded since, say that it is still in hand."""
    anew = incident.status == "acknowledged"
    # An earlier release had no reminders: whoever says that they have it is reminded from now on.
    reminds = incident.remind_at is not None
    called_since = incident.called_since_taken(work.now) is not None
    if incident.status == "resolved" or (anew and reminds and not called_since):
        return False
    profile = profile_of(incident, work)
    called_for = is_called_for(incident, profile)
    if anew and not called_for and not called_since:
        return False
    move(incident, "acknowledged")
    incident.acknowledged_at = work.now
    incident.assignee = command.actor
    stop_escalation(incident, work)
    if called_for:
        remind_at(incident, work, work.now + severity_of(incident, profile).reminder)
    kind = "confirmed" if anew else "acknowledged"
    note(incident, work, kind, command.actor, via=command.via)
    work.put(incident)
    work.emit(
        IncidentAcknowledged(
            incident=incident.snapshot(),
            by=command.actor,
            proof=command.proof,
            pages=latest_pages(incident),
        )
    )
    return True


def _resolve(incident: Incident, command: CommandIssued, work: Work) -> bool:
    if incident.status == "resolved":
        return False
    if incident.acknowledged_at is None:
        incident.assignee = command.actor
    if command.note:
        note(incident, work, "note", command.actor, text=command.note)
    resolve(incident, work, command.actor)
    return True


def _reopen(incident: Incident, command: CommandIssued, work: Work) -> bool:
    if incident.status != "resolved":
        return False
    reopen(incident, work, command.actor, why=command.note)
    return True


def _escalate(incident: Incident, command: CommandIssued, work: Work) -> bool:
    """By hand: the next step at once, from an acknowledged incident too."""
    if incident.status == "resolved":
        return False
    if not has_next_step(incident, work):
        # Whoever has acknowledged it keeps it: nobody else would be called in their place.
        note(incident, work, "no-further-step", command.actor)
        work.put(incident)
        return True
    given_up = incident.status == "acknowledged"
    if given_up:
        open_anew(incident)
        incident.reminded = False
        incident.generation += 1
        incident.escalating_since = work.now
    escalate(incident, work, command.actor, why="asked")
    if given_up:
        expect_response(incident, work, profile_of(incident, work))
        work.put(incident)
    return True


def _note(incident: Incident, command: CommandIssued, work: Work) -> bool:
    note(incident, work, "note", command.actor, text=command.note)
    work.put(incident)
    return True


def _severity(incident: Incident, command: CommandIssued, work: Work) -> bool:
    profile = profile_of(incident, work)
    wanted = severity_labelled(profile, command.severity_label)
    if wanted is None:
        labels = ", ".join(s.label for s in profile[SEVERITIES])
        raise InvalidEvent(
            f"severity_label: {command.severity_label[:40]!r} is none of {incident.service}'s: "
            f"{labels}"
        )
    if wanted.label == incident.severity_label or incident.status == "resolved":
        return False
    if wanted.level < incident.severity:
        raise_severity(incident, work, wanted.level, wanted.label, command.actor)
        return True
    end_response(incident, work)
    note(
        incident, work, "lowered", command.actor, before=incident.severity_label, after=wanted.label
    )
    incident.severity, incident.severity_label = wanted.level, wanted.label
    if incident.status == "open":
        # The milder severity's own steps count from here; nobody is called a second time.
        start_escalation(incident, work, profile)
        expect_response(incident, work, profile)
    work.put(incident)
    return True


_ACTIONS: dict[str, Callable[[Incident, CommandIssued, Work], bool]] = {
    "acknowledge": _acknowledge,
    "resolve": _resolve,
    "reopen": _reopen,
    "escalate": _escalate,
    "note": _note,
    "severity": _severity,
}

HANDLERS = Handlers().on(CommandIssued, Decision(on_command))
