"""The arguments of `toban clock`."""

from __future__ import annotations

from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 15


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``clock show`` and ``clock advance``."""
    clock = builder.group(to, "clock", "clock")
    builder.add(clock, "show", "clock.show", "toban.cli.clock.commands:show")
    advance = builder.add(clock, "advance", "clock.advance", "toban.cli.clock.commands:advance")
    advance.add_argument(
        "how",
        nargs="+",
        metavar="25m | to TIME | until-idle",
        help=builder.say("clock.how"),
    )
