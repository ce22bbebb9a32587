"""The arguments of `toban incidents`."""

from __future__ import annotations

from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 40
_MODULE: Final = "toban.cli.incidents.commands"
_STATUSES: Final = ("open", "acknowledged", "resolved")
_ACTIONS: Final = (
    ("ack", "acknowledge"),
    ("resolve", "resolve"),
    ("reopen", "reopen"),
    ("note", "note"),
    ("escalate", "escalate"),
    ("severity", "severity"),
)


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``incidents`` with its commands."""
    group = builder.group(to, "incidents", "incidents")
    listing = builder.add(group, "list", "incidents.list", f"{_MODULE}:list_")
    listing.add_argument("--all", action="store_true", help=builder.say("incidents.all"))
    listing.add_argument("--status", choices=_STATUSES, help=builder.say("status"))
    listing.add_argument("--service", metavar="ID", help=builder.say("incidents.service"))
    listing.add_argument("--environment", metavar="NAME", help=builder.say("environment"))
    show = builder.add(group, "show", "incidents.show", f"{_MODULE}:show")
    show.add_argument("id", metavar="ID", nargs="?", help=builder.say("id.newest"))
    for name, action in _ACTIONS:
        command = builder.add(group, name, f"incidents.{name}", f"{_MODULE}:act")
        command.set_defaults(action=action)
        if name in ("reopen", "severity"):
            command.add_argument("id", metavar="ID", help=builder.say("id"))
        elif name == "note":
            command.add_argument("id", metavar="[ID]", help=builder.say("id.only"))
            command.add_argument("text", metavar="TEXT", nargs="*", help=builder.say("text"))
        else:
            command.add_argument("id", metavar="ID", nargs="?", help=builder.say("id.only"))
        if name == "severity":
            command.add_argument("label", metavar="LABEL", help=builder.say("label"))
        if name in ("resolve", "reopen"):
            command.add_argument("--note", default="", help=builder.say("note"))
        builder.person(command)
