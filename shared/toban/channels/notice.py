"""The content of a notification, before a kind of channel gives it a form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from toban.events import Link, NotificationRequested
from toban.texts import Language


@dataclass(frozen=True, kw_only=True)
class Notice:
    """
    The content of a notification, in the language of its reader.

    Everything that came from outside is text: a kind escapes it for where it shows it, and
    never reads it as a template.
    """

    language: Language
    subject: str
    """One line, with who and how bad."""
    headline: str
    """One line."""
    title: str
    """The incident's."""
    kind: str
    """What happened, in words."""
    severity: str
    """The service's label; ``[staging] P1`` where the environment is not production."""
    service: str
    color: str
    """``#rrggbb``, by severity or state; 3:1 or more against white."""
    number: str
    """What tells this notification from a second copy: ``inc-…·2``."""
    repetition: str
    """The sentence for a copy that may be a second one."""
    rows: Sequence[tuple[str, str]]
    """Labelled facts."""
    summary: str
    notes: Sequence[str]
    hint: str
    """What happens, or is expected, next."""
    labels: Sequence[str]
    links: Sequence[Link]
    """Addresses are safe to be followed."""
    actions: Sequence[Link]
    """The signed one-click links to offer."""
    footer: str
    calls: bool
    """It calls somebody (and is open with them until the incident is closed there)."""
    urgent: bool
    """It calls people for the worst severity."""


@dataclass(frozen=True, kw_only=True)
class PreparedNotification:
    """A notification that is ready to be sent: its record, its request and its content."""

    id: str
    incident: str
    created_at: datetime
    unknown: bool
    """An earlier try may have taken effect."""
    address: str
    """Where within the channel (`Channel.reaches`, `Channel.room`)."""
    thread: str
    """Reference of the incident's first message to the same target, where that is updated."""
    request: NotificationRequested
    notice: Notice
