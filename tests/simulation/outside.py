"""
The world outside, simulated: who receives notifications, and what goes wrong on the way.

A webhook's receiver honours our key and takes a notification once; a Slack incoming webhook has
no key and shows whatever arrives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

import msgspec

from toban.channels.console.message import ConsoleLine
from toban.channels.email.message import Mail
from toban.channels.slack.message import SlackMessage
from toban.channels.webhook.message import WebhookCall
from toban.events import NotificationKind
from toban.kernel.handling.effect import Done, Failed, Result
from toban.kernel.outgoing import Outgoing
from toban.notify.identity import is_page

Fate = Literal["ok", "refused", "error", "timeout", "rejected"]


@dataclass(frozen=True)
class Arrival:
    """One message that reached somebody."""

    id: str
    incident: str
    keyed: bool
    marked: bool
    """It says that it may be a repetition."""
    at: datetime
    calls: bool
    """It calls somebody, and is no closing or acknowledgement."""


@dataclass
class Outside:
    """`Senders` of the simulation. `fate` decides what becomes of each call."""

    fate: Callable[[Outgoing], Fate] = lambda _: "ok"
    point: Callable[[str], None] = lambda _: None
    now: Callable[[], datetime] = lambda: datetime.max.replace(tzinfo=UTC)
    leaving: Callable[[Outgoing], None] = lambda _: None
    """Told of each call just before it is made."""
    arrivals: list[Arrival] = field(default_factory=list)
    excused: set[str] = field(default_factory=set)
    """Notifications whose outcome was made unknown: these may arrive twice where no key helps."""
    calls: int = 0
    called: set[str] = field(default_factory=set)
    """Notifications for which a call was made, whatever became of it."""

    def send(self, outgoing: Outgoing) -> Result:
        """One call."""
        self.point("send before")
        self.leaving(outgoing)
        self.calls += 1
        self.called.add(outgoing.id)
        fate = self.fate(outgoing)
        if fate == "refused":
            return Failed("connection refused", retryable=True)
        if fate == "error":
            return Failed("HTTP 500", retryable=True)
        if fate == "rejected":
            return Failed("HTTP 404", retryable=False)
        self._arrive(outgoing)
        if fate == "timeout":
            self.excused.add(outgoing.id)
            return Failed("timed out", retryable=True, unknown=True, timed_out=True)
        self.point("send after")
        return Done(reference=f"ref-{outgoing.id}")

    def _arrive(self, outgoing: Outgoing) -> None:
        keyed = isinstance(outgoing, WebhookCall)
        if keyed and any(arrival.id == outgoing.id for arrival in self.arrivals):
            return
        self.arrivals.append(
            Arrival(
                outgoing.id,
                outgoing.incident,
                keyed,
                marked=outgoing.unknown,
                at=self.now(),
                calls=_calls(outgoing),
            )
        )

    def received(self) -> dict[str, int]:
        """How often each notification arrived."""
        counts: dict[str, int] = {}
        for arrival in self.arrivals:
            counts[arrival.id] = counts.get(arrival.id, 0) + 1
        return counts


def _calls_by(kind: NotificationKind) -> bool:
    """A reminder is for whoever has taken it, and says nothing new."""
    return is_page(kind) and kind != "reminded"


def _calls(outgoing: Outgoing) -> bool:
    """Whether its reader is called, as far as they can tell from it."""
    if isinstance(outgoing, WebhookCall):
        return _calls_by(msgspec.json.decode(outgoing.body)["kind"])
    if isinstance(outgoing, ConsoleLine):
        return _calls_by(outgoing.fields["kind"])
    if isinstance(outgoing, SlackMessage):
        return not outgoing.update
    assert isinstance(outgoing, Mail)
    return True
