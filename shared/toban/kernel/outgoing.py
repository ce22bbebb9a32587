"""
A message on its way to the outside, for one kind of channel each, and what sends it.

Made by the notify domain (which knows profiles and texts), carried by an adapter (which knows
protocols). Settings hold names of secrets, never their values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from toban.kernel.handling.effect import Result
from toban.ports import Port


@dataclass(frozen=True, kw_only=True)
class _Message:
    """What all have in common."""

    id: str
    """Name of the notification: the key under which the other side may know it."""
    incident: str
    created_at: datetime
    """When it was first tried."""
    unknown: bool = False
    """An earlier try may have taken effect: settle that before sending."""


@dataclass(frozen=True, kw_only=True)
class SlackMessage(_Message):
    """A Slack message, by incoming webhook or by bot token."""

    webhook_secret: str = ""
    token_secret: str = ""
    channel: str = ""
    text: str
    """For push notifications and screen readers; escaped."""
    blocks: list[Mapping[str, Any]]
    details: list[Mapping[str, Any]] = field(default_factory=list)
    """Blocks beside a bar of `color`."""
    color: str = ""
    repetition: Mapping[str, Any] | None = None
    """Block to show when it cannot be ruled out that the message is there already."""
    thread: str = ""
    """Reference (``channel/ts``) of the first message of the incident to the same target."""
    update: bool = False
    """Change that first message instead of answering it."""


@dataclass(frozen=True, kw_only=True)
class Mail(_Message):
    """An email."""

    to: tuple[str, ...]
    sender: str = ""
    subject: str
    text: str
    html: str
    language: str = "ja"
    urgent: bool = False


@dataclass(frozen=True, kw_only=True)
class WebhookCall(_Message):
    """A signed JSON POST."""

    url: str = ""
    url_secret: str = ""
    signing_secret: str = ""
    body: bytes


@dataclass(frozen=True, kw_only=True)
class ConsoleLine(_Message):
    """A line on the log."""

    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    repetition: str = ""


Outgoing: TypeAlias = SlackMessage | Mail | WebhookCall | ConsoleLine


class Senders(Protocol):
    """Every kind of channel. Thread-safe."""

    def send(self, outgoing: Outgoing) -> Result:
        """
        Make the one outside call, and say what came of it.

        Takes less than 25 seconds, so that the effect's lease (30 s) outlives it.
        """
        ...


SENDERS: Port[Senders] = Port("senders")
PUBLIC_URL: Port[str] = Port("public URL")
"""What functions are reached under (``https://…``, without a function's name); empty: nothing is."""
