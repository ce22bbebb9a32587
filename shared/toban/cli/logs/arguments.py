"""The arguments of `toban logs`."""

from __future__ import annotations

from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 82
LEVELS: Final = ("debug", "info", "warning", "error", "critical")


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``logs``."""
    logs = builder.add(to, "logs", "logs", "toban.cli.logs.commands:logs", json=False)
    logs.add_argument("id", nargs="?", metavar="ID", help=builder.say("logs.id"))
    builder.service(logs)
    logs.add_argument("--function", metavar="NAME", help=builder.say("logs.function"))
    logs.add_argument("--level", choices=LEVELS, help=builder.say("logs.level"))
    logs.add_argument("--since", metavar="TIME", help=builder.say("logs.since"))
    logs.add_argument("--lines", "-n", type=int, metavar="N", help=builder.say("logs.lines"))
    logs.add_argument("--follow", "-f", action="store_true", help=builder.say("logs.follow"))
    logs.add_argument("--json", action="store_true", help=builder.say("logs.json"))
