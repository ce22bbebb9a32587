"""The documents of the incidents domain: alerts, the open incidents of each service, incidents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import ClassVar, Literal

import msgspec

from toban.events import IncidentSnapshot, IncidentStatus, Link, Page
from toban.kernel.clock.skew import not_ahead
from toban.kernel.document import Document, Keep
from toban.kernel.environment import PRODUCTION
from toban.kernel.status import Transitions
from toban.ports import Key

AlertStatus = Literal["firing", "resolved", "event"]

OWN = "toban"
"""Source of the alerts that the platform raises about itself."""


OWN_SOURCES = (OWN, "backups")
"""Sources that say themselves when it is over, whatever time that takes: their silence means nothing."""

REPEATING_SOURCES = ("alertmanager",)
"""
Sources that say again and again what fires: only of their silence something may follow. Others report an
alert once, and once more when it is over.
"""


class Alert(Document, kw_only=True):
    """
    One alert, through all its occurrences.

    It points at its incident; the incident does not list its alerts, so that many alerts write
    each alert once and the incident hardly ever. When it fires again in another incident, a
    `record` of it stays with the one it leaves. A resolved alert without incident records a
    resolution that came before its firing.
    """

    COLLECTION: ClassVar[str] = "alerts"
    KEEP = Keep.days(
        90,
        "after they were resolved, and while their incident is open: a quarter, whether a rule is worth "
        "its pages; they hold a sender's labels",
        "解消してから。インシデントが未解決のあいだも残る。四半期。そのルールで呼び出す価値があるかを見るため。"
        "送信元のラベルが入っている",
    )

    STATUS = Transitions(
        first=("firing", "event", "resolved"),
        then={
            "firing": ("resolved",),
            "resolved": ("firing", "event"),
            "event": ("firing", "resolved"),
        },
    )

    service: str
    source: str
    fingerprint: str
    rule: str
    title: str
    status: AlertStatus
    """``event``: it happened once and never resolves by itself (a parked message, nobody
    reached)."""
    severity: int
    severity_label: str
    starts_at: datetime
    """Beginning of the newest occurrence known: the earliest one reported of it."""
    newest_start: datetime | None = None
    """The latest beginning reported of that occurrence; None: `starts_at`."""
    ends_at: datetime | None = None
    heard_at: datetime | None = None
    """
    When the report came in that its state follows from. While it fires, repetitions renew it, at
    most every `Grouping.note_heard_each`.
    """
    expired_at: datetime | None = None
    """When it was closed because nothing had been heard of it since `heard_at`."""
    incident: str | None = None
    attached_at: datetime | None = None
    labels: dict[str, str] = {}
    environment: str = PRODUCTION

    def over_since(self) -> datetime | None:
        """Return when the report that ended it came in, or the only one there will be (our clock)."""
        if self.status == "firing":
            return None
        return (
            self.expired_at or self.heard_at or self.attached_at or self.ends_at or self.starts_at
        )

    @property
    def is_record(self) -> bool:
        """Whether this is what an incident kept of an alert that has left it."""
        return "." in self.id

    def record(self) -> Alert:
        """Return what stays with its incident when it fires again in another one."""
        return msgspec.structs.replace(self, id=f"{self.id}.{self.incident}")

    def holders(self) -> Sequence[Key]:
        """Return its incident, which it keeps open and whose story needs it."""
        return () if self.incident is None else (Incident.key(self.incident),)


class OpenIncident(msgspec.Struct, frozen=True, kw_only=True):
    """An incident that alerts may join."""

    key: str
    incident: str
    opened_at: datetime


class Group(Document, kw_only=True):
    """The open incidents of one environment of a service. Changes when one opens or closes."""

    COLLECTION: ClassVar[str] = "groups"
    KEEP = Keep.always("one for each environment of a service, of open incidents only")

    open: list[OpenIncident] = []
    told_full: bool = False
    """Somebody has been told that too many are open."""


def group_id(service: str, environment: str) -> str:
    """
    Return where the open incidents of an environment are listed.

    Of production under the service alone, as before there were environments. Alerts of two
    environments never share an incident, nor count towards each other's ``max_open``.
    """
    return service if environment == PRODUCTION else f"{service}@{environment}"


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an incident's timeline; `kind` names the text in the catalogue."""

    at: datetime
    kind: str
    actor: str = ""
    detail: dict[str, str] = {}


class Incident(Document, kw_only=True):
    """One incident. Changes only when its own state does."""

    COLLECTION: ClassVar[str] = "incidents"
    KEEP = Keep.days(
        400,
        "after they were resolved, with the drafts of their postmortems: a year, and time to look back "
        "on it",
        "解決してから。ポストモーテムの下書きも同じ。一年と、振り返る時間",
    )

    STATUS = Transitions(
        first=("open",),
        then={
            "open": ("acknowledged", "resolved"),
            "acknowledged": ("open", "resolved"),
            "resolved": ("open",),
        },
    )

    service: str
    profile_version: str
    """Pinned when it opened: a new profile never disturbs a running escalation."""
    group_key: str
    title: str
    summary: str = ""
    status: IncidentStatus = "open"
    severity: int
    severity_label: str
    environment: str = PRODUCTION
    rules: list[str] = []
    labels: dict[str, str] = {}
    links: list[Link] = []
    opened_at: datetime
    started_at: datetime
    """When its first alert began, by the sender's clock."""
    value: str = ""
    """What that alert measured when the incident opened."""
    threshold: str = ""
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    assignee: str = ""
    resolved_by: str = ""
    generation: int = 0
    escalating_since: datetime
    """What the steps of the escalation count from."""
    step: int = 0
    next_step_at: datetime | None = None
    remind_at: datetime | None = None
    """When it comes back to people unless something happens; a timer for another time is stale."""
    respond_by: datetime | None = None
    """By when somebody is to respond; None: somebody has, it is noted as missed, or no target is set."""
    reminded: bool = False
    """Whoever acknowledged has been reminded: next, the acknowledgement runs out."""
    repeats: int = 0
    """How often its steps were taken anew with nobody answering: ever more rarely."""
    tell_joined_at: datetime | None = None
    """When people are called for what has joined since the newest page."""
    untold_since: datetime | None = None
    """When the first of that joined."""
    check_at: datetime | None = None
    """When it is looked at whether its alerts are still heard of; a timer for another time is stale."""
    unheard_since: datetime | None = None
    """As in `IncidentSnapshot`."""
    pages: list[Page] = []
    """The newest; older ones stand in segments (`toban.incidents.history`)."""
    earlier_pages: list[Page] = []
    """Of those in segments, the newest of each kind."""
    unreached: dict[str, list[str]] = {}
    """Page number → the page's notifications that failed for good, fallbacks included."""
    timeline: list[TimelineEntry] = []
    """Its beginning and its end; what is between them stands in segments."""
    kept_first: int = 0
    """How many lines of `timeline` are its beginning; 0: nothing was taken out."""
    overflow: list[TimelineEntry] = []
    """What was taken out and stands in no segment yet."""
    segments: int = 0
    postmortem: str = ""
    """Blob name of the draft."""

    def over_since(self) -> datetime | None:
        """Return when it was resolved."""
        return self.resolved_at if self.status == "resolved" else None

    def called_since_taken(self, now: datetime) -> datetime | None:
        """
        Return when people were newly called (a reminder counts) after the acknowledgement.

        None: not since then. Where a clock that was ahead wrote the acknowledgement, any page
        may have come after it.
        """
        since = not_ahead(self.acknowledged_at, now)
        later = (p.at for p in (*self.earlier_pages, *self.pages) if since is None or p.at > since)
        return max(later, default=None)

    def segment_ids(self) -> list[str]:
        """Return the ids of its segments, the oldest first."""
        return [f"{self.id}.{number}" for number in range(self.segments)]

    def whole(self, found: Iterable[IncidentSegment | None]) -> Incident:
        """
        Return the incident with its whole timeline and all its pages, to read only, never
        to put.

        `found`: the segments that exist under its `segment_ids`.
        """
        segments = [segment for segment in found if segment is not None]
        first, last = self.timeline[: self.kept_first], self.timeline[self.kept_first :]
        middle = [entry for segment in segments for entry in segment.timeline]
        unreached = dict(self.unreached)
        for segment in segments:
            unreached |= segment.unreached
        return msgspec.structs.replace(
            self,
            timeline=[*first, *middle, *self.overflow, *last],
            pages=[page for segment in segments for page in segment.pages] + self.pages,
            unreached=unreached,
        )

    def snapshot(self) -> IncidentSnapshot:
        """Return the incident as events carry it."""
        return IncidentSnapshot(
            id=self.id,
            service=self.service,
            profile_version=self.profile_version,
            title=self.title,
            summary=self.summary,
            status=self.status,
            severity=self.severity,
            severity_label=self.severity_label,
            rules=list(self.rules),
            opened_at=self.opened_at,
            acknowledged_at=self.acknowledged_at,
            resolved_at=self.resolved_at,
            assignee=self.assignee,
            generation=self.generation,
            links=list(self.links),
            labels=dict(self.labels),
            remind_at=self.remind_at,
            environment=self.environment,
            started_at=self.started_at,
            value=self.value,
            threshold=self.threshold,
            step=self.step,
            next_step_at=self.next_step_at,
            unheard_since=self.unheard_since,
        )


class IncidentSegment(Document, kw_only=True):
    """Older lines and pages of an incident (id: ``<incident>.<number>``); it never changes."""

    COLLECTION: ClassVar[str] = "incident_segments"
    KEEP = Keep.days(
        400,
        "as their incident, of which they are a part",
        "その一部であるインシデントと同じ",
    )
    IS_PART = True

    incident: str
    number: int
    at: datetime
    """When it was split off."""
    timeline: list[TimelineEntry] = []
    pages: list[Page] = []
    unreached: dict[str, list[str]] = {}

    def over_since(self) -> datetime:
        """Return when it was written; its incident decides how long it is kept."""
        return self.at

    def holders(self) -> Sequence[Key]:
        """Return its incident."""
        return (Incident.key(self.incident),)
