"""
Alerts that nothing is heard of any more: their sender is gone, or never says that they are over.

Nobody knows whether such an alert is over, so it is told as what it is. It ends by itself only where
the profile says after how long, and that is no resolution either.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.events import AlertCheckDue, AlertCleared, IncidentReminded
from toban.incidents.documents import Alert, Incident
from toban.incidents.grouping.section import GROUPING, Grouping
from toban.incidents.lifecycle import (
    call,
    check_alerts_at,
    is_called_for,
    note_since,
    profile_of,
)
from toban.incidents.opening.occurrences import grouping_of, heard_of
from toban.kernel.status import move
from toban.kernel.work import Work
from toban.profile.store import current

MOST_CHECKED = 200
"""Alerts looked at in one check; while so many are heard of, their incident is no forgotten one."""
MOST_EXPIRED = 100
"""Alerts that one check ends: each is a write of its batch. The others follow a minute later."""
SOON = timedelta(minutes=1)


def cleared(alert: Alert, work: Work, unheard_since: datetime | None = None) -> None:
    """Have the incident of an alert that fires no more settled."""
    if alert.incident is not None:
        work.emit(
            AlertCleared(
                incident_id=alert.incident,
                alert_id=alert.id,
                title=alert.title,
                at=work.now,
                environment=alert.environment,
                unheard_since=unheard_since,
            )
        )


@dataclass(frozen=True, eq=False)
class _Firing:
    """A firing alert, when it was last heard of, and what the profile makes of its silence."""

    alert: Alert
    heard: datetime
    unheard_after: timedelta
    expiry: timedelta | None

    @classmethod
    def of(cls, alert: Alert, grouping: Grouping, over: bool, work: Work) -> _Firing:
        """`over`: a person has said so."""
        own = grouping_of(alert, grouping)
        heard = heard_of(alert, work.now) or _heard_now(alert, work)
        return cls(alert, heard, own.unheard_after, own.unheard_after if over else own.expiry)

    def is_silent(self, after: timedelta | None, now: datetime) -> bool:
        """Whether nothing was heard of it for so long; None: never."""
        return after is not None and now - self.heard >= after

    def next_look(self, now: datetime) -> datetime:
        """When it is to be told of, or ends, unless it is heard of; that it has: at the next."""
        moments = [self.heard + self.unheard_after]
        if self.expiry is not None:
            moments.append(self.heard + self.expiry)
        return min((at for at in moments if at > now), default=now + self.unheard_after)


def on_check_due(due: AlertCheckDue, work: Work) -> None:
    """
    Tell once that an incident's alerts are not heard of any more, and end those that have expired.

    The profile of now decides: whoever lets alerts expire means those that are open, too.
    """
    incident = work.get(Incident, due.incident_id)
    if incident is None or incident.check_at != due.at:
        return
    grouping = _grouping_of(incident, work)
    # Who resolved it by hand has said that it is over: what is not heard of then need not wait.
    over = incident.status == "resolved"
    alerts = work.find(
        Alert, ("incident", "==", incident.id), ("status", "==", "firing"), limit=MOST_CHECKED
    )
    firing = [_Firing.of(alert, grouping, over, work) for alert in alerts]
    expired = [each for each in firing if each.is_silent(each.expiry, work.now)]
    for each in expired[:MOST_EXPIRED]:
        _expire(each.alert.id, work)
    silent = [
        each
        for each in firing
        if each not in expired and each.is_silent(each.unheard_after, work.now)
    ]
    if silent and len(silent) + len(expired) == len(firing):
        _tell(incident, max(silent, key=lambda each: each.heard).alert, work)
    elif not expired:
        incident.unheard_since = None
    following = [work.now + grouping.unheard_after]
    following += [each.next_look(work.now) for each in firing]
    if len(expired) > MOST_EXPIRED:
        following.append(work.now)
    incident.check_at = None
    if not over or len(firing) > len(expired[:MOST_EXPIRED]):
        check_alerts_at(incident, work, max(min(following), work.now + SOON))
    work.put(incident)


def _grouping_of(incident: Incident, work: Work) -> Grouping:
    found = current(work).get(incident.service)
    profile = profile_of(incident, work) if found is None else found.profile
    return profile[GROUPING]


def _heard_now(alert: Alert, work: Work) -> datetime:
    """A clock that was ahead wrote when it was heard of: from now on it is known."""
    stored = work.get(Alert, alert.id)
    if stored is not None:
        stored.heard_at = work.now
        work.put(stored)
    return work.now


def _expire(alert_id: str, work: Work) -> None:
    alert = work.get(Alert, alert_id)
    since = None if alert is None else heard_of(alert, work.now)
    if alert is None or since is None or alert.status != "firing":
        return
    move(alert, "resolved")
    alert.expired_at = work.now
    alert.ends_at = None
    work.put(alert)
    cleared(alert, work, unheard_since=since)


def _tell(incident: Incident, newest: Alert, work: Work) -> None:
    """
    Note it once, and tell the assignee.

    Where nobody has the incident, its steps and repetitions call people anyway.
    """
    since = heard_of(newest, work.now)
    if since is None or incident.unheard_since is not None:
        return
    incident.unheard_since = since
    note_since(incident, work, "unheard", since, alert=newest.title)
    if incident.status == "acknowledged" and is_called_for(incident, profile_of(incident, work)):
        page = call(incident, work, "unheard", to=incident.assignee)
        work.emit(IncidentReminded(incident=incident.snapshot(), page=page))
