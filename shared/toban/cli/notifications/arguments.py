"""The arguments of `toban notifications`."""

from __future__ import annotations

from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 60


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``notifications`` with its command."""
    group = builder.group(to, "notifications", "notifications")
    module = "toban.cli.notifications.commands"
    listing = builder.add(group, "list", "notifications", f"{module}:list_")
    listing.add_argument("--incident", metavar="ID", help=builder.say("notifications.incident"))
    listing.add_argument("--all", action="store_true", help=builder.say("notifications.all"))
