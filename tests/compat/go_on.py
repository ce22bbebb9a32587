"""How it goes on."""

from __future__ import annotations

from datetime import UTC, datetime

STOPPED = datetime(2026, 11, 20, 1, 26, tzinfo=UTC)
"""When the process of the release before ended."""
STARTED = datetime(2026, 11, 20, 1, 45, tzinfo=UTC)
"""When the next one begins: by then every timer is overdue."""


def at(hour: int, minute: int) -> datetime:
    """A moment of that day."""
    return datetime(2026, 11, 20, hour, minute, tzinfo=UTC)
