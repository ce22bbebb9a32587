"""What time brings: timers of incidents, and the schedules of the platform itself."""

from __future__ import annotations

from typing import Literal

from toban.kernel.environment import PRODUCTION
from toban.kernel.event import Body, Moment, event

ReminderKind = Literal["joined", "reminder"]


@event("toban.escalation.due.v1", topic="escalation-due")
class EscalationDue(Body, frozen=True, kw_only=True):
    """A timer: escalate to `step` unless acknowledged; stale for another generation."""

    incident_id: str
    step: int
    generation: int
    environment: str = PRODUCTION

    def subject(self) -> str:
        """The incident."""
        return f"incidents/{self.incident_id}"


@event("toban.reminder.due.v1", topic="reminder-due")
class ReminderDue(Body, frozen=True, kw_only=True):
    """A timer: people hear of the incident again, unless something has happened since."""

    incident_id: str
    what: ReminderKind
    """``joined``: alerts that joined after the newest page; ``reminder``: nothing happened."""
    at: Moment
    """What the incident has noted; stale when it has noted another time."""
    environment: str = PRODUCTION

    def subject(self) -> str:
        """The incident."""
        return f"incidents/{self.incident_id}"


@event("toban.alert.check-due.v1", topic="alert-check-due")
class AlertCheckDue(Body, frozen=True, kw_only=True):
    """A timer: are an incident's alerts still heard of?"""

    incident_id: str
    at: Moment
    """What the incident has noted; stale when it has noted another time."""
    environment: str = PRODUCTION

    def subject(self) -> str:
        """The incident."""
        return f"incidents/{self.incident_id}"


@event("toban.recheck.due.v1", topic="recheck-due")
class RecheckDue(Body, frozen=True, kw_only=True):
    """A timer: check the alerts of an incident that was resolved by hand while they fired."""

    incident_id: str
    generation: int
    environment: str = PRODUCTION

    def subject(self) -> str:
        """The incident."""
        return f"incidents/{self.incident_id}"


@event("toban.response.due.v1", topic="response-due")
class ResponseDue(Body, frozen=True, kw_only=True):
    """A timer: somebody should have responded by now (a severity's ``respond_within``)."""

    incident_id: str
    at: Moment
    """What the incident has noted; stale when it has noted another time, or none any more."""
    environment: str = PRODUCTION

    def subject(self) -> str:
        """The incident."""
        return f"incidents/{self.incident_id}"


@event("toban.minute.passed.v1", topic="minute-passed")
class MinutePassed(Body, frozen=True, kw_only=True):
    """A minute has passed (Cloud Scheduler)."""


@event("toban.redrive.due.v1", topic="redrive-due")
class RedriveDue(Body, frozen=True, kw_only=True):
    """Dead letters are to be redriven (Cloud Scheduler, or a person)."""


@event("toban.sweep.due.v1", topic="sweep-due")
class SweepDue(Body, frozen=True, kw_only=True):
    """Documents that expire soon are to be checked for whether they are still needed."""
