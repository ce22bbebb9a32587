"""The arguments of `toban trace`."""

from __future__ import annotations

from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 80


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``trace``."""
    trace = builder.add(to, "trace", "trace", "toban.cli.trace.commands:trace")
    trace.add_argument("id", metavar="ID", help=builder.say("trace.id"))
