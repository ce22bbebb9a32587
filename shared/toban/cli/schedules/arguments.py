"""The arguments of `toban schedules`."""

from __future__ import annotations

from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 100


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``schedules``."""
    run = "toban.cli.schedules.commands:schedules"
    schedules = builder.add(to, "schedules", "schedules", run)
    schedules.add_argument("--location", metavar="NAME", help=builder.say("location"))
