"""How long the other side asks to be left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

NONE = timedelta(0)


def retry_after(header: str, now: datetime | None = None) -> timedelta:
    """
    Return what ``Retry-After`` asks for (RFC 9110 §10.2.3): seconds, or a time after `now`.

    Zero for what is neither, lies in the past, or is a time while `now` is not given.
    """
    said = header.strip()
    if said.isascii() and said.isdigit():
        return timedelta(seconds=min(int(said[:9]), 86_400))
    if now is None or not said:
        return NONE
    try:
        at = parsedate_to_datetime(said)
    except ValueError:
        return NONE
    return max(NONE, (at if at.tzinfo else at.replace(tzinfo=UTC)) - now)
