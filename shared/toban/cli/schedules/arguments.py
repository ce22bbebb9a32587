"""The arguments of `toban schedules`."""

from __future__ import annotations

from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 100


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``schedules``."""
    builder.add(to, "schedules", "schedules", "toban.cli.schedules.commands:schedules")
