"""The arguments of `toban send`."""

from __future__ import annotations

from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 30


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``send``."""
    send = builder.add(
        to, "send", "send", "toban.cli.send.commands:send", json=False, project=False
    )
    send.add_argument("what", metavar="WHAT", help=builder.say("send.what"))
    send.add_argument("--file", metavar="FILE", help=builder.say("send.file"))
    send.add_argument(
        "--set", metavar="PATH=VALUE", action="append", default=[], help=builder.say("send.set")
    )
    send.add_argument("--url", help=builder.say("send.url"))
    send.add_argument("--service", metavar="ID", default="", help=builder.say("send.service"))
    send.add_argument("--show", action="store_true", help=builder.say("send.show"))
