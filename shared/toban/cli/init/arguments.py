"""The arguments of `toban init`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 5


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``init``."""
    init = builder.add(to, "init", "init", "toban.cli.init.commands:init", project=False)
    init.set_defaults(env_file=False)  # it writes it
    init.add_argument(
        "directory",
        metavar="DIR",
        nargs="?",
        type=Path,
        default=Path(),
        help=builder.say("init.directory"),
    )
    init.add_argument("--name", metavar="NAME", help=builder.say("init.name"))
    init.add_argument("--id", metavar="ID", help=builder.say("init.id"))
    init.add_argument("--zone", metavar="ZONE", help=builder.say("init.zone"))
    init.add_argument(
        "--person",
        metavar="PERSON",
        action="append",
        default=[],
        help=builder.say("init.person"),
    )
    init.add_argument("--yes", action="store_true", help=builder.say("init.yes"))
    init.add_argument("--dry-run", action="store_true", help=builder.say("init.dry-run"))
