"""
The vocabulary: the body of every event, with its CloudEvents type and topic.

Bodies carry what their consumers need, so that most handlers read nothing. Severity is internal
(1 the worst to 4) beside the service's own label. All times are aware UTC.

`environment` is decided where something is taken in (an alert by triage, a backup when it is started):
what comes from outside or by the clock before that does not say it, what is emitted from there does.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

import msgspec

from toban.events.timers import AlertCheckDue as AlertCheckDue
from toban.events.timers import EscalationDue as EscalationDue
from toban.events.timers import RecheckDue as RecheckDue
from toban.events.timers import ReminderDue as ReminderDue
from toban.events.timers import ReminderKind as ReminderKind
from toban.kernel.command import Command
from toban.kernel.environment import PRODUCTION
from toban.kernel.event import Body, Moment, event
from toban.kernel.handling.parking import MessageParked as MessageParked

IncidentStatus = Literal["open", "acknowledged", "resolved"]
PageReason = Literal[
    "opened", "escalated", "raised", "joined", "reopened", "reminded", "expired", "repeated", "unheard"
]  # fmt: skip
NotificationKind = Literal[
    "opened", "escalated", "raised", "joined", "reopened", "reminded", "expired", "repeated",
    "unheard", "acknowledged", "resolved",
]  # fmt: skip
IncidentAction = Literal["acknowledge", "resolve", "reopen", "escalate", "note", "severity"]
BackupAction = Literal["take", "replicate", "verify", "prune", "test-restore"]
RestoreAction = Literal["restore"]
Action = Literal[IncidentAction, BackupAction, RestoreAction]
"""What a person can ask for."""
ACTIONS: Final[dict[str, tuple[Action, ...]]] = {
    "incidents": get_args(IncidentAction),
    "backups": get_args(BackupAction),
    "restores": get_args(RestoreAction),
}
"""What can be asked for, by the domain that owns the subject (``incidents/inc-1``)."""


class Link(msgspec.Struct, frozen=True):
    """A link for people."""

    title: str
    url: str


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One moment at which an incident calls people: who, follows from step, severity and time."""

    number: int
    """Counts the pages of an incident from 0."""
    at: Moment
    step: int
    """Escalation step whose targets are called."""
    severity_label: str
    reason: PageReason
    to: str = ""
    """Whom a reminder is for (the assignee); empty: those whom the step names."""


class IncidentSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """An incident as it was when the event was emitted."""

    id: str
    service: str
    profile_version: str
    title: str
    summary: str
    status: IncidentStatus
    severity: int
    severity_label: str
    rules: list[str]
    opened_at: Moment
    acknowledged_at: Moment | None = None
    resolved_at: Moment | None = None
    assignee: str = ""
    generation: int = 0
    """Grows when an escalation starts anew or ends; timers of an older one do nothing."""
    links: list[Link] = []
    labels: dict[str, str] = {}
    """Labels of the alert that opened it."""
    remind_at: Moment | None = None
    """When it comes back to people unless something happens."""
    environment: str = PRODUCTION
    unheard_since: Moment | None = None
    """
    Nothing has been heard of its alerts since then. One that is resolved was closed for that, and
    nobody has said that it is over.
    """


# --- alerts ----------------------------------------------------------------------------------


class AlertReport(Body, frozen=True, kw_only=True):
    """What a monitoring system says of one alert (one fingerprint)."""

    source: str
    """``cloud-monitoring``, ``alertmanager``, ``generic``, ``backups``, ``toban``."""
    fingerprint: str
    """The same for every message about this alert, whatever its state."""
    rule: str
    """Name of the alerting rule, policy or condition."""
    title: str
    summary: str = ""
    severity: str = ""
    """The sender's word; empty when it says none."""
    labels: dict[str, str] = {}
    starts_at: Moment
    """When it began to fire, by the sender's clock: names the occurrence."""
    dated: bool = True
    """False: the sender gave no such time and `starts_at` is the time of receipt."""
    current: bool = False
    """
    Each post of this sender tells what is so when it posts (Alertmanager): a later one outweighs
    an earlier one whatever their times say, and a repetition is news of its own.
    """
    ends_at: Moment | None = None
    value: str = ""
    links: list[Link] = []

    def subject(self) -> str:
        """The alert, by source and fingerprint."""
        return f"alerts/{self.source}/{self.fingerprint}"[:200]


@event("toban.alert.fired.v1", topic="alert-fired")
class AlertFired(AlertReport, frozen=True, kw_only=True):
    """An alert fires (or still fires)."""


@event("toban.alert.resolved.v1", topic="alert-resolved")
class AlertResolved(AlertReport, frozen=True, kw_only=True):
    """An alert has stopped firing."""


@event("toban.alert.attached.v1", topic="alert-attached")
class AlertAttached(Body, frozen=True, kw_only=True):
    """A firing alert joined an incident that existed already."""

    incident_id: str
    alert_id: str
    rule: str
    title: str
    severity: int
    severity_label: str
    at: Moment
    began_at: Moment | None = None
    """The newest beginning reported of its occurrence; None: an earlier release did not say."""
    environment: str = PRODUCTION

    def subject(self) -> str:
        """The incident."""
        return f"incidents/{self.incident_id}"


@event("toban.alert.cleared.v1", topic="alert-cleared")
class AlertCleared(Body, frozen=True, kw_only=True):
    """An alert of an incident stopped firing, or nothing was heard of it for too long."""

    incident_id: str
    alert_id: str
    title: str
    at: Moment
    environment: str = PRODUCTION
    unheard_since: Moment | None = None
    """It has expired; None: its sender has said that it is over."""

    def subject(self) -> str:
        """The incident."""
        return f"incidents/{self.incident_id}"


# --- incidents -------------------------------------------------------------------------------


class IncidentEvent(Body, frozen=True, kw_only=True):
    """Something happened to an incident."""

    incident: IncidentSnapshot

    def subject(self) -> str:
        """The incident."""
        return f"incidents/{self.incident.id}"


class PagingEvent(IncidentEvent, frozen=True, kw_only=True):
    """Something happened that people are called for."""

    page: Page


@event("toban.incident.opened.v1", topic="incident-opened")
class IncidentOpened(PagingEvent, frozen=True, kw_only=True):
    """An incident was opened."""


@event("toban.incident.escalated.v1", topic="incident-escalated")
class IncidentEscalated(PagingEvent, frozen=True, kw_only=True):
    """The next escalation step was taken: nobody acknowledged, nobody was reached, or by hand."""

    by: str = ""
    """Who asked for it; empty: time or an unreachable step."""


@event("toban.incident.raised.v1", topic="incident-raised")
class IncidentRaised(PagingEvent, frozen=True, kw_only=True):
    """The severity of an incident rose, or an alert joined that its people have not heard of."""

    by: str = ""


@event("toban.incident.reopened.v1", topic="incident-reopened")
class IncidentReopened(PagingEvent, frozen=True, kw_only=True):
    """A resolved incident was reopened."""

    by: str = ""


@event("toban.incident.reminded.v1", topic="incident-reminded")
class IncidentReminded(PagingEvent, frozen=True, kw_only=True):
    """Nothing has happened to an incident for long: a reminder, or, after it, another page."""


@event("toban.incident.acknowledged.v1", topic="incident-acknowledged")
class IncidentAcknowledged(IncidentEvent, frozen=True, kw_only=True):
    """Somebody has acknowledged an incident."""

    by: str
    pages: list[Page]


@event("toban.incident.resolved.v1", topic="incident-resolved")
class IncidentResolved(IncidentEvent, frozen=True, kw_only=True):
    """An incident was resolved."""

    by: str
    """The person, or empty when all its alerts were resolved."""
    pages: list[Page]
    """Everything that was opened with people and has to be closed there."""


@event("toban.command.issued.v1", topic="command-issued")
class CommandIssued(Command, frozen=True, kw_only=True):
    """A person wants something done with an incident, a backup, a restore."""

    incident_id: str = ""
    """The incident, as the release before `subject` knows it."""
    action: Action
    note: str = ""
    severity_label: str = ""
    arguments: dict[str, str] = {}
    """What the action needs besides, as the subject's domain reads it."""

    def subject(self) -> str:
        """What it is about; the release before said only the incident."""
        return self.about or f"incidents/{self.incident_id}"


@event("toban.postmortem.drafted.v1", topic="postmortem-drafted")
class PostmortemDrafted(Body, frozen=True, kw_only=True):
    """The draft of a postmortem was written."""

    incident_id: str
    blob: str
    at: Moment
    environment: str = PRODUCTION

    def subject(self) -> str:
        """The incident."""
        return f"incidents/{self.incident_id}"


# --- notifications ---------------------------------------------------------------------------


@event("toban.notification.requested.v1", topic="notification-requested")
class NotificationRequested(Body, frozen=True, kw_only=True):
    """One message to one target by one channel."""

    notification_id: str
    kind: NotificationKind
    incident: IncidentSnapshot
    page: int
    """Number of the page it belongs to."""
    target: str
    """``person:ID`` or ``channel:ID``."""
    target_name: str
    address: str = ""
    """Email address or Slack member id of the person; empty: the channel's own."""
    channel: str
    """Channel id in the profile; its settings are read from the pinned profile version."""
    language: Literal["ja", "en"] = "ja"
    contacts: int = 1
    """How many (target, channel) pairs this page has."""
    by: str = ""
    """Who acknowledged, resolved, reopened or escalated."""
    closes: list[str] = []
    """Notifications that this one closes; it is sent only if one of them was."""
    replaces: list[str] = []
    """Notifications that failed before this one was asked for (fallback)."""
    others: list[str] = []
    """Channels by which this page reaches the target as well; they are no fallback for this one."""
    unreached: list[str] = []
    """Whom this page could not reach at all, and why, for those whom it does reach."""

    def subject(self) -> str:
        """The notification."""
        return f"notifications/{self.notification_id}"


@event("toban.notification.failed.v1", topic="notification-failed")
class NotificationFailed(Body, frozen=True, kw_only=True):
    """A notification failed permanently on one channel."""

    request: NotificationRequested
    error: str
    fallback: str = ""
    """The channel used next; empty: there is none, the target was not reached this way."""
    at: Moment

    def subject(self) -> str:
        """The notification."""
        return f"notifications/{self.request.notification_id}"


@event("toban.page.failed.v1", topic="page-failed")
class PageFailed(Body, frozen=True, kw_only=True):
    """A page reached nobody."""

    incident_id: str
    page: Page
    generation: int
    reason: str
    at: Moment
    environment: str = PRODUCTION

    def subject(self) -> str:
        """The incident."""
        return f"incidents/{self.incident_id}"


# --- schedules -------------------------------------------------------------------------------


@event("toban.minute.passed.v1", topic="minute-passed")
class MinutePassed(Body, frozen=True, kw_only=True):
    """A minute has passed (Cloud Scheduler)."""


@event("toban.redrive.due.v1", topic="redrive-due")
class RedriveDue(Body, frozen=True, kw_only=True):
    """Dead letters are to be redriven (Cloud Scheduler, or a person)."""


@event("toban.sweep.due.v1", topic="sweep-due")
class SweepDue(Body, frozen=True, kw_only=True):
    """Documents that expire soon are to be checked for whether they are still needed."""
