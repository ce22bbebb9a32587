"""
A message to the outside, and the port that sends it.

Each kind of channel has its own message class (`toban.channels`). The notify domain makes it, an
adapter sends it. Settings hold names of secrets, never their values.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from toban.kernel.handling.effect import Result
from toban.ports import Port


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
