"""
Times that only a wrong clock can have written.

A clock that is ahead for a minute writes leases, timers and dates which then lie in the future for as
long as it was ahead. None of them may hold anything up once it is right again: whoever compares a
stored time with the present asks here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

TOLERANCE: Final = timedelta(minutes=5)
"""How far two clocks that are right may differ, with a good margin (real ones: milliseconds)."""


def is_future(at: datetime | None, now: datetime, tolerance: timedelta = TOLERANCE) -> bool:
    """Whether a time that should have passed lies ahead: the clock that wrote it was wrong."""
    return at is not None and at - now > tolerance


def not_ahead(
    at: datetime | None, now: datetime, tolerance: timedelta = TOLERANCE
) -> datetime | None:
    """The time, or None where a wrong clock wrote it: nobody knows then when it was."""
    return None if is_future(at, now, tolerance) else at


def holds(until: datetime | None, length: timedelta, now: datetime) -> bool:
    """
    Whether a lease of that length still holds.

    One that ends further ahead than its length was written by a clock that was ahead, and does not.
    """
    return until is not None and now < until and not is_future(until - length, now)
