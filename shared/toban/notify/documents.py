"""The document of the notify domain: one record for each notification."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Literal

from toban.events import NotificationKind, NotificationRequested
from toban.kernel.document import Keep
from toban.kernel.environment import PRODUCTION
from toban.kernel.handling.effect import EffectDocument
from toban.notify.identity import is_page
from toban.ports import Key

INCIDENTS = "incidents"
"""Collection of the incidents domain."""

Status = Literal["sending", "waiting", "sent", "outbox", "failed", "void"]


class Notification(EffectDocument, kw_only=True):
    """
    One message to one target by one channel, and what became of it.

    State ``void``: it was never sent and never will be, because its incident was closed first
    (with `unknown`: it may have been sent, and was closed with the others).
    """

    COLLECTION: ClassVar[str] = "notifications"
    KEEP = Keep.days(
        90,
        "after they were sent, and while their incident is open: who was told; they hold addresses",
        "送ってから。インシデントが未解決のあいだも残る。誰に知らせたか。宛先が入っている",
    )

    incident: str
    service: str
    target: str
    target_name: str
    channel: str
    kind: NotificationKind
    page: int
    address: str = ""
    """Recipients or member mentioned; never a secret."""
    severity_label: str = ""
    environment: str = PRODUCTION
    created_at: datetime
    """When it was first claimed."""
    sent_at: datetime | None = None
    reference: str = ""
    """The other side's name for the message (Slack: ``channel/ts``), if it gives one."""
    outbox: bool = False
    """It was kept in the outbox of this machine instead: nobody was told."""
    logged: bool = False
    """It is a line on the log alone: whoever it is for does not read that."""
    followed_by: str = ""
    """The acknowledgement by which its receiver was told who has it."""
    thread: str = ""
    """Reference of the first message of this incident to the same target by the same channel."""

    def holders(self) -> Sequence[Key]:
        """Return its incident: a closing reads what was sent of an opening."""
        return (Key(INCIDENTS, self.incident),)

    @property
    def status(self) -> Status:
        """Return the state in words for people; ``outbox``: kept on this machine, nobody was told."""
        if self.state == "done" and self.outbox:
            return "outbox"
        words: dict[str, Status] = {"claimed": "sending", "done": "sent"}
        return words.get(self.state) or self.state  # type: ignore[return-value]

    @property
    def is_page(self) -> bool:
        """Return whether it calls somebody, and stays open there until the incident is closed."""
        return is_page(self.kind)

    def is_under_way(self, now: datetime) -> bool:
        """Return whether somebody is sending it: not after the end of its lease."""
        return self.state == "claimed" and self.lease_until > now

    @property
    def maybe_sent(self) -> bool:
        """Return whether the receiver has it, or may have it."""
        return self.state == "done" or self.unknown


def record_of(request: NotificationRequested, now: datetime) -> Notification:
    """Return the record of a request that is about to be sent."""
    return Notification(
        id=request.notification_id,
        incident=request.incident.id,
        service=request.incident.service,
        target=request.target,
        target_name=request.target_name,
        channel=request.channel,
        kind=request.kind,
        page=request.page,
        address=request.address,
        severity_label=request.incident.severity_label,
        environment=request.incident.environment,
        lease_until=now,
        created_at=now,
    )


def tombstone(id: str, closing: NotificationRequested, now: datetime) -> Notification:
    """Return a record that prevents the sending of a notification, because its incident is over."""
    return Notification(
        id=id,
        state="void",
        fence=0,
        attempts=0,
        incident=closing.incident.id,
        service=closing.incident.service,
        target=closing.target,
        target_name=closing.target_name,
        channel=closing.channel,
        kind=closing.kind,
        page=closing.page,
        severity_label=closing.incident.severity_label,
        environment=closing.incident.environment,
        lease_until=now,
        created_at=now,
    )
