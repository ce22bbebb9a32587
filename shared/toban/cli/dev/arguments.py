"""The arguments of `toban dev`."""

from __future__ import annotations

from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 10


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``dev``."""
    dev = builder.add(to, "dev", "dev", "toban.cli.dev.commands:dev", json=False, project=False)
    dev.add_argument("--port", type=int, default=8080, help=builder.say("dev.port"))
    dev.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help=builder.say("dev.host"))
    dev.add_argument("--emulators", action="store_true", help=builder.say("dev.emulators"))
    dev.add_argument("--quiet", action="store_true", help=builder.say("dev.quiet"))
    dev.add_argument(
        "--clock", choices=("real", "virtual"), default="real", help=builder.say("dev.clock")
    )
    dev.add_argument("--at", metavar="TIME", help=builder.say("dev.at"))
