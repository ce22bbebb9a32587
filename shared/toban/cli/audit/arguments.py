"""The arguments of `toban audit`."""

from __future__ import annotations

from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 85


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``audit``."""
    audit = builder.add(to, "audit", "audit", "toban.cli.audit.commands:audit")
    audit.add_argument("--subject", metavar="SUBJECT", help=builder.say("audit.subject"))
    audit.add_argument("--actor", metavar="NAME", help=builder.say("audit.actor"))
    audit.add_argument("--since", metavar="TIME", help=builder.say("audit.since"))
