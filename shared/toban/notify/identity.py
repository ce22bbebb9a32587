"""
Names of notifications. They follow from what is said to whom, so that whoever asks for the same
notification again (a repetition, a closing that must find what it closes) names the same one.
"""

from __future__ import annotations

from toban.events import NotificationKind
from toban.kernel.ids import derive

CLOSING: NotificationKind = "resolved"
ACKNOWLEDGEMENT: NotificationKind = "acknowledged"


def is_page(kind: NotificationKind) -> bool:
    """Whether it calls somebody, and is open with them until the incident is closed there."""
    return kind not in (CLOSING, ACKNOWLEDGEMENT)


def notification_id(
    kind: NotificationKind,
    incident: str,
    page: int,
    target: str,
    channel: str,
    instead_of: str = "",
) -> str:
    """
    The name of what one page says to one target by one channel.

    For an acknowledgement or a closing, `page` is the incident's newest page: each turn of an
    incident (opened, reopened) begins with a page, so its number tells the turns apart.
    `instead_of` is the channel first tried for the target when this one is its fallback: two
    channels that fall back to the same one are two notifications.
    """
    what = "page" if is_page(kind) else kind
    return "ntf-" + derive(what, incident, str(page), target, channel, instead_of)
