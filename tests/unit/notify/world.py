"""A service with people and channels, and a way to run the two functions on it by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from tests.profiles import Profile
from toban.channels.console.kind import ConsoleChannel
from toban.channels.email.kind import EmailChannel
from toban.channels.slack.kind import SlackChannel
from toban.channels.webhook.kind import WebhookChannel
from toban.escalation.section import Escalation, EscalationStep
from toban.events import (
    IncidentAcknowledged,
    IncidentEscalated,
    IncidentOpened,
    IncidentRaised,
    IncidentReopened,
    IncidentResolved,
    IncidentSnapshot,
    Link,
    NotificationRequested,
    Page,
)
from toban.kernel.event import Body, Event, to_message
from toban.kernel.outgoing import Senders
from toban.notify import deliver
from toban.notify.documents import Notification
from toban.notify.page import HANDLERS
from toban.oncall.section import Rotation
from toban.people.section import Person
from toban.ports import Delivered
from toban.profile.section import Service
from toban.profile.version import profile_version
from toban.severities.section import Severity
from toban.strictyaml.values import Seconds
from toban.testing import NOON, ListSenders, TestPlatform

PROFILE = Profile(
    service=Service(id="shop", name="ショップ", name_en="Shop"),
    severities=(
        Severity(
            label="Critical",
            level=1,
            respond_within=Seconds(900),
            via=("slack", "mail"),
            notify=("channel:hook",),
            postmortem=True,
        ),
        Severity(label="Warning", level=2, via=("mail",)),
        Severity(label="Info", level=4, notify=("channel:hook",)),
        Severity(label="Silent", level=4),
    ),
    channels={
        "slack": SlackChannel(webhook_secret="SLACK_WEBHOOK_OPS", fallback="mail"),
        "room": SlackChannel(token_secret="SLACK_BOT_TOKEN", channel="C0ROOM", fallback="slack"),
        "mail": EmailChannel(sender="toban@shop.test", fallback="last"),
        "hook": WebhookChannel(url="https://hooks.shop.test/in", fallback="last"),
        "last": ConsoleChannel(),
    },
    people={
        "aoki": Person(name="青木", email="aoki@shop.test", slack="U0AOKI"),
        "baba": Person(name="Baba", email="baba@shop.test", language="en", timezone="Europe/Paris"),
        "endo": Person(name="遠藤"),
    },
    oncall=Rotation(members=("aoki", "baba"), first_shift=date(2026, 11, 23)),
    escalation=(
        Escalation(
            severities=("Critical",),
            steps=(
                EscalationStep(after=Seconds(0), notify=("oncall:primary", "channel:room")),
                EscalationStep(after=Seconds(900), notify=("oncall:secondary",), via=("mail",)),
            ),
        ),
        Escalation(
            severities=("Warning",),
            steps=(EscalationStep(after=Seconds(0), notify=("person:aoki", "person:nobody")),),
        ),
    ),
)


def incident(**changes: object) -> IncidentSnapshot:
    """An open, critical incident."""
    snapshot = IncidentSnapshot(
        id="inc-7",
        service="shop",
        profile_version=profile_version(PROFILE),
        title="注文APIのエラー率",
        summary="5xx が 12% を超えました",
        status="open",
        severity=1,
        severity_label="Critical",
        rules=["api-errors"],
        opened_at=NOON,
        generation=1,
        links=[Link("Runbook", "https://wiki.shop.test/runbook?a=1&b=2")],
        labels={"region": "asia-northeast1"},
    )
    return msgspec.structs.replace(snapshot, **changes)


def page(number: int = 0, step: int = 0, reason: str = "opened", label: str = "Critical") -> Page:
    return Page(
        number=number,
        at=NOON + timedelta(minutes=15 * number),
        step=step,
        severity_label=label,
        reason=reason,
    )


PAGING = {
    "opened": IncidentOpened,
    "escalated": IncidentEscalated,
    "raised": IncidentRaised,
    "reopened": IncidentReopened,
}


def paging(number: int = 0, reason: str = "opened", **changes: object) -> Body:
    """An event that calls people."""
    of = incident(**changes)
    step = 1 if reason == "escalated" else 0
    return PAGING[reason](incident=of, page=page(number, step, reason, of.severity_label))


def acknowledged(
    *pages: Page, by: str = "青木", proof: str = "link:person:aoki"
) -> IncidentAcknowledged:
    snapshot = incident(status="acknowledged", acknowledged_at=NOON, assignee=by, generation=2)
    return IncidentAcknowledged(incident=snapshot, by=by, proof=proof, pages=list(pages))


def resolved(*pages: Page, by: str = "", **changes: object) -> IncidentResolved:
    given: dict[str, object] = {
        "status": "resolved",
        "resolved_at": NOON + timedelta(hours=1),
        "generation": 3,
    }
    return IncidentResolved(incident=incident(**{**given, **changes}), by=by, pages=list(pages))


class Crash(BaseException):
    """The process dies."""


class World(TestPlatform):
    """The two functions around notifications; `die` names the commit at which the process dies."""

    def __init__(self, senders: Senders | None = None, profile: Profile = PROFILE) -> None:
        outside = senders or ListSenders()
        tables = {"page_responders": HANDLERS, "deliver_notification": deliver.handlers(outside)}
        super().__init__(profile, handlers=tables, senders=outside)
        self.die: tuple[int, str] | None = None
        self.store.before = lambda _: self._die("before")
        self.store.after = lambda: self._die("after")

    def _die(self, when: str) -> None:
        if self.die == (self.store.commits, when):
            raise Crash

    def page(self, body: Body, cause: str = "evt-1") -> list[Body]:
        """What `page_responders` says to an event."""
        self._hand("page_responders", body, cause)
        return [event.body for event in self.bus.take()]

    def notify(self, request: NotificationRequested, message_id: str = "") -> str:
        """Deliver one notification; how that ended."""
        cause = f"evt-{request.notification_id}"
        return self._hand("deliver_notification", request, cause, message_id)

    def _hand(self, function: str, body: Body, cause: str, message_id: str = "") -> str:
        event = Event(id=cause, source="/test", time=self.clock.now(), body=body)
        delivered = Delivered(to_message(event), message_id or f"m-{cause}")
        return self.deliver(function, delivered).outcome

    def take(self) -> list[Body]:
        """The bodies published since the last time."""
        return [event.body for event in self.bus.take()]

    def notifications(self) -> dict[str, Notification]:
        """Every record, by id."""
        return {found.id: found for found in self.documents(Notification)}


def requests(bodies: Sequence[Body]) -> list[NotificationRequested]:
    """The bodies, all of them requests for a notification."""
    assert all(isinstance(body, NotificationRequested) for body in bodies), bodies
    return list(bodies)


def pairs(bodies: Sequence[Body]) -> set[tuple[str, str]]:
    return {(body.target, body.channel) for body in requests(bodies)}


def by_pair(bodies: Sequence[Body]) -> dict[tuple[str, str], NotificationRequested]:
    return {(body.target, body.channel): body for body in requests(bodies)}
