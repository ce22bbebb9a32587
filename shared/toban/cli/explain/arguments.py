"""The arguments of `toban explain`."""

from __future__ import annotations

from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 55


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``explain``."""
    explain = builder.add(to, "explain", "explain", "toban.cli.explain.commands:explain")
    explain.add_argument(
        "--label",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help=builder.say("explain.label"),
    )
    builder.service(explain)
    for option in ("severity", "rule", "source"):
        explain.add_argument(
            f"--{option}", metavar="WORD", default="", help=builder.say(f"explain.{option}")
        )
    explain.add_argument("--at", metavar="TIME", help=builder.say("explain.at"))
    explain.add_argument(
        "--expect", metavar="TARGET", action="append", help=builder.say("explain.expect")
    )
