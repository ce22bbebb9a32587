"""The arguments of `toban plan` and `toban apply`."""

from __future__ import annotations

from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 95


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``plan`` and ``apply``."""
    module = "toban.cli.profiles.commands"
    plan = builder.add(to, "plan", "plan", f"{module}:apply", project=False)
    plan.set_defaults(dry_run=True)
    plan.add_argument("--exit-code", action="store_true", help=builder.say("plan.exit-code"))
    apply = builder.add(to, "apply", "apply", f"{module}:apply", project=False)
    apply.add_argument("--dry-run", action="store_true", help=builder.say("apply.dry"))
    apply.add_argument("--yes", action="store_true", help=builder.say("apply.yes"))
    for command in (plan, apply):
        command.add_argument("--project", metavar="ID", help=builder.say("apply.project"))
        command.add_argument("--location", metavar="NAME", help=builder.say("location"))
