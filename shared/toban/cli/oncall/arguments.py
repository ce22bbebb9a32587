"""The arguments of `toban oncall`."""

from __future__ import annotations

from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 50


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``oncall``."""
    oncall = builder.add(to, "oncall", "oncall", "toban.cli.oncall.commands:oncall")
    builder.service(oncall)
    oncall.add_argument("--at", metavar="TIME", help=builder.say("oncall.at"))
