"""The arguments of `toban dead`."""

from __future__ import annotations

from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 120


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``dead`` with its commands."""
    module = "toban.cli.dead.commands"
    group = builder.group(to, "dead", "dead")
    builder.add(group, "list", "list", f"{module}:list_")
    builder.add(group, "redrive", "dead.redrive", f"{module}:redrive")
