"""The arguments of `toban check`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 90


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``check``."""
    check = builder.add(to, "check", "check", "toban.cli.check.commands:check", project=False)
    check.add_argument(
        "files", metavar="FILE", nargs="*", type=Path, help=builder.say("check.files")
    )
    check.add_argument("--store", action="store_true", help=builder.say("check.store"))
    check.add_argument("--project", metavar="ID", help=builder.say("in-project"))
