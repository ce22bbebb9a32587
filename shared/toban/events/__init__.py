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

from toban.events.timers import EscalationDue as EscalationDue
from toban.events.timers import MinutePassed as MinutePassed
from toban.events.timers import RecheckDue as RecheckDue
from toban.events.timers import RedriveDue as RedriveDue
from toban.events.timers import ReminderDue as ReminderDue
from toban.events.timers import ReminderKind as ReminderKind
from toban.events.timers import ResponseDue as ResponseDue
from toban.events.timers import PageTestDue as PageTestDue
from toban.events.timers import ShiftWatchDue as ShiftWatchDue
from toban.events.timers import SweepDue as SweepDue
from toban.events.alerts import AlertAttached as AlertAttached
from toban.events.alerts import AlertCleared as AlertCleared
from toban.events.alerts import AlertFired as AlertFired
from toban.events.alerts import AlertReport as AlertReport
from toban.events.alerts import AlertResolved as AlertResolved
from toban.events.alerts import Link as Link
from toban.events.base import AboutIncident
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
    "unheard", "acknowledged", "resolved", "test", "shift",
]  # fmt: skip
IncidentAction = Literal["acknowledge", "resolve", "reopen", "escalate", "note", "severity"]
BackupAction = Literal["take", "replicate", "verify", "rewrap", "prune", "test-restore"]
RestoreAction = Literal["restore"]
TestPageAction = Literal["test-page", "answer"]
Action = Literal[IncidentAction, BackupAction, RestoreAction, TestPageAction]
"""What a person can ask for."""
ACTIONS: Final[dict[str, tuple[Action, ...]]] = {
    "incidents": get_args(IncidentAction),
    "backups": get_args(BackupAction),
    "restores": get_args(RestoreAction),
    # It is answered by the link in its message alone.
    "test-pages": ("test-page",),
}
"""What can be asked for, by the domain that owns the subject (``incidents/inc-1``)."""


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
    started_at: Moment | None = None
    """When its first alert began, by the sender's clock; None: an earlier release did not say."""
    value: str = ""
    """What that alert measured when the incident opened."""
    threshold: str = ""
    step: int = 0
    """The escalation step that was taken last."""
    next_step_at: Moment | None = None
    """When the next step is taken unless somebody acknowledges; None: there is none."""
    unheard_since: Moment | None = None
    """
    Nothing has been heard of its alerts since then. One that is resolved was closed for that, and
    nobody has said that it is over.
    """


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
    why: str = ""
    """
    What brought it about: how a step was come to, a severity was before, which alert has joined, why
    it was reopened.
    """


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
    proof: str = ""
    """What proves that (`toban.kernel.command`); empty: an earlier release did not say."""
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
class PostmortemDrafted(AboutIncident, frozen=True, kw_only=True):
    """The draft of a postmortem was written."""

    blob: str
    at: Moment
    environment: str = PRODUCTION


# --- notifications ---------------------------------------------------------------------------


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """One of those for whom one message in a shared channel is."""

    target: str
    target_name: str
    address: str = ""
    others: list[str] = []
    """As `NotificationRequested.others`."""


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
    follows: list[str] = []
    """Notifications after which it makes sense; where there are any, it is sent only if one was."""
    replaces: list[str] = []
    """Notifications that failed before this one was asked for (fallback)."""
    others: list[str] = []
    """Channels by which this page reaches the target as well; they are no fallback for this one."""
    together: list[Recipient] = []
    """All for whom this one message is, where they are several; `target` is the first of them."""
    why: str = ""
    """As `PagingEvent.why`."""
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
class PageFailed(AboutIncident, frozen=True, kw_only=True):
    """A page reached nobody."""

    page: Page
    generation: int
    reason: str
    at: Moment
    environment: str = PRODUCTION
