"""
Notifications as people and scripts see them: beside their incident, and in a list of their own.

The keys of `notification_view` are relied upon by scripts: they may grow, never change.
"""

from __future__ import annotations

from typing import Any

from toban.cli.kit.reader import StoreReader, shown_time
from toban.kernel.environment import PRODUCTION
from toban.notify.documents import Notification
from toban.ports import Operator, Value


def notifications(
    reader: StoreReader, incident: str | None = None, *, everything: bool = False
) -> list[Notification]:
    """Notifications, oldest first; with `everything` also what was never tried."""
    where: list[tuple[str, Operator, Value]] = []
    if incident is not None:
        where.append(("incident", "==", incident))
    return sorted(
        (n for n in reader.find(Notification, *where) if everything or not never_tried(n)),
        key=lambda n: (n.sent_at or n.created_at, n.id),
    )


def never_tried(notification: Notification) -> bool:
    """
    Return whether it only marks that this must not be sent any more.

    Closing an incident leaves such a record for everything that might still have been asked for
    (every fallback of every channel), so they are no news.
    """
    return notification.state == "void" and notification.attempts == 0


def status_word(notification: Notification) -> str:
    """sending, waiting, sent, outbox, failed or withdrawn."""
    return "withdrawn" if notification.status == "void" else notification.status


def in_environment(name: str, environment: str) -> str:
    """Return what a list says of something: its name, and its environment unless that is production."""
    return name if environment == PRODUCTION else f"{name} [{environment}]"


def notification_view(notification: Notification) -> dict[str, Any]:
    """Return one notification, for scripts."""
    return {
        "id": notification.id,
        "incident": notification.incident,
        "target": notification.target,
        "channel": notification.channel,
        "environment": notification.environment,
        "status": status_word(notification),
        "attempts": notification.attempts,
        "sent_at": shown_time(notification.sent_at),
        "kind": notification.kind,
        "target_name": notification.target_name,
        "address": notification.address,
        "page": notification.page,
        "created_at": shown_time(notification.created_at),
        "error": notification.error,
    }
