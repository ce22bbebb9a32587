"""What time brings: timers of incidents, and the schedules of the platform itself."""

from __future__ import annotations

from typing import Literal

from toban.events.base import AboutIncident
from toban.kernel.environment import PRODUCTION
from toban.kernel.event import Body, Moment, event

ReminderKind = Literal["joined", "reminder"]


@event("toban.escalation.due.v1", topic="escalation-due")
class EscalationDue(AboutIncident, frozen=True, kw_only=True):
    """A timer: escalate to `step` unless acknowledged; stale for another generation."""

    step: int
    generation: int
    environment: str = PRODUCTION


@event("toban.reminder.due.v1", topic="reminder-due")
class ReminderDue(AboutIncident, frozen=True, kw_only=True):
    """A timer: people hear of the incident again, unless something has happened since."""

    what: ReminderKind
    """``joined``: alerts that joined after the newest page; ``reminder``: nothing happened."""
    at: Moment
    """What the incident has noted; stale when it has noted another time."""
    environment: str = PRODUCTION


@event("toban.alert.check-due.v1", topic="alert-check-due")
class AlertCheckDue(AboutIncident, frozen=True, kw_only=True):
    """A timer: are an incident's alerts still heard of?"""

    at: Moment
    """What the incident has noted; stale when it has noted another time."""
    environment: str = PRODUCTION


@event("toban.recheck.due.v1", topic="recheck-due")
class RecheckDue(AboutIncident, frozen=True, kw_only=True):
    """A timer: check the alerts of an incident that was resolved by hand while they fired."""

    generation: int
    environment: str = PRODUCTION


@event("toban.response.due.v1", topic="response-due")
class ResponseDue(AboutIncident, frozen=True, kw_only=True):
    """A timer: somebody should have responded by now (a severity's ``respond_within``)."""

    at: Moment
    """What the incident has noted; stale when it has noted another time, or none any more."""
    environment: str = PRODUCTION


@event("toban.test.page-due.v1", topic="test-page-due")
class PageTestDue(Body, frozen=True, kw_only=True):
    """A timer: a test page should have been answered by now."""

    test: str
    """Id of the test page."""

    def subject(self) -> str:
        """The test page."""
        return f"test-pages/{self.test}"


@event("toban.shift.watch-due.v1", topic="shift-watch-due")
class ShiftWatchDue(Body, frozen=True, kw_only=True):
    """Whoever comes on duty soon is to be looked at: have they ever answered a test page?"""


@event("toban.minute.passed.v1", topic="minute-passed")
class MinutePassed(Body, frozen=True, kw_only=True):
    """A minute has passed (Cloud Scheduler)."""


@event("toban.redrive.due.v1", topic="redrive-due")
class RedriveDue(Body, frozen=True, kw_only=True):
    """Dead letters are to be redriven (Cloud Scheduler, or a person)."""


@event("toban.sweep.due.v1", topic="sweep-due")
class SweepDue(Body, frozen=True, kw_only=True):
    """Documents that expire soon are to be checked for whether they are still needed."""
