"""The arguments of `toban services`."""

from __future__ import annotations

from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 97


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``services`` with its commands."""
    module = "toban.cli.services.commands"
    group = builder.group(to, "services", "in-force")
    builder.add(group, "list", "services.list", f"{module}:list_")
    retire = builder.add(group, "retire", "services.retire", f"{module}:retire")
    retire.add_argument("id", metavar="ID", help=builder.say("services.id"))
    retire.add_argument("--dry-run", action="store_true", help=builder.say("services.dry"))
    retire.add_argument("--yes", action="store_true", help=builder.say("services.yes"))
    builder.person(retire)
