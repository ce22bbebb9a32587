"""`toban incidents`: listing them, looking at one, acting on it."""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import TYPE_CHECKING

from toban.cli.incidents.choosing import meant, newest
from toban.cli.incidents.tables import STATUS_COLORS, table
from toban.cli.incidents.views import (
    count_alerts,
    incident_detail,
    incident_view,
    incidents,
    is_closed_unheard,
    next_step,
    reminded,
    shown_status,
    timeline,
)
from toban.cli.kit.arguments import no_such
from toban.cli.kit.reader import StoreReader, incident_of
from toban.cli.kit.session import CommandOutcome, Session, session
from toban.cli.kit.terminal import Problem, Terminal, printable
from toban.cli.kit.times import now, soon
from toban.events import CommandIssued
from toban.incidents.documents import Incident
from toban.incidents.grouping.section import GROUPING
from toban.kernel.command import Audit
from toban.kernel.environment import PRODUCTION
from toban.kernel.i18n import duration, moment
from toban.kernel.ids import derive
from toban.kernel.secrecy.masking import mask
from toban.notify.facts import LATE, measured
from toban.notify.labels import telling
from toban.postmortems.timeline import MOST_ALERTS
from toban.profile.section import SERVICE
from toban.severities.section import SEVERITIES, severity_labelled

if TYPE_CHECKING:
    from toban.profile.profile import Profile

MOST_LABELS = 12
MOST_LINES = 6
"""Of a summary."""
_MARKS = {
    "opened": "red",
    "raised": "red",
    "escalated": "red",
    "reopened": "red",
    "page-failed": "red",
    "notification-failed": "red",
    "acknowledged": "yellow",
    "resolved": "green",
    "notified": "dim",
    "attached": "dim",
    "cleared": "dim",
}


def list_(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Show what is open, and what was until lately."""
    with session(asked, terminal) as work:
        reader = work.reader
        found = incidents(
            reader,
            now(),
            everything=asked.all,
            status=asked.status,
            service=asked.service,
            environment=asked.environment,
        )
        if asked.json:
            terminal.json([incident_view(reader, i) for i in found])
            return 0
        if found:
            table(reader, found, terminal)
        elif asked.status or asked.service or asked.environment:
            terminal.line(terminal.say("none.like-that"))
        elif asked.all or not reader.find(Incident, limit=1):
            terminal.line(terminal.say("none.incidents"))
        else:
            terminal.line(terminal.say("none.lately"))
    return 0


def show(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Show one incident: what happened, and what happens next."""
    with session(asked, terminal) as work:
        reader = work.reader
        incident = incident_of(reader, asked.id, terminal) if asked.id else newest(reader, terminal)
        if asked.json:
            terminal.json(incident_detail(reader, incident, terminal.language))
        else:
            tell(reader, incident, terminal, _postmortem(work, incident))
    return 0


def _postmortem(work: Session, incident: Incident) -> str:
    """Where the draft lies; empty when there is none."""
    return work.url(incident.postmortem) if incident.postmortem else ""


def tell(reader: StoreReader, incident: Incident, terminal: Terminal, postmortem: str = "") -> None:
    """An incident as a person would like to read it."""
    profile = reader.profile(incident.service, incident.profile_version)
    zone = reader.zone(incident.service, incident.profile_version)
    status = terminal.paint(
        terminal.say(f"status.{shown_status(incident)}"), STATUS_COLORS[incident.status], "bold"
    )
    lead = f"{incident.id}  {incident.severity_label}  {status}  "
    terminal.paragraph(lead, printable(incident.title), "bold")
    for key, value in _facts(reader, incident, terminal, zone, profile):
        terminal.paragraph(f"  {terminal.paint(terminal.say(f'show.{key}'), 'dim')}: ", value)
    if incident.summary:
        lines = incident.summary.splitlines()
        for line in lines[:MOST_LINES]:
            terminal.paragraph(f"  {terminal.paint('|', 'dim')} ", printable(line))
        if len(lines) > MOST_LINES:
            more = terminal.say("show.more", n=len(lines) - MOST_LINES)
            terminal.line(f"  {terminal.paint('|', 'dim')} {more}")
    terminal.line()
    terminal.line(terminal.paint(terminal.say("show.timeline"), "bold"))
    day = ""
    for told in timeline(reader, incident, terminal.language):
        written = moment(terminal.language, told.at, zone)
        date, clock = written.rsplit(" ", 2)[0], written.rsplit(" ", 2)[1]
        if date != day:
            day = date
            terminal.line(f"  {terminal.paint(f'{date} ({zone})', 'dim')}")
        terminal.paragraph(f"  {clock}  ", told.text, _MARKS.get(told.kind, ""))
    if (untold := count_alerts(reader, incident) - MOST_ALERTS) > 0:
        terminal.line(f"  {terminal.say('show.untold', n=untold)}")
    terminal.line()
    lead = f"{terminal.paint(terminal.say('show.next'), 'bold')}: "
    terminal.paragraph(lead, _next(reader, incident, terminal, zone))
    if postmortem:
        terminal.line(terminal.say("next.postmortem", url=postmortem))


def _facts(
    reader: StoreReader, incident: Incident, terminal: Terminal, zone: str, profile: Profile | None
) -> list[tuple[str, str]]:
    language = terminal.language
    name = incident.service
    if profile is not None:
        name = f"{profile[SERVICE].named(language)} ({incident.service})"
    facts = [("service", name)]
    if incident.environment != PRODUCTION:
        facts.append(("environment", incident.environment))
    if shown := measured(language, incident.value, incident.threshold):
        facts.append(("value", printable(shown)))
    facts.append(("since", moment(language, incident.started_at, zone)))
    if incident.opened_at - incident.started_at >= LATE:
        facts.append(("opened", moment(language, incident.opened_at, zone)))
    for key, at in (
        ("acknowledged", incident.acknowledged_at),
        ("closed" if is_closed_unheard(incident) else "resolved", incident.resolved_at),
    ):
        if at is not None:
            took = duration(language, (at - incident.opened_at).total_seconds())
            facts.append(
                (key, terminal.say("show.after", moment=moment(language, at, zone), duration=took))
            )
    if incident.unheard_since is not None:
        facts.append(("unheard", moment(language, incident.unheard_since, zone)))
    if incident.assignee:
        facts.append(("assignee", printable(incident.assignee)))
    firing = count_alerts(reader, incident, firing=True)
    count = terminal.say("show.alerts.value", n=count_alerts(reader, incident), firing=firing)
    facts.append(("alerts", count))
    said = (incident.title, incident.service, incident.severity_label, *incident.rules)
    labels = [f"{name}={value}" for name, value in telling(incident.labels, said)]
    if labels:
        told = [printable(label) for label in labels[:MOST_LABELS]]
        if len(labels) > MOST_LABELS:
            told.append(terminal.say("show.more", n=len(labels) - MOST_LABELS))
        facts.append(("labels", "  ".join(told)))
    facts.extend(("links", f"{printable(x.title)} {printable(x.url)}") for x in incident.links)
    return facts


def _next(reader: StoreReader, incident: Incident, terminal: Terminal, zone: str) -> str:
    if incident.status == "resolved":
        return _after_all(reader, incident, terminal, zone)
    if not reader.calls_people(incident):
        return terminal.say("next.nobody", environment=incident.environment, id=incident.id)
    following = next_step(reader, incident)
    if following is None:
        return _next_reminder(reader, incident, terminal, zone)
    at = now()
    left = (following.at - at).total_seconds()
    return terminal.say(
        "next.step" if left >= 0 else "next.late",
        moment=soon(terminal.language, following.at, zone, at),
        duration=duration(terminal.language, abs(left)),
        step=following.number,
        who=terminal.listed(map(printable, following.calls)) or terminal.say("oncall.nobody"),
    )


def _next_reminder(reader: StoreReader, incident: Incident, terminal: Terminal, zone: str) -> str:
    """What time brings to an incident for which no step calls anybody."""
    taken = incident.status == "acknowledged"
    who, at = printable(incident.assignee), now()
    if incident.remind_at is None:
        return terminal.say("next.acknowledged" if taken else "next.last", who=who, id=incident.id)
    key = "next.repeated"
    if taken:
        key = "next.expires" if incident.reminded else "next.reminder"
    return terminal.say(
        key,
        who=who,
        asked=", ".join(map(printable, reminded(reader, incident)))
        or terminal.say("oncall.nobody"),
        id=incident.id,
        moment=soon(terminal.language, incident.remind_at, zone, at),
        duration=duration(terminal.language, (incident.remind_at - at).total_seconds()),
    )


def _after_all(reader: StoreReader, incident: Incident, terminal: Terminal, zone: str) -> str:
    """A resolved incident: over, unless a person resolved it while its alerts fire."""
    if is_closed_unheard(incident):
        return terminal.say("next.closed-unheard")
    firing = count_alerts(reader, incident, firing=True)
    profile = reader.profile(incident.service, incident.profile_version)
    if not firing or profile is None or incident.resolved_at is None:
        return terminal.say("next.resolved")
    at = now()
    # `settle_incident` looks again so long after the resolution.
    again = incident.resolved_at + timedelta(seconds=profile[GROUPING].recheck)
    return terminal.say(
        "next.firing" if again >= at else "next.firing.late",
        n=terminal.say("firing.one" if firing == 1 else "firing.many", n=firing),
        moment=soon(terminal.language, again, zone, at),
        duration=duration(terminal.language, abs((again - at).total_seconds())),
    )


def act(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Have a command carried out, and show what came of it."""
    with session(asked, terminal) as work:
        reader = work.reader
        incident = meant(reader, asked, terminal)
        command = _command(asked, work, incident, terminal)
        issued = work.carry_out(command, "act_on_incident")
        current = reader.get(Incident, incident.id) or incident
        if asked.json:
            terminal.json({**incident_view(reader, current), "command": issued.event.id})
        answer = work.answer(issued.event, "act_on_incident") or {}
        parked = work.parked(issued.event, "act_on_incident")
        if parked is not None or answer.get("outcome") == "refused":
            error = parked.error if parked is not None else answer.get("reason", "")
            raise Problem(terminal.say("refused", id=current.id, error=printable(error)))
        if issued.outcome in ("", "retry", "error"):
            raise Problem(_not_yet(work, issued, current, terminal))
        if asked.json:
            return 0
        if "nothing" in (issued.outcome, answer.get("outcome")):
            status = terminal.say(f"status.{current.status}")
            terminal.line(terminal.say("undone", id=current.id, status=status))
            return 0
        if answer.get("outcome") == "stale":
            status = terminal.say(f"status.{current.status}")
            terminal.line(terminal.say("moved-on", id=current.id, status=status))
            return 0
        audit = reader.get(Audit, derive(issued.event.id, "act_on_incident", "audit"))
        actor = printable(audit.actor) if audit is not None else command.actor
        done = terminal.say(f"done.{asked.action}", actor=actor)
        terminal.line(terminal.paint(f"✓ {current.id}: {done}", "green"))
        terminal.line()
        tell(reader, current, terminal, _postmortem(work, current))
    return 0


def _not_yet(work: Session, issued: CommandOutcome, current: Incident, terminal: Terminal) -> str:
    """What may be the matter with a command that has left no trace."""
    return terminal.say(
        "not-yet" if work.traces().is_whole else "not-seen",
        id=current.id,
        seconds=int(work.waits_s),
        event=issued.event.id,
        status=terminal.say(f"status.{current.status}"),
    )


def _command(
    asked: argparse.Namespace, work: Session, incident: Incident, terminal: Terminal
) -> CommandIssued:
    note = " ".join(asked.text) if asked.action == "note" else getattr(asked, "note", "")
    label = ""
    if asked.action == "severity":
        profile = work.reader.profile(incident.service, incident.profile_version)
        known = [s.label for s in profile[SEVERITIES]] if profile else []
        found = severity_labelled(profile, asked.label) if profile else None
        if found is None:
            raise no_such(terminal, asked.label, "what.severity", known)
        label = found.label
    return work.command(
        asked.action,
        f"incidents/{incident.id}",
        asked.actor,
        incident_id=incident.id,
        note=mask(note)[:2000],
        severity_label=label,
        generation=incident.generation,
    )
