"""
Where notifications go, and how a destination that does not answer delays no others.

A *lane* is one channel of one service: the embedded runtime delivers only so many messages of a
lane at a time. A *destination* is what a channel calls in the end: one webhook, one Slack token,
the mail relay. Once it has not answered for too long, its breaker opens and nobody waits for it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from toban.kernel import log
from toban.kernel.prepared import from_json
from toban.ports import Message

TIMEOUTS = 3
"""So many calls in a row without an answer open a breaker."""
WINDOW = timedelta(minutes=5)
"""Silence counts as in a row when the call before it was no longer ago."""
PROBE_EVERY = timedelta(seconds=30)
"""While a breaker is open, one call is let through so often."""


class _Incident(msgspec.Struct):
    service: str


class _Request(msgspec.Struct):
    incident: _Incident
    channel: str


def lane_of(message: Message) -> str:
    """Return the lane of a `NotificationRequested`; empty for any other message."""
    try:
        request = from_json(message.data, _Request)
    except msgspec.DecodeError:
        return ""
    return f"{request.incident.service}/{request.channel}"


@dataclass
class _Breaker:
    silent: int = 0
    """Calls in a row that got no answer."""
    called_at: datetime | None = None
    """When the last of those, or a probe, began."""

    @property
    def is_open(self) -> bool:
        return self.silent >= TIMEOUTS

    def is_recent(self, now: datetime, within: timedelta) -> bool:
        # A clock that was ahead and has been put right must not keep a breaker open.
        return self.called_at is not None and timedelta(0) <= now - self.called_at < within


class Breakers:
    """
    One circuit breaker for each destination, in this process only. Thread-safe.

    Closed: calls are made. Open, after `TIMEOUTS` calls in a row got no answer: calls are
    refused at once, except for a probe every `PROBE_EVERY`. Any answer closes it, a refusal
    too. It only saves time: whether a notification is sent, and how often, is decided by its
    record.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._breakers: dict[tuple[str, ...], _Breaker] = {}

    def admits(self, where: tuple[str, ...] | None, now: datetime) -> bool:
        """Return whether to call; the one call that it allows while open is the probe."""
        if where is None:
            return True
        with self._lock:
            breaker = self._breakers.get(where)
            if breaker is None or not breaker.is_open:
                return True
            if breaker.is_recent(now, PROBE_EVERY):
                return False
            breaker.called_at = now
            return True

    def note(
        self, where: tuple[str, ...] | None, now: datetime, *, answered: bool, channel: str
    ) -> None:
        """Record the outcome of a call that began at `now`; `channel` names it in the log."""
        if where is None:
            return
        with self._lock:
            if answered:
                closed = self._breakers.pop(where, None)
                changed = closed is not None and closed.is_open
            else:
                breaker = self._breakers.setdefault(where, _Breaker())
                was_open = breaker.is_open
                in_a_row = was_open or breaker.is_recent(now, WINDOW)
                breaker.silent = breaker.silent + 1 if in_a_row else 1
                breaker.called_at = now
                changed = breaker.is_open and not was_open
        if changed and answered:
            log.info("breaker closed: the destination answers again", channel=channel)
        elif changed:
            log.warning(
                "breaker open: the destination does not answer, its pages go to the fallback at once",
                channel=channel,
                calls=TIMEOUTS,
            )
