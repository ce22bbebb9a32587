"""
Stored times that only a wrong clock can have written.

A clock that is ahead for a minute writes leases, timers and dates that lie in the future for as
long as it was ahead. Once it is right again they must not delay anything: code that compares a
stored time with the present uses these functions.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

TOLERANCE: Final = timedelta(minutes=5)
"""How far two clocks that are right may differ, with a good margin (real ones: milliseconds)."""


def is_future(at: datetime | None, now: datetime, tolerance: timedelta = TOLERANCE) -> bool:
    """Return whether a time that should have passed lies ahead: a wrong clock wrote it."""
    return at is not None and at - now > tolerance


def not_ahead(
    at: datetime | None, now: datetime, tolerance: timedelta = TOLERANCE
) -> datetime | None:
    """Return the time, or None where a wrong clock wrote it and the true time is unknown."""
    return None if is_future(at, now, tolerance) else at


def holds(until: datetime | None, length: timedelta, now: datetime) -> bool:
    """
    Return whether a lease of that length is still valid.

    One that ends further ahead than its length was written by a clock that was ahead, and is
    not.
    """
    return until is not None and now < until and not is_future(until - length, now)
