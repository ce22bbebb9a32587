"""
`settle_incident`: keeping an incident consistent with its alerts.

An alert joins without writing its incident, and an incident resolves without writing its alerts
(neither may become a hot document), so each side looks at the other after its own commit: a joining
alert's `AlertAttached` finds an incident that has just been resolved, and a resolution's
`IncidentResolved` finds an alert that has just joined. Whichever commits second sees the first.
"""

from __future__ import annotations

from datetime import timedelta

from toban.events import (
    AlertAttached,
    AlertCleared,
    IncidentAcknowledged,
    IncidentResolved,
    PostmortemDrafted,
    RecheckDue,
)
from toban.incidents.documents import Alert, Incident
from toban.incidents.grouping.section import GROUPING
from toban.incidents.lifecycle import note, profile_of, raise_severity, reopen, resolve
from toban.incidents.opening.occurrences import is_unheard
from toban.incidents.reminders import (
    MOST_JOINED,
    joined_untold,
    last_call,
    tell_joined,
    tell_what_waited,
)
from toban.kernel.errors import TryLater
from toban.kernel.handling.decision import Decision
from toban.kernel.handling.handle import Handlers
from toban.kernel.work import Work
from toban.severities.section import severity_named

MAX_RULES = 10
"""Rules an incident lists; in a storm of rules it must not be written for each."""


def incident_of(id: str, work: Work) -> Incident:
    """Return the incident; raises `TryLater` when it does not exist (yet)."""
    incident = work.get(Incident, id)
    if incident is None:
        raise TryLater(f"there is no incident {id}")
    return incident


def on_attached(joined: AlertAttached, work: Work) -> None:
    """
    Reopen the incident, raise its severity, add a rule or tell people, as a joining alert
    requires.
    """
    incident = incident_of(joined.incident_id, work)
    if incident.status == "resolved":
        alert = work.get(Alert, joined.alert_id)
        if alert is not None and alert.status != "resolved" and alert.incident == incident.id:
            _reopen_for(joined, incident, work)
        return
    if incident.unheard_since is not None:
        incident.unheard_since = None
        note(incident, work, "heard-again", alert=joined.title)
        work.put(incident)
    new_rule = joined.rule not in incident.rules
    listed = _list_rule(joined, incident)
    if listed:
        note(incident, work, "joined", rule=joined.rule, alert=joined.title)
        work.put(incident)
    if joined.severity < incident.severity:
        raise_severity(incident, work, joined.severity, _own_label(joined, incident, work))
    else:
        tell_joined(incident, joined, work, new_rule=new_rule, listed=listed)


def _list_rule(joined: AlertAttached, incident: Incident) -> bool:
    """Let the incident list a rule that is new to it; whether it does, now."""
    if joined.rule in incident.rules or len(incident.rules) >= MAX_RULES:
        return False
    incident.rules = [*incident.rules, joined.rule]
    return True


def _own_label(joined: AlertAttached, incident: Incident, work: Work) -> str:
    """
    The alert's severity in the words of the profile that the incident pinned.

    The alert was judged by the present profile, which may have renamed its severities; a page
    under a label that the pinned one does not know could not be traced to whom it reached.
    """
    profile = profile_of(incident, work)
    return severity_named(profile, joined.severity_label, joined.severity).label


def _reopen_for(joined: AlertAttached, incident: Incident, work: Work) -> None:
    """Reopen for an alert that joined too late: at its severity, if that is worse."""
    _list_rule(joined, incident)
    if joined.severity < incident.severity:
        before, after = incident.severity_label, _own_label(joined, incident, work)
        note(incident, work, "raised", before=before, after=after)
        incident.severity, incident.severity_label = joined.severity, after
    reopen(incident, work, why="alert-joined")


def still_firing(incident_id: str, work: Work) -> bool:
    """Return whether an alert of the incident fires."""
    return bool(
        work.find(Alert, ("incident", "==", incident_id), ("status", "==", "firing"), limit=1)
    )


def _needs_person(incident_id: str, work: Work) -> bool:
    """Whether something happened that only a person can settle."""
    return bool(
        work.find(Alert, ("incident", "==", incident_id), ("status", "==", "event"), limit=1)
    )


def on_cleared(cleared: AlertCleared, work: Work) -> None:
    """Resolve the incident when its last alert has stopped."""
    incident = incident_of(cleared.incident_id, work)
    if incident.status == "resolved" or still_firing(incident.id, work):
        return
    if _needs_person(incident.id, work):
        return
    resolve(incident, work, unheard_since=cleared.unheard_since)


def _still_heard_of(incident: Incident, work: Work) -> bool:
    """
    Whether an alert fires that is heard of.

    Who resolves what nothing was heard of for long knows better than we do.
    """
    grouping = profile_of(incident, work)[GROUPING]
    firing = work.find(
        Alert, ("incident", "==", incident.id), ("status", "==", "firing"), limit=MOST_JOINED
    )
    heard = (not is_unheard(alert, work.now, grouping) for alert in firing)
    return len(firing) == MOST_JOINED or any(heard)


def _unheard(incident: Incident, work: Work) -> bool:
    called = last_call(incident, work)
    return called is not None and bool(joined_untold(incident, called, work))


def on_incident_resolved(resolved: IncidentResolved, work: Work) -> None:
    """Check again after the commit: an alert may have joined at the same time."""
    by_itself = not resolved.by
    if not still_firing(resolved.incident.id, work) and not (
        by_itself and _needs_person(resolved.incident.id, work)
    ):
        return
    incident = incident_of(resolved.incident.id, work)
    if incident.status != "resolved" or incident.generation != resolved.incident.generation:
        return
    if by_itself:
        reopen(incident, work, why="alert-joined")
        return
    # Who resolved it cannot have meant what nobody was told of.
    if _unheard(incident, work):
        reopen(incident, work, why="untold")
        return
    # A person may well resolve what still fires; if it goes on, it was no mistake of the alert.
    recheck = profile_of(incident, work)[GROUPING].recheck
    work.at(
        work.now + timedelta(seconds=recheck),
        RecheckDue(
            incident_id=incident.id,
            generation=incident.generation,
            environment=incident.environment,
        ),
    )


def on_acknowledged(acknowledged: IncidentAcknowledged, work: Work) -> None:
    """
    Check again after the commit: alerts that joined before would wait for a step that never
    comes.
    """
    incident = incident_of(acknowledged.incident.id, work)
    if incident.status == "acknowledged":
        tell_what_waited(incident, work)


def on_recheck(recheck: RecheckDue, work: Work) -> None:
    """Reopen an incident that was resolved by hand when its alerts still fire."""
    incident = incident_of(recheck.incident_id, work)
    unchanged = incident.status == "resolved" and incident.generation == recheck.generation
    if unchanged and _still_heard_of(incident, work):
        reopen(incident, work, why="still-firing")


def on_drafted(drafted: PostmortemDrafted, work: Work) -> None:
    """Link the postmortem draft."""
    incident = incident_of(drafted.incident_id, work)
    if incident.postmortem == drafted.blob:
        return
    incident.postmortem = drafted.blob
    note(incident, work, "postmortem", blob=drafted.blob)
    work.put(incident)


HANDLERS = (
    Handlers()
    .on(AlertAttached, Decision(on_attached))
    .on(AlertCleared, Decision(on_cleared))
    .on(IncidentResolved, Decision(on_incident_resolved))
    .on(IncidentAcknowledged, Decision(on_acknowledged))
    .on(RecheckDue, Decision(on_recheck))
    .on(PostmortemDrafted, Decision(on_drafted))
)
