"""The arguments of `toban outbox`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 65


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``outbox`` with its commands: of a data directory alone."""
    module = "toban.cli.outbox.commands"
    group = builder.group(to, "outbox", "outbox")
    listing = builder.add(group, "list", "outbox.list", f"{module}:list_", project=False)
    builder.service(listing)
    listing.add_argument("--incident", metavar="ID", help=builder.say("outbox.incident"))
    show = builder.add(group, "show", "outbox.show", f"{module}:show", project=False)
    show.add_argument("id", metavar="ID", nargs="?", default="", help=builder.say("outbox.id"))
    show.add_argument("--html", metavar="FILE", type=Path, help=builder.say("outbox.html"))
