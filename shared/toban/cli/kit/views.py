"""
The read model of the command line: incidents and notifications as people and scripts see them.

Assembled from documents alone, so it needs no runtime. The keys of `incident_view` and
`notification_view` are relied upon by scripts: they may grow, never change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from toban.events import Page
from toban.incidents.documents import Alert, Incident
from toban.incidents.lifecycle import severity_of
from toban.kernel.document import Document, decode
from toban.kernel.event import timestamp
from toban.notify.contacts import reach
from toban.notify.documents import Notification
from toban.ports import Operator, Query, Store, Value
from toban.postmortems.timeline import Line, story
from toban.profile.builtin import BUILTIN, BUILTIN_VERSION
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.profile.store import CurrentProfile, PinnedProfile, pinned_id
from toban.texts import Language

D = TypeVar("D", bound=Document)

RECENT = timedelta(days=7)
_STATUS_ORDER = {"open": 0, "acknowledged": 1, "resolved": 2}
_WORDS = {"claimed": "sending", "done": "sent", "void": "withdrawn"}


def shown_time(moment: datetime | None) -> str | None:
    """A time for scripts: RFC 3339, UTC."""
    return None if moment is None else timestamp(moment)


@dataclass(frozen=True)
class NextStep:
    """What happens unless somebody acknowledges."""

    number: int
    """Counts from 1."""
    at: datetime
    calls: tuple[str, ...]
    """Names of those who are called then, with the channel."""

    def view(self) -> dict[str, Any]:
        """For scripts."""
        return {"step": self.number, "at": timestamp(self.at), "calls": list(self.calls)}


@dataclass
class Reader:
    """Documents, read for showing them."""

    store: Store
    _profiles: dict[tuple[str, str], Profile] = field(default_factory=dict)

    def find(
        self,
        cls: type[D],
        *where: tuple[str, Operator, Value],
        order_by: str | None = None,
        limit: int | None = None,
    ) -> list[D]:
        """Documents that match."""
        query = Query(cls.COLLECTION, tuple(where), order_by, limit)
        return [decode(cls, s.data) for s in self.store.query(query)]

    def get(self, cls: type[D], id_: str) -> D | None:
        """One document."""
        found = self.store.get([cls.key(id_)])[0] if id_ and "/" not in id_ else None
        return None if found is None else decode(cls, found.data)

    def by_prefix(self, cls: type[D], prefix: str, limit: int = 6) -> list[D]:
        """Documents whose id begins so."""
        exact = self.get(cls, prefix)
        if exact is not None:
            return [exact]
        return self.find(cls, ("id", ">=", prefix), ("id", "<", prefix + "\U0010ffff"), limit=limit)

    def incidents(
        self,
        now: datetime,
        *,
        everything: bool = False,
        status: str | None = None,
        service: str | None = None,
    ) -> list[Incident]:
        """Those to list: open ones first, then newest first; old resolved ones when asked for."""
        where: list[tuple[str, Operator, Value]] = []
        if status is not None:
            where.append(("status", "==", status))
        if service is not None:
            where.append(("service", "==", service))
        found = self.find(Incident, *where)
        if not everything and status is None:
            found = [i for i in found if i.resolved_at is None or now - i.resolved_at < RECENT]
        found.sort(key=lambda i: i.opened_at, reverse=True)
        return sorted(found, key=lambda i: _STATUS_ORDER.get(i.status, 3))

    def profile(self, service: str, version: str) -> Profile | None:
        """A version of a service's profile, if the store has it."""
        if version == BUILTIN_VERSION:
            return BUILTIN
        name = (service, version)
        if name not in self._profiles:
            document = self.get(PinnedProfile, pinned_id(service, version))
            if document is None:
                return None
            self._profiles[name] = document.profile
        return self._profiles[name]

    def profiles(self) -> dict[str, Profile]:
        """The current profile of every service."""
        return {d.id: d.profile for d in self.find(CurrentProfile)}

    def zone(self, service: str, version: str = "") -> str:
        """The time zone of a service: by a version of its profile, else by the current one."""
        pinned = self.profile(service, version) if version else None
        if pinned is not None:
            return pinned[SERVICE].timezone
        current = self.get(CurrentProfile, service)
        return current.profile[SERVICE].timezone if current else "UTC"

    def home_zone(self) -> str:
        """The zone for what belongs to no service: that of all services, if they share one."""
        zones = {profile[SERVICE].timezone for profile in self.profiles().values()}
        return zones.pop() if len(zones) == 1 else "UTC"

    def alerts(self, incident: Incident, limit: int = 200) -> list[Alert]:
        """Alerts of an incident."""
        return self.find(Alert, ("incident", "==", incident.id), limit=limit)

    def count_alerts(self, incident: Incident, *, firing: bool = False) -> int:
        """How many alerts an incident has (that fire)."""
        where: list[tuple[str, Operator, Value]] = [("incident", "==", incident.id)]
        if firing:
            where.append(("status", "==", "firing"))
        return self.store.count(Query(Alert.COLLECTION, tuple(where)))

    def notifications(
        self, incident: str | None = None, *, everything: bool = False
    ) -> list[Notification]:
        """Notifications, oldest first; with `everything` also what was never tried."""
        where: list[tuple[str, Operator, Value]] = []
        if incident is not None:
            where.append(("incident", "==", incident))
        return sorted(
            (n for n in self.find(Notification, *where) if everything or not never_tried(n)),
            key=lambda n: (n.sent_at or n.created_at, n.id),
        )

    def next_step(self, incident: Incident) -> NextStep | None:
        """The next escalation step, if one is coming."""
        profile = self.profile(incident.service, incident.profile_version)
        if incident.status != "open" or incident.next_step_at is None or profile is None:
            return None
        page = Page(
            number=len(incident.pages),
            at=incident.next_step_at,
            step=incident.step + 1,
            severity_label=severity_of(incident, profile).label,
            reason="escalated",
        )
        reached = reach(profile, incident.snapshot(), page)
        calls = dict.fromkeys(
            c.display_name
            if c.target.startswith("channel:")
            else f"{c.display_name} ({c.channel_id})"
            for c in reached.contacts
        )
        return NextStep(incident.step + 2, incident.next_step_at, tuple(calls))

    def incident_view(self, incident: Incident) -> dict[str, Any]:
        """One incident of a list, for scripts."""
        following = self.next_step(incident)
        return {
            "id": incident.id,
            "service": incident.service,
            "severity": incident.severity,
            "severity_label": incident.severity_label,
            "status": incident.status,
            "title": incident.title,
            "opened_at": shown_time(incident.opened_at),
            "acknowledged_at": shown_time(incident.acknowledged_at),
            "resolved_at": shown_time(incident.resolved_at),
            "alerts": self.count_alerts(incident),
            "assignee": incident.assignee,
            "next_step": None if following is None else following.view(),
            "remind_at": shown_time(incident.remind_at),
            "rules": incident.rules,
            "resolved_by": incident.resolved_by,
            "postmortem": incident.postmortem,
        }

    def incident_detail(self, incident: Incident, language: Language) -> dict[str, Any]:
        """One incident in full, for scripts."""
        return {
            **self.incident_view(incident),
            "summary": incident.summary,
            "labels": incident.labels,
            "links": [{"title": link.title, "url": link.url} for link in incident.links],
            "started_at": shown_time(incident.started_at),
            "profile_version": incident.profile_version,
            "firing": self.count_alerts(incident, firing=True),
            "timeline": [
                {"at": timestamp(line.at), "kind": line.kind, "text": line.text}
                for line in self.timeline(incident, language)
            ],
            "notifications": [notification_view(n) for n in self.notifications(incident.id)],
            "alert_list": [alert_view(a) for a in self.alerts(incident)],
        }

    def timeline(self, incident: Incident, language: Language) -> list[Line]:
        """The incident's own timeline merged with its alerts and what was sent."""
        return story(language, incident, self.alerts(incident), self.notifications(incident.id))


def alert_view(alert: Alert) -> dict[str, Any]:
    """One alert, for scripts."""
    return {
        "id": alert.id,
        "source": alert.source,
        "rule": alert.rule,
        "title": alert.title,
        "status": alert.status,
        "severity_label": alert.severity_label,
        "starts_at": shown_time(alert.starts_at),
        "ends_at": shown_time(alert.ends_at),
    }


def never_tried(notification: Notification) -> bool:
    """
    Whether it only marks that this must not be sent any more.

    Closing an incident leaves such a record for everything that might still have been asked for
    (every fallback of every channel), so they are no news.
    """
    return notification.state == "void" and notification.attempts == 0


def status_word(notification: Notification) -> str:
    """sending, waiting, sent, failed or withdrawn."""
    return _WORDS.get(notification.state, notification.state)


def notification_view(notification: Notification) -> dict[str, Any]:
    """One notification, for scripts."""
    return {
        "id": notification.id,
        "incident": notification.incident,
        "target": notification.target,
        "channel": notification.channel,
        "status": status_word(notification),
        "attempts": notification.attempts,
        "sent_at": shown_time(notification.sent_at),
        "kind": notification.kind,
        "target_name": notification.target_name,
        "address": notification.address,
        "page": notification.page,
        "created_at": shown_time(notification.created_at),
        "error": notification.error,
    }


def one_of(found: Iterable[D]) -> D | None:
    """The only one there is."""
    several = list(found)
    return several[0] if len(several) == 1 else None
