"""The arguments of `toban new`."""

from __future__ import annotations

from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 110


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``new function``."""
    group = builder.group(to, "new", "new")
    function = builder.add(
        group, "function", "new.function", "toban.cli.new.commands:function", project=False
    )
    function.add_argument("name", metavar="NAME", help=builder.say("new.name"))
    function.add_argument("--on", metavar="TOPIC", required=True, help=builder.say("new.on"))
    function.add_argument("--domain", metavar="NAME", help=builder.say("new.domain"))
    function.add_argument("--dry-run", action="store_true", help=builder.say("new.dry-run"))
