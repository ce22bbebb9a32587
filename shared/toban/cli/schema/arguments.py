"""The arguments of `toban schema`."""

from __future__ import annotations

from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 92


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``schema``."""
    schema = builder.add(
        to, "schema", "schema", "toban.cli.schema.commands:schema", json=False, project=False
    )
    schema.add_argument(
        "of",
        nargs="?",
        choices=("profile", "team"),
        default="profile",
        metavar="KIND",
        help=builder.say("schema.of"),
    )
