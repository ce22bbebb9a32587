"""
A message to the outside, and the port that sends it.

Each kind of channel has its own message class (`toban.channels`). The notify domain makes it, an
adapter sends it. Settings hold names of secrets, never their values.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Protocol

from toban.kernel.handling.effect import Result
from toban.ports import Port


@dataclass(frozen=True, kw_only=True)
class Rendition:
    """A message as its receiver would see it, for people who look at it on this machine."""

    to: str
    """The recipients, the room, or the address; never a secret."""
    subject: str
    text: str
    html: str = ""
    payload: str = ""
    """The JSON that would be posted; empty where none would."""


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A message to the outside: the fields that every kind of channel has."""

    id: str
    """Name of the notification: the key under which the other side may know it."""
    incident: str
    created_at: datetime
    """When it was first tried."""
    unknown: bool = False
    """An earlier try may have taken effect: settle that before sending."""

    @property
    def destination(self) -> tuple[str, ...] | None:
        """The name of the circuit breaker of the address called; None: it always answers."""
        return None

    def rendition(self) -> Rendition:
        """Return how it would have looked: its fields, for a kind that does not say it better."""
        own = {f.name for f in fields(Outgoing)}
        rows = [f"{f.name}: {getattr(self, f.name)}" for f in fields(self) if f.name not in own]
        return Rendition(to="", subject=self.id, text="\n".join(rows))


class Senders(Protocol):
    """Sends a message of every kind of channel. Thread-safe."""

    def send(self, outgoing: Outgoing) -> Result:
        """
        Make the one outside call, and return its outcome.

        Takes less than 25 seconds, so that the effect's lease (30 s) outlives it.
        """
        ...


SENDERS: Port[Senders] = Port("senders")
PUBLIC_URL: Port[str] = Port("public URL")
"""What functions are reached under (``https://…``, without a function's name); empty: nothing is."""
