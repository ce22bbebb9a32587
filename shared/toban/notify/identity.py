"""
Ids of notifications: derived from what is said to whom, so that the same notification asked for
again (a repetition, a closing that must find what it closes) has the same id.
"""

from __future__ import annotations

from toban.events import NotificationKind
from toban.kernel.ids import derive

CLOSING: NotificationKind = "resolved"
ACKNOWLEDGEMENT: NotificationKind = "acknowledged"
TEST: NotificationKind = "test"
SHIFT: NotificationKind = "shift"
"""A test page, which calls like any other, and what others are told of one that nobody answered yet."""


def is_page(kind: NotificationKind) -> bool:
    """Return whether it calls somebody, and stays open there until the incident is closed."""
    return kind not in (CLOSING, ACKNOWLEDGEMENT, SHIFT)


def notification_id(
    kind: NotificationKind,
    incident: str,
    page: int,
    target: str,
    channel: str,
    instead_of: str = "",
) -> str:
    """
    Return the id of what one page says to one target by one channel.

    For an acknowledgement or a closing, `page` is the incident's newest page: each turn of an
    incident (opened, reopened) begins with a page, so its number tells the turns apart.
    `instead_of` is the channel first tried for the target when this one is its fallback: two
    channels that fall back to the same one are two notifications.
    """
    what = "page" if is_page(kind) else kind
    return "ntf-" + derive(what, incident, str(page), target, channel, instead_of)
