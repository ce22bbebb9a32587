"""The vocabulary of alerts: what a monitoring system says, and what it means to an incident."""

from __future__ import annotations

import msgspec

from toban.events.base import AboutIncident
from toban.kernel.environment import PRODUCTION
from toban.kernel.event import Body, Moment, event


class Link(msgspec.Struct, frozen=True):
    """A link for people."""

    title: str
    url: str


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
    """What was measured, as the sender writes it."""
    threshold: str = ""
    """What it was held against."""
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
class AlertAttached(AboutIncident, frozen=True, kw_only=True):
    """A firing alert joined an incident that existed already."""

    alert_id: str
    rule: str
    title: str
    severity: int
    severity_label: str
    at: Moment
    began_at: Moment | None = None
    """The newest beginning reported of its occurrence; None: an earlier release did not say."""
    environment: str = PRODUCTION


@event("toban.alert.cleared.v1", topic="alert-cleared")
class AlertCleared(AboutIncident, frozen=True, kw_only=True):
    """An alert of an incident stopped firing, or nothing was heard of it for too long."""

    alert_id: str
    title: str
    at: Moment
    environment: str = PRODUCTION
    unheard_since: Moment | None = None
    """It has expired; None: its sender has said that it is over."""
