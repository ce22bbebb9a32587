"""The arguments of `toban test-page`."""

from __future__ import annotations

from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 66


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``test-page``."""
    module = "toban.cli.testpage.commands"
    made = builder.add(to, "test-page", "test-page", f"{module}:test_page")
    made.add_argument("person", metavar="PERSON", nargs="?", help=builder.say("test-page.person"))
    made.add_argument("--list", action="store_true", help=builder.say("test-page.list"))
    builder.service(made)
    builder.person(made)
