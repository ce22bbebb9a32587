"""The arguments of `toban parked`."""

from __future__ import annotations

from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 110


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``parked`` with its commands."""
    module = "toban.cli.parked.commands"
    group = builder.group(to, "parked", "parked")
    builder.add(group, "list", "list", f"{module}:list_")
    show = builder.add(group, "show", "show", f"{module}:show")
    show.add_argument("id", metavar="ID", help=builder.say("parked.id"))
