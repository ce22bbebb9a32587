"""
A message on its way to the outside, and what sends it.

Each kind of channel has a message of its own (`toban.channels`), made by the notify domain (which
knows profiles and texts), carried by an adapter (which knows protocols). Settings hold names of
secrets, never their values.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from toban.kernel.handling.effect import Result
from toban.ports import Port


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """What all messages have in common."""

    id: str
    """Name of the notification: the key under which the other side may know it."""
    incident: str
    created_at: datetime
    """When it was first tried."""
    unknown: bool = False
    """An earlier try may have taken effect: settle that before sending."""

    @property
    def destination(self) -> tuple[str, ...] | None:
        """What is called in the end, its breaker's name; None for what always answers."""
        return None


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
