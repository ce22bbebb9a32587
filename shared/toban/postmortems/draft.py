"""
`draft_postmortem`: writing the draft when an incident has been resolved.

It reads incidents, alerts and notifications (the map says so) and changes none of them; the link to
the draft is stored by the incident's own function (`PostmortemDrafted`). Each resolution has its
own generation, so an incident that was reopened gets another draft besides the first.
"""

from __future__ import annotations

from toban.events import IncidentResolved, IncidentSnapshot, PostmortemDrafted
from toban.incidents.documents import Alert, Incident, IncidentSegment
from toban.kernel.errors import TryLater
from toban.kernel.handling.decision import Decision
from toban.kernel.handling.handle import Handlers
from toban.kernel.secrecy.masking import mask
from toban.kernel.work import Work
from toban.notify.documents import Notification
from toban.postmortems.render import Facts, render
from toban.profile.store import pinned

MOST_READ = 300
"""Alerts and notifications that are looked at; the draft says when there may be more."""


def blob_name(incident: IncidentSnapshot) -> str:
    """Return the name of the draft of this resolution."""
    return f"{drafts_of(incident.service, incident.id)}{incident.generation}.md"


def drafts_of(service: str, incident_id: str) -> str:
    """Return the prefix of the names of all drafts of an incident, one for each resolution."""
    return f"postmortems/{service}/{incident_id}-"


def on_resolved(resolved: IncidentResolved, work: Work) -> None:
    """Write the draft and emit where it is."""
    snapshot = resolved.incident
    incident = work.get(Incident, snapshot.id)
    if incident is None:
        raise TryLater(f"there is no incident {snapshot.id}")
    facts = Facts(
        profile=pinned(work, snapshot.service, snapshot.profile_version),
        resolved=resolved,
        incident=incident.whole(work.get(IncidentSegment, id) for id in incident.segment_ids()),
        alerts=work.find(Alert, ("incident", "==", snapshot.id), limit=MOST_READ),
        notifications=work.find(Notification, ("incident", "==", snapshot.id), limit=MOST_READ),
    )
    name = blob_name(snapshot)
    work.attach(name, mask(render(facts)).encode(), "text/markdown; charset=utf-8")
    work.emit(
        PostmortemDrafted(
            incident_id=snapshot.id, blob=name, at=work.now, environment=snapshot.environment
        )
    )


HANDLERS = Handlers().on(IncidentResolved, Decision(on_resolved))
